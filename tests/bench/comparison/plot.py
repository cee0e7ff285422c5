"""Draws charts as one SVG file, by hand: lines on logarithmic axes, and bars with a mark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 520, 340
LEFT, RIGHT, TOP, BOTTOM = 70, 15, 34, 70
COLUMNS = 2
COLOURS = ("#1f4e79", "#c55a11", "#2e7d32", "#7b1fa2", "#b71c1c", "#00838f")


@dataclass(frozen=True)
class Lines:
    """Figures over a number, both axes logarithmic."""

    title: str
    x_label: str
    y_label: str
    lines: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Bars:
    """Figures by case and peer; a line across shows what they are compared with."""

    title: str
    y_label: str
    bars: dict[str, dict[str, float]]
    mark: float = 1.0


def text(x: float, y: float, words: str, anchor: str = "middle", style: str = "") -> str:
    """Return a text element."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """Return a line element."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def short(number: float) -> str:
    """Write a number in few characters; powers of two from 1,024 on in units of bytes."""
    if number >= 1024 and math.log2(number).is_integer():
        power = min(int(math.log2(number)) // 10, 3)
        return f"{number / 1024**power:g} {'KMG'[power - 1]}i"
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:g}{unit}"
    return f"{number:g}"


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from a power of ten to another, on so many pixels."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def around(cls, numbers: Sequence[float], start: float, end: float) -> Axis:
        """Make the axis that these numbers, above 0, fit on."""
        low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
        return cls(low, max(high, low + 1), start, end)

    def at(self, number: float) -> float:
        """Return where a number is."""
        share = (math.log10(number) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def frame(title: str, x_label: str, y_label: str) -> list[str]:
    """Return what every chart has."""
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    box = f'x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    return [
        text(WIDTH / 2, 20, title, style='font-weight="bold"'),
        f'<rect {box} fill="none" stroke="#888"/>',
        text(WIDTH / 2, HEIGHT - BOTTOM + 32, x_label),
        f'<g transform="rotate(-90 14 {middle:.1f})">{text(14, middle, y_label)}</g>',
    ]


def grid(axis: Axis) -> list[str]:
    """Return the lines and numbers of a vertical axis."""
    parts = []
    for tick in axis.ticks():
        parts.append(line(LEFT, axis.at(tick), WIDTH - RIGHT, axis.at(tick), 'stroke="#ddd"'))
        parts.append(text(LEFT - 5, axis.at(tick) + 4, short(tick), "end"))
    return parts


def legend(names: Sequence[str]) -> list[str]:
    """Return which colour is whose."""
    parts = []
    for number, name in enumerate(names):
        x, y = LEFT + (number % 3) * 145, HEIGHT - BOTTOM + 46 + number // 3 * 14
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<rect x="{x}" y="{y - 8}" width="9" height="9" fill="{colour}"/>')
        parts.append(text(x + 13, y, name, "start"))
    return parts


def draw_lines(chart: Lines) -> list[str]:
    """Draw figures over a number."""
    points = [point for line in chart.lines.values() for point in line if min(point) > 0]
    parts = frame(chart.title, chart.x_label, chart.y_label)
    if not points:
        return parts
    across = Axis.around([x for x, _ in points], LEFT + 10, WIDTH - RIGHT - 10)
    up = Axis.around([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts += grid(up)
    for x in sorted({x for x, _ in points}):
        parts.append(text(across.at(x), HEIGHT - BOTTOM + 16, short(x)))
    for number, drawn in enumerate(chart.lines.values()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across.at(x), up.at(y)) for x, y in drawn if x > 0 and y > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        for x, y in places:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
    return parts + legend(list(chart.lines))


def draw_bars(chart: Bars) -> list[str]:
    """Draw figures by case and peer."""
    names = list(dict.fromkeys(name for bars in chart.bars.values() for name in bars))
    numbers = [y for bars in chart.bars.values() for y in bars.values() if y > 0]
    parts = frame(chart.title, "", chart.y_label)
    if not numbers:
        return parts
    up = Axis.around([*numbers, chart.mark], HEIGHT - BOTTOM, TOP)
    parts += grid(up)
    room = (WIDTH - LEFT - RIGHT) / len(chart.bars)
    for group, (label, bars) in enumerate(chart.bars.items()):
        begin, wide = LEFT + group * room, room * 0.8 / len(names)
        for name, y in bars.items():
            x = begin + room * 0.1 + names.index(name) * wide
            top = up.at(y) if y > 0 else up.start
            colour = COLOURS[names.index(name) % len(COLOURS)]
            size = f'width="{wide:.1f}" height="{up.start - top:.1f}"'
            parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" {size} fill="{colour}"/>')
        middle, y = begin + room / 2, HEIGHT - BOTTOM + 12
        turned = f'transform="rotate(-20 {middle:.1f} {y})" font-size="8"'
        parts.append(text(middle, y, label, style=turned))
    parts.append(line(LEFT, up.at(chart.mark), WIDTH - RIGHT, up.at(chart.mark), 'stroke="#000"'))
    return parts + legend(names)


def write_svg(path: Path, charts: Sequence[Lines | Bars]) -> None:
    """Draw all charts into one file."""
    rows = math.ceil(len(charts) / COLUMNS)
    size = f'width="{COLUMNS * WIDTH}" height="{max(rows, 1) * HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, chart in enumerate(charts):
        x, y = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT
        drawn = draw_lines(chart) if isinstance(chart, Lines) else draw_bars(chart)
        parts += [f'<g transform="translate({x} {y})">', *drawn, "</g>"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>\n"]))
