"""
From a request and its resolution to a finding, and to the whole explanation.

`finding` runs on every request and is cheap; `explain` runs on `/explain` and builds the chain as well.
"""

from collections.abc import Sequence
from typing import NamedTuple

from echo.clientip import Address, Config, Hop, Policy, Resolution, chain_of, parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.clientip.dialects.names import Spoken
from echo.clientip.headers import fields
from echo.clientip.resolve import PEER, PEER_UNTRUSTED, Headers
from echo.clientip.strategies import RIGHTMOST_UNTRUSTED
from echo.explain.findings import INTERNAL, Finding, choose
from echo.explain.others import Other, ask
from echo.explain.topology import Meaning, Topology
from echo.request import canonical

SETTLED = (PEER.code, PEER_UNTRUSTED.code)  # reasons with which the peer is the client, whatever the headers say

# the reason, the header, what peer and client mean, whether there are entries, claims among them, the peer's address
Kind = tuple[str, str, str, str, bool, bool, bool]


class HopView(NamedTuple):
    """A hop and what its address means."""

    hop: Hop
    meaning: Meaning


class Explanation(NamedTuple):
    """Everything that the text and the JSON tell; `finding` has its placeholders filled in."""

    finding: Finding
    resolution: Resolution
    client: Meaning
    hops: tuple[HopView, ...]
    hidden: int
    policy: Policy
    config_path: str
    asked: str
    others: tuple[Other, ...] = ()


class Peer(NamedTuple):
    """
    Who a connection's requests come from, judged once.

    text        the other end of the connection, or the source that a PROXY header gave (then `proxied`)
    meaning     code of what its address means
    resolution  of every request that it sends, where headers change nothing; None where they may
    """

    text: str | None
    proxied: bool
    address: Address | None
    meaning: str
    resolution: Resolution | None


class Explainer:
    """Judges requests under one configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.topology = Topology(config)
        # a policy that reads no header is still told about the one that a proxy would write
        self.headers = config.policy.headers or (config.policy.header,)
        self._resolve = config.policy.resolve
        self._guarded = bool(config.policy.trusted)

    def peer(self, text: str | None, *, proxied: bool = False) -> Peer:
        """Judge a peer."""
        policy = self.config.policy
        resolution = policy.resolve(text, {}, proxied)
        settled = not policy.is_chain and resolution.reason.code in SETTLED
        address = resolution.client if settled else parse_hop(text) if text else None
        return Peer(text, proxied, address, self.topology.meaning(address).code, resolution if settled else None)

    def judge(self, peer: Peer, headers: Headers) -> tuple[Resolution, Finding]:
        """Resolve one request and find what there is to say; headers hold at least `self.headers`."""
        resolution = peer.resolution or self._resolve(peer.text, headers, peer.proxied)
        return resolution, self.finding(peer, headers, resolution)

    def finding(self, peer: Peer, headers: Headers, resolution: Resolution) -> Finding:
        """Return the finding on one request, placeholders unfilled."""
        return self.finding_on(self.kind(peer, headers, resolution))

    def kind(self, peer: Peer, headers: Headers, resolution: Resolution) -> Kind:
        """Return what of a request its finding depends on."""
        policy = self.config.policy
        client, source, reason = resolution.client, resolution.source, resolution.reason.code
        values = headers.get(told_header(policy, resolution), ())
        entries = _count(values) if values else 0
        last_is_peer = (
            entries == 1 and peer.meaning not in INTERNAL and reason in SETTLED and _last(values) == peer.address
        )
        meaning = peer.meaning if client is peer.address else self.topology.meaning(client).code
        return reason, source, peer.meaning, meaning, entries > 0, entries > resolution.depth, last_is_peer

    def finding_on(self, kind: Kind) -> Finding:
        """Return the finding on all requests of a kind."""
        reason, _, peer, client, has_entries, has_claims, last_is_peer = kind
        return choose(
            reason,
            peer,
            client,
            entries=has_entries,
            claims=has_claims,
            last_is_peer=last_is_peer,
            guarded=self._guarded or reason == RIGHTMOST_UNTRUSTED,
        )

    def explain(self, asked: str, arrival: Arrival, spoken: Sequence[Spoken] = ()) -> Explanation:
        """
        Return the explanation of one request.

        asked    the request line, for people to recognise their own request
        arrival  the request
        spoken   the dialects that are asked as well
        """
        policy = self.config.policy
        end = arrival.proxied or arrival.peer or ""
        address = parse_hop(end)
        peer = str(address) if address else end
        proxied = arrival.proxied is not None
        headers = {name: fields(arrival.headers, name) for name in self.headers}
        resolution, finding = self.judge(self.peer(peer, proxied=proxied), headers)
        header = told_header(policy, resolution)
        values = headers.get(header, ())
        hops = chain_of(policy, peer, header, values, resolution, proxied=proxied)
        filled = {
            "peer": peer or "the peer",
            "client": str(resolution.client) if resolution.client else "the client",
            "hop": quote(resolution.rejected),
            "header": spelled(header),
        }
        return Explanation(
            finding._replace(
                **{part: getattr(finding, part).format_map(filled) for part in ("title", "cause", "remedy")}
            ),
            resolution,
            self.topology.meaning(resolution.client),
            tuple(HopView(hop, self.topology.meaning(hop.address)) for hop in hops),
            max(0, _count(values) + 1 - len(hops)),
            policy,
            self.config.path,
            asked,
            tuple(ask(spoken, arrival, policy, resolution, spelled(header))),
        )


def spelled(header: str) -> str:
    """Return a lower-case header name as people write it."""
    return canonical(header.encode()).decode()


def told_header(policy: Policy, resolution: Resolution) -> str:
    """Return the header that an explanation is about: the one that named the client, or that should have."""
    return resolution.source if resolution.source in policy.headers else policy.header


def _count(values: Sequence[str]) -> int:
    return sum([value.count(",") + 1 for value in values])


def _last(values: Sequence[str]) -> Address | None:
    return parse_hop(values[-1].rpartition(",")[2])
