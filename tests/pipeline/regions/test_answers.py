"""What regions answers: by place, over time, beside an earlier period; and the names of places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.errors import UsageFault
from pipeline.geo import Geo
from pipeline.regions import answers
from pipeline.regions.levels import LEVELS, TOTAL
from pipeline.regions.periods import Period, Span, compared, step_of
from tests.pipeline.conftest import NOON

Build = Callable[[Iterable[dict[str, Any]]], Engine]

LONDON = {"client_ip": "81.2.69.160", "continent": "EU", "country": "GB", "region": "England", "city": "London"}
PLACES: list[dict[str, Any]] = [
    {**LONDON, "status": 200, "response_bytes": 10, "duration_us": 1000},
    {**LONDON, "status": 500, "response_bytes": 20, "duration_us": 3000},
    {**LONDON, "client_ip": "81.2.69.161", "region": "Scotland", "city": "Perth", "status": 200, "user": "alice"},
    {"client_ip": "9.9.9.9", "status": 200, "ts": NOON + timedelta(days=1), "duration_us": 5000},
    {"client_ip": "10.0.0.1", "status": 200},
    {"client_ip": None, "status": 400},
]


def asked(engine: Engine, level: str = "country", places: int = 10, period: Period = Period()) -> answers.Rows:  # noqa: B008
    answers.prepare(engine, period)
    return answers.by_place(engine, level, places, period)


def test_a_place_has_requests_clients_users_bytes_errors_and_times(engine_of: Build) -> None:
    (row,) = [row for row in asked(engine_of(PLACES)) if row["country"] == "GB"]
    assert {name: row[name] for name in row if row[name] is not None} == {
        "country": "GB", "requests": 3, "share": 0.5, "clients": 2, "users": 1, "bytes": 30,
        "error_share": pytest.approx(1 / 3), "p50_ms": 1.0, "p95_ms": 3.0, "p99_ms": 3.0,
    }  # fmt: skip


@pytest.mark.parametrize("level", [TOTAL, *LEVELS])
def test_every_level_counts_every_request_once(engine_of: Build, level: str) -> None:
    rows = asked(engine_of(PLACES), level)
    assert sum(row["requests"] for row in rows) == len(PLACES)
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_what_has_no_country_is_shown_as_itself(engine_of: Build) -> None:
    rows = asked(engine_of(PLACES))
    assert {row["country"]: row["requests"] for row in rows} == {"GB": 3, "private": 1, "unknown": 1, "unresolved": 1}


def test_percentiles_of_thousands_are_right_to_half_a_percent(engine_of: Build) -> None:
    rows = [{**LONDON, "duration_us": number * 37} for number in range(1, 2001)]
    (row,) = asked(engine_of(rows))
    exact = {"p50_ms": 1000 * 37, "p95_ms": 1900 * 37, "p99_ms": 1980 * 37}
    for name, value in exact.items():
        assert row[name] == pytest.approx(value / 1000, rel=0.005)


def test_places_over_time_have_times_and_the_others_are_one(engine_of: Build) -> None:
    engine = engine_of(PLACES)
    answers.prepare(engine, Period(), "day")
    rows = answers.over_time(engine, "country", "day", 1, Period())
    assert [(row["period"].day, row["country"], row["requests"], row["p50_ms"]) for row in rows] == [
        (1, "GB", 3, 1.0),
        (1, "other", 2, None),
        (2, "other", 1, 5.0),
    ]


def test_only_the_period_counts(engine_of: Build) -> None:
    engine, later = engine_of(PLACES), NOON + timedelta(hours=1)
    assert [
        sum(row["requests"] for row in asked(engine, period=one)) for one in (Period(later), Period(None, later))
    ] == [1, 5]
    (row,) = asked(engine, period=Period(later))
    assert row["p50_ms"] == 5.0


def test_a_period_beside_the_one_before(engine_of: Build) -> None:
    week = timedelta(days=7)
    rows = (
        [{**LONDON, "ts": NOON + week}] * 40
        + [{**LONDON, "ts": NOON}] * 10
        + [{"client_ip": "10.0.0.1", "ts": NOON}] * 3
    )
    engine = engine_of(rows)
    period = compared(None, None, "7d", answers.span_of(engine))
    answers.prepare(engine, period)
    found = answers.versus(engine, "country", 10)
    assert [
        (row["country"], row["trend"], row["requests"], row["requests_before"], row["growth"]) for row in found
    ] == [
        ("GB", "grew", 40, 10, 3.0),
        ("private", "few", 0, 3, -1.0),
    ]


DAY = timedelta(days=1)
LAST = datetime(2026, 1, 31, 12, tzinfo=UTC)
SPAN = Span(LAST - 30 * DAY, LAST)
END = LAST + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("since", "until", "versus", "period"),
    [
        (None, None, "7d", (END - 7 * DAY, END, END - 14 * DAY, END - 7 * DAY)),
        (LAST - DAY, None, "7d", (LAST - DAY, END, LAST - 8 * DAY, END - 7 * DAY)),
        (LAST - 3 * DAY, LAST - DAY, "24h", (LAST - 3 * DAY, LAST - DAY, LAST - 4 * DAY, LAST - 2 * DAY)),
        (LAST - 3 * DAY, LAST - DAY, "previous", (LAST - 3 * DAY, LAST - DAY, LAST - 5 * DAY, LAST - 3 * DAY)),
    ],
)
def test_which_periods_are_compared(
    since: datetime | None, until: datetime | None, versus: str, period: tuple[datetime, ...]
) -> None:
    assert tuple(compared(since, until, versus, SPAN)) == period


@pytest.mark.parametrize(
    ("since", "versus", "fault"),
    [
        (None, "a week", "is no time"),
        (None, "0d", "is no time"),
        (None, "999999999w", "is too long"),
        (None, "previous", "needs a period"),
        (LAST + DAY, "7d", "begins after the lake's last request"),
    ],
)
def test_what_is_no_comparison_says_so(since: datetime | None, versus: str, fault: str) -> None:
    with pytest.raises(UsageFault, match=fault):
        compared(since, None, versus, SPAN)


@pytest.mark.parametrize(("days", "step"), [(1, "hour"), (3, "hour"), (30, "day"), (400, "week")])
def test_how_finely_a_period_is_drawn(days: int, step: str) -> None:
    assert step_of(LAST - days * DAY, None, SPAN) == step


def test_names_in_chinese_are_the_databases_where_it_means_the_same_place(engine_of: Build, city_mmdb: str) -> None:
    """The test database has a Chinese name for Linköping and none for its region; London is another place for it."""
    sweden = {"client_ip": "89.160.20.128", "country": "SE", "region": "Östergötland County", "city": "Linköping"}
    engine = engine_of([sweden, sweden | {"client_ip": "89.160.20.129", "city": "Motala"}, {"client_ip": "10.0.0.1"}])
    rows = answers.with_names(engine, asked(engine, "city"), "city", "zh-CN", Geo(city_mmdb))
    assert {(row["country"], row["country_name"], row["region_name"], row["city_name"]) for row in rows} == {
        ("SE", "瑞典", "Östergötland County", "林雪平"),
        ("SE", "瑞典", "Östergötland County", "Motala"),
        ("private", "专用网络", None, None),
    }


def test_names_in_english_need_no_database(engine_of: Build) -> None:
    engine = engine_of(PLACES)
    rows = answers.with_names(engine, asked(engine, "continent"), "continent", "en", None)
    assert [row["continent_name"] for row in rows] == ["Europe", "private network", "unknown", "client not resolved"]
