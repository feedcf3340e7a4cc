"""The findings: the ways of the background article, and others, and what they must be called."""

import string
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import REASONS, parse_address, parse_config
from echo.clientip.dialects import Arrival
from echo.clientip.network import POLICIES
from echo.explain import FINDINGS, Explainer, Surroundings
from echo.explain.choose import BY_CLIENT, BY_PEER, BY_REASON, NODES, choose
from echo.explain.evidence import KINDS, tell
from echo.explain.facts import NEAR, Facts
from echo.explain.findings import STORIES, VERDICTS, finding_on_malformed
from echo.explain.headers import AGENTS
from echo.explain.report import VERDICT_WORDS, explain_text
from echo.explain.topology import MORE_MEANINGS, NETWORK_MEANINGS, RANGE_WORDS, Interface, parse_addresses
from echo.handshake import LINK_GATEWAY, LINK_NEIGHBOUR, LINK_OWN, UNKNOWN, Handshake
from echo.malformed import KINDS as MALFORMED_KINDS

NETWORK = """
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16"]
vpc_pods = ["192.168.253.0/24"]
node_pod_prefix = 26
services = ["172.18.240.0/20"]
load_balancers = ["100.64.0.0/10"]
ingress = ["172.18.0.17"]
node_external = ["198.51.100.117"]
service_lb = ["172.18.0.99"]
"""
RANGES = 'ranges = ["load_balancers", "ingress"]\n'
TRUST = f"[trust]\n{RANGES}"
TRUST_NODES = '[trust]\nranges = ["load_balancers", "ingress", "nodes", "pods"]\n'
TRUST_CDN = '[trust]\nranges = ["cloudflare"]\n'
SERVICE = '[[network.service]]\nname = "kube-system/ingress"\nendpoints = ["ingress"]\npolicy = '
CLUSTER, LOCAL, DIRECT = (f'{SERVICE}"{policy}"\n' for policy in POLICIES)
OWN_CLUSTER, OWN_LOCAL, OWN_DIRECT = (
    f'[[network.service]]\nname = "default/whofrom"\nendpoints = ["172.18.0.80"]\npolicy = "{policy}"\n{TRUST}'
    for policy in POLICIES
)
ONLY_INGRESS = '[trust]\nranges = ["ingress"]\n'
COUNT = '[trust]\nstrategy = "rightmost-count:1"\n'
INGRESS = "[network.ingress_nginx]\nuse-forwarded-headers = "
CLIENT = "81.2.69.142"
XFF, REAL_IP, ORIGINAL = "X-Forwarded-For", "X-Real-IP", "X-Original-Forwarded-For"


def pod(text: str, prefix: int, gateway: str, node: str) -> Surroundings:
    interface = Interface("eth0", parse_address(text), prefix)
    gateways = (("eth0", parse_address(gateway)),)
    return Surroundings("pod", parse_addresses(node), (parse_address(text),), (interface,), gateways)


GR = pod("172.18.0.80", 26, "172.18.0.65", "192.168.0.11")  # the article's pod with a bridge before it
ENI = pod("192.168.253.9", 32, "169.254.32.1", "192.168.0.17")  # and the one with an address of the VPC
DOCKER = pod("172.17.0.2", 16, "172.17.0.1", "")._replace(kind="container", pod_ips=())
SWARM = pod("10.0.0.7", 24, "10.0.0.1", "")._replace(kind="container", pod_ips=(), gateways=())
QUICK, SLOW = 200, 40_000


HOST = pod("192.168.0.11", 24, "192.168.0.1", "192.168.0.11")._replace(kind="machine")
WIDE = '[trust]\nranges = ["load_balancers"]\n'
BARE = (DOCKER, SWARM, Surroundings())  # without a [network] where there is no [trust]


def came(hops: int, link: str = LINK_GATEWAY, rtt_us: int = QUICK) -> Handshake:
    return Handshake(64 - hops, 1460, rtt_us, link)


class Row(NamedTuple):
    """A way, the other end, the fields, the finding's code; the rest of the configuration; where; the handshake."""

    name: str
    peer: str | None
    fields: tuple[tuple[str, str], ...]
    code: str
    toml: str = TRUST
    around: Surroundings = GR
    handshake: Handshake = UNKNOWN
    proxied: str | None = None


def xff(*values: str) -> tuple[tuple[str, str], ...]:
    return tuple((XFF, value) for value in values)


def host(name: str) -> tuple[tuple[str, str], ...]:
    return (("Host", name),)


