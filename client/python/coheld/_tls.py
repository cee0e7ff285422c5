"""TLS: what this process connects with, by the daemon's address.

What is not here is taken from the environment by the core (COHELD_TLS_CA and its like).
"""

from __future__ import annotations

from typing import NamedTuple


class Tls(NamedTuple):
    """Hold the files' paths, and the name that the daemon's certificate has to be for."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    server_name: str = ""


_NONE = Tls()
_in_use: dict[str, Tls] = {}


def use(address: str, given: Tls) -> None:
    """Connect to a daemon with this from now on."""
    if given != _NONE:
        _in_use[address] = given


def learn(address: str, sent: Tls | None) -> None:
    """Take what came with a pickle, unless this process knows better."""
    if sent is not None and sent != _NONE:
        _in_use.setdefault(address, sent)


def of(address: str) -> Tls:
    """Return what to connect to a daemon with."""
    return _in_use.get(address, _NONE)
