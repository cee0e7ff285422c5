"""The shared queues: FIFO, LIFO and priority; every one is joinable."""

from __future__ import annotations

import threading
import types
from collections.abc import Iterable
from typing import Any, ClassVar

from coheld import _core
from coheld._base import BaseProxy, milliseconds
from coheld._core import ABSENT
from coheld._errors import QueueEmpty, QueueFull

_sizes = _core.method("Queue.Len", "length", "maxsize")
_put = _core.method("Queue.Put")
_put_many = _core.method("Queue.PutMany")
_get = _core.method("Queue.Get", "value")
_get_many = _core.method("Queue.GetMany", "values")
_peek = _core.method("Queue.Peek", "value")
_task_done = _core.method("Queue.TaskDone")
_join = _core.method("Queue.Join", "joined")
_purge = _core.method("Queue.Purge", "removed")
_shutdown = _core.method("Queue.Shutdown")


class QueueProxy(BaseProxy):
    """Stand for a queue in the daemon.

    Waiting processes are served first come, first served; one that is killed or interrupted takes
    nothing with it. Timeouts are in seconds, counted by the daemon.
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
        length, maxsize = _sizes(self._client, self._name)
        return bool(0 < maxsize <= length)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item, waiting for room if need be; queue.Full if there is none in time."""
        if block and timeout is not None:
            self._put_timed(_put, item, timeout)
        else:
            _put(self._client, self._name, item, None if block else 0)

    def put_nowait(self, item: Any) -> None:
        """Add an item; queue.Full if there is no room."""
        _put(self._client, self._name, item, 0)

    def put_many(
        self, items: Iterable[Any], block: bool = True, timeout: float | None = None
    ) -> None:
        """Add all items as one op, waiting until all have room; queue.Full if not in time."""
        if block and timeout is not None:
            self._put_timed(_put_many, list(items), timeout)
        else:
            _put_many(self._client, self._name, list(items), None if block else 0)

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

    def _put_timed(self, method: Any, items: Any, timeout: float) -> None:
        if timeout < 0:
            if _sizes(self._client, self._name)[1] > 0:
                raise ValueError("'timeout' must be a non-negative number")
            timeout = 0  # As in the stdlib: a queue without a limit never looks at it.
        try:
            method(self._client, self._name, items, milliseconds(_capped(timeout)))
        except QueueFull:
            milliseconds(timeout)  # Too large a timeout is only an error when it comes to waiting.
            raise

    def _get_timed(self, method: Any, arguments: tuple[Any, ...], timeout: float) -> Any:
        if timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        try:
            return method(self._client, self._name, *arguments, milliseconds(_capped(timeout)))
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
