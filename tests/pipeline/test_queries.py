"""Each question over a handful of rows: what is found, what is left alone, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline import query
from pipeline.attacks.stages import prepare, stages_read
from pipeline.engine.duckdb import Engine
from pipeline.errors import QueryFault
from pipeline.logins import Settings
from pipeline.logins.stages import register
from pipeline.regions.answers import RELATIONS
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
    for relation, schema in RELATIONS.items():
        engine.register(relation, schema.empty_table())
    prepare(engine, None, None, stages_read(name))
    assert loaded.run(engine).num_rows == 0


@pytest.mark.parametrize(
    "text", ["-- quesion: Who?\nSELECT 1", "-- just a comment\nSELECT 1", "-- parameter x: no type\nSELECT 1"]
)
def test_a_header_line_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no header line"):
        query.parse("test", text)


# SQL

PLACES = [
    {"client_ip": "81.2.69.160", "country": "GB", "region": "England", "city": "London", "status": 200},
    {"client_ip": None, "status": 400},
]


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
