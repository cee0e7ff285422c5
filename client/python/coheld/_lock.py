"""The shared locks: Lock and RLock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import ClassVar

from coheld import _core
from coheld._base import BaseProxy, milliseconds
from coheld._errors import LockNotHeld, LockNotOwner, reworded
from coheld._stdlib import managers

_acquire = _core.method("Lock.Acquire", "acquired", "token")
_release = _core.method("Lock.Release")
_inspect = _core.method("Lock.Inspect", "locked")
_acquire_rlock = _core.method("RLock.Acquire", "acquired", "token", "depth")
_release_rlock = _core.method("RLock.Release", "depth")
_acquire_all = _core.method("Lock.AcquireAll", "acquired", "tokens")
_release_all = _core.method("Lock.ReleaseAll")
_inspect_rlock = _core.method("RLock.Inspect", "locked", "session", "thread", "depth")


class AcquirerProxy(BaseProxy, managers.AcquirerProxy):  # type: ignore[misc]
    """Be acquired and released, by name or by ``with``."""

    _exposed_: ClassVar[tuple[str, ...]] = ("acquire", "release")

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take it, waiting if need be; return whether it was taken."""
        raise NotImplementedError

    def release(self) -> None:
        """Let it go."""
        raise NotImplementedError

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class LockProxy(AcquirerProxy):
    """Stand for a lock in the daemon: first come, first served, and not re-entrant.

    As with threading.Lock, anyone may release it. When the process that holds it dies, the daemon
    releases it.
    """

    _type_word = "lock"
    _exposed_ = ("acquire", "release", "locked")
    _token = 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, waiting for it if need be; return whether it was taken.

        A timeout is in seconds; None and -1 wait for ever, 0 tries once.
        """
        acquired, token = _acquire(self._client, self._name, wait_ms(blocking, timeout))
        if acquired:
            self._token = token
        return bool(acquired)

    def release(self) -> None:
        """Let the lock go; RuntimeError if nobody holds it."""
        self._token = 0
        _release(self._client, self._name)

    def locked(self) -> bool:
        """Say whether anybody holds the lock."""
        locked: bool = _inspect(self._client, self._name)
        return locked

    @property
    def token(self) -> int:
        """Return the fencing token of the grant held through this proxy; 0 if it holds none.

        Tokens only grow. A store outside of coheld is safe from a stale holder if it refuses a
        token smaller than one it has seen.
        """
        return self._token

    def _remote_repr(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} coheld lock {self._name!r}>"

    def _is_owned(self) -> bool:
        # As threading.Condition sees it: anyone may release, so anyone may have acquired.
        return self.locked()

    def _acquire_again(self, depth: int) -> None:
        # With retake: if the connection broke, the wait may have been over before it began.
        self._token = _acquire(self._client, self._name, None, True)[1]


class RLockProxy(AcquirerProxy):
    """Stand for a re-entrant lock in the daemon: its owner may acquire it again.

    The owner is a thread of a process. When that process dies, the daemon releases the lock.
    """

    _type_word = "rlock"
    _exposed_ = ("acquire", "release", "locked")
    _token = 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, waiting for it if need be; return whether it was taken.

        A timeout is in seconds; None and -1 wait for ever, 0 tries once.
        """
        return self._take(wait_ms(blocking, timeout), 1)

    def release(self) -> None:
        """Let the lock go, once for each acquire; RuntimeError if this thread does not hold it."""
        try:
            depth = _release_rlock(self._client, self._name)
        except (LockNotHeld, LockNotOwner) as error:
            raise reworded(error, "cannot release un-acquired lock") from None
        self._note_depth(depth)

    def locked(self) -> bool:
        """Say whether anybody holds the lock."""
        locked: bool = _inspect_rlock(self._client, self._name)[0]
        return locked

    @property
    def token(self) -> int:
        """Return the fencing token of the grant held through this proxy; 0 if it holds none."""
        return self._token

    def _remote_repr(self) -> str:
        locked, session, thread, depth = _inspect_rlock(self._client, self._name)
        held = f"locked, owner={session}/{thread} count={depth}" if locked else "unlocked"
        return f"<{held} coheld rlock {self._name!r}>"

    def _take(self, timeout_ms: int | None, depth: int, retake: bool = False) -> bool:
        acquired, token, now = _acquire_rlock(self._client, self._name, timeout_ms, depth, retake)
        if acquired:
            self._token = token
            self._note_depth(now)
        return bool(acquired)

    def _note_depth(self, depth: int) -> None:
        # How deep this thread holds the lock: a wait on a condition that is cut off tells no one.
        depths, key = self._client.depths, (self._name, _core.thread_id())
        if depth:
            depths[key] = depth
        else:
            self._token = 0
            depths.pop(key, None)

    def _is_owned(self) -> bool:
        locked, session, thread, _ = _inspect_rlock(self._client, self._name)
        own = self._client.session()["id"], _core.thread_id()
        return bool(locked) and (session, thread) == own

    def _acquire_again(self, depth: int) -> None:
        self._take(None, depth, retake=True)


def wait_ms(blocking: bool, timeout: float | None) -> int | None:
    """Return how long to wait for a lock, by the rules of threading.Lock.acquire()."""
    if timeout is None or timeout == -1:
        return None if blocking else 0
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return milliseconds(timeout)


@contextmanager
def acquire_all(*locks: LockProxy | RLockProxy, timeout: float | None = None) -> Iterator[bool]:
    """Hold several locks at once: all or none, and never in a deadlock with others who do so.

    ``with coheld.acquire_all(a, b, timeout=5) as acquired:`` gives False, and holds none, when the
    timeout (in seconds) passed first. The locks are of one daemon; named ones have one ``{tag}``.
    """
    if not locks:
        yield True
        return
    client, names = locks[0]._client, [lock._name for lock in locks]
    if any(lock._client is not client for lock in locks):
        raise ValueError("locks of different daemons cannot be acquired at once")
    acquired, _ = _acquire_all(client, names[0], names[1:], milliseconds(timeout))
    try:
        if acquired:
            _note_depths(locks, 1)
        yield bool(acquired)
    finally:
        if acquired:
            _release_all(client, names[0], names[1:])
            _note_depths(locks, -1)


def _note_depths(locks: tuple[LockProxy | RLockProxy, ...], change: int) -> None:
    for lock in locks:
        if isinstance(lock, RLockProxy):
            known = lock._client.depths.get((lock._name, _core.thread_id()), 0)
            lock._note_depth(known + change)
