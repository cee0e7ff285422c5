"""coheld: multiprocessing.Manager, served by a daemon in C++.

``coheld.Manager()`` starts a private daemon and returns a started manager with the API of the
stdlib's; ``coheld.connect(address)`` returns the same kind for a daemon that runs already.
"""

from multiprocessing.managers import BaseProxy, RemoteError, SharedMemoryManager, Token

from coheld._array import ArrayProxy
from coheld._barrier import BarrierProxy
from coheld._batch import Batch, Pending
from coheld._codecs import Opaque
from coheld._condition import ConditionProxy
from coheld._count_down_latch import CountDownLatchProxy
from coheld._counter import CounterProxy
from coheld._dict import MISSING, DictProxy
from coheld._errors import (
    AttributeNotFound,
    BarrierBroken,
    Cancelled,
    Compacted,
    ConnectFailed,
    ConnectionLost,
    CrossShard,
    DeadlineExceeded,
    Deadlock,
    DiskFull,
    DivisionByZero,
    Error,
    GuardStale,
    HostGone,
    HostNotAttached,
    HostTaken,
    IndexOutOfRange,
    InternalError,
    InvalidArgument,
    KeyNotFound,
    LeaseLost,
    LockLost,
    LockNotHeld,
    LockNotOwner,
    MemoryFull,
    NoJournal,
    NotHashable,
    NotOrderable,
    ObjectExists,
    ObjectNotFound,
    OutcomeUnknown,
    Overflow,
    PickleRefused,
    QueueEmpty,
    QueueFull,
    QueueShutDown,
    SessionExpired,
    SubscriptionNotFound,
    TooLarge,
    TooMany,
    TopicFull,
    TypecodeMismatch,
    Unauthenticated,
    UnsupportedOperand,
    UnsupportedValue,
    ValueNotFound,
    VersionMismatch,
    WrongType,
)
from coheld._event import EventProxy
from coheld._list import ListProxy
from coheld._lock import AcquirerProxy, LockProxy, RLockProxy, acquire_all, using_token
from coheld._manager import BaseManager, Manager, SyncManager, connect
from coheld._namespace import NamespaceProxy
from coheld._patch import patch, unpatch
from coheld._queue import QueueProxy
from coheld._read_write_lock import ReadWriteLockProxy
from coheld._semaphore import BoundedSemaphoreProxy, SemaphoreProxy
from coheld._set import SetProxy
from coheld._sorted_set import SortedSetProxy
from coheld._task import Task
from coheld._topic import Subscription, TopicProxy
from coheld._value import ValueProxy
from coheld._watch import Change, Watch, watch

__version__ = "0.1.0"

__all__ = [
    "MISSING",
    "AcquirerProxy",
    "ArrayProxy",
    "AttributeNotFound",
    "BarrierBroken",
    "BarrierProxy",
    "BaseManager",
    "BaseProxy",
    "Batch",
    "BoundedSemaphoreProxy",
    "Cancelled",
    "Change",
    "Compacted",
    "ConditionProxy",
    "ConnectFailed",
    "ConnectionLost",
    "CountDownLatchProxy",
    "CounterProxy",
    "CrossShard",
    "DeadlineExceeded",
    "Deadlock",
    "DictProxy",
    "DiskFull",
    "DivisionByZero",
    "Error",
    "EventProxy",
    "GuardStale",
    "HostGone",
    "HostNotAttached",
    "HostTaken",
    "IndexOutOfRange",
    "InternalError",
    "InvalidArgument",
    "KeyNotFound",
    "LeaseLost",
    "ListProxy",
    "LockLost",
    "LockNotHeld",
    "LockNotOwner",
    "LockProxy",
    "Manager",
    "MemoryFull",
    "NamespaceProxy",
    "NoJournal",
    "NotHashable",
    "NotOrderable",
    "ObjectExists",
    "ObjectNotFound",
    "Opaque",
    "OutcomeUnknown",
    "Overflow",
    "Pending",
    "PickleRefused",
    "QueueEmpty",
    "QueueFull",
    "QueueProxy",
    "QueueShutDown",
    "RLockProxy",
    "ReadWriteLockProxy",
    "RemoteError",
    "SemaphoreProxy",
    "SessionExpired",
    "SetProxy",
    "SharedMemoryManager",
    "SortedSetProxy",
    "Subscription",
    "SubscriptionNotFound",
    "SyncManager",
    "Task",
    "Token",
    "TooLarge",
    "TooMany",
    "TopicFull",
    "TopicProxy",
    "TypecodeMismatch",
    "Unauthenticated",
    "UnsupportedOperand",
    "UnsupportedValue",
    "ValueNotFound",
    "ValueProxy",
    "VersionMismatch",
    "Watch",
    "WrongType",
    "acquire_all",
    "connect",
    "patch",
    "unpatch",
    "using_token",
    "watch",
]
