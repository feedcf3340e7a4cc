"""Findings that rest on the connection: no header had a say."""

from echo.explain import remedies
from echo.explain.findings.finding import CLIENT, PEER, Finding
from echo.explain.findings.phrases import BEHIND_NODE, IN_CLUSTER, KEEP, TRUST, UNKNOWN_NODE
from echo.explain.findings.references import (
    CDN,
    CLIENT_PAGE,
    CONCEPTS,
    DOCKER,
    ISTIO,
    K3S,
    MASQ,
    PORT_FORWARD,
    PROBES,
    PROXY,
    SOURCE_IP,
    SWARM,
    TKE,
    VIPS,
)

AT_THE_SOCKET = (
    Finding(
        "socket-public",
        "preserved-at-socket",
        "The client's address arrived intact, at the socket.",
        "The connection comes from a public address and nothing on the way changed it. That may still be the NAT "
        "gateway of the client's network.",
        "Nothing to do.",
        section="1.5.2, 2.3.1",
        reference=SOURCE_IP,
    ),
    Finding(
        "socket-public-header-agrees",
        "preserved-at-socket",
        "The client's address arrived intact, at the socket; the {header} header repeats it.",
        "A balancer passed the connection's source through and also wrote it into the header.",
        "Nothing to do. Keep deciding by the socket.",
        section="1.6, 2.5",
        reference=TKE,
    ),
    Finding(
        "socket-pod",
        "preserved-at-socket",
        "A pod called directly, or through a ClusterIP Service.",
        "Traffic between pods keeps its source address. Where [network] has no node_pod_prefix, a node's pod bridge "
        "counts as a pod too.",
        "Nothing to do. If {peer} may be a node's bridge, set node_pod_prefix in [network] of whofrom.toml.",
        section="1.3.3, 1.3.4, 2.2",
        reference=CONCEPTS,
    ),
    Finding(
        "own-pod-called",
        "preserved-at-socket",
        "This server called itself, by its own address.",
        "The connection comes from an address of this server's own. No NAT stood between.",
        "Nothing to do.",
        reference=VIPS,
    ),
    Finding(
        "node-called",
        "preserved-at-socket",
        "A program on the node {peer} called.",
        "The connection began on that node: no router stands between that should not, and it answers as fast as a "
        "neighbour. Where it asked for the balancer's address, the node's own rules led it straight here. A "
        "proxy on the "
        "node that passes on bytes and says nothing of its clients would look the same.",
        IN_CLUSTER,
        section="1.3.1, 1.4.2, 1.5.3, 2.3.2",
        reference=SOURCE_IP,
    ),
    Finding(
        "bridge-called",
        "preserved-at-socket",
        "A program on this pod's own node called; {peer} is the node's pod bridge.",
        "The kernel gives a connection the address of the interface it leaves by, and from the node to its own pods "
        "that is the bridge (cbr0, cni0). It is no NAT: the bridge's address is the node's, by another name. A "
        "proxy on the "
        "node that passes on bytes and says nothing of its clients would look the same.",
        IN_CLUSTER,
        section="1.3.2",
        reference=SOURCE_IP,
    ),
    Finding(
        "health-check",
        "preserved-at-socket",
        "A health check called, from {peer}.",
        "The kubelet's user agent, and a connection that began on this pod's node; or a balancer that said by "
        "its PROXY "
        "header that it calls for nobody (LOCAL).",
        "Nothing to do.",
        reference=PROBES,
    ),
    Finding(
        "health-check-suspected",
        "ambiguous",
        "A health check called, from {peer}, or somebody behind it who says so.",
        "The user agent is that of a prober, and the address is where such a prober lives. But anybody can send that "
        "user agent, and nothing shows where the connection began.",
        "If it is the prober that you set up, nothing. Else have {peer} pass the client's address on.",
        remedies.LOCAL_OR_DIRECT,
        reference=PROBES,
        stories=("health-check", "outside-client", "pod-masqueraded"),
    ),
    Finding(
        "socket-node-external",
        "preserved-at-socket",
        "A machine of the cluster called, through the Internet.",
        "{peer} is an address that the cluster shows to the Internet: a node, or a pod behind it, went out and came "
        "back in.",
        "Nothing to do. Inside the cluster use the Service's cluster address.",
        section="1.6.2, 2.5.2",
        reference=MASQ,
    ),
    Finding(
        "socket-loopback",
        "ambiguous",
        "The caller is a program on this machine, or hides behind one.",
        "The connection comes from a loopback address: a local client, or a port-forward, sidecar or local proxy that "
        "connects in the client's place.",
        "If you called from this machine, all is well. If not, have the local proxy write {header}, and " + TRUST + ".",
        remedies.TRUST_PEER,
        reference=PORT_FORWARD,
        stories=("local-program", "local-proxy"),
    ),
    Finding(
        "socket-private",
        "ambiguous",
        "The caller has an internal address: an inside client, or something that replaced the client's address.",
        "The connection comes from an internal address and carries no {header}. Either the client is inside this "
        "network, or a NAT, a node or a balancer on the way put its own address in place of the client's.",
        "Say in [network] of whofrom.toml what {peer} is. If it replaced the client's address: " + KEEP,
        remedies.NETWORK,
        reference=SOURCE_IP,
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
        KEEP,
        remedies.LOCAL_OR_DIRECT,
        "1.4.1, 2.4",
        SOURCE_IP,
        BEHIND_NODE,
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
        KEEP,
        remedies.LOCAL_OR_DIRECT,
        "1.4.1, 2.4",
        SOURCE_IP,
        (*BEHIND_NODE, "self"),
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
        reference=VIPS,
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
        "Ask from the client itself: `whofrom probe URL`. " + KEEP,
        remedies.LOCAL_OR_DIRECT,
        "1.4, 1.5.3",
        SOURCE_IP,
        UNKNOWN_NODE,
    ),
    Finding(
        "pod-forwarded",
        "ambiguous",
        "The pod {peer} seems to have forwarded the connection for somebody else.",
        "More routers stand between than a pod's own connection meets: a pod that forwards and masquerades, as k3s's "
        "ServiceLB (svclb-*) does, or a network with routers between its nodes.",
        "If it is a svclb pod, name it in [network] service_lb, and see the finding service-lb-snat.",
        remedies.K3S,
        reference=K3S,
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
        reference=K3S,
        stories=BEHIND_NODE,
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
        reference=DOCKER,
        stories=("host-process", "userland-proxy", "address-replaced"),
    ),
    Finding(
        "swarm-ingress",
        "lost",
        "The client's address was lost in Docker Swarm's routing mesh, at {peer}.",
        "The mesh balances published ports with IPVS and masquerades what it forwards into its ingress network.",
        "Publish the port in mode host, with one task a node, or put a proxy so published in front.",
        remedies.SWARM,
        reference=SWARM,
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
        reference=ISTIO,
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
        TKE,
        ("behind-proxy", "health-check"),
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
        reference=CDN,
        stories=("behind-proxy",),
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
        reference=CLIENT_PAGE,
        stories=("inside-client", "unknown-proxy", "address-replaced"),
    ),
    Finding(
        "address-impossible",
        "ambiguous",
        "The caller's address cannot be a caller's: {client}.",
        "Service addresses, multicast and reserved addresses are never the source of a connection. The [network] table "
        "may be wrong, or a header was forged or mangled.",
        "Check [network] in whofrom.toml, and who may write {header}.",
        remedies.NETWORK,
        reference=VIPS,
        stories=("forger", "unknown-proxy"),
    ),
    Finding(
        "proxy-header-unguarded",
        "untrusted-header",
        "A PROXY header named the client, and a stranger sent it.",
        "PROXY headers are required of whoever connects, no range is trusted, and the connection comes from {other}, "
        "which is no balancer of yours as far as this server knows. Whoever reaches this port, be it through a node's, "
        "names its own address.",
        "Put the balancers' addresses into [trust] ranges: a PROXY header from elsewhere is then refused.",
        remedies.PROXY_OPTIONAL,
        reference=PROXY,
    ),
)
