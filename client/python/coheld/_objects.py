"""What a manager makes: one method for each type of object."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from coheld import _array, _core, _lifetime
from coheld._array import ArrayProxy
from coheld._barrier import BarrierProxy
from coheld._base import BaseProxy
from coheld._client import Client
from coheld._condition import ConditionProxy
from coheld._count_down_latch import CountDownLatchProxy
from coheld._counter import CounterProxy
from coheld._dict import DictProxy
from coheld._errors import constructor_error
from coheld._event import EventProxy
from coheld._list import ListProxy
from coheld._lock import LockProxy, RLockProxy
from coheld._namespace import NamespaceProxy
from coheld._queue import QueueProxy
from coheld._read_write_lock import ReadWriteLockProxy
from coheld._semaphore import BoundedSemaphoreProxy, SemaphoreProxy
from coheld._set import SetProxy
from coheld._sorted_set import SortedSetProxy
from coheld._topic import TopicProxy
from coheld._value import ValueProxy

_create_list = _core.method("List.Create", "name")
_create_dict = _core.method("Dict.Create", "name")
_create_value = _core.method("SharedValue.Create", "name")
_create_queue = _core.method("Queue.Create", "name")
_create_lock = _core.method("Lock.Create", "name")
_create_rlock = _core.method("RLock.Create", "name")
_create_semaphore = _core.method("Semaphore.Create", "name")
_create_event = _core.method("Event.Create", "name")
_create_condition = _core.method("Condition.Create", "name", "lock")
_create_barrier = _core.method("Barrier.Create", "name")
_create_read_write_lock = _core.method("ReadWriteLock.Create", "name")
_create_count_down_latch = _core.method("CountDownLatch.Create", "name")
_create_namespace = _core.method("Namespace.Create", "name")
_create_array = _core.method("Array.Create", "name")
_create_set = _core.method("Set.Create", "name")
_create_counter = _core.method("Counter.Create", "name")
_create_sorted_set = _core.method("SortedSet.Create", "name")
_create_topic = _core.method("Topic.Create", "name")

# coheld.v1.QueueKind and coheld.v1.LockRelease.
_FIFO, _LIFO, _PRIORITY = 1, 2, 3
_RELEASE_ANYONE = 2

AnyProxy = TypeVar("AnyProxy", bound=BaseProxy)
AnySemaphore = TypeVar("AnySemaphore", bound=SemaphoreProxy)


class ObjectFactories:
    """Make objects of every type that the daemon knows; a manager inherits it."""

    def _started(self) -> Client:
        """Return the client; AssertionError before start() and after shutdown()."""
        raise NotImplementedError

    def list(self, sequence: Iterable[Any] = (), /, *, name: str | None = None) -> ListProxy:
        """Make a shared list."""
        client = self._started()
        try:
            items = list(sequence)
        except Exception as error:
            raise constructor_error(error) from error
        return self._adopt(ListProxy, client, name, _create_list, items)

    def dict(self, /, *args: Any, name: str | None = None, **kwds: Any) -> DictProxy:
        """Make a shared dict, with the arguments of dict.

        An entry whose key is "name" goes into a mapping: ``m.dict({"name": ...})``.
        """
        client = self._started()
        try:
            plain = (arg._getvalue() if isinstance(arg, DictProxy) else arg for arg in args)
            entries = dict(*plain, **kwds)
        except Exception as error:
            raise constructor_error(error) from error
        return self._adopt(DictProxy, client, name, _create_dict, entries)

    def Value(  # noqa: N802
        self,
        typecode: Any,
        value: Any,
        lock: bool = True,
        *,
        typed: bool = False,
        name: str | None = None,
    ) -> ValueProxy:
        """Make a shared value.

        As in the stdlib, the typecode is only a label and the lock is not used; ``typed=True`` has
        the daemon hold all writes to the typecode's type and range.
        """
        enforced = typecode if typed else ""
        proxy = self._adopt(ValueProxy, self._started(), name, _create_value, enforced, value)
        proxy._typecode = typecode
        return proxy

    def Queue(  # noqa: N802
        self,
        maxsize: int = 0,
        *,
        name: str | None = None,
        deliveries_max: int = 0,
        dead_letters: QueueProxy | str = "",
    ) -> QueueProxy:
        """Make a shared FIFO queue.

        An item that was leased ``deliveries_max`` times (0: 20) in vain goes to ``dead_letters``,
        by default a queue of its own: see QueueProxy.dead_letters().
        """
        return self._queue(_FIFO, maxsize, name, deliveries_max, dead_letters)

    #: Every queue is joinable.
    JoinableQueue = Queue

    def LifoQueue(  # noqa: N802
        self,
        maxsize: int = 0,
        *,
        name: str | None = None,
        deliveries_max: int = 0,
        dead_letters: QueueProxy | str = "",
    ) -> QueueProxy:
        """Make a shared queue that gives the last item first."""
        return self._queue(_LIFO, maxsize, name, deliveries_max, dead_letters)

    def PriorityQueue(  # noqa: N802
        self,
        maxsize: int = 0,
        *,
        name: str | None = None,
        deliveries_max: int = 0,
        dead_letters: QueueProxy | str = "",
    ) -> QueueProxy:
        """Make a shared queue that gives the smallest item first."""
        return self._queue(_PRIORITY, maxsize, name, deliveries_max, dead_letters)

    def Lock(self, *, name: str | None = None) -> LockProxy:  # noqa: N802
        """Make a shared lock."""
        return self._adopt(LockProxy, self._started(), name, _create_lock, _RELEASE_ANYONE)

    def RLock(self, *, name: str | None = None) -> RLockProxy:  # noqa: N802
        """Make a shared re-entrant lock."""
        return self._adopt(RLockProxy, self._started(), name, _create_rlock)

    def Semaphore(self, value: int = 1, *, name: str | None = None) -> SemaphoreProxy:  # noqa: N802
        """Make a shared semaphore."""
        return self._semaphore(SemaphoreProxy, value, False, name)

    def BoundedSemaphore(  # noqa: N802
        self, value: int = 1, *, name: str | None = None
    ) -> BoundedSemaphoreProxy:
        """Make a shared semaphore that refuses to be released above its value."""
        return self._semaphore(BoundedSemaphoreProxy, value, True, name)

    def Condition(  # noqa: N802
        self, lock: LockProxy | RLockProxy | None = None, *, name: str | None = None
    ) -> ConditionProxy:
        """Make a shared condition variable over a shared lock, by default an RLock of its own."""
        if lock is not None and not isinstance(lock, (LockProxy, RLockProxy)):
            wrong = TypeError(f"a condition takes a shared Lock or RLock, not {lock!r}")
            raise constructor_error(wrong)
        made: list[Any] = []

        def create(client: Client, name: str) -> Any:
            made[:] = _create_condition(client, name, lock._name if lock is not None else "")
            return made[0]

        proxy = self._adopt(ConditionProxy, self._started(), name, create)
        proxy._lock = made[1]
        return proxy

    def Event(self, *, name: str | None = None) -> EventProxy:  # noqa: N802
        """Make a shared event."""
        return self._adopt(EventProxy, self._started(), name, _create_event)

    def Barrier(  # noqa: N802
        self,
        parties: int,
        action: Callable[[], Any] | None = None,
        timeout: float | None = None,
        *,
        name: str | None = None,
    ) -> BarrierProxy:
        """Make a shared barrier; the action runs in the party that completes a round."""
        client = self._started()
        if parties < 1:
            raise constructor_error(ValueError("parties must be > 0"))
        proxy = self._adopt(BarrierProxy, client, name, _create_barrier, parties)
        proxy._action, proxy._timeout = action, timeout
        return proxy

    def ReadWriteLock(self, *, name: str | None = None) -> ReadWriteLockProxy:  # noqa: N802
        """Make a shared read-write lock."""
        return self._adopt(ReadWriteLockProxy, self._started(), name, _create_read_write_lock)

    def CountDownLatch(  # noqa: N802
        self, count: int, *, name: str | None = None
    ) -> CountDownLatchProxy:
        """Make a shared latch that opens when it was counted down so often."""
        client = self._started()
        if count < 0:
            raise constructor_error(ValueError("count must be >= 0"))
        return self._adopt(CountDownLatchProxy, client, name, _create_count_down_latch, count)

    def Namespace(self, /, *args: Any, **attributes: Any) -> NamespaceProxy:  # noqa: N802
        """Make a shared namespace with these attributes; named_namespace() gives it a name."""
        return self._namespace(None, args, attributes)

    def named_namespace(self, name: str, /, **attributes: Any) -> NamespaceProxy:
        """Make, or find, the shared namespace of a name."""
        return self._namespace(name, (), attributes)

    def Array(  # noqa: N802
        self,
        typecode: str,
        sequence: Any,
        lock: bool = True,
        *,
        shape: Iterable[int] | None = None,
        name: str | None = None,
    ) -> ArrayProxy:
        """Make a shared array with the items of array.array(typecode, sequence).

        As in the stdlib, the lock is not used. ``shape`` gives it more dimensions than one; a
        buffer of more dimensions, such as a numpy array, brings its own.
        """
        client = self._started()
        try:
            fields = _array.pack(typecode, sequence, shape)
        except Exception as error:
            raise constructor_error(error) from error
        return self._adopt(ArrayProxy, client, name, _create_array, *fields)

    def set(self, iterable: Iterable[Any] = (), /, *, name: str | None = None) -> SetProxy:
        """Make a shared set."""
        client = self._started()
        try:
            values = list(dict.fromkeys(iterable))  # Each once, by Python's own equality.
        except Exception as error:
            raise constructor_error(error) from error
        return self._adopt(SetProxy, client, name, _create_set, values)

    def Counter(self, initial: int = 0, *, name: str | None = None) -> CounterProxy:  # noqa: N802
        """Make a shared 64-bit counter."""
        return self._adopt(CounterProxy, self._started(), name, _create_counter, initial)

    def SortedSet(  # noqa: N802
        self,
        scores: Mapping[Any, float] | Iterable[tuple[Any, float]] = (),
        *,
        name: str | None = None,
    ) -> SortedSetProxy:
        """Make a shared sorted set of members with scores."""
        pairs = list(scores.items() if isinstance(scores, Mapping) else scores)
        return self._adopt(SortedSetProxy, self._started(), name, _create_sorted_set, pairs)

    def Topic(self, *, name: str | None = None) -> TopicProxy:  # noqa: N802
        """Make a shared topic, to publish on and to subscribe to."""
        return self._adopt(TopicProxy, self._started(), name, _create_topic)

    def _semaphore(
        self, proxy_type: type[AnySemaphore], value: int, bounded: bool, name: str | None
    ) -> AnySemaphore:
        client = self._started()
        if value < 0:
            raise constructor_error(ValueError("semaphore initial value must be >= 0"))
        return self._adopt(proxy_type, client, name, _create_semaphore, value, bounded)

    def _namespace(self, name: str | None, args: Any, attributes: Any) -> NamespaceProxy:
        client = self._started()
        if args:
            wrong = TypeError(f"Namespace() takes only keyword arguments, not {len(args)} others")
            raise constructor_error(wrong)
        pairs = builtins.list(attributes.items())
        return self._adopt(NamespaceProxy, client, name, _create_namespace, pairs)

    def _queue(
        self,
        kind: int,
        maxsize: int,
        name: str | None,
        deliveries_max: int,
        dead_letters: QueueProxy | str,
    ) -> QueueProxy:
        letters = dead_letters if isinstance(dead_letters, str) else dead_letters.name
        fields = kind, maxsize, False, deliveries_max, letters
        return self._adopt(QueueProxy, self._started(), name, _create_queue, *fields)

    def _adopt(
        self,
        proxy_type: type[AnyProxy],
        client: Client,
        name: str | None,
        create: Any,
        *fields: Any,
    ) -> AnyProxy:
        if name == "":
            raise ValueError("an object's name must not be empty: leave it out for one without")
        held = create(client, name or "", *fields)
        proxy = proxy_type(client, held, manager=self)
        _lifetime.received(client, held)
        return proxy
