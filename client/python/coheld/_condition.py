"""The shared condition variable."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from coheld import _core
from coheld._base import milliseconds
from coheld._errors import (
    Error,
    LockLost,
    LockNotHeld,
    LockNotOwner,
    ObjectNotFound,
    reworded,
)
from coheld._lock import AcquirerProxy, LockProxy, RLockProxy
from coheld._stdlib import managers

_wait = _core.method("Condition.Wait", "notified", "depth")
_notify = _core.method("Condition.Notify")
_inspect = _core.method("Condition.Inspect", "lock", "waiters")

_Result = TypeVar("_Result")


class ConditionProxy(AcquirerProxy, managers.ConditionProxy):  # type: ignore[misc]
    """Stand for a condition variable in the daemon, over a Lock or an RLock there.

    As with any condition variable, test what was waited for again after wait(): others may have
    been first, and a wait may end without a notification when the daemon was restarted.
    """

    _type_word = "condition"
    _exposed_ = ("acquire", "release", "wait", "notify", "notify_all")
    _lock: LockProxy | RLockProxy | None = None

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, waiting for it if need be; return whether it was taken."""
        return self._own_lock().acquire(blocking, timeout)

    def release(self) -> None:
        """Let the lock go."""
        self._own_lock().release()

    def wait(self, timeout: float | None = None) -> bool:
        """Let the lock go, wait until notified, take it again; return False if not in time.

        Also when the wait is interrupted the lock is taken again before this raises.
        """
        lock = self._own_lock()
        try:
            wait = milliseconds(timeout)
        except (OverflowError, TypeError, ValueError):
            if not lock._is_owned():
                raise RuntimeError("cannot wait on un-acquired lock") from None
            raise
        return self._wait(lock, wait)

    def wait_for(self, predicate: Callable[[], _Result], timeout: float | None = None) -> _Result:
        """Wait until the predicate, called here with the lock held, is true; return its result."""
        end = None if timeout is None else time.monotonic() + timeout
        result = predicate()
        while not result:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                break
            self.wait(left)
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """Wake n of those who wait, longest waiting first; RuntimeError without the lock."""
        if n < 1:
            if not self._own_lock()._is_owned():
                raise RuntimeError("cannot notify on un-acquired lock")
            return
        self._notify(n)

    def notify_all(self) -> None:
        """Wake all who wait; RuntimeError without the lock."""
        self._notify(0)

    def _own_lock(self) -> LockProxy | RLockProxy:
        if self._lock is None:
            self._lock = _inspect(self._client, self._name)[0]
        return self._lock

    def _wait(self, lock: LockProxy | RLockProxy, timeout_ms: int | None) -> bool:
        depth = self._client.depths.get((lock._name, _core.thread_id()), 1)
        try:
            notified, depth = _wait(self._client, self._name, timeout_ms)
        except LockLost:
            raise
        except (LockNotHeld, LockNotOwner) as error:
            raise reworded(error, "cannot wait on un-acquired lock") from None
        except BaseException as error:
            if not _did_not_happen(error):
                _take_back(lock, depth)
            raise
        _take_back(lock, depth)
        return bool(notified)

    def _notify(self, count: int) -> None:
        try:
            _notify(self._client, self._name, count)
        except LockLost:
            raise
        except (LockNotHeld, LockNotOwner) as error:
            raise reworded(error, "cannot notify on un-acquired lock") from None

    def _remote_repr(self) -> str:
        waiters = _inspect(self._client, self._name)[1]
        return f"<coheld condition {self._name!r} on {self._own_lock()}, {waiters} waiting>"


def _did_not_happen(error: BaseException) -> bool:
    return getattr(error, "reason", "") == "SESSION_REQUIRED" or (
        isinstance(error, ObjectNotFound) and error.reason == "OBJECT_NOT_FOUND"
    )


def _take_back(lock: LockProxy | RLockProxy, depth: int) -> None:
    # Who catches an interrupt around the wait goes on to release the lock, so it has to be there.
    interrupt: BaseException | None = None
    while True:
        try:
            lock._acquire_again(depth)
            break
        except Error:
            raise
        except BaseException as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt
