"""The programs of the multiprocessing tutorials, with only their imports changed."""

import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent / "tutorials"


def run(name, *arguments):
    command = [sys.executable, FOLDER / name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(params=["fork", "spawn", "forkserver"])
def start_method(request):
    return request.param


def test_a_shared_list_collects_what_a_pool_computes(start_method):
    assert run("shared_list.py", start_method) == "True"


def test_a_value_multiplied_and_divided_under_a_lock_ends_exactly_at_one(start_method):
    assert run("value_and_lock.py", start_method) == "1.0"


def test_every_task_of_a_queue_is_done_once(start_method):
    assert run("task_queue.py", start_method) == "True"


def test_a_worker_joined_with_a_timeout_still_runs(start_method):
    assert run("join_with_timeout.py", start_method) == "True\n-15 kept"


def test_daemonic_workers_end_with_the_program(start_method):
    assert run("daemonic.py", start_method) == "['finished'] True True"


def test_a_registered_queue_is_shared_over_the_network():
    server = subprocess.Popen(
        [sys.executable, FOLDER / "network_server.py"], stdout=subprocess.PIPE, text=True
    )
    try:
        port = server.stdout.readline().strip()
        run("network_client.py", port, "hello")
        assert run("network_client.py", port) == "hello"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


def test_a_getter_waits_for_a_putter_in_another_program():
    server = subprocess.Popen(
        [sys.executable, FOLDER / "network_server.py"], stdout=subprocess.PIPE, text=True
    )
    try:
        port = server.stdout.readline().strip()
        getter = subprocess.Popen(
            [sys.executable, FOLDER / "network_client.py", port], stdout=subprocess.PIPE, text=True
        )
        run("network_client.py", port, "late")
        assert getter.communicate(timeout=60)[0].strip() == "late"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


def test_the_server_leaves_nothing_behind_when_it_is_killed():
    server = subprocess.Popen(
        [sys.executable, FOLDER / "network_server.py"], stdout=subprocess.PIPE, text=True
    )
    port = server.stdout.readline().strip()
    server.kill()
    server.wait(10)
    server.stdout.close()
    command = [sys.executable, FOLDER / "network_client.py", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert "ConnectFailed" in done.stderr
    assert os.path.basename(command[1]) in done.stderr
