"""
The findings: what can be said about where the client's address is, each with its cause and its remedy.

The codes are stable: records, metrics and alerts carry them. `{peer}`, `{client}`, `{hop}` and `{header}` are filled
in. Verdicts:

    preserved-at-socket   the other end of the connection is the client
    preserved-in-header   a chain of trusted proxies says who the client is
    untrusted-header      a header names somebody, but who sent it is not trusted
    ambiguous             the evidence fits more than one story; the finding names them
    lost                  no evidence in this request says who the client is
    malformed             not an HTTP request
"""

from typing import NamedTuple


class Finding(NamedTuple):
    """One finding."""

    code: str
    verdict: str
    title: str
    cause: str
    remedy: str


_TRUST = "start the server with --trust {peer} (or add its range to [trust] ranges)"
_LOCAL = (
    "In Kubernetes set externalTrafficPolicy: Local on the Service, let the load balancer reach the pod directly, or "
    "have the balancer speak an L7 protocol and write {header}."
)

_TABLE = (
    Finding(
        "socket-public",
        "preserved-at-socket",
        "The client's address arrived intact, at the socket.",
        "The connection comes from a public address and nothing on the way changed it. That may still be the NAT "
        "gateway of the client's network.",
        "Nothing to do.",
    ),
    Finding(
        "socket-public-header-agrees",
        "preserved-at-socket",
        "The client's address arrived intact, at the socket; the {header} header repeats it.",
        "A balancer passed the connection's source through and also wrote it into the header.",
        "Nothing to do. Keep deciding by the socket.",
    ),
    Finding(
        "socket-pod",
        "preserved-at-socket",
        "A pod called directly, or through a ClusterIP Service.",
        "Traffic between pods keeps its source address. Where [network] has no node_pod_prefix, a node's pod bridge "
        "counts as a pod too.",
        "Nothing to do. If {peer} may be a node's bridge, set node_pod_prefix in [network] of whofrom.toml.",
    ),
    Finding(
        "socket-loopback",
        "ambiguous",
        "The caller is a program on this machine, or hides behind one.",
        "The connection comes from a loopback address: a local client, or a port-forward, sidecar or local proxy that "
        "connects in the client's place.",
        "If you called from this machine, all is well. If not, have the local proxy write {header}, and "
        + _TRUST
        + ".",
    ),
    Finding(
        "socket-private",
        "ambiguous",
        "The caller has an internal address: an inside client, or something that replaced the client's address.",
        "The connection comes from an internal address and carries no {header}. Either the client is inside this "
        "network, or a NAT, a node or a balancer on the way put its own address in place of the client's.",
        "Say in [network] of whofrom.toml what {peer} is. If it replaced the client's address: " + _LOCAL,
    ),
    Finding(
        "snat-suspected",
        "ambiguous",
        "A node's address stands where the client's should be: source NAT is suspected.",
        "The connection comes from a cluster node or its pod bridge. Either a program on that node called, or "
        "kube-proxy replaced the client's address there (a Service with externalTrafficPolicy: Cluster does).",
        _LOCAL,
    ),
    Finding(
        "proxy-without-header",
        "lost",
        "The proxy {peer} did not say who the client is.",
        "The connection comes from a load balancer or ingress, which opens its own, and it sent no {header}.",
        "Have {peer} write {header}, or preserve the source address.",
    ),
    Finding(
        "trusted-without-header",
        "ambiguous",
        "The trusted peer {peer} sent no {header}.",
        "Whom you trust is expected to say who the client is. Either {peer} itself is the caller (a health check, an "
        "operator), or it is a proxy that does not write the header.",
        "If {peer} is a proxy, have it write {header}. If it is a client, take it out of [trust] ranges.",
    ),
    Finding(
        "address-impossible",
        "ambiguous",
        "The caller's address cannot be a caller's: {client}.",
        "Service addresses, multicast and reserved addresses are never the source of a connection. The [network] table "
        "may be wrong, or a header was forged or mangled.",
        "Check [network] in whofrom.toml, and who may write {header}.",
    ),
    Finding(
        "header-from-stranger",
        "untrusted-header",
        "The {header} header came from an untrusted public address; it was ignored.",
        "Anybody can write this header. Either {peer} is the client and forged or relayed it, or {peer} is a proxy of "
        "yours that this server was not told about.",
        "If {peer} is your proxy, " + _TRUST + ". If not, nothing to do: the client is {peer}.",
    ),
    Finding(
        "header-from-untrusted-proxy",
        "untrusted-header",
        "The {header} header came from inside, but its sender is not trusted; it was ignored.",
        "The connection comes from {peer}, an internal address, most likely a proxy of yours; this server was not told "
        "to believe it, so it names the proxy as the client.",
        "If {peer} is your proxy, " + _TRUST + ".",
    ),
    Finding(
        "header-trusted",
        "preserved-in-header",
        "The client's address arrived in the {header} header, through trusted proxies only.",
        "Each proxy appended the address it saw; every hop right of the client is in a trusted range.",
        "Nothing to do.",
    ),
    Finding(
        "header-trusted-claims-ignored",
        "preserved-in-header",
        "The client's address arrived in the {header} header; entries left of it were ignored.",
        "The entries left of {client} were sent by {client} itself: forged, or written by an outer proxy that is not "
        "trusted.",
        "If {client} is your outer proxy, add it to [trust] ranges. If not, nothing to do: the entries decide nothing. "
        "Make sure that no other program takes the leftmost entry.",
    ),
    Finding(
        "header-internal-client",
        "preserved-in-header",
        "A pod called, through trusted proxies.",
        "The hop before the trusted proxies is a pod. Where [network] has no node_pod_prefix, a node's pod bridge "
        "counts as a pod too.",
        "Nothing to do. If {client} may be a node's bridge, set node_pod_prefix in [network] of whofrom.toml.",
    ),
    Finding(
        "header-private-client",
        "ambiguous",
        "The proxies saw an internal address: an inside client, or an address replaced before the first proxy.",
        "The hop before the trusted proxies, {client}, is internal. Either the client is inside, or a NAT or balancer "
        "in front of the first trusted proxy put its own address there.",
        "Say in [network] of whofrom.toml what {client} is; if it is a proxy of yours, add it to [trust] ranges.",
    ),
    Finding(
        "snat-before-proxy",
        "lost",
        "The address was replaced before it reached the first proxy, at {client}, unless a program on that node is the "
        "client.",
        "The proxy saw {client}, a node or its pod bridge, and wrote that into {header}. Most likely kube-proxy "
        "replaced the client's address in front of the proxy (its Service has externalTrafficPolicy: Cluster). The "
        "same is seen where a program on that node called the proxy: a health check, a host-network pod.",
        "If nothing on that node called: set externalTrafficPolicy: Local on the proxy's own Service, or let the "
        "balancer reach the proxy's pods directly. No setting of the proxy brings the address back.",
    ),
    Finding(
        "proxy-not-trusted",
        "lost",
        "The walk stopped at your own proxy {client}, which is not trusted.",
        "[network] calls {client} a load balancer or ingress, but [trust] ranges do not contain it.",
        'Add "load_balancers" and "ingress" to [trust] ranges. If the header then ends at it, it does not say who '
        "connected to it: have it append to {header}.",
    ),
    Finding(
        "header-unguarded",
        "untrusted-header",
        "The {header} header named the client, but nothing was asked of who sent it.",
        "The policy believes the header of whoever connects: it has no trusted ranges. A caller that reaches this "
        "server past the proxies writes the header itself.",
        "Put the proxies' addresses into [trust] ranges: the header of a peer outside them is then ignored.",
    ),
    Finding(
        "leftmost-believed",
        "untrusted-header",
        "The leftmost public address of {header} was taken, which the client itself can write.",
        "Proxies append on the right; what stands furthest left is what the client sent, if it sent anything.",
        "Use rightmost-untrusted with your proxies in [trust] ranges for whatever denies, limits, bills or accuses.",
    ),
    Finding(
        "too-few-hops",
        "ambiguous",
        "The {header} header has fewer entries than the policy counts proxies.",
        "The request came past one of the proxies, or there are fewer of them than the number in [trust] strategy.",
        "Count the proxies that append to {header}, or use rightmost-untrusted, which needs no number.",
    ),
    Finding(
        "none-public",
        "ambiguous",
        "No entry of the {header} header is a public address.",
        "The client is inside the network, or every address on the way was replaced by an internal one.",
        "Use rightmost-untrusted with your proxies in [trust] ranges: it names internal clients too.",
    ),
    Finding(
        "chain-exhausted",
        "lost",
        "No strategy of the chain finds a client.",
        "None of the headers that the strategies read holds an address they take.",
        "Let the chain end with remote-addr, or have {peer} write {header}.",
    ),
    Finding(
        "all-trusted",
        "ambiguous",
        "Every hop is trusted, so none of them can be told to be the client.",
        "The trusted ranges contain all of the chain: they are too wide, or the caller is one of your own machines.",
        "Narrow [trust] ranges to the addresses of proxies.",
    ),
    Finding(
        "hop-invalid",
        "lost",
        "The hop that would name the client is not an address: {hop}.",
        "A trusted proxy passed on, or wrote, an entry that is no IP address (`unknown`, a host name, garbage).",
        "Have the proxy write the address of its own peer; never let it pass a client's header on unread.",
    ),
    Finding(
        "peer-no-address",
        "lost",
        "The connection has no IP address.",
        "It came through a UNIX socket.",
        "Trust and read a header of the program at its other end.",
    ),
    Finding(
        "malformed-request",
        "malformed",
        "The bytes were no HTTP request.",
        "The client, or something between, speaks another protocol or broken HTTP.",
        "The record's `error` says what was wrong.",
    ),
)
FINDINGS: dict[str, Finding] = {finding.code: finding for finding in _TABLE}
MALFORMED = FINDINGS["malformed-request"]

