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
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import Address, Policy, Ranges
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
    REASONS,
    SOURCE_PEER,
    SOURCE_PROXIED,
    TOO_FEW_HOPS,
    Reason,
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
from pipeline.headers import read_headers
from pipeline.rows import BY_WRITER
from pipeline.texts import Columns, Texts

POLICY_OF_RECORD = "record"  # in column `policy`: the server's own verdict was kept
# Classes of addresses that a proxy, a node or a colleague has, and no attacker from outside
INSIDE = frozenset({"loopback", "cloud-metadata", "link-local", "private", "cgnat"})

MIN_ROWS_A_TAIL = 8  # on average; below, judging tails by themselves costs more than walking their rows
SAMPLED_ROWS = 8192  # tells whether it is worth looking for repeating tails in all rows

_REASON_CODES = pa.array(list(REASONS))
_NUMBER_OF_REASON = {code: number for number, code in enumerate(REASONS)}
NO_TEXT = pa.scalar(None, pa.string())


def resolve(batch: pa.RecordBatch, policy: Policy) -> pa.RecordBatch:
    """
    Resolve rows.

    batch   peer_ip, the other end of the socket as text, null if there is none; headers, name -> fields, as the lake
            keeps them; proxied_ip, the source of a PROXY header, which takes the peer's place where it is not null;
            other columns are not looked at

    Returns the columns peer_ip (canonical, null where the peer is no address), client_ip, client_ip_num, client_class,
    client_source, client_reason, client_depth (int64) and peer_trusted (bool), row for row.
    """
    peer, from_proxy = batch["peer_ip"], batch["proxied_ip"]
    headers = read_headers(batch["headers"], policy)
    rows = batch.num_rows
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
            reason = _reasons((pc.invert(valid.take(left)), PEER_INVALID), otherwise=PEER)
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
    columns = {**pieces.together(), "peer_ip": peers.text(peers.index), "peer_trusted": trusted}
    return pa.RecordBatch.from_pydict(columns)


def stands_alone(batch: pa.RecordBatch, found: pa.RecordBatch) -> pa.Array:
    """
    Return for each row whether what its writer took for its client is all that is known of it: there is no peer, as in
    Cloudflare's logs, and no header that the policy reads. Such a verdict cannot be worked out again.

    batch  rows with the client_source that they bring
    found  what resolve made of them
    """
    unheard = pc.is_in(found["client_reason"], pa.array([NO_HEADER.code, PEER_INVALID.code]))
    told = pc.fill_null(pc.equal(batch["client_source"], BY_WRITER), fill_value=False)
    return reduce(pc.and_, (told, unheard, batch["peer_ip"].is_null(), batch["proxied_ip"].is_null()))


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


def _reasons(*cases: tuple[pa.Array, Reason], otherwise: Reason) -> pa.Array:
    """Return the code of the first case that holds; numbers are chosen between, since choosing copies."""
    numbers = pa.scalar(_NUMBER_OF_REASON[otherwise.code], pa.int8())
    for holds, reason in reversed(cases):
        numbers = pc.if_else(holds, pa.scalar(_NUMBER_OF_REASON[reason.code], pa.int8()), numbers)
    return _REASON_CODES.take(numbers)


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

    def answer(self, boundary: pa.Array, reason: Reason, none: Reason) -> Columns:
        """
        Return the columns of rows by the number of the hop at the boundary.

        reason, none  where the boundary is an address, and where there is no boundary though there is a header
        """
        columns = self.hops.columns(self.hops.index.take(boundary))
        columns["client_reason"] = _reasons(
            (pc.equal(self.lengths, 0), NO_HEADER),
            (boundary.is_null(), none),
            (columns["client_ip"].is_null(), HOP_INVALID),
            otherwise=reason,
        )
        columns["client_depth"] = pc.coalesce(pc.subtract(self.ends, boundary), self.lengths)
        return columns


class _Halves:
    """Lists of one header, split behind each one's first entry; a tail is null where a list has one entry."""

    def __init__(self, column: pa.Array) -> None:
        halves = pc.split_pattern(column, ",", max_splits=1)
        texts = pc.list_flatten(halves)
        self.lengths = pc.fill_null(pc.list_value_length(halves), 0)
        starts = pc.subtract(pc.cumulative_sum(self.lengths.cast(pa.int64())), self.lengths)
        self.heads = texts.take(pc.if_else(pc.greater(self.lengths, 0), starts, None))
        self.tails = texts.take(pc.if_else(pc.greater(self.lengths, 1), pc.add(starts, 1), None)).dictionary_encode()


def _rightmost_untrusted(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    """
    Walk by tails: proxies are few, so that what stands behind a list's first entry repeats, and is judged once.

    Where all of a row's tail is trusted, its first entry is the boundary. Rows with an untrusted hop further right, and
    columns whose tails do not repeat, are walked hop by hop.
    """
    sample = column.slice(0, SAMPLED_ROWS)
    if len(sample) < len(column) and len(_Halves(sample).tails.dictionary) > SAMPLED_ROWS // 2:
        return _walked(column, step, trusted)
    halves = _Halves(column)
    tails, lengths = halves.tails, halves.lengths
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
    heads = Texts(halves.heads, parse)
    stops = pc.invert(heads.within(trusted))
    columns = heads.columns(pc.if_else(stops, heads.index, None))
    columns["client_reason"] = _reasons(
        (column.is_null(), NO_HEADER),
        (pc.invert(stops), ALL_TRUSTED),
        (columns["client_ip"].is_null(), HOP_INVALID),
        otherwise=BY_RIGHTMOST_UNTRUSTED,
    )
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
    return lists.answer(boundary, BY_RIGHTMOST_UNTRUSTED, ALL_TRUSTED)


def _rightmost_count(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    enough = pc.greater_equal(lists.lengths, step.nth)
    boundary = pc.if_else(enough, pc.subtract(lists.ends, step.nth), None)
    return lists.answer(boundary, BY_RIGHTMOST_COUNT, TOO_FEW_HOPS)


def _rightmost_nonprivate(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.last(lists.hops.public())
    return lists.answer(boundary, BY_RIGHTMOST_NONPRIVATE, NONE_PUBLIC)


def _leftmost_nonprivate(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    lists = _Lists(column, step)
    boundary = lists.first(lists.hops.public())
    return lists.answer(boundary, BY_LEFTMOST_NONPRIVATE, NONE_PUBLIC)


def _single_header(column: pa.Array, step: Step, trusted: Ranges) -> Columns:
    values = Texts(column)
    columns = values.columns(values.index)
    columns["client_reason"] = _reasons(
        (column.is_null(), NO_HEADER),
        (columns["client_ip"].is_null(), HOP_INVALID),
        otherwise=BY_SINGLE_HEADER,
    )
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
