"""BaseManager and SyncManager: states, addresses, registration, as in the stdlib."""

import multiprocessing
import multiprocessing.managers
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading

import coheld
import pytest
from coheld.managers import BaseManager, NamespaceProxy, RemoteError, SyncManager

from test_processes import wait_until_gone


class Counter:
    """A class as programs register it."""

    def __init__(self, start=0):
        if start < 0:
            raise ValueError("the start must not be negative")
        self.count = start

    def increment(self, by=1):
        self.count += by
        return self.count

    def fail(self):
        raise KeyError("failed", self.count)

    def unpicklable(self):
        return threading.Lock()

    def numbers(self):
        return iter(range(3))

    def pid(self):
        return os.getpid()

    def thread(self):
        return threading.get_ident()

    def ending(self):
        os._exit(1)

    def keep(self, kept):
        self.kept = kept

    def kept_value(self):
        return self.kept

    def _hidden(self):
        return "hidden"

    def __repr__(self):
        return f"Counter({self.count})"


class CounterProxy(NamespaceProxy):
    """The way of most programs to reach attributes."""

    _exposed_ = ("__getattribute__", "__setattr__", "__delattr__", "increment")

    def increment(self, by=1):
        return object.__getattribute__(self, "_callmethod")("increment", (by,))


EXISTING = Counter(100)


def existing():
    return EXISTING


class Manager(BaseManager):
    """Registers before it starts, so that its host starts with it."""


Manager.register("Counter", Counter)
Manager.register("existing", existing)
Manager.register("Attributes", Counter, CounterProxy)
Manager.register("Hidden", Counter, exposed=("_hidden",))
Manager.register("Walk", Counter, method_to_typeid={"numbers": "Iterator"})
Manager.register("dict", dict, multiprocessing.managers.DictProxy)


@pytest.fixture(scope="module", params=["fork", "spawn"])
def hosting(request):
    with Manager(ctx=multiprocessing.get_context(request.param)) as started:
        yield started


def test_states_and_their_errors():
    manager = SyncManager()
    with pytest.raises(AssertionError, match="server not yet started"):
        manager.list()
    with pytest.raises(TypeError, match="initializer must be a callable"):
        manager.start(1)
    for name in ("shutdown", "_process"):
        assert not hasattr(manager, name)
    with pytest.raises(AttributeError):
        manager.join()
    manager.start()
    for again in (manager.start, manager.connect, manager.get_server):
        with pytest.raises(multiprocessing.ProcessError, match="Already started server"):
            again()
    manager.shutdown()
    manager.join()
    for again in (manager.start, manager.connect, manager.get_server, manager.__enter__):
        with pytest.raises(multiprocessing.ProcessError, match="Manager has shut down"):
            again()
    with pytest.raises(AssertionError, match="server not yet started"):
        manager.list()
    assert manager._process.exitcode == 0


@pytest.mark.parametrize("key", ["text", 1.5, [None]])
def test_a_key_must_be_bytes(key):
    with pytest.raises(TypeError):
        SyncManager(authkey=key)


def test_the_address_comes_back_in_the_form_in_which_it_was_given(tmp_path):
    with SyncManager(("127.0.0.1", 0)) as manager:
        host, port = manager.address
        assert (host, port > 0) == ("127.0.0.1", True)
        again = SyncManager((host, port), authkey=bytes(manager._authkey))
        again.connect()
        assert list(again.list([1])) == [1]
        assert not hasattr(again, "shutdown")
    path = str(tmp_path / "socket")
    with SyncManager(path) as manager:
        assert manager.address == path
    with SyncManager(f"unix:{path}") as manager:
        assert manager.address == f"unix:{path}"
    with SyncManager("localhost:0") as manager:
        assert isinstance(manager.address, str)


def test_an_address_in_use_is_refused():
    with SyncManager(("127.0.0.1", 0)) as manager:
        with pytest.raises(OSError, match="in use"):
            SyncManager(manager.address).start()


def test_registries_are_copied_for_each_subclass():
    class Child(Manager):
        pass

    Child.register("Extra", Counter)
    assert "Extra" in Child._registry
    assert "Extra" not in Manager._registry
    assert not hasattr(Manager, "Extra")
    assert not hasattr(BaseManager, "Counter")
    assert not hasattr(Manager, "list")


def test_registered_classes_live_in_the_host(hosting):
    counter = hosting.Counter(5)
    assert counter.increment() == 6
    assert counter.increment(by=4) == 10
    assert counter.pid() != os.getpid()
    assert str(counter) == "Counter(10)"
    assert repr(counter).startswith("<AutoProxy[Counter] object, typeid 'Counter' at 0x")
    assert not hasattr(counter, "_hidden")
    assert hosting.Hidden()._hidden() == "hidden"
    assert isinstance(counter, multiprocessing.managers.BaseProxy)


