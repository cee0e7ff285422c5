"""The codecs: how values travel that the daemon does not understand.

A client has one codec or none. Data of codecs that a client does not decode come as `Opaque`.
"""

from __future__ import annotations

import importlib
import io
import json
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any

from coheld._core import Client
from coheld._errors import UnsupportedValue

PICKLE = "pickle"
# Those that other packages bring; their data are pickles, which run code when decoded.
_PICKLING_PACKAGES = ("cloudpickle", "dill")
KNOWN = (PICKLE, *_PICKLING_PACKAGES, "json")


@dataclass(frozen=True)
class Opaque:
    """Hold encoded data of a codec that this client does not decode.

    One that is stored goes to the daemon as it is; programs in other languages can read it.
    """

    codec: str
    data: bytes


def checked(codec: str | None) -> str:
    """Return a codec's name if it can be used here; None is "", which is none."""
    if not codec:
        return ""
    if codec not in KNOWN:
        raise ValueError(f"codec {codec!r} is none of {', '.join(KNOWN)}")
    if codec in _PICKLING_PACKAGES:
        importlib.import_module(codec)
    return codec


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


class _Enclosed(threading.local):
    client: Any = None
    proxies: list[Any] = []  # noqa: RUF012


# The proxies that go into what this thread is encoding for a client, and need not be lent.
_enclosed = _Enclosed()


def enclose(proxy: Any) -> bool:
    """Say whether a proxy is being encoded for its own daemon, which is told of it then."""
    if _enclosed.client is not proxy._client:
        return False
    _enclosed.proxies.append(proxy)
    return True


def encode_for(client: Client, value: object) -> tuple[bytes, list[Any]]:
    """Encode an object that has no form of its own; return it with the proxies that are in it."""
    return _encode_enclosing(client, encode_value, value)


def encode_key_for(client: Client, key: object) -> tuple[bytes, list[Any]]:
    """Encode so that equal keys give equal bytes, as far as that can be."""
    return _encode_enclosing(client, encode_key, key)


def _encode_enclosing(
    client: Client, encode: Callable[[str, object], bytes], value: object
) -> tuple[bytes, list[Any]]:
    before = _enclosed.client, _enclosed.proxies
    _enclosed.client, _enclosed.proxies = client, []
    try:
        return encode(client.codec, value), _enclosed.proxies
    finally:
        _enclosed.client, _enclosed.proxies = before


def encode_value(codec: str, value: object) -> bytes:
    """Encode an object that has no form of its own."""
    if codec == PICKLE:  # As multiprocessing does.
        return bytes(ForkingPickler.dumps(value))
    if codec == "json":
        return _json(value)
    data: bytes = importlib.import_module(codec).dumps(value)
    return data


def encode_key(codec: str, key: object) -> bytes:
    """Encode so that equal keys give equal bytes, as far as that can be."""
    if codec == PICKLE:
        try:
            return _dump_key(_canonical(key))
        except (RecursionError, ValueError):  # It holds itself; the memo is needed.
            pass
    return encode_value(codec, key)


def decode(codec: str, data: bytes) -> Any:
    """Decode what a client with this codec may decode."""
    if codec == "json":
        return json.loads(data)
    return pickle.loads(data) if codec == PICKLE else importlib.import_module(codec).loads(data)


def decode_key(key: Any, codec: str) -> Any:
    """Decode a key that came undecoded, and the items of a tuple."""
    if type(key) is tuple:
        return tuple(decode_key(item, codec) for item in key)
    if type(key) is Opaque and (key.codec == codec or key.codec == PICKLE != codec != "json"):
        return decode(key.codec, key.data)
    return key


def bytes_decide(key: object) -> bool:
    """Say whether an opaque key equals only what has the same bytes: objects without an __eq__."""
    return type(key).__eq__ is object.__eq__


def _json(value: object) -> bytes:
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise UnsupportedValue(f"JSON cannot carry this value: {error}") from error
    if json.loads(text) != value:
        raise UnsupportedValue(f"JSON would make another value of this {type(value).__qualname__}")
    return text.encode()
