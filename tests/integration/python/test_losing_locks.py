"""Locks with leases, owners that die, guarded objects, deadlocks, and who waits for whom."""

import contextlib
import multiprocessing
import os
import pathlib
import signal
import threading
import time

import coheld
import pytest

FORK = multiprocessing.get_context("fork")
HERE = pathlib.Path(__file__).name


@pytest.fixture(params=["Lock", "RLock"])
def lock(manager, request):
    return getattr(manager, request.param)()


@pytest.fixture
def own():
    """Give a manager of its own: nobody else holds or waits for anything."""
    with coheld.Manager() as started:
        yield started


@contextlib.contextmanager
def thread(target, *args):
    """Run something in a thread; give the list that gets its result or exception."""
    ended = []

    def run():
        try:
            ended.append(target(*args))
        except Exception as error:
            ended.append(error)

    started = threading.Thread(target=run)
    started.start()
    yield ended
    started.join(60)


def in_thread(target, *args):
    with thread(target, *args) as ended:
        pass
    return ended[0]


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_lease_ends_by_itself_and_the_next_owner_is_told(lock):
    assert lock.acquire(lease=0.05)
    assert in_thread(lambda: (lock.acquire(), lock.owner_died, lock.release())) == (
        True,
        True,
        None,
    )


def test_who_lost_a_lock_learns_it(lock):
    assert lock.acquire(lease=0.02)
    assert not lock.lost
    until(lambda: lock.lost)
    with pytest.raises(coheld.LockLost):
        lock.release()
    assert not lock.lost
    assert lock.acquire()
    lock.release()


def test_a_lock_that_is_let_go_in_time_is_not_lost(lock):
    assert lock.acquire(lease=3600)
    lock.release()
    assert not lock.lost
    assert lock.acquire()
    assert not lock.owner_died
    lock.release()


def test_a_lease_is_renewed(lock):
    assert lock.acquire(lease=0.2)
    lock.renew(3600)
    assert in_thread(lock.acquire, True, 0.4) is False
    assert not lock.lost
    lock.release()


def test_a_lease_that_is_over_is_not_renewed(lock):
    assert lock.acquire(lease=0.02)
    until(lambda: lock.lost)
    with pytest.raises(coheld.LockLost):
        lock.renew(1)


def test_leases_of_several_locks(manager):
    first, second = manager.Lock(), manager.RLock()
    with pytest.raises(coheld.LockLost), coheld.acquire_all(first, second, lease=0.02):
        until(lambda: first.lost and second.lost)


def test_a_negative_lease_is_refused(lock):
    with pytest.raises(ValueError, match="negative"):
        lock.acquire(lease=-1)


def hold_and_die(lock, held):
    lock.acquire()
    held.set()
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_owner_after_one_that_was_killed_is_told(manager, lock):
    held = manager.Event()
    child = FORK.Process(target=hold_and_die, args=(lock, held))
    child.start()
    assert held.wait(60)
    assert lock.acquire()
    assert lock.owner_died
    lock.release()
    assert lock.acquire()
    assert not lock.owner_died
    lock.release()
    child.join(60)


def test_a_timed_out_acquire_names_the_holder(lock):
    assert lock.holder is None
    with thread(lambda: (lock.acquire(), time.sleep(0.5), lock.release())):
        until(lock.locked)
        assert not lock.acquire(timeout=0.01)
        assert lock.holder["label"]["pid"] == os.getpid()
        assert lock.holder["site"].startswith(HERE)
    assert lock.acquire()
    assert lock.holder is None
    lock.release()


def test_timed_out_acquires_of_other_kinds_name_a_holder_too(manager):
    permits, lock = manager.Semaphore(1), manager.ReadWriteLock()
    with permits, lock.write():
        assert in_thread(lambda: (permits.acquire(timeout=0.01), lock.acquire_read(timeout=0.01)))
        assert permits.holder["label"]["pid"] == os.getpid()
        assert lock.holder["label"]["pid"] == os.getpid()


def write_and_die(lock, held):
    lock.acquire_write()
    held.set()
    os.kill(os.getpid(), signal.SIGKILL)