# a name as TOPOLOGIES.md numbers it begins with that number
ROWS = (
    # --- no header: what the socket shows, and the handshake tells --------------------------------------------------
    Row("1.3.1 another node's host", "192.168.0.17", host("172.18.0.80"), "node-called", handshake=came(1)),
    Row("1.3.2 the pod's own node", "172.18.0.65", host("172.18.0.80"), "bridge-called", handshake=came(0)),
    Row("1.3.3 pod on another node", "172.18.0.10", (), "socket-pod", handshake=came(2)),
    Row("1.3.4 pod on the same node", "172.18.0.81", (), "socket-pod", handshake=came(0, LINK_NEIGHBOUR)),
    Row("1.4.1 Cluster, another node", "192.168.0.17", (), "snat-at-node", handshake=came(3, rtt_us=SLOW)),
    Row("1.4.1 Cluster, another node, quick client", "192.168.0.17", (), "snat-at-node", handshake=came(3)),
    Row("1.4.1 Cluster, the pod's node", "172.18.0.65", (), "snat-at-own-node", handshake=came(2)),
    Row("1.4.1 the same, by a Host inside", "192.168.0.17", host("x.svc"), "snat-at-node", handshake=came(3)),
    Row("1.4.2 node to the public address", "192.168.0.17", host("198.51.100.10"), "node-called", handshake=came(1)),
    Row("1.4.2 the pod's node to it", "172.18.0.65", host("198.51.100.10"), "bridge-called", handshake=came(0)),
    Row("1.5.2 Local", CLIENT, (), "socket-public", handshake=came(2)),
    Row("1.5.3 node to Local", "192.168.0.17", (), "node-called", handshake=came(1)),
    Row("2.2 GR pod to VPC-CNI pod", "172.18.0.80", (), "socket-pod", around=ENI, handshake=came(2)),
    Row("2.2 own node to VPC-CNI pod", "192.168.0.17", (), "node-called", around=ENI, handshake=came(0)),
    Row("2.2 VPC-CNI pod to another", "192.168.253.10", (), "socket-pod", around=ENI, handshake=came(2)),
    Row("2.3.1 direct", CLIENT, (), "socket-public", around=ENI, handshake=came(2)),
    Row("2.3.2 node to direct", "192.168.0.11", (), "node-called", around=ENI, handshake=came(1)),
    Row("2.4 not direct, another node", "192.168.0.11", (), "snat-at-node", around=ENI, handshake=came(3)),
    Row("2.4 not direct, the pod's node", "192.168.0.17", (), "snat-at-own-node", around=ENI, handshake=came(2)),
    Row("X.1 ClusterIP from a pod", "172.18.0.10", host("172.18.251.84"), "socket-pod", handshake=came(2)),
    Row("X.3 hairpin in a bridge", "172.18.0.65", (), "hairpin", handshake=came(0, LINK_OWN)),
    Row("X.14 hairpin by a router", "172.18.0.65", host("172.18.251.84"), "snat-at-own-node", handshake=came(1)),
    Row("1.4.1 the client forged the Host", "172.18.0.65", host("whoami.svc"), "snat-at-own-node", handshake=came(2)),
    Row("X.4 ClusterIP from another node", "192.168.0.17", host("whoami"), "node-called", handshake=came(1)),
    Row("X.5 ClusterIP from the pod's node", "172.18.0.65", host("whoami"), "bridge-called", handshake=came(0)),
    Row("X.6 pod to the public address, or a router", "192.168.0.17", (), "snat-suspected", handshake=came(2)),
    Row("X.6 neighbour to it", "172.18.0.65", (), "snat-at-own-node", handshake=came(0, LINK_NEIGHBOUR)),
    Row("X.7 pod to Local", "172.18.0.10", host("198.51.100.10"), "socket-pod", handshake=came(2)),
    # what a sender could pretend, and what is not known
    Row("a far client that pretends to be next door", "172.18.0.65", (), "snat-suspected", handshake=came(0,
        rtt_us=SLOW)),
    Row("no link-layer address", "172.18.0.65", (), "snat-suspected", handshake=came(0, "")),
    Row("no handshake, node", "192.168.0.17", (), "snat-suspected"),
    Row("no handshake, bridge", "172.18.0.65", (), "snat-suspected"),
    Row("no handshake, Local", "192.168.0.17", (), "snat-suspected", OWN_LOCAL),
    Row("no handshake, Direct, bridge", "172.18.0.65", (), "snat-suspected", OWN_DIRECT),
    Row("no handshake, Cluster", "192.168.0.17", (), "snat-suspected", OWN_CLUSTER),
    Row("handshake, whatever the policy", "192.168.0.17", (), "snat-at-node", OWN_LOCAL, GR, came(3)),
    Row("own node not known", "192.168.0.17", (), "snat-suspected", around=Surroundings(), handshake=came(1)),
    Row("own node not known, a router", "192.168.0.17", (), "snat-suspected", TRUST, Surroundings(), came(2)),
    Row("own node not known, far", "192.168.0.17", (), "snat-at-node", around=Surroundings(), handshake=came(3)),
    Row("own node not known, next door", "192.168.0.17", (), "node-called", around=Surroundings(), handshake=came(0)),
    Row("an overlay's bridge of another node", "172.18.0.0", (), "bridge-called", handshake=came(1)),
    Row("a machine of the network", "10.9.9.9", (), "snat-suspected", WIDE, GR, came(4)),
    Row("the same, next door", "10.9.9.9", (), "node-called", WIDE, GR, came(1)),
    Row("host's network: a node", "192.168.0.17", (), "node-called", TRUST, HOST, came(0, LINK_NEIGHBOUR)),
    Row("host's network: beyond it", "192.168.0.17", (), "snat-at-node", TRUST, HOST, came(2)),
    Row("host's network: perhaps beyond it", "192.168.0.17", (), "snat-suspected", TRUST, HOST, came(1)),
    Row("kubelet's probe", "172.18.0.65", (("User-Agent", "kube-probe/1.31"),), "health-check", handshake=came(0)),
    Row("kubelet's probe, no handshake", "192.168.0.11", (("User-Agent", "kube-probe/1"),), "health-check-suspected"),
    Row("another node's kubelet, perhaps", "192.168.0.17", (("User-Agent", "kube-probe/1"),), "snat-suspected",
        handshake=came(2)),
    Row("another node's kubelet", "192.168.0.17", (("User-Agent", "kube-probe/1"),), "node-called", handshake=came(1)),
    Row("who says it is the kubelet", "172.18.0.65", (("User-Agent", "kube-probe/1"),), "snat-at-own-node",
        handshake=came(2)),
    Row("balancer's health check", "100.64.0.5", (("User-Agent", "clb-healthcheck"),), "health-check-suspected"),
    Row("itself", "172.18.0.80", (), "own-pod-called"),
    Row("balancer without a header", "100.64.0.5", (), "proxy-without-header"),
    Row("ingress without a header", "172.18.0.17", (), "proxy-without-header"),
    Row("shared space, unknown", "100.64.0.5", (), "socket-cgnat", "", Surroundings()),
    Row("node's public address", "198.51.100.117", (), "socket-node-external"),
    Row("ServiceLB, named", "172.18.0.99", (), "service-lb-snat"),
    Row("ServiceLB, not named, same node", "172.18.0.98", (), "pod-forwarded", handshake=came(3)),
    Row("ServiceLB, not named, another node", "172.18.0.10", (), "pod-forwarded", handshake=came(5)),
    Row("sidecar", "127.0.0.6", (), "sidecar"),
    Row("Docker's gateway", "172.17.0.1", (), "docker-bridge", "", DOCKER),
    Row("Docker, forwarded", "172.17.0.1", (), "snat-at-own-node", "", DOCKER, came(2)),
    Row("Swarm's mesh", "10.0.0.2", (), "swarm-ingress", "", SWARM),
    Row("CDN, nothing said", "104.16.1.1", (), "cdn-hides-client"),
    Row("CDN, its own header", "104.16.1.1", (("CF-Connecting-IP", CLIENT),), "cdn-not-trusted"),
    Row("port-forward", "127.0.0.1", (), "socket-loopback"),
    Row("private, unknown", "10.9.9.9", (), "socket-private"),
    Row("Service address as the source", "172.18.251.84", (), "address-impossible"),
    Row("UNIX socket", None, (), "peer-no-address"),
    Row("trusted, but no proxy we know", "10.9.9.9", (), "trusted-without-header",
        '[trust]\nranges = ["10.0.0.0/8"]\n'),
    Row("trusted node without a header", "192.168.0.17", (), "snat-at-node", TRUST_NODES, GR, came(3)),
    Row("trusted pod without a header", "172.18.0.10", (), "socket-pod", TRUST_NODES, GR, came(2)),
    # --- a trusted header ------------------------------------------------------------------------------------------
    Row("1.6.1 L7 balancer", "100.64.0.5", xff(CLIENT), "header-trusted"),
    Row("1.6.1 the client forged an entry", "100.64.0.5", xff(f"1.2.3.4, {CLIENT}"), "header-trusted-claims-ignored"),
    Row("1.6.2 node through the Internet", "100.64.0.5", xff("198.51.100.117"), "header-node-external"),
    Row("L7 balancer that passes the source", CLIENT, xff(CLIENT), "socket-public-header-agrees"),
    Row("2.6 L7, then Cluster", "192.168.0.17", xff(CLIENT), "header-past-snat", TRUST_NODES),
    Row("X.10 L7, then Cluster, bridge", "172.18.0.65", xff(CLIENT), "header-past-snat", TRUST_NODES),
    Row("2.6 nodes not trusted", "192.168.0.17", xff(CLIENT), "header-behind-snat", handshake=came(2)),
    Row("a proxy on the node itself, not trusted", "192.168.0.17", xff(CLIENT), "header-from-untrusted-proxy",
        handshake=came(1)),
    Row("3.1.1 ingress", "172.18.0.17", (*xff(CLIENT), (REAL_IP, CLIENT)), "header-trusted"),
    Row("3.1.2 node, ingress direct", "172.18.0.17", xff("192.168.0.11"), "header-node-called", DIRECT + TRUST),
    Row("3.3 node, ingress Local", "172.18.0.17", xff("192.168.0.11"), "header-node-called", LOCAL + TRUST),
    Row("3.4 ingress Cluster, node", "172.18.0.17", xff("192.168.0.11"), "snat-before-proxy", CLUSTER + TRUST),
    Row("3.4 ingress Cluster, bridge", "172.18.0.17", xff("172.18.0.1"), "snat-before-proxy", CLUSTER + TRUST),
    Row("3.4 policy not known", "172.18.0.17", xff("192.168.0.11"), "snat-before-proxy-suspected"),
    Row("3.4 nodes trusted, too", "172.18.0.17", xff("192.168.0.11"), "snat-before-proxy", CLUSTER + TRUST_NODES),
    Row("node through a balancer outside", "100.64.0.5", xff("192.168.0.11"), "header-node-called"),
    Row("the same, then the ingress", "172.18.0.17", xff("192.168.0.11, 100.64.0.5"), "header-node-called"),
    Row("ServiceLB before the ingress", "172.18.0.17", xff("172.18.0.99"), "snat-before-proxy"),
    Row("pod through the ingress", "172.18.0.17", xff("172.18.0.80"), "header-internal-client"),
    Row("unnamed proxy pod before the ingress", "172.18.0.17", xff(f"{CLIENT}, 172.18.0.81"), "header-private-client"),
    Row("trusted pod through the ingress", "172.18.0.17", xff("172.18.0.80"), "header-internal-client", TRUST_NODES),
    Row("trusted ServiceLB", "172.18.0.17", xff("172.18.0.99"), "snat-before-proxy", TRUST_NODES),
    Row("trusted proxy on the node itself", "192.168.0.17", xff(CLIENT), "header-trusted", TRUST_NODES, GR, came(1)),
    Row("trusted Service address", "172.18.0.17", xff("172.18.251.84"), "address-impossible", TRUST_NODES),
    Row("inside client through the ingress", "172.18.0.17", xff("10.9.9.9"), "header-private-client"),
    Row("4.4 over-trusting", "172.18.0.17", (*xff(f"1.2.3.4, {CLIENT}"), (REAL_IP, "1.2.3.4")), "over-trusting-proxy"),
    Row("the same, of a balancer", "100.64.0.5", (*xff(f"1.2.3.4, {CLIENT}"), (REAL_IP, "1.2.3.4")),
        "real-ip-disputed"),
    Row("4.4 no header sent", "172.18.0.17", (*xff(CLIENT), (REAL_IP, CLIENT)), "header-trusted"),
    Row("4.4 replaced by what it believed", "172.18.0.17", (*xff(CLIENT), (ORIGINAL, CLIENT)), "proxy-believes-header"),
    Row("the same, and known to ask", "172.18.0.17", (*xff(CLIENT), (ORIGINAL, CLIENT)), "header-trusted",
        INGRESS + '"true"\nproxy-real-ip-cidr = "100.64.0.0/10"\n' + TRUST),
    Row("the same, and known to believe nobody", "172.18.0.17", (*xff(CLIENT), (ORIGINAL, CLIENT)), "header-trusted",
        INGRESS + '"false"\n' + TRUST),
    Row("the same, and known to believe all", "172.18.0.17", (*xff(CLIENT), (ORIGINAL, CLIENT)),
        "proxy-believes-header",
        INGRESS + '"true"\n' + TRUST),
    Row("forged, and replaced by the ingress", "172.18.0.17", (*xff(CLIENT), (ORIGINAL, "1.2.3.4")), "header-trusted"),
    Row("X-Real-IP that nobody overwrites", "100.64.0.5", (*xff(CLIENT), (REAL_IP, "1.2.3.4")),
        "header-trusted-claims-ignored"),
    Row("X-Real-IP of an inner proxy", "172.18.0.17", (*xff(f"{CLIENT}, 100.64.0.5"), (REAL_IP, "100.64.0.5")),
        "header-trusted"),
    Row("forged entry, own field", "172.18.0.17", xff("1.2.3.4", CLIENT), "header-trusted-claims-ignored"),
    Row("L7 before an ingress that overwrites", "172.18.0.17", (*xff("100.64.0.5"), (ORIGINAL, CLIENT)),
        "original-forwarded-for"),
    Row("L4 SNAT before the ingress", "172.18.0.17", xff("100.64.0.5"), "proxy-ends-chain"),
    Row("double proxies", "172.18.0.17", xff(f"{CLIENT}, 100.64.0.5"), "header-trusted"),
    Row("double proxies, the first not trusted", "172.18.0.17", xff(f"{CLIENT}, 100.64.0.5"),
        "proxy-not-trusted", ONLY_INGRESS),
    Row("the first not trusted, nothing left of it", "172.18.0.17", xff("100.64.0.5"), "proxy-ends-chain",
        ONLY_INGRESS),
    Row("CDN before the balancer", "100.64.0.5", xff(f"{CLIENT}, 104.16.1.1"), "cdn-not-trusted"),
    Row("CDN before the balancer, nothing said", "100.64.0.5", xff("104.16.1.1"), "cdn-hides-client"),
    Row("CDN, trusted", "104.16.1.1", xff(CLIENT), "header-trusted", TRUST_CDN),
    Row("another header", "100.64.0.5", ((REAL_IP, CLIENT),), "other-header"),
    Row("entry is no address", "172.18.0.17", xff("unknown"), "hop-invalid"),
    Row("all hops trusted", "10.0.0.1", xff("10.0.0.2"), "all-trusted", '[trust]\nranges = ["10.0.0.0/8"]\n'),
    Row("Service address in the header", "172.18.0.17", xff("172.18.251.84"), "address-impossible"),
    # --- a header that is not trusted, and other policies -----------------------------------------------------------
    Row("stranger with a header", CLIENT, xff("1.2.3.4"), "header-from-stranger"),
    Row("L7 that passes the source, forged entry", CLIENT, xff(f"1.2.3.4, {CLIENT}"), "socket-public-header-agrees"),
    Row("the same, two fields", CLIENT, xff("1.2.3.4", CLIENT), "socket-public-header-agrees"),
    Row("stranger names itself first", CLIENT, xff(f"{CLIENT}, 1.2.3.4"), "header-from-stranger"),
    Row("ingress not trusted", "172.18.0.17", xff(CLIENT), "header-from-untrusted-proxy", ""),
    Row("CDN not trusted", "104.16.1.1", xff(CLIENT), "cdn-not-trusted"),
    Row("sidecar not trusted", "127.0.0.6", xff(CLIENT), "header-from-untrusted-proxy"),
    Row("1.4.1 the client forged a header", "172.18.0.65", xff("1.2.3.4"), "header-behind-snat", handshake=came(2)),
    Row("guard missing", "10.9.9.9", xff(CLIENT), "header-unguarded", COUNT),
    Row("guard there", "10.9.9.9", xff(CLIENT), "header-trusted", f'{COUNT}ranges = ["10.0.0.0/8"]\n'),
    Row("too few", "10.9.9.9", xff(CLIENT), "too-few-hops", '[trust]\nstrategy = "rightmost-count:3"\n'),
    Row("leftmost", "10.9.9.9", xff("8.8.8.8"), "leftmost-believed", '[trust]\nstrategy = "leftmost-nonprivate"\n'),
    Row("nonprivate past an inside client", "100.64.0.5", xff(f"{CLIENT}, 172.18.0.10"), "hop-passed-over",
        f'[trust]\nstrategy = "rightmost-nonprivate"\n{RANGES}'),
    Row("counted right", "172.18.0.17", xff(f"{CLIENT}, 100.64.0.5"), "header-trusted",
        f'[trust]\nstrategy = "rightmost-count:2"\n{RANGES}'),
    Row("single header against the list", "100.64.0.5", (*xff(CLIENT), (REAL_IP, "1.2.3.4")), "headers-disagree",
        f'[trust]\nstrategy = "single-header:x-real-ip"\n{RANGES}'),
    Row("single header with the list", "100.64.0.5", (*xff(CLIENT), (REAL_IP, CLIENT)), "header-trusted",
        f'[trust]\nstrategy = "single-header:x-real-ip"\n{RANGES}'),
    Row("Forwarded against the list", "100.64.0.5", (*xff(CLIENT), ("Forwarded", "for=1.2.3.4")), "headers-disagree",
        f'[trust]\nstrategy = "rightmost-untrusted:forwarded"\n{RANGES}'),
    Row("none public", "10.9.9.9", xff("10.1.1.1"), "none-public", '[trust]\nstrategy = "rightmost-nonprivate"\n'),
    Row("chain", "10.9.9.9", xff(CLIENT), "chain-exhausted", '[trust]\nstrategy = "chain(single-header:x-real-ip)"\n'),
    # --- PROXY headers ----------------------------------------------------------------------------------------------
    Row("PROXY from a balancer", "100.64.0.5", (), "socket-public", TRUST, proxied=CLIENT),
    Row("PROXY through a node", "192.168.0.17", (), "proxy-header-unguarded", "", proxied=CLIENT, handshake=came(3)),
    Row("the same, nodes trusted", "192.168.0.17", (), "socket-public", TRUST_NODES, proxied=CLIENT),
    Row("PROXY from a stranger", "8.8.8.8", (), "proxy-header-unguarded", "", proxied=CLIENT),
    Row("PROXY says a node", "100.64.0.5", (), "snat-suspected", TRUST, proxied="192.168.0.17", handshake=came(1)),
    Row("PROXY, then an ingress's header", "192.168.0.17", xff(CLIENT), "header-trusted", TRUST, proxied="172.18.0.17"),
)  # fmt: skip


