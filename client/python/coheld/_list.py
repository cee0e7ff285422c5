"""The shared list."""

from __future__ import annotations

import operator
import types
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, SupportsIndex

from coheld import _core
from coheld._base import LATER_PAGES, DataProxy, halves
from coheld._errors import NotComparable, NotOrderable, TooLarge, ValueNotFound, VersionMismatch
from coheld._stdlib import managers

_len = _core.method("List.Len", "length")
_get = _core.method("List.Get", "value")
_set = _core.method("List.Set")
_delete = _core.method("List.Delete")
_get_slice = _core.method("List.GetSlice", "values")
_get_all = _core.method("List.GetSlice", "values", "version")
_set_slice = _core.method("List.SetSlice")
_delete_slice = _core.method("List.DeleteSlice")
_append = _core.method("List.Append")
_extend = _core.method("List.Extend")
_insert = _core.method("List.Insert")
_pop = _core.method("List.Pop", "value")
_remove = _core.method("List.Remove")
_index = _core.method("List.Index", "index")
_count = _core.method("List.Count", "count")
_contains = _core.method("List.Contains", "contains")
_reverse = _core.method("List.Reverse")
_sort = _core.method("List.Sort")
_repeat = _core.method("List.Repeat")
_clear = _core.method("List.Clear")
_scan = _core.method("List.Scan", "values", "next", "done", "version")

_INDEX_MAX = 2**63 - 1


def _place(index: Any) -> int:
    """Return an index as the list would take it."""
    try:
        place = operator.index(index)
    except TypeError:
        raise TypeError(
            f"list indices must be integers or slices, not {type(index).__name__}"
        ) from None
    if not -_INDEX_MAX - 1 <= place <= _INDEX_MAX:
        raise IndexError("cannot fit 'int' into an index-sized integer")
    return place


