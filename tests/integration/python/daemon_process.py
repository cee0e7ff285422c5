"""A daemon that is not private: what tests connect to."""

import os
import subprocess

from coheld._daemon import binary


class Daemon:
    """Run a daemon as an administrator would: on a Unix socket and on TCP."""

    def __init__(self, *listen, flags=()):
        ready, write = os.pipe()
        command = [binary(), "--ready-fd", str(write), "--exit-with-pid", str(os.getpid()), *flags]
        if shards := os.environ.get("COHELD_TEST_SHARDS"):
            command += ["--shards", shards]
        for address in listen:
            command += ["--listen", address]
        self.process = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(ready) as lines:
            word, *self.addresses = lines.readline().split()
        assert word == "ready"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def kill(self):
        self.process.kill()
        self.process.wait(10)
