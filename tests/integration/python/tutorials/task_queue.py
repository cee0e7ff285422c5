"""Workers that take tasks from one queue and put what they did into another."""

import queue
import sys
from multiprocessing import current_process, get_context

import coheld

TASKS, WORKERS = 40, 4


def do_jobs(tasks, done):
    while True:
        try:
            task = tasks.get_nowait()
        except queue.Empty:
            break
        print(f"{task} by {current_process().name}", file=sys.stderr)
        done.put(f"{task} is done")


if __name__ == "__main__":
    context = get_context(sys.argv[1])
    manager = coheld.Manager()
    tasks, done = manager.Queue(), manager.Queue()
    for number in range(TASKS):
        tasks.put(f"task {number}")
    workers = [context.Process(target=do_jobs, args=(tasks, done)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    finished = set()
    while not done.empty():
        finished.add(done.get())
    print(finished == {f"task {number} is done" for number in range(TASKS)})
