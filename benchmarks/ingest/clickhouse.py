"""
ClickHouse (chdb) on a combined log: columns with types, written as Parquet; as DuckDB does in duck.py.

    PYTHON clickhouse.py LOG FILE

A script of its own: it runs with a Python that has chdb, and need not have anything else.
"""

from __future__ import annotations

import sys

import chdb

QUERY = r"""
    INSERT INTO FUNCTION file('{out}', 'Parquet')
    SELECT peer AS peer_ip, nullIf(user, '-') AS user,
           parseDateTime(substring(time, 2), '%d/%b/%Y:%H:%i:%s', 'UTC') AS ts,
           parts[1] AS method, parts[2] AS target, parts[3] AS protocol, status,
           toUInt64OrNull(bytes) AS response_bytes,
           nullIf(referer, '-') AS referer, nullIf(agent, '-') AS user_agent
    FROM (
        SELECT *, extractGroups(request, '^(\\S+) (\\S+) (HTTP/\\S+)$') AS parts
        FROM file('{log}', 'CustomSeparated', 'peer String, ident String, user String, time String, zone String,
                  request String, status UInt16, bytes String, referer String, agent String')
    )
    SETTINGS format_custom_field_delimiter = ' ', format_custom_escaping_rule = 'CSV',
             format_custom_row_after_delimiter = '\n', output_format_parquet_compression_method = 'zstd'
"""


def main() -> None:
    """Read a log and say how many lines it had."""
    log, out = sys.argv[1:]
    chdb.query(QUERY.format(log=log, out=out))
    print(str(chdb.query(f"SELECT count() FROM file('{out}', 'Parquet')")).strip())


if __name__ == "__main__":
    main()
