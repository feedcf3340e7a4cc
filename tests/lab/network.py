"""
The cluster, cabled: a client, the balancer that is the nodes' way out, the VPC, two nodes and their pods.

    client 203.0.113.7 ── balancer ── vpc ─┬─ node11 192.168.0.11, cbr0 172.18.0.65/26 ── app-a, app-b
                          198.51.100.10 L4 │
                          198.51.100.20 L7 └─ node17 192.168.0.17, cbr0 172.18.0.1/26 ── caller, ingress
                          100.64.0.5                          no bridge (VPC-CNI) ── eni-app, eni-ingress

Addresses are those of the background article, its public ones replaced by documentation ranges.
"""

from dataclasses import dataclass

from tests.lab import namespaces
from tests.lab.namespaces import PREFIX, ip_in, run, sysctl

CLIENT = "203.0.113.7"
CLIENT_GATEWAY = "203.0.113.1"
L4_VIP, L7_VIP = "198.51.100.10", "198.51.100.20"
BALANCER = "100.64.0.5"  # from where the balancer itself speaks to the cluster
VPC_GATEWAY = "192.168.0.1"
VPC_CIDR, POD_CIDR, BALANCER_CIDR = "192.168.0.0/16", "172.18.0.0/16", "100.64.0.0/10"
TRANSPARENT_MARK = 1  # of packets to the clients' addresses that the balancer itself takes in
ENI_GATEWAY = "169.254.32.1"  # answered by proxy ARP: nobody has it


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its address, the address of its bridge (the first of its block of pods), and its public address."""

    name: str
    address: str
    bridge: str
    block: str
    public: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod: its address, its node, and whether it hangs on the node's bridge (GR) or has a VPC address (VPC-CNI)."""

    name: str
    address: str
    node: Node
    bridged: bool = True


NODE11 = Node("node11", "192.168.0.11", "172.18.0.65", "172.18.0.64/26", "198.51.100.111")
NODE17 = Node("node17", "192.168.0.17", "172.18.0.1", "172.18.0.0/26", "198.51.100.117")
NODES = (NODE11, NODE17)
PODS = {
    pod.name: pod
    for pod in (
        Pod("app-a", "172.18.0.80", NODE11),
        Pod("app-b", "172.18.0.81", NODE11),
        Pod("caller", "172.18.0.10", NODE17),
        Pod("ingress", "172.18.0.17", NODE17),
        Pod("eni-app", "192.168.253.9", NODE17, bridged=False),
        Pod("eni-ingress", "192.168.253.10", NODE17, bridged=False),
    )
}
BALANCER_PLACE = "balancer"
PLACES = ("client", BALANCER_PLACE, "vpc", *(node.name for node in NODES), *PODS)


def pods_on(node: Node) -> list[str]:
    """Addresses of a node's pods."""
    return [pod.address for pod in PODS.values() if pod.node == node]


def build() -> None:
    """Make the namespaces and all that does not change from one scenario to the next."""
    namespaces.add(PLACES)
    run("ip", "-batch", "-", text="\n".join(_cables()) + "\n")
    for place in (BALANCER_PLACE, "node11", "node17"):
        # rp_filter: replies to a balancer's address come in where the kernel would not send to
        sysctl(place, ipv4__ip_forward=1, ipv4__conf__all__rp_filter=0, ipv4__conf__default__rp_filter=0)
        sysctl(place, ipv4__conf__all__send_redirects=0)

    ip_in("vpc", ["link add vpc0 type bridge", "link set vpc0 up"])
    ip_in("vpc", [f"link set {port} master vpc0 up" for port in (BALANCER_PLACE, "node11", "node17")])
    # frames that cross the VPC pass no netfilter there
    sysctl("vpc", **{"bridge__bridge-nf-call-iptables": 0})
    _client()
    _balancer()
    for node in NODES:
        _node(node)
    for pod in PODS.values():
        _pod(pod)


def _cables() -> list[str]:
    ends = [("client", "eth0", BALANCER_PLACE, "outside"), (BALANCER_PLACE, "inside", "vpc", BALANCER_PLACE)]
    ends += [(node.name, "eth0", "vpc", node.name) for node in NODES]
    ends += [(pod.name, "eth0", pod.node.name, pod.name) for pod in PODS.values()]
    return [f"link add {a} netns {PREFIX}{at} type veth peer name {b} netns {PREFIX}{bt}" for at, a, bt, b in ends]


def _client() -> None:
    ip_in(
        "client",
        [f"address add {CLIENT}/24 dev eth0", "link set eth0 up", f"route add default via {CLIENT_GATEWAY}"],
    )


def _balancer() -> None:
    ip_in(
        BALANCER_PLACE,
        [
            f"address add {CLIENT_GATEWAY}/24 dev outside",
            *(f"address add {vip}/32 dev outside" for vip in (L4_VIP, L7_VIP)),
            "link set outside up",
            f"address add {VPC_GATEWAY}/16 dev inside",
            f"address add {BALANCER}/32 dev inside",
            "link set inside up",
            *(f"route add {node.block} via {node.address}" for node in NODES),
            # to whom an L7 balancer's answers go before NAT is undone
            *(f"route add {node.public}/32 dev inside" for node in NODES),
            f"rule add fwmark {TRANSPARENT_MARK} lookup 100",
            "route add local 0.0.0.0/0 dev lo table 100",
        ],
    )


def _node(node: Node) -> None:
    # eth0 first: where a veth has no address, MASQUERADE takes the first interface's
    ip_in(
        node.name,
        [
            f"address add {node.address}/16 dev eth0",
            "link set eth0 up",
            "link add cbr0 type bridge",
            f"address add {node.bridge}/26 dev cbr0",
            "link set cbr0 up",
            f"route add default via {VPC_GATEWAY}",
            *(f"route add {other.block} via {other.address}" for other in NODES if other != node),
        ],
    )
    # a pod's packet to a Service that comes back to its own bridge must meet the rules twice
    sysctl(node.name, **{"bridge__bridge-nf-call-iptables": 1})
    # pods with addresses of the VPC are asked for by ARP: the node answers for them, at once
    sysctl(node.name, ipv4__conf__eth0__proxy_arp=1, ipv4__neigh__eth0__proxy_delay=0)


def _pod(pod: Pod) -> None:
    if pod.bridged:
        ip_in(pod.node.name, [f"link set {pod.name} master cbr0 up"])
        run("bridge", "-n", PREFIX + pod.node.name, "link", "set", "dev", pod.name, "hairpin", "on")
        ip_in(
            pod.name,
            [
                f"address add {pod.address}/26 dev eth0",
                "link set eth0 up",
                f"route add default via {pod.node.bridge}",
            ],
        )
        return
    # no address on the node's end of the cable: MASQUERADE would take it
    ip_in(pod.node.name, [f"link set {pod.name} up", f"route add {pod.address}/32 dev {pod.name}"])
    sysctl(
        pod.node.name,
        **{f"ipv4__conf__{pod.name}__proxy_arp": 1, f"ipv4__neigh__{pod.name}__proxy_delay": 0},
    )
    ip_in(
        pod.name,
        [
            f"address add {pod.address}/32 dev eth0",
            "link set eth0 up",
            f"route add {ENI_GATEWAY}/32 dev eth0 scope link",
            f"route add default via {ENI_GATEWAY} dev eth0",
        ],
    )
