"""How far a log was read, as the lake keeps it."""

from __future__ import annotations

import zlib
from typing import NamedTuple


class Mark(NamedTuple):
    """
    How far a source was read: the offset, and 16 bits of a checksum of the bytes before it.

    Both travel in the one integer that a Delta application transaction carries, so rows and mark commit together.
    """

    offset: int
    check: int

    @classmethod
    def of(cls, offset: int, tail: bytes) -> Mark:
        """Return the mark behind tail, the last TAIL_BYTES bytes before offset."""
        return cls(offset, zlib.crc32(tail) & 0xFFFF)

    @classmethod
    def unpack(cls, number: int) -> Mark:
        """Read a mark from the transaction's integer."""
        return cls(number >> 16, number & 0xFFFF)

    def pack(self) -> int:
        """Return the transaction's integer; good for offsets up to 2^47, 140 TB."""
        return self.offset << 16 | self.check
