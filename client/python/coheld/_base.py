"""What all proxies share: identity, lifetime, pickling, copies, and the stdlib's generic calls."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from multiprocessing.managers import RemoteError
from typing import Any, ClassVar

from coheld import _client, _codecs, _core
from coheld._core import Client
from coheld._stdlib import managers

_set_durability = _core.method("Object.SetDurability")
_inspect = _core.method("Object.Inspect", "durability")
_guard = _core.method("Object.Guard")
_unguard = _core.method("Object.Unguard", "unguarded")

#: How many items iterators read ahead once they have gone beyond the first page.
LATER_PAGES = 10_000

# coheld.v1.Durability.
_LEVELS = {None: 0, "memory": 1, "async": 2, "sync": 3}

# What the stdlib calls types whose word does not tell.
_TYPEIDS = {
    "dict": "dict",
    "list": "list",
    "rlock": "RLock",
    "rwlock": "ReadWriteLock",
    "set": "set",
}


class BaseProxy(managers.BaseProxy):  # type: ignore[misc]  # Any: known to no type checker.
    """Stand for an object that the daemon holds.

    A proxy is a handle: copies of it, and those that were sent to other processes, stand for the
    same object. It compares by identity, as the stdlib's proxies do. An object without a name lives
    as long as proxies of it, in whatever process, or references to it in other objects.
    """

    _type_word: ClassVar[str]
    _exposed_: ClassVar[tuple[str, ...]] = ()
    #: What __reduce__ carries beyond the address and the name.
    _state_fields: ClassVar[tuple[str, ...]] = ()
    _counted = False

    def __init_subclass__(cls) -> None:
        """Tell the decoder which class stands for a type word; the first one does."""
        if "_type_word" in cls.__dict__:
            _client.register_proxy(cls._type_word, cls)

    def __init__(self, client: Client, name: str, manager: object = None) -> None:
        """Make a proxy; programs get theirs from a manager."""
        self._client = client
        self._name = name
        self._manager = manager  # Keeps a private daemon alive, as long as its proxies.
        if name[:1] == "~":
            client.born(name)
            self._counted = True

    @property
    def name(self) -> str:
        """Return the object's name, by which other programs reach it."""
        return self._name

    @property
    def durability(self) -> str | None:
        """Return the object's own level, as set by set_durability(); None if it has none."""
        number = _inspect(self._client, self._name)
        return next(level for level, value in _LEVELS.items() if value == number)

    def set_durability(self, level: str | None) -> None:
        """Say how safe what an op on the object did has to be before its answer comes.

        "sync" is on the disk; "async" survives the daemon's death; "memory" waits for nothing; None
        is the daemon's level. It is about the answer only: in the end everything is kept. A daemon
        without a data directory can do "memory" only: NoJournal.
        """
        if level not in _LEVELS:
            raise ValueError(f'a level is "memory", "async", "sync" or None, but this is {level!r}')
        _set_durability(self._client, self._name, _LEVELS[level])

    # At the end of the interpreter, when modules are empty, defaults are still there.
    def __del__(self, forget: Callable[[Client, str], None] = _client.forget_proxy) -> None:
        if self._counted:
            self._counted = False
            forget(self._client, self._name)

    def _mark_changed(self) -> None:
        # Tells iterators of this process, which read ahead, to look again.
        watched = self._client.watched
        if self._name in watched:
            watched[self._name] += 1

    def _getvalue(self) -> Any:
        """Return a copy of the object's value."""
        raise TypeError(f"a {self._type_word} has no copy")

    def _callmethod(
        self, methodname: str, args: tuple[Any, ...] = (), kwds: dict[str, Any] | None = None
    ) -> Any:
        """Call an exposed method by its name."""
        if methodname == "#GETVALUE":
            return self._getvalue()
        if methodname in ("__str__", "__repr__"):
            return self._remote_repr()
        if methodname not in self._exposed_:
            raise RemoteError(
                f"method {methodname!r} of a coheld {self._type_word} is not in exposed="
                f"{self._exposed_!r}"
            )
        return getattr(self, methodname)(*args, **(kwds or {}))

    def _remote_repr(self) -> str:
        return repr(self._getvalue())

    def __copy__(self) -> Any:
        made = type(self)(self._client, self._name, self._manager)
        made.__dict__.update(self._state())
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._getvalue()

    def __reduce__(self) -> tuple[Any, ...]:
        client = self._client
        if not _codecs.enclose(self):
            _client.lend(client, self._name)
        return _client.rebuild_proxy, (
            type(self),
            client.address,
            self._name,
            client.codec,
            client.patience,
            self._state(),
            _client.key_to_send(client),
            client.tls,
        )

    def _state(self) -> dict[str, Any]:
        return {field: self.__dict__.get(field) for field in self._state_fields}

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} object, typeid {_typeid(self._type_word)!r} at {id(self):#x}>"
        )

    def __str__(self) -> str:
        try:
            return self._remote_repr()
        except Exception:
            return repr(self)[:-1] + "; '__str__()' failed>"


class DataProxy(BaseProxy):
    """Stand for an object that holds data, which a lock can guard."""

    def guarded_by(self, lock: BaseProxy) -> None:
        """Let only the holder of a Lock, RLock or ReadWriteLock change the object from now on.

        A change by anyone else, in whatever language, is refused with GuardStale, and with LockLost
        by one who held the lock and lost it. Reads stay free.
        """
        guard(self, lock)

    def unguard(self) -> bool:
        """Let everybody change the object again; return whether it was guarded."""
        return unguard(self)


def guard(proxy: BaseProxy, lock: BaseProxy) -> None:
    """Let only the holder of a lock change an object."""
    _guard(proxy._client, proxy._name, lock._name)


def unguard(proxy: BaseProxy) -> bool:
    """Let everybody change an object again; return whether it was guarded."""
    unguarded: bool = _unguard(proxy._client, proxy._name)
    return unguarded


def _typeid(word: str) -> str:
    """Return what the stdlib calls a type."""
    return _TYPEIDS.get(word) or word.title().replace("_", "")


def halves(page: list[Any]) -> tuple[list[Any], list[Any]]:
    """Split what an iterator has of a page: after the first half it asks for the next page."""
    middle = len(page) // 2
    return page[:middle], page[middle:]


def milliseconds(seconds: float | None) -> int | None:
    """Return a timeout in the wire's unit, rounded up; None is for ever, a negative one 0."""
    if seconds is None:
        return None
    if seconds > threading.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    return max(0, math.ceil(seconds * 1000))


def span_ms(seconds: float | None) -> int:
    """Return a lease or delay in the wire's unit, rounded up; 0 and None are none."""
    if not seconds:
        return 0
    if seconds < 0:
        raise ValueError(f"a lease or delay is not negative, but this is {seconds}")
    return milliseconds(seconds) or 0


def first_try(timeout: float | None) -> int | None:
    """Return a timeout in the wire's unit, where one that is none is only an error after a try.

    When the try was in vain, ``milliseconds(timeout)`` raises the error.
    """
    try:
        return milliseconds(timeout)
    except (OverflowError, TypeError, ValueError):
        return 0


_client.install(BaseProxy)
