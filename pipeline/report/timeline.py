"""
Values over time as stacked columns: numbers in, coordinates of an SVG out.

Drawn from numbers alone; the names of layers are shown by the template, which escapes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.report.figures import number

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 960, 260, 72, 232, 10
TINTS = 6  # classes c1 … c6; the last, grey, is what the others leave
MAX_LABELS = 9  # below the columns
MAX_COLUMNS = 600  # a column of less than 1.5 units is no column: what is finer is summed by who draws it
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
GAP = 0.12  # of a column's width


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its name, the class of its colour, and the path of its columns."""

    name: str
    tint: str
    path: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    A drawing of WIDTH × HEIGHT.

    layers  from the bottom to the top
    xs, ys  labels and where they stand
    spots   (x, width, text) of each column, to be read where the pointer is
    """

    layers: tuple[Layer, ...]
    xs: tuple[tuple[float, str], ...]
    ys: tuple[tuple[float, str], ...]
    spots: tuple[tuple[float, float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = BOTTOM


def timeline(
    layers: Mapping[str, Mapping[datetime, float]], every: str, shown: Callable[[float], str] = number
) -> Timeline | None:
    """
    Draw layers, name -> period -> value ≥ 0, one upon the other, periods being of STEPS; None if there is no period.

    A period without a value is drawn as 0. At most TINTS layers have colours of their own.
    """
    step = STEPS[every]
    found = sorted({period for values in layers.values() for period in values})
    if not found:
        return None
    count = (found[-1] - found[0]) // step + 1
    step *= max(1, math.ceil(count / MAX_COLUMNS))
    count = (found[-1] - found[0]) // step + 1
    periods = [found[0] + step * number for number in range(count)]
    sums = {name: [0.0] * count for name in layers}
    for name, values in layers.items():
        for period, value in values.items():
            sums[name][(period - found[0]) // step] += value
    totals = [sum(column) for column in zip(*sums.values(), strict=True)]
    ticks = nice_ticks(max(totals))
    scale = (BOTTOM - TOP) / ticks[-1]
    width = (WIDTH - LEFT) / count
    bases = [0.0] * count
    drawn = []
    for place, (name, heights) in enumerate(sums.items()):
        path = _columns(bases, heights, scale, width)
        drawn.append(Layer(name, f"c{min(place + 1, TINTS)}", path))
        bases = [base + height for base, height in zip(bases, heights, strict=True)]
    pattern = "%Y-%m-%d %H:%M" if every == "hour" else "%Y-%m-%d"
    return Timeline(
        tuple(drawn),
        tuple(_labels(periods, width, every)),
        tuple((round(BOTTOM - tick * scale, 1), shown(tick)) for tick in ticks),
        tuple(
            (round(LEFT + width * at, 2), round(width, 2), f"{period:{pattern}}: {shown(total)}")
            for at, (period, total) in enumerate(zip(periods, totals, strict=True))
        ),
    )


def nice_ticks(most: float) -> list[float]:
    """Return 0 and some round numbers up to one that is not below `most`."""
    if most <= 0:
        return [0, 1]
    rough = most / 4
    power = 10 ** math.floor(math.log10(rough))
    steps = [factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough]
    step = next(step for step in [*steps, 1] if most < 1 or float(step).is_integer())  # no half requests
    ticks = [step * at for at in range(math.ceil(most / step) + 1)]
    return [int(tick) if float(tick).is_integer() else tick for tick in ticks]


def _columns(bases: Sequence[float], heights: Sequence[float], scale: float, width: float) -> str:
    pieces = []
    gap = width * GAP / 2
    for at, (base, height) in enumerate(zip(bases, heights, strict=True)):
        if height > 0:
            x, y = LEFT + width * at + gap, BOTTOM - base * scale
            pieces.append(f"M{x:.1f} {y:.1f}h{width - 2 * gap:.2f}v{-height * scale:.2f}h{-(width - 2 * gap):.2f}z")
    return "".join(pieces)


def _labels(periods: Sequence[datetime], width: float, every: str) -> list[tuple[float, str]]:
    """Return where times stand below the columns: the hour where there are few, else the day or the month."""
    long = periods[-1] - periods[0] > timedelta(days=300)
    hours = every == "hour" and periods[-1] - periods[0] <= timedelta(days=3)
    pattern = "%H:%M" if hours else "%Y-%m" if long else "%m-%d"
    shift = width / 2
    stride = math.ceil(len(periods) / MAX_LABELS)
    if every == "hour" and not hours:
        stride = math.ceil(stride / 24) * 24
    first = next((at for at, period in enumerate(periods) if not period.hour), 0) if every == "hour" else 0
    out = []
    for at in range(first % stride, len(periods), stride):
        midnight = hours and not periods[at].hour
        out.append((round(LEFT + width * at + shift, 1), periods[at].strftime("%m-%d" if midnight else pattern)))
    return out
