"""Locks, semaphores, events, conditions and barriers answer as the stdlib's proxies do."""

import multiprocessing
import threading
from multiprocessing.managers import RemoteError

import coheld
import pytest

from test_like_stdlib import LOCK_CALLS, assert_alike, outcome, run_both
from test_losing_locks import until


@pytest.fixture
def both(stdlib_manager, manager):
    return lambda make: (make(stdlib_manager), make(manager))


RLOCK_CALLS = [
    lambda p: p.release(), lambda p: p.acquire(), lambda p: p.acquire(), lambda p: p.acquire(False),
    lambda p: p.acquire(True, 0.01), lambda p: p.acquire(False, 1), lambda p: p.acquire(True, -2),
    lambda p: p.acquire(True, 1e20), lambda p: p.release(), lambda p: p.release(),
    lambda p: p.release(), lambda p: p.release(), lambda p: p.release(),
    lambda p: p.__enter__(), lambda p: p.__exit__(None, None, None), lambda p: p.release(),
]  # fmt: skip

SEMAPHORE_CALLS = [
    lambda p: p.acquire(), lambda p: p.acquire(False), lambda p: p.acquire(True, 0.01),
    lambda p: p.acquire(False), lambda p: p.acquire(True, 0), lambda p: p.acquire(True, -1),
    lambda p: p.acquire(False, 1), lambda p: p.acquire(timeout=0.01), lambda p: p.release(),
    lambda p: p.acquire(True, -5), lambda p: p.acquire(True, 1e20), lambda p: p.release(),
    lambda p: p.acquire(True, 1e20), lambda p: p.release(), lambda p: p.release(),
    lambda p: p.release(), lambda p: p.__enter__(), lambda p: p.__exit__(None, None, None),
    lambda p: p.acquire(True, "x"), lambda p: p.acquire(True, "x"), lambda p: p.acquire(0),
]  # fmt: skip

EVENT_CALLS = [
    lambda p: p.is_set(), lambda p: p.wait(0.01), lambda p: p.wait(0), lambda p: p.wait(-1),
    lambda p: p.wait(1e20), lambda p: p.wait("x"), lambda p: p.set(), lambda p: p.is_set(),
    lambda p: p.wait(), lambda p: p.wait(0), lambda p: p.set(), lambda p: p.clear(),
    lambda p: p.is_set(), lambda p: p.clear(), lambda p: p.wait(0.01),
]  # fmt: skip

CONDITION_CALLS = [
    lambda p: p.wait(0.01), lambda p: p.notify(), lambda p: p.notify_all(), lambda p: p.notify(0),
    lambda p: p.release(), lambda p: p.acquire(), lambda p: p.wait(0.01), lambda p: p.wait(0),
    lambda p: p.wait(-1), lambda p: p.notify(), lambda p: p.notify(3), lambda p: p.notify_all(),
    lambda p: p.wait_for(lambda: 7), lambda p: p.wait_for(lambda: 0, 0.01),
    lambda p: p.wait_for(lambda: None, 0), lambda p: p.release(), lambda p: p.release(),
    lambda p: p.__enter__(), lambda p: p.__exit__(None, None, None), lambda p: p.notifyAll(),
]  # fmt: skip

BARRIER_CALLS = [
    lambda p: p.parties, lambda p: p.n_waiting, lambda p: p.broken, lambda p: p.wait(0.01),
    lambda p: p.broken, lambda p: p.wait(), lambda p: p.reset(), lambda p: p.broken,
    lambda p: p.abort(), lambda p: p.wait(5), lambda p: p.broken, lambda p: p.reset(),
    lambda p: p.wait(0), lambda p: p.reset(), lambda p: p.wait(-1), lambda p: p.nothing,
]  # fmt: skip

CASES = {
    "Lock": (lambda m: m.Lock(), LOCK_CALLS),
    "RLock": (lambda m: m.RLock(), RLOCK_CALLS),
    "Semaphore": (lambda m: m.Semaphore(2), SEMAPHORE_CALLS),
    "Semaphore of none": (lambda m: m.Semaphore(0), SEMAPHORE_CALLS[1:]),
    "BoundedSemaphore": (lambda m: m.BoundedSemaphore(2), SEMAPHORE_CALLS),
    "Event": (lambda m: m.Event(), EVENT_CALLS),
    "Condition": (lambda m: m.Condition(), CONDITION_CALLS),
    "Condition of a Lock": (lambda m: m.Condition(m.Lock()), CONDITION_CALLS),
    "Barrier": (lambda m: m.Barrier(2), BARRIER_CALLS),
    "Barrier of one": (lambda m: m.Barrier(1), [lambda p: p.wait(), lambda p: p.wait(0)]),
}


@pytest.mark.parametrize(("make", "calls"), CASES.values(), ids=CASES)
def test_answers_as_the_stdlibs(both, make, calls):
    if make is CASES["Semaphore of none"][0]:
        calls = [call for call in calls if call(FakeSemaphore()) is not None]
    run_both(both(make), calls)


class FakeSemaphore:
    """Tell apart the calls that would wait for ever on a semaphore that has no permit."""

    def acquire(self, blocking=True, timeout=None):
        return True if not blocking or timeout is not None else None

    def release(self):
        return True

    def __enter__(self):
        return None

    def __exit__(self, *error):
        return True


