"""
Judging what was pasted: no connection, no surroundings but those that it names itself.

1. A record's local_ip, and the addresses that whoami shows, are the server's own: with them its own bridge and node
   are told from others. Each server gets an explainer of its own, as it would have had.
2. Time is that of the lines: nodes take turns within minutes of the log, not of its reading.
3. The end of a connection that --peer names stands in for one that a form lacks, or may have derived.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from echo.clientip import Config, parse_address, parse_hop
from echo.clientip.dialects.names import Spoken
from echo.explain.explanation import Explainer, Explanation
from echo.explain.findings import FINDINGS, MALFORMED
from echo.explain.pasted.pasted import NOTES, Logged, Pasted
from echo.explain.topology import MACHINE, MIN_HOST_BITS, POD, Interface, Surroundings

MAX_SERVERS = 64  # whose explainers are kept, the longest unused forgotten: replicas are dozens, a forged log's are not
MAX_OWN = 32  # addresses of one server; a node with many interfaces has fewer
NO_BLOCK_BITS = MIN_HOST_BITS - 1  # nothing is known of the prefix: neither a block's, nor a lone address's
LOCAL = "local_ip"  # where own addresses are known from


class Ends(NamedTuple):
    """The ends of the connection that flags name, as programs are told them."""

    peer: str | None = None
    proxied: str | None = None


NO_ENDS = Ends()


class Judged(NamedTuple):
    """What was pasted, its explanation, and the codes of NOTES that go with it."""

    pasted: Pasted
    explanation: Explanation
    notes: tuple[str, ...]


class Desk:
    """Explains pasted requests under one configuration."""

    def __init__(self, config: Config, spoken: Sequence[Spoken] = (), ends: Ends = NO_ENDS) -> None:
        self._config = config
        self._spoken = spoken
        self._ends = ends
        self._explainers: OrderedDict[tuple[str, ...], Explainer] = OrderedDict()
        self._now = 0.0

    def judge(self, pasted: Pasted) -> Judged | None:
        """Return the explanation; None if nobody knows who connected."""
        placed = placed_at(pasted, self._ends)
        if placed.arrival.peer is None:
            return None
        self._now = self._now if placed.time is None else placed.time
        explanation = self._explainer(placed).explain(placed.asked, placed.arrival, self._spoken)
        if placed.error:
            found = FINDINGS.get(placed.logged.finding, MALFORMED)
            finding = found if found.verdict == MALFORMED.verdict else MALFORMED
            explanation = explanation._replace(finding=finding, lost_at=None, candidates=(), evidence=())
        return Judged(placed, explanation, notes_on(placed, explanation))

    def _explainer(self, pasted: Pasted) -> Explainer:
        own = pasted.own[:MAX_OWN]
        key = (*own, str(pasted.in_pod))
        found = self._explainers.get(key)
        if found is None:
            if len(self._explainers) >= MAX_SERVERS:
                self._explainers.popitem(last=False)
            surroundings = surroundings_of(own, self._config, in_pod=pasted.in_pod)
            found = self._explainers[key] = Explainer(self._config, surroundings, self._clock)
        self._explainers.move_to_end(key)
        return found

    def _clock(self) -> float:
        return self._now


def placed_at(pasted: Pasted, ends: Ends) -> Pasted:
    """Return what was pasted with the ends that flags name, where they are not known for sure."""
    arrival = pasted.arrival
    if ends.peer is None:
        return pasted
    if pasted.sure and arrival.peer is not None:
        return pasted._replace(notes=("peer-held", *pasted.notes))
    column = parse_hop(arrival.peer) if arrival.peer else None
    notes = ("peer-given", *(code for code in pasted.notes if code not in DERIVED))
    return pasted._replace(
        arrival=arrival._replace(peer=ends.peer, proxied=arrival.proxied or ends.proxied),
        notes=notes,
        logged=pasted.logged._replace(client=str(column)) if column else pasted.logged,
    )


# codes of NOTES that are settled where --peer names the other end
DERIVED = frozenset({"column-derived", "column-in-header", "ingress-derived", "envoy-derived"})


def surroundings_of(own: Sequence[str], config: Config, *, in_pod: bool) -> Surroundings:
    """Return what a server with these addresses knew of itself; one with a node's address was on the host's network."""
    addresses = [address for text in own if (address := parse_address(text)) is not None]
    nodes = config.network.get("nodes", ())
    on_host = any(address.packed in nodes for address in addresses)
    return Surroundings(
        POD if in_pod and not on_host else MACHINE,
        interfaces=tuple(
            Interface(LOCAL, address, (32 if address.is_ipv4 else 128) - NO_BLOCK_BITS) for address in addresses
        ),
    )


def notes_on(pasted: Pasted, explanation: Explanation) -> tuple[str, ...]:
    """Return the codes of NOTES."""
    client = explanation.resolution.client
    told = Logged(str(client) if client else "", explanation.finding.code)
    differs = [ours != theirs for ours, theirs in zip(told, pasted.logged, strict=True) if theirs]
    codes = (*pasted.notes, *(("judged-otherwise",) if any(differs) else ()))
    assert all(code in NOTES for code in codes)
    return codes
