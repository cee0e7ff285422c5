"""The documentation's remote manager, a client: puts what it was told, or gets."""

import sys

from coheld.managers import BaseManager


class QueueManager(BaseManager):
    pass


QueueManager.register("get_queue")

if __name__ == "__main__":
    manager = QueueManager(address=("127.0.0.1", int(sys.argv[1])), authkey=b"abracadabra")
    manager.connect()
    queue = manager.get_queue()
    if len(sys.argv) > 2:
        queue.put(sys.argv[2])
    else:
        print(queue.get())
