"""Values come back as they went in, or are refused with a reason."""

import datetime
import math
import pathlib
import pickle
from collections import Counter, OrderedDict, namedtuple

import coheld
import pytest
from coheld import _core

Point = namedtuple("Point", "x y")


class Slot:
    """Compare by content, so that a copy equals its original."""

    def __init__(self, content):
        self.content = content

    def __eq__(self, other):
        return isinstance(other, Slot) and self.content == other.content

    __hash__ = None


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


NATIVE = [
    None, True, False, 0, 1, -1, 127, 128, 2**31, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1,
    10**100, -(10**100), 0.0, 1.5, math.inf, -math.inf, 5e-324, "", "text", "ü€😀", "a\0b",
    "x" * 100_000, b"", b"\0\xff", b"y" * 70_000, [], [1, [2, [3]]], (), (1,), ((), ((),)), {},
    {"a": {1: (2.5, None)}}, set(), {1, "a", (2,)}, [True, 1, 1.0], nested(32),
    {None: 1, (1, b"x"): 2}, list(range(1000)), {str(i): i for i in range(1000)},
]  # fmt: skip

PICKLED = [
    frozenset({1}), bytearray(b"x"), range(3), 1j, datetime.date(2020, 1, 2), pathlib.Path("/x"),
    OrderedDict(a=1), Counter("aab"), Point(1, 2), "lone \ud800 surrogate", nested(33),
    nested(200), 10**5000, Slot([1]), [Slot(1), 2], {"a": Slot(1)}, (1, Slot(2)), ..., len,
    ["\udfff"],
    {1: 10**4500},
]  # fmt: skip


def same(a, b):
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("value", NATIVE, ids=lambda v: f"{type(v).__name__}-{str(v)[:20]}")
def test_native_values_need_no_pickle(shared, value):
    held = shared.list([value])
    assert same(held[0], value)


@pytest.mark.parametrize("value", PICKLED, ids=lambda v: f"{type(v).__name__}")
def test_other_values_are_pickled_where_that_is_allowed(manager, value):
    held = manager.list([value])
    assert same(held[0], value)


@pytest.mark.parametrize("value", PICKLED, ids=lambda v: f"{type(v).__name__}")
def test_other_values_are_refused_where_pickle_is_not_allowed(shared, value):
    with pytest.raises(coheld.UnsupportedValue, match="allow_pickle=True"):
        shared.list().append(value)


def test_nan_and_minus_zero_survive(manager):
    held = manager.list([math.nan, -0.0])
    assert math.isnan(held[0])
    assert math.copysign(1, held[1]) == -1


def test_a_value_that_holds_itself_survives(manager):
    value = [1]
    value.append(value)
    held = manager.list([value])[0]
    assert held[0] == 1
    assert held[1] is held


def test_what_pickled_parts_share_stays_shared(manager):
    part = Slot(1)
    first, second = manager.list([[part, part]])[0]
    assert first is second


def test_a_pickle_is_never_decoded_unasked(daemon_address, shared):
    trusting = coheld.connect(daemon_address, allow_pickle=True)
    trusting.list(name="pickled").append(Point(1, 2))
    with pytest.raises(coheld.PickleRefused, match="allow_pickle=True") as refused:
        shared.list(name="pickled")[0]
    assert refused.value.data.startswith(b"\x80")


def test_a_refused_item_of_a_queue_is_in_the_exception(daemon_address, shared):
    coheld.connect(daemon_address, allow_pickle=True).Queue(name="odd").put(Point(3, 4))
    with pytest.raises(coheld.PickleRefused) as refused:
        shared.Queue(name="odd").get()
    assert pickle.loads(refused.value.data) == Point(3, 4)