def test_what_cannot_be_made_is_a_remote_error(both):
    for make in (
        lambda m: m.Semaphore(-1),
        lambda m: m.BoundedSemaphore(-1),
        lambda m: m.Namespace(1),
        lambda m: m.Array("i", 5),
        lambda m: m.Array("?", [1]),
        lambda m: m.Array("b", [1000]),
    ):
        theirs, ours = (outcome(make, m) for m in both(lambda m: m))
        assert isinstance(theirs[1], RemoteError)
        assert isinstance(ours[1], RemoteError)


def in_another_thread(call):
    result = []
    thread = threading.Thread(target=lambda: result.append(outcome(lambda _: call(), None)))
    thread.start()
    thread.join(30)
    return result[0]


def test_an_rlock_belongs_to_its_thread(both):
    for lock in both(lambda m: m.RLock()):
        lock.acquire()
        assert in_another_thread(lambda lock=lock: lock.acquire(False)) == ("returned", False)
        kind, error = in_another_thread(lock.release)
        assert kind == "raised"
        assert isinstance(error, RuntimeError)
        lock.release()
        assert in_another_thread(lambda lock=lock: lock.acquire(False)) == ("returned", True)


def test_a_semaphore_is_released_by_anyone(both):
    for semaphore in both(lambda m: m.Semaphore(1)):
        semaphore.acquire()
        in_another_thread(semaphore.release)
        assert semaphore.acquire(False)


def test_a_condition_works_over_an_rlock_as_over_its_own(manager):
    """The stdlib's takes the proxy for a lock of another kind, and finds it never acquired."""
    run_both((manager.Condition(), manager.Condition(manager.RLock())), CONDITION_CALLS)


def test_a_condition_gives_the_lock_back_as_deep_as_it_was(manager):
    lock = manager.RLock()
    condition = manager.Condition(lock)
    with lock, lock, condition:
        assert not condition.wait(0.01)
        assert in_another_thread(lambda: lock.acquire(False)) == ("returned", False)
    assert in_another_thread(lambda: lock.acquire(False)) == ("returned", True)


def append_when_notified(condition, log, ready):
    with condition:
        ready.release()
        log.append(condition.wait(30))


def test_a_notification_wakes_processes(manager):
    condition, log, ready = manager.Condition(), manager.list(), manager.Semaphore(0)
    children = [
        multiprocessing.Process(target=append_when_notified, args=(condition, log, ready))
        for _ in range(3)
    ]
    for child in children:
        child.start()
    for _ in children:
        assert ready.acquire(timeout=30)
    with condition:  # Everybody waits by now: each had the lock when it said so.
        condition.notify(2)
        condition.notify()
    for child in children:
        child.join(30)
    assert list(log) == [True] * 3


def test_wait_for_sees_what_another_thread_did(manager):
    condition, values = manager.Condition(), manager.list()

    def produce():
        for number in range(3):
            with condition:
                values.append(number)
                condition.notify_all()

    thread = threading.Thread(target=produce)
    with condition:
        thread.start()
        assert condition.wait_for(lambda: len(values) == 3, timeout=30)
    thread.join()


def test_a_nested_condition_finds_its_lock(manager):
    held = manager.dict(condition=manager.Condition())
    with held["condition"] as acquired:
        assert acquired
        held["condition"].notify_all()
    with pytest.raises(RuntimeError, match="un-acquired"):
        held["condition"].notify_all()


def pass_barrier(barrier, places):
    places.append(barrier.wait(30))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_barrier_lets_all_parties_pass_and_one_runs_the_action(manager, method):
    places, log = manager.list(), manager.list()
    barrier = manager.Barrier(3, action=Append(log))
    context = multiprocessing.get_context(method)
    children = [context.Process(target=pass_barrier, args=(barrier, places)) for _ in range(2)]
    for child in children:
        child.start()
    pass_barrier(barrier, places)
    for child in children:
        child.join(60)
    assert sorted(places) == [0, 1, 2]
    assert list(log) == ["acted"]


class Append:
    """An action that can be pickled."""

    def __init__(self, log):
        self.log = log

    def __call__(self):
        self.log.append("acted")


def test_an_action_that_raises_breaks_the_barrier(manager):
    barrier = manager.Barrier(1, action=lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        barrier.wait()
    assert barrier.broken
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()


def test_a_barriers_own_timeout_counts(manager):
    barrier = manager.Barrier(2, timeout=0.01)
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()


def test_a_party_that_dies_breaks_the_barrier(manager):
    barrier = manager.Barrier(2)
    child = multiprocessing.Process(target=barrier.wait)
    child.start()
    until(lambda: barrier.n_waiting == 1)
    child.kill()
    child.join()
    until(lambda: barrier.broken)  # Who comes before its death is known still meets it.
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait(30)
    assert_alike(("returned", True), ("returned", barrier.broken))


def test_set_and_clear_at_once_wake_who_waits(manager):
    event, woken = manager.Event(), manager.list()
    threads = [threading.Thread(target=lambda: woken.append(event.wait(30))) for _ in range(3)]
    describe = coheld._core.method("Admin.Describe", "waiters")
    for thread in threads:
        thread.start()
    while len(describe(manager._client, event._name)) < 3:
        pass
    event.set()
    event.clear()
    for thread in threads:
        thread.join(30)
    assert list(woken) == [True] * 3
