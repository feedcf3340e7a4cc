"""
Batches of requests to the ids of the signatures that each matches.

1. Most requests are ordinary, and most come again. So each distinct target, agent and header is looked at once a batch,
   and a few passes of RE2 (`prefilter`) say which cannot match: those are never touched by Python.
2. Of the others what was found is remembered (`Table`), over batches, as scanners and crawlers repeat themselves.
3. What is left is decoded (`texts`) and matched (`match`), the values of all columns together.

Memory is bounded: CHUNK_CHARS of values are worked on at once, MAX_KNOWN are remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.signatures.catalogue import SIGNATURES
from pipeline.signatures.match import Hits, matched
from pipeline.signatures.prefilter import suspects
from pipeline.signatures.signature import Area
from pipeline.signatures.texts import texts_of

IDS_TYPE = pa.list_(pa.string())
CHUNK_CHARS = 2 << 20  # of values decoded at once; their texts are some ten times as much
MAX_KNOWN = 1 << 16  # values whose hits are remembered, a table
# Values that cannot match and are not looked at again, a table; finding them takes a tenth of looking at them anew.
MAX_ORDINARY, MAX_ORDINARY_BYTES = 1 << 16, 8 << 20
MAX_KNOWN_CHARS = 512  # a longer value is not: it is seldom seen twice, and an attacker's megabytes are not kept
# Headers without a payload, in their place elsewhere in the record, or another in each request
NOT_MATCHED = pa.array(
    ["authorization", "proxy-authorization", "user-agent", "x-request-id", "traceparent", "tracestate", "host"]
)
CONDITIONAL = frozenset(number for number, one in enumerate(SIGNATURES) if one.methods)


class Table:
    """What is remembered of the values of a column, over batches."""

    def __init__(self, area: Area) -> None:
        self.area = area
        self.known: dict[str, Hits] = {}
        self.ordinary = pa.array([], pa.string())

    def remember(self, value: str, hits: Hits) -> None:
        """Keep what a value matches; of a full table nothing stays."""
        if len(value) <= MAX_KNOWN_CHARS:
            if len(self.known) >= MAX_KNOWN:
                self.known.clear()
            self.known[value] = hits

    def suspects(self, values: pa.Array) -> pa.Array:
        """Return the places of distinct values that may match."""
        places = pc.indices_nonzero(values.is_valid())
        if len(self.ordinary):
            places = pc.indices_nonzero(pc.and_(values.is_valid(), pc.invert(pc.is_in(values, self.ordinary))))
        if not len(places):  # making the automata takes longer than using them
            return places
        looked_at = values.take(places)
        may = suspects(self.area, looked_at)
        if len(self.ordinary) < MAX_ORDINARY and self.ordinary.nbytes < MAX_ORDINARY_BYTES:
            new = looked_at.filter(pc.invert(may))
            new = new.filter(pc.less_equal(pc.binary_length(new), MAX_KNOWN_CHARS))
            self.ordinary = pa.concat_arrays([self.ordinary, new.slice(0, MAX_ORDINARY - len(self.ordinary))])
        return places.filter(may)


class Asked(NamedTuple):
    """
    The distinct values of a column of a batch.

    indices  of each entry into the values; rows of the batch, or headers of rows
    rows     the row of each entry; None: the entries are the rows
    found    place of a value -> what it matches, where it matches something
    new      places of values that are still to be matched, and these
    """

    table: Table
    indices: pa.Array
    rows: pa.Array | None
    found: dict[int, Hits]
    new: list[tuple[int, str]]


TABLES: dict[str, Table] = {
    "target": Table("line"),
    "user_agent": Table("agent"),
    "method": Table("method"),
    "protocol": Table("protocol"),
}
REFERERS, HEADERS = Table("referer"), Table("header")


def signatures_of(columns: dict[str, pa.Array]) -> pa.Array:
    """
    Return for each row the ids of the signatures that its request matches, in the order of SIGNATURES; [] for none.

    columns  method, target, protocol, user_agent (text) and headers (HEADERS_TYPE) of the record
    """
    rows = len(columns["target"])
    asked = [_ask(table, columns[name], None) for name, table in TABLES.items()]
    asked += _ask_headers(columns["headers"])
    _answer(asked)
    found = _Sets(rows)
    for one in asked:
        if not one.found:
            continue
        if one.rows is None:
            found.add(one.indices, one.found)
        else:
            found.add_few(one)
    return found.lists(columns["method"])


def _ask(table: Table, column: pa.Array, rows: pa.Array | None) -> Asked:
    encoded = column.dictionary_encode()
    asked = Asked(table, encoded.indices, rows, {}, [])
    which = table.suspects(encoded.dictionary)
    for place, value in zip(which.to_pylist(), encoded.dictionary.take(which).to_pylist(), strict=True):
        hits = table.known.get(value)
        if hits is None:
            asked.new.append((place, value))
        elif hits:
            asked.found[place] = hits
    return asked


def _ask_headers(headers: pa.Array) -> list[Asked]:
    """Return what is asked of Referer, and of the other headers together."""
    if not len(headers) or headers.offsets[0].as_py() == headers.offsets[-1].as_py():
        return []
    first, end = headers.offsets[0].as_py(), headers.offsets[-1].as_py()
    fields = headers.items.slice(first, end - first)
    values, header = pc.list_flatten(fields), pc.list_parent_indices(fields)
    rows = pc.list_parent_indices(pa.ListArray.from_arrays(headers.offsets, headers.keys)).take(header)
    names = headers.keys.slice(first, end - first).take(header)
    referer = pc.equal(names, "referer")
    other = pc.invert(pc.or_(referer, pc.is_in(names, NOT_MATCHED)))
    return [
        _ask(table, values.filter(mask), rows.filter(mask)) for table, mask in ((REFERERS, referer), (HEADERS, other))
    ]


def _answer(asked: list[Asked]) -> None:
    """Match what is new."""
    for chunk in _chunks(asked):
        answers = matched([texts_of(one.table.area, value) for one, _, value in chunk])
        for (one, place, value), hits in zip(chunk, answers, strict=True):
            one.table.remember(value, hits)
            if hits:
                one.found[place] = hits


def _chunks(asked: list[Asked]) -> Iterator[list[tuple[Asked, int, str]]]:
    chunk: list[tuple[Asked, int, str]] = []
    chars = 0
    for one in asked:
        for place, value in one.new:
            chunk.append((one, place, value))
            chars += len(value)
            if chars > CHUNK_CHARS:
                yield chunk
                chunk, chars = [], 0
    if chunk:
        yield chunk


class _Sets:
    """The set of hits of each row, as a number: most rows have one of few sets."""

    def __init__(self, rows: int) -> None:
        self.sets: list[Hits] = [()]
        self.code: pa.Array = pa.repeat(pa.scalar(0, pa.int64()), rows)

    def add(self, indices: pa.Array, found: dict[int, Hits]) -> None:
        """Add to each row what its value matches; `indices` are the rows' places of values."""
        numbers: dict[Hits, int] = {(): 0}
        size = max(found) + 1
        of_place = [0] * size
        for place, hits in found.items():
            of_place[place] = numbers.setdefault(hits, len(numbers))
        inside = pc.if_else(pc.less(indices, size), indices, None)
        more = pc.fill_null(pa.array(of_place, pa.int64()).take(inside), 0)
        self._combine(more, list(numbers))

    def add_few(self, asked: Asked) -> None:
        """Add to rows what their headers match; few do."""
        wanted = pa.array(sorted(asked.found), asked.indices.type)
        which = pc.indices_nonzero(pc.is_in(asked.indices, wanted))
        assert asked.rows is not None
        of_row: dict[int, Hits] = {}
        for row, place in zip(asked.rows.take(which).to_pylist(), asked.indices.take(which).to_pylist(), strict=True):
            of_row[row] = tuple(sorted({*of_row.get(row, ()), *asked.found[place]}))
        self.add(pa.arange(0, len(self.code)), of_row)

    def _combine(self, more: pa.Array, sets: list[Hits]) -> None:
        """Make each pair of numbers one; there are no more pairs than rows, so numbers stay small."""
        both = pc.add(pc.multiply(self.code, len(sets)), more).dictionary_encode()
        pairs = [divmod(pair, len(sets)) for pair in both.dictionary.to_pylist()]
        self.sets = [tuple(sorted({*self.sets[left], *sets[right]})) for left, right in pairs]
        self.code = both.indices.cast(pa.int64())

    def lists(self, methods: pa.Array) -> pa.Array:
        """Return the ids; a signature for some methods counts for these alone."""
        if any(not CONDITIONAL.isdisjoint(hits) for hits in self.sets):
            encoded = methods.dictionary_encode()
            names = [*encoded.dictionary.to_pylist(), None]
            place = pc.fill_null(encoded.indices.cast(pa.int64()), len(names) - 1)
            both = pc.add(pc.multiply(self.code, len(names)), place).dictionary_encode()
            pairs = [divmod(pair, len(names)) for pair in both.dictionary.to_pylist()]
            self.sets = [_allowed(self.sets[left], names[right]) for left, right in pairs]
            self.code = both.indices
        return pa.array([[SIGNATURES[number].id for number in hits] for hits in self.sets], IDS_TYPE).take(self.code)


def _allowed(hits: Hits, method: str | None) -> Hits:
    return tuple(one for one in hits if not SIGNATURES[one].methods or method in SIGNATURES[one].methods)
