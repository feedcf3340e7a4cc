"""[network], rule by rule: a row is what the cluster has, and what is written of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.echo.topology.clusters import (
    KUBEADM,
    Json,
    agent,
    config_map,
    node,
    pod,
    service,
)
from tests.echo.topology.written import of

A = node("a", ["192.0.2.4"], None, ["10.244.0.0/24"])
B = node("b", ["192.0.2.5"], None, ["10.244.1.0/24"])
FAR = node("c", ["192.0.2.6"], None, ["10.244.9.0/24"])
FAR_POD = pod("x", "d", ["192.0.2.77"])
WEB = pod("web", "default", ["10.244.0.9"])
CONTROL = ["kube-controller-manager", "--cluster-cidr=10.244.0.0/16,fd00:10:244::/56"]
NODES_IN_IT = ["kube-proxy", "--cluster-cidr", "192.0.0.0/16"]
KUBEADM_DATA = {"ClusterConfiguration": KUBEADM % ("10.244.0.0/16", "10.96.0.0/12")}
PROXY_DATA = {"config.conf": 'mode: ipvs\nclusterCIDR: "10.244.0.0/20"\n'}


def control(command: list[str], namespace: str = "kube-system") -> Json:
    return pod("control", namespace, ["192.0.2.4"], host=True, command=command)


def one(ip: str, *blocks: str) -> Json:
    return node("a", [ip], None, list(blocks))


def labelled(name: str, component: str) -> Json:
    return {"labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}}


NODES = [
    ("none", [], None),
    ("InternalIPs, in order", [node("b", ["192.0.2.5"]), node("a", ["192.0.2.4"])], ["192.0.2.4", "192.0.2.5"]),
    ("no ExternalIP, no name", [node("a", ["192.0.2.4"], ["198.51.100.4"])], ["192.0.2.4"]),
    ("both IP versions", [node("a", ["192.0.2.4", "2001:db8::4"])], ["192.0.2.4", "2001:db8::4"]),
    ("a pod on the host network", [pod("x", "d", ["192.0.2.9"], host=True)], ["192.0.2.9"]),
    ("a pod of its own", [pod("x", "d", ["192.0.2.9"])], None),
    ("the same node twice", [A, A], ["192.0.2.4"]),
    ("no address", [node("a", ["ip-10-0-0-1"])], None),
]


@pytest.mark.parametrize(("what", "objects", "expected"), NODES)
def test_nodes(what: str, objects: list[Json], expected: list[str] | None) -> None:
    assert of(*objects).network.get("nodes") == expected, what


def test_a_new_node_is_not_covered_and_that_is_said() -> None:
    text = of(A, B, pod("x", "d", ["192.0.2.9"], host=True)).text
    assert "# InternalIP of 2 nodes, and 1 address of pods on the host network. A node that joins is not" in text


def test_external_addresses_are_nodes_or_asked_for() -> None:
    found = of(node("a", ["192.0.2.4"], ["198.51.100.4", "192.0.2.4"]))
    assert found.network["node_external"] == ["198.51.100.4"]
    assert "# node_external: no node has an ExternalIP. If the cluster leaves through a NAT gateway" in of(A).text


PODS = [
    # what it is, objects, pods, node_pod_prefix, bridges, vpc_pods
    ("adjacent blocks are one", [A, B, WEB], ["10.244.0.0/23"], 24, None, None),
    ("blocks apart are two", [A, FAR, WEB], ["10.244.0.0/24", "10.244.9.0/24"], 24, None, None),
    ("podCIDR without podCIDRs", [{**A, "spec": {"podCIDR": "10.244.0.0/24"}}, WEB], ["10.244.0.0/24"], 24, None, None),
    ("without pods nobody knows who has the first address", [A, B], ["10.244.0.0/23"], None, None, None),
    ("a pod has the first address", [A, pod("x", "d", ["10.244.0.1"])], ["10.244.0.0/24"], None, None, None),
    ("a pod has the address before it", [A, pod("x", "d", ["10.244.0.0"])], ["10.244.0.0/24"], None, None, None),
    ("Cilium", [A, WEB, *agent("cilium", ["192.0.2.4"])], ["10.244.0.0/24"], None, None, None),
    ("Calico with the nodes' blocks", [A, WEB, *agent("calico-node", ["192.0.2.4"])],
     ["10.244.0.0/24"], None, None, None),
    ("Calico's policies over flannel", [A, WEB, *agent("canal", ["192.0.2.4"])], ["10.244.0.0/24"], 24, None, None),
    ("an agent that is no agent", [A, WEB, pod("x", "d", ["10.244.0.8"], owner="cilium")],
     ["10.244.0.0/24"], 24, None, None),
    ("blocks of several lengths", [A, node("b", ["192.0.2.5"], None, ["10.244.2.0/23"]), WEB],
     ["10.244.0.0/24", "10.244.2.0/23"], None, ["10.244.0.1", "10.244.2.1"], None),
    ("blocks too small for a bridge", [one("192.0.2.4", "10.244.0.8/31"), pod("x", "d", ["10.244.0.9"])],
     ["10.244.0.8/31"], None, None, None),
    ("IPv6 alone", [one("2001:db8::4", "fd00:10:244::/64"), pod("x", "d", ["fd00:10:244::9"])],
     ["fd00:10:244::/64"], 64, None, None),
    ("a short prefix of IPv6 cannot be told by a number",
     [one("2001:db8::4", "2001:db8::/32"), pod("x", "d", ["2001:db8::9"])],
     ["2001:db8::/32"], None, ["2001:db8::1"], None),
    ("pods outside the blocks", [A, WEB, pod("x", "d", ["192.0.2.77"])], ["10.244.0.0/24"], 24, None, ["192.0.2.77"]),
    ("pods outside, by the VPC", [one("192.0.2.4"), pod("x", "d", ["192.0.2.77"]), *agent("aws-node", ["192.0.2.4"])],
     None, None, None, ["192.0.2.77"]),
    ("a pod that has ended has no address", [A, WEB, pod("x", "d", ["192.0.2.77"], phase="Failed")],
     ["10.244.0.0/24"], 24, None, None),
    ("blocks that no pod has an address of", [A, pod("x", "d", ["192.0.2.77"])], None, None, None, ["192.0.2.77"]),
    ("--cluster-cidr", [A, WEB, control(CONTROL)],
     ["10.244.0.0/16", "fd00:10:244::/56"], 24, None, None),
    ("--cluster-cidr of another pod", [A, WEB, control(CONTROL, "mine")],
     ["10.244.0.0/24"], 24, None, None),
    ("--cluster-cidr that nodes are in too", [A, WEB, control(NODES_IN_IT)],
     ["10.244.0.0/24"], 24, None, None),
    ("--cluster-cidr that nodes and pods are in", [one("192.0.2.4"), FAR_POD, control(NODES_IN_IT)],
     None, None, None, ["192.0.2.77"]),
    ("--cluster-cidr of a pod off the host network",
     [A, WEB, pod("kcm", "kube-system", ["10.244.0.7"], args=CONTROL)],
     ["10.244.0.0/24"], 24, None, None),
    ("Calico's policies over the VPC",
     [one("192.0.2.4"), FAR_POD, *agent("aws-node", ["192.0.2.4"]), *agent("calico-node", ["192.0.2.4"])],
     None, None, None, ["192.0.2.77"]),
    ("podSubnet of kubeadm", [A, WEB, config_map("kubeadm-config", "kube-system", KUBEADM_DATA)],
     ["10.244.0.0/16"], 24, None, None),
    ("podSubnet in another's ConfigMap", [A, WEB, config_map("kubeadm-config", "mine", KUBEADM_DATA)],
     ["10.244.0.0/24"], 24, None, None),
    ("podSubnet that lacks a block", [A, FAR, WEB, config_map("kube-proxy", "kube-system", PROXY_DATA),
                                     node("d", ["192.0.2.7"], None, ["10.245.0.0/24"])],
     ["10.244.0.0/24", "10.244.9.0/24", "10.245.0.0/24"], 24, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("what", "objects", "pods", "prefix", "bridges", "vpc"), PODS, ids=[row[0] for row in PODS])
def test_pods(what: str, objects: list[Json], pods: Any, prefix: Any, bridges: Any, vpc: Any) -> None:
    found = of(*objects).network
    keys = ("pods", "node_pod_prefix", "bridges", "vpc_pods")
    assert tuple(map(found.get, keys)) == (pods, prefix, bridges, vpc), what


WHY = [
    ([A, WEB], "# Length of every IPv4 block in spec.podCIDRs. Inferred: no CNI's agent tells, and no pod holds"),
    ([A, WEB, *agent("kindnet", ["192.0.2.4"])], "kindnet runs here: the first address of a block is the node's own"),
    ([A, B], "# node_pod_prefix: not known: without pods it cannot be told who holds the first address"),
    (
        [A, pod("x", "d", ["10.244.0.1"])],
        "# node_pod_prefix: none: pod d/x holds the first address of its node's block",
    ),
    ([A, WEB, *agent("cilium", ["192.0.2.4"])], "# node_pod_prefix: none: Cilium runs here, cilium_host holds another"),
]


@pytest.mark.parametrize(("objects", "said"), WHY)
def test_why_there_is_a_bridge_or_none(objects: list[Json], said: str) -> None:
    assert said in of(*objects).text


SERVICES = [
    ("none", [], None),
    ("inferred", [service("a", "d", ["10.96.0.1"]), service("b", "d", ["10.96.0.10"])], ["10.96.0.0/28"]),
    ("headless ones have no address", [service("a", "d", ["None"])], None),
    ("inferred, around the pods", [A, WEB, service("a", "d", ["10.243.255.9"]), service("b", "d", ["10.244.1.9"])],
     ["10.243.255.9", "10.244.1.9"]),
    ("--service-cluster-ip-range",
     [service("a", "d", ["10.96.0.1"]), pod("api", "kube-system", ["192.0.2.4"], host=True,
                                            command=["kube-apiserver", "--service-cluster-ip-range=10.96.0.0/12"])],
     ["10.96.0.0/12"]),
    ("declared, and one outside", [service("a", "d", ["10.96.0.1"]), service("b", "d", ["fd00::1"]), {
        "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/16"]}}],
     ["10.96.0.0/16", "fd00::1"]),
    ("serviceSubnet of kubeadm",
     [config_map("kubeadm-config", "kube-system", KUBEADM_DATA)],
     ["10.96.0.0/12"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "objects", "expected"), SERVICES, ids=[row[0] for row in SERVICES])
def test_services(what: str, objects: list[Json], expected: list[str] | None) -> None:
    assert of(*objects).network.get("services") == expected, what


def test_an_inferred_range_says_so() -> None:
    text = of(service("a", "d", ["10.96.0.1"]), service("b", "d", ["10.96.0.10"])).text
    assert "# 10.96.0.0/28: inferred, the smallest that holds 2 ClusterIPs and meets no pod and no node" in text


BALANCERS = [
    ("qcloud:///800003/ins-1", ["100.64.0.0/10"]),
    ("gce://p/z/n", ["130.211.0.0/22", "35.191.0.0/16"]),
    ("azure:///subscriptions/x", ["168.63.129.16"]),
    ("aws:///eu-west-1a/i-1", None),
    ("kind://docker/kind/n", None),
    ("", None),
    ("qcloud", None),
]


@pytest.mark.parametrize(("provider", "expected"), BALANCERS)
def test_load_balancers(provider: str, expected: list[str] | None) -> None:
    assert of(node("a", ["192.0.2.4"], None, None, provider)).network.get("load_balancers") == expected


def test_what_is_the_clusters_own_is_no_balancer() -> None:
    """TKE's clusters may have pods in 100.64.0.0/10, of which balancers take another part."""
    found = of(node("a", ["192.0.2.4"], None, ["100.64.0.0/11"], "qcloud://x"), pod("x", "d", ["100.64.0.9"]))
    assert found.network["load_balancers"] == ["100.96.0.0/11"]
    assert "less the cluster's own addresses" in found.text