class ListProxy(DataProxy, managers.ListProxy):  # type: ignore[misc]
    """Stand for a list in the daemon; every method is one atomic op.

    The exceptions are iteration, which reads pages ahead, and what needs this process's own
    comparison (``sort(key=...)``, and ``in``, ``index``, ``count``, ``remove`` of pickled values):
    those read the list, and change it only if nobody else did meanwhile, else they start over.
    """

    _type_word = "list"
    _exposed_ = (
        "__add__", "__contains__", "__delitem__", "__getitem__", "__len__", "__mul__",
        "__reversed__", "__rmul__", "__setitem__", "append", "count", "extend", "index", "insert",
        "pop", "remove", "reverse", "sort", "__imul__", "__iadd__", "__iter__", "clear", "copy",
    )  # fmt: skip

    def __len__(self) -> int:
        length: int = _len(self._client, self._name)
        return length

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return _get_slice(self._client, self._name, index)
        return _get(self._client, self._name, _place(index))

    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            try:
                values = list(value)
            except TypeError:
                raise TypeError("can only assign an iterable") from None
            _set_slice(self._client, self._name, index, values)
        else:
            _set(self._client, self._name, _place(index), value)
        self._mark_changed()

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        if isinstance(index, slice):
            _delete_slice(self._client, self._name, index)
        else:
            _delete(self._client, self._name, _place(index))
        self._mark_changed()

    def __iter__(self) -> Iterator[Any]:
        """Iterate over pages read ahead; as with a list, changes meanwhile shift what is seen."""
        client, name, watched = self._client, self._name, self._client.watched
        watched.setdefault(name, 0)
        seen = watched.get(name)
        start, page = 0, _scan(client, name, 0, 0)
        while True:
            values, following, done, _ = page
            ahead, place, changed = None, start, False
            for half in halves(values):
                for value in half:
                    yield value
                    place += 1
                    if watched.get(name) != seen:
                        changed = True
                        break
                if changed:
                    break
                if ahead is None and not done:
                    ahead = _core.begin(_scan, client, name, following, LATER_PAGES)
            if changed:  # This process changed the list: what was read ahead is old.
                seen = watched.get(name)
                start, page = place, _scan(client, name, place, LATER_PAGES)
            elif ahead is not None:
                start, page = following, ahead.result()
            else:
                return

    def __reversed__(self) -> Iterator[Any]:
        values = self._getvalue()
        values.reverse()
        return iter(values)

    def __contains__(self, value: object) -> bool:
        client = self._client
        if _core.is_native(client, value):
            try:
                found: bool = _contains(client, self._name, value, client.refuse_opaque)
                return found
            except NotComparable:
                pass
        return value in self._getvalue()

    def __add__(self, other: list[Any]) -> list[Any]:
        return self._getvalue() + other

    def __mul__(self, count: SupportsIndex) -> list[Any]:
        return self._getvalue() * count

    __rmul__ = __mul__

    def __iadd__(self, values: Iterable[Any]) -> ListProxy:
        self.extend(values)
        return self

    def __imul__(self, count: SupportsIndex) -> ListProxy:
        try:
            _repeat(self._client, self._name, operator.index(count))
        except TooLarge as error:
            raise MemoryError(str(error)) from error
        self._mark_changed()
        return self

    def append(self, value: Any, /) -> None:
        """Add one item at the end."""
        _append(self._client, self._name, value)
        self._mark_changed()

    def extend(self, values: Iterable[Any], /) -> None:
        """Add many items at the end as one op."""
        _extend(self._client, self._name, values if type(values) is list else list(values))
        self._mark_changed()

    def insert(self, index: SupportsIndex, value: Any, /) -> None:
        """Put an item before an index, which is clamped to the list."""
        _insert(self._client, self._name, operator.index(index), value)
        self._mark_changed()

    def pop(self, index: SupportsIndex = -1, /) -> Any:
        """Remove and return an item, by default the last."""
        value = _pop(self._client, self._name, operator.index(index))
        self._mark_changed()
        return value

    def remove(self, value: Any, /) -> None:
        """Delete the first item equal to a value; ValueError if there is none."""
        if not self._removed_by_daemon(value):
            self._change(lambda values: _delete_place(values.index(value)))
        self._mark_changed()

    def index(self, value: Any, start: int = 0, stop: int = _INDEX_MAX, /) -> int:
        """Find the first item equal to a value; ValueError if there is none."""
        client = self._client
        if _core.is_native(client, value):
            try:
                found: int = _index(client, self._name, value, start, stop, client.refuse_opaque)
                return found
            except ValueNotFound as error:
                raise ValueNotFound(f"{value!r} is not in list") from error
            except NotComparable:
                pass
        place: int = self._getvalue().index(value, start, stop)
        return place

    def count(self, value: Any, /) -> int:
        """Count the items equal to a value."""
        client = self._client
        if _core.is_native(client, value):
            try:
                counted: int = _count(client, self._name, value, client.refuse_opaque)
                return counted
            except NotComparable:
                pass
        return int(self._getvalue().count(value))

    def reverse(self) -> None:
        """Reverse in place."""
        _reverse(self._client, self._name)
        self._mark_changed()

    def sort(self, *, key: Any = None, reverse: SupportsIndex = False) -> None:
        """Sort in place, stably; with a key, or pickled values, in this process."""
        descending = bool(operator.index(reverse))
        if key is not None or not self._sorted_by_daemon(descending):
            self._change(lambda values: _sort_values(values, key, descending))
        self._mark_changed()

    def clear(self) -> None:
        """Remove all items."""
        _clear(self._client, self._name)
        self._mark_changed()

    def copy(self) -> list[Any]:
        """Return a plain list with the same items."""
        return self._getvalue()

    def _removed_by_daemon(self, value: Any) -> bool:
        client = self._client
        if not _core.is_native(client, value):
            return False
        try:
            _remove(client, self._name, value, client.refuse_opaque)
        except NotComparable:
            return False
        return True

    def _sorted_by_daemon(self, descending: bool) -> bool:
        try:
            _sort(self._client, self._name, descending)
        except NotOrderable:
            return False  # Pickled values may have an order here; if not, sorting raises it.
        return True

    def _change(self, plan: Any) -> None:
        # Makes the change that `plan` derives from the items, unless they changed meanwhile; then
        # again from the start. Some client succeeds each time, so this ends.
        while True:
            values, version = self._read_all()
            method, arguments = plan(values)
            try:
                method(self._client, self._name, *arguments, version)
                return
            except VersionMismatch:
                continue

    def _read_all(self) -> tuple[list[Any], int]:
        try:
            values, version = _get_all(self._client, self._name)
            return values, version
        except TooLarge:
            return self._read_pages()

    def _read_pages(self) -> tuple[list[Any], int]:
        # For a list too large for one reply: pages, all of the same version.
        while True:
            values, start, done, version = _scan(self._client, self._name, 0, LATER_PAGES)
            while not done:
                page, start, done, now = _scan(self._client, self._name, start, LATER_PAGES)
                if now != version:
                    break
                values += page
            else:
                return values, version

    def _getvalue(self) -> list[Any]:
        """Return a plain list with the same items."""
        return self._read_all()[0]

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)


def _delete_place(place: int) -> tuple[Any, tuple[Any, ...]]:
    return _delete, (place,)


def _sort_values(values: list[Any], key: Any, descending: bool) -> tuple[Any, tuple[Any, ...]]:
    values.sort(key=key, reverse=descending)
    return _set_slice, (None, values)
