"""How long objects without a name live: the handles that this process holds, lends and gives back.

The core counts, for each name, the handles that replies gave and the proxies that there are
(client/python/src/handles.h). When the last proxy is gone its handles go back: at once, or, if the
garbage collector came in the midst of a call, after it. Nobody waits for the answer.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from coheld import _core
from coheld._core import Client
from coheld._errors import ConnectionLost, Error, ObjectNotFound

_hold = _core.method("Object.Hold", "handles")
_lend = _core.method("Object.Lend")

_inspect = _core.method("Object.Inspect", "anonymous", "handles", "references")
_objects = _core.method("Admin.Objects", "objects", "done")

# What a name begins with that the daemon gave.
_ANONYMOUS = "~"


def prepare(client: Client) -> None:
    """Add what is kept here to a new client."""
    client.ended = False
    client.inherited = []
    client.bequeaths = True


def received(client: Client, name: str) -> None:
    """Count the handle that the making of an object gave."""
    if name[:1] == _ANONYMOUS:
        client.received(name)


def forget_proxy(client: Client, name: str) -> None:
    """Take note that a proxy is gone. Never waits; the garbage collector may call it anywhere."""
    client.died(name)
    if name in client.watched and not client.live(name):
        client.watched.pop(name, None)


def lend(client: Client, name: str) -> None:
    """Keep an object for a while, for a proxy of it on its way to another process."""
    if name[:1] == _ANONYMOUS and not client.ended:
        with contextlib.suppress(Error):  # Whoever uses the proxy will see.
            _lend(client, name)


def hold(client: Client, name: str) -> None:
    """Hold an object for a proxy, just made, that came some other way than in a reply."""
    if name[:1] != _ANONYMOUS or client.live(name) > 1:
        return
    _hold(client, name)
    client.received(name)


def inherit(client: Client) -> None:
    """Take over what the parent had, in a forked child: it has a session of its own."""
    names = client.inherit()
    client.inherited = names if client.bequeaths else []
    client.attention = bool(client.inherited)


def hold_inherited(client: Client) -> None:
    """Hold what was inherited and is still in use. Never raises."""
    names, client.inherited = client.inherited, []
    _hold_all(client, names)


def hold_anew(client: Client) -> None:
    """Hold what is in use in a new session, as far as it is still there. Never raises."""
    _hold_all(client, client.lose())


def _hold_all(client: Client, names: list[str]) -> None:
    for name in names:
        if client.ended or not client.live(name):
            continue
        try:
            _hold(client, name)
        except ConnectionLost:
            return
        except (ObjectNotFound, Error):
            continue
        client.received(name)
        client.settle(name)  # The proxy may have gone meanwhile.


def objects(client: Client) -> list[dict[str, Any]]:
    """Return what the daemon says of each of its objects."""
    found: list[dict[str, Any]] = []
    done = False
    while not done:
        after = found[-1]["name"] if found else ""
        page, done = _objects(client, "", "", 0, after, True)
        found += page
    return [line for line in found if line["type"] != "host"]


def count_objects(client: Client) -> int:
    """Return how many objects are in use: all but those that only wait for a proxy in flight."""
    return sum(map(partial(_in_use, client), objects(client)))


def _in_use(client: Client, listed: dict[str, Any]) -> bool:
    try:
        anonymous, handles, references = _inspect(client, listed["name"])
    except ObjectNotFound:
        return False
    return bool(not anonymous or handles or references)


def debug_info(client: Client) -> str:
    """Return a line for each object."""
    return "\n".join(
        f"  {line['name']}:       {line['type']} of size {line['size']}, {line['waiters']} waiting"
        for line in objects(client)
    )
