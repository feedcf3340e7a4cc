"""
From a request and its resolution to a finding, and to the whole explanation.

`finding` runs on every request and is cheap; `explain` runs on `/explain` and builds the chain as well.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from echo.clientip import Address, Config, Hop, Policy, Resolution, chain_of, parse_hop, quote
from echo.explain.findings import Finding, choose
from echo.explain.topology import Meaning, Topology
from echo.record import header_text
from echo.request import Request, canonical

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


class Explainer:
    """Judges requests under one configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.topology = Topology(config)
        self._cached = lru_cache(MAX_CACHED_CHAINS)(self._judge)

    def judge(self, peer: str | None, values: Sequence[str]) -> tuple[Resolution, Finding]:
        """Resolve one request and find what there is to say; values are the fields of the policy's header."""
        if len(values) <= MAX_CACHED_FIELDS and sum(map(len, values)) <= MAX_CACHED_CHARS:
            return self._cached(peer, *values)
        return self._judge(peer, *values)

    def _judge(self, peer: str | None, *values: str) -> tuple[Resolution, Finding]:
        resolution = self.config.policy.resolve(peer, values)
        return resolution, self.finding(peer, values, resolution)

    def finding(self, peer: str | None, values: Sequence[str], resolution: Resolution) -> Finding:
        """Return the finding on one request, placeholders unfilled; values are the fields of the policy's header."""
        meaning = self.topology.meaning
        from_peer = resolution.client if resolution.source == "peer" else None
        address = from_peer or (_peer_address(peer) if peer else None)
        entries = _count(values) if values else 0
        return choose(
            resolution.reason.code,
            meaning(address).code,
            meaning(resolution.client).code,
            entries=entries,
            claims=max(0, entries - resolution.depth),
            last_is_peer=entries == 1 and address is not None and _last(values) == address,
        )

    def explain(self, request: Request) -> Explanation:
        """Return the explanation of one request."""
        policy = self.config.policy
        peer = request.connection.peer_ip or ""
        values = header_values(request, policy)
        resolution, finding = self.judge(request.connection.peer_ip, values)
        hops = chain_of(policy, peer, values, resolution)
        filled = {
            "peer": peer or "the peer",
            "client": str(resolution.client) if resolution.client else "the client",
            "hop": quote(resolution.rejected),
            "header": spelled(policy.header),
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
            f"{header_text(request.method)} {header_text(request.target)}",
        )


def spelled(header: str) -> str:
    """Return a lower-case header name as people write it."""
    return canonical(header.encode()).decode()


def header_values(request: Request, policy: Policy) -> list[str]:
    """Return the fields that the policy reads, in order of arrival."""
    wanted = policy.header.encode()
    return [header_text(value) for name, value in request.headers if name.lower() == wanted]


@lru_cache(4096)  # a proxy's requests come from one address; peers are short, the kernel writes them
def _peer_address(peer: str) -> Address | None:
    return parse_hop(peer)


def _count(values: Sequence[str]) -> int:
    return sum([value.count(",") + 1 for value in values])


def _last(values: Sequence[str]) -> Address | None:
    return parse_hop(values[-1].rpartition(",")[2])
