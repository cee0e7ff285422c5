"""Managers of daemons that run already: over TCP, after restarts, by many clients."""

import multiprocessing
import os
import pickle

import coheld
import pytest
from coheld import _core

from daemon_process import Daemon


def add_one(counts):
    counts.increment("children")


def test_proxies_work_over_tcp_and_in_children(tcp_address):
    with coheld.connect(tcp_address) as connected:
        counts, items = connected.dict(name="over tcp"), connected.Queue()
        items.put(b"x" * (4 << 20))
        assert items.get(timeout=10) == b"x" * (4 << 20)
        for method in ("fork", "spawn"):
            child = multiprocessing.get_context(method).Process(target=add_one, args=(counts,))
            child.start()
            child.join(60)
            assert child.exitcode == 0
        assert counts["children"] == 2


def test_unix_and_tcp_lead_to_the_same_objects(daemon_address, tcp_address):
    coheld.connect(daemon_address).list([1], name="both")
    assert list(coheld.connect(tcp_address).list(name="both")) == [1]


def test_a_daemon_that_comes_back_is_used_again(tmp_path):
    address = f"unix:{tmp_path}/coheld.sock"
    daemon = Daemon(address)
    held = coheld.connect(address).list([1, 2], name="kept")
    assert list(held) == [1, 2]
    daemon.kill()
    daemon = Daemon(address)
    assert list(held) == []  # In memory only: a named list is empty again.
    held.append(3)
    assert list(held) == [3]
    daemon.stop()


def test_leaving_a_connected_manager_ends_neither_daemon_nor_objects(daemon_address):
    with coheld.connect(daemon_address) as first:
        held = first.dict(a=1)
    assert held["a"] == 1
    with pytest.raises(AssertionError):
        first.list()
    coheld.connect(daemon_address).list()


def test_objects_without_a_name_outlive_their_maker_where_somebody_holds_them(
    daemon_address, shared
):
    results = shared.Queue()
    child = multiprocessing.Process(target=make_two, args=(daemon_address, results))
    child.start()
    name, held = results.get(timeout=30)
    child.join(60)
    with pytest.raises(coheld.ObjectNotFound):
        inspect_until_gone(shared._client, name)
    assert list(held) == ["held"]


def inspect_until_gone(client, name):
    for _ in range(100_000):  # Until the daemon noticed the end of the process.
        coheld._lifetime._inspect(client, name)


def make_two(address, results):
    connected = coheld.connect(address)
    alone, held = connected.list(["alone"]), connected.list(["held"])
    results.put((alone.name, held))
    assert results.join(timeout=0) is False


def test_an_unpickled_proxy_shares_the_processes_client(daemon_address, shared):
    held = shared.list([1])
    copy = pickle.loads(pickle.dumps(held))
    assert copy is not held
    assert copy != held
    assert copy._client is held._client
    copy.append(2)
    assert list(held) == [1, 2]


def test_a_session_is_labelled_for_people(shared):
    sessions = _core.method("Admin.Sessions", "sessions")(shared._client, 0)
    assert os.getpid() in {session["label"]["pid"] for session in sessions}
