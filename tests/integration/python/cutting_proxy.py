"""A proxy in front of a daemon's Unix socket that cuts connections in the worst moment.

That is when an op was done and its reply is on the way: the reply is dropped and both sides closed.
"""

import contextlib
import random
import socket
import threading


class CuttingProxy:
    """Pass bytes on, and cut now and then; ``chance`` is that of each reply to be the last.

    Connecting is not cut: a first connect() fails at once, as it does without a daemon.
    """

    #: How many parcels of bytes it takes to connect, about.
    HANDSHAKE = 4

    def __init__(self, address, path, chance, seed):
        self.address = f"unix:{path}"
        self.chance = chance
        self.cuts = 0
        self._daemon = address.removeprefix("unix:")
        self._pick = random.Random(seed)
        self._open = set()
        self._closed = False
        self._mutex = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_all(self):
        """Cut every connection now."""
        with self._mutex:
            for end in self._open:
                _shut(end)

    def stop(self):
        """Cut everything, and let nobody in any more."""
        self._closed = True
        _shut(self._listener)
        self._listener.close()
        self.cut_all()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            daemon = socket.socket(socket.AF_UNIX)
            try:
                daemon.connect(self._daemon)
            except OSError:
                client.close()
                daemon.close()
                continue
            with self._mutex:
                self._open |= {client, daemon}
            for ends in ((client, daemon, False), (daemon, client, True)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source, target, replies):
        passed = 0
        try:
            while data := source.recv(1 << 16):
                passed += 1
                if replies and passed > self.HANDSHAKE and self._pick.random() < self.chance:
                    self.cuts += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        _shut(source)
        _shut(target)
        with self._mutex:
            if source not in self._open:
                return
            self._open.discard(source)
        source.close()


def _shut(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
