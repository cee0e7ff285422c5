"""The process's clients: one for each daemon and codec, shared by all proxies.

A forked child goes on using what it inherited: the core gives it connections and a session of its
own. No lock is held here, so none can be held at a fork.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.managers import BaseProxy
from typing import Any

from coheld import _codecs, _core, _errors
from coheld._core import ABSENT, Client

#: How long an op goes on trying to reach a daemon that went away, in seconds.
CONNECT_TIMEOUT = 5.0
#: The same for a private daemon, which never comes back.
PRIVATE_CONNECT_TIMEOUT = 1.0

_clients: dict[tuple[str, str], Client] = {}
_proxy_types: dict[str, Any] = {}
_fork_count = 0

_delete = _core.method("Admin.Delete")
_release = _core.method("Lock.Release")
_put = _core.method("Queue.Put")
_put_many = _core.method("Queue.PutMany")


def client_for(address: str, codec: str, connect_timeout: float = CONNECT_TIMEOUT) -> Client:
    """Return the process's client for a daemon, connecting if there is none yet."""
    key = (address, codec)
    client = _clients.get(key)
    if client is None:
        made = Client(address, program(), codec, connect_timeout)
        # Who decodes opaque values compares them too; others see them as bytes.
        made.refuse_opaque = bool(codec)
        made.watched = {}
        made.unreferenced = []
        made.connect_timeout = connect_timeout
        client = _clients.setdefault(key, made)
    return client


def forget(client: Client) -> None:
    """Keep a client no longer for others: its daemon ends."""
    if _clients.get((client.address, client.codec)) is client:
        del _clients[client.address, client.codec]


def program() -> str:
    """Return who this process is, for people who look at the daemon."""
    return os.path.basename(sys.argv[0] if sys.argv and sys.argv[0] else sys.executable or "python")


def fork_count() -> int:
    """Return how often this process (or those it was forked from) forked."""
    return _fork_count


def delete_unreferenced(client: Client) -> None:
    """Delete the objects that nobody can name any more.

    The garbage collector only notes them, since it may run in the midst of another call.
    """
    while client.unreferenced:
        try:
            name = client.unreferenced.pop()
        except IndexError:  # Another thread was faster.
            return
        client.watched.pop(name, None)
        _delete(client, name)


def register_proxy(word: str, proxy_type: Any) -> None:
    """Tell which class makes proxies of the daemon's type word."""
    _proxy_types[word] = proxy_type


def make_proxy(client: Client, word: str, name: str) -> Any:
    """Make a proxy of an object that a value refers to."""
    try:
        return _proxy_types[word](client, name)
    except KeyError:
        raise _errors.InternalError(
            f"the daemon holds a {word!r} named {name!r}, a type that this version of coheld does "
            "not know: update the package"
        ) from None


def rebuild_proxy(
    proxy_type: Any, address: str, name: str, codec: str, timeout: float, state: Any
) -> Any:
    """Unpickle a proxy: this process's own client serves it."""
    proxy = proxy_type(client_for(address, codec, timeout), name)
    proxy.__dict__.update(state)
    return proxy


def _interrupted(client: Client, method: str, name: str, result: Any) -> None:
    """Give back what an op took although a signal had stopped the wait for it."""
    if method == "Lock.Acquire" and result[0]:
        _release(client, name, result[1])
    elif method == "Queue.Get":
        _put(client, name, result)
    elif method == "Queue.GetMany":
        _put_many(client, name, result)


def handle_of(proxy: Any) -> Any:
    """Return what holds the hosted object of a stdlib's proxy; None for a stdlib manager's."""
    token = getattr(proxy, "_token", None)
    return getattr(getattr(token, "id", None), "handle", None)


def _count_fork() -> None:
    global _fork_count
    _fork_count += 1


def install(proxy_type: type) -> None:
    """Connect the core with this package; called once."""
    os.register_at_fork(before=_count_fork)
    _core.install_hooks(
        encode_value=_codecs.encode_value,
        encode_key=_codecs.encode_key,
        decode=_codecs.decode,
        make_proxy=make_proxy,
        make_error=_errors.make_error,
        refused=_errors.pickle_refused,
        unsupported=_errors.unsupported,
        interrupted=_interrupted,
        proxy_type=proxy_type,
        shell_type=BaseProxy,
        handle_of=handle_of,
        opaque_type=_codecs.Opaque,
    )


__all__ = ["ABSENT", "Client", "client_for"]
