"""
DuckDB alone on a combined log: columns with types, written as Parquet.

    python -m benchmarks.ingest.duck csv|pattern LOG FOLDER

csv      read_csv, delimited by blanks, aware of quotes
pattern  each line by one regexp_extract

Neither resolves nor places, nor keeps what it cannot read; both split the request line and read times and numbers.
"""

from __future__ import annotations

import sys

import duckdb

NAMES = ("peer", "ident", "user", "time", "zone", "request", "status", "bytes", "referer", "agent")
LINE = r'^(\S+) (\S+) (\S+) (\[\S+) (\S+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"'
CSV = """
    SELECT * FROM read_csv($log, delim = ' ', quote = '"', escape = '"', header = false, auto_detect = false,
                           strict_mode = false, columns = {columns})
"""
PATTERN = """
    SELECT UNNEST(regexp_extract(line, '{line}', {names}))
    FROM read_csv($log, delim = E'\\x01', quote = '', escape = '', header = false, auto_detect = false,
                  columns = {{'line': 'VARCHAR'}})
"""
TYPED = r"""
    COPY (
        SELECT peer AS peer_ip, nullif("user", '-') AS "user", strptime("time", '[%d/%b/%Y:%H:%M:%S') AS ts,
               parts.method, parts.target, parts.protocol, status::SMALLINT AS status,
               try_cast(bytes AS BIGINT) AS response_bytes, nullif(referer, '-') AS referer,
               nullif(agent, '-') AS user_agent
        FROM (
            SELECT *, regexp_extract(request, '^(\S+) (\S+)(?: (HTTP/\S+))?$',
                                     ['method', 'target', 'protocol']) AS parts
            FROM ({lines})
        )
    ) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""


def main() -> None:
    """Read a log and say how many lines it had."""
    way, log, out = sys.argv[1:]
    columns = dict.fromkeys(NAMES, "VARCHAR")
    lines = CSV.format(columns=columns) if way == "csv" else PATTERN.format(line=LINE, names=list(NAMES))
    connection = duckdb.connect()
    connection.execute(TYPED.format(lines=lines.replace("$log", f"'{log}'"), out=out))
    print(connection.execute(f"SELECT count(*) FROM read_parquet('{out}') WHERE status IS NOT NULL").fetchall()[0][0])


if __name__ == "__main__":
    main()
