"""Spark as an engine: it answers as DuckDB does, in types, names, order and faults."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from pipeline.engine import Engine
from pipeline.errors import QueryFault
from tests.spark.cluster import SPARK

pytestmark = SPARK
FIRST = datetime(2026, 3, 28, 23, 59, 59, 999_999, UTC)
ROWS = [
    {
        "ts": FIRST + timedelta(hours=number),
        "client_ip": f"192.0.2.{number % 7}" if number % 5 else None,
        "country": ("DE", "FR", None)[number % 3],
        "status": 200 + number,
        "response_bytes": 2**62 + number,
        "duration_us": None if number % 4 else number,
        "headers": [("referer", ["a", "b"])] if number % 2 else [],
        "signatures": (None, [], ["x", "y"])[number % 3],
        "target": "/" + "é" * number,
        "latitude": 0.1 * number,
        "source": "log",
        "source_offset": number,
    }
    for number in range(50)
]
Engines = Callable[[list[dict[str, Any]]], tuple[Engine, Engine]]


@pytest.fixture
def engines(engines_of: Engines) -> tuple[Engine, Engine]:
    return engines_of(ROWS)


def streamed(engine: Engine, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
    (statement,) = engine.statements(sql)
    result = engine.stream(statement, parameters)
    return pa.Table.from_batches(list(result.batches), result.schema)


STATEMENTS = (
    "SELECT * FROM requests ORDER BY source_offset",
    "SELECT * FROM rejects",
    "SELECT count(*), 1 AS a, 'x' AS a, NULL FROM requests",
    "SELECT country, count(*) AS n FROM requests GROUP BY 1 ORDER BY 1",  # NULL last
    "SELECT country, count(*) AS n FROM requests GROUP BY 1 ORDER BY 1 DESC",
    "SELECT sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes, min(ts) AS first, max(ts) AS last FROM requests",
    "SELECT client_ip_num, date FROM requests WHERE date = DATE '2026-03-29' ORDER BY ts DESC LIMIT 3",
    "SELECT DISTINCT date FROM requests ORDER BY date",
    "SELECT * FROM sessions ORDER BY client_ip, nth",
    "DESCRIBE requests",
    'SELECT target AS "a `name` that.is odd" FROM requests ORDER BY ts LIMIT 2',
)


def test_answers_are_those_of_duckdb_whole_and_streamed(engines: tuple[Engine, Engine]) -> None:
    duckdb, spark = engines
    for sql in STATEMENTS:
        wanted = duckdb.query(sql)
        assert spark.query(sql).equals(wanted), sql
        assert streamed(spark, sql).equals(wanted), sql


def test_parameters_are_values_and_those_that_a_statement_lacks_are_left(engines: tuple[Engine, Engine]) -> None:
    values = {
        "since": FIRST + timedelta(hours=2), "until": None, "text": "' OR 1 = 1 -- ${x} {{y}}", "many": 2**40,
        "share": 0.25, "data": b"\x00\xff", "more": 1,
    }  # fmt: skip
    sql = """
        SELECT count(*) AS n, $text AS text, $many + 1 AS many, $share * 2 AS share, $data AS data FROM requests
        WHERE (ts >= $since OR $since IS NULL) AND (ts < $until OR $until IS NULL)
    """
    duckdb, spark = engines
    assert spark.query(sql, values).to_pylist() == duckdb.query(sql, values).to_pylist()
    assert spark.query(sql, values).to_pylist()[0]["n"] == 48


def test_what_is_registered_and_materialised_is_there_until_it_is_replaced(engines: tuple[Engine, Engine]) -> None:
    answers = []
    for engine in engines:
        engine.register("known", pa.table({"country": ["DE", None], "weight": [Decimal("1.50"), None]}))
        sql = (
            "SELECT country, count(*) AS n, sum(weight) AS w FROM requests JOIN known USING (country) WHERE status < $x"
        )
        engine.materialise("counted", f"{sql} GROUP BY 1", {"x": 230})
        engine.append("counted", "SELECT 'XX', status, 2 FROM requests WHERE status = $x", {"x": 200})
        engine.append("counted", "SELECT 'YY', 1, NULL")
        found = [engine.query("SELECT * FROM counted ORDER BY 1").to_pylist()]
        engine.remove("counted", "country = $gone OR w > 100", {"gone": "YY"})
        found.append(engine.query("SELECT * FROM counted ORDER BY 1").to_pylist())
        engine.materialise("counted", "SELECT 7 AS other, 'text' AS n, 0.5 AS w")  # as many, of other types
        engine.register("known", pa.table({"x": [1]}).slice(0, 0))
        found += [engine.query("SELECT * FROM counted").to_pylist(), engine.query("SELECT * FROM known").to_pylist()]
        answers.append(found)
    assert answers[0] == answers[1]
    assert [len(rows) for rows in answers[0]] == [3, 2, 1, 0]


def test_what_is_made_once_for_a_statement_is_kept_no_longer(engines: tuple[Engine, Engine]) -> None:
    sql = """
        WITH "a `few`" AS (SELECT country, count(*) AS n FROM requests WHERE status < $most GROUP BY country)
        SELECT a.country, "a `few`".n FROM "a `few`" AS a JOIN "a `few`" ON a.n = "a `few`".n ORDER BY 1, 2
    """
    duckdb, spark = engines
    kept = spark._spark.sparkContext._jsc.getPersistentRDDs
    before, wanted = kept().size(), duckdb.query(sql, {"most": 230})
    assert wanted.num_rows
    assert spark.query(sql, {"most": 230}).equals(wanted)
    assert streamed(spark, sql, {"most": 230}).equals(wanted)
    spark.stream(spark.statements(sql)[0], {"most": 230})  # and not read
    spark.materialise("pairs", sql, {"most": 230})
    assert spark.query("SELECT * FROM pairs ORDER BY ALL").equals(wanted)
    gc.collect()
    assert kept().size() <= before + 1


def test_engines_side_by_side_do_not_see_each_other(engines_of: Engines, engines: tuple[Engine, Engine]) -> None:
    _, spark = engines
    spark.register("mine", pa.table({"x": [1]}))
    _, other = engines_of(ROWS[:3])
    with pytest.raises(QueryFault, match="mine"):
        other.query("SELECT * FROM mine")
    assert spark.query("SELECT x FROM mine").to_pylist() == [{"x": 1}]


# a statement -> what both say; of what only the data show, what Spark says of it
FAULTS = (
    ("SELECT nope FROM requests", 'Referenced column "nope" not found'),
    ("SELECT reflect('java.lang.System', 'exit', '1')", "reflect does not exist"),
    ("SELECT java_method('java.lang.Runtime', 'getRuntime')", "java_method does not exist"),
    ("SELECT * FROM parquet.`/etc/passwd`", "Catalog Error"),
    ('SELECT * FROM parquet."/etc/passwd"', "Catalog Error"),
    ("SELECT * FROM 'x.parquet'", "Permission Error"),
    ("COPY requests TO '/tmp/x'", "COPY is refused"),
    ("SET x = 1", "SET is refused"),
    ("SUMMARIZE requests", "SUMMARIZE is DuckDB's alone"),
    ("SELECT *, (SELECT count(*) FROM requests) FROM (DESCRIBE requests)", "ask for it alone"),
    (
        "SELECT CAST(target AS INT) FROM requests",
        "^SQL: The value .* cannot be cast to .INT. because it is malformed; correct the statement",
    ),
)


@pytest.mark.parametrize(("sql", "words"), FAULTS)
def test_faults_are_of_one_line(engines: tuple[Engine, Engine], sql: str, words: str, capfd: Any) -> None:
    with pytest.raises(QueryFault, match=words) as raised:
        engines[1].query(sql)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 600
    assert capfd.readouterr() == ("", "")


def test_what_is_explained_is_sparks_plan(engines: tuple[Engine, Engine]) -> None:
    found = engines[1].query("EXPLAIN SELECT count(*) FROM requests WHERE date = DATE '2026-03-29'").to_pylist()
    assert [row["explain_key"] for row in found] == ["physical_plan"]
    assert re.search(r"PartitionFilters: \[\(date#\d+ = 2026-03-29\)\]", found[0]["explain_value"])
