"""What the synchronisation objects have beyond the stdlib's."""

import multiprocessing
import threading

import coheld
import pytest


def test_locks_tell_whether_they_are_held(manager):
    for lock in (manager.Lock(), manager.RLock(), manager.Semaphore()):
        assert not lock.locked()
        with lock:
            assert lock.locked()
        assert not lock.locked()


def test_a_semaphore_takes_back_many_permits(manager):
    semaphore = manager.Semaphore(0)
    semaphore.release(3)
    assert semaphore.get_value() == 3
    with pytest.raises(ValueError, match="one or more"):
        semaphore.release(0)
    bounded = manager.BoundedSemaphore(2)
    with pytest.raises(ValueError, match="never acquired"):
        bounded.release(2)


def test_permits_of_a_killed_process_come_back(manager):
    semaphore, ready = manager.Semaphore(1), manager.Event()

    def take():
        semaphore.acquire()
        ready.set()
        threading.Event().wait()

    child = multiprocessing.get_context("fork").Process(target=take)
    child.start()
    assert ready.wait(30)
    child.kill()
    child.join()
    assert semaphore.acquire(timeout=30)


def test_readers_share_and_writers_do_not(manager):
    lock = manager.ReadWriteLock()
    with lock.read() as first:
        assert lock.acquire_read(False)
        assert not lock.acquire_write(False)
        assert lock.readers() == 2 or lock.readers() == 1
        lock.release()
    with lock.write() as token:
        assert token > first
        assert lock.written()
        assert not lock.acquire_read(timeout=0.01)
    assert not lock.written()
    with pytest.raises(RuntimeError):
        lock.release()


def test_a_latch_opens_when_counted_down(manager):
    latch = manager.CountDownLatch(3)
    assert not latch.wait(0.01)
    threads = [threading.Thread(target=latch.count_down) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert latch.wait(30)
    assert latch.remaining() == 0
    for thread in threads:
        thread.join()
    with pytest.raises(ValueError, match="at least 1"):
        latch.count_down(0)


def test_several_locks_are_taken_at_once_or_not_at_all(manager):
    first, second = manager.Lock(), manager.RLock()
    with coheld.acquire_all(first, second) as acquired:
        assert acquired
        assert first.locked()
        assert second.locked()
    assert not first.locked()
    first.acquire()
    with coheld.acquire_all(second, first, timeout=0.01) as acquired:
        assert not acquired
        assert not second.locked()
    with coheld.acquire_all() as acquired:
        assert acquired


def test_locks_taken_in_any_order_do_not_deadlock(manager):
    locks, count = [manager.Lock() for _ in range(3)], manager.Value("i", 0)

    def work(number):
        for _ in range(20):
            with coheld.acquire_all(*(locks[number:] + locks[:number])):
                count.value += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count.value == 60


def test_locks_of_different_daemons_are_refused(manager, shared):
    with (
        pytest.raises(ValueError, match="different daemons"),
        coheld.acquire_all(manager.Lock(), shared.Lock()),
    ):
        pass


@pytest.mark.parametrize(
    "make",
    [
        lambda m: m.RLock(), lambda m: m.Semaphore(2), lambda m: m.BoundedSemaphore(2),
        lambda m: m.Event(), lambda m: m.Condition(), lambda m: m.Barrier(2),
        lambda m: m.ReadWriteLock(), lambda m: m.CountDownLatch(2),
    ],
)  # fmt: skip
def test_str_tells_the_state(manager, make):
    text = str(make(manager))
    assert text.startswith("<coheld ") or "coheld rlock" in text
    assert "failed" not in text


@pytest.mark.parametrize("make", ["Lock", "RLock"])
def test_taking_back_a_lock_that_was_never_let_go_changes_nothing(manager, make):
    lock = getattr(manager, make)()
    lock.acquire()
    token = lock.token
    lock._acquire_again(1)
    assert lock.token == token
    lock.release()
    assert not lock.locked()
    lock._acquire_again(1)
    assert lock.token > token
