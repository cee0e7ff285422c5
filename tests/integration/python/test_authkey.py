"""authkey: a manager that listens on an address serves only those who have it."""

import multiprocessing
import pickle
import queue

import coheld
import pytest
from coheld.managers import BaseManager, SyncManager

KEY = b"the shared secret"


@pytest.fixture(scope="module")
def keyed():
    with SyncManager(("127.0.0.1", 0), KEY) as started:
        yield started


def test_the_right_key_is_served_and_trusted(keyed):
    connected = SyncManager(keyed.address, KEY)
    connected.connect()
    assert list(connected.list([range(3)])) == [range(3)]


@pytest.mark.parametrize("key", [b"another", b"", KEY + b"\n", b"x" * 5000])
def test_another_key_is_an_authentication_error(keyed, key):
    with pytest.raises(multiprocessing.AuthenticationError):
        SyncManager(keyed.address, key).connect()


def test_no_key_is_an_authentication_error(keyed):
    address = f"127.0.0.1:{keyed.address[1]}"
    child = multiprocessing.get_context("spawn").Process(target=connect_without, args=(address,))
    child.start()
    child.join(60)
    assert child.exitcode == 0


def connect_without(address):
    with pytest.raises(multiprocessing.AuthenticationError):
        coheld.connect(address)
    with pytest.raises(multiprocessing.AuthenticationError):
        coheld.connect(address, authkey=b"wrong")
    assert coheld.connect(address, authkey=KEY).list([1])[0] == 1


@pytest.mark.parametrize("key", [b"", b"\n", b"ends\r\n", b"\0\xff", b"x" * 5000])
def test_any_bytes_are_a_key(key):
    with SyncManager(("127.0.0.1", 0), key) as manager:
        connected = SyncManager(manager.address, key)
        connected.connect()
        assert connected.dict(a=1)["a"] == 1


def test_the_default_is_the_processes_own_key():
    with SyncManager(("127.0.0.1", 0)) as manager:
        connected = SyncManager(manager.address)
        connected.connect()
        assert connected.list([range(2)])[0] == range(2)


def append(shared, manager, value):
    shared.append(value)
    shared.append(manager.list([value])[0])


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_get_the_key_with_proxies_and_managers(keyed, method):
    shared = keyed.list()
    context = multiprocessing.get_context(method)
    child = context.Process(target=append, args=(shared, keyed, method))
    child.start()
    child.join(60)
    assert list(shared) == [method, method]


def test_no_pickle_but_a_childs_holds_the_key(keyed):
    assert KEY not in pickle.dumps(keyed.list())
    assert KEY not in pickle.dumps(keyed)


def test_a_unix_socket_at_a_path_has_the_key_too(tmp_path):
    with SyncManager(str(tmp_path / "socket"), KEY) as manager:
        with pytest.raises(multiprocessing.AuthenticationError):
            SyncManager(manager.address, b"another").connect()


class Server(BaseManager):
    """Serves a queue."""


Server.register("get_queue", queue.Queue)


def test_hosted_classes_are_behind_the_key_too():
    with Server(("127.0.0.1", 0), KEY) as manager:
        manager.get_queue().put(1)
        with pytest.raises(multiprocessing.AuthenticationError):
            Server(manager.address, b"another").connect()
