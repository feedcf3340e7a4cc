"""
Ingest, its memory and what can be asked of the lake, beside GoAccess, DuckDB and ClickHouse: `make bench-ingest`.

Needs Linux; GoAccess and a Python with chdb are measured where they are. The way through the code: pools (what occurs
in the logs) → generator (the logs) → process (what a command takes) → candidates (who reads a log; duck, clickhouse),
stages, sizes, memory, queries (plain): what is measured → report (the Markdown).
"""
