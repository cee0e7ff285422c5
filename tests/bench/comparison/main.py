"""The command line of tests/bench/compare."""

from __future__ import annotations

import argparse
import contextlib
import signal
import subprocess
import sys
from pathlib import Path

from comparison import report
from comparison.cases import IDLE, MILLION, all_cases
from comparison.model import Case, Samples, Series
from comparison.required import PYTHON_LOCK, PYTHON_REQUIRED, judge_all, python_case
from comparison.run import Effort, run_case, run_python
from comparison.series import all_series
from comparison.servers import BUILD, ROOT, Servers

PROGRAMS = ("coheld", "coheld_bench", "bench_sdk_client")
REFERENCES = ("bench_copy_reference", "bench_grpc_reference")
PYTHON = python_case("")
QUICK_ROUNDS, QUICK_SECONDS, QUICK_MOST, QUICK_IDLE = 1, 0.3, 10_000, 1000


def read_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description="Compare coheld with Redis, etcd, plain grpc++, a plain socket copy and the "
        "standard library's Manager, in one alternating run. README.md tells what is measured. "
        "Ends with code 1 if an op failed or a required figure was missed."
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="at most 3 where nothing is required")
    add("--seconds", type=float, default=1.0, help="for each peer in each round")
    add("--quick", action="store_true", help="one short round, and smaller numbers")
    add(
        "--only",
        action="append",
        default=[],
        metavar="TEXT",
        help='only cases whose name contains this text, such as "TCP", "growth" or "Python: lock"; '
        "may be given more than once",
    )
    add("--list", action="store_true", help="print the names of the cases and stop")
    add(
        "--data",
        type=Path,
        default=BUILD,
        help="where durable peers have their folders: on a disk (default: build)",
    )
    output = BUILD / "bench"
    add("--json", type=Path, default=output / "compare.json", help="default: build/bench")
    add("--plot", type=Path, default=output / "compare.svg", help="default: build/bench")
    add("--no-build", action="store_true", help="take the programs as they are")
    return parser.parse_args()


def build(with_python: bool) -> None:
    """Build the programs, and install the Python package, where they are not of these sources."""
    release = BUILD / "release"
    if not (release / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=sys.stderr)
    subprocess.run(
        ["ninja", "-C", str(release), *PROGRAMS, *REFERENCES], check=True, stdout=sys.stderr
    )
    if with_python:
        install = f"source '{ROOT}/deploy/common.sh' && install_python_package"
        subprocess.run(["bash", "-c", install], cwd=ROOT, check=True, stdout=sys.stderr)


def chosen(name: str, only: list[str]) -> bool:
    """Say whether a case is to be run."""
    return not only or any(text in name for text in only)


def python_names() -> list[str]:
    """Return the names of the Python cases that --list tells."""
    return [python_case(op) for op in [*PYTHON_REQUIRED, PYTHON_LOCK]]


def python_filters(only: list[str]) -> list[str]:
    """Return what python_client.py is to be asked for: texts in its cases' names."""
    if not only or PYTHON.strip(": ") in only:
        return [""]
    return [
        text.removeprefix(PYTHON)
        for text in only
        if text.startswith(PYTHON) or any(text in name for name in python_names())
    ]


def plan(quick: bool, only: list[str]) -> tuple[list[Case], list[Series]]:
    """Return the chosen cases, those of series last, and the series."""
    series = all_series(QUICK_MOST if quick else MILLION)
    cases = all_cases(QUICK_IDLE if quick else IDLE)
    cases += [case for each in series for case in each.points.values()]
    return [case for case in cases if chosen(case.name, only)], series


def list_cases(cases: list[Case], only: list[str]) -> None:
    """Print the names of what would be run."""
    names = [case.name for case in cases] + python_names()
    print("\n".join(name for name in names if chosen(name, only)))


def measure(cases: list[Case], only: list[str], data: Path, effort: Effort) -> Samples:
    """Run all cases, and print each when it is done. Ctrl-C leaves out the rest."""
    samples: Samples = {}
    with contextlib.suppress(KeyboardInterrupt), Servers(data) as servers:
        for case in cases:
            samples[case.name] = run_case(case, servers, effort)
            report.print_case(case.name, samples[case.name])
        for text in python_filters(only):
            for op, by_peer in run_python(servers, effort, text).items():
                samples[python_case(op)] = by_peer
                report.print_case(python_case(op), by_peer)
    return samples


def main() -> int:
    """Run what the command line asks for."""
    arguments = read_arguments()
    only: list[str] = arguments.only
    cases, series = plan(arguments.quick, only)
    if arguments.list:
        list_cases(cases, only)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not arguments.no_build:
        build(with_python=bool(python_filters(only)))
    effort = Effort(arguments.rounds, arguments.seconds)
    if arguments.quick:
        effort = Effort(QUICK_ROUNDS, QUICK_SECONDS)
    about = report.machine()
    report.print_head(about, effort.rounds, effort.seconds)
    samples = measure(cases, only, arguments.data, effort)
    verdicts = judge_all(samples, series, QUICK_IDLE if arguments.quick else IDLE)
    report.print_verdicts(verdicts)
    report.write_json(arguments.json, about, samples, verdicts)
    report.write_plots(arguments.plot, samples, series)
    print(f"Written: {arguments.json}, {arguments.plot}")
    return 0 if all(verdict.met for verdict in verdicts) else 1