def explained(row: Row):
    """Return what is said of a row's request."""
    bare = row.around in BARE and not row.toml
    network = NETWORK.replace('"192.168.0.0/24"', '"192.168.0.0/24", "10.0.0.0/8"') if row.toml is WIDE else NETWORK
    config = parse_config(row.toml if bare else network + row.toml, "")
    end = f"{row.peer}:40000" if row.peer and ":" not in row.peer else row.peer
    arrival = Arrival(end, row.fields, f"{row.proxied}:5000" if row.proxied else None)
    return Explainer(config, row.around).explain("GET /", arrival, handshake=row.handshake)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_ways(row):
    """Each way has its finding, and the text and the evidence tell it without a placeholder left."""
    explanation = explained(row)
    assert explanation.finding.code == row.code
    text = explain_text(explanation).decode()
    assert all(f"{{{name}}}" not in text for name in ("peer", "client", "hop", "header", "other"))
    assert all(len(line) <= 80 for line in text.splitlines() if "https://" not in line)
    assert (explanation.lost_at is not None) is bool(FINDINGS[row.code].lost_at)


def test_every_finding_has_a_way():
    """No finding stands in the table that no request reaches."""
    reached = {row.code for row in ROWS} | {finding_on_malformed(kind).code for kind in MALFORMED_KINDS}
    assert reached == set(FINDINGS)


