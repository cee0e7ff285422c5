"""What a manager makes: one method for each type of object."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, TypeVar

from coheld import _client, _core
from coheld._base import BaseProxy
from coheld._client import Client
from coheld._dict import DictProxy
from coheld._errors import constructor_error
from coheld._list import ListProxy
from coheld._lock import LockProxy
from coheld._queue import QueueProxy
from coheld._value import ValueProxy

_create_list = _core.method("List.Create", "name")
_create_dict = _core.method("Dict.Create", "name")
_create_value = _core.method("SharedValue.Create", "name")
_create_queue = _core.method("Queue.Create", "name")
_create_lock = _core.method("Lock.Create", "name")

# coheld.v1.QueueKind and coheld.v1.LockRelease.
_FIFO, _LIFO, _PRIORITY = 1, 2, 3
_RELEASE_ANYONE = 2

AnyProxy = TypeVar("AnyProxy", bound=BaseProxy)


class ObjectFactories:
    """Make objects of every type that the daemon knows; a manager inherits it."""

    _private: bool

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

    def Queue(self, maxsize: int = 0, *, name: str | None = None) -> QueueProxy:  # noqa: N802
        """Make a shared FIFO queue."""
        return self._queue(_FIFO, maxsize, name)

    #: Every queue is joinable.
    JoinableQueue = Queue

    def LifoQueue(self, maxsize: int = 0, *, name: str | None = None) -> QueueProxy:  # noqa: N802
        """Make a shared queue that gives the last item first."""
        return self._queue(_LIFO, maxsize, name)

    def PriorityQueue(  # noqa: N802
        self, maxsize: int = 0, *, name: str | None = None
    ) -> QueueProxy:
        """Make a shared queue that gives the smallest item first."""
        return self._queue(_PRIORITY, maxsize, name)

    def Lock(self, *, name: str | None = None) -> LockProxy:  # noqa: N802
        """Make a shared lock."""
        return self._adopt(LockProxy, self._started(), name, _create_lock, _RELEASE_ANYONE)

    def _queue(self, kind: int, maxsize: int, name: str | None) -> QueueProxy:
        return self._adopt(QueueProxy, self._started(), name, _create_queue, kind, maxsize)

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
        _client.delete_unreferenced(client)
        held = create(client, self._new_name() if name is None else name, *fields)
        proxy = proxy_type(client, held, manager=self)
        if name is None:
            proxy._own()
        return proxy

    def _new_name(self) -> str:
        # In a shared daemon the object is anonymous and ends with this process's session. In a
        # private one it lives as long as the daemon, whichever process made it, as in the stdlib.
        return f"auto/{os.getpid()}/{os.urandom(8).hex()}" if self._private else ""
