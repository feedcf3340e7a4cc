"""
The table: what the pod sees in each scenario of the background article, and what whofrom must say about it.

A setup is a configuration of cluster, balancer and ingress, with the whofrom.toml of an overlay of deploy/. A row is a
request in it: who calls what, and every outcome that the kernel may give it. Numbers are the article's sections; X.n
are cases that it leaves out, L.n an L7 balancer's, P.n PROXY protocol, K.n k3s, S.n a service mesh's sidecar, N.n
kube-proxy in nftables mode, I.n with iptables-legacy.

Where a balancer or kube-proxy chooses a node at random, a row has an outcome for each: requests are repeated until all
were seen.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lab.kubeproxy import LOCAL, Service
from tests.lab.namespaces import PREFIX
from tests.lab.network import (
    BALANCER,
    BALANCER_CIDR,
    CLIENT,
    L4_VIP,
    L7_VIP,
    NODE11,
    NODE17,
    NODES,
    POD_CIDR,
    PODS,
    VPC_CIDR,
)

APP, NEIGHBOUR, CALLER = PODS["app-a"].address, PODS["app-b"].address, PODS["caller"].address
INGRESS, ENI_APP, ENI_INGRESS = (PODS[name].address for name in ("ingress", "eni-app", "eni-ingress"))
CLUSTER_IP, ENI_CLUSTER_IP = "172.18.251.84", "172.18.253.247"
NODE_PORT, INGRESS_NODE_PORT = 30080, 31080
FORGED = "1.2.3.4"
GATEWAY, NEIGHBOUR_POD, OWN = "gateway", "neighbour", "own"
IPTABLES, LEGACY, NFTABLES = "iptables", "iptables-legacy", "nftables"


@dataclass(frozen=True, slots=True)
class Setup:
    """
    overlay      folder of deploy/overlays whose whofrom.toml the server runs with
    server       the pod that whofrom runs in
    service      what kube-proxy passes on, if anything
    l4           targets of the balancer's L4 listener; l7 of its nginx; proxy of its HAProxy
    transparent  whether its nginx connects from the client's address
    ingress      the pod of ingress-nginx, and its ConfigMap
    toml         what the overlay's TOML has -> what this setup has in its place
    mode         kube-proxy's
    kept         destinations to which pods keep their address: ip-masq-agent's nonMasqueradeCIDRs
    service_lb   the pod of k3s's ServiceLB, which forwards port 8080 of its node
    sidecar      whether a proxy in the server's own pod takes its connections first
    """

    overlay: str
    server: str = "app-a"
    service: Service | None = None
    l4: tuple[tuple[str, int], ...] = ()
    l7: tuple[tuple[str, int], ...] = ()
    proxy: tuple[tuple[str, int], ...] = ()
    transparent: bool = False
    ingress: str = ""
    configmap: Mapping[str, str] = field(default_factory=dict)
    toml: Mapping[str, str] = field(default_factory=dict)
    mode: str = IPTABLES
    kept: tuple[str, ...] = (VPC_CIDR, POD_CIDR, BALANCER_CIDR)
    service_lb: str = ""
    sidecar: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What the pod may see, and what is to be said about it.

    peer       RemoteAddr, as whoami says it: the socket's other end, or the source in a PROXY header
    finding    its code; verdict its verdict
    forwarded  X-Forwarded-For as it arrives, None if it does not; real_ip X-Real-IP
    client     what /ip answers; the peer if not given
    hops       routers that the SYN passed on its way into the pod; None behind proxies, which keep connections
    sender     whose MAC address the SYN's frame came from: gateway, or, bridged without being routed, neighbour or own
    socket     the socket's other end; the peer if not given
    story      who called in truth, which must be among the candidates where the address alone does not say
    """

    peer: str
    finding: str
    verdict: str
    forwarded: str | None = None
    real_ip: str | None = None
    client: str = ""
    hops: int | None = None
    sender: str = GATEWAY
    socket: str = ""
    story: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """
    section   of the background article
    setup     a name of SETUPS
    caller    namespace that calls
    host      address that it calls, on port 80
    outcomes  what may be seen; none if the request gets no answer
    send      headers that it sends
    public    the address that the caller has outside, where it is not its own: the probe is told
    probe     exit code of `whofrom probe` from there, None where it is not run
    words     what is called, for people
    """

    section: str
    setup: str
    caller: str
    host: str
    outcomes: tuple[Outcome, ...]
    probe: int | None
    words: str
    send: tuple[tuple[str, str], ...] = ()
    public: str = ""

    @property
    def id(self) -> str:
        """Its name in tests."""
        sent = "".join(f" with {name}" for name, _ in self.send)
        return f"{self.section} {self.caller}{sent}"

    @property
    def argv(self) -> list[str]:
        """The command that makes its request."""
        headers = [part for name, value in self.send for part in ("-H", f"{name}: {value}")]
        return ["ip", "netns", "exec", PREFIX + self.caller, "curl", "-s", *headers, f"http://{self.host}/explain"]

    @property
    def command(self) -> str:
        """The same, to type."""
        return shlex.join(self.argv)


