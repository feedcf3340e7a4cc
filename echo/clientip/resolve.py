"""
What a policy answers: the resolution, and the walk that finds the boundary.

The walk goes from the right, because each proxy appends the address that it saw: the last entry was written by the
peer, the one before by whoever the peer names, and so on. It stops at the first hop that is not trusted, the boundary.
Everything left of the boundary is a claim of that hop's, and decides nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from echo.clientip.address import Address, parse_hop
from echo.clientip.ranges import Ranges


class Reason(NamedTuple):
    """Why a resolution came out as it did; `code` is what records and lakes carry."""

    code: str
    meaning: str


PEER = Reason("peer", "The strategy takes the other end of the connection, whatever the headers say.")
PEER_UNTRUSTED = Reason(
    "peer-untrusted", "The peer is in no trusted range, so it is the client and its headers are claims."
)
PEER_INVALID = Reason("peer-invalid", "The peer has no IP address (a UNIX socket, or none was logged).")
RIGHTMOST_UNTRUSTED = Reason(
    "rightmost-untrusted", "The rightmost hop outside the trusted ranges; all hops after it are trusted."
)
NO_HEADER = Reason("no-header", "The peer is trusted but sent no forwarding header, so nobody says who the client is.")
ALL_TRUSTED = Reason("all-trusted", "Every hop is in a trusted range; none of them can be told to be the client.")
HOP_INVALID = Reason("hop-invalid", "The hop where the walk stops is not an address.")

REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (PEER, PEER_UNTRUSTED, PEER_INVALID, RIGHTMOST_UNTRUSTED, NO_HEADER, ALL_TRUSTED, HOP_INVALID)
}

SOURCE_PEER = "peer"
SOURCE_PROXIED = "proxied-peer"


class Resolution(NamedTuple):
    """
    The effective client and how it was found.

    client    the address, or None where there is none to give
    source    where it was read: "peer", "proxied-peer" or a header's lower-case name; "" without a client
    reason    why
    depth     hops from the right of the boundary: 0 is the peer, 1 the last header entry, …
    rejected  text of the hop that stopped the walk without being an address; "" otherwise
    """

    client: Address | None
    source: str
    reason: Reason
    depth: int
    rejected: str = ""


def walk(values: Sequence[str], trusted: Ranges, source: str) -> Resolution:
    """Walk the entries of all fields from the right and resolve at the boundary; time is linear in the text read."""
    depth = 0
    for value in reversed(values):
        end = len(value)
        while end >= 0:
            comma = value.rfind(",", 0, end)
            entry = value[comma + 1 : end]
            end = comma if comma >= 0 else -1
            depth += 1
            address = parse_hop(entry)
            if address is None:
                return Resolution(None, "", HOP_INVALID, depth, entry.strip(" \t"))
            if address.packed not in trusted:
                return Resolution(address, source, RIGHTMOST_UNTRUSTED, depth)
    return Resolution(None, "", ALL_TRUSTED if depth else NO_HEADER, depth)
