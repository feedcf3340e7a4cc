r"""
Our own records as `whofrom serve` writes them, cut at what stands between their fields: the rows that a JSON parser
would give, at a fraction of its cost.

    {"v":1 ,"ts":"2026-…Z" ,"peer_ip":null … ,"headers":{"host":["x"] ,"accept":["*/*"]} ,"client_ip":"1.2.3.4" … }

1. A record is taken here only if it is proved, piece by piece, to be what the server writes: every field of
   `echo.record.FIELDS`, in that order, each with a value of its type; each header with one value; no escapes. All
   others are left to the parser, which gives the same rows of those that are taken.
2. A piece is looked at once for each distinct text, since most of them repeat.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from echo.record import FIELDS, SCHEMA_VERSION, Field
from pipeline.rows import ARROW_TYPES, RECORD_SCHEMA
from pipeline.sources.columns import columns_of
from pipeline.sources.format import times_in_range

SEPARATOR = ',"'
HEADERS = "headers"
AT = [field.name for field in FIELDS].index(HEADERS)
BEFORE, AFTER = FIELDS[:AT], FIELDS[AT + 1 :]
PLAIN = r'[^"\\\x00-\x1f]*'  # of a JSON string without escapes (RFC 8259 §7)
# type of a field -> its value in a record, and how much of it stands around the text
VALUES = {
    "int": (r"(?:0|[1-9][0-9]{0,17})", 0),
    "text": (f'"{PLAIN}"', 1),
    "ip": (f'"{PLAIN}"', 1),
    "timestamp": (r'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"', 1),
}
BEGIN, END = '{"', "}"  # of a record
FIRST_HEADER, LAST_HEADER = f'{HEADERS}":{{"', "}"
HEADER = rf'^(?:{HEADERS}":\{{")?{PLAIN}":\["{PLAIN}"\]\}}?$'
NAME_END, VALUE_END = '":["', '"]'
NO_TEXT = pa.scalar(None, pa.string())
ZERO = pa.array([0], pa.int32())


class Cut(NamedTuple):
    """Rows of RECORD_SCHEMA, and the number of the line of each."""

    batch: pa.RecordBatch
    lines: pa.Array


class _Column(NamedTuple):
    """A field of some records, and for each of them whether its piece is as it should be."""

    values: pa.Array
    good: pa.Array


def cut(text: pa.Array) -> Cut | None:
    """Return those of some lines (string array) that are proved to be records; None if none is, or nobody can tell."""
    lists = pc.split_pattern(text, SEPARATOR)
    counts = pc.list_value_length(lists)
    long = pc.indices_nonzero(pc.greater(counts, len(BEFORE) + len(AFTER)))  # there is a piece of headers at least
    if not len(long):
        return None
    if len(long) < len(text):
        lists, counts = lists.take(long), counts.take(long)
    pieces = lists.flatten()
    ends = pc.cumulative_sum(counts)
    starts = pc.subtract(ends, counts)
    columns = {field.name: _column(pieces.take(pc.add(starts, at)), field) for at, field in enumerate(BEFORE)}
    for at, field in enumerate(AFTER):
        columns[field.name] = _column(pieces.take(pc.subtract(ends, len(AFTER) - at)), field)
    others = pa.scalar(len(BEFORE) + len(AFTER), pa.int32())
    headers = _Headers(pieces, pc.add(starts, AT).cast(pa.int32()), pc.subtract(counts, others))
    good = reduce(pc.and_, (column.good for column in columns.values()), headers.good)
    try:
        ts = times_in_range(pc.if_else(good, columns["ts"].values, NO_TEXT).cast(ARROW_TYPES["timestamp"]))
    except pa.ArrowInvalid:  # 31 February
        return None
    good = pc.and_(good, ts.is_valid())
    arrays = {name: column.values for name, column in columns.items()} | {"ts": ts}
    if not pc.all(good).as_py():
        arrays = {name: array.filter(good) for name, array in arrays.items()}
        long = long.filter(good)
    built = headers.built(good)
    if built is None:
        return None
    arrays[HEADERS] = built
    batch = [arrays[field.name].cast(field.type) for field in RECORD_SCHEMA]
    return Cut(pa.RecordBatch.from_arrays(batch, schema=RECORD_SCHEMA), long.cast(pa.int64()))


def _column(pieces: pa.Array, field: Field) -> _Column:
    """Return a field of the records that these pieces are of."""
    value, around = VALUES[field.type]
    front = (BEGIN if field is FIELDS[0] else "") + f'{field.name}":'
    back = END if field is FIELDS[-1] else ""
    encoded = pieces.dictionary_encode()
    distinct = encoded.dictionary
    null = pc.equal(distinct, f"{front}null{back}")
    good = pc.match_substring_regex(distinct, f"^{_quoted(front)}{value}{_quoted(back)}$")
    texts = pc.utf8_slice_codeunits(distinct, len(front) + around, -(around + len(back)) or None)
    texts = pc.if_else(good, texts, NO_TEXT)
    if field.nullable:
        good = pc.or_(good, null)
    if field.name == "v":
        good = pc.and_(good, pc.is_in(texts, pa.array([str(one + 1) for one in range(SCHEMA_VERSION)])))
    values = texts.cast(pa.int64()) if field.type == "int" else texts
    return _Column(values.take(encoded.indices), good.take(encoded.indices))


def _quoted(text: str) -> str:
    return text.replace("{", r"\{").replace("}", r"\}")


class _Headers:
    """The headers of some records: of the pieces those from `starts` on, `counts` of them a record."""

    def __init__(self, pieces: pa.Array, starts: pa.Array, counts: pa.Array) -> None:
        encoded = pa.ListViewArray.from_arrays(starts, counts, pieces).flatten().dictionary_encode()
        distinct, self._index, self._counts = encoded.dictionary, encoded.indices, counts
        fine = pc.match_substring_regex(distinct, HEADER)
        first, last = pc.starts_with(distinct, FIRST_HEADER), pc.ends_with(distinct, LAST_HEADER)
        odd, begins, stops = (flags.take(self._index) for flags in (pc.invert(fine), first, last))
        ends = pc.cumulative_sum(counts)
        # each record's first piece begins the headers, its last one ends them, and no other does
        self.good = reduce(
            pc.and_,
            (
                pc.equal(self._sums(odd), 0),
                pc.equal(self._sums(begins), 1),
                pc.equal(self._sums(stops), 1),
                begins.take(pc.subtract(ends, counts)),
                stops.take(pc.subtract(ends, 1)),
            ),
        )
        bare = pc.if_else(first, pc.utf8_slice_codeunits(distinct, len(FIRST_HEADER)), distinct)
        bare = pc.if_else(last, pc.utf8_slice_codeunits(bare, 0, -len(LAST_HEADER)), bare)
        halves = pc.split_pattern(pc.if_else(fine, bare, NAME_END), NAME_END, max_splits=1).flatten()
        self._names, values = columns_of(halves, 2)
        self._values = pc.utf8_slice_codeunits(values, 0, -len(VALUE_END))

    def _sums(self, flags: pa.Array) -> pa.Array:
        """Return how many of each record's pieces have a flag."""
        running = pa.concat_arrays([ZERO, pc.cumulative_sum(flags.cast(pa.int32()))])
        ends = pc.cumulative_sum(self._counts)
        return pc.subtract(running.take(ends), running.take(pc.subtract(ends, self._counts)))

    def built(self, good: pa.Array) -> pa.Array | None:
        """Return the headers of the records that are good; None if one of them has a name twice."""
        index, counts = self._index, self._counts
        offsets = pa.concat_arrays([ZERO, pc.cumulative_sum(counts)])
        record = pc.list_parent_indices(pa.ListArray.from_arrays(offsets, index))
        if not pc.all(good).as_py():
            kept = good.take(record)
            index, record, counts = index.filter(kept), record.filter(kept), counts.filter(good)
            offsets = pa.concat_arrays([ZERO, pc.cumulative_sum(counts)])
        names = self._names.dictionary_encode()
        # a record and a name of it as one number
        which = pc.add(pc.multiply(record, len(names.dictionary)), names.indices.take(index))
        if pc.count_distinct(which).as_py() < len(index):
            return None
        singles = pa.ListArray.from_arrays(pa.arange(0, len(index) + 1).cast(pa.int32()), self._values.take(index))
        return pa.MapArray.from_arrays(offsets, self._names.take(index), singles)
