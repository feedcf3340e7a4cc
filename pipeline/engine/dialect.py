"""DuckDB's SQL as Spark's."""

from __future__ import annotations

import sqlglot
from sqlglot import ErrorLevel


def translated(text: str) -> str:
    """Return DuckDB's SQL as Spark's. Raises sqlglot's errors for what is no SQL, or has nothing like it in Spark."""
    (found,) = sqlglot.transpile(text, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)
    sqlglot.parse_one(found, read="spark")
    return found