NODE_PORTS = tuple((node.address, NODE_PORT) for node in NODES)
INGRESS_NODE_PORTS = tuple((node.address, INGRESS_NODE_PORT) for node in NODES)


def _service(policy: str = "Cluster", balancer: bool = True) -> Service:
    return Service("whofrom/whofrom", CLUSTER_IP, (APP,), NODE_PORT, policy, (L4_VIP,) if balancer else ())


def _eni_service(balancer: bool = True) -> Service:
    return Service("whofrom/whofrom", ENI_CLUSTER_IP, (ENI_APP,), NODE_PORT, balancers=(L4_VIP,) if balancer else ())


def _ingress_service(endpoint: str, policy: str = "Cluster", balancer: bool = True) -> Service:
    name, balancers = "ingress-nginx/whofrom-ingress-nginx", (L4_VIP,) if balancer else ()
    return Service(name, ENI_CLUSTER_IP, (endpoint,), INGRESS_NODE_PORT, policy, balancers)


_ARTICLES_KEYS = {
    "use-forwarded-headers": "true",
    "compute-full-forwarded-for": "true",
    "forwarded-for-header": "X-Forwarded-For",
}
_BOUNDED = {"proxy-real-ip-cidr": "100.64.0.0/10"}
_BOUNDED_TOML = 'proxy-real-ip-cidr = "100.64.0.0/10"\n'

