"""Hosting: serve objects of this program to all clients of a daemon.

One thread takes the calls from the daemon. Each calling thread of each client has a thread here
that runs its calls, as in the stdlib's server, so that locks and thread-local state mean the same.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coheld import _core, _lifetime, _registry
from coheld._base import BaseProxy
from coheld._client import Client
from coheld._errors import (
    ConnectFailed,
    ConnectionLost,
    HostNotAttached,
    HostTaken,
    ObjectExists,
    SessionExpired,
)
from coheld._hosted import HostedHandle
from coheld._registry import Registry
from coheld._stdlib import managers, util

_create = _core.method("Host.Create", "name")
_attach = _core.method("Host.Attach")
_detach = _core.method("Host.Detach")
_take = _core.method("Host.Take", "calls", "dropped", "cancelled")
_answer = _core.method("Host.Answer")
_create_hosted = _core.method("Hosted.Create", "name", "created")
_is_served = _core.method("Hosted.Inspect", "served")
_delete = _core.method("Admin.Delete")

#: A caller's thread that had nothing to do for so long may end, in seconds,
IDLE_TIMEOUT = 60.0
#: if there are more than so many threads.
IDLE_CALLERS_MAX = 64


@dataclass
class _Target:
    object: Any
    exposed: frozenset[str]
    method_to_typeid: dict[str, str]


class _Caller:
    """A thread of a client, and what it waits for here."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.running = 0


