"""Daemonic workers end with the program, also in the midst of a call; others are waited for."""

import sys
from multiprocessing import get_context

import coheld


def serve(requests, started):
    started.put("started")
    while True:
        requests.get()


def finish(results):
    results.append("finished")


if __name__ == "__main__":
    context = get_context(sys.argv[1])
    manager = coheld.Manager()
    requests, started, results = manager.Queue(), manager.Queue(), manager.list()
    server = context.Process(target=serve, args=(requests, started), daemon=True)
    worker = context.Process(target=finish, args=(results,))
    server.start()
    worker.start()
    started.get()
    worker.join()
    print(list(results), server.daemon, server.is_alive())
