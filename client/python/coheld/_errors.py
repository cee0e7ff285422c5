"""The exceptions: one class for each failure, each also the builtin that the stdlib raises."""

from __future__ import annotations

import errno
import queue
import threading
from multiprocessing import AuthenticationError
from multiprocessing.managers import RemoteError
from typing import Any


class Error(Exception):
    """Be the base of all that coheld itself raises."""

    #: Why, in the daemon's words, such as "QUEUE_EMPTY".
    reason: str = "UNSPECIFIED"
    #: The canonical gRPC code that belongs to the reason.
    code: int = 2


class InvalidArgument(Error, ValueError):
    """Tell that a request was wrong in itself."""


class WrongType(Error, TypeError):
    """Tell that the name belongs to an object of another type."""


class ObjectNotFound(Error, RemoteError, LookupError):
    """Tell that the object is gone: deleted, or its creator's session ended."""


class ObjectExists(Error, ValueError):
    """Tell that the name is taken."""


class IndexOutOfRange(Error, IndexError):
    """Tell that a list has no such index."""


class ValueNotFound(Error, ValueError):
    """Tell that a list has no such item."""


class KeyNotFound(Error, KeyError):
    """Tell that a dict has no such key."""

    def __str__(self) -> str:
        """Return the message as it is; KeyError would quote it."""
        return str(self.args[0]) if self.args else ""


class AttributeNotFound(Error, AttributeError):
    """Tell that a namespace has no such attribute."""


class VersionMismatch(Error):
    """Tell that the object changed since its version was read; nothing was done."""


class NotOrderable(Error, TypeError):
    """Tell that values have no order among each other."""


class NotComparable(Error, TypeError):
    """Tell that only clients can compare the values; the package does and this stays inside."""


class NotHashable(Error, TypeError):
    """Tell that a key or set item is not hashable."""


class UnsupportedOperand(Error, TypeError):
    """Tell that the arithmetic is not defined for these types."""


class TypecodeMismatch(Error, TypeError):
    """Tell that a value is not of a typed value's kind."""


class Overflow(Error, OverflowError):
    """Tell that a number does not fit."""


class DivisionByZero(Error, ZeroDivisionError):
    """Tell that a number was divided by zero."""


class QueueEmpty(Error, queue.Empty):
    """Tell that a queue held nothing within the timeout."""


class QueueFull(Error, queue.Full):
    """Tell that a queue had no room within the timeout."""


class BarrierBroken(Error, threading.BrokenBarrierError):
    """Tell that a barrier is broken, or broke or was reset while the party waited."""


class QueueShutDown(Error, getattr(queue, "ShutDown", Exception)):  # type: ignore[misc]
    """Tell that a queue was shut down: it takes no more items, or has none left."""


class TopicFull(Error, queue.Full):
    """Tell that a subscription that refuses to lose anything has no room."""


class SubscriptionNotFound(Error, LookupError):
    """Tell that the session has no such subscription (any more)."""


class Compacted(Error):
    """Tell that the changes to go on watching with are gone: read the object and go on."""


class LeaseLost(Error, RuntimeError):
    """Tell that a leased item is not the caller's any more; somebody else may have it by now."""


class HostTaken(Error, RuntimeError):
    """Tell that another program serves the host."""


class HostNotAttached(Error, RuntimeError):
    """Tell that this program does not serve the host (any more)."""


class LockNotHeld(Error, RuntimeError):
    """Tell that a lock was released that nobody holds."""


class LockNotOwner(Error, RuntimeError):
    """Tell that a lock was released that somebody else holds."""


class LockLost(LockNotOwner):
    """Tell that the caller held the lock and lost it: its lease ended, or it was deleted."""


class GuardStale(Error, RuntimeError):
    """Tell that the object is guarded by a lock that the caller does not hold; nothing changed."""


class Deadlock(Error, RuntimeError):
    """Tell that the op would have waited for ever; the message names all who wait in the ring."""


