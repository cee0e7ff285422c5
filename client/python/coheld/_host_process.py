"""The host process: a Python process beside the daemon, for a manager's registered classes."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from typing import Any

from coheld._errors import HostTaken
from coheld._hosting import Hosting
from coheld._registry import Registry
from coheld._stdlib import process, resource_tracker, util

#: How long the process may take to clean up after its manager, in seconds.
EXIT_TIMEOUT = 10.0


class HostProcess:
    """Start and end a host process."""

    def __init__(self, ctx: Any, name: str, arguments: tuple[Any, ...], lasting: bool) -> None:
        """Start the process and wait until it serves.

        A lasting one belongs to the daemon rather than to this process, which does not wait for it.
        """
        reader, writer = ctx.Pipe(duplex=False)
        self.process = ctx.Process(target=serve, args=(*arguments, lasting, writer))
        identity = ":".join(str(part) for part in self.process._identity)
        self.process.name = f"{name}-{identity}"
        _start(self.process, lasting)
        writer.close()
        with reader:
            self.host: str = reader.recv()

    def stop(self, timeout: float) -> None:
        """End the process; one that takes too long is killed."""
        self.process.terminate()
        self.process.join(timeout)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _start(started: Any, lasting: bool) -> None:
    if not lasting:
        started.start()
        return
    # A daemonic process may have no children; this one is the daemon's, and may have its own.
    started.daemon = False
    config = process.current_process()._config
    daemonic = config.pop("daemon", None)
    try:
        started.start()
    finally:
        if daemonic is not None:
            config["daemon"] = daemonic
    process._children.discard(started)


def serve(
    registry: Registry,
    connect: Callable[[], Any],
    host: str,
    initializer: Callable[..., Any] | None,
    initargs: Iterable[Any],
    lasting: bool,
    writer: Connection,
) -> None:
    """Run the initializer and serve a host, until told to end or the daemon is gone."""
    if lasting:
        _let_go_of_pipes(writer.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, as in the managers.
    if initializer is not None:
        initializer(*initargs)
    manager = connect()
    client = manager._client
    client.bequeaths = True
    try:
        hosting = Hosting(client, host, registry, manager._make_standard)
    except HostTaken:  # Another process was faster: it serves.
        writer.send(host)
        return
    signal.signal(signal.SIGTERM, functools.partial(_end, os.getpid()))
    hosting.start()
    writer.send(hosting.name)
    writer.close()
    try:
        hosting.stopped.wait()
    finally:
        _leave(hosting)


def _end(process_id: int, number: int, frame: object) -> None:
    if os.getpid() == process_id:
        sys.exit(0)
    # A process that an object here made has inherited this, and means to be ended.
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _let_go_of_pipes(kept: int) -> None:
    # A process that was forked has its parent's ends of pipes, by whose closing others learn of the
    # parent's end. Not closed, since whoever has the number of one closes it later.
    null = os.open(os.devnull, os.O_WRONLY)
    kept_too = (kept, resource_tracker._resource_tracker._fd)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        with contextlib.suppress(OSError):
            writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
            pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
            if number > 2 and pipe and writes and number not in kept_too:
                os.dup2(null, number, inheritable=False)


def _leave(hosting: Hosting) -> None:
    # What the hosted objects leave, such as the processes of pools, is ended by multiprocessing's
    # own finalizers; a hanging one must not keep this process.
    util.info("host process ends")
    watch = threading.Timer(EXIT_TIMEOUT, os._exit, (1,))
    watch.daemon = True
    watch.start()
    hosting.stop()
