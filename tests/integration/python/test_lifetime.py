"""Objects without a name live as long as something refers to them, and not longer."""

import copy
import gc
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import coheld
import pytest
from coheld import _core

inspect = _core.method("Object.Inspect", "handles", "own_handles", "references")
METHODS = ["fork", "spawn", "forkserver"]


@pytest.fixture
def own():
    """Give a manager of its own: nothing else makes objects in its daemon."""
    with coheld.Manager() as started:
        yield started


def names(manager):
    return {item["name"] for item in coheld._lifetime.objects(manager._client)}


def handles(proxy):
    return inspect(proxy._client, proxy._name)[1]


def test_an_object_goes_with_its_last_proxy(own):
    first = own.list([1])
    second = copy.copy(first)
    del first
    assert list(second) == [1]
    assert own._number_of_objects() == 1
    del second
    assert own._number_of_objects() == 0


def test_many_proxies_made_and_dropped_leave_nothing(own):
    for number in range(2000):
        own.Lock() if number % 2 else own.dict(a=[number])
    assert own._number_of_objects() == 0
    assert own._debug_info() == ""


def test_a_named_object_outlives_its_proxies(own):
    own.list([1], name="kept")
    assert list(own.list(name="kept")) == [1]


def test_what_a_container_holds_lives_as_long_as_it_is_there(own):
    outer = own.list()
    outer.append(own.dict(a=own.Value("i", 5)))
    assert own._number_of_objects() == 3
    assert outer[0]["a"].value == 5
    outer.pop()
    assert own._number_of_objects() == 1


def test_objects_that_refer_to_each_other_go(own):
    first, second = own.list(), own.list()
    first.append(second)
    second.append(first)
    del first, second
    deadline = time.monotonic() + 30
    while own._number_of_objects():  # Cycles are looked for now and then.
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_proxy_in_a_queue_needs_no_sender(own):
    items = own.Queue()
    items.put(own.list(["sent"]))
    assert own._number_of_objects() == 2
    got = items.get()
    assert list(got) == ["sent"]
    del got
    assert own._number_of_objects() == 1


def test_handles_are_given_back_to_the_last(own):
    outer = own.dict(lock=own.Lock())
    held = [outer["lock"] for _ in range(5)]
    held += outer.values()
    assert handles(held[0]) == 6
    one = held.pop()
    del held
    assert one.acquire(False)
    del one
    lock = outer["lock"]
    assert handles(lock) == 1


def test_a_reply_that_is_not_read_leaves_no_handles(own):
    outer, first = own.dict(), own.list()
    outer["a"] = first
    del first
    outer.compare_and_set("a", 1, 2)  # Its reply tells the present value.
    assert outer.setdefault("a", 0)[:] == []
    outer.clear()
    assert own._number_of_objects() == 1


class Refuses:
    """Be pickled, and refuse to be unpickled."""

    def __reduce__(self):
        return refuse, ()


def refuse():
    raise LookupError("not today")


def test_a_reply_that_cannot_be_decoded_leaves_no_handles(own):
    outer, first = own.list(), own.list()
    outer.append((first, Refuses()))
    with pytest.raises(LookupError, match="not today"):
        outer[0]
    del first
    with pytest.raises(LookupError, match="not today"):
        outer[0]
    outer.clear()
    assert own._number_of_objects() == 1


def test_a_pickled_proxy_holds_again_when_it_is_loaded(own):
    data = pickle.dumps(own.list(["in flight"]))
    loaded = pickle.loads(data)
    assert list(loaded) == ["in flight"]
    assert handles(loaded) == 1


def test_a_proxy_of_what_is_gone_says_so(own):
    held = own.list()
    _core.method("Admin.Delete")(held._client, held._name)
    with pytest.raises(coheld.ObjectNotFound):
        held.append(1)
    data = pickle.dumps(held)
    del held
    with pytest.raises(coheld.ObjectNotFound):
        pickle.loads(data)


class Cycle:
    """Be garbage that only the collector finds."""

    def __init__(self, proxy):
        self.proxy, self.self = proxy, self


class Collects:
    """Run the garbage collector in the midst of a call."""

    def __reduce__(self):
        gc.collect()
        return int, ()


def test_garbage_found_in_the_midst_of_a_call_is_released_after_it(own):
    held = own.list()
    gc.collect()
    gc.disable()
    try:
        Cycle(own.list())
        assert own._number_of_objects() == 2
        held.append(Collects())
    finally:
        gc.enable()
    assert names(own) == {held._name}


def use_later(held, go, done):
    go.wait(60)
    held.append("used")
    done.put(held)


@pytest.mark.parametrize("method", METHODS)
def test_a_child_holds_what_it_was_given(manager, method):
    held, go, done = manager.list(), manager.Event(), manager.Queue()
    context = multiprocessing.get_context(method)
    child = context.Process(target=use_later, args=(held, go, done))
    child.start()
    del held
    child._args = ()  # Process keeps its arguments.
    gc.collect()
    go.set()
    assert list(done.get(timeout=60)) == ["used"]
    child.join(60)