class SessionExpired(Error, ConnectionResetError):
    """Tell that the session ended, and with it every lock that it held."""


class Unauthenticated(Error, AuthenticationError):
    """Tell that the daemon has a key that this client did not prove, or the other way round."""


class TooLarge(Error, ValueError):
    """Tell that a limit on sizes was passed."""


class TooMany(Error, RuntimeError):
    """Tell that a limit on counts was reached."""


class MemoryFull(Error, MemoryError):
    """Tell that the daemon has no memory for what the op would add; nothing changed."""


class DiskFull(Error, OSError):
    """Tell that the daemon's disk has no room for what the op would add; nothing changed."""


class Cancelled(Error):
    """Tell that the op was cancelled; it got nothing."""


class DeadlineExceeded(Error, TimeoutError):
    """Tell that the op's deadline passed; it got nothing."""


class NoJournal(Error, RuntimeError):
    """Tell that the daemon was started without a data directory."""


class CrossShard(Error, ValueError):
    """Tell that an op needs objects of several shards of the daemon: give them the same {tag}."""


class InternalError(Error, RuntimeError):
    """Tell of a defect in the daemon or in this package."""


class ConnectionLost(Error, EOFError, BrokenPipeError):
    """Tell that the daemon is gone; the op did not happen."""


class OutcomeUnknown(ConnectionLost):
    """Tell that the daemon went away during the op, which may or may not have happened."""


class HostGone(ConnectionLost):
    """Tell that the program that hosts the object is gone; the call may or may not have run."""


class ConnectFailed(ConnectionLost, ConnectionRefusedError, FileNotFoundError):
    """Tell that no connection to the daemon could be made."""


class UnsupportedValue(Error, TypeError):
    """Tell that a value has no form that is shared without pickle."""


class PickleRefused(Error, TypeError):
    """Tell that an object holds a pickle and this client may not decode any.

    ``codec`` and ``data`` are what the object holds, so that nothing taken from a queue is lost.
    """

    codec: str = "pickle"
    data: bytes = b""


_CLASSES: dict[str, type[Error]] = {
    "MALFORMED": InternalError,
    "UNKNOWN_METHOD": InternalError,
    "INVALID_ARGUMENT": InvalidArgument,
    "INVALID_NAME": InvalidArgument,
    "INVALID_VALUE": InvalidArgument,
    "WRONG_TYPE": WrongType,
    "OBJECT_NOT_FOUND": ObjectNotFound,
    "OBJECT_EXISTS": ObjectExists,
    "OBJECT_DELETED": ObjectNotFound,
    "INDEX_OUT_OF_RANGE": IndexOutOfRange,
    "VALUE_NOT_FOUND": ValueNotFound,
    "KEY_NOT_FOUND": KeyNotFound,
    "VERSION_MISMATCH": VersionMismatch,
    "NOT_ORDERABLE": NotOrderable,
    "NOT_COMPARABLE": NotComparable,
    "NOT_HASHABLE": NotHashable,
    "UNSUPPORTED_OPERAND": UnsupportedOperand,
    "SLICE_STEP_ZERO": InvalidArgument,
    "SLICE_SIZE_MISMATCH": InvalidArgument,
    "TYPECODE_MISMATCH": TypecodeMismatch,
    "OVERFLOW": Overflow,
    "DIVISION_BY_ZERO": DivisionByZero,
    "QUEUE_EMPTY": QueueEmpty,
    "QUEUE_FULL": QueueFull,
    "TASK_DONE_TOO_OFTEN": InvalidArgument,
    "LOCK_NOT_HELD": LockNotHeld,
    "LOCK_NOT_OWNER": LockNotOwner,
    "SESSION_REQUIRED": SessionExpired,
    "SESSION_EXPIRED": SessionExpired,
    "TOO_LARGE": TooLarge,
    "TOO_MANY": TooMany,
    "CANCELLED": Cancelled,
    "DEADLINE_EXCEEDED": DeadlineExceeded,
    "SHUTTING_DOWN": ConnectionLost,
    "SLOW_CONSUMER": ConnectionLost,
    "INTERNAL": InternalError,
    "SEMAPHORE_RELEASED_TOO_OFTEN": InvalidArgument,
    "BARRIER_BROKEN": BarrierBroken,
    "ATTRIBUTE_NOT_FOUND": AttributeNotFound,
    "HOST_GONE": HostGone,
    "HOST_TAKEN": HostTaken,
    "HOST_NOT_ATTACHED": HostNotAttached,
    "QUEUE_SHUT_DOWN": QueueShutDown,
    "TOPIC_FULL": TopicFull,
    "SUBSCRIPTION_NOT_FOUND": SubscriptionNotFound,
    "COMPACTED": Compacted,
    "UNAUTHENTICATED": Unauthenticated,
    "ALREADY_ACKNOWLEDGED": InternalError,
    "TAKEN_OVER": Cancelled,
    "LEASE_LOST": LeaseLost,
    "GUARD_STALE": GuardStale,
    "LOCK_LOST": LockLost,
    "DEADLOCK": Deadlock,
    "MEMORY_FULL": MemoryFull,
    "DISK_FULL": DiskFull,
    "SNAPSHOT_FAILED": Error,
    "NO_JOURNAL": NoJournal,
    "CROSS_SHARD": CrossShard,
    "CONNECT_FAILED": ConnectFailed,
    "CONNECTION_LOST": ConnectionLost,
    "OUTCOME_UNKNOWN": OutcomeUnknown,
    "INTERRUPTED": Cancelled,
}