def test_where_it_was_lost_is_the_hop_that_put_its_address_there():
    by_name = {row.name: row for row in ROWS}
    for name, ip in {
        "1.4.1 Cluster, another node": "192.168.0.17",
        "3.4 ingress Cluster, bridge": "172.18.0.1",
        "3.4 nodes trusted, too": "192.168.0.11",
        "L4 SNAT before the ingress": "100.64.0.5",
        "CDN before the balancer, nothing said": "104.16.1.1",
    }.items():
        lost = explained(by_name[name]).lost_at
        assert lost is not None
        assert str(lost.hop.address) == ip


# way -> (story, the address that would be the client's)
WHO = {
    "balancer without a header": [("behind-proxy", None), ("health-check", "100.64.0.5")],
    "CDN, nothing said": [("behind-proxy", None)],
    "L4 SNAT before the ingress": [("behind-proxy", None), ("health-check", "100.64.0.5")],
    "no handshake, node": [("outside-client", None), ("node-process", "192.168.0.17"), ("pod-masqueraded", None)],
    "X.6 neighbour to it": [("pod-masqueraded", None)],
    "X.3 hairpin in a bridge": [("self", "172.18.0.80")],
    "3.4 policy not known": [("outside-client", None), ("node-process", "192.168.0.11"), ("pod-masqueraded", None)],
    "2.6 nodes not trusted": [("balancer-told", CLIENT), ("forger", None)],
    "L7 before an ingress that overwrites": [("balancer-told", CLIENT), ("forger", None)],
    "another header": [("balancer-told", CLIENT), ("forger", None)],
    "double proxies, the first not trusted": [("balancer-told", CLIENT), ("forger", None)],
    "4.4 replaced by what it believed": [("balancer-told", CLIENT), ("forger", None)],
    "trusted pod without a header": [("trusted-caller", "172.18.0.10")],
    "trusted pod through the ingress": [("trusted-caller", "172.18.0.80")],
    "port-forward": [("local-program", "127.0.0.1"), ("local-proxy", None)],
}


