"""The shared counter."""

from __future__ import annotations

from coheld import _core
from coheld._base import DataProxy

_get = _core.method("Counter.Get", "value")
_add = _core.method("Counter.Add", "value")
_set = _core.method("Counter.Set", "previous")
_compare_exchange = _core.method("Counter.CompareExchange", "exchanged")


class CounterProxy(DataProxy):
    """Stand for a 64-bit number in the daemon; every method is one atomic op."""

    _type_word = "counter"
    _exposed_ = ("get", "set", "add", "compare_exchange")

    def get(self) -> int:
        """Return the number."""
        value: int = _get(self._client, self._name)
        return value

    def set(self, value: int) -> int:
        """Replace the number; return the one before."""
        previous: int = _set(self._client, self._name, value)
        return previous

    @property
    def value(self) -> int:
        """Return the number."""
        return self.get()

    @value.setter
    def value(self, value: int) -> None:
        self.set(value)

    def add(self, amount: int = 1) -> int:
        """Add to the number; return the sum. OverflowError beyond 64 bits."""
        value: int = _add(self._client, self._name, amount)
        return value

    def subtract(self, amount: int = 1) -> int:
        """Take from the number; return the difference."""
        return self.add(-amount)

    def compare_exchange(self, expected: int, desired: int) -> bool:
        """Replace the number only if it is the expected one; say whether it was."""
        exchanged: bool = _compare_exchange(self._client, self._name, expected, desired)
        return exchanged

    def __int__(self) -> int:
        return self.get()

    def _getvalue(self) -> int:
        """Return the number."""
        return self.get()