INTERNAL = frozenset(
    {"loopback", "private", "cgnat", "link-local", "node", "bridge", "pod", "load-balancer", "ingress"}
)
# reasons of a client that a header named
BY_HEADER = frozenset({"rightmost-untrusted", "rightmost-count", "rightmost-nonprivate", "single-header"})
IMPOSSIBLE = frozenset({"service", "multicast", "reserved", "cloud-metadata"})

# reason of the resolution -> code, where the reason alone decides
BY_REASON = {
    "all-trusted": "all-trusted",
    "hop-invalid": "hop-invalid",
    "peer-invalid": "peer-no-address",
    "too-few-hops": "too-few-hops",
    "none-public": "none-public",
    "chain-exhausted": "chain-exhausted",
    "leftmost-nonprivate": "leftmost-believed",
}
# meaning of the peer -> code, where there is no header and the peer is the client
BY_PEER = {
    "loopback": "socket-loopback",
    "node": "snat-suspected",
    "bridge": "snat-suspected",
    "pod": "socket-pod",
    "load-balancer": "proxy-without-header",
    "ingress": "proxy-without-header",
    "private": "socket-private",
    "cgnat": "socket-private",
    "link-local": "socket-private",
}
# meaning of a trusted peer -> code, where it sent no header
BY_SILENT_PEER = {
    "load-balancer": "proxy-without-header",
    "ingress": "proxy-without-header",
    "invalid": "peer-no-address",
}
# meaning of the client -> code, where a trusted header named it
BY_CLIENT = {
    "node": "snat-before-proxy",
    "bridge": "snat-before-proxy",
    "pod": "header-internal-client",
    "load-balancer": "proxy-not-trusted",
    "ingress": "proxy-not-trusted",
    "private": "header-private-client",
    "cgnat": "header-private-client",
    "link-local": "header-private-client",
    "loopback": "header-private-client",
}


def choose(
    reason: str, peer: str, client: str, *, entries: int, claims: int, last_is_peer: bool, guarded: bool
) -> Finding:
    """
    Return the finding on a request.

    reason        code of the resolution's reason
    peer, client  codes of what the peer and the client mean; "invalid" if there is none
    entries       entries of the forwarding header
    claims        entries left of the boundary
    last_is_peer  the one entry is the peer's own address
    guarded       the policy asks whether the peer is trusted before it reads a header
    """
    if reason in BY_REASON:
        code = BY_REASON[reason]
    elif reason == "no-header":
        code = BY_SILENT_PEER.get(peer, "trusted-without-header")
    elif client in IMPOSSIBLE:
        code = "address-impossible"
    elif reason in BY_HEADER and not guarded:
        code = "header-unguarded"
    elif reason in BY_HEADER:
        code = BY_CLIENT.get(client) or ("header-trusted-claims-ignored" if claims else "header-trusted")
    elif not entries:
        code = BY_PEER.get(peer, "socket-public")
    elif peer in INTERNAL:
        code = "header-from-untrusted-proxy"
    else:
        code = "socket-public-header-agrees" if last_is_peer else "header-from-stranger"
    return FINDINGS[code]
