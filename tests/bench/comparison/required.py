"""What must hold, and whether it does: the numbers are those of README.md."""

from __future__ import annotations

import statistics

from comparison.cases import GRPC_STREAM, GRPC_UNARY, IDLE, MILLION, REDIS, STREAM, UNARY
from comparison.model import Requirement, Samples, Series, Verdict, median

CPU = "server_cpu_us_per_op"
CLIENT_CPU = "client_cpu_us_per_op"
BYTES = "server_bytes_each"
PYTHON, STDLIB = "coheld, Python", "stdlib Manager"
KIB = 1024
# What an op may cost where there is ten times as much: a logarithm doubles at most, from 10 to 100,
# a square root more than triples, and leaving a cache costs about as much as that once.
STEP_MAX = 2.0


def speed_requirements() -> list[Requirement]:
    """List clause 1: Redis, and plain gRPC."""
    required = []
    for op in ("get", "set"):
        small, tcp, deep = f"{op}, 50 x 1", f"{op}, 50 x 1, TCP", f"{op}, 50 x 64"
        required += [
            Requirement(1, small, STREAM, REDIS, at_least=1.0),
            Requirement(1, small, UNARY, REDIS, at_least=0.7),
            Requirement(1, tcp, STREAM, REDIS, at_least=1.0),
            Requirement(1, deep, STREAM, REDIS, at_least=1.3),
        ]
        for case in (small, tcp, deep):
            grpc = 10.0 if case == deep else 2.5
            required += [
                Requirement(1, case, STREAM, REDIS, CPU, at_most=1.0),
                Requirement(1, case, STREAM, GRPC_STREAM, at_least=grpc),
                Requirement(1, case, UNARY, GRPC_UNARY, at_least=grpc),
            ]
    for case in ("list append, 50 x 1", "queue put and get, 50 x 1", "value add, 50 x 1"):
        required.append(Requirement(1, case, STREAM, GRPC_STREAM, at_least=2.5))
        required.append(Requirement(1, case, UNARY, GRPC_UNARY, at_least=2.5))
    return required


# By how much a Python client of coheld is at least as fast as one of the stdlib's Manager ...
PYTHON_REQUIRED = {
    "dict get": 2.0,
    "dict set": 2.0,
    "list index": 2.0,
    "list append": 2.0,
    "queue put, get": 2.0,
    "lock acquire, release": 2.0,
    "make and drop a lock": 10.0,
    "16 processes: dict get": 5.0,
    "16 processes: dict set": 5.0,
    "16 processes: list append": 5.0,
    "16 processes: queue put, get": 5.0,
    "2 processes: queue hand-off": 1.0,
    "iterate over a dict of 100,000": 50.0,
    "iterate over a list of 100,000": 50.0,
    "bulk: put and get 100,000 items of a queue": 50.0,
}
# ... where at most half of its CPU time is wanted too.
PYTHON_CPU = [name for name, ratio in PYTHON_REQUIRED.items() if ratio in (2.0, 5.0)]
PYTHON_LOCK = "8 processes: lock acquire, release"


def python_case(op: str) -> str:
    """Return the case's name of an op of python_client.py."""
    return f"Python: {op}"


def python_requirements() -> list[Requirement]:
    """List clause 2, and the lock of clause 3: the stdlib's Manager."""
    required = []
    for op, ratio in PYTHON_REQUIRED.items():
        required.append(Requirement(2, python_case(op), PYTHON, STDLIB, at_least=ratio))
    for op in PYTHON_CPU:
        required.append(Requirement(2, python_case(op), PYTHON, STDLIB, CLIENT_CPU, at_most=0.5))
    required.append(Requirement(3, python_case(PYTHON_LOCK), PYTHON, STDLIB, at_least=2.0))
    return required


