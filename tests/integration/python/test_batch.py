"""Batches: many ops with one write, answered as the methods answer."""

from __future__ import annotations

import contextlib
import queue

import coheld
import pytest


def test_a_batch_answers_as_the_methods_do(manager):
    counts, log, jobs = manager.dict({"a": 1}), manager.list(), manager.Queue()
    with manager.batch() as batch:
        raised = batch.on(counts).increment("a")
        batch.on(log).append([1, "two"])
        put = batch.on(jobs).put("job")
        taken = batch.on(jobs).get()
        missing = batch.on(counts).get("b", 7)
        length = batch.call(log.__len__)
        assert len(batch) == 6
    assert (raised.get(), put.get(), taken.get()) == (2, None, "job")
    assert (missing.get(), length.get()) == (7, 1)
    assert log[:] == [[1, "two"]]


def test_a_batch_takes_items_by_their_keys(manager):
    shared = manager.dict({"a": 1, "b": 2})
    with manager.batch() as batch:
        on = batch.on(shared)
        on["c"] = 3
        del on["b"]
        found = on["a"]
    assert found.get() == 1
    assert shared.copy() == {"a": 1, "c": 3}


def test_the_first_error_is_raised_and_all_have_their_answers(manager):
    shared = manager.dict({"a": 1})
    batch = manager.batch()
    failed = batch.on(shared)["missing"]
    empty = batch.on(manager.Queue()).get_nowait()
    found = batch.on(shared)["a"]
    with pytest.raises(KeyError, match="missing"):
        batch.run()
    assert found.get() == 1
    with pytest.raises(KeyError):
        failed.get()
    with pytest.raises(queue.Empty):
        empty.get()


def test_nothing_happens_if_the_block_raises(manager):
    shared = manager.list()
    with contextlib.suppress(ZeroDivisionError), manager.batch() as batch:
        batch.on(shared).append(1)
        raise ZeroDivisionError
    assert len(shared) == 0


def test_an_answer_is_not_there_before_the_run(manager):
    batch = manager.batch()
    pending = batch.on(manager.list([1])).pop()
    assert not pending.ready
    with pytest.raises(ValueError, match="not run yet"):
        pending.get()
    batch.run()
    assert pending.ready
    assert pending.get() == 1


def test_a_batch_can_be_run_again_with_other_ops(manager):
    shared, batch = manager.list(), manager.batch()
    for number in range(3):
        batch.on(shared).append(number)
        batch.run()
    batch.run()
    assert shared[:] == [0, 1, 2]


def test_objects_come_as_proxies(manager):
    outer = manager.list([manager.list([5])])
    with manager.batch() as batch:
        inner = batch.on(outer)[0]
        batch.on(outer).append(manager.dict(kind="new"))
    assert inner.get()[0] == 5
    assert outer[1]["kind"] == "new"


def test_an_acquired_lock_is_known_to_be_held(manager):
    lock = manager.Lock()
    with manager.batch() as batch:
        acquired = batch.on(lock).acquire()
    assert acquired.get()
    assert lock.token > 0
    lock.release()


def test_what_makes_no_op_is_refused(manager):
    shared, batch = manager.list(), manager.batch()
    with pytest.raises(ValueError, match="makes no op"):
        batch.call(shared.__iter__)
    with pytest.raises(TypeError, match="not a shared string"):
        batch.on("not a shared string")
    with pytest.raises(TypeError):
        batch.call(len, shared)
    with pytest.raises(AttributeError, match="no method 'missing'"):
        batch.on(shared).missing()
    assert len(batch) == 0


def test_an_argument_that_cannot_be_sent_adds_nothing(manager):
    shared, batch = manager.dict(), manager.batch()
    with pytest.raises(TypeError):
        batch.on(shared)[[]] = 1
    batch.on(shared)["a"] = 1
    batch.run()
    assert shared.copy() == {"a": 1}


def test_a_batch_has_the_ops_of_one_daemon(manager):
    with coheld.Manager() as other:
        elsewhere = other.list()
        batch = manager.batch()
        with pytest.raises(ValueError, match="one daemon"):
            batch.on(elsewhere).append(1)
