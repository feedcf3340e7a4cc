"""
From a request and its resolution to a finding, and to the whole explanation.

`finding` runs on every request and is cheap; `explain` runs on `/explain` and builds the chain as well.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from echo.clientip import Address, Config, Hop, Policy, Resolution, chain_of, parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.clientip.dialects.names import Spoken
from echo.clientip.headers import fields
from echo.clientip.network import EVERYBODY, Service
from echo.clientip.resolve import ALL_TRUSTED, NO_HEADER, PEER, PEER_UNTRUSTED, Headers, from_right
from echo.clientip.strategies import FORWARDED as FORWARDED_HEADER
from echo.clientip.strategies import RIGHTMOST_UNTRUSTED, XFF
from echo.explain.choose import BY_HEADER, INTERNAL, NODES, OWN_NODE, PROXIES, choose
from echo.explain.evidence import Evidence, Seen, tell
from echo.explain.facts import (
    AGENT_BALANCER,
    AGENT_KUBELET,
    FORWARDED,
    HOST_SERVICE,
    NEAR,
    NEIGHBOUR,
    ORIGINAL_SAME,
    ORIGINAL_THERE,
    REAL_IP_LEFT,
    REAL_IP_OTHER,
    SELF,
    SPREAD,
    Facts,
)
from echo.explain.findings import CLIENT, STORIES, Finding
from echo.explain.findings import PEER as AT_PEER
from echo.explain.others import Other, ask
from echo.explain.topology import NOWHERE, Meaning, Surroundings, Topology
from echo.explain.turns import Turns
from echo.handshake import LINK_GATEWAY, LINK_NEIGHBOUR, LINK_OWN, UNKNOWN, Handshake
from echo.request import canonical

SETTLED = (PEER.code, PEER_UNTRUSTED.code)  # reasons with which the peer is the client, whatever the headers say
ASKED = NODES | PROXIES | {"cdn"}  # classes of peers whose finding depends on more than whether a header came
# routers that a pod's own connection meets: none or one on its own node, two or three from another
POD_HOPS, OWN_NODE_POD_HOPS = 3, 1
# routers that another node's own connection meets: our node, and perhaps one between the nodes
NODE_HOPS = 2
MAX_ADJACENT = 4096  # nodes that are known to have no router between; Kubernetes itself ends at 5,000
# who sent a frame that no router touched -> where the connection began, though our node's address stands on it
LINKS = {LINK_OWN: SELF, LINK_NEIGHBOUR: NEIGHBOUR}
ORIGINAL = "x-original-forwarded-for"
REAL_IP = "x-real-ip"
HOST, AGENT = "host", "user-agent"
# headers that may name a client beside the one that is read
SINGLE = (REAL_IP, "cf-connecting-ip", "true-client-ip", "x-client-ip", FORWARDED_HEADER, XFF)
EVIDENCE_HEADERS = (HOST, AGENT, ORIGINAL, *SINGLE)
TELLING = (ORIGINAL, REAL_IP)  # of these, what a client that a header named is compared with each time
# beginnings of user agents: kubelet's prober, and those of clouds' balancers
AGENTS = (
    ("kube-probe/", AGENT_KUBELET),
    ("ELB-HealthChecker/", AGENT_BALANCER),
    ("GoogleHC/", AGENT_BALANCER),
    ("clb-healthcheck", AGENT_BALANCER),
    ("Envoy/HC", AGENT_BALANCER),
)
# where a connection began -> the only story that is left
NARROWED = {NEIGHBOUR: ("pod-masqueraded",), SELF: ("self",)}
CLUSTER_NAMES = (".svc", ".svc.", ".cluster.local", ".cluster.local.")  # ends of names that only a cluster's DNS knows
_NOTHING_MORE = Facts("", "", "", "")[10:]  # of the facts: what is asked only of some requests
_new = tuple.__new__  # what a NamedTuple's own constructor calls; half the time of calling that
_PLACEHOLDER = re.compile(r"\{(peer|client|hop|header|other)\}")
MAX_TOLD_ENTRIES = 64  # of a list that are compared with X-Real-IP: more proxies than any chain has


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


class Peer(NamedTuple):
    """
    Who a connection's requests come from, judged once.

    text        the other end of the connection, or the source that a PROXY header gave (then `proxied`)
    meaning     code of what its address means
    resolution  of every request that it sends, where headers change nothing; None where they may
    origin      where the connection began, one of echo.explain.facts
    sender      code of what the address means that sent the PROXY header; "" without one
    handshake   what the kernel kept of it
    """

    text: str | None
    proxied: bool
    address: Address | None
    meaning: str
    resolution: Resolution | None
    origin: str = ""
    sender: str = ""
    handshake: Handshake = UNKNOWN


class Explainer:
    """Judges requests under one configuration, for a server in some surroundings."""

    def __init__(
        self, config: Config, surroundings: Surroundings = NOWHERE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.config = config
        self.topology = topology = Topology(config, surroundings)
        # a policy that reads no header is still told about the one that a proxy would write
        self.headers = config.policy.headers or (config.policy.header,)
        self._resolve = config.policy.resolve
        self._guarded = bool(config.policy.trusted)
        self._clock = clock
        self._turns = Turns()
        self._adjacent: set[bytes] = set()
        self._own = sorted(topology.own)
        self._own_services = [
            one for one in config.services if any(address in one.endpoints for address in topology.own)
        ]
        self._ingress_asks = _ingress_asks(config.ingress_nginx)

    def peer(
        self, text: str | None, *, proxied: bool = False, sender: str | None = None, handshake: Handshake = UNKNOWN
    ) -> Peer:
        """
        Judge a peer.

        sender     the other end of the connection, where a PROXY header gave `text` (then `proxied`)
        handshake  of the connection
        """
        policy = self.config.policy
        resolution = policy.resolve(text, {}, proxied)
        settled = not policy.is_chain and resolution.reason.code in SETTLED
        address = resolution.client if settled else parse_hop(text) if text else None
        meaning = self.topology.meaning(address).code
        sent_by = self.topology.meaning(parse_hop(sender) if sender else None).code if proxied else ""
        origin = "" if proxied or address is None else self._origin(address, meaning, handshake)
        known = resolution if settled else None
        return Peer(text, proxied, address, meaning, known, origin, sent_by, handshake)

    def judge(self, peer: Peer, headers: Headers) -> tuple[Resolution, Finding]:
        """Resolve one request and find what there is to say; headers hold `self.headers` and EVIDENCE_HEADERS."""
        resolution = peer.resolution or self._resolve(peer.text, headers, peer.proxied)
        return resolution, self.finding(peer, headers, resolution)

    def finding(self, peer: Peer, headers: Headers, resolution: Resolution) -> Finding:
        """Return the finding on one request, placeholders unfilled."""
        return choose(self.facts(peer, headers, resolution))

    def facts(
        self, peer: Peer, headers: Headers, resolution: Resolution, others: Callable[[], Headers] | None = None
    ) -> Facts:
        """
        Return what of a request its finding depends on.

        headers  hold `self.headers` and TELLING
        others   makes those that EVIDENCE_HEADERS names as well, where they are wanted; None: they are there already
        """
        client, source, reason = resolution.client, resolution.source, resolution.reason.code
        values = headers.get(told_header(self.config.policy, resolution), ())
        entries = _count(values) if values else 0
        meaning = peer.meaning if client is peer.address else self.topology.meaning(client).code
        is_settled = reason in SETTLED
        last_is_peer = is_settled and entries == 1 and peer.meaning not in INTERNAL and _last(values) == peer.address
        guarded = self._guarded or reason == RIGHTMOST_UNTRUSTED
        claims = entries > resolution.depth
        facts = _new(
            Facts,
            (
                reason,
                source,
                peer.meaning,
                meaning,
                entries > 0,
                claims,
                last_is_peer,
                guarded,
                peer.sender,
                peer.origin,
            )
            + _NOTHING_MORE,
        )
        if is_settled and peer.meaning not in ASKED:
            return facts
        if reason in BY_HEADER or reason == ALL_TRUSTED.code:
            return self._header_facts(facts, peer, headers, values, resolution, others)
        if peer.meaning in ASKED or reason == NO_HEADER.code:
            return self._socket_facts(facts, peer, others() if others else headers)
        return facts

    def _socket_facts(self, facts: Facts, peer: Peer, headers: Headers) -> Facts:
        """Add what matters where no header has a say."""
        facts = facts._replace(agent=_agent(headers), single=bool(self._single(headers)))
        if peer.meaning not in NODES or peer.address is None:
            return facts
        window = ""
        if not (peer.origin or facts.entries):
            turns = self._turns.note((_first(headers, HOST), b""), peer.address.packed, self._clock())
            window = SPREAD if turns else ""
        return facts._replace(host=self._host(headers), policy=_policy(self._own_services), window=window)

    def _header_facts(
        self,
        facts: Facts,
        peer: Peer,
        headers: Headers,
        values: Sequence[str],
        resolution: Resolution,
        others: Callable[[], Headers] | None,
    ) -> Facts:
        """Add what matters where a header named the client, or all of it is trusted."""
        client = resolution.client
        if client is None:
            client = _leftmost(values)
            facts = facts._replace(client=self.topology.meaning(client).code)
        original = headers.get(ORIGINAL, ())
        if original:
            facts = facts._replace(original=self._original(client, values, original, resolution))
        if others and (facts.client in NODES or facts.client == "cdn" or self._turns.ways):
            headers = others()
        if client is not None and facts.client in NODES:
            return self._node_facts(facts, peer, headers, values, resolution, client)
        if self._turns.ways and peer.address is not None and facts.client not in INTERNAL:
            self._turns.keeps((_first(headers, HOST), peer.address.packed))
        if facts.client == "cdn":
            return facts._replace(single=bool(self._single(headers)))
        real_ip = headers.get(REAL_IP, ())
        if real_ip and resolution.source != REAL_IP:
            told = _real_ip(real_ip, peer, values, resolution)
            return facts._replace(real_ip=told) if told else facts
        return facts

    def _node_facts(
        self,
        facts: Facts,
        peer: Peer,
        headers: Headers,
        values: Sequence[str],
        resolution: Resolution,
        client: Address,
    ) -> Facts:
        """Add what matters where a node's address stands in the header."""
        writer = _right_of(values, resolution) or peer.address
        services = [one for one in self.config.services if writer is not None and writer.packed in one.endpoints]
        policy = _policy(services)
        window = ""
        if not policy and writer is not None:
            turns = self._turns.note((_first(headers, HOST), writer.packed), client.packed, self._clock())
            window = SPREAD if turns else ""
        return facts._replace(writer=self.topology.meaning(writer).code, policy=policy, window=window)

    def _origin(self, address: Address, meaning: str, handshake: Handshake) -> str:
        """Return where a connection began: at the peer itself, or beyond it."""
        hops = handshake.hops
        if hops is None:
            return ""
        if meaning == "pod":
            own = self.topology.in_own_block(address)
            return FORWARDED if hops > (OWN_NODE_POD_HOPS if own else POD_HOPS) else ""
        if meaning not in NODES:
            return ""
        known = self.topology.knows_own_node
        is_own = known and meaning in OWN_NODE
        if is_own and not hops and handshake.link in LINKS:
            return LINKS[handshake.link]
        if is_own or not hops:
            # no router: a pod's packet may have been turned around in the bridge, so who sent its frame must be known
            told = handshake.link == LINK_GATEWAY and handshake.is_quick
            return FORWARDED if hops else NEAR if told else ""
        if hops > NODE_HOPS or (hops == NODE_HOPS and address.packed in self._adjacent):
            return FORWARDED
        if hops < NODE_HOPS and known and handshake.is_quick:
            if len(self._adjacent) < MAX_ADJACENT:
                self._adjacent.add(address.packed)
            return NEAR
        return ""

    def _host(self, headers: Headers) -> str:
        """Return HOST_SERVICE if the Host is a Service's inside the cluster."""
        name = _first(headers, HOST).lower()
        address = parse_hop(name)
        if address is not None:
            return HOST_SERVICE if self.topology.meaning(address).code == "service" else ""
        name = name.rpartition(":")[0] or name
        if name.endswith(CLUSTER_NAMES) or (name and "." not in name and name != "localhost"):
            return HOST_SERVICE
        return ""

    def _original(
        self, client: Address | None, values: Sequence[str], original: Sequence[str], resolution: Resolution
    ) -> str:
        alone = resolution.depth == 1 and _count(values) == 1
        if self._ingress_asks or not alone or client is None:
            return ORIGINAL_THERE
        return ORIGINAL_SAME if client in _addresses(original) else ORIGINAL_THERE

    def _single(self, headers: Headers) -> str:
        """Return the name of a header that names a client beside those that are read; "" if there is none."""
        for name in SINGLE:
            values = headers.get(name, ()) if name not in self.config.policy.headers else ()
            if values and (name == FORWARDED_HEADER or _last(values) is not None):
                return name
        return ""

    def explain(
        self,
        asked: str,
        arrival: Arrival,
        spoken: Sequence[Spoken] = (),
        *,
        handshake: Handshake = UNKNOWN,
        connection: tuple[str, int] = ("", 0),
        server: str = "",
    ) -> Explanation:
        """
        Return the explanation of one request.

        asked       the request line, for people to recognise their own request
        arrival     the request
        spoken      the dialects that are asked as well
        handshake   of the connection
        connection  its id, and the request's number on it
        server      name of the host that answers
        """
        policy = self.config.policy
        end = arrival.proxied or arrival.peer or ""
        address = parse_hop(end)
        text = str(address) if address else end
        proxied = arrival.proxied is not None
        names = dict.fromkeys((*self.headers, *EVIDENCE_HEADERS))
        headers = {name: fields(arrival.headers, name) for name in names}
        peer = self.peer(text, proxied=proxied, sender=arrival.peer, handshake=handshake)
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
            max(0, _count(values) + 1 - len(hops)),
            policy,
            self.config.path,
            asked,
            tuple(ask(spoken, arrival, policy, resolution, spelled(header))),
            _lost_at(finding, hops, resolution),
            tuple(self._candidate(story, shown, told) for story in NARROWED.get(facts.origin, finding.stories)),
            tell(facts, seen),
            arrival,
            connection,
            server,
        )

    def _seen(self, facts: Facts, peer: Peer, headers: Headers, arrival: Arrival) -> Seen:
        sender = parse_hop(arrival.peer or "") if peer.proxied else None
        single = self._single(headers) if facts.single else ""
        values = {name: _first(headers, name) for name in (HOST, REAL_IP, ORIGINAL)}
        if single:
            values["other"] = f"{spelled(single)}: {_first(headers, single)}"
        services = self._own_services if facts.reason in SETTLED else self.config.services
        name = next((one.name for one in services if one.policy == facts.policy), "") if facts.policy else ""
        return Seen(
            UNKNOWN if peer.proxied else peer.handshake,
            str(sender) if sender else "",
            self.topology.meaning(sender).words,
            quote(name) if name else "",
            values,
            self._turns.count(_first(headers, HOST)),
        )

    def _told(self, finding: Finding, hops: Sequence[HopView], headers: Headers) -> Address | None:
        """Return the address that a header tells, which the policy did not take."""
        if finding.code == "original-forwarded-for":
            return _last(headers[ORIGINAL])
        if finding.code == "other-header":
            return _last(headers[self._single(headers)])
        left = [view.hop for view in hops if view.hop.role == "claim"]
        if finding.code == "proxy-believes-header":
            left = [view.hop for view in hops if view.hop.role == "client"]
        return left[-1].address if left else None

    def _candidate(self, story: str, shown: Address | None, told: Address | None) -> Candidate:
        words, whose = STORIES[story]
        own = Address(self._own[0]) if self._own else None
        return Candidate(story, words, {"shown": shown, "told": told, "own": own, "": None}[whose])


