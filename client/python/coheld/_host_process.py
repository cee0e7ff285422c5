"""The host process: a Python process beside the daemon, for a manager's registered classes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import stat
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
        self._lifeline, theirs = ctx.Pipe()
        self.process = ctx.Process(target=serve, args=(*arguments, lasting, theirs))
        identity = ":".join(str(part) for part in self.process._identity)
        self.process.name = f"{name}-{identity}"
        _start(self.process, lasting)
        theirs.close()
        self.host: str = self._lifeline.recv()

    def stop(self, timeout: float) -> None:
        """End the process; one that takes too long is killed."""
        with contextlib.suppress(OSError):  # It ended already.
            self._lifeline.send(None)
        for end in (self.process.terminate, self.process.kill):
            self.process.join(timeout)
            if self.process.is_alive():
                end()
        self.process.join()
        self._lifeline.close()


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
    lifeline: Connection,
) -> None:
    """Run the initializer and serve a host, until told to end or the daemon is gone."""
    if lasting:
        _let_go_of_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, as in the stdlib.
    if initializer is not None:
        initializer(*initargs)
    manager = connect()
    client = manager._client
    client.bequeaths = True
    try:
        hosting = Hosting(client, host, registry, manager._make_standard)
    except HostTaken:  # Another process was faster: it serves.
        lifeline.send(host)
        return
    hosting.start()
    lifeline.send(hosting.name)
    if not lasting:
        threading.Thread(target=_watch, args=(lifeline, hosting), daemon=True).start()
    hosting.stopped.wait()
    _leave(hosting)


def _watch(lifeline: Connection, hosting: Hosting) -> None:
    # Not SIGTERM: workers of pools would inherit its handler, and a process with one can lose a
    # signal while it is forked.
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    hosting.stopped.set()


def _let_go_of_pipes() -> None:
    # A process that was forked has its parent's ends of pipes, by whose closing others learn of the
    # parent's end. Not closed, since whoever has the number of one closes it later.
    null = os.open(os.devnull, os.O_WRONLY)
    tracker = resource_tracker._resource_tracker._fd
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        with contextlib.suppress(OSError):
            writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
            pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
            if number > 2 and pipe and writes and number != tracker:
                os.dup2(null, number, inheritable=False)


def _leave(hosting: Hosting) -> None:
    # What the hosted objects leave, such as the processes of pools, is ended by multiprocessing's
    # own finalizers; a hanging one must not keep this process.
    util.info("host process ends")
    watch = threading.Timer(EXIT_TIMEOUT, os._exit, (1,))
    watch.daemon = True
    watch.start()
    hosting.stop()
