"""The shared counter."""

import threading

import pytest


def test_a_counter_counts(manager):
    counter = manager.Counter(5)
    assert counter.add() == 6
    assert counter.subtract(10) == -4
    assert counter.set(7) == -4
    assert int(counter) == counter.value == 7
    assert counter.compare_exchange(7, 2**63 - 1)
    with pytest.raises(OverflowError):
        counter.add(1)
    assert str(counter) == str(2**63 - 1)


def test_a_counter_loses_nothing(manager):
    counter = manager.Counter()
    threads = [
        threading.Thread(target=lambda: [counter.add() for _ in range(100)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 400
