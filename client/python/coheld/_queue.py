"""The shared queues: FIFO, LIFO and priority; every one is joinable."""

from __future__ import annotations

import threading
import types
from collections.abc import Iterable
from typing import Any, ClassVar

from coheld import _core
from coheld._base import DataProxy, milliseconds, span_ms
from coheld._core import ABSENT
from coheld._errors import QueueEmpty, QueueFull
from coheld._lifetime import hold
from coheld._task import Task

_sizes = _core.method("Queue.Len", "length", "maxsize", "delayed")
_dead_letter = _core.method("Queue.Len", "dead_letter")
_put = _core.method("Queue.Put", "duplicate")
_put_many = _core.method("Queue.PutMany", "duplicate")
_get = _core.method("Queue.Get", "value")
_get_many = _core.method("Queue.GetMany", "values")
_lease = _core.method("Queue.Lease", "deliveries")
_peek = _core.method("Queue.Peek", "value")
_task_done = _core.method("Queue.TaskDone")
_join = _core.method("Queue.Join", "joined")
_purge = _core.method("Queue.Purge", "removed")
_shutdown = _core.method("Queue.Shutdown")


class QueueProxy(DataProxy):
    """Stand for a queue in the daemon.

    Waiting processes are served first come, first served; one that is killed or interrupted takes
    nothing with it. Timeouts are in seconds, counted by the daemon. What get() returns is taken for
    good; task() and lease() bring it back if whoever took it dies before it is done.
    """

    _type_word = "queue"
    _exposed_ = (
        "empty", "full", "get", "get_nowait", "join", "put", "put_nowait", "qsize", "task_done",
        "shutdown",
    )  # fmt: skip

    def qsize(self) -> int:
        """Return the number of items."""
        length: int = _sizes(self._client, self._name)[0]
        return length

    def empty(self) -> bool:
        """Say whether there are no items."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Say whether there is no room."""
        length, maxsize, delayed = _sizes(self._client, self._name)
        return bool(0 < maxsize <= length + delayed)

    def put(
        self,
        item: Any,
        block: bool = True,
        timeout: float | None = None,
        *,
        delay: float = 0,
        dedup_key: str = "",
    ) -> bool | None:
        """Add an item, waiting for room if need be; queue.Full if there is none in time.

        Nobody gets it before ``delay`` seconds have passed. With a ``dedup_key`` it is not put if
        an item with that key was, among the last 100,000 or in the last 5 minutes; then, and only
        then, this returns whether it was put.
        """
        return self._add(_put, item, block, timeout, delay, dedup_key)

    def put_nowait(self, item: Any) -> None:
        """Add an item; queue.Full if there is no room."""
        _put(self._client, self._name, item, 0)

    def put_many(
        self,
        items: Iterable[Any],
        block: bool = True,
        timeout: float | None = None,
        *,
        delay: float = 0,
        dedup_key: str = "",
    ) -> bool | None:
        """Add all items as one op, waiting until all have room; queue.Full if not in time."""
        return self._add(_put_many, list(items), block, timeout, delay, dedup_key)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Remove and return an item, waiting for one if need be; queue.Empty if none in time."""
        if block and timeout is not None:
            return self._get_timed(_get, (), timeout)
        return _get(self._client, self._name, None if block else 0)

    def get_nowait(self) -> Any:
        """Remove and return an item; queue.Empty if there is none."""
        return _get(self._client, self._name, 0)

    def get_many(
        self, limit: int = 0, block: bool = True, timeout: float | None = None
    ) -> list[Any]:
        """Remove and return up to `limit` items (0: all), waiting for the first one."""
        if block and timeout is not None:
            values: list[Any] = self._get_timed(_get_many, (limit,), timeout)
        else:
            values = _get_many(self._client, self._name, limit, None if block else 0)
        return values

    def task(self, timeout: float | None = None, visibility: float | None = None) -> Task:
        """Take an item for as long as a ``with`` block lasts, waiting for one if need be.

        The block's end acknowledges it; an exception in it, or the death of this process, brings
        the item back, before all others. With a visibility it comes back after so many seconds,
        too. queue.Empty if there is none within the timeout. See Task for what a task can write.
        """
        return self.lease(True, timeout, visibility)

    def lease(
        self, block: bool = True, timeout: float | None = None, visibility: float | None = None
    ) -> Task:
        """Take an item for a time: until ack() or nack(), or the visibility (in seconds) is over.

        Without a visibility it comes back when this process ends, or is cut off for too long.
        """
        return self.lease_many(1, block, timeout, visibility)[0]

    def lease_many(
        self,
        limit: int,
        block: bool = True,
        timeout: float | None = None,
        visibility: float | None = None,
    ) -> list[Task]:
        """Take up to `limit` items for a time, waiting for the first one."""
        if limit < 1:
            raise ValueError(f"lease_many() takes a limit of at least 1, not {limit}")
        further = span_ms(visibility), limit
        if block and timeout is not None:
            taken = self._get_timed(_lease, (), timeout, further)
        else:
            taken = _lease(self._client, self._name, None if block else 0, *further)
        return [Task(self, got["delivery"], got["value"], got["attempt"]) for got in taken]

    def dead_letters(self) -> QueueProxy | None:
        """Return the queue to which items go that were delivered too often in vain.

        None for the queue without a name that there is not before the first dead letter.
        """
        name = _dead_letter(self._client, self._name)
        if not name:
            return None
        found = type(self)(self._client, name, self._manager)
        hold(self._client, name)
        return found

    def peek(self) -> Any:
        """Return the item that get() would return, leaving it there; queue.Empty if none."""
        value = _peek(self._client, self._name)
        if value is ABSENT:
            raise QueueEmpty("the queue is empty")
        return value

    def purge(self) -> int:
        """Remove all items, which count as finished; return how many they were."""
        removed: int = _purge(self._client, self._name)
        return removed

    def task_done(self, count: int = 1) -> None:
        """Tell that items taken before are finished; ValueError if there were not so many."""
        if count < 1:
            raise ValueError(f"task_done() takes a count of at least 1, not {count}")
        _task_done(self._client, self._name, count)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until every item put was told finished; return False if the timeout passed."""
        joined: bool = _join(self._client, self._name, milliseconds(timeout))
        return joined

    def shutdown(self, immediate: bool = False) -> None:
        """Close the queue for good: put() fails, and get() too once it is empty (QueueShutDown).

        If immediate, its items are removed, and count as finished.
        """
        _shutdown(self._client, self._name, immediate)

    def _add(
        self,
        method: Any,
        items: Any,
        block: bool,
        timeout: float | None,
        delay: float,
        dedup_key: str,
    ) -> bool | None:
        further = (span_ms(delay), dedup_key) if delay or dedup_key else ()
        if block and timeout is not None:
            duplicate = self._put_timed(method, items, timeout, further)
        else:
            duplicate = method(self._client, self._name, items, None if block else 0, *further)
        return not duplicate if dedup_key else None

    def _put_timed(self, method: Any, items: Any, timeout: float, further: tuple[Any, ...]) -> bool:
        if timeout < 0:
            if _sizes(self._client, self._name)[1] > 0:
                raise ValueError("'timeout' must be a non-negative number")
            timeout = 0  # As in the stdlib: a queue without a limit never looks at it.
        wait = milliseconds(_capped(timeout))
        try:
            duplicate: bool = method(self._client, self._name, items, wait, *further)
            return duplicate
        except QueueFull:
            milliseconds(timeout)  # Too large a timeout is only an error when it comes to waiting.
            raise

    def _get_timed(
        self,
        method: Any,
        arguments: tuple[Any, ...],
        timeout: float,
        further: tuple[Any, ...] = (),
    ) -> Any:
        if timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        wait = milliseconds(_capped(timeout))
        try:
            return method(self._client, self._name, *arguments, wait, *further)
        except QueueEmpty:
            milliseconds(timeout)
            raise

    def _getvalue(self) -> Any:
        raise TypeError("a queue has no copy: take its items with get()")

    def _remote_repr(self) -> str:
        return f"<coheld queue {self._name!r} of {self.qsize()} items>"

    __class_getitem__: ClassVar[Any] = classmethod(types.GenericAlias)


def _capped(timeout: float) -> float:
    # One that cannot be waited for becomes a single try.
    return 0 if timeout > threading.TIMEOUT_MAX else timeout
