"""The exceptions: each says why, is what the stdlib raises, and travels between processes."""

import pickle
from multiprocessing.managers import RemoteError

import coheld
import pytest
from coheld import _errors

from daemon_process import Daemon


@pytest.mark.parametrize("reason", sorted(_errors._CLASSES))
def test_an_error_survives_pickling(reason):
    error = _errors.make_error(reason, 9, "what was wrong", 2)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (copy.reason, copy.code) == (reason, 9)
    assert "what was wrong" in str(copy)


def test_a_reason_of_a_newer_daemon_is_an_internal_error():
    assert type(_errors.make_error("NEW", 13, "text", 0)) is coheld.InternalError


def test_an_error_tells_the_daemons_reason(manager):
    with pytest.raises(coheld.QueueEmpty) as empty:
        manager.Queue().get(False)
    assert (empty.value.reason, empty.value.code) == ("QUEUE_EMPTY", 9)


def test_a_failed_constructor_is_a_remote_error_of_the_causes_class(manager):
    with pytest.raises(RemoteError) as error:
        manager.list(5)
    assert isinstance(error.value, TypeError)
    assert isinstance(pickle.loads(pickle.dumps(error.value)), TypeError)


def test_a_daemon_that_is_not_there_is_refused_at_once(tmp_path):
    with pytest.raises(ConnectionRefusedError, match="cannot connect"):
        coheld.connect(f"unix:{tmp_path}/none")
    with pytest.raises(FileNotFoundError):
        coheld.connect(f"unix:{tmp_path}/none")


@pytest.mark.parametrize("address", ["", "nonsense", "unix:", "host:port:1", "localhost:99999"])
def test_an_address_of_no_known_form_is_refused(address):
    with pytest.raises(ValueError, match="address"):
        coheld.connect(address)


def test_a_daemon_that_cannot_start_shows_its_messages(monkeypatch):
    monkeypatch.setenv("COHELD_DAEMON", "/bin/false")
    with pytest.raises(coheld.ConnectFailed, match=r"/bin/false.*exit code 1"):
        coheld.Manager()


def test_a_missing_daemon_is_named(monkeypatch):
    monkeypatch.setenv("COHELD_DAEMON", "/nowhere/coheld")
    with pytest.raises(FileNotFoundError, match="/nowhere/coheld"):
        coheld.Manager()


def test_an_empty_name_is_refused(manager):
    with pytest.raises(ValueError, match="empty"):
        manager.list(name="")


def test_a_full_memory_refuses_what_adds_something_and_goes_on_with_all_else(tmp_path):
    daemon = Daemon(f"unix:{tmp_path}/coheld.sock", flags=("--memory-max", "32m"))
    try:
        with coheld.connect(daemon.addresses[0]) as shared:
            items = shared.list()
            large = b"x" * (256 << 10)
            full: MemoryError | None = None
            for _ in range(1000):
                try:
                    items.append(large)
                except MemoryError as error:
                    full = error
                    break
            assert full is not None
            assert type(full) is coheld.MemoryFull
            assert "--memory-max" in str(full)
            assert full.reason == "MEMORY_FULL"
            assert items[0] == large
            del items[:8]
            items.append(large)
    finally:
        daemon.stop()
