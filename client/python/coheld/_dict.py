"""The shared dict."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from coheld import _core
from coheld._base import LATER_PAGES, DataProxy, halves
from coheld._codecs import bytes_decide, decode_key
from coheld._core import ABSENT
from coheld._errors import KeyNotFound, NotComparable, TooLarge, VersionMismatch
from coheld._stdlib import managers

_len = _core.method("Dict.Len", "length")
_get = _core.method("Dict.Get", "value")
_get_many = _core.method("Dict.GetMany", "values")
_set = _core.method("Dict.Set")
_set_many = _core.method("Dict.SetMany")
_set_default = _core.method("Dict.SetDefault", "value")
_delete = _core.method("Dict.Delete")
_pop = _core.method("Dict.Pop", "value")
_pop_item = _core.method("Dict.PopItem", "entry")
_contains = _core.method("Dict.Contains", "contains")
_keys = _core.method("Dict.Keys", "keys")
_raw_keys = _core.method("Dict.Keys", "keys", "version", raw=True)
_raw_scan = _core.method(
    "Dict.Scan", "entries", "next", "done", "length", "size_changed", "version", raw=True
)
_values = _core.method("Dict.Values", "values")
_items = _core.method("Dict.Items", "entries")
_clear = _core.method("Dict.Clear")
_increment = _core.method("Dict.Increment", "value")
_increment_many = _core.method("Dict.IncrementMany")
_compare_and_set = _core.method("Dict.CompareAndSet", "swapped")
_scan = _core.method("Dict.Scan", "entries", "next", "done", "length", "size_changed", "version")

#: Stands for "the key is not there" in compare_and_set().
MISSING = ABSENT


class DictProxy(DataProxy, managers.DictProxy):  # type: ignore[misc]
    """Stand for a dict in the daemon; every method is one atomic op.

    Iteration reads pages of keys ahead, and raises RuntimeError when the size changed meanwhile.
    Keys that only this process can compare (pickled ones) are looked up here, among all keys, and
    used only if the dict did not change meanwhile; else the op starts over.
    """

    _type_word = "dict"
    _exposed_ = (
        "__contains__", "__delitem__", "__getitem__", "__iter__", "__len__", "__setitem__", "clear",
        "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
        "fromkeys", "__or__", "__ror__", "__ior__", "__reversed__",
    )  # fmt: skip

    def __len__(self) -> int:
        length: int = _len(self._client, self._name)
        return length

    def __getitem__(self, key: Any) -> Any:
        value = self._get(key)
        if value is ABSENT:
            raise KeyError(key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        client = self._client
        try:
            _set(client, self._name, key, value, client.refuse_opaque)
        except NotComparable:
            self._on_held_key(_set, key, value)
        self._mark_changed()

    def __delitem__(self, key: Any) -> None:
        try:
            _delete(self._client, self._name, key, self._client.refuse_opaque)
        except KeyNotFound:
            raise KeyError(key) from None
        except NotComparable:
            try:
                self._on_held_key(_delete, key)
            except KeyNotFound:
                raise KeyError(key) from None
        self._mark_changed()

    def __contains__(self, key: Any) -> bool:
        client = self._client
        try:
            found: bool = _contains(client, self._name, key, client.refuse_opaque)
        except NotComparable:
            found = _contains(client, self._name, self._held_keys([key])[0][0])
        return found

    def __iter__(self) -> Iterator[Any]:
        self._client.watched.setdefault(self._name, 0)
        seen = self._client.watched[self._name]
        page = _scan(self._client, self._name, 0, 0, True)
        return self._iterate(page, seen)

    def _iterate(self, page: Any, seen: int | None) -> Iterator[Any]:
        client, name, watched = self._client, self._name, self._client.watched
        entries, following, done, length, _, _ = page
        while True:
            ahead = None
            for half in halves(entries):
                for key, _ in half:
                    if watched.get(name) != seen:
                        seen = self._check_size(length)
                    yield key
                if ahead is None and not done:
                    further = LATER_PAGES, True, length
                    ahead = _core.begin(_scan, client, name, following, *further)
            if watched.get(name) != seen:
                seen = self._check_size(length)
            if ahead is None:
                return
            entries, following, done, _, changed, _ = ahead.result()
            if changed:
                raise RuntimeError("dictionary changed size during iteration")

    def _check_size(self, length: int) -> int | None:
        # This process changed the dict under an iterator of its own.
        seen = self._client.watched.get(self._name)
        if len(self) != length:
            raise RuntimeError("dictionary changed size during iteration")
        return seen

    def __reversed__(self) -> Iterator[Any]:
        keys = self.keys()
        keys.reverse()
        return iter(keys)

    def __or__(self, other: Any) -> dict[Any, Any]:
        return {**self._getvalue(), **other} if _is_mapping(other) else NotImplemented

    def __ror__(self, other: Any) -> dict[Any, Any]:
        return {**other, **self._getvalue()} if _is_mapping(other) else NotImplemented

    def __ior__(self, other: Any) -> DictProxy:
        self.update(other)
        return self

    def get(self, key: Any, default: Any = None, /) -> Any:
        """Return the key's value, or the default."""
        value = self._get(key)
        return default if value is ABSENT else value

    def get_many(self, keys: Iterable[Any], default: Any = None) -> list[Any]:
        """Return the values of many keys as one op, the default where a key is missing."""
        client, wanted = self._client, list(keys)
        try:
            values = _get_many(client, self._name, wanted, client.refuse_opaque)
        except NotComparable:
            values = _get_many(client, self._name, self._held_keys(wanted)[0])
        return [default if value is ABSENT else value for value in values]

    def setdefault(self, key: Any, default: Any = None, /) -> Any:
        """Return the key's value, storing the default first if there is none."""
        client = self._client
        try:
            value = _set_default(client, self._name, key, default, client.refuse_opaque)
        except NotComparable:
            value = self._on_held_key(_set_default, key, default)
        self._mark_changed()
        return value

    def pop(self, key: Any, default: Any = ABSENT, /) -> Any:
        """Remove a key and return its value, or the default."""
        try:
            value = _pop(self._client, self._name, key, self._client.refuse_opaque)
        except NotComparable:
            value = self._on_held_key(_pop, key)
        self._mark_changed()
        if value is not ABSENT:
            return value
        if default is ABSENT:
            raise KeyError(key)
        return default

    def popitem(self) -> tuple[Any, Any]:
        """Remove and return the entry that was inserted last."""
        entry: Any = _pop_item(self._client, self._name)
        self._mark_changed()
        if entry is ABSENT:
            raise KeyError("popitem(): dictionary is empty")
        key, value = entry
        return key, value

    def update(self, other: Any = (), /, **kwds: Any) -> None:
        """Store many entries as one op."""
        if isinstance(other, DictProxy):
            other = other.items()
        self._store_all(_set_many, dict(other, **kwds))
        self._mark_changed()

    def clear(self) -> None:
        """Remove all entries."""
        _clear(self._client, self._name)
        self._mark_changed()

    def copy(self) -> dict[Any, Any]:
        """Return a plain dict with the same entries."""
        return self._getvalue()

    def keys(self) -> list[Any]:
        """Return all keys, in the order of insertion."""
        try:
            keys: list[Any] = _keys(self._client, self._name)
            return keys
        except TooLarge:
            return [key for key, _ in self._read_pages()]

    def values(self) -> list[Any]:
        """Return all values, in the order of insertion."""
        try:
            values: list[Any] = _values(self._client, self._name)
            return values
        except TooLarge:
            return [value for _, value in self._read_pages()]

    def items(self) -> list[tuple[Any, Any]]:
        """Return all entries, in the order of insertion."""
        try:
            items: list[tuple[Any, Any]] = _items(self._client, self._name)
            return items
        except TooLarge:
            return self._read_pages()

    @staticmethod
    def fromkeys(keys: Iterable[Any], value: Any = None, /) -> dict[Any, Any]:
        """Return a plain dict with these keys, as dict.fromkeys()."""
        return dict.fromkeys(keys, value)

    def increment(self, key: Any, amount: float = 1, initial: float = 0) -> Any:
        """Add to the key's number, a missing one counting as `initial`; return the sum."""
        client = self._client
        try:
            value = _increment(client, self._name, key, amount, initial, client.refuse_opaque)
        except NotComparable:
            value = self._on_held_key(_increment, key, amount, initial)
        self._mark_changed()
        return value

    def increment_many(self, amounts: Mapping[Any, float] | Iterable[tuple[Any, float]]) -> None:
        """Add to the numbers of many keys as one op: all or, on an error, none."""
        pairs = amounts.items() if isinstance(amounts, Mapping) else amounts
        self._store_all(_increment_many, [tuple(pair) for pair in pairs])
        self._mark_changed()

    def compare_and_set(self, key: Any, expected: Any, desired: Any) -> bool:
        """Change the key's value only if it is the expected one; say whether it was.

        As `expected`, MISSING means that the key must not be there; as `desired`, remove it.
        """
        client, swap = self._client, _compare_and_set
        try:
            swapped: bool = swap(client, self._name, key, expected, desired, client.refuse_opaque)
        except NotComparable:
            swapped = self._on_held_key(swap, key, expected, desired)
        self._mark_changed()
        return swapped

    def _get(self, key: Any) -> Any:
        client = self._client
        try:
            return _get(client, self._name, key, client.refuse_opaque)
        except NotComparable:
            return _get(client, self._name, self._held_keys([key])[0][0])

    def _on_held_key(self, method: Any, key: Any, *fields: Any) -> Any:
        # Makes the change with the key as the dict holds it, unless the dict changed since that was
        # found out; then again. Some client succeeds each time, so this ends.
        while True:
            (held,), version = self._held_keys([key])
            try:
                return method(self._client, self._name, held, *fields, False, version)
            except VersionMismatch:
                continue

    def _store_all(self, method: Any, entries: Any) -> None:
        client = self._client
        try:
            method(client, self._name, entries, client.refuse_opaque)
            return
        except NotComparable:
            pairs = list(entries.items() if isinstance(entries, dict) else entries)
        while True:
            held, version = self._held_keys([key for key, _ in pairs])
            stored = [(key, value) for key, (_, value) in zip(held, pairs)]
            try:
                method(client, self._name, stored, False, version)
                return
            except VersionMismatch:
                continue

    def _held_keys(self, keys: list[Any]) -> tuple[list[Any], int | None]:
        """Return keys as the dict holds them, those it lacks as they are, and its version."""
        if all(map(bytes_decide, keys)):
            return keys, None
        codec = self._client.codec
        try:
            raw, version = _raw_keys(self._client, self._name)
        except TooLarge:
            entries, version = self._pages(_raw_scan, keys_only=True)
            raw = [key for key, _ in entries]
        held = {decode_key(key, codec): key for key in raw}
        return [held.get(key, key) for key in keys], version

    def _read_pages(self) -> list[tuple[Any, Any]]:
        return self._pages(_scan, keys_only=False)[0]

    def _pages(self, scan: Any, keys_only: bool) -> tuple[list[tuple[Any, Any]], int]:
        # For a dict too large for one reply: pages, all of the same version.
        client, name = self._client, self._name
        while True:
            first = scan(client, name, 0, LATER_PAGES, keys_only)
            entries, following, done, _, _, version = first
            while not done:
                page = scan(client, name, following, LATER_PAGES, keys_only)
                more, following, done, _, _, now = page
                if now != version:
                    break
                entries += more
            else:
                return list(entries), version

    def _getvalue(self) -> dict[Any, Any]:
        """Return a plain dict with the same entries."""
        return dict(self.items())

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)


def _is_mapping(other: Any) -> bool:
    return isinstance(other, (DictProxy, dict))
