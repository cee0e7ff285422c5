"""The shared value: one cell."""

from __future__ import annotations

import types
from typing import Any, ClassVar

from coheld import _core
from coheld._base import DataProxy, milliseconds
from coheld._stdlib import managers

_get = _core.method("SharedValue.Get", "value")
_get_versioned = _core.method("SharedValue.Get", "value", "version", "typecode")
_set = _core.method("SharedValue.Set")
_modify = _core.method("SharedValue.Modify", "previous", "value")
_compare_exchange = _core.method("SharedValue.CompareExchange", "exchanged")
_wait = _core.method("SharedValue.Wait", "changed")

# coheld.v1.Operator, by Python's own signs.
_OPERATORS = {
    sign: number
    for number, sign in enumerate(("+", "-", "*", "/", "//", "%", "min", "max", "&", "|", "^"), 1)
}


class ValueProxy(DataProxy, managers.ValueProxy):  # type: ignore[misc]
    """Stand for a cell in the daemon.

    ``v.value += 1`` is two ops, between which others may write; ``v.add(1)`` is one.
    """

    _type_word = "value"
    _exposed_ = ("get", "set")
    _state_fields = ("_typecode",)
    _typecode: Any = None

    def get(self) -> Any:
        """Return the value."""
        return _get(self._client, self._name)

    def set(self, value: Any) -> None:
        """Replace the value."""
        _set(self._client, self._name, value)

    value = property(get, set)

    def add(self, amount: Any) -> Any:
        """Add to the value as one op; return the sum."""
        return _modify(self._client, self._name, _OPERATORS["+"], amount)[1]

    def modify(self, operator: str, operand: Any) -> tuple[Any, Any]:
        """Apply an operator as one op; return the values before and after.

        The operator is one of ``+ - * / // % & | ^ min max``.
        """
        if operator not in _OPERATORS:
            raise ValueError(f"operator {operator!r} is none of {' '.join(_OPERATORS)}")
        previous, value = _modify(self._client, self._name, _OPERATORS[operator], operand)
        return previous, value

    def compare_exchange(self, expected: Any, desired: Any) -> bool:
        """Replace the value only if it equals the expected one; say whether it did."""
        exchanged: bool = _compare_exchange(self._client, self._name, expected, desired)
        return exchanged

    @property
    def version(self) -> int:
        """Return the value's version, which grows with every write."""
        version: int = _get_versioned(self._client, self._name)[1]
        return version

    def wait(self, timeout: float | None = None, *, since: int | None = None) -> bool:
        """Wait until the value was written after version `since`, by default the present one.

        Return False if the timeout (in seconds) passed first.
        """
        if since is None:
            since = self.version
        changed: bool = _wait(self._client, self._name, since, milliseconds(timeout))
        return changed

    def _getvalue(self) -> Any:
        """Return a copy of the value."""
        return self.get()

    def _remote_repr(self) -> str:
        value, _, typecode = _get_versioned(self._client, self._name)
        return f"Value({typecode or self._typecode!r}, {value!r})"

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)
