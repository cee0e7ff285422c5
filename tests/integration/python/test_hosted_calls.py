"""Calls of hosted objects across threads, forks, signals, and the end of the interpreter."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import coheld
import pytest
from coheld.managers import BaseManager


class Slow:
    """Waits until it is told not to, and counts who waited."""

    def __init__(self):
        self.gate = threading.Event()
        self.waiting = 0

    def wait(self):
        self.waiting += 1
        self.gate.wait()
        return self.waiting

    def open(self):
        self.gate.set()

    def count(self):
        return self.waiting

    def echo(self, value):
        return value


class Manager(BaseManager):
    """Hosts it."""


Manager.register("Slow", Slow)


@pytest.fixture(scope="module")
def hosting():
    with Manager() as started:
        yield started


def until(count, slow):
    while slow.count() < count:
        time.sleep(0.001)


def test_a_slow_call_holds_up_nobody_else(hosting):
    slow = hosting.Slow()
    threads = [threading.Thread(target=slow.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(5, slow)
    assert slow.echo("meanwhile") == "meanwhile"
    slow.open()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_a_forked_child_calls_while_its_parent_waits(hosting):
    slow = hosting.Slow()
    thread = threading.Thread(target=slow.wait)
    thread.start()
    until(1, slow)
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if slow.echo("child") == "child" else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    slow.open()
    thread.join(60)
    assert not thread.is_alive()


def call_for_ever(slow):
    slow.wait()


def test_a_caller_that_is_killed_takes_only_its_own_call_along(hosting):
    slow = hosting.Slow()
    child = multiprocessing.Process(target=call_for_ever, args=(slow,))
    child.start()
    until(1, slow)
    child.kill()
    child.join(60)
    assert slow.echo(1) == 1
    slow.open()
    assert slow.wait() == 2


def test_a_signal_ends_a_call(hosting):
    slow = hosting.Slow()

    def interrupt():
        until(1, slow)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        slow.wait()
    thread.join(60)
    assert slow.echo("after") == "after"
    slow.open()


@pytest.mark.parametrize("size", [0, 1, 1000, 3_000_000])
def test_arguments_and_results_of_any_size_pass(hosting, size):
    value = {"bytes": b"x" * size, "items": [None, (1, 2.5)], "object": range(size)}
    assert hosting.Slow().echo(value) == value


def test_what_a_host_cannot_decode_costs_only_its_own_call(hosting):
    slow = hosting.Slow()
    with pytest.raises(coheld.RemoteError, match="never"):
        slow.echo(Undecodable())
    assert slow.echo("fine") == "fine"


class Undecodable:
    def __reduce__(self):
        return refuse, ()


def refuse():
    raise ImportError("never")


def test_too_large_a_call_is_refused(hosting):
    slow = hosting.Slow()
    with pytest.raises(ValueError, match="bytes"):
        slow.echo(b"x" * 70_000_000)
    assert slow.echo(1) == 1


def run_program(text):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


PROGRAM = """
    import atexit, multiprocessing, threading
    from coheld.managers import SyncManager

    class Adder:
        def add(self, number):
            return number + 1

    class Manager(SyncManager):
        pass

    Manager.register("Adder", Adder)
    manager = Manager()
    manager.start()
    adder, items = manager.Adder(), manager.list()
"""


def test_hosted_objects_are_called_at_exit_before_the_manager_ends():
    program = (
        PROGRAM
        + """
    from multiprocessing import util
    util.Finalize(None, lambda: print(adder.add(1)), exitpriority=5)
    """
    )
    assert run_program(program) == "2\n"


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "del manager",
        "manager.shutdown()",
        "manager.shutdown(); manager.join()",
        "kept = [adder]; kept.append(kept); del adder",
        "items.append(adder)",
        "pool = manager.Pool(1); pool.apply(int)",
        "multiprocessing.Process(target=adder.add, args=(1,)).run()",
        "atexit.register(lambda: adder.add(1))",
    ],
)
def test_the_interpreter_ends_in_silence(ending):
    assert run_program(PROGRAM + f"    {ending}\n") == ""


def test_a_pools_workers_end_with_a_program_that_is_killed():
    program = """if True:
        import coheld, os, signal
        manager = coheld.Manager()
        pool = manager.Pool(1)
        print(pool.apply(os.getpid), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == -signal.SIGKILL  # And the end of its output, which workers inherit.
    assert int(done.stdout) > 0
