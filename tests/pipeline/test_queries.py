"""Each question over a handful of rows: what is found, what is left alone, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline import query, regions
from pipeline.attacks.stages import prepare, stages_read
from pipeline.engine.duckdb import Engine
from pipeline.errors import QueryFault
from pipeline.logins import Settings
from pipeline.logins.stages import register
from tests.pipeline.conftest import NOON

Build = Callable[[Iterable[dict[str, Any]]], Engine]


def after(**delta: float) -> datetime:
    return NOON + timedelta(**delta)


@pytest.mark.parametrize("name", query.names())
def test_every_query_has_a_header_and_runs_on_an_empty_lake(name: str, engine_of: Build) -> None:
    loaded = query.load(name)
    assert {"question", "grain", "reads"} <= loaded.header.keys()
    engine = engine_of([])
    register(engine, Settings())
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