class Hosting:
    """Serve one host of a daemon with objects of this process."""

    def __init__(
        self, client: Client, name: str, registry: Registry, standard: Callable[..., Any]
    ) -> None:
        """Attach to the host, making it if need be; an empty name makes an anonymous one.

        ``standard(typeid, *args)`` makes an object of a type that the daemon itself holds.
        HostTaken if another program serves it.
        """
        self._client = client
        self._registry = registry
        self._standard = standard
        self._targets: dict[str, _Target] = {}
        self._target_count = 0
        self._prefix = os.urandom(6).hex()  # No target of an earlier program is taken for ours.
        self._callers: dict[tuple[int, int], _Caller] = {}
        self._mutex = threading.Lock()
        self._finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.pid = os.getpid()
        self.stopped = threading.Event()
        self.name: str = _create(client, name)
        _attach(client, self.name)

    def start(self) -> None:
        """Serve in threads of their own."""
        for target in (self._serve, self._dispose):
            threading.Thread(target=target, name=f"coheld-{target.__name__}", daemon=True).start()

    def stop(self) -> None:
        """Serve no more: calls that are not answered fail at once."""
        self.stopped.set()
        with contextlib.suppress(ConnectionLost, HostNotAttached):
            _detach(self._client, self.name)

    def host(
        self,
        instance: Any,
        typeid: str,
        exposed: Any = None,
        method_to_typeid: dict[str, str] | None = None,
        name: str = "",
    ) -> HostedHandle:
        """Serve an object; return the handle of what stands for it in the daemon."""
        exposed = tuple(managers.public_methods(instance) if exposed is None else exposed)
        exposed += tuple(method_to_typeid or ())
        with self._mutex:
            self._target_count += 1
            target = f"{self._prefix}-{self._target_count}"
            self._targets[target] = _Target(instance, frozenset(exposed), method_to_typeid or {})
        held = self._hold(name, target, typeid, exposed)
        handle = HostedHandle(self._client, held).describe(self.name, target, typeid, exposed)
        _lifetime.received(self._client, held)
        return handle

    def _hold(self, name: str, target: str, typeid: str, exposed: tuple[str, ...]) -> str:
        fields = self._client, name, self.name, target, typeid, exposed
        held, created = _create_hosted(*fields)
        if not created and not _is_served(self._client, held):
            _delete(self._client, held)
            held, created = _create_hosted(*fields)
        if not created:
            del self._targets[target]
            raise ObjectExists(f"another program serves an object by the name {name!r}")
        return str(held)

    def _serve(self) -> None:
        try:
            while not self.stopped.is_set():
                self._take_calls()
        except (ConnectionLost, HostTaken) as error:
            util.info("hosting ended: %s", error)
        finally:
            self.stopped.set()

    def _take_calls(self) -> None:
        try:
            calls, dropped, cancelled = _take(self._client, self.name, 0)
        except ConnectFailed:
            raise
        except (ConnectionLost, HostNotAttached, SessionExpired):
            return self._attach_again()
        for target in dropped:
            self._finished.put(self._targets.pop(target, None))
        if cancelled:
            self._let_go_of(cancelled)
        for call in calls:
            self._hand_over(call)
        return None

    def _attach_again(self) -> None:
        # Calls may be lost with the reply that told of them: detaching makes them fail.
        with contextlib.suppress(HostNotAttached):
            _detach(self._client, self.name)
        _create(self._client, self.name)
        _attach(self._client, self.name)

    def _dispose(self) -> None:
        # What an object does at its end may take long, and must not hold up calls.
        while True:
            self._finished.get()

    def _hand_over(self, call: dict[str, Any]) -> None:
        who = call["session"], call["thread"]
        with self._mutex:
            caller = self._callers.get(who)
            if caller is None:
                caller = self._callers[who] = _Caller()
                name = f"coheld-caller-{who[0]}-{who[1]}"
                threading.Thread(
                    target=self._serve_caller, args=(who, caller), name=name, daemon=True
                ).start()
            caller.calls.put(call)

    def _let_go_of(self, cancelled: list[int]) -> None:
        # What a caller left runs on, but must not hold up what the same caller does next.
        with self._mutex:
            for who, caller in list(self._callers.items()):
                if caller.running in cancelled:
                    del self._callers[who]
                    caller.calls.put(None)

    def _serve_caller(self, who: tuple[int, int], caller: _Caller) -> None:
        while True:
            try:
                call = caller.calls.get(timeout=IDLE_TIMEOUT)
            except queue.Empty:
                if self._may_end(who, caller):
                    return
                continue
            if call is None:
                return
            caller.running = call["number"]
            try:
                self._run(call)
            except (ConnectionLost, HostNotAttached) as error:
                util.info("an answer found no taker: %s", error)
            caller.running = 0
            del call

    def _may_end(self, who: tuple[int, int], caller: _Caller) -> bool:
        with self._mutex:
            if not caller.calls.empty() or len(self._callers) <= IDLE_CALLERS_MAX:
                return False
            del self._callers[who]
            return True

    def _run(self, call: dict[str, Any]) -> None:
        raised, result = self._outcome(call)
        number = call["number"]
        try:
            _answer(self._client, self.name, number, raised, result)
            return
        except (ConnectionLost, HostNotAttached):
            raise
        except Exception as error:
            failure = error
        if raised and result[0] == "#ERROR":
            plain = _plain_error(*result[1:])
            try:
                _answer(self._client, self.name, number, True, plain)
                return
            except (TypeError, ValueError):  # What the error carries has no form either.
                pass
        text = "".join(traceback.format_exception(type(failure), failure, failure.__traceback__))
        _answer(self._client, self.name, number, True, ("#UNSERIALIZABLE", None, text))

    def _outcome(self, call: dict[str, Any]) -> tuple[bool, Any]:
        """Run a call; return whether it raised, and what it returned or raised."""
        try:
            args = _core.decode_value(self._client, call["arguments"])
            kwds = _core.decode_value(self._client, call["keywords"])
            if not call["target"]:
                return False, self._make(call["method"], args, kwds)
            target = self._targets.get(call["target"])
            if target is None:
                return True, ("#GONE", None, "the program that hosted this object has ended")
            if call["method"] not in target.exposed:
                return False, _fallback(target, call["method"])
        except Exception:
            return True, ("#TRACEBACK", None, traceback.format_exc())
        return self._perform(target, call["method"], args, kwds)

    def _perform(self, target: _Target, method: str, args: Any, kwds: Any) -> tuple[bool, Any]:
        try:
            function = getattr(target.object, method)
        except AttributeError:
            return True, ("#TRACEBACK", None, traceback.format_exc())
        try:
            result = function(*args, **kwds)
        except Exception as error:
            text = traceback.format_exc()
            error.__traceback__ = None  # It would keep the call's variables alive.
            return True, ("#ERROR", error, text)
        typeid = target.method_to_typeid.get(method)
        if typeid is None:
            return False, result
        try:
            return False, self._make(typeid, (result,), {})
        except Exception:
            return True, ("#TRACEBACK", None, traceback.format_exc())

    def _make(self, typeid: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        """Make an object of a registered type."""
        entry = self._registry.get(typeid) or _registry.STANDARD[typeid]
        callable, exposed, method_to_typeid, _ = entry
        standard = _registry.standard_typeid(entry)
        if standard is not None:
            made = self._standard(standard, args, kwds)
            if made is not None:
                return made
        if callable is None:
            if kwds or len(args) != 1:
                raise ValueError("Without callable, must have one non-keyword argument")
            instance = args[0]
        else:
            instance = callable(*args, **kwds)
        if isinstance(instance, BaseProxy) and exposed is None:
            return instance  # The daemon holds it: nobody needs to go through this program.
        return self.host(instance, typeid, exposed, method_to_typeid)


def _fallback(target: _Target, method: str) -> Any:
    """Do what every object can be asked, exposed or not."""
    if method == "#GETVALUE":
        return target.object
    if method == "__str__":
        return str(target.object)
    if method == "__repr__":
        return repr(target.object)
    raise AttributeError(
        f"method {method!r} of {type(target.object)!r} object is not in "
        f"exposed={sorted(target.exposed)!r}"
    )


def _plain_error(error: Exception, text: str) -> tuple[Any, ...]:
    """Describe an error without pickle, if it is a builtin one."""
    name = type(error).__name__
    if getattr(builtins, name, None) is type(error) or getattr(queue, name, None) is type(error):
        return "#BUILTIN", (name, error.args), text
    return "#TRACEBACK", None, text
