"""
The findings: what can be said about where the client's address is, each with its cause and its remedy.

The codes are stable: records, metrics and alerts carry them. `{peer}`, `{client}`, `{hop}`, `{header}` and `{other}`
are filled in. `echo.explain.choose` decides which it is.
"""

from typing import NamedTuple

from echo.explain import remedies

# verdict -> what it says
VERDICTS = {
    "preserved-at-socket": "The other end of the connection is the client.",
    "preserved-in-header": "A chain of trusted proxies says who the client is.",
    "untrusted-header": "A header names somebody, but who sent it is not trusted.",
    "lost": "No evidence in this request says who the client is.",
    "ambiguous": "The evidence fits more than one story; the explanation names them.",
    "forged": "A program on the way believed what the client wrote.",
    "malformed": "Not an HTTP request.",
}
PEER, CLIENT = "peer", "client"


class Finding(NamedTuple):
    """
    One finding.

    manifest   the file to apply or the lines to set, "" for none
    section    of the background article on TKE that shows it, "" for none
    reference  the document it rests on, "" for none
    stories    keys of STORIES: who may be behind it, where that is not certain
    lost_at    the hop that put its own address in the client's place: PEER, CLIENT or ""
    """

    code: str
    verdict: str
    title: str
    cause: str
    remedy: str
    manifest: str = ""
    section: str = ""
    reference: str = ""
    stories: tuple[str, ...] = ()
    lost_at: str = ""


class Story(NamedTuple):
    """
    One of several things that may have happened, and whose address is then the client's: that which is "shown" in its
    place, that which a header "told", the "peer"'s, this server's "own", or none ("").
    """

    words: str
    client: str = ""


STORIES = {
    "peer": Story("the other end of the connection itself, which the policy passes over since it is trusted", "peer"),
    "outside-client": Story("a client outside the cluster, whose address the node replaced by its own"),
    "node-process": Story("a program on that node: a health check, a pod with the host's network, a person", "shown"),
    "pod-masqueraded": Story("a pod, masqueraded by its node since it called an address outside the cluster's own"),
    "self": Story("this pod, which called its own Service and was balanced back to itself", "own"),
    "inside-client": Story("a client inside this network", "shown"),
    "address-replaced": Story("a NAT or balancer on the way that put its own address there"),
    "carrier-nat": Story("a client behind its provider's NAT", "shown"),
    "cloud-balancer": Story("a cloud's load balancer, which opened a connection of its own"),
    "unknown-proxy": Story("a proxy of yours that the configuration does not name"),
    "local-program": Story("a program on this machine", "shown"),
    "local-proxy": Story("a port-forward, sidecar or proxy on this machine that connects in the client's place"),
    "host-process": Story("a program on the container's host", "shown"),
    "userland-proxy": Story("Docker's userland proxy or a rootless engine, which connects in the client's place"),
    "health-check": Story("a health check, by the node or the balancer itself", "shown"),
    "forger": Story("a client that wrote the header itself, and may name anybody"),
    "balancer-told": Story("a balancer or proxy on the way, which wrote the header truthfully", "told"),
    "believing-proxy": Story("a proxy on the way that took the client's word for its address"),
    "real-pod": Story("a pod on another node, several routers away", "shown"),
    "forwarding-pod": Story("a pod that forwards for others, as k3s's ServiceLB does"),
}

_SOURCE_IP = "https://kubernetes.io/docs/tutorials/services/source-ip/"
_VIPS = "https://kubernetes.io/docs/reference/networking/virtual-ips/"
_CONCEPTS = "https://kubernetes.io/docs/concepts/cluster-administration/networking/"
_PROBES = "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"
_PORT_FORWARD = "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/"
_MASQ = "https://kubernetes.io/docs/tasks/administer-cluster/ip-masq-agent/"
_INGRESS_CM = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/"
_INGRESS_SOURCE = "https://kubernetes.github.io/ingress-nginx/user-guide/miscellaneous/#source-ip-address"
_TKE = "https://www.tencentcloud.com/document/product/457/38426"
_PROXY = "https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt"
_FORWARDED = "https://www.rfc-editor.org/rfc/rfc7239#section-8"
_ISTIO = "https://istio.io/latest/docs/tasks/traffic-management/ingress/ingress-control/"
_K3S = "https://docs.k3s.io/networking/networking-services"
_DOCKER = "https://docs.docker.com/engine/network/packet-filtering-firewalls/"
_SWARM = "https://docs.docker.com/engine/swarm/ingress/"
_CDN = "https://developers.cloudflare.com/support/troubleshooting/restoring-visitor-ips/"
_CLIENT_PAGE, _MALFORMED_PAGE = "docs/reference/client.md", "docs/reference/endpoints.md"  # our own

