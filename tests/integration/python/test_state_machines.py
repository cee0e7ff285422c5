"""Whatever hypothesis thinks of, proxies answer as plain objects do, and queues lease as told.

A failure prints the smallest steps that lead to it. COHELD_EXAMPLES is how many runs each machine
makes; a run is up to COHELD_STEPS steps. They are the same each time, unless seeds.py says fresh.
"""

import operator
import os

import coheld
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from seeds import FRESH

SETTINGS = settings(
    max_examples=int(os.environ.get("COHELD_EXAMPLES", "25")),
    stateful_step_count=int(os.environ.get("COHELD_STEPS", "40")),
    deadline=None,
    print_blob=True,
    database=None,
    derandomize=not FRESH,
    suppress_health_check=list(HealthCheck),
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.binary(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=5,
)
KEYS = st.one_of(SCALARS, st.tuples(SCALARS, SCALARS))
INDICES = st.integers(-6, 6)
BOUNDS = st.one_of(st.none(), INDICES)
SLICES = st.builds(slice, BOUNDS, BOUNDS, st.sampled_from([None, 1, 2, -1, -2]))


def outcome(action, target):
    """Return what an action returns or raises, so that two can be compared."""
    try:
        result = action(target)
    except Exception as error:
        kinds = (IndexError, KeyError, ValueError, TypeError, OverflowError)
        return "raised", next((kind for kind in kinds if isinstance(error, kind)), type(error))
    return "returned", result if result is not target else "itself"


class Twins(RuleBasedStateMachine):
    """Do the same to a proxy and to a plain object."""

    def __init__(self, proxy, plain):
        super().__init__()
        self.proxy, self.plain = proxy, plain

    def both(self, action):
        """Do one thing to both; the answers must be equal, and of equal types."""
        ours, theirs = outcome(action, self.proxy), outcome(action, self.plain)
        assert ours == theirs
        if not isinstance(self.plain, set):  # Its order is nobody's.
            assert repr(ours) == repr(theirs)

    @invariant()
    def equal(self):
        copy = self.proxy.copy()
        assert copy == self.plain
        if not isinstance(self.plain, set):
            assert repr(copy) == repr(self.plain)


class ListTwins(Twins):
    """A list."""

    @rule(value=VALUES)
    def append(self, value):
        self.both(lambda x: x.append(value))

    @rule(values=st.lists(VALUES, max_size=4))
    def extend(self, values):
        self.both(lambda x: x.extend(values))

    @rule(place=INDICES, value=VALUES)
    def insert(self, place, value):
        self.both(lambda x: x.insert(place, value))

    @rule(place=INDICES)
    def pop(self, place):
        self.both(lambda x: x.pop(place))

    @rule(place=st.one_of(INDICES, SLICES))
    def read(self, place):
        self.both(lambda x: x[place])

    @rule(place=INDICES, value=VALUES)
    def write(self, place, value):
        self.both(lambda x: operator.setitem(x, place, value))

    @rule(part=SLICES, values=st.lists(VALUES, max_size=4))
    def write_slice(self, part, values):
        self.both(lambda x: operator.setitem(x, part, values))

    @rule(place=st.one_of(INDICES, SLICES))
    def delete(self, place):
        self.both(lambda x: operator.delitem(x, place))

    @rule(value=VALUES)
    def remove(self, value):
        self.both(lambda x: x.remove(value))

    @rule(value=VALUES)
    def look_for(self, value):
        self.both(lambda x: (value in x, x.count(value)))
        self.both(lambda x: x.index(value))

    @rule()
    def reverse(self):
        self.both(lambda x: x.reverse())

    @rule()
    def sort(self):
        before = list(self.plain)
        self.both(lambda x: x.sort())
        if self.proxy.copy() == before:  # A sort that fails leaves a list in any order.
            self.plain[:] = before


class DictTwins(Twins):
    """A dict."""

    @rule(key=KEYS, value=VALUES)
    def write(self, key, value):
        self.both(lambda x: operator.setitem(x, key, value))

    @rule(key=KEYS)
    def read(self, key):
        self.both(lambda x: (x.get(key), key in x))
        self.both(lambda x: x[key])

    @rule(key=KEYS)
    def delete(self, key):
        self.both(lambda x: operator.delitem(x, key))

    @rule(key=KEYS, default=VALUES)
    def pop(self, key, default):
        self.both(lambda x: x.pop(key, default))

    @rule()
    def pop_item(self):
        self.both(lambda x: x.popitem())

    @rule(key=KEYS, default=VALUES)
    def set_default(self, key, default):
        self.both(lambda x: x.setdefault(key, default))

    @rule(entries=st.dictionaries(KEYS, VALUES, max_size=4))
    def update(self, entries):
        self.both(lambda x: x.update(entries))

    @rule()
    def iterate(self):
        self.both(lambda x: [list(x), list(x.items()), list(x.values()), list(reversed(x))])

    @rule()
    def clear(self):
        self.both(lambda x: x.clear())


class SetTwins(Twins):
    """A set."""

    @rule(member=KEYS)
    def add(self, member):
        self.both(lambda x: x.add(member))

    @rule(member=KEYS)
    def discard(self, member):
        self.both(lambda x: x.discard(member))

    @rule(member=KEYS)
    def remove(self, member):
        self.both(lambda x: x.remove(member))

    @rule(member=KEYS)
    def look_for(self, member):
        self.both(lambda x: (member in x, len(x)))

    @rule(
        name=st.sampled_from(
            ["update", "difference_update", "intersection_update", "symmetric_difference_update"]
        ),
        others=st.sets(KEYS, max_size=4),
    )
    def change(self, name, others):
        self.both(lambda x: getattr(x, name)(others))

    @rule(others=st.sets(KEYS, max_size=4))
    def combine(self, others):
        self.both(lambda x: (x | others, x & others, x - others, x ^ others))
        self.both(lambda x: (x <= others, x >= others, x.isdisjoint(others)))


class Numbers(RuleBasedStateMachine):
    """A counter, and a value."""

    def __init__(self, manager):
        super().__init__()
        self.counter, self.value = manager.Counter(), manager.Value("q", 0)
        self.count = self.held = 0

    @rule(amount=st.integers(-(2**62), 2**62))
    def add(self, amount):
        if -(2**63) <= self.count + amount < 2**63:
            self.count += amount
            assert self.counter.add(amount) == self.count
        else:
            with pytest.raises(OverflowError):
                self.counter.add(amount)

    @rule(value=VALUES)
    def assign(self, value):
        self.value.value = self.held = value

    @rule(expected=SCALARS, desired=SCALARS)
    def exchange(self, expected, desired):
        equal = self.held == expected
        assert self.value.compare_exchange(expected, desired) == equal
        if equal:
            self.held = desired

    @invariant()
    def equal(self):
        assert self.counter.value == self.count
        assert self.value.value == self.held


def fail_in(task, write):
    """Raise in the midst of a task."""
    try:
        with task:
            write()
            raise LookupError
    except LookupError:
        pass


DELIVERIES_MAX = 3
ITEMS = st.integers(0, 9)


class Queues(RuleBasedStateMachine):
    """A queue with leases, against lists that say what is where."""

    def __init__(self, manager, make, place):
        super().__init__()
        self.letters = manager.Queue()
        self.queue = make(deliveries_max=DELIVERIES_MAX, dead_letters=self.letters)
        self.log, self.place = manager.list(), place
        self.waiting, self.dead, self.done = [], [], []  # Of [place, item, deliveries so far].
        self.tasks, self.taken = [], []  # In step.
        self.purged = []
        self.keys, self.puts = set(), 0

    @rule(item=ITEMS)
    def put(self, item):
        self.queue.put(item)
        self.enter(item)

    @rule(item=ITEMS, key=st.sampled_from("abc"))
    def put_once(self, item, key):
        new = key not in self.keys
        assert self.queue.put(item, dedup_key=key) == new
        self.keys.add(key)
        if new:
            self.enter(item)

    @rule()
    def get(self):
        if self.waiting:
            assert self.queue.get_nowait() == self.waiting.pop(0)[1]
        else:
            with pytest.raises(coheld.QueueEmpty):
                self.queue.get_nowait()

    @rule()
    def lease(self):
        if not self.waiting:
            with pytest.raises(coheld.QueueEmpty):
                self.queue.lease(block=False)
            return
        task, line = self.queue.lease(), self.waiting.pop(0)
        line[2] += 1
        assert (task.item, task.attempt) == (line[1], line[2])
        self.tasks.append(task)
        self.taken.append(line)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def ack(self, data):
        task, _ = self.pick(data)
        task.ack()
        with pytest.raises(coheld.LeaseLost):
            task.ack()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), item=ITEMS)
    def complete(self, data, item):
        task, line = self.pick(data)
        task.append(self.log, line[1])
        task.put(self.queue, item)
        task.ack()
        self.done.append(line[1])
        self.enter(item)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), by_exception=st.booleans())
    def give_back(self, data, by_exception):
        task, line = self.pick(data)
        if by_exception:
            fail_in(task, lambda: task.append(self.log, "never"))
        else:
            assert task.nack() == (line[2] == DELIVERIES_MAX and line not in self.purged)
        if line in self.purged:
            return
        if line[2] == DELIVERIES_MAX:
            self.dead.append(line[1])
        else:
            self.waiting.append(line)
            self.waiting.sort(key=operator.itemgetter(0))

    @rule()
    def purge(self):
        assert self.queue.purge() == len(self.waiting)
        self.waiting = []
        self.purged += self.taken  # They are not delivered again.

    @invariant()
    def equal(self):
        assert self.queue.qsize() == len(self.waiting)
        assert self.log.copy() == self.done
        assert self.letters.qsize() == len(self.dead)

    def teardown(self):
        """Take all that is left: in order."""
        assert [self.queue.get_nowait() for _ in self.waiting] == [line[1] for line in self.waiting]
        assert [self.letters.get_nowait() for _ in self.dead] == self.dead

    def enter(self, item):
        self.puts += 1
        self.waiting.append([self.place(item, self.puts), item, 0])
        self.waiting.sort(key=operator.itemgetter(0))

    def pick(self, data):
        number = data.draw(st.integers(0, len(self.tasks) - 1))
        return self.tasks.pop(number), self.taken.pop(number)


def test_a_list_does_what_a_list_does(manager):
    run_state_machine_as_test(lambda: ListTwins(manager.list(), []), settings=SETTINGS)


def test_a_dict_does_what_a_dict_does(manager):
    run_state_machine_as_test(lambda: DictTwins(manager.dict(), {}), settings=SETTINGS)


def test_a_set_does_what_a_set_does(manager):
    run_state_machine_as_test(lambda: SetTwins(manager.set(), set()), settings=SETTINGS)


def test_a_counter_and_a_value_hold_what_was_written(manager):
    run_state_machine_as_test(lambda: Numbers(manager), settings=SETTINGS)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("Queue", lambda item, number: number),
        ("LifoQueue", lambda item, number: -number),
        ("PriorityQueue", lambda item, number: (item, number)),
    ],
)
def test_a_queue_delivers_what_was_not_acknowledged_again_in_its_place(manager, kind, place):
    make = getattr(manager, kind)
    run_state_machine_as_test(lambda: Queues(manager, make, place), settings=SETTINGS)
