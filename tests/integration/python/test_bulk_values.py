"""Many values at once have the bytes that each has alone, and come back as they went in."""

import http
import math
import random
import struct

import coheld
import pytest
from coheld import _core
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seeds import choose_seeds

APPEND = _core.request("List.Append")
EXTEND = _core.request("List.Extend")
SET_MANY = _core.request("Dict.SetMany")

PLAIN = [
    None, True, False, 0, 1, -1, 63, 64, -64, -65, 126, 127, 8191, 8192, 2**31, 2**62, -(2**62),
    2**63 - 1, -(2**63), 0.0, -0.0, 1.5, math.inf, math.nan, 5e-324, "", "~", "a", "a\0b", "x" * 56,
    b"", b"~", b"\n\x02~1", b"\x80\xff", b"y" * 56,
]  # fmt: skip
OTHER = [
    2**63, -(2**63) - 1, 10**50, "ü", "€😀", "x" * 57, "x" * 127, "x" * 128, "x" * 70_000,
    b"y" * 57, b"y" * 5_000, (), (1, "~1"), [], [[]], [1, None, "a", 2.5], {}, {"a": [1]}, set(),
    {1}, coheld.Opaque("codec", b"~data"),
]  # fmt: skip

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**63), 2**63 - 1),
    st.integers(-200, 200), st.floats(), st.text(), st.text("~\n\x02a", max_size=70),
    st.binary(max_size=200),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.tuples(inner, inner), max_leaves=8
)


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def alone(client, value):
    """Return the bytes of a value as a field of its own, which is number 2."""
    return APPEND(client, "", value)[1][2:]


def entry(client, key, value):
    """Return the bytes of an entry, made of those of its parts."""
    body = b"\x0a" + alone(client, key)[1:] + alone(client, value)
    return b"\x12" + varint(len(body)) + body


def exact(value):
    """Return what is equal only for values of the same types and bits."""
    if type(value) in (list, tuple):
        return type(value), [exact(item) for item in value]
    return type(value), struct.pack("d", value) if type(value) is float else value


@pytest.fixture(scope="module")
def client(manager):
    return manager.list()._client


@pytest.mark.parametrize("value", PLAIN + OTHER, ids=lambda value: repr(value)[:20])
def test_every_kind_has_the_same_bytes_among_many(client, value):
    expected = alone(client, value)
    assert EXTEND(client, "", [value] * 3)[1][2:] == expected * 3
    assert EXTEND(client, "", [1, value, 2])[1][2:] == b"".join(
        [alone(client, 1), expected, alone(client, 2)]
    )


def test_no_values_are_no_bytes(client):
    assert EXTEND(client, "name", [])[1] == b"\x0a\x04name"


@pytest.mark.parametrize("count", [1, 67, 68, 69, 10_000])
def test_long_lists_have_the_bytes_of_their_items(client, count):
    values = [PLAIN[i % len(PLAIN)] for i in range(count)]
    expected = b"".join(alone(client, value) for value in values)
    assert EXTEND(client, "", values)[1][2:] == expected
    assert EXTEND(client, "", [*values, [0]])[1][2:] == expected + alone(client, [0])


@pytest.mark.parametrize("seed", choose_seeds(20))
def test_mixed_lists_have_the_bytes_of_their_items(client, seed):
    pick = random.Random(seed)
    values = pick.choices(PLAIN + OTHER, k=pick.randrange(300))
    expected = b"".join(alone(client, value) for value in values)
    assert EXTEND(client, "", values)[1][2:] == expected
    assert EXTEND(client, "", iter(values))[1][2:] == expected


@pytest.mark.parametrize("value", PLAIN + OTHER, ids=lambda value: repr(value)[:20])
def test_entries_have_the_bytes_of_their_parts(client, value):
    expected = entry(client, "key", value)
    assert SET_MANY(client, "", {"key": value})[1][2:] == expected
    assert SET_MANY(client, "", [("key", value)])[1][2:] == expected
    if type(value) in (str, int, bytes, float, bool):
        assert SET_MANY(client, "", {value: 1})[1][2:] == entry(client, value, 1)


def test_every_kind_comes_back(manager):
    for values in (PLAIN, OTHER, PLAIN + OTHER + PLAIN, OTHER + PLAIN):
        held = manager.list()
        held.extend(values)
        assert exact(held[:]) == exact(values)
        assert exact(list(held)) == exact(values)
        assert exact([held[i] for i in range(len(values))]) == exact(values)


def test_huge_lists_come_back(manager):
    values = [i * 7919 - 50_000_000 for i in range(100_000)]
    held = manager.list()
    held.extend(values)
    assert held[:] == values
    assert manager.list([values])[0] == values


def test_subclasses_come_back_as_such(manager):
    values = [1, http.HTTPStatus.OK, 2]
    held = manager.list()
    held.extend(values)
    assert exact(held[:]) == exact(values)


def test_proxies_among_many_values_live_by_their_handles(manager):
    inner = manager.list([1])
    held = manager.list()
    held.extend([63, inner, "~", 2])
    del inner
    values = held[:]
    held.clear()
    assert values[1][:] == [1]
    assert [values[0], values[2], values[3]] == [63, "~", 2]
    del values


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(VALUES, max_size=30))
@example(values=[-(2**63), 2**63 - 1])
def test_whatever_comes_has_the_same_bytes_and_comes_back(client, manager, values):
    expected = b"".join(alone(client, value) for value in values)
    assert EXTEND(client, "", values)[1][2:] == expected
    held = manager.list()
    held.extend(values)
    assert exact(held[:]) == exact(values)