def test_those_after_a_writer_that_was_killed_are_told_until_the_next_writer(manager):
    lock, held = manager.ReadWriteLock(), manager.Event()
    child = FORK.Process(target=write_and_die, args=(lock, held))
    child.start()
    assert held.wait(60)
    for hold in (lock.read, lock.read, lock.write):
        with hold():
            assert lock.owner_died
    with lock.write():
        assert not lock.owner_died
    child.join(60)


def test_only_the_holder_changes_a_guarded_object(manager, lock):
    held = manager.dict()
    held.guarded_by(lock)
    with pytest.raises(coheld.GuardStale):
        held["a"] = 1
    with lock:
        held["a"] = 1
        assert isinstance(in_thread(held.clear), coheld.GuardStale)
    assert dict(held) == {"a": 1}
    with pytest.raises(coheld.GuardStale):
        held.unguard()
    with lock:
        assert held.unguard()
    held["b"] = 2
    assert not held.unguard()


def test_who_lost_the_lock_changes_nothing(manager, lock):
    held = manager.list()
    held.guarded_by(lock)
    assert lock.acquire(lease=0.02)
    held.append(1)
    until(lambda: lock.lost)
    with pytest.raises(coheld.LockLost):
        held.append(2)
    assert list(held) == [1]


def test_who_works_for_the_holder_says_so_by_its_token(manager, lock):
    held = manager.list()
    held.guarded_by(lock)

    def append(token):
        with coheld.using_token(token):
            held.append(token)

    lock.acquire()
    token = lock.token
    in_thread(append, token)
    assert isinstance(in_thread(held.append, 1), coheld.GuardStale)
    lock.release()
    assert isinstance(in_thread(append, token), coheld.GuardStale)
    assert list(held) == [token]


def take_both(first, second, met):
    with first:
        met.wait()
        with second:
            return "both"


def test_the_op_that_would_wait_for_itself_fails(own):
    first, second, met = own.Lock(), own.RLock(), threading.Barrier(2)
    with thread(take_both, first, second, met) as one, thread(take_both, second, first, met) as two:
        pass
    (failed,) = (end for end in one + two if end != "both")
    assert isinstance(failed, coheld.Deadlock)
    assert first.name in str(failed)
    assert second.name in str(failed)
    assert HERE in str(failed)
    assert "both" in one + two


def test_a_deadlock_of_processes_names_both(own):
    first, second, met = own.Lock(), own.Lock(), own.Barrier(2)
    ends = own.Queue()

    def run(one, two):
        try:
            ends.put(take_both(one, two, met))
        except coheld.Deadlock as error:
            ends.put(str(error))

    children = [FORK.Process(target=run, args=(first, second)),
                FORK.Process(target=run, args=(second, first))]  # fmt: skip
    for child in children:
        child.start()
    told = [ends.get(timeout=60) for _ in children]
    assert "both" in told
    told.remove("both")
    assert all(str(child.pid) in told[0] for child in children)
    for child in children:
        child.join(60)


def test_what_is_held_and_who_waits_is_told(own):
    lock, items = own.Lock(name="the lock"), own.Queue(name="items")
    with lock, thread(lock.acquire) as acquired, thread(items.get):
        until(lambda: len(own.waits()) == 2)
        ((held,), waits) = own.locks(), own.waits()
        assert (held["name"], held["type"]) == ("the lock", "lock")
        (holder,) = held["holders"]
        assert holder["label"]["pid"] == os.getpid()
        assert holder["site"].startswith(f"{HERE}:")
        assert "test_what_is_held_and_who_waits_is_told" in holder["site"]
        assert {wait["object"] for wait in waits} == {"the lock", "items"}
        waits_for_lock = next(wait for wait in waits if wait["object"] == "the lock")
        assert waits_for_lock["holder"]["thread"] == holder["thread"]
        assert not waits_for_lock["deadlocked"]
        told = own.explain(lock)
        assert told["holders"] == [{**holder, "held_ms": told["holders"][0]["held_ms"]}]
        assert told["waiters"][0]["method"] == "Lock.Acquire"
        assert told["guard_holder"] is None
        assert own.explain("items")["waiters"][0]["method"] == "Queue.Get"
        items.put(1)
        lock.release()
        until(lambda: acquired)
    assert own.waits() == []


def test_what_is_not_there_is_not_explained(own):
    with pytest.raises(coheld.ObjectNotFound):
        own.explain("nothing")
