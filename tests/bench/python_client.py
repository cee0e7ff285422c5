"""Measure Python clients' proxies, of coheld or of the standard library's Manager.

Runs each case for a while and prints one JSON object: per case the ops per second, the latencies'
quantiles, and the clients' CPU time for an op. `compare` runs it; what is timed is the same for
both.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.managers import SyncManager
from typing import Any

VALUE = b"x" * 100
KEYS = [f"key:{number:06}" for number in range(1000)]
MANY = 100_000
LOCKERS = 8
CLIENTS = 16

Op = Callable[[int], object]


@dataclass
class Run:
    """What one process measured."""

    latencies_ns: array[int]
    seconds: float
    cpu_seconds: float


def make_ops(manager: Any) -> dict[str, Op]:
    """Build the ops on fresh objects of the manager; each takes the number of its turn."""
    shared_dict = manager.dict()
    for key in KEYS:
        shared_dict[key] = VALUE
    shared_list = manager.list(range(1000))
    grown_list = manager.list()
    queue = manager.Queue()
    lock = manager.Lock()
    value = manager.Value("i", 0)

    def queue_pair(_turn: int) -> None:
        queue.put(VALUE)
        if queue.get() != VALUE:
            raise AssertionError("the queue gave another item")

    def lock_pair(_turn: int) -> None:
        lock.acquire()
        lock.release()

    def dict_get(turn: int) -> None:
        if shared_dict[KEYS[turn % 1000]] != VALUE:
            raise AssertionError("the dict gave another value")

    def list_index(turn: int) -> None:
        if shared_list[turn % 1000] != turn % 1000:
            raise AssertionError("the list gave another item")

    return {
        "dict get": dict_get,
        "dict set": lambda turn: shared_dict.__setitem__(KEYS[turn % 1000], VALUE),
        "list index": list_index,
        "list append": lambda _turn: grown_list.append(VALUE),
        "queue put, get": queue_pair,
        "lock acquire, release": lock_pair,
        "value get": lambda _turn: value.value,
        "make and drop a lock": lambda _turn: manager.Lock(),
    }


def make_long_ops(manager: Any) -> dict[str, Op]:
    """Build the ops on many items, of which one turn of the stdlib's may take seconds."""
    entries = {f"key:{number:06}": number for number in range(MANY)}
    numbers = list(range(MANY))
    keys = list(entries)[:1000]
    large_dict, large_list = manager.dict(entries), manager.list(numbers)
    filled_dict, grown_list, queue = manager.dict(), manager.list(), manager.Queue()

    def count(items: Iterable[object]) -> None:
        if sum(1 for _ in items) != MANY:
            raise AssertionError("there were other items")

    def put_all(_turn: int) -> None:
        if hasattr(queue, "put_many"):
            queue.put_many(numbers)
        else:
            for number in numbers:
                queue.put(number)

    def get_all(_turn: int) -> None:
        if hasattr(queue, "get_many"):
            items: list[object] = []
            while len(items) < MANY:
                items += queue.get_many()  # At most what one answer carries.
            count(items)
        else:
            count(queue.get() for _ in numbers)

    def put_and_get_all(turn: int) -> None:
        put_all(turn)
        get_all(turn)

    def get_keys(_turn: int) -> None:
        if hasattr(manager, "batch"):
            with manager.batch() as batch:
                found = [batch.on(large_dict)[key] for key in keys]
            values = [pending.get() for pending in found]
        else:
            values = [large_dict[key] for key in keys]
        if values != list(range(1000)):
            raise AssertionError("the dict gave other values")

    return {
        f"iterate over a dict of {MANY:,}": lambda _turn: count(large_dict),
        f"iterate over a list of {MANY:,}": lambda _turn: count(large_list),
        f"bulk: put and get {MANY:,} items of a queue": put_and_get_all,
        "bulk: 1,000 gets of a dict, in a batch": get_keys,
        f"bulk: extend a list by {MANY:,}": lambda _turn: grown_list.extend(numbers),
        f"bulk: update a dict with {MANY:,}": lambda _turn: filled_dict.update(entries),
        f"bulk: copy a list of {MANY:,}": lambda _turn: count(large_list[:]),
    }


def run_op(op: Op, seconds: float, warm_up: int = 200) -> Run:
    """Run an op over and over for so many seconds, at least once."""
    clock = time.perf_counter_ns
    for turn in range(warm_up):
        op(turn)
    latencies = array("q")
    cpu_begin = time.process_time()
    begin = now = clock()
    end = begin + int(seconds * 1e9)
    turn = 0
    while now < end:
        before = now
        op(turn)
        now = clock()
        latencies.append(now - before)
        turn += 1
    return Run(latencies, (now - begin) / 1e9, time.process_time() - cpu_begin)


