"""Queues lease items: what is not acknowledged is delivered again, and writes go with the ack."""

import contextlib
import multiprocessing
import os
import queue
import signal

import coheld
import pytest

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def items(manager):
    return manager.Queue()


def test_a_task_is_done_at_the_blocks_end(items):
    items.put("a")
    with items.task() as task:
        assert (task.item, task.attempt, task.open) == ("a", 1, True)
        assert items.qsize() == 0
        assert not items.join(timeout=0)
    assert not task.open
    assert items.join(timeout=0)


def test_an_exception_brings_the_item_back_before_all_others(items):
    items.put_many(["a", "b"])
    with pytest.raises(LookupError), items.task() as task:
        raise LookupError(task.item)
    with items.task() as task:
        assert (task.item, task.attempt) == ("a", 2)


def test_a_task_of_an_empty_queue_raises_what_get_raises(items):
    with pytest.raises(queue.Empty):
        items.task(timeout=0)
    with pytest.raises(coheld.QueueEmpty):
        items.lease(block=False)
    with pytest.raises(ValueError, match="non-negative"):
        items.task(timeout=-1)


def test_a_task_that_gives_its_item_back_by_itself_is_not_acknowledged(items):
    items.put("a")
    with items.task() as task:
        assert not task.nack()
    assert items.get() == "a"


def test_what_was_acknowledged_is_not_acknowledged_again(items):
    items.put("a")
    task = items.lease()
    task.ack()
    for again in (task.ack, task.nack, lambda: task.extend(1)):
        with pytest.raises(coheld.LeaseLost):
            again()


def take_and_die(items, taken):
    with items.task() as task:
        taken.put(task.item)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_consumer_that_is_killed_in_its_task_brings_the_item_back(manager, items):
    taken = manager.Queue()
    items.put_many(["a", "b"])
    consumer = FORK.Process(target=take_and_die, args=(items, taken))
    consumer.start()
    assert taken.get() == "a"
    consumer.join(60)
    seen = []
    while len(seen) < 2:
        with items.task() as task:
            seen.append((task.item, task.attempt))
            if task.item == "b" and len(seen) == 1:  # Faster than the daemon saw the death.
                seen.clear()
                task.nack()
    assert seen == [("a", 2), ("b", seen[1][1])]


def test_visibility_ends_and_a_late_acknowledgement_is_refused(items):
    items.put("a")
    late = items.lease(visibility=0.02)
    with items.task() as task:
        assert (task.item, task.attempt) == ("a", 2)
    assert task.delivery > late.delivery
    with pytest.raises(coheld.LeaseLost):
        late.ack()


def test_a_block_that_took_too_long_raises(items):
    items.put("a")
    with pytest.raises(coheld.LeaseLost), items.task(visibility=0.02):
        assert items.get() == "a"


def test_a_lease_is_extended(items):
    items.put("a")
    task = items.lease(visibility=0.2)
    task.extend(3600)
    with pytest.raises(coheld.QueueEmpty):
        items.get(timeout=0.4)
    task.ack()


def test_several_items_are_leased_at_once(items):
    items.put_many(range(5))
    tasks = items.lease_many(3)
    assert [task.item for task in tasks] == [0, 1, 2]
    tasks[1].nack()
    assert items.get_many() == [1, 3, 4]


def test_an_item_that_fails_too_often_becomes_a_dead_letter(manager):
    items = manager.Queue(deliveries_max=2)
    items.put("poison")
    assert items.dead_letters() is None
    assert [items.lease().nack() for _ in range(2)] == [False, True]
    assert items.qsize() == 0
    assert items.join(timeout=0)
    assert items.dead_letters().get() == "poison"


def test_dead_letters_go_where_they_were_told_to(manager):
    letters = manager.Queue()
    items = manager.PriorityQueue(deliveries_max=1, dead_letters=letters)
    items.put("poison")
    with pytest.raises(LookupError), items.task():
        raise LookupError
    assert letters.get() == "poison"
    assert items.dead_letters().name == letters.name


def test_dead_letters_of_a_named_queue_have_a_name(shared):
    items = shared.Queue(name="orders", deliveries_max=1)
    items.put("poison")
    items.lease().nack()
    assert shared.Queue(name="{orders}.dead").get(timeout=0) == "poison"


def test_a_delayed_item_comes_later(items):
    assert items.put("later", delay=0.05) is None
    with pytest.raises(coheld.QueueEmpty):
        items.get_nowait()
    assert items.get() == "later"


