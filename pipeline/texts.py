"""Columns of texts, each distinct one read once as an address."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from socket import AF_INET, inet_pton

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import PUBLIC, Address, Ranges, classify, parse_hop
from echo.clientip.address import V4_PREFIX
from echo.clientip.ranges import CLASS_FIRSTS, CLASSES, V4_FIRST, V4_LAST

# what inet_pton takes for IPv4 and prints the same; 0.0.0.0 is nobody, and left to the grammar
BARE_IPV4 = r"^(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$"
BLANKS = " \t"
_V4_CUTS = [(first, name) for first, name in zip(CLASS_FIRSTS, CLASSES, strict=True) if first.startswith(V4_PREFIX)]
V4_FIRSTS = pa.array([int.from_bytes(first[12:]) for first, _ in _V4_CUTS], pa.uint32())
V4_CLASSES = pa.array([name for _, name in _V4_CUTS], pa.string())

Columns = dict[str, pa.Array]


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
