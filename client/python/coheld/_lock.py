"""The shared locks: Lock and RLock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, ClassVar

from coheld import _core
from coheld._base import BaseProxy, milliseconds, span_ms
from coheld._core import ABSENT
from coheld._errors import LockLost, LockNotHeld, LockNotOwner, reworded
from coheld._stdlib import managers

_acquire = _core.method("Lock.Acquire", "acquired", "token", "owner_died", "holder")
_release = _core.method("Lock.Release")
_renew = _core.method("Lock.Renew")
_inspect = _core.method("Lock.Inspect", "locked", "token")
_acquire_rlock = _core.method("RLock.Acquire", "acquired", "token", "owner_died", "holder", "depth")
_renew_rlock = _core.method("RLock.Renew")
_release_rlock = _core.method("RLock.Release", "depth")
_acquire_all = _core.method("Lock.AcquireAll", "acquired", "tokens", "owner_died")
_release_all = _core.method("Lock.ReleaseAll")
_inspect_rlock = _core.method("RLock.Inspect", "locked", "session", "thread", "depth", "token")


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


class BlockedProxy(BaseProxy):
    """Tell who held the object when an acquire of it was in vain."""

    _holder: dict[str, Any] | None = None

    @property
    def holder(self) -> dict[str, Any] | None:
        """Return who held it when the last acquire() through this proxy timed out, else None."""
        return self._holder

    def _note_holder(self, holder: Any) -> None:
        self._holder = None if holder is ABSENT else holder


class OwnedProxy(AcquirerProxy, BlockedProxy):
    """Be held by one owner, who can lose it: what Lock and RLock share."""

    _token = 0
    _owner_died = False

    @property
    def token(self) -> int:
        """Return the fencing token of the grant held through this proxy; 0 if it holds none.

        Tokens only grow. A store outside of coheld is safe from a stale holder if it refuses a
        token smaller than one it has seen.
        """
        return self._token

    @property
    def owner_died(self) -> bool:
        """Return whether the owner before the one that this proxy made died, or its lease ended.

        Then what the lock protects may be half-done. It is told to one owner only, the next.
        """
        return self._owner_died

    @property
    def lost(self) -> bool:
        """Ask the daemon whether the grant held through this proxy ended without a release.

        So it does with its lease, or with the session when this process was cut off for too long.
        Whoever lost a lock also learns it by LockLost, from its next op with it.
        """
        return self._token not in (0, self._current_token())

    def _current_token(self) -> int:
        raise NotImplementedError

    def _note(self, acquired: bool, token: int, owner_died: bool, holder: Any) -> bool:
        self._note_holder(holder)
        if acquired:
            self._token, self._owner_died = token, owner_died
        return acquired


class LockProxy(OwnedProxy):
    """Stand for a lock in the daemon: first come, first served, and not re-entrant.

    As with threading.Lock, anyone may release it. When the process that holds it dies, the daemon
    releases it.
    """

    _type_word = "lock"
    _exposed_ = ("acquire", "release", "locked")

    def acquire(
        self, blocking: bool = True, timeout: float | None = None, *, lease: float = 0
    ) -> bool:
        """Take the lock, waiting for it if need be; return whether it was taken.

        A timeout is in seconds; None and -1 wait for ever, 0 tries once. With a lease the lock is
        let go by itself after so many seconds, unless renew() comes first.
        """
        wait = wait_ms(blocking, timeout)
        return self._note(*_acquire(self._client, self._name, wait, False, span_ms(lease)))

    def renew(self, lease: float) -> None:
        """Hold it for so many seconds from now, 0 is without end; LockLost if it is too late."""
        _renew(self._client, self._name, self._token, span_ms(lease))

    def release(self) -> None:
        """Let the lock go; RuntimeError if nobody holds it."""
        self._token = 0
        _release(self._client, self._name)

    def locked(self) -> bool:
        """Say whether anybody holds the lock."""
        locked: bool = _inspect(self._client, self._name)[0]
        return locked

    def _remote_repr(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} coheld lock {self._name!r}>"

    def _is_owned(self) -> bool:
        # As threading.Condition sees it: anyone may release, so anyone may have acquired.
        return self.locked()

    def _current_token(self) -> int:
        token: int = _inspect(self._client, self._name)[1]
        return token

    def _acquire_again(self, depth: int) -> None:
        # With retake: if the connection broke, the wait may have been over before it began.
        self._note(*_acquire(self._client, self._name, None, True))


class RLockProxy(OwnedProxy):
    """Stand for a re-entrant lock in the daemon: its owner may acquire it again.

    The owner is a thread of a process. When that process dies, the daemon releases the lock.
    """

    _type_word = "rlock"
    _exposed_ = ("acquire", "release", "locked")

    def acquire(
        self, blocking: bool = True, timeout: float | None = None, *, lease: float = 0
    ) -> bool:
        """Take the lock, waiting for it if need be; return whether it was taken.

        A timeout is in seconds; None and -1 wait for ever, 0 tries once. With a lease the lock is
        let go by itself after so many seconds, unless renew() comes first; going deeper leaves it.
        """
        return self._take(wait_ms(blocking, timeout), 1, False, span_ms(lease))

    def renew(self, lease: float) -> None:
        """Hold it for so many seconds from now, 0 is without end; LockLost if it is too late."""
        _renew_rlock(self._client, self._name, self._token, span_ms(lease))

    def release(self) -> None:
        """Let the lock go, once for each acquire; RuntimeError if this thread does not hold it."""
        try:
            depth = _release_rlock(self._client, self._name)
        except LockLost:
            self._note_depth(0)
            raise
        except (LockNotHeld, LockNotOwner) as error:
            raise reworded(error, "cannot release un-acquired lock") from None
        self._note_depth(depth)

    def locked(self) -> bool:
        """Say whether anybody holds the lock."""
        locked: bool = _inspect_rlock(self._client, self._name)[0]
        return locked

    def _current_token(self) -> int:
        token: int = _inspect_rlock(self._client, self._name)[4]
        return token

    def _remote_repr(self) -> str:
        locked, session, thread, depth, _ = _inspect_rlock(self._client, self._name)
        held = f"locked, owner={session}/{thread} count={depth}" if locked else "unlocked"
        return f"<{held} coheld rlock {self._name!r}>"

    def _take(
        self, timeout_ms: int | None, depth: int, retake: bool = False, lease_ms: int = 0
    ) -> bool:
        *grant, now = _acquire_rlock(self._client, self._name, timeout_ms, depth, retake, lease_ms)
        acquired = self._note(*grant)
        if acquired:
            self._note_depth(now)
        return acquired

    def _note_depth(self, depth: int) -> None:
        # How deep this thread holds the lock: a wait on a condition that is cut off tells no one.
        depths, key = self._client.depths, (self._name, _core.thread_id())
        if depth:
            depths[key] = depth
        else:
            self._token = 0
            depths.pop(key, None)

    def _is_owned(self) -> bool:
        locked, session, thread, *_ = _inspect_rlock(self._client, self._name)
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
def acquire_all(
    *locks: LockProxy | RLockProxy, timeout: float | None = None, lease: float = 0
) -> Iterator[bool]:
    """Hold several locks at once: all or none, and never in a deadlock with others who do so.

    ``with coheld.acquire_all(a, b, timeout=5) as acquired:`` gives False, and holds none, when the
    timeout (in seconds) passed first. The locks are of one daemon; named ones have one ``{tag}``.
    A lease is each lock's, as in acquire().
    """
    if not locks:
        yield True
        return
    client, names = locks[0]._client, [lock._name for lock in locks]
    if any(lock._client is not client for lock in locks):
        raise ValueError("locks of different daemons cannot be acquired at once")
    acquired, tokens, died = _acquire_all(
        client, names[0], names[1:], milliseconds(timeout), span_ms(lease)
    )
    try:
        if acquired:
            for lock, token in zip(locks, tokens):
                lock._note(True, token, lock._name in died, ABSENT)
            _note_depths(locks, 1)
        yield bool(acquired)
    finally:
        if acquired:
            _release_all(client, names[0], names[1:])
            _note_depths(locks, -1)


def using_token(token: int) -> AbstractContextManager[None]:
    """Let this thread change guarded objects by the token of another who holds their lock.

    ``with coheld.using_token(token):`` is for who works on behalf of the holder, in another thread
    or process: ``token`` is the holder's ``lock.token``. Once the lock is lost, changes by its
    token are refused with GuardStale.
    """
    return _core.UsingToken(token)


def _note_depths(locks: tuple[LockProxy | RLockProxy, ...], change: int) -> None:
    for lock in locks:
        if isinstance(lock, RLockProxy):
            known = lock._client.depths.get((lock._name, _core.thread_id()), 0)
            lock._note_depth(known + change)