SETUPS: dict[str, Setup] = {
    # GR: pods behind their node's bridge
    "cluster": Setup("cluster", service=_service(), l4=NODE_PORTS),
    "local": Setup("local", service=_service(LOCAL), l4=((NODE11.address, NODE_PORT),)),
    "local, bound to a node without a pod": Setup("local", service=_service(LOCAL), l4=((NODE17.address, NODE_PORT),)),
    "CLB ingress, Local": Setup(
        "clb-ingress-local", service=_service(LOCAL, balancer=False), l7=((NODE11.address, NODE_PORT),)
    ),
    "CLB ingress, Cluster": Setup("clb-ingress", service=_service(balancer=False), l7=NODE_PORTS),
    # VPC-CNI: pods with addresses of the VPC
    "direct": Setup("direct", "eni-app", _eni_service(), l4=((ENI_APP, 80),)),
    "VPC-CNI, not direct": Setup("cluster", "eni-app", _eni_service(), l4=NODE_PORTS),
    "CLB ingress, direct": Setup("clb-ingress-direct", "eni-app", _eni_service(balancer=False), l7=((ENI_APP, 80),)),
    "CLB ingress, source passed through": Setup(
        "clb-ingress-direct", "eni-app", _eni_service(balancer=False), l7=((ENI_APP, 80),), transparent=True
    ),
    "CLB ingress, VPC-CNI, not direct": Setup("clb-ingress", "eni-app", _eni_service(balancer=False), l7=NODE_PORTS),
    # ingress-nginx
    "ingress-nginx direct, GR": Setup(
        "ingress-nginx-direct",
        service=_ingress_service(ENI_INGRESS),
        l4=((ENI_INGRESS, 80),),
        ingress="eni-ingress",
        configmap=_ARTICLES_KEYS | _BOUNDED,
    ),
    "ingress-nginx direct, VPC-CNI": Setup(
        "ingress-nginx-direct",
        "eni-app",
        _ingress_service(ENI_INGRESS),
        l4=((ENI_INGRESS, 80),),
        ingress="eni-ingress",
        configmap=_ARTICLES_KEYS | _BOUNDED,
    ),
    "ingress-nginx Local": Setup(
        "ingress-nginx-local",
        service=_ingress_service(INGRESS, LOCAL),
        l4=((NODE17.address, INGRESS_NODE_PORT),),
        ingress="ingress",
    ),
    "ingress-nginx Cluster": Setup(
        "ingress-nginx-cluster", service=_ingress_service(INGRESS), l4=INGRESS_NODE_PORTS, ingress="ingress"
    ),
    "ingress-nginx over-trusting": Setup(
        "ingress-nginx-direct",
        service=_ingress_service(ENI_INGRESS),
        l4=((ENI_INGRESS, 80),),
        ingress="eni-ingress",
        configmap=_ARTICLES_KEYS,
        toml={_BOUNDED_TOML: ""},
    ),
    "ingress-nginx behind an L7 balancer, header not believed": Setup(
        "ingress-nginx-local",
        service=_ingress_service(INGRESS, LOCAL, balancer=False),
        l7=((NODE17.address, INGRESS_NODE_PORT),),
        ingress="ingress",
    ),
    "ingress-nginx behind an L7 balancer, header believed": Setup(
        "ingress-nginx-direct",
        service=_ingress_service(ENI_INGRESS, balancer=False),
        l7=((ENI_INGRESS, 80),),
        ingress="eni-ingress",
        configmap={"use-forwarded-headers": "true"} | _BOUNDED,
        toml={'compute-full-forwarded-for = "true"\n': ""},
    ),
    # PROXY protocol
    "PROXY, Cluster": Setup("proxy-protocol", service=_service(balancer=False), proxy=NODE_PORTS),
    "PROXY, direct": Setup("proxy-protocol", "eni-app", _eni_service(balancer=False), proxy=((ENI_APP, 80),)),
    "PROXY before ingress-nginx": Setup(
        "ingress-nginx-cluster",
        service=_ingress_service(INGRESS, balancer=False),
        proxy=INGRESS_NODE_PORTS,
        ingress="ingress",
        configmap={"use-proxy-protocol": "true"},
        toml={'use-forwarded-headers = "false"\n': 'use-proxy-protocol = "true"\n'},
    ),
    # what hides the client without kube-proxy
    "ip-masq-agent without the pods": Setup("cluster", service=_service(), kept=(VPC_CIDR, BALANCER_CIDR)),
    "ServiceLB": Setup(
        "cluster",
        service=_service(balancer=False),
        l4=((NODE17.address, 8080),),
        service_lb="ingress",
        toml={"[[network.service]]\n": f'service_lb = ["{PODS["ingress"].address}"]\n[[network.service]]\n'},
    ),
    "sidecar": Setup("local", service=_service(LOCAL), l4=((NODE11.address, NODE_PORT),), sidecar=True),
    # other ways for kube-proxy to say the same
    "cluster, nftables": Setup("cluster", service=_service(), l4=NODE_PORTS, mode=NFTABLES),
    "local, nftables": Setup("local", service=_service(LOCAL), l4=((NODE11.address, NODE_PORT),), mode=NFTABLES),
    "cluster, iptables-legacy": Setup("cluster", service=_service(), l4=NODE_PORTS, mode=LEGACY),
    "local, iptables-legacy": Setup("local", service=_service(LOCAL), l4=((NODE11.address, NODE_PORT),), mode=LEGACY),
}