def make_error(reason: str, code: int, message: str, system_error: int) -> Error:
    """Make the exception that belongs to the daemon's reason."""
    error = _CLASSES.get(reason, InternalError)(message)
    error.reason = reason
    error.code = code
    if isinstance(error, OSError):
        error.errno = errno.ENOSPC if isinstance(error, DiskFull) else system_error or None
        error.strerror = message
    return error


def reworded(error: Error, message: str) -> Error:
    """Make the same error with another message."""
    made = type(error)(message)
    made.reason, made.code = error.reason, error.code
    return made


def unsupported(value: object) -> UnsupportedValue:
    """Make the error for a value that only a codec could carry, where there is none."""
    return UnsupportedValue(
        f"cannot share a {type(value).__qualname__} without pickle: None, bool, int, float, str, "
        "bytes, list, tuple, dict and set (not their subclasses) and proxies go as they are; "
        "coheld.connect(address, allow_pickle=True) allows pickles, which is safe only if every "
        'user of this daemon is trusted, and codec="json", "cloudpickle" or "dill" names another '
        "codec"
    )


def pickle_refused(codec: str, data: bytes) -> PickleRefused:
    """Make the error for a pickle, of whatever codec, that this client may not decode."""
    error = PickleRefused(
        f"the daemon holds a {codec} of {len(data)} bytes here, and this connection does not "
        "decode those, as they can run any code: coheld.connect(address, allow_pickle=True) allows "
        "them, codec= names another codec; the undecoded bytes are in this exception's data"
    )
    error.codec, error.data = codec, data
    return error


def constructor_error(cause: Exception) -> RemoteError:
    """Make what the stdlib raises when making an object failed, but of the cause's class too."""
    return _remake(type(cause), cause.args)


_remote_kinds: dict[type[Exception], type[RemoteError]] = {}


def _remote_kind(kind: type[Exception]) -> type[RemoteError]:
    if kind not in _remote_kinds:

        def reduce(error: RemoteError) -> tuple[Any, ...]:
            return _remake, (kind, error.args)

        body = {"__module__": __name__, "__reduce__": reduce}
        _remote_kinds[kind] = type(f"Remote{kind.__name__}", (RemoteError, kind), body)
    return _remote_kinds[kind]


def _remake(kind: type[Exception], arguments: tuple[Any, ...]) -> RemoteError:
    return _remote_kind(kind)(*arguments)
