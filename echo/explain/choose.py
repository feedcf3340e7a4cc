"""
Facts → finding: the decision rules.

1. Where the resolution's reason says it all, it decides (BY_REASON).
2. A node's address never proves that the node called, nor that it did not. What tells is where the connection began:
   the handshake, which no header can forge. Without it, several nodes that take turns for one Host; without that the
   finding is ambiguous and names the stories. A Service's policy proves nothing: nodes masquerade pods that are outside
   kube-proxy's cluster CIDR (VPC-CNI) for a ClusterIP, too.
3. A node's address in a header is older than the connection, so the handshake says nothing of it: then the hop that
   wrote it (a balancer outside the cluster sees no kube-proxy before it), and the policy of that hop's Service. Nodes
   that take turns are evidence there, and no proof: programs on several nodes may well call one ingress.
4. A user agent is anybody's to write: a prober's makes a finding certain only where the connection began next door.
5. A header that contradicts the chain makes a finding only where a program on the way may have believed the client;
   that one did is certain of an ingress, which writes X-Real-IP itself.
6. Nothing here names a client: findings are about how the request came.
"""

from echo.clientip.network import CLUSTER, DIRECT, LOCAL
from echo.clientip.resolve import ALL_TRUSTED, NO_HEADER
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
from echo.explain.findings import FINDINGS, Finding

NODES = frozenset({"node", "own-node", "bridge", "other-bridge"})
OWN_NODE = frozenset({"own-node", "bridge"})
BRIDGES = frozenset({"bridge", "other-bridge"})
PROXIES = frozenset({"load-balancer", "ingress"})
OURS = frozenset({"own-pod", "own-host"})
INTERNAL = (
    frozenset({"loopback", "private", "cgnat", "link-local", "pod", "service-lb", "sidecar", "docker-bridge"})
    | frozenset({"swarm-ingress"})
    | NODES
    | PROXIES
    | OURS
)
IMPOSSIBLE = frozenset({"service", "multicast", "reserved", "cloud-metadata"})
# reasons of a client that a header named
BY_HEADER = frozenset({"rightmost-untrusted", "rightmost-count", "rightmost-nonprivate", "single-header"})
CALLERS = frozenset({"pod", "own-pod", "service-lb"})  # what they are says more than that they are trusted, too
KEEPING = (LOCAL, DIRECT)  # policies of a Service that leave the client's address alone

# reason of the resolution -> code, where the reason alone decides
BY_REASON = {
    "hop-invalid": "hop-invalid",
    "peer-invalid": "peer-no-address",
    "too-few-hops": "too-few-hops",
    "none-public": "none-public",
    "chain-exhausted": "chain-exhausted",
    "leftmost-nonprivate": "leftmost-believed",
}
# class of the peer -> code, where there is no header and the peer is the client
BY_PEER = {
    "loopback": "socket-loopback",
    "pod": "socket-pod",
    "own-pod": "own-pod-called",
    "own-host": "own-pod-called",
    "service-lb": "service-lb-snat",
    "docker-bridge": "docker-bridge",
    "swarm-ingress": "swarm-ingress",
    "sidecar": "sidecar",
    "load-balancer": "proxy-without-header",
    "ingress": "proxy-without-header",
    "node-external": "socket-node-external",
    "cdn": "cdn-hides-client",
    "private": "socket-private",
    "cgnat": "socket-cgnat",
    "link-local": "socket-private",
    "invalid": "peer-no-address",
}
# class of a trusted peer -> code, where it sent no header and only the trust tells that it should have
BY_SILENT_PEER = {
    "loopback": "trusted-without-header",
    "private": "trusted-without-header",
    "cgnat": "trusted-without-header",
    "link-local": "trusted-without-header",
}
# class of the client -> code, where a trusted header named it
BY_CLIENT = {
    "pod": "header-internal-client",
    "own-pod": "header-internal-client",
    "own-host": "header-private-client",
    "node-external": "header-node-external",
    "private": "header-private-client",
    "cgnat": "header-private-client",
    "link-local": "header-private-client",
    "loopback": "header-private-client",
    "sidecar": "header-private-client",
    "docker-bridge": "header-private-client",
    "swarm-ingress": "header-private-client",
    "service-lb": "snat-before-proxy",
}


def choose(facts: Facts) -> Finding:
    """Return the finding on a request."""
    return FINDINGS[_code(facts)]


