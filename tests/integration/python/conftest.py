"""Fixtures: a private daemon's manager, the stdlib's manager, and a daemon to connect to."""

import multiprocessing
import os
import subprocess

import coheld
import pytest
from coheld._daemon import binary


@pytest.fixture(scope="module")
def manager():
    with coheld.Manager() as started:
        yield started


@pytest.fixture(scope="module")
def stdlib_manager():
    with multiprocessing.Manager() as started:
        yield started


@pytest.fixture(scope="module")
def daemon_address(tmp_path_factory):
    """Run a daemon as an administrator would; give its address."""
    address = f"unix:{tmp_path_factory.mktemp('daemon')}/coheld.sock"
    ready, write = os.pipe()
    command = [binary(), "--listen", address, "--ready-fd", str(write)]
    command += ["--exit-with-pid", str(os.getpid())]
    process = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(ready) as lines:
        assert lines.readline().startswith("ready ")
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture
def shared(daemon_address):
    """Connect to the running daemon, without pickle."""
    with coheld.connect(daemon_address) as connected:
        yield connected
