"""The managers: what makes shared objects, here or in a daemon that runs already."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import ProcessError
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from coheld import _client, _codecs, _core, _explain, _hosted, _lifetime, _registry, _tls
from coheld._address import Address, daemon_form, like_given
from coheld._base import BaseProxy
from coheld._batch import Batch
from coheld._client import Client
from coheld._daemon import PrivateDaemon
from coheld._errors import HostGone, ObjectNotFound
from coheld._host_process import HostProcess
from coheld._hosting import Hosting
from coheld._keys import daemon_key
from coheld._objects import ObjectFactories
from coheld._registry import Registry
from coheld._server import Server
from coheld._stdlib import context, managers, process, util

_describe = _core.method("Admin.Describe")
_inspect_host = _core.method("Host.Inspect", "attached")

_State = managers.State
# How long a server may take to serve_forever(), in seconds.
_HOST_TIMEOUT = 5.0
_PROXY_SERIALIZERS = {"pickle": _hosted.PICKLE, "xmlrpclib": _hosted.XML}

AnyManager = TypeVar("AnyManager", bound="BaseManager")


class BaseManager:
    """Make shared objects of registered types, as multiprocessing.managers.BaseManager does.

    start() runs a private daemon, which ends with this process; connect() uses a daemon that runs
    already at the address. Objects of registered classes live in a Python process beside the
    daemon, or in the program that serves get_server().
    """

    _registry: ClassVar[Registry] = {}

    #: End what start() started; may be called again. Managers that connected have none.
    shutdown: Callable[[], Any]
    _process: PrivateDaemon

    def __init__(
        self,
        address: Address | None = None,
        authkey: bytes | None = None,
        serializer: str = "pickle",
        ctx: Any = None,
        *,
        shutdown_timeout: float = 1.0,
        allow_pickle: bool | None = None,
        codec: str | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        durability: str | None = None,
        memory_max: int | str | None = None,
    ) -> None:
        """Prepare a manager; start() or connect() makes it usable.

        Pickles of objects that have no form of their own are allowed by default where all users of
        the daemon are trusted: in one that start() runs, or whose key is ``authkey``. Whoever can
        write to a daemon can run code in those who unpickle from it. ``codec`` names what carries
        such objects instead: "json", "cloudpickle" or "dill". The serializer "xmlrpclib" is for
        plain data only.

        The last three are for the daemon that start() runs. With ``data_dir``, a folder, objects
        with a name outlive it: the next manager with that folder finds them. ``durability`` says
        what an op waits for: "sync" (the default with a folder) for the disk, "async" for the
        kernel. Beyond ``memory_max`` bytes, or such as "512m", what makes the daemon grow is
        refused with MemoryFull.
        """
        self._address = address
        self._key_given = authkey is not None
        if authkey is None:
            authkey = process.current_process().authkey
        self._authkey = process.AuthenticationString(authkey)
        self._serializer = serializer
        self._proxy_serializer = _PROXY_SERIALIZERS[serializer]
        self._ctx = ctx or multiprocessing.get_context()
        self._shutdown_timeout = shutdown_timeout
        self._daemon_flags = _flags(data_dir, durability, memory_max)
        if codec is None and allow_pickle is not None:
            codec = _codecs.PICKLE if allow_pickle else ""
        self._chosen_codec = None if codec is None else _codecs.checked(codec)
        self._state = _State()
        self._state.value = _State.INITIAL
        self._private = False
        self._client: Client | None = None
        self._daemon: PrivateDaemon | None = None
        self._pid = os.getpid()
        self._host_processes: list[HostProcess] = []
        self._host: str | None = None
        self._keeper: BaseManager | None = None
        self._mutex = util.ForkAwareThreadLock()

    @property
    def address(self) -> Address | None:
        """Return the daemon's address; None before start(), unless one was given."""
        return self._address

    @property
    def durability(self) -> str:
        """Return what the daemon's ops wait for: "memory", "async" or "sync"."""
        level: str = self._started().session()["durability"]
        return level

    def start(
        self, initializer: Callable[..., Any] | None = None, initargs: Iterable[Any] = ()
    ) -> None:
        """Start a private daemon, at the address if there is one.

        With an initializer, or classes registered to be hosted, also start the process that hosts
        them and runs the initializer; otherwise that process starts when it is needed.
        """
        self._expect_initial()
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        listen = None if self._address is None else daemon_form(self._address)
        key = b"" if listen is None else daemon_key(self._authkey)
        self._process = self._daemon = daemon = PrivateDaemon(listen, key, self._daemon_flags)
        self._private = True
        try:
            address = like_given(self._address, daemon.address)
            self._use(daemon.address, address, key, private=True)
            if initializer is not None or any(map(_needs_host, self._registry.values())):
                self._start_host(_hosted.MANAGER_HOST, initializer, initargs)
        except BaseException:
            self._state.value = _State.INITIAL
            daemon.stop()
            raise
        # Also run at the end of a forked child, where atexit is not; before daemonic children end.
        self.shutdown = util.Finalize(
            self,
            _stop,
            args=(
                daemon,
                self._client,
                self._state,
                self._host_processes,
                self._shutdown_timeout,
            ),
            exitpriority=0,
        )

    def connect(self) -> None:
        """Connect to the daemon at the address."""
        self._expect_initial()
        if self._address is None:
            raise ProcessError("connect() needs an address: SyncManager(('host', 7420))")
        key = daemon_key(self._authkey) if self._key_given else None
        self._use(daemon_form(self._address), self._address, key, private=False)

    def get_server(self) -> Server:
        """Start a daemon at the address; return what hosts the registered types in this program."""
        self._expect_initial()

        def connect(listening: str, address: Address, key: bytes) -> SyncManager:
            manager = SyncManager(address, self._authkey, self._serializer)
            manager._use(listening, address, key, private=True)
            return manager

        return Server(self._registry, self._address, self._authkey, self._serializer, connect)

    def join(self, timeout: float | None = None) -> None:
        """Wait until what start() started has ended."""
        self._process.join(timeout)

    @classmethod
    def register(
        cls,
        typeid: str,
        callable: Callable[..., Any] | None = None,
        proxytype: Any = None,
        exposed: Any = None,
        method_to_typeid: Mapping[str, str] | None = None,
        create_method: bool = True,
    ) -> None:
        """Register a type: then ``manager.<typeid>(...)`` makes an object of it.

        The object is what ``callable`` returns in the host process, or in the server; a manager
        that only connects leaves it out. The callable may return an object that exists already.
        """
        if "_registry" not in cls.__dict__:
            cls._registry = cls._registry.copy()
        entry = _registry.make_entry(callable, proxytype, exposed, method_to_typeid)
        cls._registry[typeid] = entry
        _registry.remember(typeid, entry)
        if create_method:
            setattr(cls, typeid, _create_method(typeid))

    def host(
        self,
        instance: Any,
        *,
        name: str = "",
        typeid: str | None = None,
        exposed: Iterable[str] | None = None,
        method_to_typeid: dict[str, str] | None = None,
    ) -> Any:
        """Serve an object of this process to all clients of the daemon; return a proxy of it.

        Its public methods, or those that ``exposed`` names, are called in threads of this process,
        one for each thread that calls. With a name others reach it by hosted(name); the name of a
        program that ended is taken over.
        """
        client = self._started()
        typeid = typeid or type(instance).__name__
        hosting = self._hosting_here(client)
        handle = hosting.host(instance, typeid, exposed, method_to_typeid, name)
        return _hosted.make_proxy(handle, self, self._proxy_serializer)

    def hosted(self, name: str) -> Any:
        """Return a proxy of what a program hosts by this name."""
        handle = _hosted.find(self._started(), name)
        return _hosted.make_proxy(handle, self, self._proxy_serializer)

    def batch(self) -> Batch:
        """Return a batch, which makes many ops with one write and one wait.

        ``with manager.batch() as batch: apples = batch.on(counts).increment("apples")``, and after
        the block ``apples.get()``.
        """
        return Batch(self._started())

    def locks(self) -> list[dict[str, Any]]:
        """Return what is held in the daemon: each object's name, type and holders.

        A holder has its session's label (host, pid, program, user), its thread, the site in its
        program, the token, and since how many milliseconds it holds.
        """
        return _explain.locks(self._started())

    def waits(self) -> list[dict[str, Any]]:
        """Return the ops that wait, first come first, each with whom and what it waits for."""
        return _explain.waits(self._started())

    def explain(self, target: BaseProxy | str) -> dict[str, Any]:
        """Tell of an object who holds it, who waits for it, and what its holders wait for."""
        name = target if isinstance(target, str) else target.name
        return _explain.explain(self._started(), name)

    def __enter__(self: AnyManager) -> AnyManager:
        if self._state.value == _State.INITIAL:
            self.start()
        if self._state.value != _State.STARTED:
            raise ProcessError("Manager has shut down")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._daemon is not None:
            self.shutdown()
        self._state.value = _State.SHUTDOWN

    def __reduce__(self) -> tuple[Any, ...]:
        if self._client is None:
            return type(self), (self._address,)
        authkey = bytes(self._authkey) if context.get_spawning_popen() is not None else None
        key = _client.key_to_send(self._client)
        return _rebuild_manager, (type(self), authkey, key, *self._connection()[2:])

    def _create(self, typeid: str, /, *args: Any, **kwds: Any) -> tuple[Any, tuple[str, ...]]:
        proxy = self._make(typeid, args, kwds)
        return proxy._token, proxy._exposed_

    def _number_of_objects(self) -> int:
        """Return how many objects there are, but for those that wait for a proxy in flight."""
        return _lifetime.count_objects(self._started())

    def _debug_info(self) -> str:
        """Return a line for each shared object."""
        return _lifetime.debug_info(self._started())

    def _make(self, typeid: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        """Make an object of a registered type."""
        self._started()
        standard = _registry.standard_typeid(self._registry[typeid])
        made = self._make_standard(standard, args, kwds) if standard else None
        if made is None:
            made = self._make_hosted(typeid, args, kwds)
        return made

    def _make_standard(self, typeid: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        """Make an object of a standard type; None if the daemon has no such type."""
        if not hasattr(ObjectFactories, typeid):
            return None
        maker = _rebuild_manager(SyncManager, *self._connection())
        maker._keeper = self  # The daemon lives as long as what was made of it.
        return getattr(ObjectFactories, typeid)(maker, *args, **kwds)

    def _make_hosted(self, typeid: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        client = self._started()
        with self._mutex:
            host = self._host or self._find_host(client, typeid)
            self._host = host
        try:
            made = _hosted.call_host(client, host, "", typeid, args, kwds)
        except HostGone:
            self._host = None  # The next one is made in a new host.
            raise
        handle = _client.handle_of(made)
        if handle is not None:
            return _hosted.make_proxy(handle, self, self._proxy_serializer)
        made._manager = self
        return made

    def _find_host(self, client: Client, typeid: str) -> str:
        """Return the name of a host that is served, by a new process if need be."""
        if _is_served(client, _hosted.MANAGER_HOST):
            return _hosted.MANAGER_HOST
        if self._private:
            return self._start_host(_hosted.MANAGER_HOST)
        if _wait_for_host(client, _hosted.MANAGER_HOST):
            return _hosted.MANAGER_HOST
        if typeid in self._registry and self._registry[typeid][0] is None:
            raise HostGone(
                f"no program serves {typeid!r} at {self._address!r}: run get_server() and its "
                "serve_forever() there, or start() with the type registered with a callable"
            )
        return self._start_host("")

    def _start_host(
        self,
        name: str,
        initializer: Callable[..., Any] | None = None,
        initargs: Iterable[Any] = (),
    ) -> str:
        connect = functools.partial(_rebuild_manager, SyncManager, *self._connection())
        arguments = self._registry, connect, name, initializer, tuple(initargs)
        lasting = self._private and os.getpid() != self._pid
        client = self._started()
        client.bequeaths = False  # The host lives long, and would keep what it does not know of.
        try:
            started = HostProcess(self._ctx, type(self).__name__, arguments, lasting)
        finally:
            client.bequeaths = True
        if not lasting:
            self._host_processes.append(started)
        return started.host

    def _connection(self) -> tuple[Any, ...]:
        assert self._client is not None
        return (
            bytes(self._authkey),
            self._client.key,
            self._address,
            self._serializer,
            self._client.codec,
            self._private,
            self._host,
            self._client.tls,
        )

    def _hosting_here(self, client: Client) -> Hosting:
        with self._mutex:
            hosting: Hosting | None = getattr(client, "hosting", None)
            if hosting is None or hosting.pid != os.getpid() or hosting.stopped.is_set():
                hosting = Hosting(client, "", self._registry, self._make_standard)
                hosting.start()
                client.hosting = hosting
        return hosting

    def _expect_initial(self) -> None:
        if self._state.value == _State.STARTED:
            raise ProcessError("Already started server")
        if self._state.value == _State.SHUTDOWN:
            raise ProcessError("Manager has shut down")

    def _use(self, listening: str, address: Address, key: bytes | None, private: bool) -> None:
        patience = _client.PRIVATE_PATIENCE if private else None
        codec = self._chosen_codec
        if codec is None and self._serializer == "pickle" and (private or key):
            codec = _codecs.PICKLE
        client = _client.client_for(listening, codec or "", patience, key)
        if codec is None and self._serializer == "pickle" and client.key:
            client = _client.client_for(listening, _codecs.PICKLE, patience, client.key)
        self._client = client
        self._address = address
        self._state.value = _State.STARTED

    def _started(self) -> Client:
        if self._state.value != _State.STARTED or self._client is None:
            raise AssertionError("server not yet started")
        return self._client


class SyncManager(BaseManager, ObjectFactories):
    """Make shared objects, as multiprocessing.managers.SyncManager does.

    Every method that makes an object takes ``name=``: then it makes, or finds, the object of that
    name, which every client of the daemon can reach. Objects without a name are reached through
    their proxies only.
    """

    _registry = _registry.STANDARD

    def Pool(self, *args: Any, **kwds: Any) -> Any:  # noqa: N802
        """Make a pool of worker processes, with the arguments of multiprocessing.Pool."""
        return self._make("Pool", args, kwds)


def _create_method(typeid: str) -> Callable[..., Any]:
    def create(self: BaseManager, /, *args: Any, **kwds: Any) -> Any:
        return self._make(typeid, args, kwds)

    create.__name__ = typeid
    return create


def _flags(
    data_dir: str | os.PathLike[str] | None, durability: str | None, memory_max: int | str | None
) -> list[str]:
    flags = []
    if data_dir is not None:
        flags += ["--data-dir", os.path.abspath(data_dir)]
    if durability is not None:
        flags += ["--durability", durability]
    if memory_max is not None:
        flags += ["--memory-max", str(memory_max)]
    return flags


def _needs_host(entry: _registry.Entry) -> bool:
    return entry[0] is not None and _registry.standard_typeid(entry) is None


def _is_served(client: Client, host: str) -> bool:
    return bool(_inspect_host(client, host))


def _wait_for_host(client: Client, host: str) -> bool:
    # A server that is not yet serve_forever() is there, and comes.
    end = time.monotonic() + _HOST_TIMEOUT
    with contextlib.suppress(ObjectNotFound):
        _describe(client, host)  # Unlike Host.Inspect, it tells whether there is one.
        while time.monotonic() < end:
            if _is_served(client, host):
                return True
            time.sleep(0.02)
    return False


def _stop(
    daemon: PrivateDaemon, client: Client, state: Any, hosts: list[HostProcess], timeout: float
) -> None:
    # Calls of other threads may still be parked: the daemon's end is what ends them.
    for started in hosts:
        started.stop(timeout)
    _client.forget(client)
    daemon.stop(timeout)
    state.value = _State.SHUTDOWN


def _rebuild_manager(
    kind: type[AnyManager],
    authkey: bytes | None,
    key: bytes | None,
    address: Address,
    serializer: str,
    codec: str,
    private: bool,
    host: str | None,
    tls: _tls.Tls | None = None,
) -> AnyManager:
    _tls.learn(daemon_form(address), tls)
    manager = kind(address, authkey, serializer, codec=codec)
    manager._private, manager._host = private, host
    manager._pid = 0  # It started nothing.
    manager._use(daemon_form(address), address, key, private)
    return manager


def Manager(  # noqa: N802
    *,
    data_dir: str | os.PathLike[str] | None = None,
    durability: str | None = None,
    memory_max: int | str | None = None,
) -> SyncManager:
    """Start a private daemon and return its manager, as multiprocessing.Manager() does.

    The daemon ends with shutdown(), with the manager's last reference, and with this process,
    however that ends. With ``data_dir``, a folder, what has a name stays there for the next
    manager with that folder. A private daemon that is killed is not started again: calls fail with
    ConnectionLost, and a new manager finds all that was acknowledged. ``durability`` and
    ``memory_max`` are those of SyncManager.
    """
    manager = SyncManager(data_dir=data_dir, durability=durability, memory_max=memory_max)
    manager.start()
    return manager


def connect(
    address: str,
    *,
    allow_pickle: bool = False,
    codec: str | None = None,
    authkey: bytes | None = None,
    ca: str | os.PathLike[str] | None = None,
    cert: str | os.PathLike[str] | None = None,
    key: str | os.PathLike[str] | None = None,
    server_name: str | None = None,
) -> SyncManager:
    """Connect to a running daemon: ``unix:/path``, ``host:port`` or ``tls://host:port``.

    Without ``allow_pickle`` only values that the daemon understands are sent, and no pickle is ever
    decoded; ``codec`` names another carrier for all else: "json", "cloudpickle" or "dill".
    A daemon with a key (--key-file) wants it as ``authkey``, unless this process proved it before,
    COHELD_KEY_FILE names a file with it, or it is multiprocessing's own authkey.

    With ``tls://`` the connections are encrypted, and the daemon proves to be the host of the
    address, or ``server_name``. ``ca`` is a PEM file with the authorities that may have signed its
    certificate, by default the system's; ``cert`` and ``key`` are this client's own certificate and
    its key, for a daemon that wants one. What is not given is taken from COHELD_TLS_CA,
    COHELD_TLS_CERT, COHELD_TLS_KEY and COHELD_TLS_SERVER_NAME.
    """
    _tls.use(
        address,
        _tls.Tls(
            os.fspath(ca or ""), os.fspath(cert or ""), os.fspath(key or ""), server_name or ""
        ),
    )
    manager = SyncManager(address, authkey, allow_pickle=allow_pickle, codec=codec)
    secret = daemon_key(authkey) if authkey is not None else None
    manager._use(address, address, secret, private=False)
    return manager
