"""
Many small files to few large ones, date by date, and the space of files that nobody reads any more given back.

Compaction moves rows, and changes none: an ingest beside it goes on, a query beside it reads the files that it began
with. Those are deleted when they have been out of the newest snapshot for the retention; so are files that a run which
was killed has left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import NamedTuple

from echo.clientip import printable
from pipeline.errors import LakeFault, UsageFault
from pipeline.lake import log
from pipeline.lake.files import files_of, path_of
from pipeline.lake.keeper import keeping
from pipeline.lake.parts import File
from pipeline.lake.table import TABLES, WRITER, Lake

TARGET_BYTES = 128 << 20  # of a file: what readers split well, written with some 400 MB of memory
TASKS = 1  # at once; each holds a file of the target's size
# No query and no commit takes longer, by far; whatever reads or writes for longer than the retention may lose its files
RETENTION = timedelta(days=1)
MIN_RETENTION = timedelta(hours=1)


class Compacted(NamedTuple):
    """What was done, or is to be done, to the files of a table and date."""

    table: str
    date: date | None
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int


class Returned(NamedTuple):
    """Files of a table that were deleted, or are to be."""

    table: str
    files: int
    bytes: int


def small(files: list[File]) -> list[File]:
    """Return the files that are to be put together: those below the target's size, where two of them fit in one."""
    below = sorted((file for file in files if file.bytes < TARGET_BYTES), key=lambda file: file.bytes)
    return below if len(below) > 1 and below[0].bytes + below[1].bytes <= TARGET_BYTES else []


def compact(lake: Lake, retention: timedelta, *, dry_run: bool) -> Iterator[Compacted | Returned]:
    """
    Compact all dates that have small files, then give back the space of files that are no longer needed.

    Yields what was done after each step; in a dry run what is to be done. Raises LakeFault.
    """
    check_retention(retention)
    with keeping(lake, "compact"):
        for name in TABLES:
            table = lake.table(name)
            if table is None:
                continue
            for day, group in groupby(files_of(lake, name, table), key=lambda file: file.day):
                files = list(group)
                if small(files):
                    after = _planned(files) if dry_run else lake.committed(partial(_compact, lake, name, day))
                    if len(after) < len(files):
                        sizes = sum(file.bytes for file in files), sum(file.bytes for file in after)
                        yield Compacted(name, day, len(files), len(after), *sizes)
            if not dry_run:
                log.tidy(lake, name)
        yield from give_back(lake, retention, dry_run=dry_run)


def check_retention(retention: timedelta) -> None:
    """Raise UsageFault if files would be taken from running queries and ingests."""
    if retention < MIN_RETENTION:
        raise UsageFault(
            "is too short: a query or an ingest that runs now needs files that have just been replaced",
            "--retain",
            f"give at least {MIN_RETENTION // timedelta(hours=1)}h",
        )


def give_back(lake: Lake, retention: timedelta, *, dry_run: bool) -> Iterator[Returned]:
    """Delete the files that have been out of the newest snapshot for longer than the retention."""
    hours = -(-retention // timedelta(hours=1))
    for name in TABLES:
        table = lake.table(name)
        if table is None:
            continue
        vacuum = partial(table.vacuum, hours, enforce_retention_duration=False, full=True)
        paths = lake.committed(partial(vacuum, dry_run=True))
        sizes = [path.stat().st_size for path in (path_of(lake, name, one) for one in paths) if path.exists()]
        if sizes and not dry_run:
            lake.committed(partial(vacuum, dry_run=False))
        if sizes:
            yield Returned(name, len(sizes), sum(sizes))


def _compact(lake: Lake, name: str, day: date | None) -> list[File]:
    """Compact one date on the newest snapshot; return its files then."""
    table = lake.table(name)
    if table is None:
        raise LakeFault("a table is gone", printable(lake.path), "restore the folder")
    filters = None if day is None else [("date", "=", day.isoformat())]
    table.optimize.compact(
        partition_filters=filters,
        target_size=TARGET_BYTES,
        max_concurrent_tasks=TASKS,
        writer_properties=WRITER,
    )
    return [file for file in files_of(lake, name, table) if file.day == day]


def _planned(files: list[File]) -> list[File]:
    """Return about the files that compaction will leave."""
    below = [file for file in files if file.bytes < TARGET_BYTES]
    kept = [file for file in files if file.bytes >= TARGET_BYTES]
    number = max(1, -(-sum(file.bytes for file in below) // TARGET_BYTES))
    whole = File("", files[0].day, sum(file.rows for file in below), sum(file.bytes for file in below))
    share = whole._replace(rows=whole.rows // number, bytes=whole.bytes // number)
    return [*kept, *[share] * number]
