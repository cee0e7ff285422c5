"""What the grpcio tests share: a daemon, a channel to it, and the message classes."""

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import google
import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make coheld/v1/*_pb2.py importable, as a stock gRPC user would."""
    out = tmp_path_factory.mktemp("protos")
    protos = ["coheld/v1/common.proto", "coheld/v1/list.proto", "coheld/v1/queue.proto"]
    protos += ["coheld/v1/session.proto", "google/rpc/error_details.proto"]
    protos += ["google/rpc/status.proto"]
    subprocess.run(["protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}", *protos], check=True)
    # The installed package coheld has the same name as the protos' folder: give it another.
    (out / "coheld").rename(out / "coheld_protos")
    for file in out.rglob("*_pb2.py"):
        text = file.read_text()
        file.write_text(text.replace("from coheld.v1 import", "from coheld_protos.v1 import"))
    # The folder google is protobuf's own package too.
    google.__path__.append(str(out / "google"))
    sys.path.insert(0, str(out))


@pytest.fixture
def address() -> Iterator[str]:
    """Start a daemon on a free loopback port."""
    program = os.environ.get("COHELD_DAEMON", str(ROOT / "build/release/bin/coheld"))
    daemon = subprocess.Popen(
        [program, "--listen", "127.0.0.1:0", "--exit-with-pid", str(os.getpid())],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    ready = next((line for line in daemon.stdout if line.startswith("ready ")), None)
    assert ready, "the daemon did not become ready"
    yield ready.split()[1]
    daemon.terminate()
    assert daemon.wait(timeout=30) == 0


@pytest.fixture
def channel(address: str, messages: None) -> Iterator[grpc.Channel]:
    """Connect."""
    with grpc.insecure_channel(address) as channel:
        yield channel
