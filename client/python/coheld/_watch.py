"""Watching an object: its changes in order, as the ops that made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from coheld import _core
from coheld._base import BaseProxy, milliseconds

_changes = _core.method("Watch.Changes", "changes", "version")

_PAGE = 100


@dataclass(frozen=True)
class Change:
    """Tell one change of an object."""

    #: The object's version after it.
    version: int
    #: The op, such as "List.Append"; "" for the end of a session, or of a wait, that changed it.
    op: str
    #: The op's fields beyond the object's name, as the protos call them.
    fields: dict[str, Any] = field(default_factory=dict)
    #: The id of the session whose op it was; 0 for a caller without one.
    session: int = 0


class Watch:
    """Iterate over the changes of an object, waiting for each.

    ``version`` is where it stands: ``coheld.watch(proxy, from_version=version)`` goes on from
    there, also in another process. coheld.Compacted tells that the changes after a version are not
    kept any more: read the object and watch it anew. coheld.ObjectNotFound tells that the object
    ended.
    """

    def __init__(self, proxy: BaseProxy, from_version: int | None = None) -> None:
        """Watch from a version that was seen, or from now on."""
        self._proxy = proxy
        self._pending: list[Change] = []
        if from_version is None:
            from_version = _changes(proxy._client, proxy._name)[1]
        #: The version of the last change that was given, or the one it started at.
        self.version: int = from_version
        self._read = self.version

    def next(self, timeout: float | None = None) -> Change | None:
        """Return the next change; None if there is none in time (in seconds)."""
        if not self._pending:
            proxy = self._proxy
            changes, self._read = _changes(
                proxy._client, proxy._name, self._read, _PAGE, milliseconds(timeout)
            )
            self._pending = [_change(proxy, change) for change in reversed(changes)]
        if not self._pending:
            return None
        change = self._pending.pop()
        self.version = change.version
        return change

    def __iter__(self) -> Iterator[Change]:
        while True:
            change = self.next()
            if change is not None:
                yield change

    def __next__(self) -> Change:
        return next(iter(self))


def watch(proxy: BaseProxy, from_version: int | None = None) -> Watch:
    """Watch an object's changes after a version, by default from now on."""
    return Watch(proxy, from_version)


def _change(proxy: BaseProxy, told: dict[str, Any]) -> Change:
    number, payload = told["method"], told["payload"]
    op, fields = _core.read_request(proxy._client, number, payload) if number else ("", {})
    fields.pop("name", None)
    return Change(told["version"], op, fields, told["session"])
