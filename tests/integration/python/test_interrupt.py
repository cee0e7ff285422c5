"""Signals during calls: Ctrl-C ends a parked call, and the next call works."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import coheld
import pytest

WAITS = {
    "get": "items.get()",
    "get with a timeout": "items.get(timeout=100)",
    "put": "full.put(2)",
    "join": "full.join()",
    "acquire": "lock.acquire()",
    "with": "lock.__enter__()",
    "wait": "value.wait()",
    "semaphore": "none.acquire()",
    "event": "event.wait()",
    "read": "readers.acquire_read()",
    "latch": "latch.wait()",
    "several locks": "coheld.acquire_all(other, lock).__enter__()",
}

PROGRAM = """
    import coheld, sys, threading
    manager = coheld.Manager()
    items, full = manager.Queue(), manager.Queue(1)
    lock, value = manager.Lock(), manager.Value("i", 0)
    none, event, other = manager.Semaphore(0), manager.Event(), manager.Lock()
    readers, latch = manager.ReadWriteLock(), manager.CountDownLatch(1)
    written, end = threading.Event(), threading.Event()
    def write():
        readers.acquire_write()
        written.set()
        end.wait()
        readers.release()
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    written.wait()
    full.put(1)
    lock.acquire()
    print("ready", flush=True)
    try:
        {wait}
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    items.put("next")
    assert items.get(timeout=10) == "next"
    lock.release()
    assert lock.acquire(timeout=10)
    assert full.get(timeout=10) == 1 and full.empty()
    assert not none.acquire(False) and other.acquire(False)
    end.set()
    writer.join()
    assert readers.acquire_write(False)
    print("works", flush=True)
"""


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_ctrl_c_ends_a_parked_call_and_the_next_one_works(wait):
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM).format(wait=wait)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "ready\n"
    time.sleep(0.1)  # Most likely parked by now; interrupted before it is as good a case.
    started = time.monotonic()
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline() == "interrupted\n"
    assert time.monotonic() - started < 1
    assert program.stdout.readline() == "works\n"
    assert program.wait(30) == 0


def test_a_handler_that_does_not_raise_does_not_end_the_call(manager):
    items, seen = manager.Queue(), []
    before = signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(coheld.QueueEmpty):
            items.get(timeout=0.6)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [signal.SIGALRM]


def test_an_interrupted_get_takes_no_item(manager):
    items = manager.Queue()

    def raise_timeout(number, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, raise_timeout)
    try:
        for number in range(20):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(TimeoutError):
                items.get()
            items.put(number)
            assert items.get(timeout=10) == number
    finally:
        signal.signal(signal.SIGALRM, before)


class Stop(Exception):
    """Raised by a signal handler."""


@contextlib.contextmanager
def on_alarm(action):
    """Have a timer's handler act and raise, in the midst of a call."""

    def handle(number, frame):
        action()
        raise Stop

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_item_that_came_with_the_interrupt_is_given_back(manager):
    items = manager.Queue()
    with on_alarm(lambda: items.put("came late")), pytest.raises(Stop):
        items.get()
    assert items.get(timeout=10) == "came late"
    assert items.empty()


def test_a_lock_that_was_granted_with_the_interrupt_is_released(manager):
    lock = manager.Lock()
    lock.acquire()
    with on_alarm(lock.release), pytest.raises(Stop):
        lock.acquire()
    assert lock.acquire(timeout=10)


def test_permits_that_were_granted_with_the_interrupt_are_given_back(manager):
    semaphore, lock, first = manager.Semaphore(0), manager.RLock(), manager.Lock()
    with on_alarm(semaphore.release), pytest.raises(Stop):
        semaphore.acquire()
    assert semaphore.get_value() == 1
    first.acquire()
    with on_alarm(first.release), pytest.raises(Stop), coheld.acquire_all(lock, first):
        pass
    assert not first.locked()
    assert not lock.locked()


def test_an_interrupted_wait_on_a_condition_has_the_lock_again(manager):
    lock = manager.RLock()
    condition = manager.Condition(lock)
    with lock, condition:
        with on_alarm(lambda: None), pytest.raises(Stop):
            condition.wait()
        condition.notify_all()
        assert str(lock).startswith("<locked")
        assert "count=2" in str(lock)
    assert not lock.locked()


def test_a_wait_on_a_condition_is_interrupted_once_its_lock_is_free(manager):
    condition, go = manager.Condition(), manager.Event()

    def hold_the_lock():
        with condition:
            go.wait(30)

    thread = threading.Thread(target=hold_the_lock)

    def let_the_thread_in():
        thread.start()
        threading.Timer(0.2, go.set).start()

    with condition:
        with on_alarm(let_the_thread_in), pytest.raises(Stop):
            condition.wait()
        condition.notify_all()
    thread.join(30)


def test_an_interrupted_party_breaks_the_barrier(manager):
    barrier = manager.Barrier(2)
    with on_alarm(lambda: None), pytest.raises(Stop):
        barrier.wait()
    assert barrier.broken


def test_an_interrupt_while_the_daemon_dies_raises_what_the_handler_raised():
    with coheld.Manager() as own:
        items = own.Queue()
        pid = own._daemon.pid
        with on_alarm(lambda: os.kill(pid, signal.SIGKILL)), pytest.raises(Stop):
            items.get()
        with pytest.raises(EOFError):
            items.get()


def test_other_threads_run_while_a_call_is_parked(manager):
    items = manager.Queue()
    got = []
    thread = threading.Thread(target=lambda: got.append(items.get()))
    thread.start()
    items.put("from the other thread")
    thread.join(30)
    assert got == ["from the other thread"]


def test_a_daemon_thread_that_waits_does_not_keep_the_program():
    program = """
        import coheld, threading
        manager = coheld.Manager()
        items = manager.Queue()
        threading.Thread(target=items.get, daemon=True).start()
        manager.list()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
