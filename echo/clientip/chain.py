"""
The chain: all hops of a request, left to right as written, the peer last, each with what the policy thinks of it.

For people: `/explain` shows it. Resolution itself does not build it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from echo.clientip.address import Address, parse_hop
from echo.clientip.resolve import PARSERS, Resolution
from echo.clientip.trust import Policy

MAX_HOPS_SHOWN = 50  # a chain longer than this is an attack or a loop; its right end is what matters


class Hop(NamedTuple):
    """
    One hop.

    text      as written, trimmed
    address   parsed, or None
    source    "peer", "proxied-peer" or the lower-case header name it was read from
    trusted   in a trusted range of the policy
    role      "client", "trusted" (between the client and us), "claim" (left of the boundary, verified by nobody),
              "passed" (passed over on the way to the client: a peer without an address, an entry the strategy skips),
              "stop" (where the walk ended without an address)
    """

    text: str
    address: Address | None
    source: str
    trusted: bool
    role: str


def chain_of(
    policy: Policy, peer: str, header: str, values: Sequence[str], resolution: Resolution, *, proxied: bool = False
) -> list[Hop]:
    """Return the hops of a request under a policy, at most the rightmost MAX_HOPS_SHOWN of the header's fields."""
    parse = PARSERS.get(header, parse_hop)
    entries: list[str] = []
    for value in reversed(values):
        entries[:0] = value.rsplit(",", MAX_HOPS_SHOWN)[-MAX_HOPS_SHOWN:]
        if len(entries) >= MAX_HOPS_SHOWN:
            break
    entries = entries[-MAX_HOPS_SHOWN:]
    written = [(entry.strip(" \t"), header) for entry in entries]
    written.append((peer, "proxied-peer" if proxied else "peer"))
    hops = []
    for depth, (text, source) in zip(range(len(written) - 1, -1, -1), written, strict=True):
        address = (parse if source == header else parse_hop)(text)
        trusted = address is not None and address.packed in policy.trusted
        if depth > resolution.depth:
            role = "claim"
        elif depth == resolution.depth and resolution.client is not None:
            role = "client"
        else:
            role = "trusted" if trusted else "passed" if depth < resolution.depth else "stop"
        hops.append(Hop(text, address, source, trusted, role))
    return hops
