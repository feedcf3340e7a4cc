"""
From a cluster's values to the table [network].

A function for each key, whose rule is in RULES.

Services and ingress-nginx's ConfigMap are told in `exposure`, whom to trust in `trust`.
"""

from collections.abc import Sequence

from echo.clientip.network import NODE_POD_PREFIX
from echo.topology.facts import Facts
from echo.topology.known import OWN, VPC
from echo.topology.nets import (
    WIDEST_PODS,
    WIDEST_SERVICES,
    Net,
    Space,
    cover,
    hosts,
    parse_block,
    spelled,
    union,
    without,
)
from echo.topology.toml import Item, Line
from echo.topology.view import counted, few

# key of [network] -> how it is found
RULES = {
    "nodes": "InternalIP of every node, and addresses of pods on the host network. The subnet is not known here.",
    "node_external": "ExternalIP of every node. A NAT gateway's addresses are not known here.",
    "pods": (
        "The range the cluster was made with, where a flag of the control plane or a ConfigMap of kubeadm or "
        "kube-proxy says it; else the union of spec.podCIDRs, which ends where the nodes' blocks end. Where the CNI "
        "hands out addresses of its own, the range inferred from pods."
    ),
    "node_pod_prefix": (
        "The length of spec.podCIDRs, where the node itself holds its block's first address: by the CNI, or, where no "
        "agent of one is found, because no pod holds any of them."
    ),
    "bridges": (
        "The same addresses one by one, where one length does not tell them (lengths that differ, IPv6 beside IPv4) or "
        "[trust] needs them; addresses of tunnels, by annotations of nodes."
    ),
    "vpc_pods": "Addresses of pods outside `pods`: of the VPC (VPC-CNI, ENI).",
    "services": (
        "As a ServiceCIDR, kube-apiserver's flag or kubeadm's ConfigMap says; else the smallest range that holds every "
        "ClusterIP and meets no pod and no node, called inferred."
    ),
    "load_balancers": (
        "What the cloud's balancers speak from, by the nodes' providerID, less the cluster's own. The addresses in "
        "status.loadBalancer are where clients connect to, so they stand in `addresses` of `[[network.service]]`."
    ),
    "ingress": "Pods of ingress controllers, but those on the host network, which have their nodes' addresses.",
    "service_lb": "Pods of k3s's ServiceLB.",
}


def network(facts: Facts, *, all_bridges: bool) -> list[Line]:
    """Return the lines of [network]; every bridge one by one if [trust] names them."""
    lines = [
        *nodes(facts),
        *node_external(facts),
        *pods(facts),
        *node_pod_prefix(facts),
        *bridges(facts, all_of_them=all_bridges),
        *vpc_pods(facts),
        *services(facts),
        *load_balancers(facts),
        *ingress(facts),
        *service_lb(facts),
    ]
    return sorted(lines, key=lambda line: line.value is None)  # what could not be written stands behind what is


def nodes(facts: Facts) -> list[Line]:
    """Nodes, address by address."""
    internal = {net for node in facts.cluster.nodes for net in node.internal}
    beside = len([net for net in facts.nodes if net not in internal])
    sources = [f"InternalIP of {counted(len(facts.cluster.nodes), 'node')}"] if internal else []
    sources += [f"{counted(beside, 'address', 'addresses')} of pods on the host network"] if beside else []
    why = f"{', and '.join(sources)}. A node that joins is not among them: run this again, or write the nodes' subnet."
    return _list("nodes", facts.nodes, why)


def node_external(facts: Facts) -> list[Line]:
    """Nodes' public addresses."""
    own = set(facts.nodes)
    found = hosts(net for node in facts.cluster.nodes for net in node.external if net not in own)
    if found:
        count = sum(1 for node in facts.cluster.nodes if node.external)
        why = f"ExternalIP of {counted(count, 'node')}. A NAT gateway's addresses are not in the API: add them."
        return _list("node_external", found, why)
    if not facts.cluster.nodes:
        return []
    remark = "node_external: no node has an ExternalIP. If the cluster leaves through a NAT gateway, add its addresses."
    return [Line("", None, remark)]


def pods(facts: Facts) -> list[Line]:
    """The cluster's range of pod addresses."""
    reasons = [f"{spelled(net)}: {who}." for net, who in facts.declared.items()]
    if facts.undeclared:
        blocks = set(facts.undeclared)
        having = sum(not blocks.isdisjoint(node.blocks) for node in facts.cluster.nodes)
        reasons.append(
            f"Union of spec.podCIDRs of {counted(having, 'node')}. A node that joins brings another block: run this "
            "again, or write the cluster's whole range."
        )
    if facts.inferred:
        named = " and ".join(cni.name for cni in facts.cnis if cni.addresses == OWN)
        reasons.append(
            f"{_few(facts.inferred)}: inferred from {counted(len(facts.outside), 'address', 'addresses')} of pods, "
            f"since {named} hands out its own: write its pool instead."
        )
    return _list("pods", union([*facts.ranges, *facts.inferred]), " ".join(reasons))