SOCKET, HEADER, LOST, FORGED_VERDICT = "preserved-at-socket", "preserved-in-header", "lost", "forged"
# who may have called, as /explain names it
OUTSIDE, MASQUERADED, SELF = "outside-client", "pod-masqueraded", "self"
FORGER, TOLD = "forger", "balancer-told"
CLIENT_SEEN = Outcome(CLIENT, "socket-public", SOCKET, hops=2)
NODE17_CALLED = Outcome(NODE17.address, "node-called", SOCKET, hops=1)
BRIDGE_CALLED = Outcome(NODE11.bridge, "bridge-called", SOCKET, hops=0)
CLIENT_HIDDEN = (
    Outcome(NODE17.address, "snat-at-node", LOST, hops=3, story=OUTSIDE),
    Outcome(NODE11.bridge, "snat-at-own-node", LOST, hops=2, story=OUTSIDE),
)


# DNAT back into the same bridge is no routing: the frame keeps its TTL, and its sender's MAC address
HAIRPIN = Outcome(NODE11.bridge, "hairpin", LOST, hops=0, sender=OWN, story=SELF)
NEIGHBOUR_SEEN = Outcome(NEIGHBOUR, "socket-pod", SOCKET, hops=0, sender=NEIGHBOUR_POD)


def _pod(address: str) -> Outcome:
    return Outcome(address, "socket-pod", SOCKET, hops=2)


def _l7(forwarded: str, finding: str = "header-trusted", peer: str = BALANCER, verdict: str = HEADER) -> Outcome:
    return Outcome(peer, finding, verdict, forwarded, client=forwarded.rsplit(", ", maxsplit=1)[-1])


def _nginx(peer: str, client: str, finding: str = "header-trusted", verdict: str = HEADER, story: str = "") -> Outcome:
    return Outcome(peer, finding, verdict, client, client, client, story=story)


NODE_IN_HEADER = (
    _nginx(INGRESS, NODE11.address, "snat-before-proxy", LOST, OUTSIDE),
    _nginx(INGRESS, NODE17.bridge, "snat-before-proxy", LOST, OUTSIDE),
)
FORGED_HEADER = (("X-Forwarded-For", FORGED),)

