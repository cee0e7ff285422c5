"""The same calls on a stdlib manager's proxy and on ours: same results, exceptions and state.

An exception of ours may be a subclass of the stdlib's.
"""

import copy
import decimal
import enum
import multiprocessing
import operator
import queue
import threading

import coheld
import pytest


class Colour(enum.Enum):
    RED = 1


def outcome(call, proxy):
    try:
        return "returned", call(proxy)
    except Exception as error:
        return "raised", error


def assert_alike(theirs, ours):
    assert theirs[0] == ours[0], (theirs, ours)
    if theirs[0] == "raised":
        assert isinstance(ours[1], type(theirs[1])), (theirs, ours)
        if type(theirs[1]) is KeyError:
            assert ours[1].args == theirs[1].args
    else:
        assert type(ours[1]) is type(theirs[1]), (theirs, ours)
        assert ours[1] == theirs[1]


def run_both(pair, calls):
    for call in calls:
        assert_alike(*(outcome(call, proxy) for proxy in pair))


@pytest.fixture
def both(stdlib_manager, manager):
    return lambda make: (make(stdlib_manager), make(manager))


def assign(index, value):
    return lambda proxy: operator.setitem(proxy, index, value)


def delete(index):
    return lambda proxy: operator.delitem(proxy, index)


def item(index):
    return lambda proxy: proxy[index]


START = [3, 1, 2, "x", None, 2.5, (1, 2), [1], {"a": 1}, {1}, b"b", True]

LIST_CALLS = {
    "len": [len, bool],
    "get": [item(0), item(-1), item(True), item(11), item(12), item(-13), item("a"), item(None)],
    "get far": [item(2**40), item(2**63), item(-(2**70)), item(1.0)],
    "get slices": [
        item(slice(None)), item(slice(2, 5)), item(slice(None, None, -1)), item(slice(9, 1, -3)),
        item(slice(-3, None)), item(slice(50, 60)), item(slice(None, None, 0)),
        item(slice(2**70)), item(slice(-(2**70), 2**70, 5)), item(slice("a")),
    ],
    "set": [assign(0, "new"), assign(-12, "other"), assign(12, 0), assign("a", 0), item(0)],
    "set slices": [
        assign(slice(1, 3), [7, 8, 9]), assign(slice(0, 0), "ab"),
        assign(slice(None, None, 2), [0]),
        assign(slice(None, 4, 2), (5, 6)), assign(slice(0, 2), 5), assign(slice(5, 2), [1]),
    ],
    "delete": [delete(0), delete(-1), delete(99), delete("a"), delete(slice(1, 3)),
               delete(slice(None, None, -2)), delete(slice(None, None, 0))],
    "append": [lambda p: p.append(1), lambda p: p.append([Colour.RED]), lambda p: p.append(),
               lambda p: p.append(1, 2)],
    "extend": [lambda p: p.extend([1, 2]), lambda p: p.extend("ab"), lambda p: p.extend(()),
               lambda p: p.extend(5), lambda p: p.extend({1: 2})],
    "insert": [lambda p: p.insert(0, "a"), lambda p: p.insert(-1, "b"), lambda p: p.insert(99, "c"),
               lambda p: p.insert(-99, "d"), lambda p: p.insert("x", 1),
               lambda p: p.insert(2**70, 1)],
    "pop": [lambda p: p.pop(), lambda p: p.pop(0), lambda p: p.pop(-2), lambda p: p.pop(99),
            lambda p: p.pop("a"), lambda p: p.pop(2**70), lambda p: p.pop(1, 2)],
    "remove": [lambda p: p.remove(2), lambda p: p.remove(2.5), lambda p: p.remove({1}),
               lambda p: p.remove(99), lambda p: p.remove(Colour.RED), lambda p: p.remove(1.0)],
    "index": [lambda p: p.index(2), lambda p: p.index((1, 2)), lambda p: p.index(1, 3),
              lambda p: p.index(3, -12, -1), lambda p: p.index(9), lambda p: p.index(2, 0, 2),
              lambda p: p.index(Colour.RED), lambda p: p.index("x", -2)],
    "count": [lambda p: p.count(1), lambda p: p.count("x"), lambda p: p.count(Colour.RED),
              lambda p: p.count(float("nan"))],
    "contains": [lambda p: 2 in p, lambda p: 2.0 in p, lambda p: "zz" in p, lambda p: [1] in p,
                 lambda p: Colour.RED in p, lambda p: b"b" in p],
    "reverse": [lambda p: p.reverse(), lambda p: list(reversed(p))],
    "sort": [lambda p: p.sort(), lambda p: p.sort(key=str), lambda p: p.sort(1),
             lambda p: p.sort(key=repr, reverse=True), lambda p: p.sort(key=len),
             lambda p: p.sort(reverse="x")],
    "operators": [lambda p: p + [1], lambda p: p * 2, lambda p: 2 * p, lambda p: p * -1,
                  lambda p: p + (1,), lambda p: p * "a", lambda p: [1] + p, lambda p: p < p],
    "iterate": [list, tuple, lambda p: [x for x in p], lambda p: next(iter(p))],
    "copies": [copy.deepcopy, lambda p: p._getvalue(), lambda p: p._callmethod("__len__"),
               lambda p: p._callmethod("append", (5,)), lambda p: p._callmethod("#GETVALUE"),
               lambda p: p._callmethod("nothing"), lambda p: p._callmethod("__class__")],
    "in place": [lambda p: operator.iadd(p, [1, 2]) is p, lambda p: operator.imul(p, 2) is p,
                 lambda p: operator.imul(p, 0) is p, lambda p: operator.imul(p, "a") is p,
                 lambda p: p.pop(), lambda p: p.pop(0), lambda p: p[0]],
}  # fmt: skip


