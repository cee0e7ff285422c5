"""The shared read-write lock: many readers, or one writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from coheld import _core
from coheld._lock import BlockedProxy, wait_ms

_GRANT = ("acquired", "token", "owner_died", "holder")
_acquire_read = _core.method("ReadWriteLock.AcquireRead", *_GRANT)
_acquire_write = _core.method("ReadWriteLock.AcquireWrite", *_GRANT)
_release = _core.method("ReadWriteLock.Release")
_inspect = _core.method("ReadWriteLock.Inspect", "readers", "written")


class ReadWriteLockProxy(BlockedProxy):
    """Stand for a read-write lock in the daemon: first come, first served.

    A writer that waits holds back the readers that come after it. What a process holds is released
    when it dies. ``with lock.read():`` and ``with lock.write():`` give the grant's fencing token.
    """

    _type_word = "rwlock"
    _owner_died = False
    _exposed_ = ("acquire_read", "acquire_write", "release", "readers", "written")

    def acquire_read(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock together with other readers; return whether it was taken.

        A timeout is in seconds; None and -1 wait for ever, 0 tries once.
        """
        return self._take(_acquire_read, wait_ms(blocking, timeout))[0]

    def acquire_write(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock alone; return whether it was taken."""
        return self._take(_acquire_write, wait_ms(blocking, timeout))[0]

    def release(self) -> None:
        """Give back what this thread holds: its write, or one of its reads."""
        _release(self._client, self._name)

    @contextmanager
    def read(self) -> Iterator[int]:
        """Hold the lock with other readers."""
        _, token = self._take(_acquire_read, None)
        try:
            yield token
        finally:
            self.release()

    @contextmanager
    def write(self) -> Iterator[int]:
        """Hold the lock alone."""
        _, token = self._take(_acquire_write, None)
        try:
            yield token
        finally:
            self.release()

    @property
    def owner_died(self) -> bool:
        """Return whether the last writer had died when this proxy was granted the lock last.

        Then what the lock protects may be half-done. All are told up to and with the next writer.
        """
        return self._owner_died

    def readers(self) -> int:
        """Return how many hold the lock to read."""
        count: int = _inspect(self._client, self._name)[0]
        return count

    def written(self) -> bool:
        """Say whether somebody holds the lock to write."""
        written: bool = _inspect(self._client, self._name)[1]
        return written

    def _take(self, acquire: Any, wait: int | None) -> tuple[bool, int]:
        acquired, token, owner_died, holder = acquire(self._client, self._name, wait)
        self._note_holder(holder)
        if acquired:
            self._owner_died = owner_died
        return acquired, token

    def _remote_repr(self) -> str:
        readers, written = _inspect(self._client, self._name)
        state = "written" if written else f"{readers} readers"
        return f"<coheld read-write lock {self._name!r}: {state}>"
