"""
From a request and its resolution to a finding, and to the whole explanation.

`finding` runs on every request and is cheap; `explain` runs on `/explain` and builds the chain as well.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from echo.clientip import Address, Config, Hop, Policy, Resolution, chain_of, parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.clientip.dialects.names import Spoken
from echo.clientip.headers import fields
from echo.clientip.resolve import SOURCE_PEER, SOURCE_PROXIED, Headers
from echo.clientip.strategies import RIGHTMOST_UNTRUSTED
from echo.explain.findings import Finding, choose
from echo.explain.others import Other, ask
from echo.explain.topology import Meaning, Topology
from echo.request import canonical

MAX_CACHED_CHAINS = 4096  # peers and forwarding headers whose judgement is remembered; clients send many requests
# a header that is longer, or comes in more fields, is judged each time: the cache holds no attacker's megabytes
MAX_CACHED_CHARS, MAX_CACHED_FIELDS = 256, 8


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


class Explainer:
    """Judges requests under one configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.topology = Topology(config)
        # a policy that reads no header is still told about the one that a proxy would write
        self.headers = config.policy.headers or (config.policy.header,)
        self._cached = lru_cache(MAX_CACHED_CHAINS)(self._judge)

    def judge(self, peer: str | None, headers: Headers, *, proxied: bool = False) -> tuple[Resolution, Finding]:
        """Resolve one request and find what there is to say; headers hold at least `self.headers`."""
        read = tuple([tuple(headers.get(name, ())) for name in self.headers])
        if sum(map(len, read)) <= MAX_CACHED_FIELDS and sum([len(value) for one in read for value in one]) <= (
            MAX_CACHED_CHARS
        ):
            return self._cached(peer, read, proxied)
        return self._judge(peer, read, proxied)

    def _judge(self, peer: str | None, read: tuple[tuple[str, ...], ...], proxied: bool) -> tuple[Resolution, Finding]:
        headers = dict(zip(self.headers, read, strict=True))
        resolution = self.config.policy.resolve(peer, headers, proxied)
        return resolution, self.finding(peer, headers, resolution)

    def finding(self, peer: str | None, headers: Headers, resolution: Resolution) -> Finding:
        """Return the finding on one request, placeholders unfilled."""
        policy = self.config.policy
        meaning = self.topology.meaning
        from_peer = resolution.client if resolution.source in (SOURCE_PEER, SOURCE_PROXIED) else None
        address = from_peer or (_peer_address(peer) if peer else None)
        values = headers.get(told_header(policy, resolution), ())
        entries = _count(values) if values else 0
        return choose(
            resolution.reason.code,
            meaning(address).code,
            meaning(resolution.client).code,
            entries=entries,
            claims=max(0, entries - resolution.depth),
            last_is_peer=entries == 1 and address is not None and _last(values) == address,
            guarded=bool(policy.trusted) or resolution.reason.code == RIGHTMOST_UNTRUSTED,
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
        resolution, finding = self.judge(peer, headers, proxied=proxied)
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


@lru_cache(4096)  # a proxy's requests come from one address; peers are short, the kernel writes them
def _peer_address(peer: str) -> Address | None:
    return parse_hop(peer)


def _count(values: Sequence[str]) -> int:
    return sum([value.count(",") + 1 for value in values])


def _last(values: Sequence[str]) -> Address | None:
    return parse_hop(values[-1].rpartition(",")[2])
