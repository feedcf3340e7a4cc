"""What is in a lake: rows, dates, bytes, which policies and databases made the rows, and how far sources were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.engine import Engine, open_engine
from pipeline.lake.compact import small
from pipeline.lake.files import disk_bytes, files_of
from pipeline.lake.table import REJECTS, REQUESTS, TABLES, Lake

SPAN = "SELECT min(ts) AS first, max(ts) AS last FROM requests"
COUNTED = "SELECT {name}, count(*) AS rows FROM requests GROUP BY ALL ORDER BY rows DESC, {name} NULLS LAST"
SOURCES = """
    SELECT source, sum(row)::BIGINT AS rows, sum(reject)::BIGINT AS rejects, max(source_offset) AS last_offset
    FROM (SELECT source, source_offset, 1 AS row, 0 AS reject FROM requests
          UNION ALL SELECT source, source_offset, 0, 1 FROM rejects)
    GROUP BY source ORDER BY source
"""


@dataclass(frozen=True, slots=True)
class Status:
    """
    The state of a lake.

    rows, rejects  rows of the two tables
    first, last    times of the oldest and the newest request
    dates          how many dates have rows
    files, bytes   of both tables' newest snapshots
    bytes_a_row    bytes of the requests by their number
    small_files    files that `compact` would put together
    unused_bytes   of files that no snapshot of now needs: they are given back when the retention has passed
    policies       id of a policy -> rows
    geo_builds     database and build, or null -> rows
    anonymized     how addresses were made unrecognisable, null where they are whole -> rows
    sources        name, rows, rejects, and the offset of the last line that is in the lake
    last_commit    when the lake was changed last, and by what operation of Delta
    """

    rows: int
    rejects: int
    first: datetime | None
    last: datetime | None
    dates: int
    files: int
    bytes: int
    bytes_a_row: float | None
    small_files: int
    unused_bytes: int
    policies: list[dict[str, Any]]
    geo_builds: list[dict[str, Any]]
    anonymized: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    last_commit: datetime | None
    last_operation: str | None


def status(lake: Lake) -> Status:
    """Look at a lake. Raises LakeFault if there is none."""
    engine = open_engine(lake)
    kept = {}
    commits = []
    for name in TABLES:
        table = lake.table(name)
        kept[name] = [] if table is None else files_of(lake, name, table)
        if table is not None:
            commits += table.history(1)
    requests, rejects = kept[REQUESTS], kept[REJECTS]
    rows, request_bytes = sum(file.rows for file in requests), sum(file.bytes for file in requests)
    total = request_bytes + sum(file.bytes for file in rejects)
    newest = max(commits, key=lambda one: int(one["timestamp"]), default=None)
    span = engine.query(SPAN).to_pylist()[0]
    days = sorted({file.day for file in requests if file.day is not None})
    by_day = [[file for file in requests if file.day == day] for day in days]
    return Status(
        rows=rows,
        rejects=sum(file.rows for file in rejects),
        first=span["first"],
        last=span["last"],
        dates=len(days),
        files=len(requests) + len(rejects),
        bytes=total,
        bytes_a_row=round(request_bytes / rows, 1) if rows else None,
        small_files=sum(len(small(files)) for files in [*by_day, rejects]),
        unused_bytes=max(0, sum(disk_bytes(lake, name) for name in TABLES) - total),
        policies=_counted(engine, "policy"),
        geo_builds=_counted(engine, "geo_build"),
        anonymized=_counted(engine, "anonymized"),
        sources=engine.query(SOURCES).to_pylist(),
        last_commit=None if newest is None else datetime.fromtimestamp(int(newest["timestamp"]) / 1000, UTC),
        last_operation=None if newest is None else str(newest.get("whofrom") or newest.get("operation", "")).lower(),
    )


def _counted(engine: Engine, name: str) -> list[dict[str, Any]]:
    return list(engine.query(COUNTED.format(name=name)).to_pylist())
