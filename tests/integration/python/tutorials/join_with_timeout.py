"""A worker that is waited for with a timeout, and ended while it waits for the manager."""

import sys
from multiprocessing import get_context

import coheld


def wait(ready, never):
    ready.put("waiting")
    never.get()


if __name__ == "__main__":
    context = get_context(sys.argv[1])
    with coheld.Manager() as manager:
        ready, never = manager.Queue(), manager.Queue()
        worker = context.Process(target=wait, args=(ready, never))
        worker.start()
        ready.get()
        worker.join(timeout=0.1)
        print(worker.is_alive())
        worker.terminate()
        worker.join()
        never.put("kept")  # The one who waited is gone and takes nothing.
        print(worker.exitcode, never.get())
