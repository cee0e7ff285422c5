"""The shared semaphores: Semaphore and BoundedSemaphore."""

from __future__ import annotations

from coheld import _core
from coheld._base import first_try, milliseconds
from coheld._lock import AcquirerProxy, BlockedProxy

_acquire = _core.method("Semaphore.Acquire", "acquired", "holder")
_release = _core.method("Semaphore.Release")
_inspect = _core.method("Semaphore.Inspect", "available", "held", "waiters", "bounded")


class SemaphoreProxy(AcquirerProxy, BlockedProxy):
    """Stand for a semaphore in the daemon: first come, first served.

    Anyone may release it. Permits that a process took go back when it dies.
    """

    _type_word = "semaphore"
    _exposed_ = ("acquire", "release", "locked")

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take a permit, waiting for one if need be; return whether it was taken.

        A timeout is in seconds; None waits for ever, 0 and less try once.
        """
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        wait = first_try(timeout) if blocking else 0
        acquired: bool
        acquired, holder = _acquire(self._client, self._name, 1, wait)
        self._note_holder(holder)
        if not acquired and timeout is not None:
            milliseconds(timeout)  # Too large a timeout is only an error when it comes to waiting.
        return acquired

    def release(self, n: int = 1) -> None:
        """Give back n permits; ValueError if a bounded semaphore gets more than it had."""
        if n < 1:
            raise ValueError("n must be one or more")
        _release(self._client, self._name, n)

    def locked(self) -> bool:
        """Say whether there is no permit to take."""
        return not self.get_value()

    def get_value(self) -> int:
        """Return how many permits are there to take."""
        available: int = _inspect(self._client, self._name)[0]
        return available

    def _remote_repr(self) -> str:
        available, held, waiters, bounded = _inspect(self._client, self._name)
        kind = "bounded semaphore" if bounded else "semaphore"
        return f"<coheld {kind} {self._name!r} value={available} held={held} waiting={waiters}>"


class BoundedSemaphoreProxy(SemaphoreProxy):
    """Stand for a semaphore that refuses to be released more often than it was acquired."""