def spelled(header: str) -> str:
    """Return a lower-case header name as people write it."""
    return canonical(header.encode()).decode()


def told_header(policy: Policy, resolution: Resolution) -> str:
    """Return the header that an explanation is about: the one that named the client, or that should have."""
    return resolution.source if resolution.source in policy.headers else policy.header


def _ingress_asks(keys: Mapping[str, str]) -> bool:
    """Return whether ingress-nginx is known to ask who sends X-Forwarded-For, or to believe nobody's."""
    if not keys:
        return False
    believes = "true" in (keys.get("use-forwarded-headers"), keys.get("enable-real-ip"))
    ranges = [text.strip() for text in keys.get("proxy-real-ip-cidr", EVERYBODY[0]).split(",")]
    return not believes or not any(text in EVERYBODY for text in ranges)


def _policy(services: Sequence[Service]) -> str:
    """Return the policy of Services; "" if there are none, or if they have several."""
    policies = {service.policy for service in services}
    return policies.pop() if len(policies) == 1 else ""


def _agent(headers: Headers) -> str:
    text = _first(headers, AGENT)
    return next((kind for start, kind in AGENTS if text.startswith(start)), "")


def _real_ip(real_ip: Sequence[str], peer: Peer, values: Sequence[str], resolution: Resolution) -> str:
    """Return what X-Real-IP says beside the chain."""
    text = real_ip[-1]
    # the way of nearly every request: the proxy wrote the same into both
    if len(values) == 1 and resolution.depth == values[0].count(",") + 1 and values[0].partition(",")[0] == text:
        return ""
    address = _last(real_ip)
    if address is None or address in (resolution.client, peer.address):
        return ""
    for depth, entry in enumerate(from_right(values), 1):
        if depth > MAX_TOLD_ENTRIES:
            break
        if parse_hop(entry) == address:
            return REAL_IP_LEFT if depth > resolution.depth else ""
    return REAL_IP_OTHER


