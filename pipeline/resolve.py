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

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import PUBLIC, Address, Policy, Ranges, classify, parse_hop
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

Columns = dict[str, pa.Array]
NO_TEXT = pa.scalar(None, pa.string())


class Texts:
    """The distinct texts of an array, each parsed once by one grammar; `index` says which of them each place holds."""

    def __init__(self, texts: pa.Array, parse: Callable[[str], Address | None] = parse_hop) -> None:
        """Parse the distinct strings of texts; null stays null."""
        encoded = texts.dictionary_encode()
        self.index = encoded.indices
        self.addresses = [None if text is None else parse(text) for text in encoded.dictionary.to_pylist()]

    def all_of(self, holds: Callable[[bytes], bool]) -> pa.Array:
        """Return for each place whether it is an address of which this holds; False for no address and for null."""
        known = pa.array([one is not None and holds(one[0]) for one in self.addresses], pa.bool_())
        return pc.fill_null(known.take(self.index), fill_value=False)

    def columns(self, which: pa.Array) -> Columns:
        """Return client_ip, client_ip_num and client_class of the distinct texts numbered by which; null for null."""
        named: set[int | None] = set(which.unique().to_pylist())
        addresses = [one if number in named else None for number, one in enumerate(self.addresses)]
        text = pa.array([None if one is None else str(one) for one in addresses], pa.string())
        packed = pa.array([None if one is None else one[0] for one in addresses], pa.binary())
        classes = pa.array([None if one is None else classify(one[0]) for one in addresses], pa.string())
        return {
            "client_ip": text.take(which),
            "client_ip_num": packed.take(which),
            "client_class": classes.take(which),
        }


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
    trusted = ends.all_of(policy.trusted.__contains__)
    own = ends.columns(ends.index)
    own["client_source"] = pc.if_else(
        own["client_ip"].is_valid(), pc.if_else(from_proxy.is_valid(), SOURCE_PROXIED, SOURCE_PEER), NO_TEXT
    )
    own["client_depth"] = pa.repeat(pa.scalar(0, pa.int64()), rows)
    pieces = _Pieces(rows)
    for step in policy.steps:
        left = pieces.left
        if step.name == REMOTE_ADDR:
            found = _taken(own, left, rows)
            found["client_reason"] = pc.if_else(found["client_ip"].is_valid(), PEER.code, PEER_INVALID.code)
            pieces.add(left, found, final=not policy.is_chain)
            continue
        if policy.trusted or step.name == RIGHTMOST_UNTRUSTED:
            stranger = pc.and_(own["client_ip"].is_valid(), pc.invert(trusted)).take(left)
            strangers = left.filter(stranger)
            found = _taken(own, strangers, rows)
            found["client_reason"] = pa.repeat(pa.scalar(PEER_UNTRUSTED.code), len(strangers))
            pieces.add(strangers, found, final=True)
            left = left.filter(pc.invert(stranger))
        column = headers[step.header]
        found = STEPS[step.name](column if len(left) == rows else column.take(left), step, policy.trusted)
        found["client_source"] = pc.if_else(found["client_ip"].is_valid(), step.header, NO_TEXT)
        pieces.add(left, found, final=not policy.is_chain)
    columns = pieces.together()
    text = own["client_ip"] if ends is peers else peers.columns(peers.index)["client_ip"]
    return {**columns, "peer_ip": text, "peer_trusted": trusted}


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


def _taken(columns: Columns, which: pa.Array, rows: int) -> Columns:
    names = ("client_ip", "client_ip_num", "client_class", "client_source", "client_depth")
    return {name: columns[name] if len(which) == rows else columns[name].take(which) for name in names}


def _numbers(count: int) -> pa.Array:
    return pa.array(range(count), pa.int64())


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


def _is_public(packed: bytes) -> bool:
    return classify(packed) == PUBLIC


def _rightmost_untrusted(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.last(pc.invert(lists.hops.all_of(trusted.__contains__)))
    return lists.answer(boundary, BY_RIGHTMOST_UNTRUSTED.code, ALL_TRUSTED.code)


def _rightmost_count(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    enough = pc.greater_equal(lists.lengths, step.nth)
    boundary = pc.if_else(enough, pc.subtract(lists.ends, step.nth), None)
    return lists.answer(boundary, BY_RIGHTMOST_COUNT.code, TOO_FEW_HOPS.code)


def _rightmost_nonprivate(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.last(lists.hops.all_of(_is_public))
    return lists.answer(boundary, BY_RIGHTMOST_NONPRIVATE.code, NONE_PUBLIC.code)


def _leftmost_nonprivate(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.first(lists.hops.all_of(_is_public))
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
