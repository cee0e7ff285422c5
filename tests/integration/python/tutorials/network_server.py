"""The documentation's remote manager, the server: it shares a queue of its own over TCP."""

from queue import Queue

from coheld.managers import BaseManager

queue = Queue()


class QueueManager(BaseManager):
    pass


QueueManager.register("get_queue", callable=lambda: queue)

if __name__ == "__main__":
    manager = QueueManager(address=("127.0.0.1", 0), authkey=b"abracadabra")
    server = manager.get_server()
    print(server.address[1], flush=True)
    server.serve_forever()
