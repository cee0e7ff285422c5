"""Programs go on over cut connections: what was done is not done again, and not forgotten."""

import multiprocessing
import os
import signal
import threading
import time

import coheld
import pytest
from coheld import _core

from cutting_proxy import CuttingProxy
from daemon_process import Daemon
from seeds import FIRST_SEED
from test_word_count import run

# Its threads and the proxy's are not to be forked.
SPAWN = multiprocessing.get_context("spawn")
describe = _core.method("Admin.Describe", "waiters")


@pytest.fixture
def proxy(daemon_address, tmp_path):
    """Give a proxy that cuts about each twentieth reply."""
    print(f"COHELD_SEED={FIRST_SEED}")
    started = CuttingProxy(daemon_address, tmp_path / "cut.sock", 0.05, FIRST_SEED)
    yield started
    started.stop()


def count_up(address, name, times):
    with coheld.connect(address) as connected:
        counts, total = connected.dict(name=f"{{{name}}}d"), connected.Counter(name=f"{{{name}}}c")
        log = connected.list(name=f"{{{name}}}l")
        for number in range(times):
            counts.increment("all")
            total.add()
            log.append((os.getpid(), number))


def test_what_was_acknowledged_was_done_once(proxy, shared):
    children = [SPAWN.Process(target=count_up, args=(proxy.address, "once", 100)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(100)
        assert child.exitcode == 0
    assert proxy.cuts > 10
    assert shared.dict(name="{once}d")["all"] == 400
    assert shared.Counter(name="{once}c").value == 400
    log = list(shared.list(name="{once}l"))
    for child in children:
        assert [number for pid, number in log if pid == child.pid] == list(range(100))


def pass_on(address, source, target):
    with coheld.connect(address) as connected:
        items, results = connected.Queue(name=source), connected.Queue(name=target)
        while True:
            with items.task() as task:
                task.put(items if task.item is None else results, task.item)
                if task.item is None:
                    return


def take_all(address, source, target):
    with coheld.connect(address) as connected:
        items, results = connected.Queue(name=source), connected.Queue(name=target)
        while (item := items.get()) is not None:
            results.put(item)
        items.put(None)


@pytest.mark.parametrize("worker", [pass_on, take_all])
def test_every_item_arrives_once(proxy, shared, worker):
    source, target = f"{{{worker.__name__}}}s", f"{{{worker.__name__}}}t"
    workers = [SPAWN.Process(target=worker, args=(proxy.address, source, target)) for _ in range(3)]
    for started in workers:
        started.start()
    with coheld.connect(proxy.address) as connected:
        items = connected.Queue(name=source)
        for number in range(200):
            items.put(number)
        results = [shared.Queue(name=target).get(timeout=60) for _ in range(200)]
        items.put(None)
    for started in workers:
        started.join(100)
        assert started.exitcode == 0
    assert sorted(results) == list(range(200))
    assert shared.Queue(name=target).empty()


def add_under_lock(address, times):
    with coheld.connect(address) as connected:
        lock, held = connected.Lock(name="{cut}lock"), connected.dict(name="{cut}d")
        for _ in range(times):
            with lock:
                held["n"] = held.get("n", 0) + 1


def test_a_lock_is_held_by_one_though_connections_are_cut(proxy, shared):
    children = [SPAWN.Process(target=add_under_lock, args=(proxy.address, 50)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(100)
        assert child.exitcode == 0
    assert shared.dict(name="{cut}d")["n"] == 150
    assert not shared.Lock(name="{cut}lock").locked()


def test_word_count_needs_no_change(proxy, tmp_path):
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("The cat, the DOG: don't! x2y é\n" * number)
    texts = [str(path) for path in tmp_path.glob("*.txt")]
    done = run("--address", proxy.address, "--workers", "3", "--run", "cut", *texts)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "its counts are the same" in done.stdout
    assert proxy.cuts > 0


def test_a_wait_goes_on_over_a_cut(daemon_address, shared, tmp_path):
    proxy = CuttingProxy(daemon_address, tmp_path / "cut.sock", 0, FIRST_SEED)
    got = []
    with coheld.connect(proxy.address) as connected:
        items = connected.Queue(name="over a cut")
        getter = threading.Thread(target=lambda: got.append(items.get()))
        getter.start()
        for _ in range(5):
            deadline = time.monotonic() + 30
            while not describe(shared._client, "over a cut"):
                assert time.monotonic() < deadline
            proxy.cut_all()
        shared.Queue(name="over a cut").put("there")
        getter.join(60)
        assert got == ["there"]
    proxy.stop()


def test_an_op_on_its_way_to_a_daemon_that_is_gone_has_an_unknown_outcome(tmp_path):
    daemon = Daemon(f"unix:{tmp_path}/coheld.sock")
    proxy = CuttingProxy(daemon.addresses[0], tmp_path / "cut.sock", 0, FIRST_SEED)
    connected = coheld.connect(proxy.address)
    held, counts = connected.list(), connected.dict(name="counts")
    os.kill(daemon.process.pid, signal.SIGSTOP)
    ended = []

    def append():
        try:
            held.append(1)
        except coheld.Error as error:
            ended.append(error)

    caller = threading.Thread(target=append)
    caller.start()
    time.sleep(0.2)  # The op leaves; nothing tells when.
    daemon.kill()
    proxy.stop()
    caller.join(60)
    assert isinstance(ended[0], coheld.OutcomeUnknown)
    assert isinstance(ended[0], EOFError)  # As multiprocessing programs know it.
    with pytest.raises(coheld.ConnectFailed):
        counts.increment("n")


def test_a_lock_of_a_session_that_ended_is_lost(tmp_path):
    daemon = Daemon(f"unix:{tmp_path}/coheld.sock", flags=("--session-ttl-ms", "1000"))
    proxy = CuttingProxy(daemon.addresses[0], tmp_path / "cut.sock", 0, FIRST_SEED)
    connected, direct = coheld.connect(proxy.address), coheld.connect(daemon.addresses[0])
    lock, other = connected.Lock(name="lock"), direct.Lock(name="lock")
    assert lock.acquire()
    proxy.stop()
    assert other.acquire(timeout=30)
    assert other.owner_died
    proxy = CuttingProxy(daemon.addresses[0], tmp_path / "again.sock", 0, FIRST_SEED)
    os.replace(tmp_path / "again.sock", tmp_path / "cut.sock")
    with pytest.raises((coheld.SessionExpired, coheld.LockLost)):
        lock.release()
    assert other.locked()
    proxy.stop()
    daemon.stop()
