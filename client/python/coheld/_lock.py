"""The shared lock."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from coheld import _core
from coheld._base import BaseProxy, milliseconds

_acquire = _core.method("Lock.Acquire", "acquired", "token")
_release = _core.method("Lock.Release")
_inspect = _core.method("Lock.Inspect", "locked")


class LockProxy(BaseProxy):
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
        acquired, token = _acquire(self._client, self._name, _wait_ms(blocking, timeout))
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

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def _getvalue(self) -> Any:
        raise TypeError("a lock has no copy")

    def _remote_repr(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} coheld lock {self._name!r}>"


def _wait_ms(blocking: bool, timeout: float | None) -> int | None:
    if timeout is None or timeout == -1:
        return None if blocking else 0
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return milliseconds(timeout)