def test_of_pods_of_the_vpc_the_whole_neighbourhood_is_the_clusters_own() -> None:
    """A new pod's address will lie between theirs; it must not be believed as a balancer's."""
    pods = [pod(f"p{n}", "d", [ip]) for n, ip in enumerate(("100.64.0.9", "100.79.255.9"))]
    found = of(node("a", ["192.0.2.4"], None, None, "qcloud://x"), *pods)
    assert found.network["load_balancers"] == ["100.80.0.0/12", "100.96.0.0/11"]


INGRESS = [
    ("a label", {"labels": {"app.kubernetes.io/name": "traefik"}}, True),
    ("an image", {"image": "registry.k8s.io/ingress-nginx/controller:v1.11@sha256:00"}, True),
    ("TKE's image", {"image": "ccr.example.com/paas/nginx-ingress-controller:v1"}, True),
    ("an image of Docker's library", {"image": "traefik:v3"}, True),
    ("an image at Docker's own name", {"image": "docker.io/traefik:v3"}, True),
    ("a class's controller", {"args": ["--controller-class=example.com/mine"]}, True),
    ("another's class", {"args": ["--controller-class=example.com/other"]}, False),
    ("the default backend", labelled("ingress-nginx", "default-backend"), False),
    ("Contour's Envoy", labelled("contour", "envoy"), True),
    ("Contour itself", labelled("contour", "contour"), False),
    ("Istio's gateway", {"labels": {"istio": "ingressgateway"}}, True),
    ("whoami, which is Traefik's too", {"image": "traefik/whoami:v1.11"}, False),
    ("plain nginx", {"image": "nginx:latest"}, False),
    ("a name alone", {"labels": {"app": "traefik"}}, False),
]  # fmt: skip


