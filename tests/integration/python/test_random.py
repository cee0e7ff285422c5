"""Random ops on a shared list and dict do what they do on a plain list and dict."""

import operator
import random

import pytest

from seeds import choose_seeds

SEEDS = choose_seeds(20)
OPS = 300

SCALARS = [0, 1, 2, -1, True, False, None, 1.0, 2.5, -0.5, 2**63, -(2**70), "", "a", "b", "é", b"a"]


def pick_value(pick, depth=2):
    kind = pick.randrange(8) if depth else 0
    if kind == 6:
        return tuple(pick_value(pick, depth - 1) for _ in range(pick.randrange(3)))
    if kind == 7:
        return [pick_value(pick, depth - 1) for _ in range(pick.randrange(3))]
    return pick.choice(SCALARS)


def pick_key(pick):
    value = pick_value(pick, 1)
    return tuple(value) if isinstance(value, list) else value


def pick_bound(pick):
    return pick.choice([None, None, *range(-9, 10), 100, -100])


def pick_slice(pick):
    return slice(pick_bound(pick), pick_bound(pick), pick.choice([None, None, 1, 2, -1, -2, 3]))


def list_op(pick):
    """Choose a call that does the same to a list and to a proxy."""
    value, place, part = pick_value(pick), pick.randrange(-9, 10), pick_slice(pick)
    values = [pick_value(pick) for _ in range(pick.randrange(5))]
    return pick.choice(
        [
            ("append", lambda x: x.append(value)),
            ("extend", lambda x: x.extend(values)),
            ("insert", lambda x: x.insert(place, value)),
            ("pop", lambda x: x.pop(place)),
            ("pop last", lambda x: x.pop()),
            ("get", lambda x: x[place]),
            ("set", lambda x: operator.setitem(x, place, value)),
            ("delete", lambda x: operator.delitem(x, place)),
            ("get slice", lambda x: x[part]),
            ("set slice", lambda x: operator.setitem(x, part, values)),
            ("delete slice", lambda x: operator.delitem(x, part)),
            ("remove", lambda x: x.remove(value)),
            ("index", lambda x: x.index(value, place)),
            ("count", lambda x: x.count(value)),
            ("contains", lambda x: value in x),
            ("reverse", lambda x: x.reverse()),
            ("repeat", lambda x: operator.imul(x, pick_once(place, len(values))) is x),
            ("length", len),
            ("iterate", list),
        ]
    )


def pick_once(place, length):
    return 2 if place == 1 else (0 if place == 9 and length == 4 else 1)


def dict_op(pick):
    """Choose a call that does the same to a dict and to a proxy."""
    key, value = pick_key(pick), pick_value(pick)
    entries = [(pick_key(pick), pick_value(pick)) for _ in range(pick.randrange(4))]
    return pick.choice(
        [
            ("get", lambda x: x.get(key)),
            ("item", lambda x: x[key]),
            ("set", lambda x: operator.setitem(x, key, value)),
            ("set again", lambda x: operator.setitem(x, key, value)),
            ("delete", lambda x: operator.delitem(x, key)),
            ("pop", lambda x: x.pop(key)),
            ("pop with default", lambda x: x.pop(key, value)),
            ("popitem", lambda x: x.popitem()),
            ("setdefault", lambda x: x.setdefault(key, value)),
            ("update", lambda x: x.update(entries)),
            ("contains", lambda x: key in x),
            ("keys", lambda x: list(x.keys())),
            ("values", lambda x: list(x.values())),
            ("items", lambda x: list(x.items())),
            ("iterate", list),
            ("reversed", lambda x: list(reversed(x))),
            ("length", len),
        ]
    )


def outcome(call, target):
    try:
        return repr(call(target))
    except Exception as error:
        return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def run(seed, choose, plain, shared):
    pick = random.Random(seed)
    for number in range(OPS):
        word, call = choose(pick)
        expected, got = outcome(call, plain), outcome(call, shared)
        assert got == expected, f"seed {seed}, op {number}: {word}"
    assert repr(shared.copy()) == repr(plain), f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_list_does_what_a_plain_list_does(manager, seed):
    run(seed, list_op, [], manager.list())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dict_does_what_a_plain_dict_does(manager, seed):
    run(seed, dict_op, {}, manager.dict())
