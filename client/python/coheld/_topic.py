"""The shared topic: what is published reaches everybody who is subscribed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from coheld import _core
from coheld._base import DataProxy, milliseconds
from coheld._errors import QueueEmpty, SubscriptionNotFound

_subscribe = _core.method("Topic.Subscribe", "subscription")
_unsubscribe = _core.method("Topic.Unsubscribe")
_publish = _core.method("Topic.Publish", "receivers")
_receive = _core.method("Topic.Receive", "values", "lost")
_inspect = _core.method("Topic.Inspect", "published", "subscriptions")

# coheld.v1.TopicPolicy.
_DROP_OLDEST, _REFUSE = 1, 2


class TopicProxy(DataProxy):
    """Stand for a topic in the daemon."""

    _type_word = "topic"
    _exposed_ = ("publish", "subscribe", "subscriptions")

    def publish(self, *values: Any) -> int:
        """Give the values to all subscriptions as one op; return how many there are.

        coheld.TopicFull, and nobody gets them, if one that loses nothing has no room.
        """
        receivers: int = _publish(self._client, self._name, values)
        return receivers

    def subscribe(self, buffer: int = 0, *, lossless: bool = False) -> Subscription:
        """Subscribe to what is published from now on.

        ``buffer`` is how many values may wait to be received (0: 1,024). When it is full the oldest
        are lost, which the subscription counts, or, if it is lossless, publish() fails.
        """
        policy = _REFUSE if lossless else _DROP_OLDEST
        return Subscription(self, _subscribe(self._client, self._name, buffer, policy))

    def subscriptions(self) -> int:
        """Return how many subscriptions there are."""
        return len(_inspect(self._client, self._name)[1])

    def _remote_repr(self) -> str:
        published, subscriptions = _inspect(self._client, self._name)
        return (
            f"<coheld topic {self._name!r}: {published} published, "
            f"{len(subscriptions)} subscriptions>"
        )


class Subscription:
    """Receive what is published on a topic; iterate over it, or get() values.

    It belongs to the process that made it, and ends with it, with close(), or with its ``with``
    block.
    """

    def __init__(self, topic: TopicProxy, number: int) -> None:
        """Make a subscription; programs get theirs from a topic."""
        self._topic = topic
        self._number = number
        self._closed = False
        self._received: deque[Any] = deque()
        topic._client.subscriptions[topic._name, number] = self
        #: How many values were lost because the buffer was full.
        self.lost = 0

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the next value; queue.Empty if there is none in time (in seconds)."""
        if not self._received:
            wait = milliseconds(timeout) if block else 0
            topic = self._topic
            values, lost = _receive(topic._client, topic._name, self._number, 0, wait)
            self.lost += lost
            self._received.extend(values)
        try:
            return self._received.popleft()
        except IndexError:
            raise QueueEmpty("nothing was published in time") from None

    def get_nowait(self) -> Any:
        """Return the next value; queue.Empty if there is none."""
        return self.get(False)

    def close(self) -> None:
        """End the subscription; who waits on it stops. May be called again."""
        if not self._closed:
            self._closed = True
            _unsubscribe(self._topic._client, self._topic._name, self._number)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over what is published, until the subscription is closed."""
        while True:
            try:
                yield self.get()
            except SubscriptionNotFound:
                return

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
