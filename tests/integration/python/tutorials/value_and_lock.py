"""Workers that multiply a value by ten and divide it again: locked, it ends exactly at one."""

import sys
from multiprocessing import get_context

import coheld


def work(value, lock):
    for _ in range(50):
        with lock:
            value.value *= 10
            value.value /= 10


if __name__ == "__main__":
    context = get_context(sys.argv[1])
    with coheld.Manager() as manager:
        value, lock = manager.Value("d", 1.0), manager.Lock()
        workers = [context.Process(target=work, args=(value, lock)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(value.value)