def test_a_delayed_item_takes_room(manager):
    items = manager.Queue(1)
    items.put("later", delay=3600)
    assert items.full()
    with pytest.raises(queue.Full):
        items.put_nowait("now")


def test_a_delay_after_giving_back(items):
    items.put("a")
    items.lease().nack(delay=0.05)
    with pytest.raises(coheld.QueueEmpty):
        items.get_nowait()
    assert items.get() == "a"


def test_a_key_puts_once(items):
    assert items.put("a", dedup_key="order 7")
    assert not items.put("a", dedup_key="order 7")
    assert items.put_many(["b", "c"], dedup_key="order 8")
    assert items.get_many() == ["a", "b", "c"]


def test_what_a_task_writes_is_done_with_its_acknowledgement(manager, items):
    results, log, seen = manager.dict(), manager.list(), manager.set()
    total, last, after = manager.Counter(), manager.Value("i", 0), manager.Queue()
    names, counts, scores = manager.Namespace(), manager.dict(), manager.SortedSet()
    items.put(7)
    with items.task() as task:
        for number in range(3):
            task.set(results, number, task.item)
            task.append(log, number)
            task.put(after, [number])
            task.add(seen, number)
            task.add(total, number)
            task.increment(counts, "all")
            task.add(scores, f"m{number}", number)
        task.assign(last, 1)
        task.assign(last, task.item)
        task.set(names, "done", True)
        assert not results
        assert not log
    assert dict(results) == {0: 7, 1: 7, 2: 7}
    assert list(log) == [0, 1, 2]
    assert after.get_many() == [[0], [1], [2]]
    assert seen.copy() == {0, 1, 2}
    assert (total.value, last.value, names.done, counts["all"]) == (3, 7, True, 3)
    assert scores.range() == [("m0", 0), ("m1", 1), ("m2", 2)]


def test_a_task_that_fails_writes_nothing(manager, items):
    log = manager.list()
    items.put(1)
    with contextlib.suppress(LookupError), items.task() as task:
        task.append(log, task.item)
        raise LookupError
    assert not log
    assert items.qsize() == 1


def test_if_one_write_fails_none_is_done_and_the_item_comes_back(manager, items):
    log, full = manager.list(), manager.Queue(1)
    full.put("there")
    items.put(1)
    task = items.lease()
    task.append(log, task.item)
    task.put(full, task.item)
    with pytest.raises(queue.Full):
        task.__exit__(None, None, None)
    assert not log
    assert items.lease().attempt == 2


def test_a_late_task_writes_nothing(manager, items):
    log = manager.list()
    items.put(1)
    late = items.lease(visibility=0.02)
    late.append(log, "late")
    assert items.get() == 1
    with pytest.raises(coheld.LeaseLost):
        late.ack()
    assert not log


def test_a_write_is_of_what_was_there_when_it_was_made(manager, items):
    log, value = manager.list(), [1]
    items.put(1)
    with items.task() as task:
        task.append(log, value)
        value.append(2)
    assert log[0] == [1]


def test_a_write_keeps_what_it_refers_to(manager, items):
    outer = manager.list()
    items.put(1)
    with items.task() as task:
        task.append(outer, manager.list(["inner"]))
    assert outer[0][0] == "inner"


def test_a_task_refuses_what_it_cannot_do_in_one_op(manager, items):
    counts = manager.dict()
    items.put(1)
    with contextlib.suppress(LookupError), items.task() as task:
        task.increment(counts, "a")
        with pytest.raises(ValueError, match="one kind of write"):
            task.set(counts, "a", 1)
        with pytest.raises(TypeError, match="ListProxy"):
            task.append(counts, 1)
        with pytest.raises(ValueError, match="daemon"), coheld.Manager() as other:
            task.append(other.list(), 1)
        raise LookupError
    assert not counts


def work(items, results):
    while True:
        with items.task() as task:
            if task.item is None:
                task.put(items, None)
                return
            task.increment(results, "sum", task.item)
            task.increment(results, "count")


def test_every_item_counts_once_while_workers_are_killed(manager, items):
    results = manager.dict()
    for number in range(300):
        items.put(number)
    workers = [FORK.Process(target=work, args=(items, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers[:2]:
        while results.get("count", 0) < 30:
            pass
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(60)
    while results.get("count", 0) < 300:
        pass
    items.put(None)
    workers[2].join(60)
    assert (results["count"], results["sum"]) == (300, sum(range(300)))