def test_a_codec_carries_what_has_no_form_of_its_own(daemon_address):
    for codec, value in [
        ("json", OrderedDict(a=[1, None])),
        ("pickle", Point(1, 2)),
        ("cloudpickle", Point(1, 2)),
        ("dill", Point(1, 2)),
    ]:
        held = coheld.connect(daemon_address, codec=codec).list(name=f"codec {codec}")
        held.append(value)
        assert held[0] == value
        plain = coheld.connect(daemon_address, codec=None if codec == "json" else "json")
        if codec == "json":
            assert plain.list(name=f"codec {codec}")[0].codec == "json"
        else:
            with pytest.raises(coheld.PickleRefused):
                plain.list(name=f"codec {codec}")[0]


def test_a_function_of_a_program_travels_by_cloudpickle(daemon_address):
    held = coheld.connect(daemon_address, codec="cloudpickle").list()
    held.append(lambda x: x + 1)
    assert held[0](1) == 2


@pytest.mark.parametrize("value", [Slot(1), Point(1, 2), {1: OrderedDict()}, [1j]])
def test_what_json_would_change_is_refused(daemon_address, value):
    held = coheld.connect(daemon_address, codec="json").list()
    with pytest.raises(coheld.UnsupportedValue, match="JSON"):
        held.append(value)


def test_an_unknown_codec_is_refused(daemon_address):
    with pytest.raises(ValueError, match="codec 'xml' is none of pickle"):
        coheld.connect(daemon_address, codec="xml")


def test_opaque_values_of_other_codecs_pass_through(shared):
    held = shared.list([coheld.Opaque("json", b"{}")])
    assert held[0] == coheld.Opaque("json", b"{}")


def test_an_argument_that_cannot_be_pickled_fails_here_and_changes_nothing(manager):
    held = manager.list()
    with pytest.raises((TypeError, AttributeError)):
        held.append(lambda: 1)
    assert list(held) == []


def test_equal_pickled_keys_find_each_other(manager):
    held = manager.dict()
    text = "".join(["a", "b"])
    held[Point("ab", text)] = 1
    assert held[Point("ab", "ab")] == 1
    held[frozenset(["x", "y", ("z", frozenset({1, 2}))])] = 2
    assert held[frozenset([("z", frozenset({2, 1})), "y", "x"])] == 2


def test_big_values_come_back_whole(manager):
    held = manager.dict()
    big = bytes(range(256)) * (3 << 12)  # 3 MiB
    held["bytes"], held["text"] = big, "ü" * (2 << 20)
    held["list"] = list(range(300_000))
    assert held["bytes"] == big
    assert held["text"] == "ü" * (2 << 20)
    assert held["list"] == list(range(300_000))


def test_a_message_over_the_daemons_limit_is_refused_and_the_next_call_works(manager):
    held = manager.list()
    with pytest.raises(coheld.Error):
        held.append(b"x" * (80 << 20))
    held.append(1)
    assert list(held) == [1]


def test_proxies_nest(manager):
    outer = manager.dict(inner=manager.list())
    outer["inner"].append(manager.dict(a=manager.Value("i", 5)))
    assert outer["inner"][0]["a"].value == 5
    outer["queue"], outer["lock"] = manager.Queue(), manager.Lock()
    outer["queue"].put([outer["lock"]])
    lock = outer["queue"].get()[0]
    with lock:
        assert outer["lock"].locked()


def test_a_nested_object_outlives_the_proxy_it_was_made_with(manager):
    outer = manager.list()
    for number in range(20):
        inner = manager.list([number])
        outer.append(inner)
        del inner
    assert [inner[0] for inner in outer] == list(range(20))


def test_unreachable_objects_are_deleted(manager):
    exists = _core.method("Admin.Describe", "summary")
    made = manager.list([1])
    name = made._name
    del made
    manager.list()
    with pytest.raises(coheld.ObjectNotFound):
        exists(manager._client, name)


def test_names_that_are_no_names_are_refused(shared):
    for name in ("~x", "a" * 513):
        with pytest.raises(ValueError, match="name"):
            shared.list(name=name)


def test_a_name_of_another_type_is_refused(shared):
    shared.list(name="typed")
    with pytest.raises(coheld.WrongType):
        shared.dict(name="typed")
