"""Who holds what, and who waits for whom: what a manager's locks(), waits() and explain() tell."""

from __future__ import annotations

from typing import Any

from coheld import _core
from coheld._core import ABSENT, Client

_locks = _core.method("Admin.Locks", "objects", "done")
_waits = _core.method("Admin.Waits", "waits", "done")

_EXPLAINED = ("summary", "holders", "waiters", "chain", "deadlocked", "guard", "guard_holder")
_explain = _core.method("Admin.Explain", *_EXPLAINED)


def locks(client: Client) -> list[dict[str, Any]]:
    """Return what is held, each with those who hold it."""
    found: list[dict[str, Any]] = []
    done = False
    while not done:
        after = found[-1]["summary"]["name"] if found else ""
        page, done = _locks(client, "", 0, after)
        found += page
    return [{"name": line["summary"]["name"], "type": line["summary"]["type"],
             "holders": _plain(line["holders"])} for line in found]  # fmt: skip


def waits(client: Client) -> list[dict[str, Any]]:
    """Return the ops that wait, first come first, each with what keeps it waiting."""
    found: list[dict[str, Any]] = []
    done = False
    while not done:
        page, done = _waits(client, 0, found[-1]["waiter"]["call"] if found else 0)
        found += page
    return [_plain(line) for line in found]


def explain(client: Client, name: str) -> dict[str, Any]:
    """Return who holds an object, who waits for it, and what the holders themselves wait for."""
    told = dict(zip(_EXPLAINED, _explain(client, name)))
    summary = told.pop("summary")
    return {"name": summary["name"], "type": summary["type"], **_plain(told)}


def _plain(told: Any) -> Any:
    """Return it with None for what is absent."""
    if told is ABSENT:
        return None
    if isinstance(told, list):
        return [_plain(item) for item in told]
    if isinstance(told, dict):
        return {key: _plain(value) for key, value in told.items()}
    return told
