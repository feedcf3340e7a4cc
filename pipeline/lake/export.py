"""
Rows of a period to a file, batch by batch, whatever the lake's size.

Rows come date by date; within one as the lake holds them, which is about as they were ingested.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from echo.clientip import printable
from pipeline.batches import BATCH_FORMS
from pipeline.errors import LakeFault
from pipeline.lake import parts
from pipeline.lake.files import RESTORE, files_of, opened, path_of
from pipeline.lake.table import REQUESTS, Lake
from pipeline.rows import ROW_SCHEMA

BATCH_ROWS = 1 << 14  # as Python objects, for CSV and NDJSON, some ten kilobytes a row

Writer = Callable[[Iterator[pa.RecordBatch], IO[bytes]], int]


def rows_between(lake: Lake, since: datetime | None, until: datetime | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows from since on and before until, in batches of ROW_SCHEMA. Raises LakeFault if there is no lake."""
    lake.files()
    table = lake.table(REQUESTS)
    for file in [] if table is None else files_of(lake, REQUESTS, table):
        if file.day is not None and (
            (since is not None and file.day < since.date()) or (until is not None and file.day > until.date())
        ):
            continue
        path = path_of(lake, REQUESTS, file.path)
        with opened(path) as parquet:
            if "ts" not in parquet.schema_arrow.names:
                raise LakeFault("a file of the lake is damaged: it has no times", printable(str(path)), RESTORE)
            for batch in parquet.iter_batches(BATCH_ROWS, use_threads=False):
                found = _whole(batch)
                if since is not None or until is not None:
                    found = found.filter(_within(found["ts"], since, until))
                if found.num_rows:
                    yield found


def _whole(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a file's rows with all columns: the partition is not in the file, nor what came after it was written."""
    columns = {}
    for field in ROW_SCHEMA:
        if field.name == "date":
            columns["date"] = batch["ts"].cast(pa.date32())
        elif field.name in batch.schema.names:
            columns[field.name] = batch[field.name].cast(field.type)
        else:
            columns[field.name] = pa.nulls(batch.num_rows, field.type)
    return pa.RecordBatch.from_pydict(columns, schema=ROW_SCHEMA)


def _within(times: pa.Array, since: datetime | None, until: datetime | None) -> pa.Array:
    kind = ROW_SCHEMA.field("ts").type
    mask = pa.repeat(pa.scalar(True), len(times))
    if since is not None:
        mask = pc.and_(mask, pc.greater_equal(times, pa.scalar(since, kind)))
    if until is not None:
        mask = pc.and_(mask, pc.less(times, pa.scalar(until, kind)))
    return mask


def _parquet(batches: Iterator[pa.RecordBatch], out: IO[bytes]) -> int:
    rows = 0
    with pq.ParquetWriter(out, ROW_SCHEMA, **parts.options(ROW_SCHEMA)) as writer:
        held: list[pa.RecordBatch] = []
        for batch in batches:
            held.append(batch)
            rows += batch.num_rows
            if sum(one.num_rows for one in held) >= 4 * BATCH_ROWS:  # a row group a batch would be many small ones
                writer.write_table(pa.Table.from_batches(held))
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held))
    return rows


def _arrow(batches: Iterator[pa.RecordBatch], out: IO[bytes]) -> int:
    rows = 0
    with pa.ipc.new_file(out, ROW_SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _text(form: str, batches: Iterator[pa.RecordBatch], out: IO[bytes]) -> int:
    text = io.TextIOWrapper(out, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        count = BATCH_FORMS[form](batches, ROW_SCHEMA.names, text)
        text.flush()
    finally:
        with suppress(OSError):
            text.detach()
    return count


# name of the form -> writes batches, returns how many rows there were
EXPORTS: dict[str, Writer] = {
    "parquet": _parquet,
    "arrow": _arrow,
    "csv": partial(_text, "csv"),
    "ndjson": partial(_text, "ndjson"),
}
