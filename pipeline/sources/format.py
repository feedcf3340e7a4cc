"""What a log format is, and what all of them share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.rows import HEADERS_TYPE, RECORD_SCHEMA
from pipeline.sources.columns import array_of


class Parsed(NamedTuple):
    """
    What became of some lines.

    batch    the rows, RECORD_SCHEMA
    lines    for each row the index of its line, int64
    rejects  (index of the line, reason) for each line that is no row
    """

    batch: pa.RecordBatch
    lines: pa.Array
    rejects: list[tuple[int, str]]


class Format(NamedTuple):
    """
    A log format by the name that `--format` takes.

    certain  how many of some lines are surely of this format, where parse takes lines of a wider one too
    within   the name of that wider one
    mark     what each of its lines begins with: other lines are told by it at a hundredth of the cost
    """

    name: str
    meaning: str
    parse: Callable[[Sequence[bytes]], Parsed]
    certain: Callable[[Sequence[bytes]], int] | None = None
    within: str = ""
    mark: re.Pattern[bytes] | None = None

    def takes(self, lines: Sequence[bytes]) -> int:
        """Return how many of the lines are of this format, to choose one by."""
        if self.mark is not None:
            lines = [line for line in lines if self.mark.match(line)]
        if not lines:
            return 0
        return self.certain(lines) if self.certain is not None else self.parse(lines).batch.num_rows


MARK_OF_JSON = re.compile(rb"\s*\{")

# Times outside are slips of a clock or of an attacker: before there was HTTP, or past what dates and folders can name.
FIRST_TIME, LAST_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
NO_TIME = f"the time is no date from {FIRST_TIME:%Y} to {LAST_TIME:%Y}"


def times_in_range(ts: pa.Array) -> pa.Array:
    """Return UTC timestamps, null where they are outside FIRST_TIME … LAST_TIME."""
    kind = pa.timestamp("us", "UTC")
    within = pc.and_(pc.greater_equal(ts, pa.scalar(FIRST_TIME, kind)), pc.less(ts, pa.scalar(LAST_TIME, kind)))
    return pc.if_else(within, ts, pa.scalar(None, kind))


def decode(lines: Sequence[bytes]) -> pa.Array:
    """Return lines as a string array; bytes that are not UTF-8 become \\xNN."""
    try:
        return array_of(lines, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([line.decode("utf-8", "backslashreplace") for line in lines], pa.string())


def record_batch(columns: Mapping[str, pa.Array], rows: int) -> pa.RecordBatch:
    """Return a RECORD_SCHEMA batch of the columns given; the others are null."""
    arrays = []
    for field in RECORD_SCHEMA:
        column = columns.get(field.name)
        arrays.append(pa.nulls(rows, field.type) if column is None else column.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=RECORD_SCHEMA)


def headers_of(fields: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """
    Return the headers column of rows whose format logs a few named headers, at most one value each.

    fields  lower-case name -> string array of `rows` values, null where the request had no such header

    Null where the format logs no header at all; a row whose request had none has an empty map, whatever other rows
    have: what a row is must not hang on what it is read together with.
    """
    if not fields:
        return pa.nulls(rows, HEADERS_TYPE)
    some = {name: column for name, column in fields.items() if column.null_count < rows}
    if not some:
        return _no_headers(rows)
    width = len(some)
    keys = pa.concat_arrays([pa.repeat(name, rows).cast(pa.string()) for name in some])
    values = pa.concat_arrays([column.cast(pa.string()) for column in some.values()])
    if width > 1:  # from field by field to row by row
        place = pa.arange(0, rows * width)
        row = pc.divide(place, width)
        order = pc.add(pc.multiply(pc.subtract(place, pc.multiply(row, width)), rows), row)
        keys, values = keys.take(order), values.take(order)
    present = values.is_valid()
    keys, kept = keys.filter(present), values.filter(present)
    # running count of values present, read at each row's end: where the row's entries stop
    running = pc.cumulative_sum(present.cast(pa.int32()))
    ends = running.take(pa.arange(width - 1, rows * width, width))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
    singles = pa.ListArray.from_arrays(pa.arange(0, len(kept) + 1).cast(pa.int32()), kept)
    return pa.MapArray.from_arrays(offsets, keys, singles)


def _no_headers(rows: int) -> pa.Array:
    offsets = pa.repeat(0, rows + 1).cast(pa.int32())
    return pa.MapArray.from_arrays(offsets, pa.array([], HEADERS_TYPE.key_type), pa.array([], HEADERS_TYPE.item_type))
