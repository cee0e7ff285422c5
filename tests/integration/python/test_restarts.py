"""Programs over a daemon that keeps its data, and is killed or told to end in their midst.

No line of them knows of it: calls go on where they were, and every count is exact.
"""

import signal
import threading
import time

import coheld
import pytest
from coheld import _core

from daemon_process import Daemon

describe = _core.method("Admin.Describe", "waiters")


class Restarted:
    """Run a daemon with a data folder, which comes back at the same address."""

    def __init__(self, folder, ending):
        self.address = f"unix:{folder}/socket"
        self.flags = ["--data-dir", f"{folder}/data", "--drain-ms", "50"]
        self.ending = ending
        self.start()

    def start(self):
        self.daemon = Daemon(self.address, flags=self.flags)

    def stop(self):
        self.daemon.process.send_signal(self.ending)
        self.daemon.process.wait(30)

    def restart(self):
        self.stop()
        self.start()


@pytest.fixture(params=[signal.SIGKILL, signal.SIGTERM], ids=["killed", "told"])
def restarted(tmp_path, request):
    started = Restarted(tmp_path, request.param)
    yield started
    started.daemon.kill()


@pytest.fixture
def shared(restarted):
    with coheld.connect(restarted.address) as connected:
        yield connected


def wait_for_waiter(address, name):
    """Wait until an op is parked; asked over a session of its own."""
    with coheld.connect(address, codec="json") as other:
        deadline = time.monotonic() + 60
        while not describe(other._client, name):
            assert time.monotonic() < deadline


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()

    def result():
        thread.join(100)
        return results[0]

    return result


def work_over(restarted, restarts, threads, work):
    """Work in threads while the daemon is restarted; return how often it was done."""
    enough, done, failures = threading.Event(), [0] * threads, []

    def loop(place):
        try:
            while not enough.is_set():
                work()
                done[place] += 1
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=loop, args=(place,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for _ in range(restarts):
        before = sum(done)
        while sum(done) < before + 30 and not failures:
            time.sleep(0.001)
        restarted.restart()
    enough.set()
    for worker in workers:
        worker.join(100)
    assert not failures
    return sum(done)


def test_each_increment_counts_once(restarted, shared):
    counts, total = shared.dict(name="{n}d"), shared.Counter(name="{n}c")

    def work():
        counts.increment("all")
        total.add()

    done = work_over(restarted, 4, 3, work)
    assert counts["all"] == done
    assert total.value == done


def test_each_item_arrives_once(restarted, shared):
    items, results = shared.Queue(name="{q}items"), shared.list(name="{q}results")
    numbers = iter(range(1_000_000))

    def work():
        items.put(next(numbers))
        with items.task() as task:
            task.append(results, task.item)

    done = work_over(restarted, 4, 3, work)
    assert sorted(results) == list(range(done))
    assert items.empty()


def test_a_lock_is_held_by_one(restarted, shared):
    lock, held = shared.Lock(name="{l}lock"), shared.dict(name="{l}d")

    def work():
        with lock:
            held["n"] = held.get("n", 0) + 1

    assert work_over(restarted, 3, 3, work) == held["n"]
    assert not lock.locked()


def test_a_blocked_get_goes_on(restarted, shared):
    items = shared.Queue(name="items")
    got = in_thread(items.get)
    for _ in range(2):
        wait_for_waiter(restarted.address, "items")
        restarted.restart()
    items.put("there")
    assert got() == "there"


def test_a_held_lock_stays_held(restarted, shared):
    lock = shared.Lock(name="lock")
    lock.acquire()
    token = lock.token
    restarted.restart()
    with coheld.connect(restarted.address, codec="json") as other:
        assert not other.Lock(name="lock").acquire(False)
    assert lock.token == token
    lock.release()
    assert not lock.locked()


def test_an_iteration_goes_on(restarted, shared):
    numbers = shared.dict({number: number for number in range(2500)})
    seen = []
    for number in numbers:
        if len(seen) in (700, 2000):
            restarted.restart()
        seen.append(number)
    assert seen == list(range(2500))


def test_a_barrier_opens(restarted, shared):
    barrier = shared.Barrier(2, name="barrier")
    first = in_thread(barrier.wait)
    wait_for_waiter(restarted.address, "barrier")
    restarted.restart()
    assert {barrier.wait(), first()} == {0, 1}


def test_a_wait_for_a_condition_goes_on(restarted, shared):
    condition = shared.Condition(name="{c}condition")

    def wait():
        with condition:
            return condition.wait(60)

    woken = in_thread(wait)
    wait_for_waiter(restarted.address, "{c}condition")
    restarted.restart()
    with condition:
        condition.notify()
    assert woken()


def test_objects_without_a_name_stay_as_long_as_their_proxies(restarted, shared):
    inner, outer = shared.list([1]), shared.dict()
    outer["inner"] = inner
    restarted.restart()
    del inner
    assert list(outer["inner"]) == [1]


def test_the_level_is_told(shared, manager):
    assert shared.durability == "sync"
    assert manager.durability == "memory"


def test_an_object_may_have_a_level_of_its_own(restarted, shared):
    held = shared.list([1], name="own level")
    assert held.durability is None
    held.set_durability("async")
    restarted.restart()
    assert held.durability == "async"
    held.set_durability(None)
    assert held.durability is None
    with pytest.raises(ValueError, match="level"):
        held.set_durability("quorum")


def test_a_private_managers_folder_outlives_it(tmp_path):
    with coheld.Manager(data_dir=tmp_path / "data", durability="async") as first:
        assert first.durability == "async"
        first.list([1, {"a": b"b"}], name="kept")
        first._process.kill()
        first._process.join()
    with coheld.Manager(data_dir=tmp_path / "data") as second:
        assert list(second.list(name="kept")) == [1, {"a": b"b"}]


def test_a_private_daemon_that_was_killed_is_not_started_again(tmp_path):
    with coheld.Manager(data_dir=tmp_path / "data") as manager:
        held = manager.list()
        manager._process.kill()
        with pytest.raises(coheld.ConnectionLost):
            held.append(1)
