"""
The same queries on Spark: each is transpiled by sqlglot as it stands, and runs in local mode over its examples.

`python -m tests.pipeline.queries --spark NAME …` needs pyspark and a Java beside it, which the lock does not have.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlglot
from sqlglot import ErrorLevel

from echo.clientip.address import V4_PREFIX, Address
from pipeline import query
from pipeline.attacks import stages
from tests.pipeline.queries.cases import Case, plain

MASTER = "local[1]"
# what an engine has beside tables that queries make
RELATIONS = """
SELECT view_name AS name FROM duckdb_views() WHERE NOT internal AND view_name <> 'sessions'
UNION
SELECT table_name AS name FROM duckdb_tables()
"""


def transpiled(text: str) -> str:
    """Return DuckDB's SQL as Spark's. Raises sqlglot's errors for what is no SQL, or has nothing like it in Spark."""
    (found,) = sqlglot.transpile(text, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
    sqlglot.parse_one(found, read="spark")
    return found


class Spark:
    """A session in this process."""

    def __init__(self) -> None:
        from pyspark.sql import SparkSession

        os.environ["PYSPARK_PYTHON"] = sys.executable
        session = SparkSession.builder.master(MASTER).appName("whofrom")
        for key, value in {
            "spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1",
            "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        }.items():  # fmt: skip
            session = session.config(key, value)
        self._session = session.getOrCreate()
        self._session.sparkContext.setLogLevel("OFF")
        for name, function in FUNCTIONS.items():
            self._session.udf.register(name, function)

    def found(self, case: Case, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what a case's query finds in rows, as JSON has it."""
        loaded = query.load(case.query)
        with case.prepared(rows) as engine, tempfile.TemporaryDirectory() as place:
            given = {row["name"] for row in engine.query(RELATIONS).to_pylist()} - query.makers().keys()
            for name in given:
                path = Path(place, f"{name}.parquet")
                pq.write_table(engine.query(f"SELECT * FROM {name}"), path)
                self._session.read.parquet(str(path)).createOrReplaceTempView(name)
            for name in stages.in_order(stages.stages_read(case.query)):
                self._run(query.load(query.makers()[name]), case.parameters).createOrReplaceTempView(name)
            found = self._run(loaded, case.parameters).collect()
            return case.ordered([plain(row.asDict(recursive=True)) for row in found])

    def _run(self, loaded: query.Query, values: dict[str, Any]) -> Any:
        bound = {one.name: values.get(one.name, one.default) for one in loaded.parameters}
        return self._session.sql(transpiled(loaded.sql), args=bound)


def ip_prefix(num: bytes | None, bits: int, bits6: int | None = None) -> str | None:
    """Return what the macro of this name does."""
    if num is None:
        return None
    address = Address(bytes(num))
    four = address.packed.startswith(V4_PREFIX)
    return str(ip_network((str(address), bits if four else bits6 if bits6 is not None else bits), strict=False))


# of pipeline/macros, those that queries use and Spark has not
FUNCTIONS = {"ip_prefix": ip_prefix}
