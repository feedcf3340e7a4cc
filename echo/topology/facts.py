"""
What the rules ask of a cluster again and again, worked out once from its values.

Rules:

* A pod on the host network has its node's address: that is a node's.
* A node's block (spec.podCIDRs) counts where pods have addresses of blocks: some CNIs hand out others and leave them.
* A declared pod range (a flag, a ConfigMap) counts where it holds every block and no node: in a VPC's range both are.
* A node holds the first address of its block where its CNI does so, or where no agent tells and no pod has it.
"""

from collections.abc import Iterable
from functools import cached_property

from echo.topology.cluster import Cluster, Pod
from echo.topology.known import (
    BLOCKS,
    CLOUDS,
    CNIS,
    COMPONENT_LABEL,
    CONTROLLERS,
    OURS,
    OWN,
    SERVICE_LB_LABEL,
    SERVICE_LB_PREFIX,
    VPC,
    Cloud,
    Cni,
    Controller,
)
from echo.topology.nets import WIDEST_PODS, Net, Space, cover, hosts, one, parse_block, union

CONTROL_PLANE = "kube-system"  # only who runs the cluster may make pods here
MAX_V4_PREFIX = 32
MIN_HOST_BITS = 2  # of a node's block: in a smaller one no address is left for pods beside the bridge


class Facts:
    """What the rules ask of a cluster again and again, worked out once."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @cached_property
    def nodes(self) -> list[Net]:
        """Nodes' own addresses, those of pods on the host network included."""
        on_hosts = (net for pod in self.cluster.pods if pod.host_network for net in pod.addresses)
        return hosts([*(net for node in self.cluster.nodes for net in node.internal), *on_hosts])

    @cached_property
    def pods(self) -> dict[Net, Pod]:
        """Address -> the pod that has it for its own."""
        own = set(self.nodes)
        pods = (pod for pod in self.cluster.pods if not pod.host_network)
        return {net: pod for pod in pods for net in pod.addresses if net not in own}

    @cached_property
    def blocks(self) -> list[Net]:
        """Nodes' blocks of pod addresses, those that pods have addresses of, per IP version."""
        blocks = hosts(net for node in self.cluster.nodes for net in node.blocks)
        if not self.pods:
            return blocks
        space = Space(blocks)
        used = {net.version for net in self.pods if net in space}
        return [block for block in blocks if block.version in used]

    @cached_property
    def declared(self) -> dict[Net, str]:
        """The pod ranges that the cluster was made with -> who says so."""
        own = Space(self.nodes)
        said = [
            (net, who)
            for net, who in [
                *self._flags("--cluster-cidr"),
                *self._config_maps("podSubnet"),
                *self._config_maps("clusterCIDR"),
            ]
            if not own.meets(net)
        ]
        space = Space(net for net, _ in said)
        fits = {block.version: True for block, _ in said}
        for block in self.blocks:
            fits[block.version] = block in space and fits.get(block.version, False)
        return _said_first((net, who) for net, who in said if fits[net.version])

    @cached_property
    def ranges(self) -> list[Net]:
        """The cluster's pod ranges: declared, or else the nodes' blocks."""
        return union([*self.declared, *self.undeclared])

    @cached_property
    def undeclared(self) -> list[Net]:
        """The nodes' blocks of an IP version for which no range is declared."""
        versions = {net.version for net in self.declared}
        return [block for block in self.blocks if block.version not in versions]

    @cached_property
    def outside(self) -> list[Net]:
        """Pods' addresses in none of the pod ranges."""
        space = Space(self.ranges)
        return hosts(net for net in self.pods if net not in space)

    @cached_property
    def cnis(self) -> list[Cni]:
        """The CNIs whose agents run here."""
        owners = {pod.owner for pod in self.cluster.pods if pod.host_network}
        flannel = any(node.flannel for node in self.cluster.nodes)
        return [cni for cni in CNIS if owners.intersection(cni.agents) or (flannel and cni.name == "flannel")]

    @cached_property
    def clouds(self) -> list[Cloud]:
        """The clouds that the nodes are of."""
        schemes = {node.provider for node in self.cluster.nodes}
        return [cloud for scheme, cloud in CLOUDS.items() if scheme in schemes]

    @cached_property
    def ingress(self) -> dict[Net, tuple[str, Pod]]:
        """Address -> the ingress controller, and its pod, that has the address for its own."""
        return {net: (name, pod) for name, pod in self.controllers if not pod.host_network for net in pod.addresses}

    @cached_property
    def controllers(self) -> list[tuple[str, Pod]]:
        """Ingress controllers and their pods, those on the host network too."""
        classes = {controller for controller in self.cluster.classes.values() if controller}
        return [(name, pod) for pod in self.cluster.pods if (name := _controller(pod, classes))]

    @cached_property
    def service_lbs(self) -> list[Pod]:
        """Pods of k3s's ServiceLB."""
        return [
            pod
            for pod in self.cluster.pods
            if SERVICE_LB_LABEL in pod.labels or pod.labels.get("app", "").startswith(SERVICE_LB_PREFIX)
        ]

    @cached_property
    def ours(self) -> set[Net]:
        """Addresses of pods that run whofrom, or the image it stands in for."""
        return {
            net
            for pod in self.cluster.pods
            if any(image.rpartition("/")[2] in OURS for image in pod.images)
            for net in pod.addresses
        }

    @cached_property
    def bridges(self) -> list[Net]:
        """The first address of each node's block, where the node itself holds it."""
        return [one(block[1]) for block in self.blocks if self.first[block.version][0] and _is_block(block)]

    @cached_property
    def first(self) -> dict[int, tuple[bool, str]]:
        """IP version -> whether nodes hold their blocks' first addresses, and why we think so."""
        return {version: _holds_first(self, version) for version in (4, 6)}

    @cached_property
    def told_by_prefix(self) -> tuple[int, int] | None:
        """IP version and length of the blocks whose first addresses one number tells, IPv4 before IPv6."""
        for version in (4, 6):
            lengths = {block.prefixlen for block in self.blocks if block.version == version}
            if self.first[version][0] and len(lengths) == 1:
                (length,) = lengths
                if (length > MAX_V4_PREFIX) == (version == 6):  # a number up to 32 is read as IPv4's
                    return version, length
        return None

    @cached_property
    def inferred(self) -> list[Net]:
        """The range that pods outside the others lie in, where the CNI hands out addresses of its own."""
        sources = {cni.addresses for cni in self.cnis}
        if OWN not in sources or VPC in sources:
            return []
        return cover(self.outside, Space([*self.nodes, *self.cluster_ips]), WIDEST_PODS)

    @cached_property
    def cluster_ips(self) -> list[Net]:
        """Every ClusterIP."""
        return hosts(net for service in self.cluster.services for net in service.cluster)

    @cached_property
    def tunnels(self) -> list[Net]:
        """Addresses that nodes' annotations say they have in the pods' network."""
        return hosts(net for node in self.cluster.nodes for net in node.tunnels)

    @cached_property
    def service_ranges(self) -> dict[Net, str]:
        """The ranges of ClusterIPs that the cluster was made with -> who says so."""
        said = [
            *((net, "a ServiceCIDR") for net in self.cluster.service_ranges),
            *self._flags("--service-cluster-ip-range"),
            *self._config_maps("serviceSubnet"),
        ]
        return _said_first(said)

    def _config_maps(self, key: str) -> list[tuple[Net, str]]:
        return [
            (net, f"{key} of ConfigMap {found.shown}")
            for found in self.cluster.config_maps
            for net in found.ranges.get(key, ())
        ]

    def _flags(self, flag: str) -> list[tuple[Net, str]]:
        """Return the CIDRs of a flag of control-plane pods: in kube-system, on the host network."""
        return [
            (net, f"{flag} of pod {pod.shown}")
            for pod in self.cluster.pods
            if pod.namespace == CONTROL_PLANE and pod.host_network
            for text in pod.flags.get(flag, "").split(",")
            if (net := parse_block(text.strip())) is not None
        ]


