"""
The evidence of a finding: what was seen, in words, and whether the client could have written it.

Facts decide; this tells them to people, with the values that the facts leave out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from echo.clientip import quote
from echo.clientip.network import POLICIES
from echo.explain.facts import (
    AGENT_BALANCER,
    AGENT_KUBELET,
    FORWARDED,
    NEAR,
    NEIGHBOUR,
    ORIGINAL_SAME,
    REAL_IP_LEFT,
    REAL_IP_OTHER,
    SELF,
    SENDER,
    SPREAD,
    Facts,
)
from echo.handshake import LINK_GATEWAY, LINK_NEIGHBOUR, LINK_OWN, Handshake

# code -> (what it is, the client could have written it)
KINDS = {
    "syn-ttl": ("The first packet's TTL, as the kernel kept it; few routers can be feigned, many cannot.", False),
    "sender": ("Who sent that packet's frame on the link, by its link-layer address.", False),
    "round-trip": ("The round-trip time, as the kernel measured it.", False),
    "mss": ("The largest segment that the other end announced.", False),
    "proxy-header": ("A PROXY header in front of the request, and who sent it.", False),
    "turns": ("Who else sent requests for this Host in the last minutes.", False),
    "service": ("What [[network.service]] says of the Service before the hop in question.", False),
    "user-agent": ("The User-Agent is a prober's.", True),
    "x-real-ip": ("X-Real-IP, where it contradicts the chain.", True),
    "x-original-forwarded-for": ("What ingress-nginx received before it wrote its own.", True),
    "other-header": ("Another header that names a client.", True),
}
AGENTS = {AGENT_KUBELET: "the kubelet's probe", AGENT_BALANCER: "a balancer's health check"}
# origin -> what follows
ORIGINS = {
    NEAR: "the connection began right there (only a client that sets its own TTL could feign that)",
    FORWARDED: "more than its own connections would meet: it was forwarded for somebody else",
    NEIGHBOUR: "a bridge is no router",
    SELF: "a bridge is no router",
    SENDER: "",
    "": "which alone does not tell where it began",
}
# who sent a frame -> words
SENDERS = {
    LINK_OWN: "Its frame was sent by this pod itself.",
    LINK_GATEWAY: "Its frame was sent by this pod's node.",
    LINK_NEIGHBOUR: "Its frame was sent by another pod on this node's bridge, not by the node.",
}


class Evidence(NamedTuple):
    """One piece of evidence: a key of KINDS, the words, and whether the client could have written it."""

    code: str
    words: str
    forgeable: bool


class Seen(NamedTuple):
    """Values that facts leave out: as text, "" where there is none; headers by lower-case name."""

    handshake: Handshake
    sender: str
    sender_words: str
    service: str
    headers: dict[str, str]
    turns: int


def tell(facts: Facts, seen: Seen) -> tuple[Evidence, ...]:
    """Return the evidence, what nobody can forge first."""
    return tuple(Evidence(code, words, _is_forgeable(code, facts)) for code, words in _told(facts, seen))


def _is_forgeable(code: str, facts: Facts) -> bool:
    """Few routers can be feigned by a client that sets its own TTL; many cannot."""
    return KINDS[code][1] or (code == "syn-ttl" and facts.origin == NEAR)


def _told(facts: Facts, seen: Seen) -> Iterator[tuple[str, str]]:
    handshake, hops = seen.handshake, seen.handshake.hops
    if hops is not None:
        routers = "no router" if not hops else "1 router" if hops == 1 else f"{hops} routers"
        what = f"; {ORIGINS[facts.origin]}" if facts.peer in _PLACED else ""
        yield "syn-ttl", f"Its first packet came with TTL {handshake.ttl}: {routers} between{what}."
    if handshake.link and facts.peer in _PLACED:
        yield "sender", SENDERS[handshake.link]
    if handshake.rtt_us:
        yield "round-trip", f"The answer to ours took {_time(handshake.rtt_us)}."
    if handshake.mss:
        yield "mss", f"It takes segments of {handshake.mss} bytes (1460 on plain Ethernet, less in tunnels)."
    if seen.sender:
        yield "proxy-header", f"A PROXY header named the other end; {seen.sender}, {seen.sender_words}, sent it."
    if facts.origin == SENDER:
        yield "proxy-header", "A PROXY header said LOCAL: the balancer's own connection, made for nobody."
    if facts.window == SPREAD:
        yield "turns", f"{seen.turns} addresses of nodes took turns for this Host in the last minutes."
    if facts.policy:
        name = f" {seen.service}" if seen.service else ""
        yield "service", f"The Service{name} in front of it: {POLICIES[facts.policy]}"
    if facts.agent:
        yield "user-agent", f"The User-Agent is that of {AGENTS[facts.agent]}."
    if facts.real_ip in (REAL_IP_LEFT, REAL_IP_OTHER):
        place = "stands left of the client in the chain" if facts.real_ip == REAL_IP_LEFT else "is not in the chain"
        yield "x-real-ip", f"X-Real-IP is {_shown(seen, 'x-real-ip')}, which {place}."
    if facts.original:
        same = ", and the proxy appended nothing to it" if facts.original == ORIGINAL_SAME else ""
        yield "x-original-forwarded-for", f"The proxy received {_shown(seen, 'x-original-forwarded-for')}{same}."
    if facts.single:
        yield "other-header", f"It sent {_shown(seen, 'other')}."


_PLACED = frozenset({"node", "own-node", "bridge", "other-bridge", "docker-bridge"})


def _shown(seen: Seen, name: str) -> str:
    return quote(seen.headers.get(name, ""))


def _time(microseconds: int) -> str:
    return f"{microseconds} µs" if microseconds < 1000 else f"{microseconds / 1000:.1f} ms"
