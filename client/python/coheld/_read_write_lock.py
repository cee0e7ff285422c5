"""The shared read-write lock: many readers, or one writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from coheld import _core
from coheld._base import BaseProxy
from coheld._lock import wait_ms

_acquire_read = _core.method("ReadWriteLock.AcquireRead", "acquired", "token")
_acquire_write = _core.method("ReadWriteLock.AcquireWrite", "acquired", "token")
_release = _core.method("ReadWriteLock.Release")
_inspect = _core.method("ReadWriteLock.Inspect", "readers", "written")


class ReadWriteLockProxy(BaseProxy):
    """Stand for a read-write lock in the daemon: first come, first served.

    A writer that waits holds back the readers that come after it. What a process holds is released
    when it dies. ``with lock.read():`` and ``with lock.write():`` give the grant's fencing token.
    """

    _type_word = "rwlock"
    _exposed_ = ("acquire_read", "acquire_write", "release", "readers", "written")

    def acquire_read(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock together with other readers; return whether it was taken.

        A timeout is in seconds; None and -1 wait for ever, 0 tries once.
        """
        return bool(_acquire_read(self._client, self._name, wait_ms(blocking, timeout))[0])

    def acquire_write(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock alone; return whether it was taken."""
        return bool(_acquire_write(self._client, self._name, wait_ms(blocking, timeout))[0])

    def release(self) -> None:
        """Give back what this thread holds: its write, or one of its reads."""
        _release(self._client, self._name)

    @contextmanager
    def read(self) -> Iterator[int]:
        """Hold the lock with other readers."""
        token: int = _acquire_read(self._client, self._name)[1]
        try:
            yield token
        finally:
            self.release()

    @contextmanager
    def write(self) -> Iterator[int]:
        """Hold the lock alone."""
        token: int = _acquire_write(self._client, self._name)[1]
        try:
            yield token
        finally:
            self.release()

    def readers(self) -> int:
        """Return how many hold the lock to read."""
        count: int = _inspect(self._client, self._name)[0]
        return count

    def written(self) -> bool:
        """Say whether somebody holds the lock to write."""
        written: bool = _inspect(self._client, self._name)[1]
        return written

    def _remote_repr(self) -> str:
        readers, written = _inspect(self._client, self._name)
        state = "written" if written else f"{readers} readers"
        return f"<coheld read-write lock {self._name!r}: {state}>"