_TRUST = "start the server with --trust {peer} (or add its range to [trust] ranges)"
_KEEP = (
    "Set externalTrafficPolicy: Local on the Service, have the load balancer connect to the pods directly, or have it "
    "speak HTTP or PROXY protocol and say who the client is."
)
_IN_CLUSTER = (
    "Nothing to do. Inside the cluster use the Service's cluster address: the detour through the "
    "balancer's costs a hop."
)
_UNKNOWN_NODE = ("outside-client", "node-process", "pod-masqueraded")
_BEHIND_NODE = ("outside-client", "pod-masqueraded")

_AT_THE_SOCKET = (
    Finding(
        "socket-public",
        "preserved-at-socket",
        "The client's address arrived intact, at the socket.",
        "The connection comes from a public address and nothing on the way changed it. That may still be the NAT "
        "gateway of the client's network.",
        "Nothing to do.",
        section="1.5.2, 2.3.1",
        reference=_SOURCE_IP,
    ),
    Finding(
        "socket-public-header-agrees",
        "preserved-at-socket",
        "The client's address arrived intact, at the socket; the {header} header repeats it.",
        "A balancer passed the connection's source through and also wrote it into the header.",
        "Nothing to do. Keep deciding by the socket.",
        section="1.6, 2.5",
        reference=_TKE,
    ),
    Finding(
        "socket-pod",
        "preserved-at-socket",
        "A pod called directly, or through a ClusterIP Service.",
        "Traffic between pods keeps its source address. Where [network] has no node_pod_prefix, a node's pod bridge "
        "counts as a pod too.",
        "Nothing to do. If {peer} may be a node's bridge, set node_pod_prefix in [network] of whofrom.toml.",
        section="1.3.3, 1.3.4, 2.2",
        reference=_CONCEPTS,
    ),
    Finding(
        "own-pod-called",
        "preserved-at-socket",
        "This server called itself, by its own address.",
        "The connection comes from an address of this server's own. No NAT stood between.",
        "Nothing to do.",
        reference=_VIPS,
    ),
    Finding(
        "node-called",
        "preserved-at-socket",
        "A program on the node {peer} called: the node is the client.",
        "The connection began on that node: no router stands between that should not, and it answers as fast as a "
        "neighbour. Where it asked for the balancer's address, the node's own rules led it straight here. A "
        "proxy on the "
        "node that passes on bytes and says nothing of its clients would look the same.",
        _IN_CLUSTER,
        section="1.3.1, 1.4.2, 1.5.3, 2.3.2",
        reference=_SOURCE_IP,
    ),
    Finding(
        "bridge-called",
        "preserved-at-socket",
        "A program on this pod's own node called; {peer} is the node's pod bridge.",
        "The kernel gives a connection the address of the interface it leaves by, and from the node to its own pods "
        "that is the bridge (cbr0, cni0). It is no NAT: the bridge's address is the node's, by another name. A "
        "proxy on the "
        "node that passes on bytes and says nothing of its clients would look the same.",
        _IN_CLUSTER,
        section="1.3.2",
        reference=_SOURCE_IP,
    ),
    Finding(
        "health-check",
        "preserved-at-socket",
        "A health check called, from {peer}.",
        "The kubelet's user agent, and a connection that began on this pod's node; or a balancer that said by "
        "its PROXY "
        "header that it calls for nobody (LOCAL).",
        "Nothing to do.",
        reference=_PROBES,
    ),
    Finding(
        "health-check-suspected",
        "ambiguous",
        "A health check called, from {peer}, or somebody behind it who says so.",
        "The user agent is that of a prober, and the address is where such a prober lives. But anybody can send that "
        "user agent, and nothing shows where the connection began.",
        "If it is the prober that you set up, nothing. Else have {peer} pass the client's address on.",
        remedies.LOCAL_OR_DIRECT,
        reference=_PROBES,
        stories=("health-check", "outside-client", "node-process", "pod-masqueraded"),
    ),
    Finding(
        "socket-node-external",
        "preserved-at-socket",
        "A machine of the cluster called, through the Internet.",
        "{peer} is an address that the cluster shows to the Internet: a node, or a pod behind it, went out and came "
        "back in.",
        "Nothing to do. Inside the cluster use the Service's cluster address.",
        section="1.6.2, 2.5.2",
        reference=_MASQ,
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
        remedies.TRUST_PEER,
        reference=_PORT_FORWARD,
        stories=("local-program", "local-proxy"),
    ),
    Finding(
        "socket-private",
        "ambiguous",
        "The caller has an internal address: an inside client, or something that replaced the client's address.",
        "The connection comes from an internal address and carries no {header}. Either the client is inside this "
        "network, or a NAT, a node or a balancer on the way put its own address in place of the client's.",
        "Say in [network] of whofrom.toml what {peer} is. If it replaced the client's address: " + _KEEP,
        remedies.NETWORK,
        reference=_SOURCE_IP,
        stories=("inside-client", "address-replaced"),
    ),
    Finding(
        "socket-cgnat",
        "ambiguous",
        "The caller has an address of shared space: a cloud's balancer, or a client behind its provider's NAT.",
        "100.64.0.0/10 belongs to no one machine. Tencent's and other clouds' balancers speak from it; so do "
        "providers' "
        "NATs and private overlays. No {header} came.",
        "If your balancer speaks from it, name it in [network] load_balancers and have it say who the client is.",
        remedies.NETWORK,
        section="1.6.1",
        reference="https://www.rfc-editor.org/rfc/rfc6598",
        stories=("cloud-balancer", "carrier-nat", "inside-client"),
    ),
    Finding(
        "snat-at-node",
        "lost",
        "The client's address was lost at the node {peer}, which put its own in its place.",
        "The connection was forwarded by that node, and the node's kube-proxy masqueraded it (SNAT), as it does for a "
        "Service with externalTrafficPolicy: Cluster: the answer must come back through the node.",
        _KEEP,
        remedies.LOCAL_OR_DIRECT,
        "1.4.1, 2.4",
        _SOURCE_IP,
        _BEHIND_NODE,
        PEER,
    ),
    Finding(
        "snat-at-own-node",
        "lost",
        "The client's address was lost at this server's own node, which put {peer} in its place.",
        "The connection was forwarded by the node that this server runs on, and masqueraded there (SNAT), as "
        "kube-proxy "
        "does for a Service with externalTrafficPolicy: Cluster. MASQUERADE takes the address of the interface "
        "that leads to the "
        "pod: the pod bridge's, or the node's own.",
        _KEEP,
        remedies.LOCAL_OR_DIRECT,
        "1.4.1, 2.4",
        _SOURCE_IP,
        (*_BEHIND_NODE, "self"),
        PEER,
    ),
    Finding(
        "hairpin",
        "lost",
        "This pod called its own Service, and its node put {peer} in its place.",
        "A connection that a Service balances back to the pod it came from is masqueraded, so that the answer comes "
        "back through the node (hairpin). The Host is a Service's inside the cluster; from any other pod the address "
        "would have been kept.",
        "Nothing to do: no client outside is affected.",
        reference=_VIPS,
        stories=("self",),
        lost_at=PEER,
    ),
    Finding(
        "snat-suspected",
        "ambiguous",
        "A node's address stands where the client's should be: source NAT is suspected.",
        "The connection comes from a cluster node or its pod bridge. Either a program on that node called, or "
        "kube-proxy replaced the client's address there (a Service with externalTrafficPolicy: Cluster does). Nothing "
        "that reached this server tells which.",
        "Ask from the client itself: `whofrom probe URL`. " + _KEEP,
        remedies.LOCAL_OR_DIRECT,
        "1.4, 1.5.3",
        _SOURCE_IP,
        _UNKNOWN_NODE,
    ),
    Finding(
        "pod-forwarded",
        "ambiguous",
        "The pod {peer} seems to have forwarded the connection for somebody else.",
        "More routers stand between than a pod's own connection meets: a pod that forwards and masquerades, as k3s's "
        "ServiceLB (svclb-*) does, or a network with routers between its nodes.",
        "If it is a svclb pod, name it in [network] service_lb, and see the finding service-lb-snat.",
        remedies.K3S,
        reference=_K3S,
        stories=("forwarding-pod", "real-pod"),
    ),
    Finding(
        "service-lb-snat",
        "lost",
        "The client's address was lost at {peer}, a pod of k3s's ServiceLB.",
        "ServiceLB's pods (svclb-*) take the node's port and forward to the Service with iptables, masquerading what "
        "they forward.",
        "Use another balancer (MetalLB, the cloud's), or a proxy on the nodes' own ports. With externalTrafficPolicy: "
        "Local, ServiceLB forwards to the node's port, and the address is kept.",
        remedies.K3S,
        reference=_K3S,
        stories=_BEHIND_NODE,
        lost_at=PEER,
    ),
    Finding(
        "docker-bridge",
        "ambiguous",
        "The container's own host stands where the client should be.",
        "{peer} is the gateway of this container's network. A program on the host calls from there; so does Docker's "
        "userland proxy (for published ports reached from the host itself, or by IPv6), and a rootless engine or "
        "Docker "
        "Desktop for everybody.",
        "If you called from the host, all is well. If not, use the host's network, or a proxy that writes {header}.",
        remedies.DOCKER,
        reference=_DOCKER,
        stories=("host-process", "userland-proxy", "address-replaced"),
    ),
    Finding(
        "swarm-ingress",
        "lost",
        "The client's address was lost in Docker Swarm's routing mesh, at {peer}.",
        "The mesh balances published ports with IPVS and masquerades what it forwards into its ingress network.",
        "Publish the port in mode host, with one task a node, or put a proxy so published in front.",
        remedies.SWARM,
        reference=_SWARM,
        stories=("outside-client",),
        lost_at=PEER,
    ),
    Finding(
        "sidecar",
        "lost",
        "The client's address was lost at this pod's own sidecar.",
        "127.0.0.6 is where Istio's sidecar connects from. It opens its own connection to this server, and no {header} "
        "came with the request.",
        "Have the mesh's gateway write {header} and keep the address in front of it (externalTrafficPolicy: "
        "Local), and "
        "trust the sidecar; or take this port out of the mesh (traffic.sidecar.istio.io/excludeInboundPorts).",
        remedies.ISTIO,
        reference=_ISTIO,
        stories=("inside-client", "outside-client"),
        lost_at=PEER,
    ),
    Finding(
        "proxy-without-header",
        "lost",
        "The proxy {peer} did not say who the client is.",
        "The connection comes from a load balancer or ingress, which opens its own, and it sent no {header}. An L4 "
        "balancer that puts its own address in place cannot; an L7 one was not told to.",
        "Have {peer} write {header}, speak PROXY protocol, or pass the source address through.",
        remedies.APPEND_NGINX,
        "1.6",
        _TKE,
        ("outside-client", "health-check"),
        PEER,
    ),
    Finding(
        "cdn-hides-client",
        "lost",
        "The CDN's edge {client} stands where the client should be.",
        "The request came through a CDN, and no header of it says who the client is.",
        "Have the CDN send {header} (or its own header, such as CF-Connecting-IP), and no proxy behind it take "
        "it away.",
        remedies.TRUST_CDN,
        reference=_CDN,
        stories=("outside-client",),
        lost_at=CLIENT,
    ),
    Finding(
        "trusted-without-header",
        "ambiguous",
        "The trusted peer {peer} sent no {header}.",
        "Whom you trust is expected to say who the client is. Either {peer} itself is the caller (a health check, an "
        "operator), or it is a proxy that does not write the header.",
        "If {peer} is a proxy, have it write {header}. If it is a client, take it out of [trust] ranges.",
        remedies.APPEND_NGINX,
        reference=_CLIENT_PAGE,
        stories=("inside-client", "unknown-proxy"),
    ),
    Finding(
        "address-impossible",
        "ambiguous",
        "The caller's address cannot be a caller's: {client}.",
        "Service addresses, multicast and reserved addresses are never the source of a connection. The [network] table "
        "may be wrong, or a header was forged or mangled.",
        "Check [network] in whofrom.toml, and who may write {header}.",
        remedies.NETWORK,
        reference=_VIPS,
        stories=("forger", "unknown-proxy"),
    ),
    Finding(
        "proxy-header-unguarded",
        "untrusted-header",
        "A PROXY header named the client, and a stranger sent it.",
        "PROXY headers are required of whoever connects, no range is trusted, and the connection comes from {other}, "
        "which is no balancer of yours as far as this server knows. Whoever reaches this port names its own address.",
        "Put the balancers' addresses into [trust] ranges: a PROXY header from elsewhere is then refused.",
        remedies.PROXY_OPTIONAL,
        reference=_PROXY,
    ),
)
_IN_HEADERS = (
    Finding(
        "header-from-stranger",
        "untrusted-header",
        "The {header} header came from an untrusted public address; it was ignored.",
        "Anybody can write this header. Either {peer} is the client and forged or relayed it, or {peer} is a proxy of "
        "yours that this server was not told about.",
        "If {peer} is your proxy, " + _TRUST + ". If not, nothing to do: the client is {peer}.",
        remedies.TRUST_PEER,
        reference=_FORWARDED,
        stories=("forger", "unknown-proxy"),
    ),
    Finding(
        "header-from-untrusted-proxy",
        "untrusted-header",
        "The {header} header came from inside, but its sender is not trusted; it was ignored.",
        "The connection comes from {peer}, an internal address, most likely a proxy of yours; this server was not told "
        "to believe it, so it names the proxy as the client.",
        "If {peer} is your proxy, " + _TRUST + ".",
        remedies.TRUST_PEER,
        reference=_FORWARDED,
        stories=("unknown-proxy", "forger"),
    ),
    Finding(
        "header-behind-snat",
        "untrusted-header",
        "A {header} header came from the node {peer}, or from somebody behind it; it was ignored.",
        "Most likely the node masqueraded the connection, and its sender cannot be seen any more. That may be an L7 "
        "balancer that wrote the header truthfully (balancer, node port, Cluster policy), "
        "or a client that wrote it itself: after the NAT both look the same.",
        "Best: have the balancer reach the pods directly, or set externalTrafficPolicy: Local; then trust the balancer "
        "alone. If nobody but the balancer can reach the node port, trust the nodes as well.",
        remedies.TRUST_NODES,
        "2.6",
        _SOURCE_IP,
        ("balancer-told", "forger"),
    ),
    Finding(
        "header-trusted",
        "preserved-in-header",
        "The client's address arrived in the {header} header, through trusted proxies only.",
        "Each proxy appended the address it saw; every hop right of the client is in a trusted range.",
        "Nothing to do.",
        section="1.6.1, 2.5.1, 3.1, 3.2, 3.3, 4.2, 4.3",
        reference=_INGRESS_SOURCE,
    ),
    Finding(
        "header-trusted-claims-ignored",
        "preserved-in-header",
        "The client's address arrived in the {header} header; what the client itself claimed was ignored.",
        "The entries left of {client}, or another header that no proxy overwrites, were sent by {client} itself: "
        "forged, or written by an outer proxy that is not trusted.",
        "If {client} is your outer proxy, add it to [trust] ranges. If not, nothing to do: the claims decide nothing. "
        "Make sure that no other program takes the leftmost entry.",
        reference=_FORWARDED,
    ),
    Finding(
        "header-past-snat",
        "preserved-in-header",
        "The client's address arrived in the {header} header; at the socket a node stands in its place.",
        "A balancer wrote the header before the node {peer} masqueraded the connection (node port, Cluster "
        "policy): the "
        "header is good, the socket is not. It rests on the nodes being trusted: a client that reaches the node port "
        "past the balancer writes the header itself.",
        "To be safe have the balancer reach the pods directly or set externalTrafficPolicy: Local, and trust the "
        "balancer alone.",
        remedies.LOCAL_OR_DIRECT,
        "2.6",
        _SOURCE_IP,
    ),
    Finding(
        "header-node-external",
        "preserved-in-header",
        "A machine of the cluster called, through the Internet and back.",
        "{client} is an address that the cluster shows to the Internet. An ingress's address has no rule on the "
        "nodes, so "
        "a node, or a pod behind it, really went out, was given the public address, and came back in.",
        "Nothing to do. Inside the cluster use the Service's cluster address, or a private balancer.",
        section="1.6.2, 2.5.2",
        reference=_MASQ,
    ),
    Finding(
        "header-node-called",
        "preserved-in-header",
        "The node {client} called, or a pod that it masqueraded, through trusted proxies; no client outside.",
        "The first proxy saw the node's own address, and kube-proxy would not have put it there in a client's place: "
        "the proxy is a balancer outside the cluster, or its Service keeps addresses (Local, or direct to the pods).",
        _IN_CLUSTER,
        section="3.1.2, 3.2",
        reference=_SOURCE_IP,
        stories=("node-process", "pod-masqueraded"),
    ),
    Finding(
        "header-internal-client",
        "preserved-in-header",
        "A pod called, through trusted proxies.",
        "The hop before the trusted proxies is a pod. Where [network] has no node_pod_prefix, a node's pod bridge "
        "counts as a pod too.",
        "Nothing to do. If {client} may be a node's bridge, set node_pod_prefix in [network] of whofrom.toml.",
        section="3",
        reference=_VIPS,
    ),
    Finding(
        "header-private-client",
        "ambiguous",
        "The proxies saw an internal address: an inside client, or an address replaced before the first proxy.",
        "The hop before the trusted proxies, {client}, is internal. Either the client is inside, or a NAT or balancer "
        "in front of the first trusted proxy put its own address there.",
        "Say in [network] of whofrom.toml what {client} is; if it is a proxy of yours, add it to [trust] ranges.",
        remedies.NETWORK,
        reference=_SOURCE_IP,
        stories=("inside-client", "address-replaced", "unknown-proxy"),
    ),
    Finding(
        "snat-before-proxy",
        "lost",
        "The client's address was lost before the first proxy, at the node {client}.",
        "The proxy saw {client}, a node or its pod bridge, and wrote that into {header}: kube-proxy replaced the "
        "client's address in front of the proxy, whose own Service has externalTrafficPolicy: Cluster.",
        "Set externalTrafficPolicy: Local on the proxy's own Service, or let the balancer reach the proxy's pods "
        "directly. No setting of the proxy brings the address back.",
        remedies.LOCAL_INGRESS,
        "3.4, 4.1",
        _INGRESS_SOURCE,
        _UNKNOWN_NODE,
        CLIENT,
    ),
    Finding(
        "snat-before-proxy-suspected",
        "ambiguous",
        "A node's address stands in {header}: it was replaced before the first proxy, or the node itself called.",
        "The proxy saw {client}, a node or its pod bridge. Most likely kube-proxy replaced the client's address in "
        "front of the proxy (its Service has externalTrafficPolicy: Cluster). The same is seen where a program on that "
        "node called the proxy. This server sees only what the proxy wrote.",
        "Look at externalTrafficPolicy of the proxy's own Service, and say it in whofrom.toml. If it is Cluster and "
        "clients outside call: set it to Local, or let the balancer reach the proxy's pods directly.",
        remedies.SERVICE_POLICY,
        "3.4, 4.1",
        _INGRESS_SOURCE,
        _UNKNOWN_NODE,
    ),
    Finding(
        "proxy-not-trusted",
        "untrusted-header",
        "The walk stopped at your own proxy {client}, which is not trusted.",
        "[network] calls {client} a load balancer or ingress, but [trust] ranges do not contain it. The entries "
        "left of "
        "it were not believed.",
        'Add "load_balancers" and "ingress" to [trust] ranges.',
        remedies.GUARD,
        reference=_FORWARDED,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "original-forwarded-for",
        "untrusted-header",
        "The ingress overwrote {header} with its own peer, the balancer {client}; the client is in "
        "X-Original-Forwarded-For.",
        "An L7 balancer stands before ingress-nginx and wrote who the client is; without use-forwarded-headers the "
        "ingress replaces that by the address it sees, and keeps the old value in X-Original-Forwarded-For.",
        "Set use-forwarded-headers and compute-full-forwarded-for in the ingress's ConfigMap, and "
        "proxy-real-ip-cidr to "
        "the balancer's addresses, never to everybody's.",
        remedies.REAL_IP_CIDR,
        "4",
        _INGRESS_CM,
        ("balancer-told", "forger"),
    ),
    Finding(
        "proxy-ends-chain",
        "lost",
        "The chain ends at the balancer {client}, which did not say who connected to it.",
        "The first entry of {header} is the balancer's own address: it put that in the client's place (an L4 balancer "
        "with source NAT), or the proxy behind it overwrote what the balancer had written.",
        "Have the balancer pass the source address, speak PROXY protocol, or write {header} and the proxy append "
        "to it.",
        remedies.INGRESS_PROXY_PROTOCOL,
        "4",
        _INGRESS_CM,
        ("outside-client", "health-check"),
        CLIENT,
    ),
    Finding(
        "over-trusting-proxy",
        "forged",
        "A proxy on the way believed what the client wrote: X-Real-IP is {other}, the chain says {client}.",
        "{other} stands left of {client} in the chain, where the client itself writes. A proxy took it for the client: "
        "nginx does so where set_real_ip_from (ingress-nginx: proxy-real-ip-cidr, whose default is everybody) trusts "
        "every hop. Whatever reads X-Real-IP can be told any address. If {client} is an outer proxy of yours, the "
        "chain is right and our trusted ranges are too narrow.",
        "Set proxy-real-ip-cidr to the balancer's addresses; use use-forwarded-headers only behind an L7 balancer.",
        remedies.REAL_IP_CIDR,
        "4.4",
        _INGRESS_CM,
        ("forger", "unknown-proxy"),
    ),
    Finding(
        "real-ip-disputed",
        "ambiguous",
        "X-Real-IP is {other}, which the client claimed in {header} as well; the chain says {client}.",
        "{other} stands left of {client} in the chain, where the client itself writes. Either the client wrote both "
        "headers and no proxy overwrites X-Real-IP, or a proxy on the way believed the client and wrote it there "
        "(nginx's "
        "set_real_ip_from for everybody).",
        "Have the proxy overwrite X-Real-IP with the address it sees, or take it away, and let nobody read it.",
        remedies.REAL_IP_CIDR,
        "4.4",
        _INGRESS_CM,
        ("forger", "believing-proxy"),
    ),
    Finding(
        "proxy-believes-header",
        "ambiguous",
        "The ingress took {client} from the header it received: a balancer wrote it there, or the client did.",
        "{header} and X-Original-Forwarded-For hold the same address: the ingress believed what arrived "
        "(use-forwarded-headers) and did not append whom it saw. Behind an L7 balancer that is right; without one, or "
        "past it, every client names its own address.",
        "Set proxy-real-ip-cidr to the balancer's addresses and compute-full-forwarded-for to true, and say so in "
        "[network.ingress_nginx] of whofrom.toml.",
        remedies.REAL_IP_CIDR,
        "4.4",
        _INGRESS_CM,
        ("balancer-told", "forger"),
    ),
    Finding(
        "cdn-not-trusted",
        "untrusted-header",
        "The request came through the CDN's edge {client}, which is not trusted; what it says of the client was "
        "ignored.",
        "A CDN writes who the client is into {header} and into headers of its own; this server was not told to believe "
        "its addresses.",
        "Trust the CDN's ranges by name, and see that nobody can reach this server past the CDN.",
        remedies.TRUST_CDN,
        reference=_CDN,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "other-header",
        "untrusted-header",
        "{header} did not come, but another header names the client: {other}.",
        "The trusted peer {peer} says who the client is in a header that the policy does not read.",
        "If {peer} overwrites that header on every request, read it; better, have it append to {header}.",
        remedies.OTHER_HEADER,
        reference=_CLIENT_PAGE,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "header-unguarded",
        "untrusted-header",
        "The {header} header named the client, but nothing was asked of who sent it.",
        "The policy believes the header of whoever connects: it has no trusted ranges. A caller that reaches this "
        "server past the proxies writes the header itself.",
        "Put the proxies' addresses into [trust] ranges: the header of a peer outside them is then ignored.",
        remedies.GUARD,
        reference=_CLIENT_PAGE,
    ),
    Finding(
        "leftmost-believed",
        "untrusted-header",
        "The leftmost public address of {header} was taken, which the client itself can write.",
        "Proxies append on the right; what stands furthest left is what the client sent, if it sent anything.",
        "Use rightmost-untrusted with your proxies in [trust] ranges for whatever denies, limits, bills or accuses.",
        remedies.GUARD,
        reference=_CLIENT_PAGE,
    ),
    Finding(
        "too-few-hops",
        "ambiguous",
        "The {header} header has fewer entries than the policy counts proxies.",
        "The request came past one of the proxies, or there are fewer of them than the number in [trust] strategy.",
        "Count the proxies that append to {header}, or use rightmost-untrusted, which needs no number.",
        remedies.GUARD,
        reference=_CLIENT_PAGE,
        stories=("forger", "balancer-told"),
    ),
    Finding(
        "none-public",
        "ambiguous",
        "No entry of the {header} header is a public address.",
        "The client is inside the network, or every address on the way was replaced by an internal one.",
        "Use rightmost-untrusted with your proxies in [trust] ranges: it names internal clients too.",
        remedies.GUARD,
        reference=_CLIENT_PAGE,
        stories=("inside-client", "address-replaced"),
    ),
    Finding(
        "chain-exhausted",
        "lost",
        "No strategy of the chain finds a client.",
        "None of the headers that the strategies read holds an address they take.",
        "Let the chain end with remote-addr, or have {peer} write {header}.",
        remedies.GUARD,
        reference=_CLIENT_PAGE,
        stories=("outside-client",),
        lost_at=PEER,
    ),
    Finding(
        "all-trusted",
        "ambiguous",
        "Every hop is trusted, so none of them can be told to be the client.",
        "The trusted ranges contain all of the chain: they are too wide, or the caller is one of your own machines.",
        "Narrow [trust] ranges to the addresses of proxies.",
        remedies.GUARD,
        reference=_CLIENT_PAGE,
        stories=("inside-client", "unknown-proxy"),
    ),
    Finding(
        "hop-invalid",
        "lost",
        "The hop that would name the client is not an address: {hop}.",
        "A trusted proxy passed on, or wrote, an entry that is no IP address (`unknown`, a host name, garbage).",
        "Have the proxy write the address of its own peer; never let it pass a client's header on unread.",
        remedies.APPEND_NGINX,
        reference=_FORWARDED,
        stories=("outside-client",),
        lost_at=PEER,
    ),
    Finding(
        "peer-no-address",
        "lost",
        "The connection has no IP address.",
        "It came through a UNIX socket.",
        "Trust and read a header of the program at its other end.",
        remedies.OTHER_HEADER,
        reference=_CLIENT_PAGE,
        stories=("local-program", "local-proxy"),
        lost_at=PEER,
    ),
)
_NOT_HTTP = (
    Finding(
        "malformed-request",
        "malformed",
        "The bytes were no HTTP request.",
        "The client, or something between, speaks another protocol or broken HTTP.",
        "The record's `error` says what was wrong.",
        reference=_MALFORMED_PAGE,
    ),
    Finding(
        "proxy-header-unexpected",
        "malformed",
        "A PROXY header came where none is taken.",
        "The balancer speaks PROXY protocol to a server, or from an address, from which it is not taken.",
        "Start the server with --proxy-protocol optional (from --trust ranges) or required; or switch it off at the "
        "balancer.",
        remedies.PROXY_OPTIONAL,
        reference=_PROXY,
    ),
    Finding(
        "proxy-header-missing",
        "malformed",
        "No PROXY header came where one is required.",
        "The balancer does not speak PROXY protocol, or somebody connected past it (a health check, a port-forward).",
        "Switch PROXY protocol on at the balancer, or start the server with --proxy-protocol optional or off.",
        remedies.PROXY_OPTIONAL,
        reference=_PROXY,
    ),
    Finding(
        "proxy-header-from-stranger",
        "malformed",
        "A connection that must begin with a PROXY header came from outside the trusted ranges.",
        "Only the balancers may say whom they connect for.",
        "Connect through the balancer, or add this peer to [trust] ranges.",
        remedies.PROXY_OPTIONAL,
        reference=_PROXY,
    ),
    Finding(
        "proxy-header-broken",
        "malformed",
        "A PROXY header came that does not parse.",
        "Another protocol was taken for it, or the balancer writes it wrongly.",
        "The record's `error` says what was wrong. Have the balancer send it as the standard has it.",
        reference=_PROXY,
    ),
    Finding(
        "tls-on-plain-port",
        "malformed",
        "A TLS hello came on the plain port.",
        "The client, or the balancer, speaks HTTPS to a server that speaks HTTP.",
        "Call http://, have the balancer end TLS, or serve it here with --cert and --key.",
        remedies.TLS,
        reference=_MALFORMED_PAGE,
    ),
    Finding(
        "plain-on-tls-port",
        "malformed",
        "Plain HTTP came on the TLS port.",
        "The client, the balancer or a health check speaks HTTP to a server that speaks HTTPS.",
        "Call https://, or have the balancer use HTTPS to its backends (probes: scheme: HTTPS).",
        reference=_PROBES,
    ),
    Finding(
        "tls-handshake-failed",
        "malformed",
        "A TLS handshake failed.",
        "The two ends have no version, cipher or certificate in common, or the client left.",
        "The record's `error` says what was wrong.",
        reference=_MALFORMED_PAGE,
    ),
)
FINDINGS: dict[str, Finding] = {finding.code: finding for finding in (*_AT_THE_SOCKET, *_IN_HEADERS, *_NOT_HTTP)}
MALFORMED = FINDINGS["malformed-request"]
# kind of what is malformed (echo.malformed.KINDS) -> finding, where it is more than that
BY_MALFORMED_KIND = {
    "tls-on-plain": FINDINGS["tls-on-plain-port"],
    "plain-on-tls": FINDINGS["plain-on-tls-port"],
    "tls-handshake": FINDINGS["tls-handshake-failed"],
    "proxy-unexpected": FINDINGS["proxy-header-unexpected"],
    "proxy-untrusted": FINDINGS["proxy-header-from-stranger"],
    "proxy-missing": FINDINGS["proxy-header-missing"],
    "proxy-broken": FINDINGS["proxy-header-broken"],
}


def finding_on_malformed(kind: str) -> Finding:
    """Return the finding on what is no request, of a kind of echo.malformed.KINDS."""
    return BY_MALFORMED_KIND.get(kind, MALFORMED)
