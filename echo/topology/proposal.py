"""From a cluster to the text of whofrom.toml, and what is to be said beside it."""

from typing import NamedTuple

from echo.topology import addresses
from echo.topology.cluster import Cluster
from echo.topology.exposure import Exposure
from echo.topology.facts import Facts
from echo.topology.toml import Table, write
from echo.topology.trust import trust
from echo.topology.view import counted

# kind -> (kubectl's name for it, what is not known without it)
MISSING = {
    "Node": ("nodes", "what a node is, and which pod addresses are its share"),
    "Pod": ("pods", "ingress controllers, the CNI, which pods have addresses of the VPC"),
    "Service": ("svc", "the range of ClusterIPs, and how Services pass requests on"),
    "Ingress": ("ingress", "whether the cloud's L7 balancer stands before pods"),
    "EndpointSlice": ("endpointslices", "the pods behind Services that have no selector"),
    "ConfigMap": ("configmaps", "ingress-nginx's settings, and the ranges that kubeadm wrote down"),
}


class Written(NamedTuple):
    """The text of a whofrom.toml, lines for people, and whether any address is in it."""

    toml: str
    notes: tuple[str, ...]
    says_something: bool


def propose(cluster: Cluster) -> Written:
    """Return what the cluster's values say."""
    facts = Facts(cluster)
    exposure = Exposure(facts)
    services, ingress_nginx, proposal = exposure.services(), exposure.ingress_nginx(), trust(facts, exposure)
    network = Table("[network]", "", tuple(addresses.network(facts, all_bridges=proposal.names_bridges)))
    found = [
        (len(cluster.nodes), "node"),
        (len(cluster.pods), "pod"),
        (len(cluster.services), "Service"),
        (len(cluster.config_maps), "ConfigMap"),
    ]
    preface = (
        f"Written by `whofrom topology` from {', '.join(counted(*one) for one in found)}: what addresses mean in this "
        "cluster, and a proposal whom to trust. Names and labels are chosen by whoever may make pods: read it through, "
        "[trust] above all."
    )
    notes = (*missing(cluster), *addresses.unknown(facts), *exposure.notes, *proposal.notes)
    says_something = any(line.value is not None for line in network.lines)
    return Written(write(preface, [network, *services, *ingress_nginx, proposal.table]), notes, says_something)


def missing(cluster: Cluster) -> list[str]:
    """Return a line for each kind that is not in the input."""
    return [
        f"no {kind} in the input, so not known: {cost}; kubectl get {name} -A -o json brings them"
        for kind, (name, cost) in MISSING.items()
        if kind not in cluster.seen
    ]
