"""
The vectorised resolver: a batch of records and a policy to the effective client of each row.

It owns no rule. Each distinct text of a batch is parsed once, by the grammar that the scalar resolver reads it with,
and looked up once in the policy's ranges; the walk over all lists is then arithmetic on arrays. A list's boundary is
the last of its hops that stops the walk: number the hops of all lists in one row, keep the running maximum of the
numbers that stop, and read it off at each list's end. What the client's address is in text, in bytes and by class is
worked out for those distinct texts alone that some row names.

Equal to `Policy.resolve` on every row; tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import repeat
from socket import AF_INET, inet_pton

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import PUBLIC, Address, Policy, Ranges, classify, parse_hop
from echo.clientip.address import V4_PREFIX
from echo.clientip.ranges import CLASS_FIRSTS, CLASSES, V4_FIRST, V4_LAST
from echo.clientip.resolve import (
    ALL_TRUSTED,
    BY_LEFTMOST_NONPRIVATE,
    BY_RIGHTMOST_COUNT,
    BY_RIGHTMOST_NONPRIVATE,
    BY_RIGHTMOST_UNTRUSTED,
    BY_SINGLE_HEADER,
    CHAIN_EXHAUSTED,
    HOP_INVALID,
    NO_HEADER,
    NONE_PUBLIC,
    PARSERS,
    PEER,
    PEER_INVALID,
    PEER_UNTRUSTED,
    SOURCE_PEER,
    SOURCE_PROXIED,
    TOO_FEW_HOPS,
)
from echo.clientip.strategies import (
    LEFTMOST_NONPRIVATE,
    REMOTE_ADDR,
    RIGHTMOST_COUNT,
    RIGHTMOST_NONPRIVATE,
    RIGHTMOST_UNTRUSTED,
    SINGLE_HEADER,
    Step,
)

POLICY_OF_RECORD = "record"  # in column `policy`: the server's own verdict was kept
# Classes of addresses that a proxy, a node or a colleague has, and no attacker from outside
INSIDE = frozenset({"loopback", "cloud-metadata", "link-local", "private", "cgnat"})

MIN_ROWS_A_TAIL = 8  # on average; below, judging tails by themselves costs more than walking their rows

# what inet_pton takes for IPv4 and prints the same; 0.0.0.0 is nobody, and left to the grammar
BARE_IPV4 = r"^(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$"
BLANKS = " \t"
_V4_CUTS = [(first, name) for first, name in zip(CLASS_FIRSTS, CLASSES, strict=True) if first.startswith(V4_PREFIX)]
V4_FIRSTS = pa.array([int.from_bytes(first[12:]) for first, _ in _V4_CUTS], pa.uint32())
V4_CLASSES = pa.array([name for _, name in _V4_CUTS], pa.string())

Columns = dict[str, pa.Array]
NO_TEXT = pa.scalar(None, pa.string())


class Texts:
    """
    The distinct texts of an array, each read once by one grammar; `index` says which of them each place holds.

    Bare IPv4, as most hops are, goes through inet_pton and the tables of ranges as columns; every other text through
    the grammar, one by one. What the addresses are is asked for the first time that it is needed.
    """

    def __init__(self, texts: pa.Array, parse: Callable[[str], Address | None] = parse_hop) -> None:
        """Read the distinct strings of texts; null stays null."""
        encoded = texts.dictionary_encode()
        self.index = encoded.indices
        distinct = encoded.dictionary
        bare = pc.utf8_trim(distinct, BLANKS) if parse is parse_hop else pa.nulls(len(distinct), pa.string())
        self._plain = pc.fill_null(pc.match_substring_regex(bare, BARE_IPV4), fill_value=False)
        self._bare = bare
        self._numbers = _ipv4_numbers(bare.filter(self._plain))
        others = distinct.filter(pc.invert(self._plain)).to_pylist()
        self._others = [None if text is None else parse(text) for text in others]

    def _merged(self, plain: pa.Array, others: pa.Array) -> pa.Array:
        """Return one value a distinct text out of those of bare IPv4 and those of the others, each in order."""
        if not len(others):
            return plain
        if not len(plain):
            return others
        place = pc.subtract(pc.cumulative_sum(self._plain.cast(pa.int64())), 1)
        return pc.replace_with_mask(plain.take(pc.if_else(self._plain, place, None)), pc.invert(self._plain), others)

    def valid(self) -> pa.Array:
        """Return for each place whether it is an address; False for null."""
        others = pa.array([one is not None for one in self._others], pa.bool_())
        known = self._merged(pa.repeat(pa.scalar(True), len(self._numbers)), others)
        return pc.fill_null(known.take(self.index), fill_value=False)

    def within(self, ranges: Ranges) -> pa.Array:
        """Return for each place whether it is an address in the ranges; False for null."""
        spans = [
            (max(first, V4_FIRST), min(last, V4_LAST))
            for first, last in ranges.spans()
            if first <= V4_LAST and last >= V4_FIRST
        ]
        plain = pa.repeat(pa.scalar(False), len(self._numbers))
        if spans and len(plain):
            firsts, lasts = (pa.array([int.from_bytes(span[at][12:]) for span in spans], pa.uint32()) for at in (0, 1))
            at = pc.subtract(pc.search_sorted(firsts, self._numbers, side="right").cast(pa.int64()), 1)
            last = lasts.take(pc.if_else(pc.greater_equal(at, 0), at, None))
            plain = pc.fill_null(pc.less_equal(self._numbers, last), fill_value=False)
        others = pa.array([one is not None and one[0] in ranges for one in self._others], pa.bool_())
        return pc.fill_null(self._merged(plain, others).take(self.index), fill_value=False)

    def _classes(self) -> pa.Array:
        """Return the class of each distinct text."""
        at = pc.subtract(pc.search_sorted(V4_FIRSTS, self._numbers, side="right").cast(pa.int64()), 1)
        plain = V4_CLASSES.take(at) if len(at) else pa.array([], pa.string())
        return self._merged(
            plain, pa.array([None if one is None else classify(one[0]) for one in self._others], pa.string())
        )

    def public(self) -> pa.Array:
        """Return for each place whether it is a public address; False for null."""
        return pc.fill_null(pc.equal(self._classes(), PUBLIC).take(self.index), fill_value=False)

    def text(self, which: pa.Array) -> pa.Array:
        """Return the canonical text of the distinct texts numbered by which; null for null and for no address."""
        others = pa.array([None if one is None else str(one) for one in self._others], pa.string())
        return self._merged(self._bare.filter(self._plain), others).take(which)

    def columns(self, which: pa.Array) -> Columns:
        """Return client_ip, client_ip_num and client_class of the distinct texts numbered by which; null for null."""
        others = self._others
        four = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(4), len(self._numbers), [None, _swapped(self._numbers).buffers()[1]]
        ).cast(pa.binary())
        packed = pc.binary_join_element_wise(pa.scalar(V4_PREFIX, pa.binary()), four, pa.scalar(b"", pa.binary()))
        number = self._merged(packed, pa.array([None if one is None else one[0] for one in others], pa.binary()))
        return {
            "client_ip": self.text(which),
            "client_ip_num": number.take(which),
            "client_class": self._classes().take(which),
        }


def _ipv4_numbers(texts: pa.Array) -> pa.Array:
    """Return bare IPv4 addresses as uint32."""
    packed = b"".join(map(inet_pton, repeat(AF_INET), texts.to_pylist()))
    return _swapped(pa.Array.from_buffers(pa.uint32(), len(texts), [None, pa.py_buffer(packed)]))


def _swapped(numbers: pa.Array) -> pa.Array:
    """Return uint32s with their bytes in the other order."""
    parts = [pc.bit_wise_and(numbers, pa.scalar(mask, pa.uint32())) for mask in (0xFF, 0xFF00, 0xFF0000, 0xFF000000)]
    shifted = [
        pc.shift_left(parts[0], pa.scalar(24, pa.uint32())),
        pc.shift_left(parts[1], pa.scalar(8, pa.uint32())),
        pc.shift_right(parts[2], pa.scalar(8, pa.uint32())),
        pc.shift_right(parts[3], pa.scalar(24, pa.uint32())),
    ]
    return pc.bit_wise_or(pc.bit_wise_or(shifted[0], shifted[1]), pc.bit_wise_or(shifted[2], shifted[3]))


def addresses(texts: pa.Array) -> Columns:
    """Return client_ip, client_ip_num and client_class of texts as they stand."""
    found = Texts(texts)
    return found.columns(found.index)


def read_headers(headers: pa.Array, policy: Policy) -> dict[str, pa.Array]:
    """
    Return for each header that the policy reads a string a row, null where the row has none.

    headers  name -> fields in order of arrival, as the lake keeps them

    The fields of a list are joined by commas (RFC 9110 §5.3); of a header of one address the last field counts.
    """
    return {name: _fields(headers, name, last=name not in PARSERS) for name in policy.headers}


def _fields(headers: pa.Array, name: str, *, last: bool) -> pa.Array:
    offsets, keys = headers.offsets, headers.keys
    rows = _numbers(len(headers))
    counts = pc.subtract(offsets[1:], offsets[:-1])
    row_of_entry = (
        pc.list_parent_indices(pa.ListArray.from_arrays(offsets, keys)) if len(keys) else pa.array([], pa.int64())
    )
    first = offsets[0].as_py() if len(offsets) else 0
    span = pc.sum(counts).as_py() or 0
    wanted = pc.equal(keys.slice(first, span), name)
    values = headers.items.slice(first, span).filter(wanted).cast(pa.list_(pa.string()))
    where = pc.index_in(rows, row_of_entry.cast(pa.int64()).filter(wanted))
    if not last:
        return pc.binary_join(values, ",").take(where)
    lengths = pc.fill_null(pc.list_value_length(values), 0)
    ends = pc.subtract(pc.cumulative_sum(lengths.cast(pa.int64())), 1)
    return pc.list_flatten(values).take(pc.if_else(pc.greater(lengths, 0), ends, None)).take(where)


def resolve(
    peer: pa.Array, headers: Mapping[str, pa.Array], policy: Policy, proxied: pa.Array | None = None
) -> Columns:
    """
    Resolve rows.

    peer     the other end of the socket as text, null if there is none
    headers  what `read_headers` gives
    proxied  the source of a PROXY header, which takes the peer's place where it is not null

    Returns the columns peer_ip (canonical, null where the peer is no address), client_ip, client_ip_num, client_class,
    client_source, client_reason, client_depth (int64) and peer_trusted (bool).
    """
    rows = len(peer)
    from_proxy = pa.nulls(rows, pa.string()) if proxied is None else proxied
    peers = Texts(peer)
    ends = peers if from_proxy.null_count == rows else Texts(pc.coalesce(from_proxy, peer))
    trusted, valid = ends.within(policy.trusted), ends.valid()

    def own(which: pa.Array, reason: pa.Array) -> Columns:
        """Return the columns of the rows numbered which, whose client is the peer."""
        columns = ends.columns(ends.index.take(which))
        kind = pc.if_else(from_proxy.take(which).is_valid(), SOURCE_PROXIED, SOURCE_PEER)
        columns["client_source"] = pc.if_else(columns["client_ip"].is_valid(), kind, NO_TEXT)
        columns["client_reason"] = reason
        columns["client_depth"] = pa.repeat(pa.scalar(0, pa.int64()), len(which))
        return columns

    pieces = _Pieces(rows)
    for step in policy.steps:
        left = pieces.left
        if step.name == REMOTE_ADDR:
            reason = pc.if_else(valid.take(left), PEER.code, PEER_INVALID.code)
            pieces.add(left, own(left, reason), final=not policy.is_chain)
            continue
        if policy.trusted or step.name == RIGHTMOST_UNTRUSTED:
            stranger = pc.and_(valid, pc.invert(trusted))
            if pc.any(stranger).as_py():
                stranger = stranger.take(left)
                strangers = left.filter(stranger)
                reason = pa.repeat(pa.scalar(PEER_UNTRUSTED.code), len(strangers))
                pieces.add(strangers, own(strangers, reason), final=True)
                left = left.filter(pc.invert(stranger))
        column = headers[step.header]
        found = STEPS[step.name](column if len(left) == rows else column.take(left), step, policy.trusted)
        found["client_source"] = pc.if_else(found["client_ip"].is_valid(), step.header, NO_TEXT)
        pieces.add(left, found, final=not policy.is_chain)
    columns = pieces.together()
    return {**columns, "peer_ip": peers.text(peers.index), "peer_trusted": trusted}


class _Pieces:
    """Rows resolved so far, in pieces; `left` are the numbers of those that no strategy has settled yet."""

    def __init__(self, rows: int) -> None:
        self.left = _numbers(rows)
        self._rows = rows
        self._pieces: list[tuple[pa.Array, Columns]] = []

    def add(self, which: pa.Array, found: Columns, *, final: bool) -> None:
        """Add the columns of the rows numbered which; not final: only where a client was found."""
        if not final:
            settled = found["client_ip"].is_valid()
            which = which.filter(settled)
            found = {name: column.filter(settled) for name, column in found.items()}
        if len(which) == len(self.left):
            self.left = self.left[:0]
        elif len(which):
            self.left = self.left.filter(pc.invert(pc.is_in(self.left, which)))
        if len(which):
            self._pieces.append((which, found))

    def together(self) -> Columns:
        """Return the columns of all rows; those that are left are those of an exhausted chain."""
        if len(self.left) or not self._pieces:
            self._pieces.append((self.left, _nobody(len(self.left))))
        if len(self._pieces) == 1:
            return self._pieces[0][1]
        order = pa.concat_arrays([which for which, _ in self._pieces])
        place = pc.inverse_permutation(order, max_index=self._rows - 1)
        return {
            name: pa.concat_arrays([found[name] for _, found in self._pieces]).take(place)
            for name in self._pieces[0][1]
        }


def _nobody(rows: int) -> Columns:
    return {
        "client_ip": pa.nulls(rows, pa.string()),
        "client_ip_num": pa.nulls(rows, pa.binary()),
        "client_class": pa.nulls(rows, pa.string()),
        "client_source": pa.nulls(rows, pa.string()),
        "client_reason": pa.repeat(pa.scalar(CHAIN_EXHAUSTED.code), rows),
        "client_depth": pa.repeat(pa.scalar(0, pa.int64()), rows),
    }


def _numbers(count: int) -> pa.Array:
    return pa.arange(0, count)


# --- the strategies ---------------------------------------------------------------------------------------------------


class _Lists:
    """Lists of one header, split: the hops of all rows one after the other, and where each row's begin and end."""

    def __init__(self, column: pa.Array, step: Step) -> None:
        lists = pc.split_pattern(column, ",")
        self.lengths = pc.fill_null(pc.list_value_length(lists), 0).cast(pa.int64())
        self.ends = pc.cumulative_sum(self.lengths)
        self.starts = pc.subtract(self.ends, self.lengths)
        self.hops = Texts(pc.list_flatten(lists), PARSERS[step.header])

    def last(self, stops: pa.Array) -> pa.Array:
        """Return the number of each row's last hop that stops, null where none does."""
        numbers = pc.if_else(stops, _numbers(len(stops)), -1)
        running = pc.cumulative_max(numbers)
        found = running.take(pc.if_else(pc.greater(self.lengths, 0), pc.subtract(self.ends, 1), None))
        return pc.if_else(pc.greater_equal(found, self.starts), found, None)

    def first(self, stops: pa.Array) -> pa.Array:
        """Return the number of each row's first hop that stops, null where none does."""
        numbers = _numbers(len(stops)).filter(stops)
        before = pc.cumulative_sum(stops.cast(pa.int64()))
        passed = pc.coalesce(before.take(pc.if_else(pc.greater(self.starts, 0), pc.subtract(self.starts, 1), None)), 0)
        found = numbers.take(pc.if_else(pc.less(passed, len(numbers)), passed, None))
        return pc.if_else(pc.less(found, self.ends), found, None)

    def answer(self, boundary: pa.Array, reason: str, none: str) -> Columns:
        """
        Return the columns of rows by the number of the hop at the boundary.

        reason, none  codes where the boundary is an address, and where there is no boundary though there is a header
        """
        columns = self.hops.columns(self.hops.index.take(boundary))
        found = pc.if_else(columns["client_ip"].is_valid(), reason, HOP_INVALID.code)
        missing = pc.if_else(pc.greater(self.lengths, 0), none, NO_HEADER.code)
        columns["client_reason"] = pc.if_else(boundary.is_valid(), found, missing)
        columns["client_depth"] = pc.coalesce(pc.subtract(self.ends, boundary), self.lengths)
        return columns