def test_a_callable_may_return_an_object_that_exists(hosting):
    before = hosting.existing().increment(0)
    assert hosting.existing().increment() == before + 1
    assert hosting.existing().increment() == before + 2


def test_errors_pass_with_the_hosts_traceback_as_their_cause(hosting):
    with pytest.raises(KeyError) as caught:
        hosting.Counter(3).fail()
    assert caught.value.args == ("failed", 3)
    assert 'raise KeyError("failed", self.count)' in str(caught.value.__cause__)


def test_what_is_no_error_of_a_method_is_a_remote_error(hosting):
    with pytest.raises(RemoteError, match="the start must not be negative"):
        hosting.Counter(-1)
    counter = hosting.Counter()
    with pytest.raises(RemoteError, match="is not in exposed"):
        counter._callmethod("_hidden")
    with pytest.raises(RemoteError, match="Unserializable message"):
        counter.unpicklable()
    with pytest.raises(TypeError, match="cannot pickle"):
        counter.keep(threading.Lock())
    assert counter.increment() == 1


def test_stdlib_proxy_types_reach_attributes(hosting):
    attributes = hosting.Attributes(7)
    assert attributes.count == 7
    attributes.count = 8
    assert attributes.increment(2) == 10
    assert not hasattr(attributes, "missing")


def test_this_packages_proxy_types_stand_for_the_stdlibs():
    class Other(Manager):
        pass

    class Derived(coheld.DictProxy):
        pass

    Other.register("Mine", Counter, coheld.NamespaceProxy)
    Other.register("locks", threading.Lock, coheld.LockProxy)
    assert Other._registry["Mine"][-1] is NamespaceProxy
    assert Other._registry["locks"][-1] is multiprocessing.managers.AcquirerProxy
    with pytest.raises(TypeError, match=r"coheld\.managers"):
        Other.register("Derived", Counter, Derived)


def test_results_may_be_proxies(hosting):
    walk = hosting.Walk()
    numbers = walk.numbers()
    assert next(numbers) == 0
    assert list(numbers) == [1, 2]


def test_standard_types_are_the_daemons_own(hosting):
    assert type(hosting.dict(a=1)) is coheld.DictProxy


def test_proxies_are_arguments_and_results(hosting):
    first, second = hosting.Counter(1), hosting.Counter(2)
    first.keep(second)
    kept = first.kept_value()
    assert kept.increment() == 3
    assert second.increment() == 4
    shared = hosting.dict()
    first.keep(shared)
    first.kept_value()["key"] = "value"
    assert dict(shared) == {"key": "value"}


def test_hosted_objects_are_held_in_shared_ones(hosting):
    shared = hosting.dict()
    shared["counter"] = hosting.Counter(1)
    assert shared["counter"].increment() == 2
    assert shared["counter"].increment() == 3


