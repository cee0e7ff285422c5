"""Run growing numbers of tasks in a pool of threads and in a pool of processes over shared objects.

Every task takes a lock, counts, and writes to a list, a dict and a queue, once with the standard
library's Manager and once with a private coheld daemon, each run in a process of its own. Shown are
the time, and the memory of the manager's process: before, at its peak, and after what the tasks
left was cleared. All results are checked. With --plot the same as an SVG.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.managers import SyncManager
from pathlib import Path
from typing import Any

from comparison.plot import Lines, write_svg

PEERS = ("stdlib", "coheld")
POOLS = {"threads": 100, "processes": 8}
PAYLOAD = b"x" * 100


@dataclass
class Shared:
    """What all tasks work on."""

    lock: Any
    count: Any
    done: Any
    results: Any
    queue: Any


@dataclass
class Figures:
    """One run: seconds, and kilobytes of the manager's process."""

    peer: str
    pool: str
    tasks: int
    seconds: float
    before_kb: int
    peak_kb: int
    after_kb: int


shared_by_worker: Shared


def remember(shared: Shared) -> None:
    """Keep the shared objects in a worker process."""
    global shared_by_worker
    shared_by_worker = shared


def run_task(shared: Shared, number: int) -> None:
    """Do the work of one task: six ops."""
    with shared.lock:
        shared.count.value += 1
    shared.done.append(number)
    shared.results[number] = PAYLOAD
    shared.queue.put(number)


def run_task_here(number: int) -> None:
    """Do the work of one task on what this worker process remembers."""
    run_task(shared_by_worker, number)


def run_in_threads(shared: Shared, tasks: int) -> None:
    with ThreadPoolExecutor(POOLS["threads"]) as pool:
        for _ in pool.map(lambda number: run_task(shared, number), range(tasks)):
            pass


def run_in_processes(shared: Shared, tasks: int) -> None:
    with multiprocessing.Pool(POOLS["processes"], remember, (shared,)) as pool:
        pool.map(run_task_here, range(tasks), chunksize=1)


def clear(shared: Shared, tasks: int) -> None:
    """Check what the tasks left, and take it out again."""
    if shared.count.value != tasks or sorted(shared.done) != list(range(tasks)):
        raise AssertionError("a task is missing, or was counted twice")
    if len(shared.results) != tasks or shared.queue.qsize() != tasks:
        raise AssertionError("a result is missing")
    for _ in range(tasks):
        shared.queue.get()
    shared.results.clear()
    del shared.done[:]


def memory_kb(pid: int, field: str) -> int:
    """Return a field of /proc/PID/status: VmRSS is the memory now, VmHWM its peak."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field + ":")))


def open_manager(peer: str) -> Any:
    """Start a private manager."""
    if peer == "stdlib":
        manager = SyncManager()
        manager.start()
        return manager
    import coheld

    return coheld.Manager()


def measure(peer: str, pool: str, tasks: int) -> Figures:
    """Run so many tasks in a pool, over fresh objects of a fresh manager."""
    manager = open_manager(peer)
    pid = manager._process.pid
    shared = Shared(
        manager.Lock(), manager.Value("q", 0), manager.list(), manager.dict(), manager.Queue()
    )
    run: Callable[[Shared, int], None] = run_in_threads if pool == "threads" else run_in_processes
    before_kb = memory_kb(pid, "VmRSS")
    begin = time.perf_counter()
    run(shared, tasks)
    seconds = time.perf_counter() - begin
    peak_kb = memory_kb(pid, "VmHWM")
    clear(shared, tasks)
    time.sleep(2)  # The memory that is free goes back to the system when the manager is idle.
    after_kb = memory_kb(pid, "VmRSS")
    manager.shutdown()
    return Figures(peer, pool, tasks, seconds, before_kb, peak_kb, after_kb)


def measure_apart(peer: str, pool: str, tasks: int) -> Figures:
    """Measure in a process of its own, so that no run finds what another one left."""
    command = [sys.executable, __file__, "--one", peer, pool, str(tasks)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Figures(**json.loads(done.stdout))


def print_table(runs: list[Figures]) -> None:
    print("| pool | tasks | peer | seconds | of the stdlib | MB before | at most | cleared |")
    print("|---|---:|---|---:|---:|---:|---:|---:|")
    for run in runs:
        pair = [r for r in runs if (r.pool, r.tasks) == (run.pool, run.tasks)]
        megabytes = (f"{kb / 1024:.1f}" for kb in (run.before_kb, run.peak_kb, run.after_kb))
        print(
            f"| {POOLS[run.pool]} {run.pool} | {run.tasks:,} | {run.peer} | {run.seconds:.3f} "
            f"| {pair[0].seconds / run.seconds:.1f} times | {' | '.join(megabytes)} |"
        )


def plot(runs: list[Figures], path: Path) -> None:
    """Draw time and memory over the number of tasks."""
    charts = []
    for pool, workers in POOLS.items():
        seconds: dict[str, list[tuple[float, float]]] = {}
        megabytes: dict[str, list[tuple[float, float]]] = {}
        for run in runs:
            if run.pool == pool:
                seconds.setdefault(run.peer, []).append((run.tasks, run.seconds))
                megabytes.setdefault(run.peer, []).append((run.tasks, run.peak_kb / 1024))
                cleared = megabytes.setdefault(f"{run.peer}, cleared", [])
                cleared.append((run.tasks, run.after_kb / 1024))
        charts.append(Lines(f"{workers} {pool}", "tasks", "seconds", seconds))
        charts.append(Lines(f"{workers} {pool}", "tasks", "MB of the manager", megabytes))
    write_svg(path, charts)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--json", type=Path, help="write all figures to this file as well")
    parser.add_argument("--plot", type=Path, help="draw the figures, as SVG")
    parser.add_argument("--one", nargs=3, metavar=("PEER", "POOL", "TASKS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        peer, pool, tasks = arguments.one
        print(json.dumps(asdict(measure(peer, pool, int(tasks)))))
        return
    runs = [
        measure_apart(peer, pool, tasks)
        for pool in POOLS
        for tasks in arguments.tasks
        for peer in PEERS
    ]
    print_table(runs)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(run) for run in runs], indent=1))
    if arguments.plot:
        plot(runs, arguments.plot)


if __name__ == "__main__":
    main()