def test_a_child_of_a_bare_fork_holds_what_it_inherited(manager):
    held, go = manager.list(), manager.Event()
    log = manager.list()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            go.wait(60)
            held.append("used")
            log.append(held)
            code = 0
        finally:
            os._exit(code)
    del held
    go.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(log[0]) == ["used"]


def test_what_a_proxy_stands_for_is_held_anew_in_a_new_session(daemon_address):
    with coheld.connect(daemon_address) as one, coheld.connect(daemon_address, codec="json") as two:
        held = one.list([1])
        one.list([held], name="keeps it")
        one._client.close()
        one.dict()
        two.list(name="keeps it").clear()
        assert list(held) == [1]
        assert handles(held) == 1
        del held


def test_what_went_with_a_session_is_not_missed(daemon_address):
    with coheld.connect(daemon_address) as one:
        gone = one.list([1])
        one._client.close()
        assert list(one.list([2])) == [2]
        with pytest.raises(coheld.ObjectNotFound):
            gone.append(2)


def test_what_children_held_goes_with_them(own):
    held = own.list()
    children = [
        multiprocessing.get_context("fork").Process(target=held.append, args=(number,))
        for number in range(3)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert sorted(held) == [0, 1, 2]
    assert inspect(held._client, held._name)[:2] == (1, 1)


def test_threads_that_pass_proxies_around_leave_nothing(own):
    items = own.Queue()
    for number in range(8):
        items.put(own.list([number]))

    def pass_on(seed):
        pick = random.Random(seed)
        for _ in range(100):
            got = items.get()
            kept = copy.copy(got) if pick.random() < 0.3 else None
            assert len(got) == 1
            items.put(got)
            del got, kept

    threads = [threading.Thread(target=pass_on, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got[0] for got in items.get_many()) == list(range(8))
    assert names(own) == {items._name}


def test_dropping_proxies_waits_for_nobody(own):
    held = [own.list() for _ in range(100)]
    os.kill(own._daemon.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        del held
        assert time.monotonic() - started < 1
    finally:
        os.kill(own._daemon.pid, signal.SIGCONT)
    assert own._number_of_objects() == 0


def test_an_idle_process_gives_back_while_its_only_connection_waits(own):
    items, held = own.Queue(), own.list()
    other = coheld.connect(own.address)  # A session of its own, with a connection of its own.
    getter = threading.Thread(target=items.get)
    getter.start()
    deadline = time.monotonic() + 30
    while not any(item["waiters"] for item in coheld._lifetime.objects(other._client)):
        assert time.monotonic() < deadline
    del held
    while other._number_of_objects() > 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    items.put(1)
    getter.join(60)


def test_dropping_proxies_of_a_daemon_that_is_gone_takes_no_time_and_says_nothing(capfd):
    with coheld.Manager() as own:
        held = [own.list() for _ in range(100)]
        other = [own.list() for _ in range(100)]
        own._daemon._process.kill()
        own._daemon._process.wait()
        del held
    del other
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "ending",
    ["", "sys.exit(0)", "cycle = [held]; cycle.append(cycle)", "atexit.register(held.append, 1)",
     "threading.Thread(target=lambda: held.sort(key=lambda v: v)).start()",
     "sys.modules['kept'] = held", "sys.exitfunc = held", "del manager"],
)  # fmt: skip
def test_a_program_ends_in_silence(ending):
    program = f"""
        import atexit, coheld, sys, threading
        manager = coheld.Manager()
        held = manager.list([3, 1, manager.dict()])
        held.pop()
        class Global:
            proxy = manager.Lock()
        {ending}
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


class Task:
    """Hold proxies, as objects of programs do."""

    def __init__(self, *proxies):
        self.proxies = proxies


def test_proxies_inside_pickled_objects_keep_their_objects(own):
    outer = own.list()
    outer.append(Task(own.list(["inner"]), own.Lock()))
    assert own._number_of_objects() == 3
    outer.append({"deep": [Task(outer[0].proxies[0])]})
    del outer[0]
    assert list(outer[0]["deep"][0].proxies[0]) == ["inner"]
    outer.clear()
    assert own._number_of_objects() == 1


def test_a_pickled_object_takes_its_proxies_through_a_queue(own):
    items = own.Queue()
    items.put(Task(own.list(["inner"])))
    got = items.get()
    assert list(got.proxies[0]) == ["inner"]
    assert handles(got.proxies[0]) == 1
    del got
    assert own._number_of_objects() == 1


def test_a_key_keeps_the_objects_that_it_names(own):
    held = own.dict()
    held[frozenset([("k", 1)])] = own.list(["value"])
    assert list(held[frozenset([("k", 1)])]) == ["value"]
    assert own._number_of_objects() == 2
