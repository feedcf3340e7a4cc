"""
Trust policies: built once and validated there, applied to any request without failing.

remote-addr          The client is the peer. Behind a proxy or SNAT it names that; nobody can forge it.
rightmost-untrusted  The client is the peer if that is not trusted, else the rightmost hop of the header that is not.
                     A range too wide lets its members forge; one too narrow names your own proxy as the client.

Semantics of both are realclientip-go's (RemoteAddrStrategy, RightmostTrustedRangeStrategy).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from echo.clientip.address import parse_hop
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.ranges import Ranges
from echo.clientip.resolve import (
    PEER,
    PEER_INVALID,
    PEER_UNTRUSTED,
    SOURCE_PEER,
    SOURCE_PROXIED,
    Resolution,
    walk,
)

STRATEGIES = {
    "remote-addr": "The peer, whatever the headers say.",
    "rightmost-untrusted": "The rightmost hop that is in no trusted range, the peer included.",
}
DEFAULT_HEADER = "x-forwarded-for"
HEADERS = (DEFAULT_HEADER,)  # list headers a walk can read; Forwarded follows with its own grammar


@dataclass(frozen=True, slots=True)
class Policy:
    """A validated policy. `header` is the lower-case name of the list header that the walk reads."""

    strategy: str
    header: str
    trusted: Ranges

    @property
    def id(self) -> str:
        """Return 12 hex digits that name this policy in every row it resolved; equal policies have equal ids."""
        spans = b"".join(first + last for first, last in self.trusted.spans())
        text = f"{self.strategy}\n{self.header}\n".encode()
        return hashlib.sha256(text + spans).hexdigest()[:12]

    def resolve(self, peer: str | None, values: Sequence[str], *, proxied: bool = False) -> Resolution:
        """
        Resolve one request.

        peer     the other end of the socket as text, port and brackets allowed; None or "" if it has no address
        values   the fields of `self.header` in order of arrival
        proxied  the peer came from a PROXY header
        """
        address = parse_hop(peer) if peer else None
        source = SOURCE_PROXIED if proxied else SOURCE_PEER
        if self.strategy == "remote-addr":
            if address is None:
                return Resolution(None, "", PEER_INVALID, 0, peer or "")
            return Resolution(address, source, PEER, 0)
        if address is not None and address.packed not in self.trusted:
            return Resolution(address, source, PEER_UNTRUSTED, 0)
        return walk(values, self.trusted, self.header)


def make_policy(strategy: str | None = None, header: str = DEFAULT_HEADER, trusted: Sequence[str] = ()) -> Policy:
    """
    Build a policy; without a strategy: remote-addr if nothing is trusted, else rightmost-untrusted.

    Raises ConfigFault for an unknown strategy, a header that is no list header, or a text that is no range.
    """
    chosen = strategy if strategy is not None else ("rightmost-untrusted" if trusted else "remote-addr")
    if chosen not in STRATEGIES:
        raise ConfigFault(f"strategy {quote(chosen)} is unknown", next_step=f"use one of {', '.join(STRATEGIES)}")
    if header.lower() not in HEADERS:
        raise ConfigFault(
            f"header {quote(header)} is not a list of hops that whofrom reads", next_step="use X-Forwarded-For"
        )
    return Policy(chosen, header.lower(), Ranges(trusted))
