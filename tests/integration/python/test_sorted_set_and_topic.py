"""Sorted sets and topics."""

import multiprocessing
import threading

import coheld
import pytest


def test_a_sorted_set_orders_its_members(manager):
    held = manager.SortedSet({"c": 3, "a": 1})
    held["b"] = 2
    assert list(held) == ["a", "b", "c"]
    assert held.items() == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert held.range(-2) == [("b", 2.0), ("c", 3.0)]
    assert held.range(0, 1, reverse=True) == [("c", 3.0)]
    assert held.rank("c") == 2
    assert held.rank("c", reverse=True) == 0
    assert held.rank("x") is None
    assert held.increment("a", 5) == 6
    assert held["a"] == 6
    assert held.get("x") is None
    assert "b" in held
    assert len(held) == 3
    del held["b"]
    with pytest.raises(KeyError):
        held["b"]
    with pytest.raises(KeyError):
        del held["b"]
    assert str(held) == "{'c': 3.0, 'a': 6.0}"


def test_a_sorted_set_is_asked_by_score(manager):
    held = manager.SortedSet({number: number for number in range(10)})
    assert [member for member, _ in held.range_by_score(2, 5)] == [2, 3, 4, 5]
    assert [member for member, _ in held.range_by_score(2, 5, include=(False, False))] == [3, 4]
    assert [member for member, _ in held.range_by_score(high=3, reverse=True)] == [3, 2, 1, 0]
    assert [member for member, _ in held.range_by_score(5, offset=1, limit=2)] == [6, 7]
    assert held.count(3) == 7
    assert held.remove_by_score(high=4) == 5
    assert held.discard(5, 6, 100) == 2
    assert not held.add(7, 0, only_new=True)
    assert held.add(7, 70, only_greater=True)
    held.update([(1, 1), (2, 2)])
    assert held.pop_min() == (1, 1.0)
    assert held.pop_max() == (7, 70.0)


def test_a_sorted_set_gives_the_most_urgent_first_and_waits(manager):
    work, done = manager.SortedSet(), []
    assert work.pop_min(timeout=0.01) is None
    assert work.pop_min(block=False) is None
    thread = threading.Thread(target=lambda: done.append(work.pop_min()))
    thread.start()
    work.add(("send", 1), 5)
    thread.join(30)
    assert done == [(("send", 1), 5.0)]


def test_a_topic_reaches_all_who_subscribed(manager):
    topic = manager.Topic()
    assert topic.publish("nobody") == 0
    with topic.subscribe() as first, topic.subscribe() as second:
        assert topic.publish(1, 2) == 2
        assert [first.get(), first.get()] == [second.get(), second.get()] == [1, 2]
        with pytest.raises(coheld.QueueEmpty):
            first.get_nowait()
        with pytest.raises(coheld.QueueEmpty):
            first.get(timeout=0.01)
    assert topic.subscriptions() == 0


def test_a_subscription_that_is_full_loses_the_oldest_or_refuses(manager):
    topic = manager.Topic()
    with topic.subscribe(2) as lossy:
        topic.publish(1, 2, 3)
        assert [lossy.get(), lossy.get()] == [2, 3]
        assert lossy.lost == 1
    with topic.subscribe(2, lossless=True) as lossless:
        topic.publish(1, 2)
        with pytest.raises(coheld.TopicFull):
            topic.publish(3)
        assert [lossless.get(), lossless.get()] == [1, 2]


def test_iterating_over_a_subscription_ends_when_it_is_closed(manager):
    topic, got = manager.Topic(), []
    subscription = topic.subscribe()
    thread = threading.Thread(target=lambda: got.extend(subscription))
    thread.start()
    topic.publish("a", "b")
    while len(got) < 2:
        pass
    subscription.close()
    subscription.close()
    thread.join(30)
    assert got == ["a", "b"]


def publish(topic, values):
    topic.publish(*values)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_publish(manager, method):
    topic = manager.Topic()
    with topic.subscribe() as values:
        child = multiprocessing.get_context(method).Process(
            target=publish, args=(topic, [1, "two"])
        )
        child.start()
        assert [values.get(timeout=60), values.get(timeout=60)] == [1, "two"]
        child.join(60)
