"""
DuckDB over a lake: views `requests` and `rejects` on the Parquet files of the newest snapshots.

Read-only twice over: only statements that read are let through, and DuckDB may open the lake's own files and nothing
else, so that SQL from anywhere cannot read /etc/passwd or write a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from echo.clientip import printable
from pipeline.errors import LakeFault, QueryFault
from pipeline.lake import TABLES, Lake
from pipeline.rows import schema_of

READING = "SELECT"  # DESCRIBE, SHOW, SUMMARIZE and VALUES are SELECT to DuckDB's parser
EXPLAIN = re.compile(r"\s*EXPLAIN(\s+ANALYZE)?\s", re.IGNORECASE)
MAX_MESSAGE_CHARS = 400  # DuckDB adds the statement and candidates; the first lines say it


class Engine:
    """An open engine on the snapshots of now; a later commit is not seen."""

    def __init__(self, lake: Lake) -> None:
        """Raises LakeFault if there is no lake."""
        files = lake.files()
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        for name, columns in TABLES.items():
            self._view(name, files[name], schema_of(columns))
        self._connection.execute("SET allowed_paths = $1", [[path for paths in files.values() for path in paths]])
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def _view(self, name: str, files: list[str], schema: pa.Schema) -> None:
        if not files:
            self._connection.register(name, schema.empty_table())
            return
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        # the partition's column is in the folders' names; those are not read, since any folder above may be called x=y
        columns = ", ".join("CAST(ts AS DATE) AS date" if one == "date" else f'"{one}"' for one in schema.names)
        found = f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"  # noqa: S608  # escaped, ours
        view = f"CREATE VIEW {name} AS SELECT {columns} FROM "  # noqa: S608
        try:
            try:
                self._connection.execute(f"{view}({found})")
            except duckdb.BinderException:  # an older whofrom's lake lacks a column
                self._connection.register(
                    f"{name}_columns", schema.empty_table().drop_columns([one for one in schema.names if one == "date"])
                )
                self._connection.execute(f"{view}({found} UNION ALL BY NAME FROM {name}_columns)")
        except duckdb.Error as error:
            raise LakeFault(_words(error), name, "the lake's files are gone or damaged; ingest again") from None

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one reading statement. Raises QueryFault if it is not one, or fails."""
        statements = self._parse(sql)
        kind = statements[0].type.name
        if kind == "EXPLAIN":  # EXPLAIN ANALYZE runs what it explains
            kind = self._parse(EXPLAIN.sub("", sql, count=1))[0].type.name
        if kind != READING:
            raise QueryFault(
                f"{kind} is refused: the lake is read-only here", "SQL", "SELECT, DESCRIBE, SUMMARIZE or EXPLAIN"
            )
        names = statements[0].named_parameters
        bound = {name: value for name, value in (parameters or {}).items() if name in names}
        try:
            return self._connection.sql(sql, params=bound).to_arrow_table()
        except duckdb.Error as error:
            raise QueryFault(
                _words(error), "SQL", "correct the statement; DESCRIBE requests lists the columns"
            ) from None

    def _parse(self, sql: str) -> list[duckdb.Statement]:
        try:
            statements = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise QueryFault(_words(error), "SQL", "correct the statement") from None
        if len(statements) != 1:
            raise QueryFault(f"{len(statements)} statements", "SQL", "give exactly one")
        return statements


def _words(error: Exception) -> str:
    text = re.sub(r"\s*\n\s*", " ", str(error).split("\n\nLINE")[0])
    return printable(text)[:MAX_MESSAGE_CHARS]