def other_requirements(idle: int = IDLE) -> list[Requirement]:
    """List clauses 3 to 5, and what durability was to cost."""
    numbers = f"memory: {MILLION:,} integers in a list"
    entries = f"memory: {MILLION:,} entries in a dict"
    among = f"get, 50 x 1, among {idle:,} idle connections"
    alone, busy = "coheld, 50 alone", "coheld, among idle"
    required = [
        Requirement(3, "lock wanted by 8, TCP", STREAM, "etcd", at_least=20.0),
        Requirement(3, "lock wanted by 8, TCP", UNARY, "etcd", at_least=20.0),
        Requirement(4, among, busy, field=BYTES, at_most=20.0 * KIB),
        Requirement(4, among, busy, alone, at_least=0.9),
        Requirement(4, numbers, STREAM, field=BYTES, at_most=24.0),
        Requirement(4, entries, STREAM, REDIS, BYTES, at_most=1.0),
    ]
    for way in ("", ", TCP"):
        case = f"put and get 16 MiB, 1 x 1{way}"
        required += [Requirement(5, case, STREAM, "plain copy", at_least=0.5)]
    for case in ("durable set, 50 x 1", "durable set, 1 x 1"):
        required.append(Requirement(0, case, "coheld sync", "Redis always", at_least=1.0))
    required.append(
        Requirement(0, "set, 50 x 1, written", "coheld async", "coheld memory", at_least=0.9)
    )
    return required


def ratios(samples: Samples, requirement: Requirement) -> list[float]:
    """Return the figure of each round: divided by the other peer's of the same round, if any."""
    own = [
        sample.get(requirement.field, 0.0) for sample in samples[requirement.case][requirement.peer]
    ]
    if not requirement.of:
        return own
    others = samples[requirement.case][requirement.of]
    pairs = zip(own, others, strict=True)
    return [figure / (other.get(requirement.field) or float("nan")) for figure, other in pairs]


def judge(samples: Samples, requirement: Requirement) -> Verdict | None:
    """Say whether a requirement is met; None if its case was not run."""
    if requirement.peer not in samples.get(requirement.case, {}):
        return None
    reached = statistics.median(ratios(samples, requirement))
    low, high = requirement.at_least, requirement.at_most
    met = (low is None or reached >= low) and (high is None or reached <= high)
    field = {CPU: "server CPU of ", CLIENT_CPU: "client CPU of ", BYTES: "bytes of "}
    text = f"{requirement.case}: {field.get(requirement.field, '')}{requirement.peer}"
    if requirement.of:
        text += f" / {requirement.of}"
    wanted = f">= {low:g}" if low is not None else f"<= {high:g}"
    return Verdict(requirement.clause, text, wanted, reached, met)


def judge_growth(samples: Samples, series: Series) -> list[Verdict]:
    """Say for each peer of a series by how much its costliest step of ten grew."""
    present = [case for case in series.points.values() if case.name in samples]
    if not series.must_not_grow or len(present) < 2:
        return []
    verdicts = []
    for peer in present[0].peers:
        costs = [median(samples[case.name][peer], series.shown) for case in present]
        pairs = zip(costs[1:], costs[:-1], strict=True)
        worst = max(after / before if before else float("inf") for after, before in pairs)
        text = (
            f"growth: {series.title}: {peer}, the costliest step to ten times the {series.x_label}"
        )
        verdicts.append(Verdict(6, text, f"<= {STEP_MAX}", worst, worst <= STEP_MAX))
    return verdicts


def failures(samples: Samples) -> list[Verdict]:
    """List the peers of which ops failed."""
    verdicts = []
    for case, by_peer in samples.items():
        for peer, rounds in by_peer.items():
            failed = sum(sample.get("failures", 0.0) for sample in rounds)
            if failed:
                verdicts.append(Verdict(0, f"{case}: {peer}: failed ops", "0", failed, False))
    return verdicts


def judge_all(samples: Samples, series: list[Series], idle: int) -> list[Verdict]:
    """Judge all that was run."""
    required = [*speed_requirements(), *python_requirements(), *other_requirements(idle)]
    verdicts = [verdict for item in required if (verdict := judge(samples, item)) is not None]
    for each in series:
        verdicts += judge_growth(samples, each)
    return sorted(verdicts + failures(samples), key=lambda verdict: verdict.clause)