def _said_first(said: Iterable[tuple[Net, str]]) -> dict[Net, str]:
    found: dict[Net, str] = {}
    for net, who in said:
        found.setdefault(net, who)
    return found


def _holds_first(facts: Facts, version: int) -> tuple[bool, str]:
    """Return whether nodes hold the first addresses of their blocks, and the reason."""
    blocks = [block for block in facts.blocks if block.version == version and _is_block(block)]
    if not blocks:
        return False, ""
    if "Pod" not in facts.cluster.seen:
        return False, "not known: without pods it cannot be told who holds the first address of a node's block."
    space = Space(blocks)
    if not any(net in space for net in facts.pods):
        return False, "not known: no pod has an address of a node's block."
    for address in (address for block in blocks for address in (block[0], block[1])):
        pod = facts.pods.get(one(address))
        if pod is not None:
            return False, f"none: pod {pod.shown} holds the first address of its node's block, so no bridge does."
    for cni in (cni for cni in facts.cnis if cni.addresses == BLOCKS):
        return True, f"{cni.name} runs here: the first address of a block is the node's own, {cni.why}."
    for cni in (cni for cni in facts.cnis if cni.addresses == OWN):
        return False, f"none: {cni.name} runs here, {cni.why}."
    return (
        True,
        "Inferred: no CNI's agent tells, and no pod holds the first address of a block, as where a bridge does.",
    )


def _controller(pod: Pod, classes: set[str]) -> str:
    """Return the name of the ingress controller that a pod is of, "" if it is of none."""
    for controller in CONTROLLERS:
        if _is_labelled(pod, controller) or any(
            image == mark or image.endswith(f"/{mark}") for image in pod.images for mark in controller.images
        ):
            return controller.name
    return pod.flags["--controller-class"] if pod.flags.get("--controller-class") in classes else ""


def _is_labelled(pod: Pod, controller: Controller) -> bool:
    component = pod.labels.get(COMPONENT_LABEL)
    if component is not None and controller.only and component not in controller.only:
        return False
    return any(pod.labels.get(key) == value for key, value in controller.labels)


def _is_block(block: Net) -> bool:
    return block.max_prefixlen - block.prefixlen >= MIN_HOST_BITS