def _right_of(values: Sequence[str], resolution: Resolution) -> Address | None:
    """Return the entry that was written after the boundary's; None if the peer itself wrote that one."""
    for depth, entry in enumerate(from_right(values), 1):
        if depth == resolution.depth - 1:
            return parse_hop(entry)
    return None


def _lost_at(finding: Finding, hops: Sequence[HopView], resolution: Resolution) -> HopView | None:
    if finding.lost_at == AT_PEER:
        return hops[-1]
    if finding.lost_at == CLIENT:
        at = len(hops) - 1 - resolution.depth
        return hops[at] if 0 <= at < len(hops) else hops[0]
    return None


def _other(finding: Finding, seen: Seen) -> str:
    """Return what {other} stands for."""
    if finding.code == "over-trusting-proxy":
        return quote(seen.headers.get(REAL_IP, ""))
    if finding.code == "proxy-header-unguarded":
        return f"{seen.sender}, {seen.sender_words}" if seen.sender else "somewhere without an address"
    return quote(seen.headers.get("other", ""))


def _filled(text: str, filled: Mapping[str, str]) -> str:
    """Return a text with its placeholders filled in, once; a manifest has braces of its own, so no format string."""
    return _PLACEHOLDER.sub(lambda found: filled[found[1]], text)


def _count(values: Sequence[str]) -> int:
    return sum([value.count(",") + 1 for value in values])


def _last(values: Sequence[str]) -> Address | None:
    return parse_hop(values[-1].rpartition(",")[2])


def _leftmost(values: Sequence[str]) -> Address | None:
    return parse_hop(values[0].partition(",")[0]) if values else None


def _addresses(values: Sequence[str]) -> list[Address | None]:
    return [parse_hop(entry) for _, entry in zip(range(MAX_TOLD_ENTRIES), from_right(values), strict=False)]


def _first(headers: Headers, name: str) -> str:
    values = headers.get(name, ())
    return values[0] if values else ""