def _rightmost_untrusted(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    """
    Walk by tails: proxies are few, so that what stands behind a list's first entry repeats, and is judged once.

    Where all of a row's tail is trusted, its first entry is the boundary. Rows with an untrusted hop further right, and
    columns whose tails do not repeat, are walked hop by hop.
    """
    halves = pc.split_pattern(column, ",", max_splits=1)
    lengths = pc.fill_null(pc.list_value_length(halves), 0)
    starts = pc.subtract(pc.cumulative_sum(lengths.cast(pa.int64())), lengths)
    texts = pc.list_flatten(halves)
    tails = texts.take(pc.if_else(pc.greater(lengths, 1), pc.add(starts, 1), None)).dictionary_encode()
    if len(tails.dictionary) > len(column) // MIN_ROWS_A_TAIL:
        return _walked(column, step, trusted)
    parse = PARSERS[step.header]
    counts = [_trusted_hops(tail, parse, trusted) for tail in tails.dictionary.to_pylist()]
    passed = pa.array(counts, pa.int64()).take(tails.indices)
    passed = pc.if_else(pc.less_equal(lengths, 1), 0, passed)
    hard = passed.is_null()
    if pc.any(hard).as_py():
        numbers = _numbers(len(column))
        pieces = _Pieces(len(column))
        for which, walk in ((numbers.filter(hard), _walked), (numbers.filter(pc.invert(hard)), _rightmost_untrusted)):
            pieces.add(which, walk(column.take(which), step, trusted), final=True)
        return pieces.together()
    heads = Texts(texts.take(pc.if_else(pc.greater(lengths, 0), starts, None)), parse)
    stops = pc.invert(heads.within(trusted))
    columns = heads.columns(pc.if_else(stops, heads.index, None))
    found = pc.if_else(columns["client_ip"].is_valid(), BY_RIGHTMOST_UNTRUSTED.code, HOP_INVALID.code)
    reason = pc.if_else(stops, found, ALL_TRUSTED.code)
    columns["client_reason"] = pc.if_else(column.is_valid(), reason, NO_HEADER.code)
    columns["client_depth"] = pc.if_else(column.is_valid(), pc.add(passed, 1), 0)
    return columns


def _trusted_hops(tail: str | None, parse: Callable[[str], Address | None], trusted: Ranges) -> int | None:
    """Return how many hops a tail has, None if one of them is no trusted address."""
    entries = [] if tail is None else tail.split(",")
    addresses = [parse(entry) for entry in entries]
    return len(entries) if all(one is not None and one[0] in trusted for one in addresses) else None


def _walked(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.last(pc.invert(lists.hops.within(trusted)))
    return lists.answer(boundary, BY_RIGHTMOST_UNTRUSTED.code, ALL_TRUSTED.code)


def _rightmost_count(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    enough = pc.greater_equal(lists.lengths, step.nth)
    boundary = pc.if_else(enough, pc.subtract(lists.ends, step.nth), None)
    return lists.answer(boundary, BY_RIGHTMOST_COUNT.code, TOO_FEW_HOPS.code)


def _rightmost_nonprivate(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.last(lists.hops.public())
    return lists.answer(boundary, BY_RIGHTMOST_NONPRIVATE.code, NONE_PUBLIC.code)


def _leftmost_nonprivate(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.first(lists.hops.public())
    return lists.answer(boundary, BY_LEFTMOST_NONPRIVATE.code, NONE_PUBLIC.code)


def _single_header(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    values = Texts(column)
    columns = values.columns(values.index)
    found = pc.if_else(columns["client_ip"].is_valid(), BY_SINGLE_HEADER.code, HOP_INVALID.code)
    columns["client_reason"] = pc.if_else(column.is_valid(), found, NO_HEADER.code)
    columns["client_depth"] = column.is_valid().cast(pa.int64())
    return columns


# strategy -> (its column, the step, the trusted ranges) -> columns of all its rows
STEPS: Mapping[str, Callable[[pa.Array, Step, Ranges], Columns]] = {
    RIGHTMOST_UNTRUSTED: _rightmost_untrusted,
    RIGHTMOST_COUNT: _rightmost_count,
    RIGHTMOST_NONPRIVATE: _rightmost_nonprivate,
    LEFTMOST_NONPRIVATE: _leftmost_nonprivate,
    SINGLE_HEADER: _single_header,
}
