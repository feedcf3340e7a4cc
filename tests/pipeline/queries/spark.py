"""
The same queries on Spark: each is transpiled by sqlglot as it stands, and runs in local mode over its examples.

`python -m tests.pipeline.queries --spark NAME …` needs pyspark and a Java beside it, which the lock does not have.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlglot
from sqlglot import ErrorLevel

from pipeline import query
from tests.pipeline.conftest import table_of
from tests.pipeline.queries.cases import Case, makers, numbered, plain

MASTER = "local[1]"


def transpiled(text: str) -> str:
    """Return DuckDB's SQL as Spark's. Raises sqlglot's errors for what is no SQL, or has nothing like it in Spark."""
    (found,) = sqlglot.transpile(text, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
    sqlglot.parse_one(found, read="spark")
    return found


class Spark:
    """A session in this process."""

    def __init__(self) -> None:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.master(MASTER).appName("whofrom")
        for key, value in {
            "spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1",
            "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        }.items():  # fmt: skip
            session = session.config(key, value)
        self._session = session.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")

    def found(self, case: Case, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what a case's query finds in rows, as JSON has it."""
        loaded = query.load(case.query)
        with tempfile.TemporaryDirectory() as place:
            for name, table in {"requests": table_of(numbered(rows)), **case.relations}.items():
                path = Path(place, f"{name}.parquet")
                pq.write_table(table, path)
                self._session.read.parquet(str(path)).createOrReplaceTempView(name)
            for name, maker in makers().items():
                if re.search(rf"\b{name}\b", loaded.header["reads"]):
                    self._run(query.load(maker), case.parameters).cache().createOrReplaceTempView(name)
            return [plain(row.asDict(recursive=True)) for row in self._run(loaded, case.parameters).collect()]

    def _run(self, loaded: query.Query, values: dict[str, Any]) -> Any:
        bound = {one.name: values.get(one.name, one.default) for one in loaded.parameters}
        return self._session.sql(transpiled(loaded.sql), args=bound)
