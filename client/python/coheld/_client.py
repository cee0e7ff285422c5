"""The process's clients: one for each daemon and codec, shared by all proxies.

A forked child goes on using what it inherited: the core gives it connections and a session of its
own. No lock is held here, so none can be held at a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import weakref
from multiprocessing import util
from multiprocessing.managers import BaseProxy
from typing import Any

from coheld import _codecs, _core, _errors, _interrupts, _lifetime, _tls
from coheld._core import ABSENT, Client
from coheld._lifetime import forget_proxy, hold, lend
from coheld._stdlib import context

#: How long an op goes on trying to reach a private daemon, in seconds: it never comes back.
PRIVATE_PATIENCE = 1.0

#: By address, codec, key and TLS.
_clients: dict[tuple[str, str, bytes, _tls.Tls], Client] = {}
#: The key of each daemon that this process proved to know.
_keys: dict[str, bytes] = {}
_all_clients: weakref.WeakSet[Client] = weakref.WeakSet()
_proxy_types: dict[str, Any] = {}


def client_for(
    address: str, codec: str, patience: float | None = None, key: bytes | None = None
) -> Client:
    """Return the process's client for a daemon, connecting if there is none yet.

    ``patience`` is how long an op goes on trying to reach a daemon that went away, in seconds; None
    is as long as it pays (ClientOptions::reconnect_timeout in client/cpp/include/coheld/client.h).
    Without a key it is the one that this process proved to that daemon before, else the one in the
    file that COHELD_KEY_FILE names, else none; ``b""`` is none in any case.
    """
    if key is None:
        key = _keys.get(address) or _key_of_environment()
        tries_authkey = not key
    else:
        tries_authkey = False
    tls = _tls.of(address)
    client = _clients.get((address, codec, key, tls))
    if client is None:
        made, key = _connect(address, codec, patience, key, tries_authkey)
        if key:
            _keys[address] = key
        # Who decodes opaque values compares them too; others see them as bytes.
        made.refuse_opaque = bool(codec)
        made.watched = {}
        made.depths = {}
        made.subscriptions = weakref.WeakValueDictionary()
        made.patience = patience
        made.key = key
        made.tls = tls
        _lifetime.prepare(made)
        client = _clients.setdefault((address, codec, key, tls), made)
        if client is made:
            _all_clients.add(made)
            # In a child of multiprocessing at once; in one of os.fork() before its first call.
            util.register_after_fork(made, _lifetime.hold_inherited)
    return client


def key_to_send(client: Client) -> bytes | None:
    """Return the key for a pickle of what uses this client: keys go to children only.

    Others have to know it; None says so, ``b""`` that there is none.
    """
    if client.key and context.get_spawning_popen() is None:
        return None
    return client.key


def _key_of_environment() -> bytes:
    path = os.environ.get("COHELD_KEY_FILE")
    return _core.read_key_file(path) if path else b""


def _connect(
    address: str, codec: str, patience: float | None, key: bytes, tries_authkey: bool
) -> tuple[Client, bytes]:
    """Connect, if need be with the key that multiprocessing hands from parent to child."""
    tls = _tls.of(address)
    try:
        return Client(address, program(), codec, key, patience, *tls), key
    except _errors.Unauthenticated as error:
        authkey = bytes(multiprocessing.current_process().authkey or b"")
        if not tries_authkey or not authkey:
            raise
        try:
            return Client(address, program(), codec, authkey, patience, *tls), authkey
        except _errors.Unauthenticated:
            raise error from None


def forget(client: Client) -> None:
    """Keep a client no longer for others: its daemon ends."""
    client.ended = True
    for place, held in list(_clients.items()):
        if held is client:
            del _clients[place]


def program() -> str:
    """Return who this process is, for people who look at the daemon."""
    return os.path.basename(sys.argv[0] if sys.argv and sys.argv[0] else sys.executable or "python")


def register_proxy(word: str, proxy_type: Any) -> None:
    """Tell which class makes proxies of the daemon's type word; the first one stays."""
    _proxy_types.setdefault(word, proxy_type)


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
    proxy_type: Any,
    address: str,
    name: str,
    codec: str,
    patience: float | None,
    state: Any,
    key: bytes | None = None,
    tls: _tls.Tls | None = None,
) -> Any:
    """Unpickle a proxy: this process's own client serves it."""
    _tls.learn(address, tls)
    client = client_for(address, codec, patience, key)
    proxy = proxy_type(client, name)
    hold(client, name)
    proxy.__dict__.update(state)
    return proxy


def _before_fork() -> None:
    for client in list(_all_clients):
        client.mark_forked()


def handle_of(proxy: Any) -> Any:
    """Return what holds the hosted object of a stdlib's proxy; None for a stdlib manager's."""
    token = getattr(proxy, "_token", None)
    return getattr(getattr(token, "id", None), "handle", None)


def _after_fork_in_child() -> None:
    for client in list(_all_clients):
        client.depths = {}
        _lifetime.inherit(client)


def install(proxy_type: type) -> None:
    """Connect the core with this package; called once."""
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
    _core.install_hooks(
        package_folder=os.path.dirname(__file__) + os.sep,
        encode_value=_codecs.encode_for,
        encode_key=_codecs.encode_key_for,
        decode=_codecs.decode,
        make_proxy=make_proxy,
        make_error=_errors.make_error,
        refused=_errors.pickle_refused,
        unsupported=_errors.unsupported,
        interrupted=_interrupts.give_back_what_was_taken,
        attend=_lifetime.hold_inherited,
        session_lost=_lifetime.hold_anew,
        proxy_type=proxy_type,
        shell_type=BaseProxy,
        handle_of=handle_of,
        opaque_type=_codecs.Opaque,
    )


__all__ = ["ABSENT", "Client", "client_for", "forget_proxy", "lend"]