def add(counter, times):
    for _ in range(times):
        counter.increment()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_hosted_proxies_work_in_children(hosting, method):
    counter = hosting.Counter()
    context = multiprocessing.get_context(method)
    children = [context.Process(target=add, args=(counter, 20)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert counter.increment(0) == 40


def test_hosted_proxies_are_pickled(hosting):
    counter = hosting.Counter(1)
    copy = pickle.loads(pickle.dumps(counter))
    assert copy.increment() == 2
    assert counter.increment() == 3


def test_each_calling_thread_has_a_thread_in_the_host(hosting):
    counter = hosting.Counter()
    mine = {counter.thread() for _ in range(5)}
    others = []
    thread = threading.Thread(target=lambda: others.append(counter.thread()))
    thread.start()
    thread.join(60)
    assert len(mine) == 1
    assert others[0] not in mine


def set_value(shared):
    shared["initialized"] = os.getpid()


def test_an_initializer_runs_in_the_host():
    with coheld.Manager() as other:
        shared = other.dict()
        manager = Manager()
        manager.start(set_value, (shared,))
        with manager:
            assert shared["initialized"] == manager.Counter().pid()


def test_an_initializer_that_fails_fails_the_start(capfd):
    manager = Manager()
    with pytest.raises(EOFError):
        manager.start(divmod, (1, 0))
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_dead_host_is_told_and_the_next_object_has_a_new_one():
    with Manager() as manager:
        counter = manager.Counter()
        with pytest.raises(coheld.HostGone):
            counter.ending()
        with pytest.raises(coheld.HostGone):
            counter.increment()
        with pytest.raises(EOFError):
            counter.increment()
        assert _new_counter(manager).increment() == 1


def _new_counter(manager):
    try:
        return manager.Counter()
    except coheld.HostGone:
        return manager.Counter()


def test_shutdown_ends_the_host():
    manager = Manager()
    manager.start()
    pid = manager.Counter().pid()
    manager.shutdown()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_host_ends_when_its_program_is_killed():
    program = f"""if True:
        import os, signal, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        from test_base_manager import Manager
        manager = Manager()
        manager.start()
        print(manager.Counter().pid(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == -signal.SIGKILL
    wait_until_gone(int(done.stdout), 30)


QUEUE = queue.Queue()


class QueueServer(BaseManager):
    """The documentation's remote manager."""


QueueServer.register("get_queue", callable=lambda: QUEUE)


class QueueClient(BaseManager):
    """Knows the names only."""


QueueClient.register("get_queue")
QueueClient.register("unknown")


def serve(server):
    with pytest.raises(SystemExit):
        server.serve_forever()


@pytest.fixture
def served():
    server = QueueServer(("127.0.0.1", 0), authkey=b"secret").get_server()
    thread = threading.Thread(target=serve, args=(server,))
    thread.start()
    yield server
    server.stop_event.set()
    thread.join(60)


def test_a_server_hosts_objects_of_its_own_program(served):
    client = QueueClient(served.address, authkey=b"secret")
    client.connect()
    QUEUE.put("from the server")
    queue = client.get_queue()
    assert queue.get() == "from the server"
    assert QUEUE.empty()
    queue.put({"from": "a client"})
    assert QUEUE.get(timeout=60) == {"from": "a client"}
    with pytest.raises(RemoteError, match="unknown"):
        client.unknown()


def test_a_server_serves_in_a_child_until_interrupted():
    server = QueueServer(("127.0.0.1", 0), authkey=b"secret").get_server()
    child = multiprocessing.Process(target=server.serve_forever)
    child.start()
    client = QueueClient(server.address, authkey=b"secret")
    client.connect()
    queue = client.get_queue()
    queue.put(1)
    assert queue.get() == 1
    os.kill(child.pid, signal.SIGINT)
    child.join(60)
    assert child.exitcode == 0
    with pytest.raises(coheld.HostGone):
        queue.get()
    server.listener.close()


def test_a_typeid_that_nobody_serves_is_told(daemon_address):
    client = QueueClient(daemon_address)
    client.connect()
    with pytest.raises(coheld.HostGone, match="get_server"):
        client.get_queue()


def test_xmlrpclib_carries_plain_data():
    with QueueServer(("127.0.0.1", 0), serializer="xmlrpclib") as manager:
        queue = manager.get_queue()
        queue.put(("a", 1, None, b"bytes"))
        assert queue.get() == ["a", 1, None, b"bytes"]
        with pytest.raises(TypeError):
            queue.put(os.getpid)


def test_any_program_hosts_objects_by_name(shared):
    mine = Counter(1)
    proxy = shared.host(mine, name="my counter")
    assert proxy.increment() == 2
    assert mine.count == 2
    assert shared.hosted("my counter").increment() == 3
    with pytest.raises(coheld.ObjectExists):
        shared.host(Counter(), name="my counter")
    with pytest.raises(coheld.ObjectNotFound):
        shared.hosted("nobody's")


def host_one(address, names):
    manager = coheld.connect(address)
    manager.host(Counter(5), name="left behind")
    names.put("left behind")
    names.join()


def test_the_name_of_a_program_that_ended_is_taken_over(daemon_address, shared):
    names = coheld.connect(daemon_address).Queue()
    child = multiprocessing.Process(target=host_one, args=(daemon_address, names))
    child.start()
    name = names.get()
    proxy = shared.hosted(name)
    assert proxy.increment() == 6
    names.task_done()
    child.join(60)
    with pytest.raises(coheld.HostGone):
        proxy.increment()
    shared.host(Counter(50), name=name)
    assert shared.hosted(name).increment() == 51


def test_nothing_of_the_stdlibs_manager_is_missing():
    theirs = multiprocessing.managers.SyncManager
    internals = {"_Server", "_finalize_manager", "_run_server"}
    assert set(dir(theirs)) - set(dir(SyncManager)) <= internals
    for name in multiprocessing.managers.__all__:
        assert name in sys.modules["coheld.managers"].__all__


@pytest.mark.parametrize(
    "name",
    ["Acquirer", "Array", "Barrier", "Condition", "Dict", "Event", "List", "Namespace", "Value"],
)
def test_proxies_are_of_the_stdlibs_types_but_do_nothing_as_those_do(name):
    theirs = getattr(multiprocessing.managers, f"{name}Proxy")
    ours = getattr(coheld, f"{name}Proxy")
    assert issubclass(ours, theirs)
    for base in (theirs, multiprocessing.managers.BaseProxy):
        for method in set(vars(base)) - IGNORED:
            owner = next(kind for kind in ours.__mro__ if method in vars(kind))
            assert owner.__module__.startswith("coheld.") or method in UNUSED, method


# What a proxy of the stdlib does with its server.
UNUSED = {
    "_address_to_local", "_after_fork", "_connect", "_decref", "_incref",
    "_method_to_typeid_", "_mutex",
}  # fmt: skip
IGNORED = {"__builtins__", "__dict__", "__doc__", "__module__", "__weakref__"}
