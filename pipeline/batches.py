"""
Batches of rows as NDJSON, JSON and CSV, a column at a time: what `pipeline.output` writes of the same rows.

1. Each column becomes the texts of its cells. Numbers, truths and times do so as columns; a text that needs no escape,
   as most do, gets its quotes as a column; every other value is written by `pipeline.output`, one by one.
2. The texts of a row are joined as columns, too. What is in the memory of the array then is what is to be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TextIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output import csv_text, json_text

# not written as it is: quotes, backslashes, and what is not ASCII, of which some would be obeyed by a terminal
JSON_SUSPECT = r'["\\]|[^ -~]'
CSV_SUSPECT = r'^[=+\-@]|[",\\]|[^ -~]'
FIRST, LAST = (
    (moment - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400_000_000
    for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
)
MAX_BYTES = 16 << 20  # of rows that are made text at once, which takes some five times as much
TIMES = (pa.timestamp("us", "UTC"), pa.timestamp("us"))

Cells = Callable[[pa.Array], pa.Array]
Count = int


def write_ndjson_batches(batches: Iterable[pa.RecordBatch], names: Sequence[str], out: TextIO) -> Count:
    """Write one JSON object a line; return how many rows there were."""
    return _write(batches, _json_parts(names, "\n"), json_cells, out)


def write_json_batches(batches: Iterable[pa.RecordBatch], names: Sequence[str], out: TextIO) -> Count:
    """Write one JSON array; return how many rows there were."""
    count = 0
    for batch in _bounded(batches):
        if batch.num_rows:
            text = _joined(batch, _json_parts(names, ",\n "), json_cells)
            out.write(("[" if not count else ",\n ") + text.removesuffix(",\n "))
            count += batch.num_rows
    out.write("]\n" if count else "[]\n")
    return count


def write_csv_batches(batches: Iterable[pa.RecordBatch], names: Sequence[str], out: TextIO) -> Count:
    """Write RFC 4180 CSV with a header line; return how many rows there were."""
    out.write(",".join(map(csv_text, names)) + "\r\n")
    cells = csv_cells if len(names) > 1 else _alone
    return _write(batches, ["", *[","] * (len(names) - 1), "\r\n"], cells, out)


BATCH_FORMS = {"json": write_json_batches, "ndjson": write_ndjson_batches, "csv": write_csv_batches}


def _write(batches: Iterable[pa.RecordBatch], parts: Sequence[str], cells: Cells, out: TextIO) -> Count:
    count = 0
    for batch in _bounded(batches):
        out.write(_joined(batch, parts, cells))
        count += batch.num_rows
    return count


def _bounded(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut batches of wide rows into ones of some MAX_BYTES."""
    for batch in batches:
        rows = max(1, batch.num_rows * MAX_BYTES // max(batch.nbytes, 1))
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _json_parts(names: Sequence[str], end: str) -> list[str]:
    """Return what stands before each cell of a row, and behind the last."""
    keys = [json_text(name) + ":" for name in names]
    return ["{" + keys[0], *("," + key for key in keys[1:]), "}" + end]


def _joined(batch: pa.RecordBatch, parts: Sequence[str], cells: Cells) -> str:
    """Return the rows of a batch: parts[0], the first cell, parts[1], the second …, the last part."""
    if not batch.num_rows:
        return ""
    columns: list[pa.Array | pa.Scalar] = []
    for part, column in zip(parts, batch.columns, strict=False):
        columns += [pa.scalar(part, pa.large_string()), cells(column)]
    rows = pc.binary_join_element_wise(
        *columns, pa.scalar(parts[-1], pa.large_string()), pa.scalar("", pa.large_string())
    )
    _, offsets, data = rows.buffers()
    first, last = (memoryview(offsets).cast("q")[at] for at in (rows.offset, rows.offset + len(rows)))
    return str(memoryview(data)[first:last], "utf-8")


def json_cells(column: pa.Array) -> pa.Array:
    """Return the values of a column as JSON; null is `null`."""
    if pa.types.is_string(column.type):
        found = pc.binary_join_element_wise('"', column, '"', "")
        found = _mended(column, found, JSON_SUSPECT, json_text)
    else:
        found = _plain(column)
        if found is None:
            found = pa.array([None if one is None else json_text(one) for one in _values(column)], pa.string())
        elif column.type in TIMES or pa.types.is_date32(column.type):
            found = pc.binary_join_element_wise('"', found, '"', "")
    return pc.fill_null(found, "null").cast(pa.large_string())


def csv_cells(column: pa.Array) -> pa.Array:
    """Return the values of a column as fields of CSV; null is empty."""
    if pa.types.is_string(column.type):
        found = _mended(column, column, CSV_SUSPECT, csv_text)
    else:
        found = _plain(column)
        if found is None:
            found = pa.array([None if one is None else csv_text(one) for one in _values(column)], pa.string())
    return pc.fill_null(found, "").cast(pa.large_string())


def _alone(column: pa.Array) -> pa.Array:
    """Return the only column's fields: an empty one is quoted there, since its line would be no row."""
    found = csv_cells(column)
    return pc.if_else(pc.equal(found, ""), '""', found)


def _plain(column: pa.Array) -> pa.Array | None:
    """Return the texts of numbers, truths and times, which JSON and CSV share; None for another type."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_float64(kind):
        written = orjson.dumps(column.to_pylist())[1:-1].decode().split(",")  # what is not finite is null
        texts = pa.array(written, pa.string())
        return pc.if_else(pc.equal(texts, "null"), None, texts)
    if pa.types.is_date32(kind) and _within(column.cast(pa.timestamp("s")).cast(pa.int64()), 1_000_000):
        return column.cast(pa.string())
    if kind in TIMES and _within(column.cast(pa.int64()), 1):
        texts = pc.binary_replace_slice(column.cast(pa.string()), 10, 11, "T")
        return pc.replace_substring(texts, ".000000", "")
    return None


def _within(numbers: pa.Array, factor: int) -> bool:
    """Return whether all times are of the years that Python knows; others are told to be no value that can be shown."""
    ends = pc.min_max(numbers).as_py()
    return ends["min"] is None or (ends["min"] * factor >= FIRST and ends["max"] * factor <= LAST)


def _mended(column: pa.Array, texts: pa.Array, suspect: str, write: Callable[[str], str]) -> pa.Array:
    """Return texts, with those of suspect values written one by one."""
    mask = pc.fill_null(pc.match_substring_regex(column, suspect), fill_value=False)
    if not pc.any(mask).as_py():
        return texts
    return pc.replace_with_mask(texts, mask, pa.array(map(write, column.filter(mask).to_pylist()), pa.string()))


def _values(column: pa.Array) -> list[object]:
    return list(column.to_pylist(maps_as_pydicts="lossy"))