@pytest.mark.parametrize("calls", LIST_CALLS.values(), ids=LIST_CALLS)
def test_list_answers_as_the_stdlibs(both, calls):
    pair = both(lambda m: m.list(START))
    run_both(pair, calls)
    assert_alike(*(outcome(lambda p: p._getvalue(), proxy) for proxy in pair))


@pytest.mark.parametrize("values", [[3, 1, 2], ["b", "a"], [2.5, 1, True], [(2, "a"), (1, "b")]])
@pytest.mark.parametrize("reverse", [False, True])
def test_list_sorts_as_the_stdlibs(both, values, reverse):
    pair = both(lambda m: m.list(values))
    run_both(pair, [lambda p: p.sort(reverse=reverse), list])


def test_list_sorts_pickled_values(both):
    pair = both(lambda m: m.list([decimal.Decimal(3), 2, decimal.Decimal("1.5")]))
    run_both(pair, [lambda p: p.sort(), list, lambda p: p.index(decimal.Decimal(2)),
                    lambda p: p.remove(decimal.Decimal(3)), list])  # fmt: skip


@pytest.mark.parametrize("arguments", [(), ([],), ("abc",), (range(3),), (5,), ([1], [2])])
def test_list_is_made_as_the_stdlibs(both, arguments):
    made = both(lambda m: outcome(lambda p: p.list(*arguments)._getvalue(), m))
    if made[0][0] == "raised" and len(arguments) > 1:
        assert made[1][0] == "raised"  # Refused here, by the signature.
    else:
        assert_alike(*made)


ENTRIES = {"a": 1, 2: "two", None: [1], (1, 2): {"x": None}, b"k": 2.5}

DICT_CALLS = {
    "len": [len, bool, lambda p: "a" in p, lambda p: "b" in p, lambda p: [] in p],
    "get": [item("a"), item(2.0), item(None), item((1, 2)), item("missing"), item([1]), item({}),
            lambda p: p.get("a"), lambda p: p.get("b"), lambda p: p.get("b", 7),
            lambda p: p.get([1]), lambda p: p.get(), item(Colour.RED),
            lambda p: p[(Colour.RED, 1)]],
    "set": [assign("new", 1), assign("a", 2), assign(True, 3), assign(1, 4), assign([1], 2),
            assign(Colour.RED, "red"), item(Colour.RED), assign(frozenset({1, "x"}), 9),
            item(frozenset({"x", 1})), list],
    "delete": [delete("a"), delete("a"), delete([1]), delete(2), delete(Colour.RED)],
    "views": [lambda p: p.keys(), lambda p: p.values(), lambda p: p.items(), lambda p: p.copy(),
              list, lambda p: dict(p), lambda p: {**p}, lambda p: sorted(map(str, p))],
    "pop": [lambda p: p.pop("a"), lambda p: p.pop("a"), lambda p: p.pop("a", 5),
            lambda p: p.pop("a", None), lambda p: p.pop([1]), lambda p: p.pop(),
            lambda p: p.popitem(), lambda p: p.popitem(), lambda p: p.clear(),
            lambda p: p.popitem(), len],
    "setdefault": [lambda p: p.setdefault("a", 5), lambda p: p.setdefault("z"),
                   lambda p: p.setdefault("y", [1]), lambda p: p.setdefault({}, 1), list],
    "update": [lambda p: p.update({"a": 9, "q": 1}), lambda p: p.update([("r", 2)], s=3),
               lambda p: p.update(t=4), lambda p: p.update(), lambda p: p.update(5),
               lambda p: p.update([1]), lambda p: p.update([("x",)]), lambda p: p.items()],
    "generic": [copy.deepcopy, lambda p: p._getvalue(), lambda p: p._callmethod("get", ("a",)),
                lambda p: p._callmethod("keys"), lambda p: p._callmethod("nope"),
                lambda p: p._callmethod("update", (), {"k": 1})],
    "compare": [lambda p: p == ENTRIES, lambda p: p == p, lambda p: p != ENTRIES,
                lambda p: isinstance(hash(p), int), lambda p: p < p],
}  # fmt: skip


