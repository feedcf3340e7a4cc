"""
Parquet files of a table: written beside the table first, part of it when a commit names them.

A file is on the disk, whole, before anything names it. What is written and never committed, since the run was killed,
is nobody's: compaction deletes it after its retention.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

COMPRESSION, COMPRESSION_LEVEL = "zstd", 3  # zstd's own default level
STATISTICS = ("ts", "status", "source_offset")  # of a file that is added: what readers pass files over by
PARTITION = "date"
# Columns that change little from row to row: differences take less room than a dictionary, and less time.
RISING = ("ts", "source_offset")
RISING_ENCODING: Literal["DELTA_BINARY_PACKED"] = "DELTA_BINARY_PACKED"


class File(NamedTuple):
    """
    A file of a table.

    day         its partition, None in a table that has none
    statistics  what Delta keeps of it beside its name, as JSON; "" of one that is in the table
    """

    path: str
    day: date | None
    rows: int
    bytes: int
    statistics: str = ""


class Part:
    """A file that is being written below a table's folder, one row group after the other."""

    def __init__(self, folder: Path, schema: pa.Schema, day: date | None, path: str = "") -> None:
        """Open a new file, at `path` or a new one for the date. Raises OSError."""
        self.path = path or new_path("" if day is None else f"{PARTITION}={day.isoformat()}")
        self._target, self._day, self._rows = folder / self.path, day, 0
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._metadata: list[pq.FileMetaData] = []
        self._open = ExitStack()
        try:
            out = self._open.enter_context(durable(self._target))
            writer = pq.ParquetWriter(out, schema, metadata_collector=self._metadata, **options(schema))
            self._writer = self._open.enter_context(writer)
        except BaseException:
            self.drop()
            raise

    def add(self, rows: pa.Table | pa.RecordBatch, group_rows: int | None = None) -> None:
        """Write rows, as one row group, or several of so many rows each. Raises OSError."""
        self._writer.write(rows, row_group_size=group_rows)
        self._rows += rows.num_rows

    def close(self) -> File:
        """Return the file, which is on the disk now. Raises OSError."""
        self._open.close()
        size = self._target.stat().st_size
        return File(self.path, self._day, self._rows, size, _statistics(self._metadata[0]))

    def drop(self) -> None:
        """Delete it, whatever state it is in."""
        with suppress(OSError, pa.ArrowException, RuntimeError):  # no metadata, where the end could not be written
            self._open.close()
        with suppress(OSError):
            self._target.unlink(missing_ok=True)


def write(folder: Path, table: pa.Table) -> list[File]:
    """
    Write rows as files below a table's folder, one for each date if they have one.

    Raises OSError; then none of the files is left.
    """
    written: list[File] = []
    try:
        for day, rows in by_day(table):
            with writing(folder, rows.schema, day) as part:
                part.add(rows)
                written.append(part.close())
    except BaseException:
        delete(folder, written)
        raise
    return written


@contextmanager
def writing(folder: Path, schema: pa.Schema, day: date | None, path: str = "") -> Iterator[Part]:
    """Open a part, which is not left where its writing fails."""
    part = Part(folder, schema, day, path)
    try:
        yield part
    except BaseException:
        part.drop()
        raise


def options(schema: pa.Schema) -> dict[str, Any]:
    """Return how pyarrow is to write rows of a schema."""
    rising = [name for name in schema.names if name in RISING]
    return {
        "compression": COMPRESSION,
        "compression_level": COMPRESSION_LEVEL,
        "use_dictionary": [name for name in schema.names if name not in rising],
        "column_encoding": dict.fromkeys(rising, RISING_ENCODING),
        "write_statistics": [name for name in schema.names if name in STATISTICS],
    }


def new_path(folder: str = "") -> str:
    """Return a path that no file of a table has, in one of the table's folders."""
    name = f"part-00000-{uuid.uuid4()}-c000.zstd.parquet"
    return f"{folder}/{name}" if folder else name


@contextmanager
def durable(target: Path) -> Iterator[IO[bytes]]:
    """Open a new file that is on the disk when it is closed: the commit that names it must not outlive it."""
    with target.open("xb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


def by_day(table: pa.Table) -> Iterator[tuple[date | None, pa.Table]]:
    """Yield the rows of each date in their order, without the date, which the path says; all where there is none."""
    if PARTITION not in table.schema.names:
        if table.num_rows:
            yield None, table
        return
    days = table[PARTITION].combine_chunks()
    rows = table.drop_columns([PARTITION])
    counts = sorted((one["values"].as_py(), one["counts"].as_py()) for one in pc.value_counts(days))
    if len(counts) > 1:
        rows = rows.take(pc.array_sort_indices(days))  # a stable sort
    start = 0
    for day, count in counts:
        yield day, rows.slice(start, count)
        start += count


def delete(folder: Path, files: Iterable[File]) -> None:
    """Delete files that no commit names."""
    for file in files:
        with suppress(OSError):
            (folder / file.path).unlink(missing_ok=True)


def added(file: File) -> AddAction:
    """Return what a commit says of a file that it adds."""
    return AddAction(file.path, file.bytes, partition_of(file), int(time.time() * 1000), True, file.statistics)


def partition_of(file: File) -> dict[str, str | None]:
    """Return the partition's values as Delta writes them."""
    return {} if file.day is None else {PARTITION: file.day.isoformat()}


def _statistics(metadata: pq.FileMetaData) -> str:
    """Return what Delta keeps of a file beside its name, as JSON."""
    least, most, nulls = {}, {}, {}
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    for number in range(metadata.num_columns):
        found = [group.column(number) for group in groups]
        if found and found[0].path_in_schema in STATISTICS and all(one.is_stats_set for one in found):
            column, stats = found[0].path_in_schema, [one.statistics for one in found]
            nulls[column] = sum(one.null_count for one in stats)
            if all(one.has_min_max for one in stats):
                least[column] = _plain(min(one.min for one in stats))
                most[column] = _plain(max(one.max for one in stats))
    return json.dumps({"numRecords": metadata.num_rows, "minValues": least, "maxValues": most, "nullCount": nulls})


def _plain(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
