"""
DuckDB alone on the files of a lake: `python -m benchmarks.ingest.plain LAKE SQL` prints a result's rows as JSON.
"""

from __future__ import annotations

import json
import sys

import duckdb


def main() -> None:
    """Ask, and print."""
    lake, statement = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        f"CREATE VIEW requests AS FROM read_parquet('{lake}/requests/date=*/*.parquet', hive_partitioning = true)"
    )
    for row in connection.sql(statement).to_arrow_table().to_pylist():
        print(json.dumps(row, default=str))


if __name__ == "__main__":
    main()
