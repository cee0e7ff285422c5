"""What a comparison consists of. No processes, no output."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Sample = dict[str, float]
# By case, by peer: one sample for each round.
Samples = dict[str, dict[str, list[Sample]]]

# How much of a case is run: as given; less, where no ratio is required; or one round.
Weight = Literal["full", "light", "once"]


@dataclass(frozen=True)
class Load:
    """How one peer of a case is loaded: by which options of coheld_bench, on which server."""

    server: str
    protocol: str
    options: tuple[str, ...] = ()
    tcp: bool = False
    fresh: bool = False  # On a server that nothing was done with before.
    timed: bool = True  # For so many seconds; else until it is done.


@dataclass(frozen=True)
class Command:
    """A peer that is no load of coheld_bench but a program that prints one sample.

    It is given the server's address, the seconds, and the arguments.
    """

    program: str
    server: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One comparison. The first peer is what the others are compared with."""

    name: str
    peers: dict[str, Load | Command]
    weight: Weight = "light"
    seconds: float = 1.0  # How much longer than others.


@dataclass(frozen=True)
class Series:
    """Cases that differ in one number: shown as lines."""

    title: str
    x_label: str
    points: dict[int, Case]
    shown: str = "ops_per_second"  # The field on the y axis.
    # True if no step may cost much more than the one before it (required.py).
    must_not_grow: bool = False


@dataclass(frozen=True)
class Requirement:
    """A figure that has to be reached: of a peer alone, or as a ratio to another peer's."""

    clause: int  # 1 to 6, as in README.md.
    case: str
    peer: str
    of: str = ""  # The peer that the figure is divided by; empty: none.
    field: str = "ops_per_second"
    at_least: float | None = None
    at_most: float | None = None


@dataclass
class Verdict:
    """What became of a requirement."""

    clause: int
    text: str
    wanted: str
    reached: float
    met: bool


def median(samples: Sequence[Sample], name: str) -> float:
    """Return the median of a field; 0 where it is not known."""
    return statistics.median(sample.get(name, 0.0) for sample in samples)
