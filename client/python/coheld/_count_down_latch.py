"""The shared count-down latch."""

from __future__ import annotations

from coheld import _core
from coheld._base import BaseProxy, milliseconds

_count_down = _core.method("CountDownLatch.CountDown", "remaining")
_wait = _core.method("CountDownLatch.Wait", "open")
_inspect = _core.method("CountDownLatch.Inspect", "remaining", "count")


class CountDownLatchProxy(BaseProxy):
    """Stand for a latch in the daemon: closed until it was counted down to 0, then open for ever.

    A worker that dies has not counted down: wait with a timeout.
    """

    _type_word = "latch"
    _exposed_ = ("count_down", "wait", "remaining")

    def count_down(self, n: int = 1) -> int:
        """Take n from the count; return what remains."""
        if n < 1:
            raise ValueError(f"count_down() takes an n of at least 1, not {n}")
        remaining: int = _count_down(self._client, self._name, n)
        return remaining

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the latch is open; return False if the timeout (in seconds) passed first."""
        is_open: bool = _wait(self._client, self._name, milliseconds(timeout))
        return is_open

    def remaining(self) -> int:
        """Return the count; at 0 the latch is open."""
        remaining: int = _inspect(self._client, self._name)[0]
        return remaining

    def _remote_repr(self) -> str:
        remaining, count = _inspect(self._client, self._name)
        return f"<coheld latch {self._name!r}: {remaining} of {count} remain>"
