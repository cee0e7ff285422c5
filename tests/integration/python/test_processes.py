"""Proxies and managers across fork, spawn, forkserver, and the death of processes."""

import multiprocessing
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback

import coheld
import pytest

FORKS = 200
METHODS = ["fork", "spawn", "forkserver"]


def wait_until_gone(pid, seconds):
    """Wait for the end of a process that is no child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], seconds)[0], f"process {pid} lives on"
    finally:
        os.close(descriptor)


def run_program(text, *arguments, timeout=60):
    """Run a program of its own; return its output."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def use_all(shared_list, shared_dict, value, items, lock, number):
    with lock:
        value.value += 1
    shared_list.append(number)
    shared_dict[number] = os.getpid()
    items.put(number)


@pytest.mark.parametrize("method", METHODS)
def test_proxies_work_in_children(manager, method):
    context = multiprocessing.get_context(method)
    made = manager.list(), manager.dict(), manager.Value("i", 0), manager.Queue(), manager.Lock()
    children = [context.Process(target=use_all, args=(*made, number)) for number in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert sorted(made[0]) == sorted(made[1]) == sorted(made[3].get_many()) == [0, 1, 2, 3]
    assert made[2].value == 4


def test_a_child_that_ends_with_proxies_complains_of_nothing(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import multiprocessing

        import coheld


        def work(items, lock):
            with lock:
                items.append(1)


        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            with coheld.Manager() as manager:
                items, lock = manager.list(), manager.Lock()
                child = context.Process(target=work, args=(items, lock))
                child.start()
                child.join()
                print(items)
    """)
    )
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1]\n", "")


def make_and_return(manager, results):
    made = manager.list(["made in the child"])
    results.put(made)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_child_made_outlives_the_child(manager, method):
    results = manager.Queue()
    child = multiprocessing.get_context(method).Process(
        target=make_and_return, args=(manager, results)
    )
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert list(results.get(timeout=10)) == ["made in the child"]


def append_square(shared, number):
    shared.append(number * number)
    return number


@pytest.mark.parametrize("method", METHODS)
def test_the_tutorials_list_in_a_pool(manager, method):
    shared = manager.list()
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.starmap(append_square, [(shared, n) for n in range(20)]) == list(range(20))
    assert sorted(shared) == [n * n for n in range(20)]


def add_under_lock(value, lock, times):
    for _ in range(times):
        with lock:
            value.value += 1


def test_the_tutorials_value_with_a_lock(manager):
    value, lock = manager.Value("i", 0), manager.Lock()
    children = [
        multiprocessing.Process(target=add_under_lock, args=(value, lock, 50)) for _ in range(4)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert value.value == 200


def test_forks_of_a_busy_process_all_use_the_proxies_and_exit(manager):
    """200 forks while 4 threads are in the midst of calls; each child uses the proxies."""
    counts, log, items = manager.dict(), manager.list(), manager.Queue()
    stop = threading.Event()

    def keep_busy(number):
        while not stop.is_set():
            counts[f"busy {number}"] = number
            log.append(number)
            if number:
                log.pop()
            else:
                with pytest.raises(coheld.QueueEmpty):
                    items.get(timeout=0.01)  # Parked, at most forks.

    threads = [threading.Thread(target=keep_busy, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    children = []
    try:
        for number in range(FORKS):
            child = os.fork()
            if child == 0:
                os._exit(serve_as_child(counts, log, number))
            children.append(child)
            if len(children) - counts.get("done", 0) > 20:
                wait_for(lambda: counts.get("done", 0) > len(children) - 20)
    finally:
        codes = [wait_for_child(child) for child in children]
        stop.set()
        for thread in threads:
            thread.join(30)
    assert codes == [0] * FORKS
    assert not any(thread.is_alive() for thread in threads)
    assert counts["done"] == FORKS
    assert all(counts[f"child {number}"] == number for number in range(FORKS))


def serve_as_child(counts, log, number):
    signal.alarm(60)
    try:
        counts[f"child {number}"] = number
        log.append(number)
        assert counts.get(f"child {number}") == number
        counts.increment("done")
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_child(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run_manager(results):
    with coheld.Manager() as manager:
        results.append(manager.list([1, 2])._getvalue())


@pytest.mark.parametrize("method", METHODS)
def test_a_child_can_have_a_manager_of_its_own(manager, method):
    results = manager.list()
    child = multiprocessing.get_context(method).Process(target=run_manager, args=(results,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert results[0] == [1, 2]


def test_a_child_that_shuts_the_managers_copy_down_ends_nothing():
    with coheld.Manager() as manager:
        held = manager.list([1])
        child = multiprocessing.Process(target=manager.shutdown)
        child.start()
        child.join(60)
        assert list(held) == [1]


def test_the_daemon_ends_with_a_killed_program():
    program = """
        import coheld, os, sys
        manager = coheld.Manager()
        print(manager._daemon.pid, manager.address, flush=True)
        sys.stdin.read()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    daemon = int(child.stdout.readline().split()[0])
    child.kill()
    child.communicate()
    wait_until_gone(daemon, 10)


def test_what_a_killed_program_left_is_removed_by_the_next(manager):
    program = """
        import coheld, os, signal
        print(coheld.Manager().address, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    left = os.path.dirname(done.stdout[len("unix:") :])
    assert left
    wait_for(lambda: coheld.Manager() and not os.path.exists(left))
    assert manager.list([1])[0] == 1  # One that lives is left alone.


@pytest.mark.parametrize("ending", ["pass", "manager.shutdown()", "del manager", "sys.exit(0)",
                                    "os.fork() or os._exit(0)"])  # fmt: skip
def test_the_daemon_and_its_folder_end_with_the_program(ending):
    program = f"""
        import coheld, os, sys
        manager = coheld.Manager()
        print(manager._daemon.pid, manager.address, flush=True)
        {ending}
    """
    pid, address = run_program(program).split()
    wait_until_gone(int(pid), 10)
    assert not os.path.exists(os.path.dirname(address[len("unix:") :]))


def test_the_folder_is_private():
    with coheld.Manager() as manager:
        folder = os.path.dirname(manager.address[len("unix:") :])
        assert os.stat(folder).st_mode & 0o777 == 0o700


def test_calls_after_shutdown_tell_that_the_daemon_is_gone():
    with coheld.Manager() as manager:
        held = manager.list([1])
    started = time.monotonic()
    with pytest.raises(coheld.ConnectionLost) as lost:
        held.append(1)
    assert isinstance(lost.value, (EOFError, BrokenPipeError))
    assert time.monotonic() - started < 5


def test_a_parked_call_ends_when_the_daemon_is_killed():
    with coheld.Manager() as manager:
        items = manager.Queue()
        caught = []

        def wait():
            try:
                items.get()
            except EOFError as error:
                caught.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        os.kill(manager._daemon.pid, signal.SIGKILL)
        thread.join(30)
        assert len(caught) == 1


def hold_for_ever(lock, ready):
    lock.acquire()
    ready.put(os.getpid())
    time.sleep(600)


def test_a_killed_holder_frees_its_lock(manager):
    lock, ready = manager.Lock(), manager.Queue()
    child = multiprocessing.Process(target=hold_for_ever, args=(lock, ready))
    child.start()
    os.kill(ready.get(timeout=30), signal.SIGKILL)
    assert lock.acquire(timeout=10)
    child.join()


def get_one(items, ready):
    ready.put(1)
    items.get()


def test_a_killed_getter_takes_no_item(manager):
    items, ready = manager.Queue(), manager.Queue()
    child = multiprocessing.Process(target=get_one, args=(items, ready))
    child.start()
    ready.get(timeout=30)
    child.kill()
    child.join()
    items.put("kept")
    assert items.get(timeout=10) == "kept"


def test_pickled_proxies_of_a_connected_daemon_find_it(daemon_address):
    with coheld.connect(daemon_address) as connected:
        held = connected.list(name="by spawn")
        context = multiprocessing.get_context("spawn")
        child = context.Process(target=append_square, args=(held, 3))
        child.start()
        child.join(60)
        assert list(held) == [9]