@pytest.mark.parametrize("name", WHO)
def test_who_may_be_behind_it(name):
    (row,) = (row for row in ROWS if row.name == name)
    told = [(one.story, str(one.client) if one.client else None) for one in explained(row).candidates]
    assert told == WHO[name]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_one_judge_says_of_each_request_what_a_new_one_says(row):
    """What a judge has seen before changes no answer but that on nodes that take turns."""
    config = parse_config(NETWORK + TRUST, "")
    explainer = Explainer(config, row.around)
    known = explainer.peer(row.peer, handshake=row.handshake)
    for sent in ((), row.fields, (*row.fields, (XFF, "9.9.9.9")), (*row.fields, *[(XFF, "")] * 50), row.fields):
        headers: dict[str, list[str]] = {}
        for name, value in sent:
            headers.setdefault(name.lower(), []).append(value)
        fresh = Explainer(config, row.around)
        judged = explainer.judge(known, headers)
        assert judged == fresh.judge(fresh.peer(row.peer, handshake=row.handshake), headers)
        assert judged[0] == config.policy.resolve(row.peer, headers)


def test_a_node_that_showed_itself_has_no_router_between():
    """X.6: then what comes from it with two routers between was forwarded by it."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR)
    codes = [
        explainer.judge(explainer.peer(node, handshake=handshake), {})[1].code
        for node, handshake in (
            ("192.168.0.17", came(2)),
            ("192.168.0.17", came(1, rtt_us=SLOW)),  # who answers late was no neighbour
            ("192.168.0.17", came(2)),
            ("192.168.0.17", came(1)),
            ("192.168.0.17", came(2)),
            ("192.168.0.18", came(2)),
        )
    ]
    suspected = "snat-suspected"
    assert codes == [suspected, suspected, suspected, "node-called", "snat-at-node", suspected]


def test_a_balancer_that_says_local_calls_for_nobody():
    """PROXY protocol §2.2: a LOCAL header means the sender's own connection, as its health checks are."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR)
    checked = explainer.judge(explainer.peer("100.64.0.5", local=True), {})[1]
    assert (checked.code, checked.verdict) == ("health-check", "preserved-at-socket")
    assert explainer.judge(explainer.peer("8.8.8.8", local=True), {})[1].code == "socket-public"


