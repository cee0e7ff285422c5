"""A daemon with a key: who gets a client, and where a process takes the key from."""

import multiprocessing
import os
import pickle

import coheld
import pytest
from coheld import _client

from daemon_process import Daemon

KEY = b"the shared secret"


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def address(tmp_path, key_file, monkeypatch):
    """Give a daemon with a key, of which this process knows nothing."""
    monkeypatch.delenv("COHELD_KEY_FILE", raising=False)
    daemon = Daemon(f"unix:{tmp_path}/coheld.sock", flags=["--key-file", key_file])
    yield daemon.addresses[0]
    daemon.stop()


def client(address, key=None):
    return _client.client_for(address, "", 1.0, key)


def test_the_right_key_is_served(address):
    assert client(address, KEY).session()["id"] > 0


@pytest.mark.parametrize("key", [b"", b"another", KEY + b"\n"])
def test_another_key_is_an_authentication_error(address, key):
    with pytest.raises(coheld.Unauthenticated) as caught:
        client(address, key)
    assert isinstance(caught.value, multiprocessing.AuthenticationError)


def test_a_wrong_key_is_refused_although_the_process_knows_the_right_one(address):
    client(address, KEY)
    with pytest.raises(coheld.Unauthenticated):
        client(address, b"another")


def test_without_any_key_the_daemon_says_so(address):
    with pytest.raises(coheld.Unauthenticated, match="key"):
        client(address)


def test_a_daemon_without_a_key_is_refused_by_who_has_one(daemon_address):
    with pytest.raises(coheld.Unauthenticated, match="has no key"):
        client(daemon_address, KEY)


def test_a_key_once_proved_serves_the_process(address):
    assert client(address, KEY) is client(address)


def test_the_environment_names_a_key_file(address, key_file, monkeypatch):
    monkeypatch.setenv("COHELD_KEY_FILE", key_file)
    assert client(address).session()["id"] > 0


def test_a_key_file_that_others_can_read_is_refused(address, key_file, monkeypatch):
    os.chmod(key_file, 0o644)
    monkeypatch.setenv("COHELD_KEY_FILE", key_file)
    with pytest.raises(coheld.InvalidArgument, match="chmod 600"):
        client(address)


def test_the_authkey_is_tried_last(address, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", KEY)
    assert client(address).session()["id"] > 0


def unpickle_and_append(pickled, results):
    pickle.loads(pickled).append("child")
    results.put("done")


def test_a_pickled_proxy_carries_no_key_and_finds_it_in_a_spawned_child(address, monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", KEY)
    names = coheld.connect(address).list()
    pickled = pickle.dumps(names)
    assert KEY not in pickled
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    child = context.Process(target=unpickle_and_append, args=(pickled, results))
    child.start()
    assert results.get(timeout=30) == "done"
    child.join(30)
    assert list(names) == ["child"]
