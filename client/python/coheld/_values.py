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


class _SortedSet:
    """Stand for a frozen set, and pickle it in a fixed order."""

    def __init__(self, items: frozenset[Any]) -> None:
        self.items = sorted(map(_canonical, items), key=_dump_key)

    def __reduce__(self) -> tuple[Any, ...]:
        return frozenset, (self.items,)


def _canonical(key: Any) -> Any:
    if type(key) is frozenset:
        return _SortedSet(key)
    if type(key) is tuple:
        return tuple(map(_canonical, key))
    return key


def _dump_key(key: object) -> bytes:
    # Without the memo, which depends on which parts happen to be one object.
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, 4)
    pickler.fast = True
    pickler.dump(key)
    return buffer.getvalue()


def pickle_value(value: object) -> bytes:
    """Pickle as multiprocessing does."""
    return bytes(ForkingPickler.dumps(value))


def pickle_key(value: object) -> bytes:
    """Pickle so that equal keys give equal bytes, as far as that can be."""
    try:
        return _dump_key(_canonical(value))
    except (RecursionError, ValueError):  # It holds itself; the memo is needed.
        return pickle_value(value)


def unpickle(data: bytes) -> Any:
    """Decode a pickle; only called where the user allowed it."""
    return pickle.loads(data)
