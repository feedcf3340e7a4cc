"""Steps of whole days: they cover the period once, and find what the whole period finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.attacks import steps as subject
from pipeline.attacks.find import BUCKETS, find, rows_of
from pipeline.attacks.steps import steps
from pipeline.engine.duckdb import Engine

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = [
    {"ts": FIRST + day * DAY + timedelta(seconds=second - 10), "client_ip": "9.9.9.9", "status": 404,
     "target": f"/{day}/{second}"}
    for day in (0, 1, 1, 4)
    for second in range(20)
]  # fmt: skip
Build = Callable[[Iterable[dict[str, Any]]], Engine]


@pytest.mark.parametrize(
    ("rows_a_step", "since", "until", "expected"),
    [
        (10_000, None, None, [(-1, 5)]),
        (1, None, None, [(-1, 0), (0, 1), (1, 2), (3, 4), (4, 5)]),
        (50, None, None, [(-1, 1), (1, 5)]),
        (10_000, FIRST + DAY / 2, FIRST + 4 * DAY, [(0.5, 4)]),
        (1, FIRST + 2 * DAY, FIRST + 3 * DAY, []),
    ],
)
def test_steps_are_of_whole_days_within_the_period(
    rows_a_step: int, since: datetime, until: datetime, expected: list[tuple[float, float]], engine_of: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(subject, "STEP_ROWS", rows_a_step)
    found = [((start - FIRST) / DAY, (end - FIRST) / DAY) for start, end in steps(engine_of(ROWS), since, until)]
    assert found == expected


def test_what_is_found_step_by_step_is_what_is_found_at_once(engine_of: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(ROWS)
    at_once = rows_of(engine, BUCKETS, None, None)
    monkeypatch.setattr(subject, "STEP_ROWS", 1)
    found = [row for step in steps(engine, None, None) for row in rows_of(engine, BUCKETS, *step)]
    assert at_once == sorted(found, key=lambda row: (row["rule"], row["day"], row["subject"]))
    assert {alert.day for alert in find(engine, None, None)} >= {row["day"] for row in at_once}
