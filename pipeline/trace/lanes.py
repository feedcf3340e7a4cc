"""
The picture of a story: a lane a stage, time from left to right, a column where something happened.

Drawn from numbers alone; what stands beside it is shown by the template, which escapes it. Heights are logarithmic, so
that one web shell is seen beside a thousand probes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.trace.stages import RANKS, STAGES

WIDTH, LEFT, LANE, GAP, BOTTOM = 960, 215, 26, 8, 26
LEAST, LEAST_WIDTH = 5.0, 3.0  # of a column, that it is seen
LABELS = 5
ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Lane:
    """title; tint, the class of its colour; y of its ground; spots, (x, y, width, height, when and how many)."""

    title: str
    tint: str
    y: float
    spots: tuple[tuple[float, float, float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """A drawing of width × height; labels are (x, text-anchor, text)."""

    lanes: tuple[Lane, ...]
    labels: tuple[tuple[float, str, str], ...]
    width: int
    height: float
    left: int = LEFT


def lanes(hours: Mapping[str, Any] | None) -> Lanes | None:
    """Draw the `hours` of a story; None where there are none."""
    if hours is None:
        return None
    stages: Mapping[str, Sequence[int]] = hours["stages"]
    slots = max(map(len, stages.values()))
    most = max(max(column) for column in stages.values())
    step = (WIDTH - LEFT) / slots
    order = sorted(stages, key=lambda stage: -RANKS.get(stage, 0))
    drawn = []
    for number, stage in enumerate(order):
        ground = (number + 1) * (LANE + GAP)
        known = STAGES.get(stage)
        spots = tuple(
            (
                round(LEFT + step * slot, 1),
                round(ground - height, 1),
                round(max(step * 0.9, LEAST_WIDTH), 1),
                round(height, 1),
                f"{_moment(hours, slot)}: {count:,}",
            )
            for slot, count in enumerate(stages[stage])
            if count
            for height in (LEAST + (LANE - LEAST) * math.log1p(count) / math.log1p(most),)
        )
        drawn.append(
            Lane(known.title if known else ORDINARY, f"s-{known.severity}" if known else "s-none", ground, spots)
        )
    height = len(order) * (LANE + GAP) + BOTTOM
    return Lanes(tuple(drawn), tuple(_labels(hours, slots)), WIDTH, height)


def _moment(hours: Mapping[str, Any], slot: float) -> str:
    began: datetime = hours["began"]
    return f"{began + timedelta(seconds=hours['seconds'] * slot):%Y-%m-%d %H:%M:%S}"


def _labels(hours: Mapping[str, Any], slots: int) -> list[tuple[float, str, str]]:
    count = min(LABELS, slots)
    if count < 2:
        return [(LEFT, "start", _moment(hours, 0))]
    found = []
    for number in range(count):
        at = number / (count - 1)
        anchor = "start" if not number else "end" if number == count - 1 else "middle"
        found.append((round(LEFT + (WIDTH - LEFT) * at, 1), anchor, _short(hours, slots * at)))
    return found


def _short(hours: Mapping[str, Any], slot: float) -> str:
    text = _moment(hours, slot)
    whole = hours["seconds"] * max(map(len, hours["stages"].values()))
    return text[5:16] if whole > 3600 else text[11:]
