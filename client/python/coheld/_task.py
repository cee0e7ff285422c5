"""An item that a queue leased, and what is written together with its acknowledgement."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from coheld import _core
from coheld._base import BaseProxy, span_ms
from coheld._counter import CounterProxy
from coheld._dict import DictProxy
from coheld._errors import Error, LeaseLost
from coheld._list import ListProxy
from coheld._namespace import NamespaceProxy
from coheld._set import SetProxy
from coheld._sorted_set import SortedSetProxy
from coheld._topic import TopicProxy
from coheld._value import ValueProxy

if TYPE_CHECKING:
    from coheld._queue import QueueProxy

_ack = _core.method("Queue.Ack")
_nack = _core.method("Queue.Nack", "dead")
_extend = _core.method("Queue.Extend")
_complete = _core.method("Queue.Complete")

_set_many = _core.request("Dict.SetMany")
_increment_many = _core.request("Dict.IncrementMany")
_update_many = _core.request("Namespace.UpdateMany")
_extend_list = _core.request("List.Extend")
_add_members = _core.request("Set.Add")
_discard_members = _core.request("Set.Discard")
_add_scores = _core.request("SortedSet.Add")
_put_many = _core.request("Queue.PutMany")
_publish = _core.request("Topic.Publish")
_set_value = _core.request("SharedValue.Set")
_add_amount = _core.request("Counter.Add")

AnyTask = TypeVar("AnyTask", bound="Task")


class Task:
    """Hold an item of a queue for a time: made by ``queue.task()`` and ``queue.lease()``.

    ``with queue.task() as task:`` acknowledges the item at the block's end, and gives it back if
    the block raises. If this process dies first, or the visibility passes, the queue delivers the
    item again, before all others; after a number of deliveries it goes to the queue's dead letters.

    What ``set``, ``put``, ``append`` and so on write here is done together with the
    acknowledgement, as one op, all or nothing: whoever does the item again finds none of it done.
    Values are taken as they are at that call. The objects have the queue's shard (anonymous ones
    have any), and get one kind of write each.
    """

    def __init__(self, queue: QueueProxy, delivery: int, item: Any, attempt: int) -> None:
        """Make a task; programs get theirs from a queue."""
        self._queue = queue
        self._open = True
        self._writes: dict[str, tuple[int, bytes]] = {}
        self._amounts: dict[str, int] = {}
        self._kept: list[Any] = []  # What the writes refer to lives until they are done.
        #: The number of this delivery, unique and growing: a fencing token for other systems.
        self.delivery = delivery
        #: The item.
        self.item = item
        #: 1 for the item's first delivery, 2 for the second, ...
        self.attempt = attempt

    @property
    def open(self) -> bool:
        """Return whether it was neither acknowledged nor given back here yet."""
        return self._open

    def ack(self) -> None:
        """Tell that the item is done, with all that was written; LeaseLost if it is too late.

        If a write fails nothing was done, and the task is still open.
        """
        self._expect_open()
        place = self._queue._client, self._queue._name, self.delivery
        try:
            if self._writes:
                _complete(*place, list(self._writes.values()))
            else:
                _ack(*place)
        except LeaseLost:
            self._open = False
            raise
        self._open = False

    #: Acknowledge, with all that was written.
    complete = ack

    def nack(self, delay: float = 0) -> bool:
        """Give the item back, after a delay in seconds; return whether it became a dead letter."""
        self._expect_open()
        self._open = False
        place = self._queue._client, self._queue._name, self.delivery
        return bool(_nack(*place, span_ms(delay)))

    def extend(self, visibility: float | None) -> None:
        """Have the item for so many seconds from now on; None is while this process lives."""
        self._expect_open()
        place = self._queue._client, self._queue._name, self.delivery
        _extend(*place, span_ms(visibility))

    def set(self, target: DictProxy | NamespaceProxy, key: Any, value: Any) -> None:
        """Set an entry of a dict, or an attribute of a namespace."""
        if isinstance(target, NamespaceProxy):
            self._write(target, _update_many, [(key, value)])
        else:
            self._write(_of(DictProxy, target), _set_many, [(key, value)], self._refuses())

    def increment(self, target: DictProxy, key: Any, amount: Any = 1) -> None:
        """Add to a number in a dict; a missing one counts from 0."""
        self._write(_of(DictProxy, target), _increment_many, [(key, amount)], self._refuses())

    def append(self, target: ListProxy, value: Any) -> None:
        """Append to a list."""
        self._write(_of(ListProxy, target), _extend_list, [value])

    def add(
        self, target: SetProxy | CounterProxy | SortedSetProxy, value: Any, score: float = 0
    ) -> None:
        """Add a member to a set, one with a score to a sorted set, or an amount to a counter."""
        if isinstance(target, CounterProxy):
            amount = self._amounts.get(target._name, 0) + value
            self._replace(target, _add_amount, amount)
            self._amounts[target._name] = amount
        elif isinstance(target, SortedSetProxy):
            self._write(target, _add_scores, [(value, score)])
        else:
            self._write(_of(SetProxy, target), _add_members, [value], None, self._refuses())

    def discard(self, target: SetProxy, value: Any) -> None:
        """Take a member out of a set, if it is there."""
        self._write(_of(SetProxy, target), _discard_members, [value], None, self._refuses())

    def put(self, target: QueueProxy, item: Any) -> None:
        """Put into a queue, also into the task's own; if that is full, ack() fails."""
        self._write(_of(type(self._queue), target), _put_many, [item])

    def publish(self, target: TopicProxy, value: Any) -> None:
        """Publish on a topic."""
        self._write(_of(TopicProxy, target), _publish, [value])

    def assign(self, target: ValueProxy, value: Any) -> None:
        """Set a shared value."""
        self._replace(_of(ValueProxy, target), _set_value, value)

    def __enter__(self: AnyTask) -> AnyTask:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._open:
                self.ack()
        finally:
            if self._open:
                self._give_back()

    def __repr__(self) -> str:
        state = "open" if self._open else "closed"
        return f"<Task {self.delivery} of {self._queue._name!r}, attempt {self.attempt}, {state}>"

    def _give_back(self) -> None:
        with contextlib.suppress(Error):  # It is back already, or comes with the session's end.
            self.nack()

    def _refuses(self) -> bool:
        return self._queue._client.refuse_opaque

    def _expect_open(self) -> None:
        if not self._open:
            raise LeaseLost(f"delivery {self.delivery} was acknowledged or given back before")

    def _write(self, target: BaseProxy, request: Any, *fields: Any) -> None:
        """Buffer a write; more of the kind to the same object go with it."""
        before = self._writes.get(target._name)
        number, payload = self._request(target, request, *fields)
        # Serialised messages that follow each other are one, with the items of all.
        self._writes[target._name] = number, (before[1] if before else b"") + payload

    def _replace(self, target: BaseProxy, request: Any, value: Any) -> None:
        """Buffer a write in place of one before."""
        self._writes[target._name] = self._request(target, request, value)

    def _request(self, target: BaseProxy, request: Any, *fields: Any) -> tuple[int, bytes]:
        self._expect_open()
        client = self._queue._client
        if target._client is not client:
            raise ValueError("a task writes to objects of its queue's daemon only")
        number, payload = request(client, target._name, *fields)
        before = self._writes.get(target._name)
        if before is not None and before[0] != number:
            raise ValueError(f"a task does one kind of write to an object: {target!r} has another")
        self._kept.append((target, fields))
        return number, payload


def _of(kind: Any, target: Any) -> Any:
    if not isinstance(target, kind):
        raise TypeError(f"expected a {kind.__name__}, not {type(target).__name__}")
    return target
