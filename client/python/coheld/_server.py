"""The server: a daemon, and this program as the host of its manager's registered classes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from coheld import _core, _hosted
from coheld._address import Address, daemon_form, like_given
from coheld._daemon import PrivateDaemon
from coheld._hosting import Hosting
from coheld._keys import daemon_key
from coheld._registry import Registry
from coheld._stdlib import process, util

_create = _core.method("Host.Create")


class Server:
    """Serve registered types in this program, as get_server() of the stdlib's managers does."""

    def __init__(
        self,
        registry: Registry,
        address: Address | None,
        authkey: bytes,
        serializer: str,
        connect: Callable[[str, Address, bytes], Any],
    ) -> None:
        """Start a daemon at the address; serve_forever() makes it useful.

        ``connect(listening, address, key)`` returns a manager of that daemon.
        """
        self.registry = registry
        self.authkey = process.AuthenticationString(authkey)
        self.serializer = serializer
        self.stop_event = threading.Event()
        key = b"" if address is None else daemon_key(authkey)
        daemon = PrivateDaemon(None if address is None else daemon_form(address), key)
        self.address = like_given(address, daemon.address)
        self.listener = _Listener(self, daemon)
        self._manager = connect(daemon.address, self.address, key)
        # Now clients wait for serve_forever() instead of failing.
        _create(self._manager._started(), _hosted.MANAGER_HOST)

    def serve_forever(self) -> None:
        """Serve until stopped by Ctrl-C, by ``stop_event``, or by the daemon's end; then exit."""
        manager = self._manager
        hosting = Hosting(
            manager._started(), _hosted.MANAGER_HOST, self.registry, manager._make_standard
        )
        hosting.start()
        try:
            while not self.stop_event.is_set() and not hosting.stopped.is_set():
                self.stop_event.wait(1)
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            hosting.stop()
            self.listener.close()
        sys.exit(0)


class _Listener:
    """Be the server's listening socket, as far as programs use that: close() and address."""

    def __init__(self, server: Server, daemon: PrivateDaemon) -> None:
        self.address = server.address
        self.close = util.Finalize(server, daemon.stop, exitpriority=0)
