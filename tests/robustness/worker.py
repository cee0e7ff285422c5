"""Work as the client processes of the robustness tests do, but in Python: see tally_work.cc."""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import select
import sys
import time
from collections.abc import Callable
from typing import Any

import coheld


class History:
    """Write what the client does as JSON lines, as history.h tells."""

    def __init__(self, path: str, client: int) -> None:
        """Append to the file."""
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._client = client
        self._call = 0

    def do(
        self, kind: str, name: str, op: str, action: Callable[[], Any], **arguments: object
    ) -> Any:
        """Write down an op while doing it; fail if it fails: nothing may, here."""
        self._call += 1
        invocation = {"type": kind, "object": name, "op": op, "arguments": arguments}
        self._write(event="invoke", **invocation)
        try:
            result = action()
        except coheld.OutcomeUnknown as error:
            self._write(event="unknown", reason=str(error))
            raise
        except coheld.Error as error:
            self._write(event="failed", reason=str(error))
            raise
        self._write(event="ok", result=result)
        return result

    def _write(self, **line: object) -> None:
        line.update(client=self._client, call=self._call, time=time.monotonic_ns())
        os.write(self._file, json.dumps(line).encode() + b"\n")


class Tally:
    """Increment, put and get, append and pop, and lock, as tally_work.cc does."""

    def __init__(self, manager: Any, history: History, client: int, seed: int) -> None:
        """Name the objects that all clients share."""
        self._do = history.do
        self._random = random.Random(seed)
        self._items = client << 32
        self._counter = manager.Counter(name="tally/counter")
        self._queue = manager.Queue(name="tally/queue")
        self._list = manager.list(name="tally/list")
        self._lock = manager.Lock(name="{tally}/lock")
        self._cell = manager.Value("q", 0, name="{tally}/cell")

    def do_one(self) -> None:
        """Do the next thing; hold nothing afterwards."""
        steps = (self._increment, self._put, self._get, self._append, self._pop, self._be_locked)
        self._random.choice(steps)()

    def _next_item(self) -> int:
        self._items += 1
        return self._items

    def _increment(self) -> None:
        self._do("counter", "tally/counter", "add", lambda: self._counter.add(1), amount=1)

    def _put(self) -> None:
        item = self._next_item()
        self._do("queue", "tally/queue", "put", lambda: self._queue.put(item), item=item)

    def _get(self) -> None:
        timeout = self._random.choice((0.0, 0.02))

        def get() -> Any:
            try:
                return self._queue.get(timeout=timeout)
            except queue.Empty:
                return None

        self._do("queue", "tally/queue", "get", get)

    def _append(self) -> None:
        item = self._next_item()
        self._do("list", "tally/list", "append", lambda: self._list.append(item), item=item)

    def _pop(self) -> None:
        index = self._random.choice((0, -1))

        def pop() -> Any:
            try:
                return self._list.pop(index)
            except IndexError:
                return None

        self._do("list", "tally/list", "pop", pop, index=index)

    def _be_locked(self) -> None:
        def acquire() -> Any:
            return self._lock.token if self._lock.acquire(timeout=120.0) else None

        if self._do("lock", "{tally}/lock", "acquire", acquire) is None:
            raise AssertionError("somebody does not let go of the lock")
        value = self._do("value", "{tally}/cell", "get", self._cell.get) + 1
        self._do("value", "{tally}/cell", "set", lambda: self._cell.set(value), value=value)
        self._do("lock", "{tally}/lock", "release", self._lock.release)


def connect(address: str) -> Any:
    """Connect, however often the first connection is cut."""
    end = time.monotonic() + 30
    while True:
        try:
            manager = coheld.connect(address)
            manager.Counter(name="tally/counter")
            return manager
        except coheld.ConnectionLost:
            if time.monotonic() > end:
                raise


def main() -> None:
    """Work until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--history", required=True)
    parser.add_argument("--client", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    history = History(options.history, options.client)
    tally = Tally(connect(options.address), history, options.client, options.seed)
    while not select.select([sys.stdin], [], [], 0)[0]:
        tally.do_one()


if __name__ == "__main__":
    main()
