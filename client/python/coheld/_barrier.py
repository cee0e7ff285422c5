"""The shared barrier."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from coheld import _core
from coheld._base import BaseProxy, milliseconds
from coheld._errors import BarrierBroken, Error, OutcomeUnknown
from coheld._stdlib import managers

_wait = _core.method("Barrier.Wait", "index", "run_action", "timed_out", "token")
_action_done = _core.method("Barrier.ActionDone")
_abort = _core.method("Barrier.Abort")
_reset = _core.method("Barrier.Reset")
_inspect = _core.method("Barrier.Inspect", "parties", "waiting", "broken")


class BarrierProxy(BaseProxy, managers.BarrierProxy):  # type: ignore[misc]
    """Stand for a barrier in the daemon: parties wait until all of them are there.

    A party that dies, is interrupted or has waited too long breaks it for all:
    threading.BrokenBarrierError. The action runs in the party that completes the round, if that
    party's proxy carries it, as copies that were pickled or inherited do.
    """

    _type_word = "barrier"
    _exposed_ = ("__getattribute__", "wait", "abort", "reset")
    _state_fields = ("_action", "_timeout")
    _action: Callable[[], Any] | None = None
    _timeout: float | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the other parties; return this one's place in the round, 0 to parties-1.

        A timeout is in seconds, by default the barrier's own.
        """
        wait = milliseconds(self._timeout if timeout is None else timeout)
        try:
            index, run_action, timed_out, token = _wait(
                self._client, self._name, wait, self._action is not None
            )
        except OutcomeUnknown:
            with contextlib.suppress(Error):
                self.abort()  # This party may have arrived, and will not answer.
            raise
        if timed_out:
            raise BarrierBroken("the timeout passed before all parties were there")
        if run_action:
            self._run_action(token)
        place: int = index
        return place

    def abort(self) -> None:
        """Break the barrier, for who waits and who comes, until reset()."""
        _abort(self._client, self._name)

    def reset(self) -> None:
        """Mend the barrier; those who wait get BrokenBarrierError."""
        _reset(self._client, self._name)

    @property
    def parties(self) -> int:
        """Return how many parties make a round."""
        parties: int = _inspect(self._client, self._name)[0]
        return parties

    @property
    def n_waiting(self) -> int:
        """Return how many parties wait now."""
        waiting: int = _inspect(self._client, self._name)[1]
        return waiting

    @property
    def broken(self) -> bool:
        """Say whether the barrier is broken."""
        broken: bool = _inspect(self._client, self._name)[2]
        return broken

    def _run_action(self, token: int) -> None:
        done = False
        try:
            if self._action is not None:
                self._action()
            done = True
        finally:
            _action_done(self._client, self._name, token, not done)

    def _remote_repr(self) -> str:
        parties, waiting, broken = _inspect(self._client, self._name)
        state = "broken" if broken else f"waiters={waiting}/{parties}"
        return f"<coheld barrier {self._name!r}: {state}>"
