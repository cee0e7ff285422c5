"""Fixtures: a private daemon's manager, the stdlib's manager, and a daemon to connect to."""

import multiprocessing

import coheld
import pytest

from daemon_process import Daemon


@pytest.fixture(scope="module")
def manager():
    with coheld.Manager() as started:
        yield started


@pytest.fixture(scope="module")
def stdlib_manager():
    with multiprocessing.Manager() as started:
        yield started


@pytest.fixture(scope="module")
def running_daemon(tmp_path_factory):
    daemon = Daemon(f"unix:{tmp_path_factory.mktemp('daemon')}/coheld.sock", "127.0.0.1:0")
    yield daemon
    daemon.stop()


@pytest.fixture
def daemon_address(running_daemon):
    """Give a running daemon's Unix socket."""
    return running_daemon.addresses[0]


@pytest.fixture
def tcp_address(running_daemon):
    """Give a running daemon's TCP address."""
    return running_daemon.addresses[1]


@pytest.fixture
def shared(daemon_address):
    """Connect to the running daemon, without pickle."""
    with coheld.connect(daemon_address) as connected:
        yield connected
