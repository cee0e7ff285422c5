"""The shared event: a flag that many wait for."""

from __future__ import annotations

from coheld import _core
from coheld._base import BaseProxy, first_try, milliseconds
from coheld._stdlib import managers

_is_set = _core.method("Event.IsSet", "set")
_set = _core.method("Event.Set")
_clear = _core.method("Event.Clear")
_wait = _core.method("Event.Wait", "set")


class EventProxy(BaseProxy, managers.EventProxy):  # type: ignore[misc]
    """Stand for an event in the daemon.

    set() wakes all who wait at that moment, also when clear() follows at once.
    """

    _type_word = "event"
    _exposed_ = ("is_set", "set", "clear", "wait")

    def is_set(self) -> bool:
        """Say whether the flag is set."""
        flag: bool = _is_set(self._client, self._name)
        return flag

    def set(self) -> None:
        """Set the flag and wake all who wait."""
        _set(self._client, self._name)

    def clear(self) -> None:
        """Clear the flag."""
        _clear(self._client, self._name)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set; return False if the timeout (in seconds) passed first."""
        flag: bool = _wait(self._client, self._name, first_try(timeout))
        if not flag and timeout is not None:
            milliseconds(timeout)  # Too large a timeout is only an error when it comes to waiting.
        return flag

    def _remote_repr(self) -> str:
        return f"<coheld event {self._name!r}: {'set' if self.is_set() else 'unset'}>"
