"""
Batches of requests to the ids of the signatures that each matches.

1. Most requests are ordinary, and most come again. So each distinct target, agent and header is looked at once a batch,
   and one RE2 pass (`suspects`) says which cannot match: those are never touched by Python.
2. Of the others what they said is remembered (`_known`), over batches, as scanners and crawlers repeat themselves.
3. What is left is decoded, once, and matched by one alternation a family and set of areas; only texts that match that
   are matched by its signatures one by one.

All matching is RE2's, in time linear in the text, whatever the text. Working memory is bounded by CHUNK_CHARS.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, reduce
from itertools import chain, groupby
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.signatures.catalogue import SIGNATURES
from pipeline.signatures.decode import bounded, decoded, plain_path, readings
from pipeline.signatures.hints import either_literal, hints
from pipeline.signatures.signature import Area, Signature

IDS_TYPE = pa.list_(pa.string())
CHUNK_CHARS = 2 << 20  # of values decoded at once; their readings are some ten times as much
MAX_KNOWN = 1 << 16  # values whose hits are remembered, a table
MAX_KNOWN_CHARS = 512  # a longer value is not: it is seldom seen twice, and an attacker's megabytes are not kept
NOT_MATCHED = frozenset({"authorization", "proxy-authorization", "x-request-id", "traceparent", "user-agent"})

Hits = tuple[int, ...]  # numbers of SIGNATURES, rising
Text = tuple[Area, str]

# What ordinary targets are not made of. Escapes of letters beyond ASCII are ordinary, those of ASCII are not, nor are
# those of forms that NFKC makes ASCII (U+FFxx, circled letters) and of UTF-8 that is too long.
ODD_IN_TARGET = (
    r"[^\w\-./~=&?,:@+% ]|%[0-7]|%[cC][01]|%[eE]0%[89]|%[fF]0%8|%[eE][fF]%[bB]|%[eE]2%[9]|%[uU]|%$|%[^0-9a-fA-F]"
    r"|\.\.|//|^[^/]"
)
# Headers are full of quotes, semicolons and parentheses; of a payload these are odd.
ODD_IN_HEADER = (
    r"[<>{}`$\\|^]|%(?:[01]|2[1-4789a]|25|3[bce]|5[bce]|60|7[bce]|c[01]|u)|&#|&[a-z]{2,6};|\.\./|'|\(\)|/\*|--|\bor\b"
    r"|union|select|sleep|:\W*[a-z0-9+.-]+://|[^\x00-\x7f]"
)


class Group(NamedTuple):
    """Signatures of a family that look at the same areas, and the pattern that matches what any of them does."""

    where: tuple[Area, ...]
    pattern: str
    numbers: tuple[int, ...]


def _groups() -> tuple[Group, ...]:
    def key(number: int) -> tuple[str, tuple[Area, ...]]:
        return SIGNATURES[number].family, SIGNATURES[number].where

    numbers = sorted(range(len(SIGNATURES)), key=key)
    return tuple(
        Group(where, either(SIGNATURES[number].pattern for number in members), tuple(members))
        for (_, where), found in groupby(numbers, key=key)
        if (members := list(found))
    )


def either(patterns: Iterable[str]) -> str:
    """Return a pattern that matches what any of these does."""
    return "(?s)" + "|".join(f"(?:{pattern})" for pattern in patterns)


class Prefilter(NamedTuple):
    """
    What tells values that may match by ordinary characters alone.

    literals  finds the hints of the patterns that have some
    rest      finds what the others match
    """

    literals: str
    rest: str


@cache
def prefilter(area: Area) -> Prefilter:
    """Return the prefilter for the values of a column; made when the first batch comes, as it takes a while."""
    areas = TARGET_AREAS if area == "line" else frozenset({area})
    literals: set[str] = set()
    rest = []
    for one in SIGNATURES:
        if not areas.isdisjoint(one.where) and (one.plain or one.where == ("agent",)):
            found = hints(one.pattern)
            if found is None:
                rest.append(one.pattern)
            else:
                literals |= found
    return Prefilter(either_literal(literals), either(rest))


GROUPS = _groups()
TARGET_AREAS = frozenset[Area]({"line", "url", "path", "args"})
CONDITIONAL = frozenset(number for number, one in enumerate(SIGNATURES) if one.methods)


def signatures_of(columns: dict[str, pa.Array]) -> pa.Array:
    """
    Return for each row the ids of the signatures that its request matches, in the order of SIGNATURES; [] for none.

    columns  method, target, protocol, user_agent (text) and headers (HEADERS_TYPE) of the record
    """
    rows = len(columns["target"])
    if not rows:
        return pa.array([], IDS_TYPE)
    found: dict[int, set[int]] = {}
    for table in (TARGETS, AGENTS, METHODS, PROTOCOLS):
        for row, hits in table.rows(columns[table.column]):
            found.setdefault(row, set()).update(hits)
    for row, hits in _header_rows(columns["headers"]):
        found.setdefault(row, set()).update(hits)
    if not found:
        return pa.repeat(pa.scalar([], IDS_TYPE), rows)
    return _lists(found, columns["method"], rows)


def _lists(found: dict[int, set[int]], methods: pa.Array, rows: int) -> pa.Array:
    """Return the column; most rows share one of few lists."""
    index = array("i", bytes(4 * rows))
    lists: dict[tuple[int, ...], int] = {(): 0}
    for row, hits in found.items():
        if not CONDITIONAL.isdisjoint(hits):
            method = methods[row].as_py()
            hits -= {number for number in hits if not _allows(SIGNATURES[number], method)}
        index[row] = lists.setdefault(tuple(sorted(hits)), len(lists))
    distinct = pa.array([[SIGNATURES[number].id for number in hits] for hits in lists], IDS_TYPE)
    return distinct.take(pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(index)]))


def _allows(signature: Signature, method: str | None) -> bool:
    return not signature.methods or method in signature.methods


class Table:
    """What is known of the values of one column."""

    def __init__(self, column: str, area: Area) -> None:
        self.column, self.area = column, area
        self._known: dict[str, Hits] = {}

    def suspects(self, values: pa.Array) -> pa.Array:
        """Return for each value whether it may match."""
        if self.area == "line":
            return suspect_targets(values)
        small = pc.ascii_lower(values)
        if self.area == "agent":
            return _any(small, *prefilter("agent"), ODD_IN_HEADER)
        if self.area in ("header", "referer"):
            return pc.match_substring_regex(small, ODD_IN_HEADER)
        return values.is_valid()

    def rows(self, column: pa.Array) -> Iterator[tuple[int, Hits]]:
        """Yield the rows that match, and what."""
        encoded = column.dictionary_encode()
        hits = self.hits(encoded.dictionary)
        if not hits:
            return
        wanted = pa.array(sorted(hits), encoded.indices.type)
        which = pc.indices_nonzero(pc.is_in(encoded.indices, wanted))
        for row, value in zip(which.to_pylist(), encoded.indices.take(which).to_pylist(), strict=True):
            yield row, hits[value]

    def hits(self, distinct: pa.Array) -> dict[int, Hits]:
        """Return the values that match by their place, and what."""
        which = pc.indices_nonzero(pc.fill_null(self.suspects(distinct), fill_value=False))
        values = distinct.take(which).to_pylist()
        found: dict[int, Hits] = {}
        new: list[tuple[int, str]] = []
        for place, value in zip(which.to_pylist(), values, strict=True):
            known = self._known.get(value)
            if known is None:
                new.append((place, value))
            elif known:
                found[place] = known
        for chunk in _chunks(new):
            answers = matched([list(self.texts(value)) for _, value in chunk])
            if len(self._known) + len(chunk) > MAX_KNOWN:
                self._known.clear()
            for (place, value), hits in zip(chunk, answers, strict=True):
                if len(value) <= MAX_KNOWN_CHARS:
                    self._known[value] = hits
                if hits:
                    found[place] = hits
        return found

    def texts(self, value: str) -> Iterator[Text]:
        """Yield what signatures are to see of a value."""
        return texts_of(self.area, value)


def suspect_targets(values: pa.Array) -> pa.Array:
    """Return for each target whether it may match."""
    odd = pc.match_substring_regex(values, ODD_IN_TARGET)
    rest = pc.if_else(odd, None, pc.ascii_lower(values))  # a null costs nothing
    rest = pc.replace_substring(rest, "+", " ")
    return pc.or_(odd, pc.fill_null(_any(rest, *prefilter("line")), fill_value=False))


def _any(values: pa.Array, *patterns: str) -> pa.Array:
    return reduce(pc.or_, (pc.match_substring_regex(values, pattern) for pattern in patterns))


def _chunks(new: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    chunk: list[tuple[int, str]] = []
    chars = 0
    for one in new:
        chunk.append(one)
        chars += len(one[1])
        if chars > CHUNK_CHARS:
            yield chunk
            chunk, chars = [], 0
    if chunk:
        yield chunk


TARGETS = Table("target", "line")
AGENTS = Table("user_agent", "agent")
METHODS = Table("method", "method")
PROTOCOLS = Table("protocol", "protocol")
REFERERS = Table("headers", "referer")
HEADERS = Table("headers", "header")


def _header_rows(headers: pa.Array) -> Iterator[tuple[int, Hits]]:
    """Yield the rows that match by a header, and what."""
    if not len(headers):
        return
    offsets = headers.offsets
    first, end = offsets[0].as_py(), offsets[-1].as_py()
    if first == end:
        return
    names, fields = headers.keys.slice(first, end - first), headers.items.slice(first, end - first)
    values = pc.list_flatten(fields)
    entry_of_value = pc.list_parent_indices(fields)
    names = names.take(entry_of_value)
    referer = pc.equal(names, "referer")
    other = pc.invert(pc.or_(referer, pc.is_in(names, pa.array(sorted(NOT_MATCHED)))))
    row_of_entry = pc.list_parent_indices(pa.ListArray.from_arrays(offsets, headers.keys))
    for table, mask in ((REFERERS, referer), (HEADERS, other)):
        which = pc.indices_nonzero(mask)
        if not len(which):
            continue
        for place, hits in table.rows(values.take(which)):
            yield row_of_entry[entry_of_value[which[place].as_py()].as_py()].as_py(), hits


def texts_of(area: Area, value: str) -> Iterator[Text]:
    """Yield the texts of all areas that a value of a column has, in lower case."""
    if area == "line":
        yield from _target_texts(value)
    elif area == "referer":
        plain = decoded(value.partition("?")[2] or value, plus=True)
        yield "referer", plain.lower()
        yield from (("referer", one) for one in readings(plain))
    elif area in ("agent", "header"):
        plain = decoded(value)
        yield area, plain.lower()
        yield from ((area, one) for one in readings(plain))
    else:
        yield area, bounded(value).lower()


_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?]*", re.IGNORECASE)


def _target_texts(target: str) -> Iterator[Text]:
    target = bounded(target)
    yield "line", target.lower()
    inner = _ABSOLUTE.match(target)
    if inner is not None:
        target = target[inner.end() :]
    path, mark, query = target.partition("?")
    path = decoded(path)
    small = path.lower()
    yield "path", small
    if not mark:
        yield "url", plain_path(small)
        inside = small.partition("?")[2]  # an escaped question mark: what is behind it is a query to some
        query, plain = inside, inside
    else:
        plain = decoded(query, plus=True)
        yield "url", plain_path(small) + "?" + plain.lower()
    yield from (("path", one) for one in readings(path))
    if query:
        yield "args", plain.lower()
        yield from (("args", one) for one in readings(plain))


def matched(values: Sequence[Sequence[Text]]) -> list[Hits]:
    """Return for each value the signatures that any of its texts matches."""
    owners: dict[Area, list[int]] = {}
    texts: dict[Area, list[str]] = {}
    for number, value in enumerate(values):
        for area, text in value:
            owners.setdefault(area, []).append(number)
            texts.setdefault(area, []).append(text)
    arrays = {area: pa.array(column, pa.string()) for area, column in texts.items()}
    hits: list[set[int]] = [set() for _ in values]
    for group in GROUPS:
        here = [area for area in group.where if area in arrays]
        if not here:
            continue
        column = pa.concat_arrays([arrays[area] for area in here])
        which = pc.indices_nonzero(pc.match_substring_regex(column, group.pattern))
        if not len(which):
            continue
        owner = list(chain.from_iterable(owners[area] for area in here))
        places = which.to_pylist()
        column = column.take(which)
        for number in group.numbers:
            for place in pc.indices_nonzero(
                pc.match_substring_regex(column, "(?s)" + SIGNATURES[number].pattern)
            ).to_pylist():
                hits[owner[places[place]]].add(number)
    return [tuple(sorted(found)) for found in hits]
