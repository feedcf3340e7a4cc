"""Each question over a handful of rows: what is found, what is left alone, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline import logins, query, regions
from pipeline.attacks.stages import prepare, stages_read
from pipeline.engine.duckdb import Engine
from pipeline.errors import QueryFault
from tests.pipeline.conftest import NOON

Build = Callable[[Iterable[dict[str, Any]]], Engine]


def after(**delta: float) -> datetime:
    return NOON + timedelta(**delta)


@pytest.mark.parametrize("name", query.names())
def test_every_query_has_a_header_and_runs_on_an_empty_lake(name: str, engine_of: Build) -> None:
    loaded = query.load(name)
    assert {"question", "grain", "reads"} <= loaded.header.keys()
    engine = engine_of([])
    prepare(engine, None, None, stages_read(name))
    assert loaded.run(engine).num_rows == 0


@pytest.mark.parametrize(
    "text", ["-- quesion: Who?\nSELECT 1", "-- just a comment\nSELECT 1", "-- parameter x: no type\nSELECT 1"]
)
def test_a_header_line_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no header line"):
        query.parse("test", text)


# regions


LONDON = {"client_ip": "81.2.69.160", "country": "GB", "region": "England", "city": "London"}
PLACES = [
    {**LONDON, "status": 200, "response_bytes": 10, "duration_us": 1000},
    {**LONDON, "status": 500, "response_bytes": 20, "duration_us": 3000},
    {"client_ip": "81.2.69.161", "country": "GB", "region": "Scotland", "city": "Perth", "status": 200},
    {"client_ip": "9.9.9.9", "status": 200, "ts": after(days=1)},
    {"client_ip": "10.0.0.1", "status": 200},
    {"client_ip": None, "status": 400},
]


def test_regions_count_requests_clients_bytes_errors_and_times(engine_of: Build) -> None:
    rows = regions.by_place(engine_of(PLACES), "country", 10, None, None).rows
    assert rows[0] == {
        "country": "GB", "region": None, "city": None, "requests": 3, "clients": 2, "bytes": 30,
        "error_share": pytest.approx(1 / 3), "p50_ms": 2.0, "p99_ms": pytest.approx(2.98),
    }  # fmt: skip


def test_a_sum_beyond_what_fits_is_the_most_that_fits(engine_of: Build) -> None:
    rows = [{**LONDON, "status": 200, "response_bytes": 2**63 - 1}] * 3
    assert regions.by_place(engine_of(rows), "country", 9, None, None).rows[0]["bytes"] == 2**63 - 1


def test_what_has_no_country_is_shown_as_itself(engine_of: Build) -> None:
    rows = regions.by_place(engine_of(PLACES), "country", 10, None, None).rows
    assert {row["country"]: row["requests"] for row in rows} == {"GB": 3, "private": 1, "unknown": 1, "unresolved": 1}


def test_regions_go_down_to_cities_and_are_bounded(engine_of: Build) -> None:
    engine = engine_of(PLACES)
    cities = regions.by_place(engine, "city", 2, None, None).rows
    assert [(row["country"], row["region"], row["city"]) for row in cities] == [
        ("GB", "England", "London"),
        ("GB", "Scotland", "Perth"),
    ]


def test_regions_over_time_and_within_a_period(engine_of: Build) -> None:
    engine = engine_of(PLACES)
    rows = regions.over_time(engine, "day", 1, None, None).rows
    assert [(row["period"].day, row["country"], row["requests"]) for row in rows] == [
        (1, "GB", 3),
        (1, "other", 2),
        (2, "other", 1),
    ]
    assert sum(row["requests"] for row in regions.by_place(engine, "country", 9, after(hours=1), None).rows) == 1
    assert sum(row["requests"] for row in regions.by_place(engine, "country", 9, None, after(hours=1)).rows) == 5


# logins

BERLIN = {
    "client_ip": "2.125.160.216", "country": "DE", "region": "Berlin", "city": "Berlin",
    "latitude": 52.5, "longitude": 13.4, "accuracy_km": 20.0,
}  # fmt: skip
TOKYO = {
    "client_ip": "2.125.160.217", "country": "JP", "region": "Tokyo", "city": "Tokyo",
    "latitude": 35.7, "longitude": 139.7, "accuracy_km": 20.0,
}  # fmt: skip
POTSDAM = {**BERLIN, "client_ip": "2.125.160.218", "region": "Brandenburg", "city": "Potsdam", "latitude": 52.4}


def login(place: dict[str, Any], when: datetime, user: str = "alice", outcome: str = "success") -> dict[str, Any]:
    return {**place, "ts": when, "user": user, "login": outcome, "status": 200}


def history(place: dict[str, Any], count: int = 12) -> list[dict[str, Any]]:
    return [login(place, after(days=-count + n)) for n in range(count)]


def found(engine: Engine, **period: datetime) -> list[tuple[str, str]]:
    rows = logins.findings(engine, period.get("since"), period.get("until"))
    return [(row["finding"], row["user"]) for row in rows]


def test_two_continents_in_an_hour_and_a_country_never_seen(engine_of: Build) -> None:
    engine = engine_of([*history(BERLIN), login(BERLIN, NOON), login(TOKYO, after(minutes=40))])
    rows = logins.findings(engine, None, None)
    assert [row["finding"] for row in rows] == ["impossible_travel", "new_country"]
    assert rows[0]["why"] == (
        "8,917 km from Berlin in 40 minutes, which is 13,316 km/h even if both places are as wrong as they may be"
    )
    assert rows[1]["why"] == "first login from JP after 13 logins in 12 days"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([login(BERLIN, NOON), login(POTSDAM, after(minutes=5))], "places a radius apart"),
        ([*history(BERLIN), login(POTSDAM, NOON)], "another region of a known country"),
        ([*history(BERLIN), login(TOKYO, after(days=3))][11:], "a journey that a plane makes, by a user still learnt"),
        ([login(BERLIN, NOON), login(TOKYO, after(minutes=5), outcome="failure")], "the second login failed"),
        ([login(BERLIN, NOON), login(TOKYO, after(minutes=5), user="bob")], "another user"),
        ([login(BERLIN, NOON), login({**TOKYO, "city": None}, after(minutes=5))], "no city, no place"),
        ([login(BERLIN, NOON), login({**TOKYO, "accuracy_km": 9000.0}, after(minutes=5))], "a wide radius"),
    ],
)  # fmt: skip
def test_what_is_no_finding(rows: list[dict[str, Any]], reason: str, engine_of: Build) -> None:
    assert found(engine_of(rows)) == [], reason


def test_a_commuter_between_two_known_places_is_silent(engine_of: Build) -> None:
    rows = [
        login(place, after(days=-20 + day, hours=hour))
        for day in range(20)
        for hour, place in ((0, BERLIN), (12, TOKYO))
    ]
    assert found(engine_of([*rows, login(BERLIN, after(days=1)), login(TOKYO, after(days=1, minutes=5))])) == []


def test_one_finding_a_pair_of_places_and_day(engine_of: Build) -> None:
    rows = [login(BERLIN, after(minutes=0)), login(TOKYO, after(minutes=5)), login(BERLIN, after(minutes=10))]
    assert found(engine_of(rows)) == [("impossible_travel", "alice")]


def test_the_history_before_since_is_read(engine_of: Build) -> None:
    engine = engine_of([*history(BERLIN), login(TOKYO, after(minutes=40))])
    assert ("new_country", "alice") in found(engine, since=NOON)
    assert found(engine, until=NOON) == []


# SQL


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("COPY (SELECT 1) TO 'x.csv'", "COPY is refused"),
        ("EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'", "COPY is refused"),
        ("DELETE FROM requests", "DELETE is refused"),
        ("CREATE TABLE x AS SELECT 1", "CREATE is refused"),
        ("ATTACH 'x.db'", "ATTACH is refused"),
        ("INSTALL httpfs", "LOAD is refused"),
        ("SET enable_external_access = true", "SET is refused"),
        ("PRAGMA version", "PRAGMA is refused"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("", "0 statements"),
        ("SELEC 1", "Parser Error"),
        ("SELECT nothing FROM requests", "Binder Error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM '/etc/passwd'", "Error"),
        ("SELECT * FROM glob('/etc/*')", "Permission Error"),
    ],
)
def test_sql_reads_the_lake_and_nothing_else(statement: str, fault: str, engine_of: Build) -> None:
    with pytest.raises(QueryFault, match=fault) as caught:
        engine_of(PLACES).query(statement)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) AS n FROM requests",
        "DESCRIBE requests",
        "SUMMARIZE requests",
        "EXPLAIN SELECT 1",
        "FROM rejects",
        "WITH x AS (SELECT 1) FROM x",
    ],
)
def test_sql_that_reads(statement: str, engine_of: Build) -> None:
    engine_of(PLACES).query(statement)
