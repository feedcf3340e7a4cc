"""
Our own records: one JSON object a line, the fields of `echo.record.FIELDS`.

Additive changes are read (unknown fields are passed over); a record of a newer schema version is refused, since a field
we know may mean something else there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import quote
from echo.record import FIELDS, SCHEMA_VERSION, Field
from pipeline.rows import ARROW_TYPES, RECORD_SCHEMA
from pipeline.sources.fields import together
from pipeline.sources.format import MARK_OF_JSON, NO_TIME, Format, Parsed, decode, times_in_range
from pipeline.sources.records import cut

MAX_JSON_ERROR_CHARS = 80
CHUNK_LINES = 4096  # objects at once: of more, the garbage collector's walks cost more than the parsing


def parse(lines: Sequence[bytes], *, quick: bool = True) -> Parsed:
    """
    Parse records, a JSON object a line.

    quick  whether to cut the records that the server wrote without escapes: the same rows, sooner
    """
    found = cut(decode(lines)) if quick else None
    pieces = [] if found is None else [Parsed(found.batch, found.lines, [])]
    left = pa.arange(0, len(lines))
    if found is not None:
        left = left.filter(pc.invert(pc.is_in(left, found.lines)))
    for start in range(0, len(left), CHUNK_LINES):
        indices = left[start : start + CHUNK_LINES].to_pylist()
        pieces.append(_parse(indices, [lines[index] for index in indices]))
    return together(pieces)


def _parse(indices: Sequence[int], lines: Sequence[bytes]) -> Parsed:
    """Parse the lines of these numbers."""
    records: list[dict[str, Any]] = []
    kept: list[int] = []
    rejects: list[tuple[int, str]] = []
    for index, line in zip(indices, lines, strict=True):
        record, reason = load(line)
        if record is None:
            rejects.append((index, reason))
        else:
            records.append(record)
            kept.append(index)
    columns: dict[str, pa.Array] = {}
    bad: dict[int, str] = {}
    for field in FIELDS:
        if field.name != "v":
            columns[field.name] = _column(records, field, bad)
    if bad:
        good = [row for row in range(len(records)) if row not in bad]
        columns = {name: column.take(pa.array(good, pa.int64())) for name, column in columns.items()}
        rejects += [(kept[row], reason) for row, reason in bad.items()]
        kept = [kept[row] for row in good]
    batch = pa.RecordBatch.from_arrays([columns[name] for name in RECORD_SCHEMA.names], schema=RECORD_SCHEMA)
    return Parsed(batch, pa.array(kept, pa.int64()), rejects)


def load(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """Return (record, "") or (None, reason)."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, f"not JSON: {str(error)[:MAX_JSON_ERROR_CHARS]}"
    version = record.get("v") if isinstance(record, dict) else None
    if type(version) is not int or version < 1:
        return None, "JSON, but no whofrom record: field v is missing"
    if version > SCHEMA_VERSION:
        return None, f"schema version {version} is newer than {SCHEMA_VERSION}: upgrade whofrom"
    return record, ""


def _column(records: list[dict[str, Any]], field: Field, bad: dict[int, str]) -> pa.Array:
    """Return one column; rows whose value is not of the field's type come out null and are entered in bad."""
    values = [record.get(field.name) for record in records]
    try:
        column = _convert(values, field)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
        for row, value in enumerate(values):
            try:
                _convert([value], field)
            except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
                bad.setdefault(row, f"field {field.name} is no {field.type}: {quote(str(value))}")
                values[row] = None
        column = _convert(values, field)
    if not field.nullable and column.null_count:
        for row, value in enumerate(values):
            if value is None:
                bad.setdefault(row, f"field {field.name} is missing")
    return column


def _convert(values: list[Any], field: Field) -> pa.Array:
    if field.type == "headers":
        values = [None if value is None else _pairs(value) for value in values]
    if field.type == "timestamp":
        times = pa.array(values, pa.string()).cast(ARROW_TYPES["timestamp"])
        if times_in_range(times).null_count > times.null_count:
            raise ValueError(NO_TIME)
        return times
    column = pa.array(values, ARROW_TYPES[field.type])
    if field.type == "int" and pc.any(pc.less(column, 0)).as_py():
        raise ValueError("no count, port or status is negative")
    return column


def _pairs(headers: dict[str, Any]) -> list[tuple[str, list[str]]]:
    if not all(type(values) is list for values in headers.values()):  # Arrow would take a string for a list of letters
        raise TypeError("a header's values are no list")
    return list(headers.items())


NDJSON = Format("ndjson", "whofrom's own records, a JSON object a line", parse, mark=MARK_OF_JSON)