@pytest.mark.parametrize("calls", DICT_CALLS.values(), ids=DICT_CALLS)
def test_dict_answers_as_the_stdlibs(both, calls):
    pair = both(lambda m: m.dict(ENTRIES))
    run_both(pair, calls)
    assert_alike(*(outcome(lambda p: p.items(), proxy) for proxy in pair))


@pytest.mark.parametrize(
    "arguments", [(), ({},), ([("a", 1)],), ([(1, 2), (1, 3)],), (5,), ("ab",), ([([], 1)],)]
)
def test_dict_is_made_as_the_stdlibs(both, arguments):
    assert_alike(*both(lambda m: outcome(lambda p: p.dict(*arguments)._getvalue(), m)))


def grow_while_iterating(proxy):
    for key in proxy:
        proxy[f"{key}+"] = 1


def shrink_while_iterating(proxy):
    for key in proxy:
        del proxy[key]


def change_while_iterating(proxy):
    for key in proxy:
        proxy[key] = 0
    return len(proxy)


@pytest.mark.parametrize(
    "call", [grow_while_iterating, shrink_while_iterating, change_while_iterating]
)
def test_dict_changed_under_its_iterator_answers_as_the_stdlibs(both, call):
    run_both(both(lambda m: m.dict(ENTRIES)), [call])


def test_list_changed_under_its_iterator_answers_as_the_stdlibs(both):
    def double(proxy):
        for value in proxy:
            if value < 20:
                proxy.append(value * 2)
        return proxy._getvalue()

    def drop(proxy):
        return [proxy.remove(value) or value for value in proxy]

    run_both(both(lambda m: m.list([1, 2, 3])), [double, drop, list])


VALUE_CALLS = [
    lambda p: p.value, lambda p: p.get(), lambda p: p.set(5), lambda p: p.value,
    lambda p: setattr(p, "value", "text"), lambda p: p.get(), str, lambda p: p.set(),
    copy.deepcopy, lambda p: p._callmethod("set", (8,)), lambda p: p.value, lambda p: p.get_lock(),
]  # fmt: skip


@pytest.mark.parametrize("arguments", [("i", 3), ("d", 1.5), ("i", "not an int"), (None, [1]),
                                       ("i", 2, False)])  # fmt: skip
def test_value_answers_as_the_stdlibs(both, arguments):
    pair = both(lambda m: m.Value(*arguments))
    run_both(pair, [lambda p: p.value if arguments[1] == [1] else str(p)])
    run_both(pair, [call for call in VALUE_CALLS if call is not copy.deepcopy])