def _code(facts: Facts) -> str:
    reason = facts.reason
    if reason in BY_REASON:
        return BY_REASON[reason]
    if reason == NO_HEADER.code:
        return "other-header" if facts.single else _at_the_socket(facts, BY_SILENT_PEER, "trusted-without-header")
    if reason == ALL_TRUSTED.code:
        return _all_trusted(facts)
    if facts.client in IMPOSSIBLE:
        return "address-impossible"
    if reason in BY_HEADER:
        return _in_header(facts) if facts.guarded else "header-unguarded"
    if facts.entries:
        return _untrusted(facts)
    return _at_the_socket(facts, {}, "socket-public")


def _at_the_socket(facts: Facts, first: dict[str, str], otherwise: str) -> str:
    """Return the code where no header has a say."""
    peer = facts.peer
    if facts.sender and not facts.guarded and facts.sender not in PROXIES:
        return "proxy-header-unguarded"
    if peer in NODES:
        return _node_at_the_socket(facts)
    if peer in IMPOSSIBLE:
        return "address-impossible"
    if peer == "pod" and facts.origin == FORWARDED:
        return "pod-forwarded"
    if peer in PROXIES and facts.origin == SENDER:
        return "health-check"
    if peer in PROXIES and facts.agent == AGENT_BALANCER:
        return "health-check-suspected"
    if peer == "docker-bridge" and facts.origin in (FORWARDED, NEIGHBOUR, SELF):
        return "hairpin" if facts.origin == SELF else "snat-at-own-node"
    if peer == "cdn" and facts.single:
        return "cdn-not-trusted"
    return first.get(peer) or BY_PEER.get(peer, otherwise)


def _node_at_the_socket(facts: Facts) -> str:
    is_own = facts.peer in OWN_NODE
    called = "bridge-called" if facts.peer in BRIDGES else "node-called"
    if facts.origin == SELF:
        return "hairpin"
    if facts.origin in (FORWARDED, NEIGHBOUR):
        return "snat-at-own-node" if is_own else "snat-at-node"
    if facts.agent == AGENT_KUBELET and (is_own or not facts.origin):
        return "health-check" if facts.origin == NEAR else "health-check-suspected"
    if facts.origin == NEAR:
        return called
    if facts.window == SPREAD:
        return "snat-at-own-node" if is_own else "snat-at-node"
    return "snat-suspected"


def _node_in_header(facts: Facts) -> str:
    if facts.writer in ("load-balancer", "cdn") or facts.policy in KEEPING:
        return "header-node-called"
    return "snat-before-proxy" if facts.policy == CLUSTER else "snat-before-proxy-suspected"


def _in_header(facts: Facts) -> str:
    """Return the code where a header named the client, and who sent it is trusted."""
    client = facts.client
    if facts.passed:
        return "hop-passed-over"
    if facts.disagrees:
        return "headers-disagree"
    if client in NODES:
        return _node_in_header(facts)
    if client in PROXIES:
        return "proxy-not-trusted" if facts.claims else _chain_ends(facts)
    if client == "cdn":
        return "cdn-not-trusted" if facts.claims or facts.single else "cdn-hides-client"
    if client == "pod" and (facts.claims or facts.original):
        return "header-private-client"  # a pod that was told who called it is a proxy that the TOML does not name
    if client in BY_CLIENT:
        return BY_CLIENT[client]
    if facts.real_ip == REAL_IP_LEFT:
        return "over-trusting-proxy" if facts.peer == "ingress" else "real-ip-disputed"
    if facts.original == ORIGINAL_SAME:
        return "proxy-believes-header"
    if facts.peer in NODES and facts.origin != NEAR:
        return "header-past-snat"
    return "header-trusted-claims-ignored" if facts.claims or facts.real_ip == REAL_IP_OTHER else "header-trusted"


def _all_trusted(facts: Facts) -> str:
    """Return the code where no hop is left over; `client` is the class of the leftmost."""
    if facts.client in IMPOSSIBLE:
        return "address-impossible"
    if facts.client in PROXIES:
        return _chain_ends(facts)
    if facts.client in NODES:
        return _node_in_header(facts)
    return BY_CLIENT[facts.client] if facts.client in CALLERS else "all-trusted"


def _chain_ends(facts: Facts) -> str:
    return "original-forwarded-for" if facts.original else "proxy-ends-chain"


def _untrusted(facts: Facts) -> str:
    """Return the code where a header came, and who sent it is not trusted."""
    if facts.peer in NODES and facts.origin != NEAR:
        return "header-behind-snat"
    if facts.peer in INTERNAL:
        return "header-from-untrusted-proxy"
    if facts.peer == "cdn":
        return "cdn-not-trusted"
    return "socket-public-header-agrees" if facts.last_is_peer else "header-from-stranger"
