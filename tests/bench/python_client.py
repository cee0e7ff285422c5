"""Measure one Python client's proxies, of coheld or of the standard library's Manager.

Runs each op for a while in one thread and prints one JSON object: per op the ops per second and the
latencies' quantiles. `compare` runs it; the code that is timed is the same for both.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from multiprocessing.managers import SyncManager
from typing import Any

VALUE = b"x" * 100
KEYS = [f"key:{number:06}" for number in range(1000)]


def make_ops(manager: Any) -> dict[str, Callable[[int], object]]:
    """Build the ops on fresh objects of the manager; each takes the number of its turn."""
    shared_dict = manager.dict()
    for key in KEYS:
        shared_dict[key] = VALUE
    shared_list = manager.list()
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

    return {
        "dict get": dict_get,
        "dict set": lambda turn: shared_dict.__setitem__(KEYS[turn % 1000], VALUE),
        "list append": lambda _turn: shared_list.append(VALUE),
        "queue put, get": queue_pair,
        "lock acquire, release": lock_pair,
        "value get": lambda _turn: value.value,
        "make and drop a lock": lambda _turn: manager.Lock(),
    }


def make_long_ops(manager: Any) -> dict[str, Callable[[int], object]]:
    """Build the ops that take so long that one turn of the stdlib's is a second or two."""
    large = manager.dict({f"key:{number:06}": number for number in range(100_000)})

    def iterate(_turn: int) -> None:
        if sum(1 for _ in large) != 100_000:
            raise AssertionError("the dict gave other keys")

    return {"iterate over a dict of 100,000": iterate}


def measure(op: Callable[[int], object], seconds: float, warm_up: int = 200) -> dict[str, float]:
    """Run an op over and over for so many seconds, at least once."""
    clock = time.perf_counter_ns
    for turn in range(warm_up):
        op(turn)
    latencies = []
    begin = now = clock()
    end = begin + int(seconds * 1e9)
    turn = 0
    while now < end:
        before = now
        op(turn)
        now = clock()
        latencies.append(now - before)
        turn += 1
    latencies.sort()
    return {
        "ops_per_second": len(latencies) * 1e9 / (now - begin),
        "p50_us": latencies[len(latencies) // 2] / 1e3,
        "p99_us": latencies[len(latencies) * 99 // 100] / 1e3,
        "failures": 0,
    }


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help='"stdlib", or a daemon\'s address such as unix:/path')
    parser.add_argument("--seconds", type=float, default=1.0, help="for each op")
    arguments = parser.parse_args()
    manager = open_manager(arguments.address)
    results = {name: measure(op, arguments.seconds) for name, op in make_ops(manager).items()} | {
        name: measure(op, arguments.seconds, warm_up=0)
        for name, op in make_long_ops(manager).items()
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
