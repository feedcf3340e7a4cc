"""
A set of addresses that all workers share which are forked after it was made: what one has seen, all know.

A table of slots in shared memory, found by hash: an address, and when it was last added. What is too old is not there
any more, and its slot is free. Where the places of an address are taken it is not remembered. Two workers that write
one slot at once may spoil it, which loses an address and invents none that is asked for.
"""

import mmap
import struct
import time
from collections.abc import Callable
from zlib import crc32

SLOT = struct.Struct("=16sd")
SLOTS = 4096  # nodes of a cluster: Kubernetes itself ends at 5,000
PROBES = 8  # slots that an address may be in


class SharedAddresses:
    """Packed addresses, each for some seconds after it was added."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._table = mmap.mmap(-1, SLOTS * SLOT.size)

    def __contains__(self, packed: bytes) -> bool:
        oldest = self._clock() - self._seconds
        return any(found == packed and added > oldest for _, found, added in self._slots(packed))

    def add(self, packed: bytes) -> None:
        """Remember an address."""
        now = self._clock()
        free = None
        for at, found, added in self._slots(packed):
            if found == packed:
                free = at
                break
            if free is None and (not added or added <= now - self._seconds):
                free = at
        if free is not None:
            SLOT.pack_into(self._table, free, packed, now)

    def _slots(self, packed: bytes) -> list[tuple[int, bytes, float]]:
        first = crc32(packed)
        places = [(first + probe) % SLOTS * SLOT.size for probe in range(PROBES)]
        return [(at, *SLOT.unpack_from(self._table, at)) for at in places]