def test_programs_on_several_nodes_do_not_make_another_look_masqueraded():
    """Where the handshake leaves it open, turns decide nothing."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR)
    for node in ("192.168.0.17", "192.168.0.18", "192.168.0.17", "192.168.0.19"):
        peer = explainer.peer(node, handshake=came(2))
        assert explainer.judge(peer, {"host": ["a"]})[1].code == "snat-suspected"


def test_a_trusted_caller_is_told_by_the_connection():
    """The policy names nobody where the peer itself is trusted; the text says who it was all the same."""
    (row,) = (row for row in ROWS if row.name == "trusted pod without a header")
    text = explain_text(explained(row)).decode()
    assert "Client:  172.18.0.10, a pod; the policy names nobody, since it is trusted" in text


@pytest.mark.parametrize(("hops", "feignable"), [(1, True), (3, False)])
def test_few_routers_can_be_feigned_and_many_cannot(hops, feignable):
    explanation = explained(Row("", "192.168.0.17", (), "", handshake=came(hops)))
    (ttl,) = (one for one in explanation.evidence if one.code == "syn-ttl")
    assert ttl.forgeable is feignable


def test_an_explanation_judges_a_connection_as_it_was_judged_when_it_was_new():
    """Else it would say something else than the records of the same connection, once its node has shown itself."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR)
    arrival = Arrival("192.168.0.17:1", ())
    origin = explainer.peer("192.168.0.17", handshake=came(2)).origin
    assert explainer.peer("192.168.0.17", handshake=came(1)).origin == NEAR
    told = [explainer.explain("", arrival, handshake=came(2), origin=one).finding.code for one in (origin, None)]
    assert told == ["snat-suspected", "snat-at-node"]


