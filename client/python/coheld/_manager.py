"""The managers: what makes shared objects, here or in a daemon that runs already."""

from __future__ import annotations

from collections.abc import Iterable
from multiprocessing import ProcessError, util
from types import TracebackType
from typing import Any

from coheld import _client, _codecs
from coheld._client import Client
from coheld._daemon import PrivateDaemon
from coheld._objects import ObjectFactories

_INITIAL, _STARTED, _SHUTDOWN = "initial", "started", "shutdown"


class SyncManager(ObjectFactories):
    """Make shared objects, as multiprocessing.managers.SyncManager does.

    Without an address, start() runs a private daemon, which ends with this process. With one,
    connect() uses a daemon that runs already.

    Every method that makes an object takes ``name=``: then it makes, or finds, the object of that
    name, which every client of the daemon can reach. Objects without a name are reached through
    their proxies only.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        allow_pickle: bool | None = None,
        codec: str | None = None,
    ) -> None:
        """Prepare a manager; start() or connect() makes it usable.

        Pickles of objects that have no form of their own are allowed by default in a private
        daemon only: whoever can write to a daemon can run code in those who unpickle from it.
        ``codec`` names what carries such objects instead: "json", "cloudpickle" or "dill".
        """
        self._address = address
        if allow_pickle is None:
            allow_pickle = address is None
        self._codec = _codecs.checked(codec or ("pickle" if allow_pickle else ""))
        self._state = _INITIAL
        self._private = address is None
        self._daemon: PrivateDaemon | None = None
        self._client: Client | None = None

    @property
    def address(self) -> str | None:
        """Return the daemon's address; None before start()."""
        return self._address

    def start(self, initializer: Any = None, initargs: Iterable[Any] = ()) -> None:
        """Start a private daemon.

        The initializer of the stdlib runs in the server, which is no Python process here.
        """
        self._expect_initial()
        if initializer is not None:
            raise TypeError("coheld's daemon runs no Python: initializer must be None")
        if self._address is not None:
            raise ProcessError(
                f"a manager for {self._address} connects to the daemon there: call connect()"
            )
        self._daemon = PrivateDaemon()
        self._use(self._daemon.address, _client.PRIVATE_CONNECT_TIMEOUT)
        # Also run at the end of a forked child, where atexit is not; before daemonic children end.
        self.__finalizer = util.Finalize(
            self, _stop, args=(self._daemon, self._client), exitpriority=0
        )

    def connect(self) -> None:
        """Connect to the daemon at the address."""
        self._expect_initial()
        if self._address is None:
            raise ProcessError("connect() needs an address: SyncManager('unix:/path')")
        self._use(self._address, _client.CONNECT_TIMEOUT)

    def shutdown(self) -> None:
        """End the private daemon; a daemon that was connected to goes on. May be called again."""
        if self._state == _STARTED and self._daemon is not None:
            self.__finalizer()
        self._state = _SHUTDOWN

    def join(self, timeout: float | None = None) -> None:
        """Wait until the private daemon ended."""
        if self._daemon is None:
            raise AttributeError("only a manager that started a daemon can wait for its end")
        self._daemon.wait(timeout)

    def __enter__(self) -> SyncManager:
        if self._state == _INITIAL:
            if self._address is None:
                self.start()
            else:
                self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()

    def __reduce__(self) -> tuple[Any, ...]:
        if self._client is None:
            return SyncManager, (self._address,)
        return _rebuild_manager, (self._address, self._codec, self._private)

    def _expect_initial(self) -> None:
        if self._state == _STARTED:
            raise ProcessError("Already started server")
        if self._state == _SHUTDOWN:
            raise ProcessError("Manager has shut down")

    def _use(self, address: str, timeout: float) -> None:
        self._client = _client.client_for(address, self._codec, timeout)
        self._address = address
        self._state = _STARTED

    def _started(self) -> Client:
        if self._state != _STARTED or self._client is None:
            raise AssertionError(
                "server not yet started" if self._state == _INITIAL else "server has been shut down"
            )
        return self._client


def _stop(daemon: PrivateDaemon, client: Client) -> None:
    # Calls of other threads may still be parked: the daemon's end is what ends them.
    _client.forget(client)
    daemon.stop()


def _rebuild_manager(address: str, codec: str, private: bool) -> SyncManager:
    manager = SyncManager(address, codec=codec)
    manager._private = private
    manager._use(address, _client.PRIVATE_CONNECT_TIMEOUT if private else _client.CONNECT_TIMEOUT)
    return manager


def Manager() -> SyncManager:  # noqa: N802
    """Start a private daemon and return its manager, as multiprocessing.Manager() does.

    The daemon ends with shutdown(), with the manager's last reference, and with this process,
    however that ends.
    """
    manager = SyncManager()
    manager.start()
    return manager


def connect(address: str, *, allow_pickle: bool = False, codec: str | None = None) -> SyncManager:
    """Connect to a running daemon: ``unix:/path`` or ``host:port``.

    Without ``allow_pickle`` only values that the daemon understands are sent, and no pickle is ever
    decoded; ``codec`` names another carrier for all else: "json", "cloudpickle" or "dill".
    """
    manager = SyncManager(address, allow_pickle=allow_pickle, codec=codec)
    manager.connect()
    return manager
