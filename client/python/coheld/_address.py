"""Addresses: as the stdlib's managers take them, and as the daemon does."""

from __future__ import annotations

import re
from typing import Union

#: A (host, port), the path of a Unix socket, or the daemon's own "unix:/path" and "host:port"; for
#: clients also "tls://host:port".
Address = Union[str, "tuple[str, int]"]

_HOST_AND_PORT = re.compile(r"(tls://)?(?P<host>\[[^\]]*\]|[^:/]*):(?P<port>\d+)")


def daemon_form(address: Address) -> str:
    """Return an address as the daemon and its clients take it."""
    if isinstance(address, tuple):
        host, port = address
        host = host or "0.0.0.0"
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not isinstance(address, str):
        raise TypeError(f"an address is a (host, port) or a str, not {type(address).__name__}")
    if address.startswith("unix:") or _HOST_AND_PORT.fullmatch(address):
        return address
    return f"unix:{address}"


def like_given(given: Address | None, listening: str) -> Address:
    """Return the address where a daemon listens in the form in which the user asked for it."""
    if isinstance(given, tuple):
        host, _, port = listening.rpartition(":")
        return host.strip("[]"), int(port)
    if given is None or given.startswith("unix:") or _HOST_AND_PORT.fullmatch(given):
        return listening
    return given