# --- nodes that take turns --------------------------------------------------------------------------------------------

NODE_11, NODE_17, NODE_12 = "192.168.0.11", "192.168.0.17", "192.168.0.12"


@pytest.mark.parametrize(
    ("clients", "turns"),
    [
        ([NODE_11], 0),
        ([NODE_11] * 20, 0),
        ([NODE_11, NODE_17], 0),  # two nodes, one after the other
        ([NODE_11] * 5 + [NODE_17] * 5, 0),
        ([NODE_11, NODE_17, NODE_11], 2),
        ([NODE_11, NODE_17, NODE_12], 0),  # nor three
        ([NODE_11, NODE_17, NODE_12, NODE_17], 3),
        ([NODE_11, NODE_17, CLIENT, NODE_11], 0),  # the way keeps addresses
        ([NODE_11, NODE_17, CLIENT, NODE_11, NODE_17, NODE_11], 2),
    ],
)
def test_nodes_that_take_turns_are_told(clients, turns):
    """A balancer that spreads over nodes shows them by turns; so may programs on them: it is evidence, and no proof."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR, clock=lambda: 0.0)
    for client in clients:
        arrival = Arrival("172.18.0.17:1", [("X-Forwarded-For", client), ("Host", "shop.example")])
        explanation = explainer.explain("GET /", arrival)
    assert explanation.finding.code == "snat-before-proxy-suspected"
    told = [one.words for one in explanation.evidence if one.code == "turns"]
    assert told == [f"{turns} addresses of nodes took turns for this Host in the last minutes."] * bool(turns)


def test_three_nodes_at_the_socket_are_a_balancer_that_spreads():
    """Where no handshake tells, as behind a balancer that speaks PROXY protocol."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR)
    codes = [
        explainer.judge(explainer.peer(node, proxied=True, sender="100.64.0.5"), {"host": ["a"]})[1].code
        for node in (NODE_11, NODE_17, NODE_12)
    ]
    assert codes == ["snat-suspected", "snat-suspected", "snat-at-node"]


