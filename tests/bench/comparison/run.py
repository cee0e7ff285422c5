"""Runs cases: their peers in turn, round by round."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparison.model import Case, Command, Load, Sample
from comparison.servers import BIN, BUILD, Server, ServerError, Servers

LIGHT_ROUNDS_MAX = 3
LIGHT_SECONDS = 0.4  # Of the seconds of a case with a required ratio.
WARM_UP = 0.2
PATIENCE_SECONDS = 300
NO_RESULT = {"ops_per_second": 0.0, "failures": 1.0}


@dataclass(frozen=True)
class Effort:
    """How much time a run takes."""

    rounds: int
    seconds: float

    def rounds_of(self, case: Case) -> int:
        """Return how often each peer of the case is run."""
        if case.weight == "once":
            return 1
        return self.rounds if case.weight == "full" else min(self.rounds, LIGHT_ROUNDS_MAX)

    def seconds_of(self, case: Case) -> float:
        """Return how long each peer of the case is run in each round."""
        share = 1.0 if case.weight == "full" else LIGHT_SECONDS
        return self.seconds * share * case.seconds


def run_json(command: list[str]) -> dict[str, Any]:
    """Run a command that prints a JSON object."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, check=False, timeout=PATIENCE_SECONDS
        )
        result: dict[str, Any] = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        print(f"compare: no result from {' '.join(command)}", file=sys.stderr)
        return dict(NO_RESULT)
    return result


def load_command(load: Load, server: Server, seconds: float) -> list[str]:
    """Return how coheld_bench is started."""
    command = [str(BIN / "coheld_bench"), "--json", "--protocol", load.protocol]
    command += ["--target", server.tcp if load.tcp else server.unix]
    command += ["--server-pid", str(server.pid)]
    if server.ca_file and load.tcp:
        command += ["--tls-ca", server.ca_file]
    if load.timed:
        command += ["--seconds", f"{seconds:.3f}", "--warmup", f"{seconds * WARM_UP:.3f}"]
    return [*command, *load.options]


def run_load(load: Load, servers: Servers, seconds: float) -> Sample:
    """Run coheld_bench once."""
    with contextlib.ExitStack() as stack:
        kind = load.server
        server = stack.enter_context(servers.fresh(kind)) if load.fresh else servers.get(kind)
        sample: Sample = run_json(load_command(load, server, seconds))
    if "--value-bytes" in load.options:
        size = float(load.options[load.options.index("--value-bytes") + 1])
        sample["bytes_per_second"] = sample["ops_per_second"] * size
    return sample


def run_peer(peer: Load | Command, servers: Servers, seconds: float) -> Sample:
    """Run one peer of a case once. Where that fails it is a failed op, and the rest goes on."""
    try:
        if isinstance(peer, Load):
            return run_load(peer, servers, seconds)
        address = servers.get(peer.server).unix
        return run_json([str(BIN / peer.program), address, str(seconds), *peer.arguments])
    except ServerError as error:
        print(f"compare: {error}", file=sys.stderr)
        return dict(NO_RESULT)


def run_case(case: Case, servers: Servers, effort: Effort) -> dict[str, list[Sample]]:
    """Run a case's peers in turn, so many times."""
    samples: dict[str, list[Sample]] = {peer: [] for peer in case.peers}
    for _ in range(effort.rounds_of(case)):
        for name, peer in case.peers.items():
            samples[name].append(run_peer(peer, servers, effort.seconds_of(case)))
    return samples


def run_python(servers: Servers, effort: Effort, only: str) -> dict[str, dict[str, list[Sample]]]:
    """Run Python clients of each kind in turn; every op is a case of its own."""
    python = str(BUILD / "venv/bin/python")
    script = str(Path(__file__).resolve().parent.parent / "python_client.py")
    tail = ["--seconds", f"{effort.seconds * LIGHT_SECONDS:.3f}", "--only", only]
    commands = {
        "stdlib Manager": [python, script, "stdlib", *tail],
        "coheld, Python": [python, script, servers.get("coheld").unix, *tail],
    }
    by_op: dict[str, dict[str, list[Sample]]] = {}
    for number in range(1, min(effort.rounds, LIGHT_ROUNDS_MAX) + 1):
        for peer, command in commands.items():
            for op, sample in run_json(command).items():
                if isinstance(sample, dict):
                    by_op.setdefault(op, {name: [] for name in commands})[peer].append(sample)
        for samples in by_op.values():
            for own in samples.values():
                own += [dict(NO_RESULT)] * (number - len(own))
    return by_op
