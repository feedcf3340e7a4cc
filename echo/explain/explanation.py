"""
The whole explanation of one request, as the text, the JSON and the page tell it.

It says of a request what the judge says of it on the way to the log, and beside that the chain hop by hop, the
evidence, who may be behind it, and what other programs would say.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from echo.clientip import Address, Hop, Policy, Resolution, chain_of, parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.clientip.dialects.names import Spoken
from echo.clientip.headers import fields
from echo.clientip.resolve import ALL_TRUSTED, Headers
from echo.explain.choose import choose
from echo.explain.evidence import Evidence, Seen, tell
from echo.explain.facts import NEIGHBOUR, SELF, Facts
from echo.explain.findings import CLIENT, STORIES, Finding
from echo.explain.findings import PEER as AT_PEER
from echo.explain.headers import (
    EVIDENCE_HEADERS,
    HOST,
    ORIGINAL,
    REAL_IP,
    count,
    first,
    last,
    single_header,
    told_header,
)
from echo.explain.judge import Judge, Peer
from echo.explain.others import Other, ask
from echo.explain.topology import Meaning
from echo.handshake import UNKNOWN, Handshake
from echo.request import canonical

# where a connection began -> the only story that is left
NARROWED = {NEIGHBOUR: ("pod-masqueraded",), SELF: ("self",)}
PRESERVED = ("preserved-at-socket", "preserved-in-header")
_PLACEHOLDER = re.compile(r"\{(peer|client|hop|header|other)\}")


class HopView(NamedTuple):
    """A hop and what its address means."""

    hop: Hop
    meaning: Meaning


class Candidate(NamedTuple):
    """Who may be behind a finding: a key of STORIES, its words, and the address that would then be the client's."""

    story: str
    words: str
    client: Address | None


