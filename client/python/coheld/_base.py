"""What all proxies share: identity, pickling, copies, and the stdlib's generic calls."""

from __future__ import annotations

import math
import threading
from multiprocessing.managers import RemoteError
from typing import Any, ClassVar

from coheld import _client
from coheld._core import Client
from coheld._stdlib import managers


class BaseProxy(managers.BaseProxy):  # type: ignore[misc]  # Any: known to no type checker.
    """Stand for an object that the daemon holds.

    A proxy is a handle: copies of it, and those that were sent to other processes, stand for the
    same object. It compares by identity, as the stdlib's proxies do.
    """

    _type_word: ClassVar[str]
    _exposed_: ClassVar[tuple[str, ...]] = ()
    #: What __reduce__ carries beyond the address and the name.
    _state_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Tell the decoder which class stands for a type word; the first one does."""
        if "_type_word" in cls.__dict__:
            _client.register_proxy(cls._type_word, cls)

    def __init__(self, client: Client, name: str, manager: object = None) -> None:
        """Make a proxy; programs get theirs from a manager."""
        self._client = client
        self._name = name
        self._manager = manager  # Keeps a private daemon alive, as long as its proxies.
        self._owned = False
        self._escaped = False

    @property
    def name(self) -> str:
        """Return the object's name, by which other programs reach it."""
        self._escaped = True
        return self._name

    def _own(self) -> None:
        # The only proxy of a new object without a name of its own: its end is the object's,
        # unless it was ever sent or forked.
        self._owned = True
        self._forks = _client.fork_count()

    def __del__(self) -> None:
        if not self.__dict__.get("_owned") or self._escaped:
            return
        if self._forks == _client.fork_count():
            self._client.unreferenced.append(self._name)

    def _mark_changed(self) -> None:
        # Tells iterators of this process, which read ahead, to look again.
        watched = self._client.watched
        if self._name in watched:
            watched[self._name] += 1

    def _getvalue(self) -> Any:
        """Return a copy of the object's value."""
        raise NotImplementedError

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

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._getvalue()

    def __reduce__(self) -> tuple[Any, ...]:
        self._escaped = True
        state = {field: self.__dict__.get(field) for field in self._state_fields}
        client = self._client
        return _client.rebuild_proxy, (
            type(self),
            client.address,
            self._name,
            client.codec,
            client.connect_timeout,
            state,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object, typeid {self._type_word!r} at {id(self):#x}>"

    def __str__(self) -> str:
        try:
            return self._remote_repr()
        except Exception:
            return repr(self)[:-1] + "; '__str__()' failed>"


def milliseconds(seconds: float | None) -> int | None:
    """Return a timeout in the wire's unit, rounded up; None is for ever."""
    if seconds is None:
        return None
    if seconds > threading.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    return max(0, math.ceil(seconds * 1000))


_client.install(BaseProxy)