QUEUE_CALLS = {
    "bounded": [
        lambda p: p.empty(), lambda p: p.full(), lambda p: p.qsize(), lambda p: p.put(1),
        lambda p: p.put("b", False), lambda p: p.put_nowait(3), lambda p: p.put(3, timeout=0.01),
        lambda p: p.put(3, True, 0), lambda p: p.put(3, False), lambda p: p.put(3, timeout=-1),
        lambda p: p.put(3, False, -1), lambda p: p.full(), lambda p: p.qsize(), lambda p: p.get(),
        lambda p: p.get(timeout=1), lambda p: p.get(False), lambda p: p.get_nowait(),
        lambda p: p.get(timeout=0.01), lambda p: p.get(timeout=-1), lambda p: p.get(False, -5),
        lambda p: p.get(True, "x"), lambda p: p.get(timeout=1e20), lambda p: p.put(1, True, 1e20),
        lambda p: p.put(1, True, 1e20), lambda p: p.put(1, True, 1e20), lambda p: len(p),
    ],
    "tasks": [
        lambda p: p.task_done(), lambda p: p.join(), lambda p: p.put(1), lambda p: p.get(),
        lambda p: p.task_done(), lambda p: p.task_done(), lambda p: p.put(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["Queue", "JoinableQueue"])
@pytest.mark.parametrize("calls", QUEUE_CALLS.values(), ids=QUEUE_CALLS)
def test_queue_answers_as_the_stdlibs(both, kind, calls):
    pair = both(lambda m: getattr(m, kind)(2))
    for call in calls:
        theirs, ours = (outcome(call, proxy) for proxy in pair)
        if theirs == ("returned", None):  # join() tells more here.
            assert ours[0] == "returned"
        else:
            assert_alike(theirs, ours)


def test_unbounded_queue_ignores_a_negative_timeout_as_the_stdlibs(both):
    pair = both(lambda m: m.Queue())
    run_both(pair, [lambda p: p.put(1, timeout=-1), lambda p: p.qsize()])


LOCK_CALLS = [
    lambda p: p.release(), lambda p: p.acquire(), lambda p: p.acquire(False),
    lambda p: p.acquire(True, 0.01), lambda p: p.acquire(timeout=0), lambda p: p.acquire(0),
    lambda p: p.acquire(False, 1), lambda p: p.acquire(False, -1), lambda p: p.acquire(True, -2),
    lambda p: p.acquire(True, 1e20), lambda p: p.acquire(True, "x"), lambda p: p.release(),
    lambda p: p.release(), lambda p: p.acquire(timeout=-1), lambda p: p.release(),
    lambda p: p.__enter__(), lambda p: p.__exit__(None, None, None), lambda p: p.release(),
    lambda p: p.acquire(True, float("nan")),
]  # fmt: skip


def test_lock_answers_as_the_stdlibs(both):
    run_both(both(lambda m: m.Lock()), LOCK_CALLS)


def test_lock_is_released_by_anyone(manager):
    lock = manager.Lock()
    lock.acquire()
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    assert lock.acquire(False)


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_str_shows_the_value_and_repr_the_proxy(both, kind):
    theirs, ours = both(lambda m: getattr(m, kind)([(1, 2)]))
    assert str(ours) == str(theirs)
    assert repr(ours).startswith(f"<{type(ours).__name__} object, typeid {kind!r} at 0x")


def test_every_exposed_name_of_the_stdlibs_proxies_is_there(stdlib_manager, manager):
    made = {
        "list": (), "dict": (), "Queue": (), "JoinableQueue": (), "Lock": (), "Value": ("i", 0),
    }  # fmt: skip
    for kind, arguments in made.items():
        theirs = getattr(stdlib_manager, kind)(*arguments)
        ours = getattr(manager, kind)(*arguments)
        missing = set(theirs._exposed_) - set(dir(ours)) - {"shutdown"}  # New in 3.13.
        if kind.endswith("Queue"):  # AutoProxy exposes public names of the queue's own fields too.
            missing = {name for name in missing if callable(getattr(queue.Queue, name, None))}
        assert not missing, (kind, missing)


@pytest.mark.parametrize("builtin", [list, dict])
def test_every_public_name_of_the_builtin_is_there(manager, builtin):
    proxy = getattr(manager, builtin.__name__)()
    assert {name for name in dir(builtin) if not name.startswith("_")} <= set(dir(proxy))


def test_a_manager_not_started_makes_nothing():
    with pytest.raises(AssertionError, match="server not yet started"):
        coheld.SyncManager().list()


def test_a_manager_starts_once_and_shuts_down_for_good():
    started = coheld.Manager()
    with pytest.raises(multiprocessing.ProcessError, match="Already started server"):
        started.start()
    started.shutdown()
    started.shutdown()
    with pytest.raises(multiprocessing.ProcessError, match="Manager has shut down"):
        started.start()
    with pytest.raises(AssertionError):
        started.list()
