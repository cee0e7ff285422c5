"""Iterators, which ask for the next page while this one is consumed."""

from __future__ import annotations

import os
import threading

import pytest

PAGES = 25_000  # Two pages and a half, beyond the first small one.


@pytest.mark.parametrize("length", [0, 1, 2, 99, 100, 101, 10_099, 10_100, 10_101, PAGES])
def test_all_items_come_in_order(manager, length):
    assert list(manager.list(range(length))) == list(range(length))
    assert list(manager.dict(zip(range(length), range(length)))) == list(range(length))
    assert set(manager.set(range(length))) == set(range(length))


def test_a_change_of_this_process_is_seen_though_the_page_was_read_ahead(manager):
    shared, seen = manager.list(range(PAGES)), []
    for item in shared:
        seen.append(item)
        if item == 9_000:  # In the second half of its page: the next one is on its way.
            shared[12_000] = "changed"
    assert seen[12_000] == "changed"
    assert len(seen) == PAGES


def test_a_dict_that_this_process_makes_grow_ends_the_iteration(manager):
    shared = manager.dict(zip(range(PAGES), range(PAGES)))
    keys = iter(shared)
    for _ in range(9_000):
        next(keys)
    shared["new"] = 1
    with pytest.raises(RuntimeError, match="changed size"):
        next(keys)


def test_an_iterator_may_be_left_while_its_next_page_is_on_its_way(manager):
    shared = manager.list(range(PAGES))
    for _ in range(20):
        items = iter(shared)
        for _ in range(60):
            next(items)
        del items
    assert len(shared) == PAGES


def test_a_forked_child_goes_on_with_the_iteration(manager):
    items = iter(manager.list(range(PAGES)))
    for _ in range(60):  # The next page is on its way.
        next(items)
    child = os.fork()
    if child == 0:
        os._exit(0 if list(items) == list(range(60, PAGES)) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert list(items) == list(range(60, PAGES))


def test_threads_iterate_at_the_same_time(manager):
    shared, lengths = manager.list(range(PAGES)), []
    threads = [
        threading.Thread(target=lambda: lengths.append(sum(1 for _ in shared))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [PAGES] * 8