class Explanation(NamedTuple):
    """
    Everything that the text, the JSON and the page tell; `finding` has its placeholders filled in.

    lost_at     the hop that put its address in the client's place, None if none did
    candidates  who may be behind it
    evidence    what was seen, what nobody can forge first
    arrival     the request; `host` and `connection` (its id and the request's number on it) beside
    """

    finding: Finding
    resolution: Resolution
    client: Meaning
    hops: tuple[HopView, ...]
    hidden: int
    policy: Policy
    config_path: str
    asked: str
    others: tuple[Other, ...] = ()
    lost_at: HopView | None = None
    candidates: tuple[Candidate, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    arrival: Arrival = Arrival(None, ())
    connection: tuple[str, int] = ("", 0)
    server: str = ""


class Explainer(Judge):
    """A judge that explains."""

    def explain(
        self,
        asked: str,
        arrival: Arrival,
        spoken: Sequence[Spoken] = (),
        *,
        handshake: Handshake = UNKNOWN,
        connection: tuple[str, int] = ("", 0),
        server: str = "",
        origin: str | None = None,
    ) -> Explanation:
        """
        Return the explanation of one request.

        asked       the request line, for people to recognise their own request
        arrival     the request
        spoken      the dialects that are asked as well
        handshake   of the connection
        connection  its id, and the request's number on it
        server      name of the host that answers
        origin      where the connection began, as it was judged when it was new; None: judge it now
        """
        policy = self.config.policy
        end = arrival.proxied or arrival.peer or ""
        address = parse_hop(end)
        text = str(address) if address else end
        proxied = arrival.proxied is not None
        names = dict.fromkeys((*self.headers, *EVIDENCE_HEADERS))
        headers = {name: fields(arrival.headers, name) for name in names}
        peer = self.peer(text, proxied=proxied, sender=arrival.peer, handshake=handshake)
        if origin is not None:
            peer = peer._replace(origin=origin)
        resolution = peer.resolution or self._resolve(peer.text, headers, peer.proxied)
        facts = self.facts(peer, headers, resolution)
        finding = choose(facts)
        header = told_header(policy, resolution)
        values = headers.get(header, ())
        hops = tuple(
            HopView(hop, self.topology.meaning(hop.address))
            for hop in chain_of(policy, text, header, values, resolution, proxied=proxied)
        )
        seen = self._seen(facts, peer, headers, arrival)
        shown = resolution.client or (hops[0].hop.address if resolution.reason is ALL_TRUSTED else address)
        told = self._told(finding, hops, headers)
        filled = {
            "peer": text or "the peer",
            "client": str(shown) if shown else "the client",
            "hop": quote(resolution.rejected),
            "header": spelled(header),
            "other": _other(finding, seen),
        }
        return Explanation(
            finding._replace(
                title=_filled(finding.title, filled),
                cause=_filled(finding.cause, filled),
                remedy=_filled(finding.remedy, filled),
                manifest=_filled(finding.manifest, filled),
            ),
            resolution,
            self.topology.meaning(resolution.client),
            hops,
            max(0, count(values) + 1 - len(hops)),
            policy,
            self.config.path,
            asked,
            tuple(ask(spoken, arrival, policy, resolution, spelled(header))),
            _lost_at(finding, hops, resolution),
            tuple(
                self._candidate(story, {"shown": shown, "told": told}) for story in _stories(facts, finding, resolution)
            ),
            tell(facts, seen),
            arrival,
            connection,
            server,
        )

    def _seen(self, facts: Facts, peer: Peer, headers: Headers, arrival: Arrival) -> Seen:
        sender = parse_hop(arrival.peer or "") if peer.proxied else None
        single = single_header(headers, self.config.policy) if facts.single else ""
        values = {name: first(headers, name) for name in (HOST, REAL_IP, ORIGINAL)}
        if single:
            values["other"] = f"{spelled(single)}: {first(headers, single)}"
        name = (
            next((one.name for one in self.config.services if one.policy == facts.policy), "") if facts.policy else ""
        )
        return Seen(
            UNKNOWN if peer.proxied else peer.handshake,
            str(sender) if sender else "",
            self.topology.meaning(sender).words,
            quote(name) if name else "",
            values,
            self._turns.count(first(headers, HOST)),
        )

    def _told(self, finding: Finding, hops: Sequence[HopView], headers: Headers) -> Address | None:
        """Return the address that a header tells, which the policy did not take."""
        if finding.code in ("original-forwarded-for", "snat-before-proxy-suspected") and headers[ORIGINAL]:
            return last(headers[ORIGINAL])
        if finding.code == "other-header":
            return last(headers[single_header(headers, self.config.policy)])
        left = [view.hop for view in hops if view.hop.role == "claim"]
        if finding.code == "proxy-believes-header":
            left = [view.hop for view in hops if view.hop.role == "client"]
        return left[-1].address if left else None

    def _candidate(self, story: str, addresses: Mapping[str, Address | None]) -> Candidate:
        words, whose = STORIES[story]
        own = Address(self._own[0]) if self._own else None
        return Candidate(story, words, own if whose == "own" else addresses.get(whose))


def spelled(header: str) -> str:
    """Return a lower-case header name as people write it."""
    return canonical(header.encode()).decode()


def _stories(facts: Facts, finding: Finding, resolution: Resolution) -> tuple[str, ...]:
    """Return the stories that are left of a finding's."""
    if finding.verdict in PRESERVED and resolution.client is None:
        return ("trusted-caller",)
    more = ("balancer-told",) if facts.original and finding.code == "snat-before-proxy-suspected" else ()
    return NARROWED.get(facts.origin, finding.stories + more)


def _lost_at(finding: Finding, hops: Sequence[HopView], resolution: Resolution) -> HopView | None:
    if finding.lost_at == AT_PEER:
        return hops[-1]
    if finding.lost_at == CLIENT:
        at = len(hops) - 1 - resolution.depth
        return hops[at] if 0 <= at < len(hops) else hops[0]
    return None


def _other(finding: Finding, seen: Seen) -> str:
    """Return what {other} stands for."""
    if finding.code in ("over-trusting-proxy", "real-ip-disputed"):
        return quote(seen.headers.get(REAL_IP, ""))
    if finding.code == "proxy-header-unguarded":
        return f"{seen.sender}, {seen.sender_words}" if seen.sender else "somewhere without an address"
    return quote(seen.headers.get("other", ""))


def _filled(text: str, filled: Mapping[str, str]) -> str:
    """Return a text with its placeholders filled in, once; a manifest has braces of its own, so no format string."""
    return _PLACEHOLDER.sub(lambda found: filled[found[1]], text)
