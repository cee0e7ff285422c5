"""Count the words of files with a pool of worker processes and shared objects.

The multiprocessing tutorial's task queue, made real: a producer puts paths on a JoinableQueue,
workers count the words of each file, fold the counts into one shared dict as one op, append a
line to a shared list, and bump a shared Value. The producer prints what came out and checks it
against a count in one process. Workers in other languages can serve the same run: see
client/cpp/examples.

A word is a maximal run of ASCII letters, lower-cased, in the raw bytes of a file.
"""

from __future__ import annotations

import argparse
import glob
import multiprocessing
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import coheld

LICENSES = "/usr/share/common-licenses/*"
WORD = re.compile(rb"[A-Za-z]+")


@dataclass
class Run:
    """Hold the shared objects of one run, found by their names."""

    tasks: coheld.QueueProxy
    counts: coheld.DictProxy
    log: coheld.ListProxy
    done: coheld.ValueProxy


def open_run(manager: coheld.SyncManager, run: str) -> Run:
    """Make or find a run's objects; the name's {tag} keeps them together."""
    prefix = f"{{wc:{run}}}/"
    return Run(
        tasks=manager.JoinableQueue(name=prefix + "tasks"),
        counts=manager.dict(name=prefix + "counts"),
        log=manager.list(name=prefix + "log"),
        done=manager.Value("q", 0, typed=True, name=prefix + "done"),
    )


def count_words(path: str) -> Counter[str]:
    """Count the words of one file."""
    with open(path, "rb") as file:
        words = WORD.findall(file.read().lower())
    return Counter(word.decode("ascii") for word in words)


def work(run: Run, worker: str) -> None:
    """Serve the queue until it gives None."""
    while True:
        path = run.tasks.get()
        try:
            if path is None:
                return
            counts = count_words(path)
            run.counts.increment_many(counts)
            run.log.append(f"{worker} {path} {sum(counts.values())}")
            run.done.add(1)
        finally:
            run.tasks.task_done()


def default_files() -> Iterator[str]:
    """Give the licences and the Python sources of this interpreter's library."""
    yield from glob.glob(LICENSES)
    for folder, folders, names in os.walk(os.path.dirname(os.__file__)):
        folders[:] = [name for name in folders if name not in ("site-packages", "dist-packages")]
        yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


def readable(paths: Iterator[str]) -> list[str]:
    """Keep the regular files that can be read, each once, sorted."""
    return sorted({path for path in paths if os.path.isfile(path) and os.access(path, os.R_OK)})


def produce(run: Run, files: list[str], workers: list[multiprocessing.Process]) -> float:
    """Put all files on the queue and wait for the end; return the seconds it took."""
    started = time.perf_counter()
    run.tasks.put_many(files)
    while not run.tasks.join(timeout=1):
        failed = [worker.exitcode for worker in workers if worker.exitcode]
        if failed:
            sys.exit(f"a worker ended with code {failed[0]} and left its task unfinished")
    return time.perf_counter() - started


def end_workers(run: Run, workers: list[multiprocessing.Process]) -> None:
    """Send one stop to each worker, also to those that were started elsewhere."""
    names = {line.split(" ", 1)[0] for line in run.log}
    run.tasks.put_many([None] * max(len(workers), len(names)))
    for worker in workers:
        worker.join(1)
        while worker.is_alive():  # Another worker, that took no task before, took its stop.
            run.tasks.put(None)
            worker.join(1)


def report(run: Run, files: list[str], seconds: float) -> bool:
    """Print the outcome; return whether it is what one process counts."""
    counts = Counter(run.counts.copy())
    tasks = Counter(line.split(" ", 1)[0] for line in run.log)
    words = sum(counts.values())
    print(f"{len(files)} files, {words} words, {len(counts)} different, in {seconds:.2f} s")
    print("top words: " + ", ".join(f"{word} {count}" for word, count in counts.most_common(10)))
    for worker, number in sorted(tasks.items()):
        print(f"  {worker}: {number} tasks")
    started = time.perf_counter()
    expected: Counter[str] = Counter()
    for path in files:
        expected.update(count_words(path))
    alone = time.perf_counter() - started
    same = counts == expected and run.done.value == len(files) and len(run.log) == len(files)
    verdict = "the same" if same else "DIFFERENT"
    print(f"one process alone: {alone:.2f} s, its counts are {verdict}")
    return same


def worker_name(number: int) -> str:
    """Return what a worker is called in the log."""
    return f"python-{os.getpid()}-{number}"


def serve(address: str, run: str, number: int) -> None:
    """Be a worker process."""
    manager = coheld.connect(address)
    work(open_run(manager, run), worker_name(number))


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help=f"default: {LICENSES} and Python's own library")
    parser.add_argument(
        "--address",
        "--connect",
        help="the daemon's address, unix:/path or host:port; default: a private daemon",
    )
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default 2)")
    parser.add_argument("--run", default="default", help="the run's name (default 'default')")
    parser.add_argument(
        "--worker-only", action="store_true", help="serve a run until its producer ends it"
    )
    options = parser.parse_args(argv)
    if options.worker_only and not options.address:
        parser.error("--worker-only needs --address")
    return options


def main(argv: list[str] | None = None) -> int:
    """Run the producer with its workers, or one worker."""
    options = parse(argv)
    if options.worker_only:
        serve(options.address, options.run, 0)
        return 0
    files = readable(iter(options.files) if options.files else default_files())
    if options.files and len(files) != len(set(options.files)):
        print("some of the files cannot be read", file=sys.stderr)
        return 2
    manager = coheld.connect(options.address) if options.address else coheld.Manager()
    with manager:
        run = open_run(manager, options.run)
        run.tasks.purge()
        run.counts.clear()
        run.log.clear()
        run.done.value = 0
        workers = [
            multiprocessing.Process(target=serve, args=(manager.address, options.run, number))
            for number in range(options.workers)
        ]
        for worker in workers:
            worker.start()
        seconds = produce(run, files, workers)
        end_workers(run, workers)
        return 0 if report(run, files, seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
