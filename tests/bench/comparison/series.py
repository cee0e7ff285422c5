"""Series of cases in which one number grows in steps of ten, or nearly so."""

from __future__ import annotations

from comparison.cases import IDLE, ONE, REDIS, STREAM, UNARY, peers
from comparison.model import Case, Series

COST = "server_cpu_us_per_op"


def size_text(size: int) -> str:
    """Return a number of bytes as people write it."""
    for unit, factor in {"MiB": 1 << 20, "KiB": 1 << 10}.items():
        if size >= factor:
            return f"{size // factor} {unit}"
    return f"{size} B"


def payloads(tcp: bool) -> Series:
    """Values put and got by one connection, against a plain copy of the same bytes."""
    points = {}
    for size in (16, 256, 4 << 10, 64 << 10, 1 << 20, 16 << 20):
        keys = "1000" if size < 64 << 10 else "4"
        options = ("--ops", "putget", "--value-bytes", str(size), "--keys", keys, *ONE)
        names = ("plain copy", REDIS, STREAM, UNARY)
        large = size >= 16 << 20
        points[size] = Case(
            f"put and get {size_text(size)}, 1 x 1{', TCP' if tcp else ''}",
            peers(*options, names=names, tcp=tcp),
            "full" if large else "light",
        )
    if tcp:
        points = {size: points[size] for size in (64 << 10, 16 << 20)}
    title = f"put and get by one connection, {'TCP' if tcp else 'Unix socket'}"
    return Series(title, "bytes of a value", points, "bytes_per_second")


def connections(most: int) -> Series:
    """One op in flight on each of more and more connections."""
    points = {}
    for count in (1, 8, 1000, IDLE):
        if count <= most:
            options = ("--ops", "get", "--connections", str(count))
            seconds = 3 if count == IDLE else 1
            points[count] = Case(f"get, {count:,} x 1", peers(*options), seconds=seconds)
    return Series("get, one in flight on each connection", "connections", points)


def steps(first: int, last: int) -> list[int]:
    """List a number times powers of ten, up to a last one that may fall a little short of it."""
    numbers = [first]
    while numbers[-1] * 9 <= last:
        numbers.append(min(numbers[-1] * 10, last))
    return numbers


def growth(most: int) -> list[Series]:
    """List what must not cost more as there is more of it, up to so many objects."""
    few = ("--connections", "8")

    def series(title: str, x_label: str, numbers: list[int], case: str, *options: str) -> Series:
        points = {}
        for number in numbers:
            filled = [option.replace("{}", str(number)) for option in options]
            points[number] = Case(case.format(f"{number:,}"), peers(*filled, names=(STREAM,)))
        return Series(title, x_label, points, COST, must_not_grow=True)

    clients = min(most, IDLE)
    return [
        series(
            "add to one of many numbers, each an object",
            "objects",
            steps(10, most),
            "growth: add to one of {} objects",
            *("--ops", "object", "--keys", "{}", "--depth", "8", *few),
        ),
        series(
            "get from a dict",
            "entries",
            steps(10, most),
            "growth: get from a dict of {}",
            *("--ops", "get", "--keys", "{}", "--value-bytes", "16", "--depth", "8", *few),
        ),
        series(
            "put to a queue where gets wait",
            "waiting gets",
            steps(10, min(most, 100_000)),
            "growth: put where {} gets wait",
            *("--ops", "wake", "--waiters", "{}", *few),
        ),
        series(
            "get while gets wait elsewhere",
            "waiting gets",
            steps(10, min(most, 100_000)),
            "growth: get while {} gets wait",
            *("--ops", "get", "--waiters", "{}", *few),
        ),
        series(
            "acquire and release a lock that all want",
            "clients",
            steps(8, clients),
            "growth: lock wanted by {}",
            *("--ops", "lock", "--keys", "1", "--connections", "{}"),
        ),
        series(
            "get among idle connections",
            "idle connections",
            steps(10, clients),
            "growth: get among {} idle connections",
            *("--ops", "get", "--idle", "{}", *few),
        ),
    ]


def all_series(most: int) -> list[Series]:
    """List all series; `most` bounds numbers of objects."""
    return [payloads(False), payloads(True), connections(most), *growth(most)]