def vpc_pods(facts: Facts) -> list[Line]:
    """Pods with addresses of the VPC."""
    if facts.inferred:
        return []
    named = " and ".join(cni.name for cni in facts.cnis if cni.addresses == VPC)
    why = (
        f"{counted(len(facts.outside), 'address', 'addresses')} of pods outside "
        f"{'every range of pods' if facts.ranges else 'any spec.podCIDRs, since no node has one in use'}"
        f"{f': of the VPC, by {named}' if named else ''}. A new pod is not among them: write the pods' subnets instead."
    )
    return _list("vpc_pods", facts.outside, why)


def node_pod_prefix(facts: Facts) -> list[Line]:
    """The length of nodes' blocks, where it tells bridges."""
    if facts.told_by_prefix is None:
        reasons = dict.fromkeys(why for holds, why in facts.first.values() if why and not holds)
        return [Line("", None, f"{NODE_POD_PREFIX}: {why}") for why in reasons]
    version, length = facts.told_by_prefix
    why = f"Length of every IPv{version} block in spec.podCIDRs. {facts.first[version][1]}"
    return [Line(NODE_POD_PREFIX, length, why)]


def bridges(facts: Facts, *, all_of_them: bool = False) -> list[Line]:
    """Nodes' addresses in the pods' network, one by one; those that node_pod_prefix tells only if `all_of_them`."""
    by_prefix = facts.told_by_prefix[0] if facts.told_by_prefix and not all_of_them else None
    ones = [net for net in facts.bridges if net.version != by_prefix]
    reasons = ["First address of each node's block, one by one."] if ones else []
    reasons += ["Tunnels' addresses, by the nodes' annotations."] if facts.tunnels else []
    return _list("bridges", hosts([*ones, *facts.tunnels]), " ".join(reasons))


def services(facts: Facts) -> list[Line]:
    """The range of ClusterIPs."""
    space = Space(facts.service_ranges)
    rest = [net for net in facts.cluster_ips if net not in space]
    inferred = cover(rest, Space([*facts.nodes, *facts.pods, *facts.blocks]), WIDEST_SERVICES)
    reasons = [f"{spelled(net)}: {who}." for net, who in facts.service_ranges.items()]
    if inferred:
        reasons.append(
            f"{_few(inferred)}: inferred, the smallest that holds {counted(len(rest), 'ClusterIP')} and meets no pod "
            "and no node; kube-apiserver's --service-cluster-ip-range may be wider."
        )
    return _list("services", union([*facts.service_ranges, *inferred]), " ".join(reasons))


def load_balancers(facts: Facts) -> list[Line]:
    """What the clouds' balancers speak from."""
    items = balancers(facts)
    why = "By spec.providerID of the nodes. Where clients connect to stands in addresses of [[network.service]]."
    lines = [Line("load_balancers", tuple(items), why)] if items else []
    return lines + [Line("", None, f"load_balancers: on {cloud.name}, {cloud.add}.") for cloud in facts.clouds]


def balancers(facts: Facts) -> list[Item]:
    """Return what the clouds' balancers speak from, less the cluster's own addresses."""
    near = cover([*facts.nodes, *facts.outside], Space(()), WIDEST_PODS)  # the subnets they seem to come from
    own = [*facts.ranges, *near, *facts.service_ranges]
    items = []
    for cloud in facts.clouds:
        whole = [net for text in cloud.ranges if (net := parse_block(text)) is not None]
        left = [piece for net in whole for piece in without(net, own)]
        less = ", less the cluster's own addresses" if left != whole else ""
        items += [Item(spelled(net), f"{cloud.name}: {cloud.source}{less}") for net in left]
    return items


def ingress(facts: Facts) -> list[Line]:
    """Ingress controllers' pods."""
    found = [(net, *facts.ingress[net]) for net in hosts(facts.ingress)]
    items = tuple(Item(spelled(net), f"{name}, pod {pod.shown}") for net, name, pod in found)
    why = "Pods of ingress controllers. They get other addresses when they are made anew: then run this again."
    return [Line("ingress", items, why)] if items else []


def service_lb(facts: Facts) -> list[Line]:
    """Pods of k3s's ServiceLB."""
    found = {net: pod for pod in facts.service_lbs if not pod.host_network for net in pod.addresses}
    items = tuple(Item(spelled(net), f"pod {found[net].shown}") for net in hosts(found))
    why = "Pods of k3s's ServiceLB: each puts its own address in place of the client's."
    return [Line("service_lb", items, why)] if items else []


def unknown(facts: Facts) -> list[str]:
    """Return what must be asked elsewhere: addresses of nodes that lie among the pods'."""
    return [
        f"{cni.name} runs here, and each node, not only its pods, has an address of the pods': {cni.ask} shows it; add "
        "those addresses to bridges of [network], or nodes are taken for pods"
        for cni in facts.cnis
        if cni.ask and not facts.tunnels
    ]


def _list(key: str, nets: Sequence[Net], why: str) -> list[Line]:
    return [Line(key, tuple(Item(spelled(net)) for net in nets), why)] if nets else []


def _few(nets: Sequence[Net]) -> str:
    return few([spelled(net) for net in nets])