def test_turns_are_of_one_host_and_of_the_last_minutes():
    now = 0.0
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR, clock=lambda: now)
    for at, node, name in (
        (0, NODE_11, "a"),
        (1, NODE_17, "b"),
        (2, NODE_11, "b"),
        (400, NODE_17, "b"),
        (401, NODE_11, "b"),
    ):
        now = at
        _, finding = explainer.judge(explainer.peer(node), {"host": [name]})
        assert finding.code == "snat-suspected"
    now = 402
    assert explainer.judge(explainer.peer(NODE_17), {"host": ["b"]})[1].code == "snat-at-node"


# --- the tables -------------------------------------------------------------------------------------------------------


def test_every_finding_is_complete():
    """Codes are kebab-case, verdicts known, placeholders those that get filled in; what is lost has a remedy."""
    for code, finding in FINDINGS.items():
        assert code == finding.code
        assert not code.strip(string.ascii_lowercase + "-")
        assert finding.verdict in VERDICTS
        for part in (finding.title, finding.cause, finding.remedy):
            assert part
            names = {name for _, name, _, _ in string.Formatter().parse(part) if name}
            assert names <= {"peer", "client", "hop", "header", "other"}
        assert finding.reference
        assert bool(finding.lost_at) == (finding.verdict == "lost")
        assert set(finding.stories) <= set(STORIES)
        if finding.verdict in ("lost", "ambiguous", "forged"):
            assert finding.stories
            assert finding.manifest or code == "hairpin"
        assert all(len(line) <= 76 for line in finding.manifest.splitlines())


def test_verdicts_are_spelled_for_people():
    assert set(VERDICT_WORDS) == set(VERDICTS)
    assert {finding.verdict for finding in FINDINGS.values()} == set(VERDICTS)


def test_a_manifest_is_yaml_toml_or_a_comment():
    """What is to be applied has no placeholder but the addresses, and no tab."""
    for finding in FINDINGS.values():
        assert "\t" not in finding.manifest
        assert not finding.manifest or finding.manifest.endswith("\n")


CLASSES = sorted(
    {code for code, _ in NETWORK_MEANINGS.values()}
    | set(MORE_MEANINGS)
    | set(RANGE_WORDS)
    | {"public", "invalid", "own-pod", "own-host", "other-bridge"}
)


def test_every_combination_has_a_finding():
    """No combination of reason and classes is without a finding."""
    for reason, peer, client in product(REASONS, CLASSES, CLASSES):
        for entries, claims, guarded in ((False, False, True), (True, False, False), (True, True, True)):
            assert choose(Facts(reason, "", peer, client, entries, claims, guarded=guarded))


def test_the_rules_name_findings_and_classes_that_exist():
    for rules in (BY_PEER, BY_CLIENT):
        assert set(rules) <= set(CLASSES)
        assert set(rules.values()) <= set(FINDINGS)
    assert set(BY_REASON) <= set(REASONS)
    assert set(CLASSES) >= NODES
    assert all(start for start, _ in AGENTS)


NAMES = (XFF, REAL_IP, ORIGINAL, "Host", "User-Agent", "Forwarded")


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=80))),
    st.sampled_from(["192.168.0.17", "172.18.0.65", "172.18.0.17", "100.64.0.5", CLIENT, "garbage", ""]),
    st.integers(0, 255),
)  # fmt: skip
def test_headers_never_change_where_a_connection_began(fields, peer, ttl):
    """Whatever the headers say, evidence that they cannot forge stays, and it is told apart from what they can."""
    explainer = Explainer(parse_config(NETWORK + TRUST, ""), GR)
    handshake = Handshake(ttl, 1460, QUICK, LINK_GATEWAY)
    explanation = explainer.explain("GET /", Arrival(peer, fields), handshake=handshake)
    bare = explainer.explain("GET /", Arrival(peer, ()), handshake=handshake)
    hard = [one for one in explanation.evidence if one.code in ("syn-ttl", "round-trip", "mss", "sender")]
    assert hard == [one for one in bare.evidence if one.code in ("syn-ttl", "round-trip", "mss", "sender")]
    feigned = [one.code for one in hard if one.forgeable]  # few routers can be feigned, by who sets its own TTL
    assert feigned == ["syn-ttl"] * (explainer.peer(peer, handshake=handshake).origin == NEAR)
    assert all(one.forgeable == KINDS[one.code][1] for one in explanation.evidence if one not in hard)


def test_no_evidence_is_told_of_nothing():
    explanation = explained(Row("", CLIENT, (), ""))
    assert explanation.evidence == ()
    assert callable(tell)
