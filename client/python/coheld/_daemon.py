"""A private daemon: started, watched and ended by this process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from coheld._errors import ConnectFailed

#: How long a daemon may take to start, in seconds.
START_TIMEOUT = 20.0
#: How long it lets clients finish once it was told to end, in milliseconds.
DRAIN_MS = 20
#: How long it may take to end by itself; what it holds ends with it either way.
STOP_TIMEOUT = 1.0
# A Unix socket's path has at most 107 bytes.
_PATH_BYTES_MAX = 107
_PREFIX = "coheld-"


def binary() -> str:
    """Return the daemon's path: $COHELD_DAEMON, the package's own, or the one on PATH."""
    chosen = os.environ.get("COHELD_DAEMON")
    if chosen:
        return chosen
    packaged = Path(__file__).parent / "_bin" / "coheld"
    if packaged.is_file():
        return str(packaged)
    found = shutil.which("coheld")
    if found:
        return found
    raise FileNotFoundError(
        f"no coheld daemon: {packaged} is missing and none is on PATH; install the package with "
        "pip, or set COHELD_DAEMON"
    )


class PrivateDaemon:
    """Run a daemon that serves only this program, and ends with this process even by SIGKILL.

    To those who know a manager's process it looks like one of multiprocessing.
    """

    name = "coheld"

    def __init__(
        self, listen: str | None = None, key: bytes = b"", flags: Iterable[str] = ()
    ) -> None:
        """Start the daemon and wait until it listens: at an address, or where only we find it.

        With a key it serves only those who prove to know it. It is started with the flags too.
        """
        _remove_left_folders()
        self._folder = _private_folder()
        self._pid = os.getpid()
        self.address = listen or f"unix:{self._folder}/coheld.sock"
        try:
            self._process, ready = self._spawn([*_key_flags(self._folder, key), *flags])
            try:
                with os.fdopen(ready, "rb", buffering=0) as lines:
                    self.address = self._await(lines)
            except BaseException:
                self._process.kill()
                self._process.wait()
                raise
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    @property
    def pid(self) -> int:
        """Return the daemon's process id."""
        return self._process.pid

    ident = pid

    @property
    def exitcode(self) -> int | None:
        """Return how the daemon ended; None while it runs."""
        return self._process.poll()

    def is_alive(self) -> bool:
        """Say whether the daemon runs; in a forked child, whether it did at the fork."""
        if os.getpid() != self._pid:
            return self._process.returncode is None
        return self._process.poll() is None

    def terminate(self) -> None:
        """Tell the daemon to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End the daemon at once."""
        self._process.kill()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the daemon ended, or the timeout passed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """End the daemon and remove its folder; only the process that started it does."""
        if os.getpid() != self._pid:
            return
        if self.is_alive():
            self.terminate()
            self.join(timeout)
            if self.is_alive():
                self.kill()
                self.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(self, flags: list[str]) -> tuple[subprocess.Popen[bytes], int]:
        # Returns the daemon, and what it writes a line to when it listens.
        ready, write = os.pipe()
        command = [
            binary(),
            "--listen", self.address,
            "--exit-with-pid", str(self._pid),
            "--ready-fd", str(write),
            "--drain-ms", str(DRAIN_MS),
            *flags,
        ]  # fmt: skip
        try:
            with _locked_log(self._folder) as log:
                # A session of its own: Ctrl-C on the terminal is for the program, not the daemon.
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(write,),
                    start_new_session=True,
                )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(write)
        return process, ready

    def _await(self, lines: IO[bytes]) -> str:
        # Returns where the daemon listens.
        deadline = time.monotonic() + START_TIMEOUT
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            chunk = b""
            if left > 0 and select.select([lines], [], [], left)[0]:
                chunk = lines.read(4096)
            if not chunk:
                raise self._failure()
            line += chunk
        return line.split()[1].decode()

    def _failure(self) -> ConnectFailed:
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        log = Path(f"{self._folder}/coheld.log").read_text(errors="replace")
        error = ConnectFailed(
            f"the private daemon {self._process.args!r} did not become ready within "
            f"{START_TIMEOUT:.0f} s (exit code {code}); its messages:\n{log[-4000:]}"
        )
        if os.strerror(errno.EADDRINUSE).lower() in log.lower():
            error.errno = errno.EADDRINUSE
        return error


def _private_folder() -> str:
    folder = tempfile.mkdtemp(prefix=_PREFIX)  # Mode 0700.
    if len(os.fsencode(folder)) + len("/coheld.sock") <= _PATH_BYTES_MAX:
        return folder
    os.rmdir(folder)
    return tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp")


def _key_flags(folder: str, key: bytes) -> list[str]:
    if not key:
        return []
    path = f"{folder}/key"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    return ["--key-file", path]


def _locked_log(folder: str) -> IO[bytes]:
    # The lock goes with the open file: the daemon, whose output this is, holds it while it lives.
    # Only a locked file gets the name that _remove_left_folders() looks for.
    log = open(f"{folder}/starting.log", "wb")  # noqa: SIM115
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(log.name, f"{folder}/coheld.log")
    except BaseException:
        log.close()
        raise
    return log


def _remove_left_folders() -> None:
    """Remove what killed programs left: the folders of daemons that live no more."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/coheld.log"):
        try:
            if path.stat().st_uid != os.getuid() or path.is_symlink():
                continue
            with path.open("rb") as log:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)
        except OSError:  # Its daemon lives, or another program was faster.
            continue