@pytest.mark.parametrize(("what", "more", "is_ingress"), INGRESS, ids=[row[0] for row in INGRESS])
def test_ingress(what: str, more: Any, is_ingress: bool) -> None:
    class_ = {"kind": "IngressClass", "metadata": {"name": "x"}, "spec": {"controller": "example.com/mine"}}
    found = of(A, pod("c", "edge", ["10.244.0.9"], **more), class_)
    assert found.network.get("ingress") == (["10.244.0.9"] if is_ingress else None), what
    assert found.trusted == (["ingress"] if is_ingress else []), what


@pytest.mark.parametrize("labels", [{"svccontroller.k3s.cattle.io/svcname": "traefik"}, {"app": "svclb-traefik"}])
def test_service_lb(labels: dict[str, str]) -> None:
    assert of(A, pod("svclb-traefik-x", "kube-system", ["10.244.0.9"], labels=labels)).network["service_lb"] == [
        "10.244.0.9"
    ]
    assert "service_lb" not in of(A, pod("svclb-traefik-x", "kube-system", ["10.244.0.9"])).network


@pytest.mark.parametrize(
    ("owner", "asks"), [("cilium", True), ("weave-net", True), ("calico-node", False), ("kindnet", False)]
)
def test_addresses_of_nodes_among_the_pods_that_are_not_known_are_asked_for(owner: str, asks: bool) -> None:
    """Without them a node would be taken for a pod."""
    notes = of(A, WEB, *agent(owner, ["192.0.2.4"])).notes
    assert ("add those addresses to bridges of [network], or nodes are taken for pods" in notes) == asks
    known = node("a", ["192.0.2.4"], None, ["10.244.0.0/24"], "", {"network.cilium.io/ipv4-cilium-host": "10.244.0.77"})
    assert "add those addresses" not in of(known, WEB, *agent(owner, ["192.0.2.4"])).notes


def test_tunnels_are_bridges() -> None:
    notes = {"network.cilium.io/ipv4-cilium-host": "10.244.0.77", "network.cilium.io/ipv6-cilium-host": "fd00::77"}
    found = of(node("a", ["192.0.2.4"], None, None, "", notes))
    assert found.network["bridges"] == ["10.244.0.77", "fd00::77"]