ROWS: tuple[Row, ...] = (
    Row("1.3.1", "cluster", "node17", APP, (NODE17_CALLED,), 0, "the pod's address, from another node"),
    Row("1.3.2", "cluster", "node11", APP, (BRIDGE_CALLED,), 0, "the pod's address, from its own node"),
    Row("1.3.3", "cluster", "caller", APP, (_pod(CALLER),), 0, "the pod's address, from a pod on another node"),
    Row("1.3.4", "cluster", "app-b", APP, (NEIGHBOUR_SEEN,), 0, "the pod's address, from a pod on the same node"),
    Row("1.4.1", "cluster", "client", L4_VIP, CLIENT_HIDDEN, 4, "L4 balancer, Cluster, from outside"),
    Row(
        "1.4.1",
        "cluster",
        "client",
        L4_VIP,
        CLIENT_HIDDEN,
        None,
        "the same with the Host of a Service: it says nothing about who called",
        (("Host", CLUSTER_IP),),
    ),
    Row("1.4.2", "cluster", "node17", L4_VIP, (NODE17_CALLED,), 0, "L4 balancer, Cluster, from another node"),
    Row("1.4.2", "cluster", "node11", L4_VIP, (BRIDGE_CALLED,), 0, "L4 balancer, Cluster, from the pod's node"),
    Row("X.1", "cluster", "caller", CLUSTER_IP, (_pod(CALLER),), 0, "ClusterIP, from a pod on another node"),
    Row("X.2", "cluster", "app-b", CLUSTER_IP, (NEIGHBOUR_SEEN,), 0, "ClusterIP, from a pod on the same node"),
    Row(
        "X.3",
        "cluster",
        "app-a",
        CLUSTER_IP,
        (HAIRPIN,),
        4,
        "ClusterIP, from the pod itself",
    ),
    Row("X.4", "cluster", "node17", CLUSTER_IP, (NODE17_CALLED,), 0, "ClusterIP, from another node"),
    Row("X.5", "cluster", "node11", CLUSTER_IP, (BRIDGE_CALLED,), 0, "ClusterIP, from the pod's node"),
    Row(
        "X.6",
        "cluster",
        "caller",
        L4_VIP,
        (Outcome(NODE17.address, "snat-at-node", LOST, hops=2, story=MASQUERADED),),
        4,
        "L4 balancer, Cluster, from a pod on another node",
    ),
    Row(
        "X.6",
        "cluster",
        "app-b",
        L4_VIP,
        (Outcome(NODE11.bridge, "snat-at-own-node", LOST, hops=0, sender=NEIGHBOUR_POD, story=MASQUERADED),),
        4,
        "L4 balancer, Cluster, from a pod on the same node",
    ),
    Row("1.5.2", "local", "client", L4_VIP, (CLIENT_SEEN,), 0, "L4 balancer, Local, from outside"),
    Row("1.5.3", "local", "node17", L4_VIP, (NODE17_CALLED,), 0, "L4 balancer, Local, from another node"),
    Row("1.5.3", "local", "node11", L4_VIP, (BRIDGE_CALLED,), 0, "L4 balancer, Local, from the pod's node"),
    Row("X.7", "local", "caller", L4_VIP, (_pod(CALLER),), 0, "L4 balancer, Local, from a pod on another node"),
    Row("X.7", "local", "app-b", L4_VIP, (NEIGHBOUR_SEEN,), 0, "L4 balancer, Local, from a pod on the same node"),
    Row(
        "X.8",
        "local, bound to a node without a pod",
        "client",
        L4_VIP,
        (),
        None,
        "L4 balancer, Local, bound to a node without a pod: no answer",
    ),
    Row("1.6.1", "CLB ingress, Local", "client", L7_VIP, (_l7(CLIENT),), 0, "L7 balancer, Local, from outside"),
    Row(
        "1.6.1",
        "CLB ingress, Local",
        "client",
        L7_VIP,
        (_l7(f"{FORGED}, {CLIENT}", "header-trusted-claims-ignored"),),
        None,
        "L7 balancer, Local, from outside, with a forged header",
        FORGED_HEADER,
    ),
    Row(
        "1.6.2",
        "CLB ingress, Local",
        "node17",
        L7_VIP,
        (_l7(NODE17.public, "header-node-external"),),
        0,
        "L7 balancer, Local, from another node",
        public=NODE17.public,
    ),
    Row(
        "1.6.2",
        "CLB ingress, Local",
        "node11",
        L7_VIP,
        (_l7(NODE11.public, "header-node-external"),),
        0,
        "L7 balancer, Local, from the pod's node",
        public=NODE11.public,
    ),
    Row(
        "X.9",
        "CLB ingress, Local",
        "caller",
        L7_VIP,
        (_l7(NODE17.public, "header-node-external"),),
        0,
        "L7 balancer, Local, from a pod",
        public=NODE17.public,
    ),
    Row(
        "X.10",
        "CLB ingress, Cluster",
        "client",
        L7_VIP,
        (
            _l7(CLIENT, "header-past-snat", NODE17.address),
            _l7(CLIENT, "header-past-snat", NODE11.bridge),
        ),
        0,
        "L7 balancer, Cluster, from outside",
    ),
    Row(
        "2.2",
        "direct",
        "node11",
        ENI_APP,
        (Outcome(NODE11.address, "node-called", SOCKET, hops=1),),
        0,
        "the VPC-CNI pod's address, from another node",
    ),
    Row(
        "2.2",
        "direct",
        "node17",
        ENI_APP,
        (Outcome(NODE17.address, "node-called", SOCKET, hops=0),),
        0,
        "the VPC-CNI pod's address, from its own node",
    ),
    Row("2.2", "direct", "app-a", ENI_APP, (_pod(APP),), 0, "the VPC-CNI pod's address, from a GR pod"),
    Row("2.3.1", "direct", "client", L4_VIP, (CLIENT_SEEN,), 0, "L4 balancer straight to the pod, from outside"),
    Row(
        "2.3.2",
        "direct",
        "node11",
        L4_VIP,
        (Outcome(NODE11.address, "node-called", SOCKET, hops=1),),
        0,
        "L4 balancer straight to the pod, from another node",
    ),
    Row(
        "2.3.2",
        "direct",
        "node17",
        L4_VIP,
        (Outcome(NODE17.address, "node-called", SOCKET, hops=0),),
        0,
        "L4 balancer straight to the pod, from its own node",
    ),
    Row(
        "2.4",
        "VPC-CNI, not direct",
        "client",
        L4_VIP,
        (
            Outcome(NODE11.address, "snat-at-node", LOST, hops=3, story=OUTSIDE),
            Outcome(NODE17.address, "snat-at-own-node", LOST, hops=2, story=OUTSIDE),
        ),
        4,
        "L4 balancer to NodePorts of a VPC-CNI pod, from outside",
    ),
    Row(
        "2.5.1",
        "CLB ingress, direct",
        "client",
        L7_VIP,
        (_l7(CLIENT),),
        0,
        "L7 balancer straight to the pod, from outside",
    ),
    Row(
        "2.5.2",
        "CLB ingress, direct",
        "node11",
        L7_VIP,
        (_l7(NODE11.public, "header-node-external"),),
        0,
        "L7 balancer straight to the pod, from another node",
        public=NODE11.public,
    ),
    Row(
        "2.5.2",
        "CLB ingress, direct",
        "node17",
        L7_VIP,
        (_l7(NODE17.public, "header-node-external"),),
        0,
        "L7 balancer straight to the pod, from its own node",
        public=NODE17.public,
    ),
    Row(
        "2.6",
        "CLB ingress, VPC-CNI, not direct",
        "client",
        L7_VIP,
        (
            _l7(CLIENT, "header-past-snat", NODE11.address),
            _l7(CLIENT, "header-past-snat", NODE17.address),
        ),
        0,
        "L7 balancer to NodePorts of a VPC-CNI pod, from outside",
    ),
    Row(
        "L.1",
        "CLB ingress, source passed through",
        "client",
        L7_VIP,
        (Outcome(CLIENT, "socket-public-header-agrees", SOCKET, CLIENT, hops=1),),
        0,
        "L7 balancer that connects from the client's address, from outside",
    ),
    Row(
        "L.1",
        "CLB ingress, source passed through",
        "client",
        L7_VIP,
        (Outcome(CLIENT, "socket-public-header-agrees", SOCKET, f"{FORGED}, {CLIENT}", hops=1),),
        None,
        "the same with a forged header",
        FORGED_HEADER,
    ),
    Row(
        "3.1.1",
        "ingress-nginx direct, GR",
        "client",
        L4_VIP,
        (_nginx(ENI_INGRESS, CLIENT),),
        0,
        "L4 balancer straight to ingress-nginx, GR pod, from outside",
    ),
    Row(
        "3.1.2",
        "ingress-nginx direct, GR",
        "node11",
        L4_VIP,
        (_nginx(ENI_INGRESS, NODE11.address, "header-node-called"),),
        0,
        "L4 balancer straight to ingress-nginx, GR pod, from a node",
    ),
    Row(
        "4.4 bounded",
        "ingress-nginx direct, GR",
        "client",
        L4_VIP,
        (Outcome(ENI_INGRESS, "header-trusted-claims-ignored", HEADER, f"{FORGED}, {CLIENT}", CLIENT, CLIENT),),
        None,
        "the same with a forged header: proxy-real-ip-cidr keeps it out",
        FORGED_HEADER,
    ),
    Row(
        "3.2.1",
        "ingress-nginx direct, VPC-CNI",
        "client",
        L4_VIP,
        (_nginx(ENI_INGRESS, CLIENT),),
        0,
        "L4 balancer straight to ingress-nginx, VPC-CNI pod, from outside",
    ),
    Row(
        "3.2.2",
        "ingress-nginx direct, VPC-CNI",
        "node11",
        L4_VIP,
        (_nginx(ENI_INGRESS, NODE11.address, "header-node-called"),),
        0,
        "L4 balancer straight to ingress-nginx, VPC-CNI pod, from a node",
    ),
    Row(
        "3.3",
        "ingress-nginx Local",
        "client",
        L4_VIP,
        (_nginx(INGRESS, CLIENT),),
        0,
        "L4 balancer, ingress-nginx Local, from outside",
    ),
    Row(
        "3.3 replaced",
        "ingress-nginx Local",
        "client",
        L4_VIP,
        (Outcome(INGRESS, "header-trusted", HEADER, CLIENT, CLIENT, CLIENT),),
        None,
        "the same with a forged header: ingress-nginx replaces it",
        FORGED_HEADER,
    ),
    Row(
        "3.4",
        "ingress-nginx Cluster",
        "client",
        L4_VIP,
        NODE_IN_HEADER,
        4,
        "L4 balancer, ingress-nginx Cluster, from outside",
    ),
    Row("4.1", "ingress-nginx Cluster", "client", L4_VIP, NODE_IN_HEADER, None, "3.4 again, with whoami"),
    Row("4.2", "ingress-nginx Local", "client", L4_VIP, (_nginx(INGRESS, CLIENT),), None, "3.3 again, with whoami"),
    Row(
        "4.3",
        "ingress-nginx direct, GR",
        "client",
        L4_VIP,
        (_nginx(ENI_INGRESS, CLIENT),),
        None,
        "3.1.1 again, with whoami",
    ),
    Row(
        "4.4",
        "ingress-nginx over-trusting",
        "client",
        L4_VIP,
        (_nginx(ENI_INGRESS, CLIENT),),
        4,
        "ingress-nginx that believes everybody, from outside",
    ),
    Row(
        "4.4",
        "ingress-nginx over-trusting",
        "client",
        L4_VIP,
        (
            Outcome(
                ENI_INGRESS, "over-trusting-proxy", FORGED_VERDICT, f"{FORGED}, {CLIENT}", FORGED, CLIENT, story=FORGER
            ),
        ),
        None,
        "the same with a forged header",
        FORGED_HEADER,
    ),
    Row(
        "X.11",
        "ingress-nginx behind an L7 balancer, header not believed",
        "client",
        L7_VIP,
        (Outcome(INGRESS, "original-forwarded-for", "untrusted-header", BALANCER, BALANCER, BALANCER, story=TOLD),),
        4,
        "L7 balancer before ingress-nginx that replaces its header, from outside",
    ),
    Row(
        "X.12",
        "ingress-nginx behind an L7 balancer, header believed",
        "client",
        L7_VIP,
        (_nginx(ENI_INGRESS, CLIENT),),
        0,
        "L7 balancer before ingress-nginx that believes it alone, from outside",
    ),
    Row(
        "P.1",
        "PROXY, Cluster",
        "client",
        L4_VIP,
        (
            Outcome(CLIENT, "socket-public", SOCKET, socket=NODE17.address),
            Outcome(CLIENT, "socket-public", SOCKET, socket=NODE11.bridge),
        ),
        0,
        "PROXY balancer, Cluster, from outside",
    ),
    Row(
        "P.2",
        "PROXY, direct",
        "client",
        L4_VIP,
        (Outcome(CLIENT, "socket-public", SOCKET, socket=BALANCER),),
        0,
        "PROXY balancer straight to the pod, from outside",
    ),
    Row(
        "P.3",
        "PROXY before ingress-nginx",
        "client",
        L4_VIP,
        (_nginx(INGRESS, CLIENT),),
        0,
        "PROXY balancer before ingress-nginx, Cluster, from outside",
    ),
    Row(
        "X.13",
        "direct",
        "eni-ingress",
        ENI_CLUSTER_IP,
        (Outcome(NODE17.address, "snat-at-own-node", LOST, hops=1, story=MASQUERADED),),
        4,
        "ClusterIP, from another VPC-CNI pod of the same node: not in kube-proxy's clusterCIDR",
    ),
    Row(
        "X.13",
        "direct",
        "app-a",
        ENI_CLUSTER_IP,
        (_pod(APP),),
        0,
        "ClusterIP of a VPC-CNI pod, from a GR pod on another node",
    ),
    Row(
        "X.14",
        "direct",
        "eni-app",
        ENI_CLUSTER_IP,
        # nothing of the connection differs from X.13's: no bridge turns it around, the node routes it
        (Outcome(NODE17.address, "snat-at-own-node", LOST, hops=1, story=SELF),),
        4,
        "ClusterIP, from the VPC-CNI pod itself",
    ),
    Row(
        "X.15",
        "ip-masq-agent without the pods",
        "caller",
        APP,
        (Outcome(NODE11.bridge, "snat-at-own-node", LOST, hops=2, story=MASQUERADED),),
        4,
        "the pod's address, from a pod on another node, where ip-masq-agent does not know the pods",
    ),
    Row(
        "X.16",
        "cluster",
        "node11",
        APP,
        (Outcome(NODE11.bridge, "health-check", SOCKET, hops=0),),
        None,
        "the kubelet's probe of the pod",
        (("User-Agent", "kube-probe/1.36"),),
    ),
    Row(
        "K.1",
        "ServiceLB",
        "client",
        L4_VIP,
        (Outcome(INGRESS, "service-lb-snat", LOST, hops=5, story=OUTSIDE),),
        4,
        "k3s's ServiceLB, from outside",
    ),
    Row(
        "S.1",
        "sidecar",
        "client",
        L4_VIP,
        (Outcome("127.0.0.6", "sidecar", LOST, story=OUTSIDE),),
        4,
        "sidecar, Local, from outside",
    ),
    Row("N.1", "cluster, nftables", "client", L4_VIP, CLIENT_HIDDEN, 4, "1.4.1 with nftables"),
    Row("N.2", "cluster, nftables", "node17", L4_VIP, (NODE17_CALLED,), 0, "1.4.2 with nftables"),
    Row(
        "N.3",
        "cluster, nftables",
        "app-a",
        CLUSTER_IP,
        (HAIRPIN,),
        4,
        "X.3 with nftables",
    ),
    Row("N.4", "local, nftables", "client", L4_VIP, (CLIENT_SEEN,), 0, "1.5.2 with nftables"),
    Row("N.5", "local, nftables", "node11", L4_VIP, (BRIDGE_CALLED,), 0, "1.5.3 with nftables"),
    Row("N.6", "local, nftables", "caller", L4_VIP, (_pod(CALLER),), 0, "X.7 with nftables"),
    Row("I.1", "cluster, iptables-legacy", "client", L4_VIP, CLIENT_HIDDEN, 4, "1.4.1 with iptables-legacy"),
    Row("I.2", "local, iptables-legacy", "client", L4_VIP, (CLIENT_SEEN,), 0, "1.5.2 with iptables-legacy"),
)