def sample_of(runs: list[Run], ops_per_turn: int = 1) -> dict[str, float]:
    """Describe what processes measured at the same time."""
    latencies = sorted(latency for run in runs for latency in run.latencies_ns)
    ops = len(latencies) * ops_per_turn
    return {
        "ops_per_second": sum(len(run.latencies_ns) / run.seconds for run in runs) * ops_per_turn,
        "p50_us": latencies[len(latencies) // 2] / 1e3 / ops_per_turn,
        "p99_us": latencies[len(latencies) * 99 // 100] / 1e3 / ops_per_turn,
        "client_cpu_us_per_op": sum(run.cpu_seconds for run in runs) * 1e6 / ops,
        "failures": 0,
    }


def measure(op: Op, seconds: float, warm_up: int = 200) -> dict[str, float]:
    """Measure an op in this process."""
    return sample_of([run_op(op, seconds, warm_up)])


def work(op: Op, seconds: float, ready: Any, results: Connection) -> None:
    """Measure an op in a process of its own, at the same time as others do."""
    op(0)
    ready.wait()
    results.send(run_op(op, seconds))


def measure_together(count: int, op: Op, seconds: float) -> dict[str, float]:
    """Measure an op that so many processes make at the same time."""
    fork = multiprocessing.get_context("fork")
    ready = fork.Barrier(count)
    pipes = [fork.Pipe(duplex=False) for _ in range(count)]
    workers = [fork.Process(target=work, args=(op, seconds, ready, sender)) for _, sender in pipes]
    for worker in workers:
        worker.start()
    runs = [receiver.recv() for receiver, _ in pipes]
    for worker in workers:
        worker.join()
    return sample_of(runs)


def measure_hand_off(manager: Any, seconds: float) -> dict[str, float]:
    """Measure an item's way from one process to another that waits for it, there and back."""
    there, back = manager.Queue(), manager.Queue()
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)

    def echo() -> None:
        begin = time.process_time()
        item = there.get()
        while item is not None:
            back.put(item)
            item = there.get()
        sender.send(time.process_time() - begin)

    def round_trip(_turn: int) -> None:
        there.put(VALUE)
        if back.get() != VALUE:
            raise AssertionError("another item came back")

    partner = fork.Process(target=echo)
    partner.start()
    run = run_op(round_trip, seconds)
    there.put(None)
    run.cpu_seconds += receiver.recv()
    partner.join()
    return sample_of([run], ops_per_turn=2)


def measure_case(name: str, run: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Run a case; one that fails says so, and counts as a failure."""
    try:
        return run()
    except Exception as error:
        print(f"{name}: {error!r}", file=sys.stderr)
        return {"ops_per_second": 0.0, "failures": 1}


def list_cases(address: str, seconds: float) -> dict[str, Callable[[], dict[str, float]]]:
    """List the cases; each has a manager's objects for itself."""
    cases: dict[str, Callable[[], dict[str, float]]] = {}
    manager = open_manager(address)
    ops = make_ops(manager)
    for name, op in ops.items():
        cases[name] = partial(measure, op, seconds)
    for name in ("dict get", "dict set", "list append", "queue put, get"):
        cases[f"{CLIENTS} processes: {name}"] = partial(
            measure_together, CLIENTS, ops[name], seconds
        )
    lock = "lock acquire, release"
    cases[f"{LOCKERS} processes: {lock}"] = partial(measure_together, LOCKERS, ops[lock], seconds)
    cases["2 processes: queue hand-off"] = partial(measure_hand_off, manager, seconds)
    for name, op in make_long_ops(manager).items():
        cases[name] = partial(measure, op, seconds, warm_up=0)
    return cases


def open_manager(address: str) -> Any:
    """Connect to a coheld daemon, or start the standard library's Manager."""
    if address == "stdlib":
        manager = SyncManager()
        manager.start()
        return manager
    import coheld

    return coheld.connect(address)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("address", help='"stdlib", or a daemon\'s address such as unix:/path')
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case")
    parser.add_argument("--only", default="", help="only cases whose name contains this text")
    arguments = parser.parse_args()
    cases = list_cases(arguments.address, arguments.seconds)
    chosen = {name: run for name, run in cases.items() if arguments.only in name}
    print(json.dumps({name: measure_case(name, run) for name, run in chosen.items()}))


if __name__ == "__main__":
    main()
