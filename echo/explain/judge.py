"""
From a request and its resolution to a finding: on every request, and cheap.

What of a request its finding depends on are its facts; what nobody needs is not looked at. `echo.explain.explanation`
tells it all.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from echo.clientip import Address, Config, Resolution, parse_hop
from echo.clientip.network import Service
from echo.clientip.resolve import ALL_TRUSTED, BY_RIGHTMOST_NONPRIVATE, NO_HEADER, PEER, PEER_UNTRUSTED, Headers
from echo.clientip.strategies import RIGHTMOST_UNTRUSTED, XFF
from echo.explain.choose import BY_HEADER, INTERNAL, NODES, OWN_NODE, PROXIES, choose
from echo.explain.facts import AGENT_KUBELET, ORIGINAL_THERE, SENDER, SPREAD, Facts
from echo.explain.findings import Finding
from echo.explain.headers import (
    HOST,
    ORIGINAL,
    REAL_IP,
    agent_of,
    count,
    first,
    ingress_asks,
    is_passed_over,
    last,
    leftmost,
    original_beside,
    real_ip_beside,
    right_of_boundary,
    rightmost_untrusted,
    single_header,
    told_header,
)
from echo.explain.origin import Origins
from echo.explain.topology import NOWHERE, Surroundings, Topology
from echo.explain.turns import AT_THE_SOCKET, Turns
from echo.handshake import UNKNOWN, Handshake

SETTLED = (PEER.code, PEER_UNTRUSTED.code)  # reasons with which the peer is the client, whatever the headers say
ASKED = NODES | PROXIES | {"cdn"}  # classes of peers whose finding depends on more than whether a header came
_NOTHING_MORE = Facts("", "", "", "")[10:]  # of the facts: what is asked only of some requests
_new = tuple.__new__  # what a NamedTuple's own constructor calls; half the time of calling that


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


class Judge:
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
        self._origins = Origins(topology)
        self._own = sorted(topology.own)
        self._ingress_asks = ingress_asks(config.ingress_nginx)

    def peer(
        self,
        text: str | None,
        *,
        proxied: bool = False,
        sender: str | None = None,
        handshake: Handshake = UNKNOWN,
        local: bool = False,
    ) -> Peer:
        """
        Judge a peer.

        sender     the other end of the connection, where a PROXY header gave `text` (then `proxied`)
        handshake  of the connection
        local      a PROXY header said LOCAL
        """
        policy = self.config.policy
        resolution = policy.resolve(text, {}, proxied)
        settled = not policy.is_chain and resolution.reason.code in SETTLED
        address = resolution.client if settled else parse_hop(text) if text else None
        meaning = self.topology.meaning(address)
        sent_by = self.topology.meaning(parse_hop(sender) if sender else None).code if proxied else ""
        origin = "" if proxied or address is None else self._origins.of(address, meaning, handshake)
        if local and meaning.code in PROXIES:
            origin = SENDER
        known = resolution if settled else None
        return Peer(text, proxied, address, meaning.code, known, origin, sent_by, handshake)

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
        entries = count(values) if values else 0
        meaning = peer.meaning if client is peer.address else self.topology.meaning(client).code
        is_settled = reason in SETTLED
        last_is_peer = is_settled and entries > 0 and peer.meaning not in INTERNAL and last(values) == peer.address
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
        agent = agent_of(headers)
        if agent == AGENT_KUBELET and peer.meaning not in OWN_NODE and self.topology.knows_own_node:
            agent = ""  # a kubelet probes the pods of its own node alone
        facts = facts._replace(agent=agent, single=bool(single_header(headers, self.config.policy)))
        if peer.meaning not in NODES or peer.address is None:
            return facts
        # a handshake that leaves it open is still better evidence: programs on several nodes may well call one Host
        if facts.entries or not (peer.proxied or peer.handshake.hops is None):
            return facts
        turns = self._turns.note((first(headers, HOST), AT_THE_SOCKET), peer.address.packed, self._clock())
        return facts._replace(window=SPREAD) if turns else facts

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
            client = leftmost(values)
            facts = facts._replace(client=self.topology.meaning(client).code)
        original = headers.get(ORIGINAL, ())
        if original:
            facts = facts._replace(
                original=ORIGINAL_THERE if self._ingress_asks else original_beside(original, client, values, resolution)
            )
        if self._guarded and resolution.reason is BY_RIGHTMOST_NONPRIVATE:
            facts = facts._replace(passed=is_passed_over(values, resolution, self.config.policy.trusted))
        if (
            self._guarded
            and resolution.client is not None
            and resolution.source != XFF
            and (listed := headers.get(XFF))
        ):
            told = rightmost_untrusted(listed, self.config.policy.trusted)
            facts = facts._replace(disagrees=told is not None and told != client)
        if others and (facts.client in NODES or facts.client == "cdn" or self._turns.ways):
            headers = others()
        if client is not None and facts.client in NODES:
            return self._node_facts(facts, peer, headers, values, resolution, client)
        if self._turns.ways and peer.address is not None and facts.client not in INTERNAL:
            self._turns.keeps((first(headers, HOST), peer.address.packed))
        if facts.client == "cdn":
            return facts._replace(single=bool(single_header(headers, self.config.policy)))
        real_ip = headers.get(REAL_IP, ())
        if real_ip and resolution.source != REAL_IP:
            beside = real_ip_beside(real_ip, peer.address, values, resolution)
            return facts._replace(real_ip=beside) if beside else facts
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
        writer = right_of_boundary(values, resolution) or peer.address
        services = [one for one in self.config.services if writer is not None and writer.packed in one.endpoints]
        policy = _policy(services)
        window = ""
        if not policy and writer is not None:
            turns = self._turns.note((first(headers, HOST), writer.packed), client.packed, self._clock())
            window = SPREAD if turns else ""
        return facts._replace(writer=self.topology.meaning(writer).code, policy=policy, window=window)


def _policy(services: Sequence[Service]) -> str:
    """Return the policy of Services; "" if there are none, or if they have several."""
    policies = {service.policy for service in services}
    return policies.pop() if len(policies) == 1 else ""
