"""Manager.Pool: the whole API of multiprocessing.Pool, through proxies."""

import multiprocessing
import os
import threading
import time

import coheld
import pytest


def square(number):
    return number * number


def power(base, exponent):
    return base**exponent


def fail(number):
    raise ValueError("failed", number)


def pid(_):
    return os.getpid()


def prepare(value):
    global prepared
    prepared = value


def get_prepared(_):
    return prepared


class Collected:
    """A callback that tells the test's process, as it runs in the host."""

    def __init__(self, items):
        self.items = items

    def __call__(self, result):
        self.items.put(result)


@pytest.fixture(scope="module")
def pool(manager):
    with manager.Pool(2) as made:
        yield made


def test_every_method_of_a_pool_is_there(pool):
    for name in multiprocessing.managers.PoolProxy._exposed_:
        assert callable(getattr(pool, name))
    assert isinstance(pool, multiprocessing.managers.PoolProxy)


def test_apply_and_maps(pool):
    assert pool.apply(power, (2, 5)) == 32
    assert pool.apply(power, (2,), {"exponent": 3}) == 8
    assert pool.map(square, range(100)) == [square(number) for number in range(100)]
    assert pool.map(square, [], chunksize=5) == []
    assert pool.starmap(power, [(2, 3), (3, 2)]) == [8, 9]


def test_workers_are_processes_of_the_host(pool):
    workers = set(pool.map(pid, range(50), chunksize=1))
    assert len(workers) <= 2
    assert os.getpid() not in workers


def test_async_results_are_proxies(pool):
    result = pool.apply_async(square, (7,))
    assert result.get(60) == 49
    assert result.ready()
    assert result.successful()
    assert pool.map_async(square, [1, 2]).get(60) == [1, 4]
    assert pool.starmap_async(power, [(2, 2)]).get(60) == [4]


def test_waiting_for_a_result_times_out(pool, manager):
    gate = manager.Lock()
    gate.acquire()
    result = pool.apply_async(gate.acquire)
    with pytest.raises(multiprocessing.TimeoutError):
        result.get(timeout=0.01)
    assert result.wait(0.01) is None
    assert not result.ready()
    with pytest.raises(ValueError, match="not ready"):
        result.successful()
    gate.release()
    assert result.get(60) is True
    gate.release()


def test_iterators_give_results_as_they_come(pool):
    results = pool.imap(square, range(10), chunksize=2)
    assert next(results) == 0
    assert list(results) == [square(number) for number in range(1, 10)]
    assert sorted(pool.imap_unordered(square, range(10))) == [square(n) for n in range(10)]


def test_errors_come_with_the_workers_traceback(pool):
    with pytest.raises(ValueError, match="failed") as caught:
        pool.map(fail, [3])
    assert caught.value.args == ("failed", 3)
    assert 'raise ValueError("failed", number)' in str(caught.value.__cause__)
    result = pool.apply_async(fail, (1,))
    result.wait(60)
    assert not result.successful()
    with pytest.raises(ValueError, match="failed"):
        result.get()


def test_callbacks_run_in_the_host(pool, manager):
    results, errors = manager.Queue(), manager.Queue()
    pool.apply_async(square, (3,), callback=Collected(results))
    pool.map_async(fail, [1], error_callback=Collected(errors))
    assert results.get(timeout=60) == 9
    assert errors.get(timeout=60).args == ("failed", 1)


def test_what_cannot_be_pickled_fails_here(pool):
    with pytest.raises((TypeError, AttributeError)):
        pool.apply(lambda: None)


def test_initializer_and_tasks_per_child(manager):
    with manager.Pool(1, prepare, ("ready",), 1) as pool:
        assert pool.map(get_prepared, [1, 2]) == ["ready", "ready"]
        workers = [pool.apply(pid, (None,)) for _ in range(3)]
    assert len(set(workers)) == 3


def test_a_closed_pool_takes_no_more(manager):
    pool = manager.Pool(1)
    pool.close()
    pool.join()
    with pytest.raises(ValueError, match="Pool not running"):
        pool.apply(square, (1,))


def test_leaving_a_pool_terminates_it(manager):
    with manager.Pool(1) as pool:
        result = pool.apply_async(time.sleep, (1000,))
    with pytest.raises(ValueError, match="Pool not running"):
        pool.apply(square, (1,))
    assert not result.ready()


def use_pool(pool, results):
    results.put(pool.map(square, [1, 2, 3]))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_use_the_pool_of_their_parent(pool, manager, method):
    results = manager.Queue()
    child = multiprocessing.get_context(method).Process(target=use_pool, args=(pool, results))
    child.start()
    assert results.get(timeout=60) == [1, 4, 9]
    child.join(60)


def test_threads_use_one_pool_at_once(pool):
    results = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(pool.apply(square, (n,))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == [square(n) for n in range(8)]


def make_pool(manager, results):
    with manager.Pool(1) as pool:
        results.put(pool.apply(square, (5,)))


@pytest.mark.parametrize("daemon", [False, True])
def test_a_child_makes_a_pool_of_its_own(daemon):
    with coheld.Manager() as manager:
        results = manager.Queue()
        child = multiprocessing.Process(target=make_pool, args=(manager, results), daemon=daemon)
        child.start()
        assert results.get(timeout=60) == 25
        child.join(60)
        assert child.exitcode == 0
        with manager.Pool(1) as pool:
            assert pool.apply(square, (6,)) == 36


def test_a_shared_daemon_needs_pickle_for_a_pool(daemon_address):
    with coheld.connect(daemon_address, allow_pickle=True) as connected:
        with connected.Pool(1) as pool:
            assert pool.map(square, [2]) == [4]
    with coheld.connect(daemon_address) as typed:
        with typed.Pool(1) as pool:
            with pytest.raises(TypeError, match="without pickle"):
                pool.map(square, [2])
