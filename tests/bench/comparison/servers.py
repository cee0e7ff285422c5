"""Starts the servers of a comparison when they are first needed, and stops them all at the end."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build"
BIN = BUILD / "release/bin"
PATIENCE_SECONDS = 60
CONNECTIONS_MAX = "12000"


class ServerError(Exception):
    """A server does not start."""


@dataclass(frozen=True)
class Server:
    """One that runs."""

    unix: str  # "unix:/path"; empty if it has none.
    tcp: str  # "127.0.0.1:port"; empty if it has none.
    pid: int
    ca_file: str = ""  # What its certificate on TCP is checked with; empty: no TLS.


@dataclass(frozen=True)
class Place:
    """Where a server is to listen and to keep what it has."""

    path: Path
    port: int
    peer_port: int
    memory: Path  # A folder in memory, if there is such a thing.
    disk: Path  # A folder on a disk.
    certificate: Path
    key: Path


def command_of(kind: str, place: Place) -> list[str]:
    """Return how a server of this kind is started."""
    local = f"127.0.0.1:{place.port}"
    unix = f"unix:{place.path}"
    coheld = [str(BIN / "coheld"), "--connections-max", CONNECTIONS_MAX, "--listen"]
    redis = ["redis-server", "--bind", "127.0.0.1", "--maxclients", CONNECTIONS_MAX]
    redis += ["--unixsocket", str(place.path), "--save", "", "--port"]
    memory = ["--appendonly", "no", "--dir", str(place.memory)]
    disk = ["--appendonly", "yes", "--dir", str(place.disk), "--appendfsync"]
    tls = [str(place.certificate), str(place.key)]
    redis_tls = ["--tls-cert-file", tls[0], "--tls-key-file", tls[1], "--tls-ca-cert-file", tls[0]]
    redis_tls += ["--tls-auth-clients", "no"]
    data = ["--data-dir", str(place.disk), "--durability"]
    commands = {
        "coheld": [*coheld, unix, "--listen", local],
        "coheld tls": [*coheld, unix, "--listen", local, "--tls-cert", tls[0], "--tls-key", tls[1]],
        "coheld 2 shards": [*coheld, unix, "--listen", local, "--shards", "2"],
        "coheld sync": [*coheld, unix, *data, "sync"],
        "coheld async": [*coheld, unix, *data, "async"],
        "Redis": [*redis, str(place.port), *memory],
        "Redis tls": [*redis, "0", *memory, "--tls-port", str(place.port), *redis_tls],
        "Redis always": [*redis, "0", *disk, "always"],
        "Redis everysec": [*redis, "0", *disk, "everysec"],
        "gRPC": [str(BIN / "bench_grpc_reference"), unix, local],
        "copy": [str(BIN / "bench_copy_reference"), unix],
        "copy TCP": [str(BIN / "bench_copy_reference"), local],
        "etcd": etcd_command(place),
    }
    return commands[kind]


def etcd_command(place: Place) -> list[str]:
    """Return how etcd is started: alone, on TCP, with its log in memory."""
    client, peer = f"http://127.0.0.1:{place.port}", f"http://127.0.0.1:{place.peer_port}"
    command = ["etcd", "--data-dir", str(place.memory), "--log-level", "error"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    return [*command, "--initial-cluster", f"default={peer}"]


def has_unix(kind: str) -> bool:
    """Say whether a server of this kind listens on a Unix socket."""
    return kind not in ("etcd", "copy TCP")


def has_tcp(kind: str) -> bool:
    """Say whether a server of this kind listens on TCP."""
    return not kind.endswith((" sync", " async", " always", " everysec")) and kind != "copy"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_up(kind: str, place: Place, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody accepts; fail if the process ends before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"{process.args!r} ended with code {process.returncode}")
        with contextlib.suppress(OSError):
            if has_unix(kind):
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(place.path))
            else:
                socket.create_connection(("127.0.0.1", place.port), 1).close()
            return
        time.sleep(0.02)
    raise ServerError(f"nobody listens for {kind}")


def lives(pid: int) -> bool:
    """Say whether a child process still runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def make_certificate(certificate: Path, key: Path) -> None:
    """Make a certificate for this machine that is its own authority."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "30", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on."""
    stat = ["stat", "--file-system", "--format", "%T", str(folder)]
    return subprocess.run(stat, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


class Servers(contextlib.ExitStack):
    """Starts servers by their kind. Ends them, and removes what they kept, when it is closed."""

    def __init__(self, disk: Path) -> None:
        super().__init__()
        self._disk = disk
        self._running: dict[str, Server] = {}
        self._count = 0
        shm = Path("/dev/shm")
        temporary = tempfile.TemporaryDirectory
        self._folder = Path(self.enter_context(temporary(prefix="coheld-bench-")))
        in_memory = temporary(prefix="coheld-bench-", dir=shm if shm.is_dir() else None)
        self._memory = Path(self.enter_context(in_memory))
        self._on_disk: Path | None = None

    def get(self, kind: str) -> Server:
        """Return the server of this kind that all cases share, another one if it has died."""
        known = self._running.get(kind)
        if known is None or not lives(known.pid):
            if known is not None:
                print(f"compare: {kind} has died, another one is started", file=sys.stderr)
            self._running[kind] = self.enter_context(self.fresh(kind))
        return self._running[kind]

    @contextlib.contextmanager
    def fresh(self, kind: str) -> Iterator[Server]:
        """Run another server of this kind until the block ends."""
        self._count += 1
        place = self._place(kind)
        log = self._folder / f"{self._count}.log"
        command = command_of(kind, place)
        if shutil.which(command[0]) is None:
            raise ServerError(f"there is no {command[0]}: deploy/install-packages bench")
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until_up(kind, place, process)
            yield Server(
                unix=f"unix:{place.path}" if has_unix(kind) else "",
                tcp=f"127.0.0.1:{place.port}" if has_tcp(kind) else "",
                pid=process.pid,
                ca_file=str(place.certificate) if kind.endswith(" tls") else "",
            )
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _place(self, kind: str) -> Place:
        certificate, key = self._folder / "certificate.pem", self._folder / "key.pem"
        if kind.endswith(" tls") and not certificate.exists():
            make_certificate(certificate, key)
        memory = self._memory / str(self._count)
        memory.mkdir()
        disk = memory
        if kind.endswith((" sync", " async", " always", " everysec")):
            disk = self._disk_folder() / str(self._count)
            disk.mkdir(mode=0o700)
        return Place(
            path=self._folder / f"{self._count}.sock",
            port=free_port(),
            peer_port=free_port(),
            memory=memory,
            disk=disk,
            certificate=certificate,
            key=key,
        )

    def _disk_folder(self) -> Path:
        """Make a folder on a disk: in memory a sync would cost nothing."""
        if self._on_disk is None:
            self._disk.mkdir(parents=True, exist_ok=True)
            kind = file_system(self._disk)
            if kind in ("tmpfs", "ramfs"):
                sys.exit(f"compare: {self._disk} is in memory ({kind}): --data names a folder")
            folder = tempfile.TemporaryDirectory(prefix="coheld-bench-", dir=self._disk)
            self._on_disk = Path(self.enter_context(folder))
        return self._on_disk
