"""How values travel that the daemon does not understand: pickles, and opaque bytes."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any


@dataclass(frozen=True)
class Opaque:
    """Hold encoded data of a codec that this package does not decode.

    One that is stored goes to the daemon as it is; programs in other languages can read it.
    """

    codec: str
    data: bytes


class _KeyPickler(pickle.Pickler):
    """Pickle equal keys to equal bytes, as the daemon compares only those.

    The memo is off, as it depends on which parts happen to be one object; frozen sets are sorted.
    """

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 4)
        self.fast = True

    def reducer_override(self, value: Any) -> Any:
        if type(value) is frozenset:
            return frozenset, (sorted(value, key=pickle_key),)
        return NotImplemented


def pickle_value(value: object) -> bytes:
    """Pickle as multiprocessing does."""
    return bytes(ForkingPickler.dumps(value))


def pickle_key(value: object) -> bytes:
    """Pickle so that equal keys give equal bytes, as far as that can be."""
    buffer = io.BytesIO()
    try:
        _KeyPickler(buffer).dump(value)
    except (RecursionError, ValueError):  # It holds itself; the memo is needed.
        return pickle_value(value)
    return buffer.getvalue()


def unpickle(data: bytes) -> Any:
    """Decode a pickle; only called where the user allowed it."""
    return pickle.loads(data)
