"""What a comparison prints and writes: tables, JSON, charts."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from comparison.model import Sample, Samples, Series, Verdict, median
from comparison.plot import Bars, Lines, write_svg
from comparison.servers import ROOT

LABELS = {
    "ops_per_second": "ops/s",
    "bytes_per_second": "bytes/s",
    "server_cpu_us_per_op": "server CPU, us/op",
}


def output_of(*command: str) -> str:
    """Return the first line that a program prints; empty if there is no such program."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return ""
    return (done.stdout.splitlines() or [""])[0]


def machine() -> dict[str, Any]:
    """Say what the figures were reached on."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "redis": output_of("redis-server", "--version").partition("v=")[2].partition(" ")[0],
        "etcd": output_of("etcd", "--version").rpartition(" ")[2],
        "python": platform.python_version(),
        "commit": output_of("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "load_at_start": os.getloadavg()[0],
    }


def print_head(about: dict[str, Any], rounds: int, seconds: float) -> None:
    """Print what is about to be measured."""
    print(
        f"{about['commit']}: {about['cpus']} CPUs, {about['system']}, Redis {about['redis']}, "
        f"etcd {about['etcd']}, Python {about['python']}; {rounds} rounds of {seconds} s (less "
        f"where nothing is required), medians, and the lowest and highest; load average at the "
        f"start {about['load_at_start']:.1f}\n"
    )
    print("| case | peer | ops/s | range | of the first | p50 us | p99 us | CPU us/op | more |")
    print("|---|---|---:|---|---:|---:|---:|---:|---|", flush=True)


def ratio_of(samples: list[Sample], firsts: list[Sample]) -> float:
    """Return the median of the rounds' ratios to the first peer."""
    pairs = zip(samples, firsts, strict=True)
    return statistics.median(
        own["ops_per_second"] / (first["ops_per_second"] or float("nan")) for own, first in pairs
    )


def more_of(samples: list[Sample]) -> str:
    """Say what a peer's samples tell beside the usual."""
    parts = []
    if median(samples, "server_bytes_each"):
        parts.append(f"{median(samples, 'server_bytes_each'):,.1f} bytes each")
    if median(samples, "bytes_per_second"):
        parts.append(f"{median(samples, 'bytes_per_second') / (1 << 20):,.0f} MiB/s")
    if "server_cpu_us_per_op" not in samples[0] and median(samples, "client_cpu_us_per_op"):
        parts.append(f"client CPU {median(samples, 'client_cpu_us_per_op'):.2f}")
    return ", ".join(parts)


def print_case(name: str, by_peer: dict[str, list[Sample]]) -> None:
    """Print a case's rows."""
    firsts = next(iter(by_peer.values()))
    for peer, samples in by_peer.items():
        rates = [sample["ops_per_second"] for sample in samples]
        print(
            f"| {name if samples is firsts else ''} | {peer} | {statistics.median(rates):,.0f} "
            f"| {min(rates):,.0f} - {max(rates):,.0f} | {ratio_of(samples, firsts):.2f} "
            f"| {median(samples, 'p50_us'):,.0f} | {median(samples, 'p99_us'):,.0f} "
            f"| {median(samples, 'server_cpu_us_per_op'):.2f} | {more_of(samples)} |",
            flush=True,
        )


def print_verdicts(verdicts: list[Verdict]) -> None:
    """Print what was required, and whether it was reached."""
    print("\n| | required | wanted | reached | |")
    print("|---|---|---:|---:|---|")
    for verdict in verdicts:
        mark = "met" if verdict.met else "MISSED"
        reached = f"{verdict.reached:,.2f}"
        print(
            f"| {verdict.clause or '-'} | {verdict.text} | {verdict.wanted} | {reached} | {mark} |"
        )
    missed = sum(not verdict.met for verdict in verdicts)
    print(f"\n{len(verdicts) - missed} met, {missed} missed")


def write_json(
    path: Path, about: dict[str, Any], samples: Samples, verdicts: list[Verdict]
) -> None:
    """Write all samples and verdicts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    everything = {
        "machine": about,
        "required": [asdict(verdict) for verdict in verdicts],
        "cases": samples,
    }
    path.write_text(json.dumps(everything, indent=1) + "\n")


def bars_of(samples: Samples, title: str, cases: list[str]) -> Bars | None:
    """Draw cases as ratios to their first peer."""
    bars: dict[str, dict[str, float]] = {}
    for case in cases:
        firsts = next(iter(samples[case].values()))
        others = list(samples[case].items())[1:]
        bars[case] = {peer: ratio_of(own, firsts) for peer, own in others}
    return Bars(title, "ops/s, of the first", bars) if bars else None


def lines_of(samples: Samples, series: Series, by_step: dict[int, str]) -> Lines | None:
    """Draw a series."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for number, case in by_step.items():
        for peer, own in samples.get(case, {}).items():
            lines.setdefault(peer, []).append((float(number), median(own, series.shown)))
    if not lines:
        return None
    return Lines(series.title, series.x_label, LABELS[series.shown], lines)


def write_plots(path: Path, samples: Samples, series: list[Series]) -> None:
    """Draw all that was measured."""
    small = [case for case in samples if case.endswith(("50 x 1", "50 x 64", "50 x 1, TCP"))]
    with_redis = [case for case in small if next(iter(samples[case])) == "Redis"]
    python = [case for case in samples if case.startswith("Python: ")]
    charts: list[Lines | Bars | None] = []
    for first in range(0, len(with_redis), 6):
        charts.append(bars_of(samples, "throughput of Redis's", with_redis[first : first + 6]))
    for first in range(0, len(python), 6):
        charts.append(
            bars_of(samples, "throughput of the stdlib Manager's", python[first : first + 6])
        )
    for each in series:
        steps = {number: case.name for number, case in each.points.items()}
        charts.append(lines_of(samples, each, steps))
    write_svg(path, [chart for chart in charts if chart is not None])
