"""Columns over time: where they stand, and that nothing is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.report.timeline import BOTTOM, LEFT, MAX_COLUMNS, MAX_LABELS, TOP, WIDTH, nice_ticks, timeline

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
COLUMN = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v(-[\d.]+)h-[\d.]+z")


def columns(path: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, found)) for found in COLUMN.findall(path)]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (10, [0, 5, 10]),
        (0.3, [0, 0.1, 0.2, 0.3]),
        (5711, [0, 2e3, 4e3, 6e3]),
    ],
)
def test_ticks_are_round(most: float, ticks: list[float]) -> None:
    assert nice_ticks(most) == pytest.approx(ticks)


def test_layers_stand_upon_each_other_and_a_day_without_requests_is_empty() -> None:
    day = timedelta(days=1)
    chart = timeline({"a": {NEW_YEAR: 2, NEW_YEAR + 2 * day: 4}, "b": {NEW_YEAR: 2}}, "day")
    assert chart is not None
    (first, last), (upon,) = (columns(layer.path) for layer in chart.layers)
    height = BOTTOM - TOP
    assert first[1] == BOTTOM
    assert last[3] == -height  # the ticks end at 4
    assert upon[0] == first[0]
    assert upon[1] == pytest.approx(BOTTOM - height / 2)
    assert last[0] - first[0] == pytest.approx((WIDTH - LEFT) / 3 * 2, abs=0.1)
    assert [text for _, _, text in chart.spots] == ["2026-01-01: 4", "2026-01-02: 0", "2026-01-03: 4"]
    assert [layer.tint for layer in chart.layers] == ["c1", "c2"]


@pytest.mark.parametrize("hours", [1, 30, 24 * 7, 24 * 400])
def test_however_long_the_period_there_are_few_columns_and_fewer_labels(hours: int) -> None:
    chart = timeline({"": {NEW_YEAR + timedelta(hours=hour): 1 for hour in range(hours)}}, "hour")
    assert chart is not None
    assert len(chart.spots) <= MAX_COLUMNS
    assert 1 <= len(chart.xs) <= MAX_LABELS + 1
    totals = [int(text.rpartition(" ")[2]) for _, _, text in chart.spots]
    assert sum(totals) == hours


def test_nothing_is_no_drawing() -> None:
    assert timeline({"a": {}}, "day") is None
