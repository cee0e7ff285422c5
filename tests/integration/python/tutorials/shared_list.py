"""A shared list in a pool of workers: each adds what it computed."""

import sys
from multiprocessing import get_context

import coheld


def work(arguments):
    number, results = arguments
    results.append(number * number)
    return number


if __name__ == "__main__":
    context = get_context(sys.argv[1])
    with coheld.Manager() as manager:
        results = manager.list()
        with context.Pool(4) as pool:
            assert pool.map(work, [(number, results) for number in range(50)]) == list(range(50))
        print(sorted(results) == [number * number for number in range(50)])
