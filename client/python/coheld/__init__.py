"""coheld: multiprocessing.Manager, served by a daemon in C++.

``coheld.Manager()`` starts a private daemon and returns a started manager with the API of the
stdlib's; ``coheld.connect(address)`` returns the same kind for a daemon that runs already.
"""

from multiprocessing.managers import BaseProxy, RemoteError, SharedMemoryManager, Token

from coheld._codecs import Opaque
from coheld._dict import MISSING, DictProxy
from coheld._errors import (
    BarrierBroken,
    Cancelled,
    ConnectFailed,
    ConnectionLost,
    DeadlineExceeded,
    DivisionByZero,
    Error,
    HostGone,
    HostNotAttached,
    HostTaken,
    IndexOutOfRange,
    InternalError,
    InvalidArgument,
    KeyNotFound,
    LockNotHeld,
    LockNotOwner,
    NotHashable,
    NotOrderable,
    ObjectExists,
    ObjectNotFound,
    OutcomeUnknown,
    Overflow,
    PickleRefused,
    QueueEmpty,
    QueueFull,
    SessionExpired,
    TooLarge,
    TooMany,
    TypecodeMismatch,
    UnsupportedOperand,
    UnsupportedValue,
    ValueNotFound,
    VersionMismatch,
    WrongType,
)
from coheld._list import ListProxy
from coheld._lock import LockProxy
from coheld._manager import BaseManager, Manager, SyncManager, connect
from coheld._patch import patch, unpatch
from coheld._queue import QueueProxy
from coheld._value import ValueProxy

__version__ = "0.1.0"

__all__ = [
    "MISSING",
    "BarrierBroken",
    "BaseManager",
    "BaseProxy",
    "Cancelled",
    "ConnectFailed",
    "ConnectionLost",
    "DeadlineExceeded",
    "DictProxy",
    "DivisionByZero",
    "Error",
    "HostGone",
    "HostNotAttached",
    "HostTaken",
    "IndexOutOfRange",
    "InternalError",
    "InvalidArgument",
    "KeyNotFound",
    "ListProxy",
    "LockNotHeld",
    "LockNotOwner",
    "LockProxy",
    "Manager",
    "NotHashable",
    "NotOrderable",
    "ObjectExists",
    "ObjectNotFound",
    "Opaque",
    "OutcomeUnknown",
    "Overflow",
    "PickleRefused",
    "QueueEmpty",
    "QueueFull",
    "QueueProxy",
    "RemoteError",
    "SessionExpired",
    "SharedMemoryManager",
    "SyncManager",
    "Token",
    "TooLarge",
    "TooMany",
    "TypecodeMismatch",
    "UnsupportedOperand",
    "UnsupportedValue",
    "ValueNotFound",
    "ValueProxy",
    "VersionMismatch",
    "WrongType",
    "connect",
    "patch",
    "unpatch",
]
