"""
The search tree of a MaxMind DB, walked for many addresses at once.

A reader walks the tree and decodes a record for each address, and decoding is nearly all of its cost; but neighbours
share records. This tells which record each address has, so that each record need be decoded once.

Source: the MaxMind DB file format specification 2.0, "Binary Search Tree Section".

1. A node has a record for the bit 0 and one for the bit 1, of 24, 28 or 32 bits. A value below the number of nodes is
   the next node; that number itself says that nothing is known; a value above it points to data.
2. In a tree for IPv6, IPv4 addresses stand below 96 bits of 0.
3. The file is not trusted: a node that is not there is never read, and no walk is longer than an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pyarrow as pa
import pyarrow.compute as pc

# bits of a record -> (bytes of a node, for each bit the bytes of its record in a node, the most significant first)
LAYOUTS = {
    24: (6, ((0, 1, 2), (3, 4, 5))),
    28: (7, ((3, 0, 1, 2), (3, 4, 5, 6))),  # the fourth byte has four bits of each
    32: (8, ((0, 1, 2, 3), (4, 5, 6, 7))),
}
SHARED = 28  # the size whose fourth byte is shared
V4_BITS, V6_BITS, V4_BELOW = 32, 128, 96
WORD = 64


class Tree:
    """The tree of an open file."""

    def __init__(self, path: str, nodes: int, record_bits: int, version: int) -> None:
        """Raises ValueError if there cannot be such a tree in the file; OSError if it cannot be read."""
        if record_bits not in LAYOUTS or version not in (4, 6):
            raise ValueError("no such tree")
        self._node_bytes, self._places = LAYOUTS[record_bits]
        self._shared = record_bits == SHARED
        self._nodes, self._version = nodes, version
        size = nodes * self._node_bytes
        buffer = pa.memory_map(path).read_buffer(size)
        if buffer.size < size or not nodes:
            raise ValueError("the tree is cut short")
        self._bytes = pa.Array.from_buffers(pa.uint8(), size, [None, buffer])
        self._v4_root = self._root_of_v4()

    def records(self, addresses: Sequence[str]) -> list[int | None]:
        """
        Return for each address (canonical text; a zone is passed over) a number, None where nothing is known of it.

        The number is the same for the same record, another one for another, and means nothing else.
        """
        parsed = [ip_address(address.partition("%")[0]) for address in addresses]
        found: list[int | None] = [None] * len(parsed)
        for version, root, bits in (
            (4, self._v4_root, V4_BITS),
            (6, 0 if self._version == 6 else self._nodes, V6_BITS),
        ):
            which = [at for at, one in enumerate(parsed) if one.version == version]
            numbers = [int(parsed[at]) for at in which]
            for at, value in zip(which, self._walk(numbers, root, bits).to_pylist(), strict=True):
                found[at] = value
        return found

    def _root_of_v4(self) -> int:
        """Return the node below which IPv4 addresses stand, or what they all have if there is none."""
        node = pa.array([0], pa.int64())
        for _ in range(V4_BELOW if self._version == 6 else 0):
            node = self._next(node, pa.array([False]))
            if node[0].as_py() >= self._nodes:
                break
        root: int = node[0].as_py()
        return root

    def _walk(self, numbers: Sequence[int], root: int, bits: int) -> pa.Array:
        """Return the values at which the walks of some addresses of so many bits end, null for nothing known."""
        words = [
            pa.array([number >> shift & (1 << WORD) - 1 for number in numbers], pa.uint64())
            for shift in range(0, bits, WORD)
        ]
        going = pa.arange(0, len(numbers))
        value = pa.repeat(pa.scalar(root, pa.int64()), len(numbers))
        ended, values = [going[:0]], [value[:0]]
        for place in range(bits - 1, -2, -1):
            out = pc.greater_equal(value, self._nodes)
            ended.append(going.filter(out))
            values.append(value.filter(out))
            going, value = (column.filter(pc.invert(out)) for column in (going, value))
            if not len(going) or place < 0:
                break
            bit = pc.shift_right(words[place // WORD].take(going), pa.scalar(place % WORD, pa.uint64()))
            value = self._next(value, pc.equal(pc.bit_wise_and(bit, pa.scalar(1, pa.uint64())), 1))
        found = pa.concat_arrays(values)
        found = pc.if_else(pc.greater(found, self._nodes), found, None)
        return found.take(pc.inverse_permutation(pa.concat_arrays(ended), max_index=len(numbers) - 1))

    def _next(self, node: pa.Array, right: pa.Array) -> pa.Array:
        """Return the records of nodes for a bit each."""
        start = pc.multiply(node, self._node_bytes)
        value = pa.repeat(pa.scalar(0, pa.int64()), len(node))
        for number, (left_at, right_at) in enumerate(zip(*self._places, strict=True)):
            at = pc.add(start, pc.if_else(right, right_at, left_at))
            byte = self._bytes.take(at).cast(pa.int64())
            if self._shared and not number:
                byte = pc.if_else(right, pc.bit_wise_and(byte, 0x0F), pc.shift_right(byte, 4))
            value = pc.bit_wise_or(pc.shift_left(value, 8), byte)
        return value
