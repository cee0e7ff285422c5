"""Values that only this process can compare: as with a plain list and dict."""

import decimal
import enum
import fractions
import operator
import threading
from collections import namedtuple

import coheld
import pytest

Point = namedtuple("Point", "x y")


class Number(enum.IntEnum):
    ONE = 1


class Colour(enum.Enum):
    RED = 1


class Folded(str):
    """Compare without regard to case."""

    def __eq__(self, other):
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self):
        return hash(self.lower())


ITEMS = [1, "a", Folded("B"), Point(1, 2), decimal.Decimal("2.50"), Colour.RED, Number.ONE, 2.5]
WANTED = [
    1, 2, "B", "b", Folded("A"), Folded("z"), (1, 2), Point(1, 2), 2.5, fractions.Fraction(5, 2),
    Colour.RED, Number.ONE, None, "x",
]  # fmt: skip


def outcome(call, subject):
    try:
        return call(subject)
    except Exception as error:
        return type(error).__mro__[-3:]


@pytest.mark.parametrize("wanted", WANTED, ids=repr)
def test_a_list_finds_what_a_plain_list_finds(manager, wanted):
    plain, held = list(ITEMS), manager.list(ITEMS)
    for call in [
        lambda x: wanted in x,
        lambda x: x.count(wanted),
        lambda x: x.index(wanted),
        lambda x: x.index(wanted, 2),
        lambda x: x.remove(wanted),
        lambda x: x.remove(wanted),
        list,
    ]:
        ours, theirs = outcome(call, held), outcome(call, plain)
        assert ours == theirs or issubclass(ValueError, theirs), (ours, theirs)
    assert held[:] == plain


@pytest.mark.parametrize("wanted", WANTED, ids=repr)
def test_a_dict_finds_what_a_plain_dict_finds(manager, wanted):
    entries = {item: number for number, item in enumerate(ITEMS)}
    for call in [
        lambda x: wanted in x,
        lambda x: x.get(wanted),
        lambda x: x[wanted],
        lambda x: x.setdefault(wanted, 10),
        lambda x: operator.setitem(x, wanted, 20),
        lambda x: x.update({wanted: 30, "more": 1}),
        lambda x: x.pop(wanted, 50),
        lambda x: operator.delitem(x, wanted),
    ]:
        plain, held = dict(entries), manager.dict(entries)
        assert outcome(call, held) == outcome(call, plain)
        assert held.items() == list(plain.items())


def test_numbers_under_such_keys_are_added_to(manager):
    held = manager.dict({Folded("hits"): 1})
    assert held.increment("hits", 2) == 3
    held.increment_many({Folded("Hits"): 4, "other": 1})
    assert held.compare_and_set(Folded("hitS"), 7, 8)
    assert held.get_many([Folded("HITS"), "none"]) == [8, None]
    assert held.items() == [("hits", 8), ("other", 1)]


def test_threads_that_set_equal_keys_make_one_entry(manager):
    held = manager.dict()
    spellings = ["key", "KEY", "Key", "kEy", "keY", "KEy"]
    threads = [
        threading.Thread(target=held.update, args=({Folded(spelling): 1},))
        for spelling in spellings
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 1


def test_increments_of_such_a_key_by_many_threads_are_all_counted(manager):
    held = manager.dict({Folded("n"): 0})

    def count(key):
        for _ in range(20):
            held.increment(key)

    threads = [
        threading.Thread(target=count, args=(key,)) for key in ("n", Folded("n"), Folded("N"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held.items() == [("n", 60)]


def test_a_connection_without_a_codec_sees_bytes(daemon_address, shared):
    coheld.connect(daemon_address, allow_pickle=True).list([1, Colour.RED], name="colours")
    held = shared.list(name="colours")
    assert 2 not in held
    assert held.count(1) == 1


def test_items_are_sorted_by_their_own_order(manager):
    held = manager.list([decimal.Decimal(3), fractions.Fraction(1, 2), 2])
    held.sort()
    assert held[:] == [fractions.Fraction(1, 2), 2, 3]
    held.sort(reverse=True)
    assert held[:] == [3, 2, fractions.Fraction(1, 2)]


SET_CALLS = [
    lambda x, v: v in x,
    lambda x, v: x.add(v),
    lambda x, v: x.discard(v),
    lambda x, v: x.remove(v),
    lambda x, v: x.update([v, "new"]),
    lambda x, v: x.difference_update([v]),
    lambda x, v: x.intersection_update([v, 1, "a"]),
    lambda x, v: x.symmetric_difference_update([v, 1]),
    lambda x, v: x.union([v, 7]),
    lambda x, v: x - {v},
    lambda x, v: {v} - x,
    lambda x, v: {v, 1} & x,
    lambda x, v: x >= {v},
    lambda x, v: x.isdisjoint([v]),
]


@pytest.mark.parametrize("wanted", [value for value in WANTED if value != (1, 2)], ids=repr)
def test_a_set_finds_what_a_plain_set_finds(manager, wanted):
    for call in SET_CALLS:
        plain, held = set(ITEMS), manager.set(ITEMS)
        theirs = outcome(lambda x, f=call: f(x, wanted), plain)
        assert outcome(lambda x, f=call: f(x, wanted), held) == theirs
        assert held.copy() == plain
