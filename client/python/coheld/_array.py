"""The shared array: a fixed number of items of one C type."""

from __future__ import annotations

import array as array_module
import math
import operator
import types
from array import array
from collections.abc import Iterator
from typing import Any, ClassVar, SupportsIndex

from coheld import _core
from coheld._base import DataProxy
from coheld._errors import TooLarge
from coheld._stdlib import managers

_inspect = _core.method("Array.Inspect", "typecode", "item_bytes", "length", "shape", "version")
_get = _core.method("Array.Get", "value")
_set = _core.method("Array.Set")
_get_range = _core.method("Array.GetRange", "data", "typecode", "length", "version")
_set_range = _core.method("Array.SetRange")
_fill = _core.method("Array.Fill")
_add = _core.method("Array.Add", "value")
_compare_exchange = _core.method("Array.CompareExchange", "exchanged")

# coheld.v1.ArrayEncoding.
_RAW = 2
# Items read at once where all do not fit a reply.
_PART = 1 << 20
_INDEX_MAX = 2**63 - 1


class ArrayProxy(DataProxy, managers.ArrayProxy):  # type: ignore[misc]
    """Stand for an array in the daemon; every method is one atomic op.

    As with array.array, slices are arrays of the same type code; the length is fixed. Whole ranges
    go as packed bytes, from and to anything with a buffer.
    """

    _type_word = "array"
    _exposed_ = ("__len__", "__getitem__", "__setitem__")
    _state_fields = ("_typecode",)
    _typecode: str = ""

    def __len__(self) -> int:
        length: int = _inspect(self._client, self._name)[2]
        return length

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return self._read(index)
        return _get(self._client, self._name, _place(index))

    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            _set_range(self._client, self._name, index, (), self._packed(value))
        else:
            place = _place(index)
            item = array(self.typecode, [value])[0]  # Raises what an array would.
            _set(self._client, self._name, place, item)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._getvalue())

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._getvalue())

    def __contains__(self, value: object) -> bool:
        return value in self._getvalue()

    @property
    def typecode(self) -> str:
        """Return the items' type code, as in array.array."""
        if not self._typecode:
            typecode = _inspect(self._client, self._name)[0]
            self._typecode = _local_typecode(typecode)
        return self._typecode

    @property
    def itemsize(self) -> int:
        """Return the bytes of one item."""
        size: int = _inspect(self._client, self._name)[1]
        return size

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the lengths of the dimensions; the last one varies fastest."""
        return tuple(_inspect(self._client, self._name)[3])

    @property
    def version(self) -> int:
        """Return the array's version, which grows with every write."""
        version: int = _inspect(self._client, self._name)[4]
        return version

    def tolist(self) -> list[Any]:
        """Return the items as a plain list."""
        return self._getvalue().tolist()

    def tobytes(self) -> bytes:
        """Return the items as packed bytes."""
        return self._getvalue().tobytes()

    def view(self) -> memoryview:
        """Return a copy of the items as a memoryview of the array's shape, as numpy reads it."""
        items = memoryview(self._getvalue())
        shape = self.shape
        if len(shape) < 2 or self.typecode == "u":
            return items
        return items.cast("B").cast(self.typecode, shape)  # type: ignore[call-overload, no-any-return]

    def fill(self, value: Any, part: slice = slice(None)) -> None:
        """Set all items, or those of a slice, to one value."""
        _fill(self._client, self._name, part, array(self.typecode, [value])[0])

    def add(self, index: SupportsIndex, amount: Any) -> Any:
        """Add to one item as one op; return the sum."""
        return _add(self._client, self._name, _place(index), amount)

    def compare_exchange(self, index: SupportsIndex, expected: Any, desired: Any) -> bool:
        """Replace one item only if it equals the expected one; say whether it did."""
        exchanged: bool = _compare_exchange(
            self._client, self._name, _place(index), expected, desired
        )
        return exchanged

    def _packed(self, value: Any) -> Any:
        # An array of the same type, or what else has a buffer of such items.
        if isinstance(value, ArrayProxy):
            value = value._getvalue()
        if isinstance(value, array):
            if value.typecode != self.typecode:
                raise TypeError("bad argument type for built-in operation")
            return value
        if isinstance(value, str) or not _has_buffer(value):
            raise TypeError(f'can only assign array (not "{type(value).__name__}") to array slice')
        view = memoryview(value)
        if view.format != self.typecode:
            raise TypeError(
                f"a buffer of format {view.format!r} cannot be assigned to an array of type code "
                f"{self.typecode!r}"
            )
        return view.tobytes()

    def _read(self, part: slice) -> array[Any]:
        try:
            data, typecode, _, _ = _get_range(self._client, self._name, part, _RAW)
        except TooLarge:
            return self._read_parts()[part]
        items: array[Any] = array(_local_typecode(typecode))
        items.frombytes(data)
        return items

    def _read_parts(self) -> array[Any]:
        # For an array too large for one reply: parts, all of the same version.
        while True:
            items: array[Any] = array(self.typecode)
            start, length, seen = 0, 1, None
            while start < length:
                part = slice(start, start + _PART)
                data, _, length, version = _get_range(self._client, self._name, part, _RAW)
                if seen not in (None, version):
                    break
                items.frombytes(data)
                start, seen = start + _PART, version
            else:
                return items

    def _getvalue(self) -> array[Any]:
        """Return a plain array with the same items."""
        return self._read(slice(None))

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)


def pack(typecode: str, sequence: Any, shape: Any) -> tuple[Any, ...]:
    """Return the fields of Array.Create after the name, as array.array(typecode, sequence)."""
    local = _local_typecode(typecode)
    if not isinstance(sequence, (bytes, bytearray, array)) and _has_buffer(sequence):
        view = memoryview(sequence)
        if shape is None and view.ndim > 1:
            shape = view.shape
        if view.format == local:
            sequence = view.tobytes()
    items: array[Any] = array(local, sequence)
    dimensions = [operator.index(length) for length in shape or ()]
    if dimensions and math.prod(dimensions) != len(items):
        raise ValueError(f"a shape of {tuple(dimensions)} does not take {len(items)} items")
    return typecode, (), items, 0, dimensions


def _local_typecode(typecode: str) -> str:
    return "u" if typecode == "w" and "w" not in array_module.typecodes else typecode


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value).release()
    except TypeError:
        return False
    return True


def _place(index: Any) -> int:
    try:
        place = operator.index(index)
    except TypeError:
        raise TypeError("array indices must be integers") from None
    if not -_INDEX_MAX - 1 <= place <= _INDEX_MAX:
        raise IndexError("cannot fit 'int' into an index-sized integer")
    return place
