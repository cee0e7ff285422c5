"""The shared set."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from coheld import _core
from coheld._base import LATER_PAGES, DataProxy, halves
from coheld._codecs import decode_key
from coheld._core import ABSENT
from coheld._errors import KeyNotFound, NotComparable, TooLarge, VersionMismatch

_len = _core.method("Set.Len", "length")
_contains = _core.method("Set.Contains", "contains")
_add = _core.method("Set.Add", "added")
_discard = _core.method("Set.Discard", "removed")
_remove = _core.method("Set.Remove")
_pop = _core.method("Set.Pop", "value")
_clear = _core.method("Set.Clear")
_scan = _core.method("Set.Scan", "values", "next", "done", "length", "size_changed", "version")
_update = _core.method("Set.Update")
_combine = _core.method("Set.Combine", "values")
_raw_values = _core.method("Set.Combine", "values", "version", raw=True)
_raw_scan = _core.method(
    "Set.Scan", "values", "next", "done", "length", "size_changed", "version", raw=True
)
_compare = _core.method("Set.Compare", "subset", "superset", "equal", "disjoint")

# coheld.v1.SetOperator.
_UNION, _INTERSECTION, _DIFFERENCE, _SYMMETRIC_DIFFERENCE = 1, 2, 3, 4


class SetProxy(DataProxy):
    """Stand for a set in the daemon; every method is one atomic op.

    What combines sets gives a plain set. Iteration reads pages ahead, and raises RuntimeError when
    the size changed meanwhile. Values that only this process can compare (pickled ones) are
    compared here, and the set is changed only if nobody else did so meanwhile; else the op starts
    over.
    """

    _type_word = "set"
    _exposed_ = (
        "__and__", "__contains__", "__iand__", "__ior__", "__isub__", "__iter__", "__ixor__",
        "__len__", "__or__", "__rand__", "__ror__", "__rsub__", "__rxor__", "__sub__", "__xor__",
        "__ge__", "__gt__", "__le__", "__lt__", "add", "clear", "copy", "difference",
        "difference_update", "discard", "intersection", "intersection_update", "isdisjoint",
        "issubset", "issuperset", "pop", "remove", "symmetric_difference",
        "symmetric_difference_update", "union", "update",
    )  # fmt: skip

    def __len__(self) -> int:
        length: int = _len(self._client, self._name)
        return length

    def __contains__(self, value: Any) -> bool:
        client, value = self._client, _frozen(value)
        try:
            found: bool = _contains(client, self._name, [value], client.refuse_opaque)[0]
        except NotComparable:
            return value in self._getvalue()
        return found

    def __iter__(self) -> Iterator[Any]:
        client, name, watched = self._client, self._name, self._client.watched
        seen = watched.setdefault(name, 0)
        values, following, done, length, _, _ = _scan(client, name)
        while True:
            ahead = None
            for half in halves(values):
                for value in half:
                    if watched.get(name) != seen:
                        seen = self._check_size(length)
                    yield value
                if ahead is None and not done:
                    ahead = _core.begin(_scan, client, name, following, LATER_PAGES, length)
            if watched.get(name) != seen:
                seen = self._check_size(length)
            if ahead is None:
                return
            values, following, done, _, changed, _ = ahead.result()
            if changed:
                raise RuntimeError("Set changed size during iteration")

    def _check_size(self, length: int) -> int:
        # This process changed the set under an iterator of its own.
        seen: int = self._client.watched.get(self._name, 0)
        if len(self) != length:
            raise RuntimeError("Set changed size during iteration")
        return seen

    def add(self, value: Any, /) -> None:
        """Add a value, unless an equal one is there."""
        client = self._client
        try:
            _add(client, self._name, [value], None, client.refuse_opaque)
        except NotComparable:
            self._change(lambda values: values.add(value))
        self._mark_changed()

    def discard(self, value: Any, /) -> None:
        """Remove a value if it is there."""
        client, value = self._client, _frozen(value)
        try:
            _discard(client, self._name, [value], None, client.refuse_opaque)
        except NotComparable:
            self._change(lambda values: values.discard(value))
        self._mark_changed()

    def remove(self, value: Any, /) -> None:
        """Remove a value; KeyError if it is not there."""
        client, frozen = self._client, _frozen(value)
        try:
            _remove(client, self._name, frozen, None, client.refuse_opaque)
        except KeyNotFound:
            raise KeyError(value) from None
        except NotComparable:
            self._change(lambda values: values.remove(frozen))
        self._mark_changed()

    def pop(self) -> Any:
        """Remove and return some value; KeyError if the set is empty."""
        value = _pop(self._client, self._name)
        self._mark_changed()
        if value is ABSENT:
            raise KeyError("pop from an empty set")
        return value

    def clear(self) -> None:
        """Remove all values."""
        _clear(self._client, self._name)
        self._mark_changed()

    def copy(self) -> set[Any]:
        """Return a plain set with the same values."""
        return self._getvalue()

    def union(self, *others: Iterable[Any]) -> set[Any]:
        """Return what is in this set or in any of the others."""
        return self._combine(_UNION, others)

    def intersection(self, *others: Iterable[Any]) -> set[Any]:
        """Return what is in this set and in all others."""
        return self._combine(_INTERSECTION, others)

    def difference(self, *others: Iterable[Any]) -> set[Any]:
        """Return what is in this set and in none of the others."""
        return self._combine(_DIFFERENCE, others)

    def symmetric_difference(self, other: Iterable[Any], /) -> set[Any]:
        """Return what is in exactly one of both sets."""
        return self._combine(_SYMMETRIC_DIFFERENCE, (other,))

    def update(self, *others: Iterable[Any]) -> None:
        """Add what is in the others."""
        self._update(_UNION, others)

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keep only what is in all others too."""
        self._update(_INTERSECTION, others)

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Remove what is in any of the others."""
        self._update(_DIFFERENCE, others)

    def symmetric_difference_update(self, other: Iterable[Any], /) -> None:
        """Keep what is in exactly one of both sets."""
        self._update(_SYMMETRIC_DIFFERENCE, (other,))

    def isdisjoint(self, other: Iterable[Any], /) -> bool:
        """Say whether no value is in both sets."""
        return self._compared(other)[3]

    def issubset(self, other: Iterable[Any], /) -> bool:
        """Say whether all values of this set are in the other."""
        return self._compared(other)[0]

    def issuperset(self, other: Iterable[Any], /) -> bool:
        """Say whether all values of the other set are in this one."""
        return self._compared(other)[1]

    def __or__(self, other: Any) -> set[Any]:
        return self.union(other) if _is_set(other) else NotImplemented

    def __and__(self, other: Any) -> set[Any]:
        return self.intersection(other) if _is_set(other) else NotImplemented

    def __sub__(self, other: Any) -> set[Any]:
        return self.difference(other) if _is_set(other) else NotImplemented

    def __xor__(self, other: Any) -> set[Any]:
        return self.symmetric_difference(other) if _is_set(other) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return self._reflected(_UNION, other)

    def __rand__(self, other: Any) -> Any:
        return self._reflected(_INTERSECTION, other)

    def __rsub__(self, other: Any) -> Any:
        return self._reflected(_DIFFERENCE, other)

    def __rxor__(self, other: Any) -> Any:
        return self._reflected(_SYMMETRIC_DIFFERENCE, other)

    def __ior__(self, other: Any) -> Any:
        return self._in_place(_UNION, other)

    def __iand__(self, other: Any) -> Any:
        return self._in_place(_INTERSECTION, other)

    def __isub__(self, other: Any) -> Any:
        return self._in_place(_DIFFERENCE, other)

    def __ixor__(self, other: Any) -> Any:
        return self._in_place(_SYMMETRIC_DIFFERENCE, other)

    def __le__(self, other: Any) -> bool:
        return self._compared(other)[0] if _is_set(other) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return self._compared(other)[1] if _is_set(other) else NotImplemented

    def __lt__(self, other: Any) -> bool:
        if not _is_set(other):
            return NotImplemented
        subset, _, equal, _ = self._compared(other)
        return subset and not equal

    def __gt__(self, other: Any) -> bool:
        if not _is_set(other):
            return NotImplemented
        _, superset, equal, _ = self._compared(other)
        return superset and not equal

    def _operand(self, other: Any) -> tuple[Any, ...]:
        if isinstance(other, SetProxy) and other._client is self._client:
            return (), other._name
        return (other,)

    def _combine(self, operator: int, others: Iterable[Any], reflected: bool = False) -> set[Any]:
        client, listed = self._client, _listed(others)
        operands = [self._operand(other) for other in listed]
        try:
            return set(
                _combine(client, self._name, operator, operands, reflected, client.refuse_opaque)
            )
        except NotComparable:
            if reflected:
                return _apply(operator, set(listed[0]), [self])
            return _apply(operator, self._getvalue(), listed)

    def _reflected(self, operator: int, other: Any) -> Any:
        return self._combine(operator, (other,), True) if _is_set(other) else NotImplemented

    def _update(self, operator: int, others: Iterable[Any]) -> None:
        client, listed = self._client, _listed(others)
        operands = [self._operand(other) for other in listed]
        if not operands:
            return
        try:
            _update(client, self._name, operator, operands, None, client.refuse_opaque)
        except NotComparable:
            self._change(lambda values: _apply(operator, values, listed))
        self._mark_changed()

    def _change(self, plan: Callable[[set[Any]], Any]) -> None:
        # Changes the set as `plan` changes a plain one with the same values, unless it changed
        # meanwhile; then again from the start. Some client succeeds each time, so this ends.
        while True:
            held, version = self._read_raw()
            values = set(held)
            plan(values)
            toggled = [raw for value, raw in held.items() if value not in values]
            toggled += [value for value in values if value not in held]
            try:
                _update(self._client, self._name, _SYMMETRIC_DIFFERENCE, [(toggled,)], version)
                return
            except VersionMismatch:
                continue

    def _read_raw(self) -> tuple[dict[Any, Any], int]:
        """Return the values with how the set holds them, and its version."""
        try:
            raw, version = _raw_values(self._client, self._name)
        except TooLarge:
            raw, version = self._read_pages(_raw_scan)
        codec = self._client.codec
        return {decode_key(value, codec): value for value in raw}, version

    def _in_place(self, operator: int, other: Any) -> Any:
        if not _is_set(other):
            return NotImplemented
        self._update(operator, (other,))
        return self

    def _compared(self, other: Iterable[Any]) -> tuple[bool, bool, bool, bool]:
        client, (listed,) = self._client, _listed((other,))
        try:
            compared: tuple[bool, bool, bool, bool] = _compare(
                client, self._name, self._operand(listed), client.refuse_opaque
            )
        except NotComparable:
            ours, theirs = self._getvalue(), set(listed)
            return ours <= theirs, ours >= theirs, ours == theirs, ours.isdisjoint(theirs)
        return compared

    def _getvalue(self) -> set[Any]:
        """Return a plain set with the same values."""
        try:
            return set(_combine(self._client, self._name))
        except TooLarge:
            return set(self._read_pages(_scan)[0])

    def _read_pages(self, scan: Any) -> tuple[list[Any], int]:
        # For a set too large for one reply: pages, all of the same version.
        while True:
            values, following, done, _, _, version = scan(self._client, self._name)
            while not done:
                page, following, done, _, _, now = scan(self._client, self._name, following)
                if now != version:
                    break
                values += page
            else:
                return list(values), version

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)


def _is_set(other: Any) -> bool:
    return isinstance(other, (SetProxy, set, frozenset))


def _listed(others: Iterable[Any]) -> list[Any]:
    return [other if isinstance(other, SetProxy) else list(other) for other in others]


def _apply(operator: int, left: set[Any], others: Iterable[Iterable[Any]]) -> set[Any]:
    # In place.
    for other in others:
        if operator == _UNION:
            left.update(other)
        elif operator == _INTERSECTION:
            left.intersection_update(other)
        elif operator == _DIFFERENCE:
            left.difference_update(other)
        else:
            left.symmetric_difference_update(other)
    return left


def _frozen(value: Any) -> Any:
    # As a set does: a set looked for among its values is a frozen one.
    return frozenset(value) if isinstance(value, set) else value
