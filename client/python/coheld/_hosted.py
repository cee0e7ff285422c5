"""Hosted objects seen by their users: proxies of the stdlib's classes, called through the daemon.

An object of a registered class lives in a Python program, its host. Its proxies are of the very
classes of multiprocessing.managers, so that proxy types which were written for the stdlib work.
What they take for a connection to their server is a `Link`.
"""

from __future__ import annotations

import builtins
import queue
import xmlrpc.client
from typing import Any

from coheld import _client, _core, _registry
from coheld._base import BaseProxy
from coheld._client import Client
from coheld._errors import HostGone, ObjectNotFound
from coheld._stdlib import managers, pool

_inspect = _core.method("Hosted.Inspect", "host", "target", "type_id", "exposed")
_call = _core.method("Host.Call", "raised", "result")

#: The host of the program that started the daemon.
MANAGER_HOST = "python/manager"

# What proxies of hosted objects carry as the stdlib's serializer.
PICKLE, XML = "coheld", "coheld-xmlrpclib"


class HostedHandle(BaseProxy):
    """Hold a hosted object, for as long as proxies of it live."""

    _state_fields = ("host", "target", "typeid", "exposed")

    host: str
    target: str
    typeid: str
    exposed: tuple[str, ...]

    def describe(self, host: str, target: str, typeid: str, exposed: Any) -> HostedHandle:
        """Tell what it stands for."""
        self.host, self.target, self.typeid, self.exposed = host, target, typeid, tuple(exposed)
        return self


class HostedId(str):
    """Be the id in a hosted proxy's token, and keep the handle while there is such a token."""

    handle: HostedHandle

    def __reduce__(self) -> tuple[Any, ...]:
        return make_id, (self.handle,)


def make_id(handle: HostedHandle) -> HostedId:
    """Return the id of a token for a hosted object."""
    ident = HostedId(handle._name)
    ident.handle = handle
    return ident


def make_proxy(handle: HostedHandle, manager: Any = None, serializer: str = PICKLE) -> Any:
    """Return a proxy of the type that is registered for a hosted object."""
    handle._manager = manager  # Keeps a private daemon alive.
    registry = manager._registry if manager is not None else None
    token = managers.Token(handle.typeid, handle._client.address, make_id(handle))
    proxytype = _registry.proxy_type(handle.typeid, registry)
    authkey = manager._authkey if manager is not None else None
    return proxytype(token, serializer, manager=manager, authkey=authkey, exposed=handle.exposed)


def find(client: Client, name: str) -> HostedHandle:
    """Return a handle of a hosted object that is only known by its name."""
    return HostedHandle(client, name).describe(*_inspect(client, name))


def open_hosted(client: Client, name: str) -> Any:
    """Return a proxy of what a value refers to."""
    return make_proxy(find(client, name))


def call_host(
    client: Client, host: str, target: str, method: str, args: Any = (), kwds: Any = None
) -> Any:
    """Call a method in a host; return its result, or raise what it raised."""
    try:
        raised, result = _call(client, host, target, method, tuple(args), kwds or {})
    except ObjectNotFound as error:
        raise HostGone(f"the program that hosted this object has ended: {error}") from error
    if not raised:
        return result
    kind, payload, text = result
    if kind == "#GONE":
        raise HostGone(text)
    if kind == "#ERROR":
        payload.__cause__ = pool.RemoteTraceback(text)
        raise payload
    if kind == "#BUILTIN":
        raise _builtin_error(*payload) from pool.RemoteTraceback(text)
    raise managers.convert_to_error(kind, text)


def _builtin_error(name: str, args: tuple[Any, ...]) -> BaseException:
    kind = getattr(builtins, name, None) or getattr(queue, name)
    error: BaseException = kind(*args)
    return error


class Link:
    """Be to the stdlib's proxies what a connection to their manager's server is."""

    serializer = PICKLE

    def __init__(self, address: Any, family: str | None = None, authkey: bytes | None = None):
        """Connect to nothing: the calls find their client in the id that they carry."""
        self._reply: tuple[str, Any] = ("#RETURN", None)

    def send(self, request: tuple[Any, str, tuple[Any, ...], dict[str, Any]]) -> None:
        """Make a call; recv() tells how it ended."""
        ident, method, args, kwds = request
        if ident is None:
            self._reply = ("#RETURN", self._manage(method, args))
        elif isinstance(ident, HostedId):
            self._reply = self._call(ident.handle, method, args, kwds)
        else:
            raise TypeError(f"{ident!r} is no hosted object of coheld")

    def recv(self) -> tuple[str, Any]:
        """Return the reply as a server of the stdlib sends it."""
        reply, self._reply = self._reply, ("#RETURN", None)
        return reply

    def close(self) -> None:
        """Do nothing: the client's connections are its own."""

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _manage(self, method: str, args: tuple[Any, ...]) -> Any:
        # The handle counts references; the stdlib's proxies need not.
        return args[0].id.handle.exposed if method == "get_methods" else None

    def _call(
        self, handle: HostedHandle, method: str, args: Any, kwds: dict[str, Any]
    ) -> tuple[str, Any]:
        try:
            result = call_host(handle._client, handle.host, handle.target, method, args, kwds)
        except Exception as error:
            return "#ERROR", error
        return "#RETURN", self._adopted(result, handle._manager)

    def _adopted(self, result: Any, manager: Any) -> Any:
        """Give a proxy that a call returned the manager of the object that was called."""
        if manager is None or not isinstance(result, (managers.BaseProxy, BaseProxy)):
            return result
        handle = _client.handle_of(result)
        if handle is not None:
            return make_proxy(handle, manager, self.serializer)
        if isinstance(result, BaseProxy):
            result._manager = manager
        return result


class XmlLink(Link):
    """Carry what XML-RPC can carry, in the shape that it gives it."""

    serializer = XML

    def send(self, request: tuple[Any, str, tuple[Any, ...], dict[str, Any]]) -> None:
        """Make a call with values as XML-RPC would make them."""
        ident, method, args, kwds = request
        super().send((ident, method, *_as_xml(args, kwds)) if ident is not None else request)


def _as_xml(*values: Any) -> tuple[Any, ...]:
    decoded: tuple[Any, ...] = xmlrpc.client.loads(
        xmlrpc.client.dumps(values, None, None, None, True), use_builtin_types=True
    )[0]
    return decoded


# A ref to a hosted object becomes a proxy for users, not a handle.
_client.register_proxy("hosted", open_hosted)
HostedHandle._type_word = "hosted"
managers.listener_client.update({PICKLE: (None, Link), XML: (None, XmlLink)})
