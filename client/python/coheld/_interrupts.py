"""What happens to an op that was done although a signal had stopped the wait for it.

Nobody will see its reply, so what it took is given back: to the next who waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coheld import _core
from coheld._core import Client

_release_all = _core.method("Lock.ReleaseAll")
_release_lock = _core.method("Lock.Release")
_release_rlock = _core.method("RLock.Release")
_release_semaphore = _core.method("Semaphore.Release")
_release_read_write_lock = _core.method("ReadWriteLock.Release")
_action_done = _core.method("Barrier.ActionDone")
_nack = _core.method("Queue.Nack")
_put = _core.method("Queue.Put")
_put_many = _core.method("Queue.PutMany")
_add_members = _core.method("SortedSet.Add")
_release_handle = _core.method("Object.Release")

Fields = tuple[Any, ...]


def give_back_what_was_taken(client: Client, method: str, fields: Fields, result: Any) -> None:
    """Undo an op by its name, its request's fields and its reply's, as the package reads them."""
    undo = _UNDO.get(method)
    if undo is not None:
        undo(client, fields, result)
    elif method.endswith(".Create") and isinstance(result, str) and result[:1] == "~":
        _release_handle(client, result)


def _release_one(release: Callable[..., Any]) -> Callable[[Client, Fields, Any], None]:
    def undo(client: Client, fields: Fields, result: Any) -> None:
        if result[0]:
            release(client, fields[0], result[1])

    return undo


def _undo_acquire_all(client: Client, fields: Fields, result: Any) -> None:
    if result[0]:
        _release_all(client, fields[0], fields[1])


def _undo_rlock(client: Client, fields: Fields, result: Any) -> None:
    if result[0]:
        _release_rlock(client, fields[0], fields[2] if len(fields) > 2 else 0)


def _undo_semaphore(client: Client, fields: Fields, result: Any) -> None:
    if result[0]:
        _release_semaphore(client, fields[0], fields[1])


def _undo_barrier(client: Client, fields: Fields, result: Any) -> None:
    if result[1]:  # It was to run the action.
        _action_done(client, fields[0], result[3], True)


def _undo_pop(client: Client, fields: Fields, result: Any) -> None:
    members = [(member["member"], member["score"]) for member in result]
    _add_members(client, fields[0], members, True)


def _undo_lease(client: Client, fields: Fields, result: Any) -> None:
    for delivery in result:
        _nack(client, fields[0], delivery["delivery"])


def _undo_receive(client: Client, fields: Fields, result: Any) -> None:
    subscription = client.subscriptions.get((fields[0], fields[1]))
    if subscription is not None:
        subscription._received.extend(result[0])
        subscription.lost += result[1]


_UNDO: dict[str, Callable[[Client, Fields, Any], None]] = {
    "Barrier.Wait": _undo_barrier,
    "Lock.Acquire": _release_one(_release_lock),
    "Lock.AcquireAll": _undo_acquire_all,
    "Queue.Get": lambda client, fields, result: _put(client, fields[0], result),
    "Queue.Lease": _undo_lease,
    "Queue.GetMany": lambda client, fields, result: _put_many(client, fields[0], result),
    "RLock.Acquire": _undo_rlock,
    "ReadWriteLock.AcquireRead": _release_one(_release_read_write_lock),
    "ReadWriteLock.AcquireWrite": _release_one(_release_read_write_lock),
    "Semaphore.Acquire": _undo_semaphore,
    "SortedSet.PopMax": _undo_pop,
    "SortedSet.PopMin": _undo_pop,
    "Topic.Receive": _undo_receive,
}
