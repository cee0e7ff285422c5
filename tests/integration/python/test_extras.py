"""What coheld's proxies have beyond the stdlib's."""

import queue
import threading
import time

import coheld
import pytest


def test_dict_adds_to_a_number_as_one_op(manager):
    counts = manager.dict()
    workers = [
        threading.Thread(target=lambda: [counts.increment("n") for _ in range(250)])
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counts["n"] == 1000
    assert counts.increment("n", 0.5) == 1000.5
    assert counts.increment("m", 2, initial=10) == 12


def test_dict_adds_to_many_numbers_or_to_none(manager):
    counts = manager.dict(a=1, text="t")
    counts.increment_many({"a": 1, "b": 2})
    counts.increment_many([("a", 1), ("c", 0.5)])
    with pytest.raises(TypeError):
        counts.increment_many({"a": 100, "text": 1})
    assert counts.copy() == {"a": 3, "text": "t", "b": 2, "c": 0.5}


def test_dict_reads_many_keys_as_one_op(manager):
    held = manager.dict(a=1, b=None)
    assert held.get_many(["b", "x", "a"]) == [None, None, 1]
    assert held.get_many(["x"], default=0) == [0]


def test_dict_compares_and_sets(manager):
    held = manager.dict(a=1)
    assert not held.compare_and_set("a", 2, 3)
    assert held.compare_and_set("a", 1, 3)
    assert not held.compare_and_set("a", coheld.MISSING, 4)
    assert held.compare_and_set("b", coheld.MISSING, 4)
    assert held.compare_and_set("a", 3, coheld.MISSING)
    assert held.copy() == {"b": 4}


def test_dict_has_the_methods_of_later_pythons(manager):
    held = manager.dict(a=1)
    assert held | {"b": 2} == {"a": 1, "b": 2}
    assert {"a": 0, "c": 3} | held == {"a": 1, "c": 3}
    same = held
    held |= {"b": 2}
    assert held is same
    assert list(reversed(held)) == ["b", "a"]
    assert held.fromkeys(["x"], 1) == {"x": 1}
    with pytest.raises(TypeError):
        held | [1]


def test_dict_iterates_over_many_pages(manager):
    held = manager.dict({number: number for number in range(3500)})
    assert list(held) == list(range(3500))
    keys = iter(held)
    next(keys)
    del held[3400]
    with pytest.raises(RuntimeError, match="changed size"):
        list(keys)


def test_list_iterates_over_many_pages(manager):
    held = manager.list(range(3500))
    assert list(held) == list(range(3500))
    assert sum(1 for _ in held) == 3500


def test_list_has_the_methods_of_later_pythons(manager):
    held = manager.list([1, 2])
    assert held.copy() == [1, 2]
    held.clear()
    assert held.copy() == []


def test_list_sort_by_key_loses_no_append_of_others(manager):
    held = manager.list(range(50))
    stop = threading.Event()

    def sort():
        while not stop.is_set():
            held.sort(key=lambda value: -value)

    sorter = threading.Thread(target=sort)
    sorter.start()
    for number in range(100, 200):
        held.append(number)
    stop.set()
    sorter.join()
    assert sorted(held) == [*range(50), *range(100, 200)]


def test_value_changes_as_one_op(manager):
    value = manager.Value("i", 5)
    assert value.add(2) == 7
    assert value.modify("*", 3) == (7, 21)
    assert value.modify("max", 50) == (21, 50)
    assert value.compare_exchange(50, 1)
    assert not value.compare_exchange(50, 2)
    assert value.value == 1
    with pytest.raises(ValueError, match="operator"):
        value.modify("**", 2)
    with pytest.raises(ZeroDivisionError):
        value.modify("/", 0)


def test_typed_value_holds_to_its_typecode(manager):
    value = manager.Value("b", 1, typed=True)
    with pytest.raises(OverflowError):
        value.value = 128
    with pytest.raises(TypeError):
        value.value = "x"
    with pytest.raises(OverflowError):
        value.add(127)
    assert str(value) == "Value('b', 1)"
    with pytest.raises(ValueError, match="type code"):
        manager.Value("?!", 1, typed=True)


def test_value_waits_for_a_change(manager):
    value = manager.Value("i", 0)
    seen = value.version
    assert not value.wait(0.01)
    threading.Thread(target=lambda: value.set(1)).start()
    assert value.wait(10, since=seen)
    assert value.value == 1


def test_queues_of_other_orders(manager):
    last_first, smallest_first = manager.LifoQueue(), manager.PriorityQueue()
    for number in (2, 3, 1):
        last_first.put(number)
        smallest_first.put((number, {"not": "orderable"}))
    assert [last_first.get() for _ in range(3)] == [1, 3, 2]
    assert [smallest_first.get()[0] for _ in range(3)] == [1, 2, 3]
    smallest_first.put(1)
    with pytest.raises(TypeError):
        smallest_first.put("a")


def test_queue_moves_many_items_as_one_op(manager):
    items = manager.Queue(5)
    items.put_many([1, 2, 3])
    with pytest.raises(coheld.QueueFull):
        items.put_many([4, 5, 6], timeout=0.01)
    assert items.qsize() == 3
    assert items.peek() == 1
    assert items.get_many(2) == [1, 2]
    assert items.get_many() == [3]
    with pytest.raises(coheld.QueueEmpty):
        items.get_many(block=False)
    with pytest.raises(coheld.QueueEmpty):
        items.peek()


def test_queue_join_tells_whether_the_timeout_passed(manager):
    items = manager.JoinableQueue()
    items.put_many([1, 2])
    assert items.join(timeout=0.01) is False
    items.get_many()
    items.task_done(2)
    assert items.join(timeout=10) is True
    items.put_many([1, 2])
    assert items.purge() == 2
    assert items.join(timeout=10) is True


def test_a_queue_that_was_shut_down_gives_what_is_left(manager):
    items = manager.Queue(2)
    items.put(1)
    items.shutdown()
    with pytest.raises(coheld.QueueShutDown):
        items.put(2)
    assert items.get() == 1
    with pytest.raises(coheld.QueueShutDown):
        items.get()
    if hasattr(queue, "ShutDown"):
        assert issubclass(coheld.QueueShutDown, queue.ShutDown)


def test_a_queue_shut_down_at_once_wakes_who_waits(manager):
    items, ended = manager.Queue(1), []

    def wait(call):
        with pytest.raises(coheld.QueueShutDown):
            call()
        ended.append(True)

    items.put(1)
    threads = [threading.Thread(target=wait, args=(lambda: items.put(2),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    items.shutdown(immediate=True)
    for thread in threads:
        thread.join(30)
    assert ended == [True] * 2
    assert items.join(10)


def test_queue_timeouts_take_their_time(manager):
    items = manager.Queue()
    started = time.monotonic()
    with pytest.raises(coheld.QueueEmpty):
        items.get(timeout=0.2)
    assert 0.2 <= time.monotonic() - started < 2


def test_lock_gives_growing_tokens(manager):
    lock = manager.Lock()
    tokens = []
    for _ in range(3):
        with lock:
            assert lock.locked()
            tokens.append(lock.token)
    assert tokens == sorted(set(tokens))
    assert lock.token == 0
    assert not lock.locked()


def test_named_objects_are_the_same_for_all(daemon_address, shared):
    other = coheld.connect(daemon_address, allow_pickle=True)
    shared.dict(name="settings")["colour"] = "red"
    assert other.dict(name="settings")["colour"] == "red"
    assert other.dict({"colour": "blue"}, name="settings").copy() == {"colour": "red"}
    assert shared.Queue(3, name="q").name == "q"


def test_exported_names_are_sorted_and_there():
    assert sorted(coheld.__all__, key=lambda name: (name != "MISSING", name)) == coheld.__all__
    assert all(hasattr(coheld, name) for name in coheld.__all__)
