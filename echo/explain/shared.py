"""
A set of addresses that all workers share which are forked after it was made: what one has seen, all know.

A table of slots in shared memory, found by hash. Nothing is taken out; where the places of an address are taken it is
not remembered. Two workers that write one slot at once may spoil it, which loses an address and invents none that is
asked for.
"""

import mmap
from zlib import crc32

ADDRESS_BYTES = 16
SLOTS = 4096  # nodes of a cluster: Kubernetes itself ends at 5,000
PROBES = 8  # slots that an address may be in
_EMPTY = bytes(ADDRESS_BYTES)


class SharedAddresses:
    """Packed addresses; the unspecified one is none."""

    def __init__(self) -> None:
        self._table = mmap.mmap(-1, SLOTS * ADDRESS_BYTES)

    def __contains__(self, packed: bytes) -> bool:
        for at in _places(packed):
            found = self._table[at : at + ADDRESS_BYTES]
            if found == packed:
                return True
            if found == _EMPTY:
                return False
        return False

    def add(self, packed: bytes) -> None:
        """Remember an address."""
        for at in _places(packed):
            found = self._table[at : at + ADDRESS_BYTES]
            if found == packed:
                return
            if found == _EMPTY:
                self._table[at : at + ADDRESS_BYTES] = packed
                return


def _places(packed: bytes) -> list[int]:
    first = crc32(packed)
    return [(first + probe) % SLOTS * ADDRESS_BYTES for probe in range(PROBES)]
