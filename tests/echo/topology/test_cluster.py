"""Values of objects: what is read, and what a wrong shape makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from echo.topology.cluster import Cluster, image_name, read_flags
from echo.topology.documents import documents
from echo.topology.nets import spelled
from echo.topology.view import MAX_COMPLAINTS, Complaints
from tests.echo.topology.clusters import Json, config_map, listed, node, pod, service


def read(*items: Json) -> tuple[Cluster, list[str]]:
    cluster, say = Cluster(), Complaints()
    cluster.add(documents(json.dumps(listed(*items)).encode(), "x.json"), "x.json", say)
    return cluster, say.lines()


def changed(base: Json, path: str, value: Any) -> Json:
    """Return a copy with the value at a dotted path, where a number is an index."""
    copy: Any = json.loads(json.dumps(base))
    at = copy
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    for key in way:
        at = at[key]
    at[last] = value
    found: Json = copy
    return found


NODE = node(
    "n",
    ["192.0.2.4"],
    ["198.51.100.4"],
    ["10.0.0.0/24"],
    "qcloud://x",
    {"projectcalico.org/IPv4IPIPTunnelAddr": "10.0.0.1"},
)
POD = pod("p", "d", ["10.0.0.9"], labels={"app": "x"}, owner="o")
SERVICE = service("s", "d", ["10.96.0.1"], "LoadBalancer", selector={"app": "x"}, balancers=[{"ip": "198.51.100.9"}])
MAP = config_map("kubeadm-config", "kube-system", {"ClusterConfiguration": ""})

SHAPES = [
    (NODE, "status", 7, "Node n: status is a number, not an object; passed over"),
    (NODE, "status.addresses", {"a": 1}, "Node n: status.addresses is an object, not a list"),
    (NODE, "status.addresses.0", "x", "Node n: status.addresses item is a text, not an object"),
    (NODE, "status.addresses.0.address", 1, "Node n: status.addresses.address is a number, not a text"),
    (NODE, "status.addresses.0.address", "nowhere", "Node n: status.addresses 'nowhere' is not an address"),
    (NODE, "spec.podCIDRs", "10.0.0.0/24", "Node n: spec.podCIDRs is a text, not a list"),
    (NODE, "spec.podCIDRs.0", 24, "Node n: spec.podCIDRs item is a number, not a text"),
    (NODE, "spec.podCIDRs.0", "0.0.0.0/0", "Node n: spec.podCIDRs '0.0.0.0/0' is not a CIDR of a cluster"),
    (NODE, "spec.providerID", ["x"], "Node n: spec.providerID is a list, not a text"),
    (NODE, "metadata.annotations", "x", "Node n: metadata.annotations is a text, not an object"),
    (POD, "spec.hostNetwork", "true", "Pod d/p: spec.hostNetwork is a text, not true or false"),
    (POD, "spec.containers.0.image", None, None),
    (POD, "spec.containers.0.args", [1], "Pod d/p: spec.containers.args item is a number, not a text"),
    (POD, "metadata.labels.app", 1, "Pod d/p: metadata.labels.app is a number, not a text"),
    (POD, "status.podIPs", None, None),
    (POD, "status.podIPs.0.ip", "10.0.0.9/24", "Pod d/p: status.podIPs '10.0.0.9/24' is not an address"),
    (SERVICE, "spec.clusterIPs", None, None),
    (SERVICE, "spec.clusterIPs.0", "\x1b[31m", "Service d/s: spec.clusterIPs '\\x1b[31m' is not an address"),
    (SERVICE, "status.loadBalancer.ingress.0.ip", "x" * 500, "Service d/s: status.loadBalancer.ingress 'xxx"),
    (SERVICE, "metadata.name", {"x": 1}, "x.json item 1: metadata.name is an object, not a text"),
    (SERVICE, "metadata", None, None),
    (MAP, "data.ClusterConfiguration", 5, "data.ClusterConfiguration is a number, not a text"),
    (MAP, "data.ClusterConfiguration", "  podSubnet: 0.0.0.0/0\n", "data podSubnet '0.0.0.0/0' is not a CIDR"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "path", "value", "said"), SHAPES, ids=[f"{row[1]}={row[2]!s:.20}" for row in SHAPES])
def test_a_wrong_shape_is_said_with_object_field_and_next_step(
    base: Json, path: str, value: Any, said: str | None
) -> None:
    _, lines = read(changed(base, path, value))
    if said is None:
        assert lines == []
        return
    (line,) = lines
    assert said in line
    assert "kubectl get -o yaml shows the field" in line
    assert line.isprintable()
    assert len(line) < 300


def test_the_rest_of_the_object_is_read_all_the_same() -> None:
    cluster, _ = read(changed(NODE, "spec.podCIDRs.0", 24))
    (found,) = cluster.nodes
    assert [spelled(net) for net in found.internal + found.external] == ["192.0.2.4", "198.51.100.4"]
    assert (found.provider, [spelled(net) for net in found.blocks]) == ("qcloud", ["10.0.0.0/24"])  # spec.podCIDR


def test_faults_without_end_are_counted() -> None:
    many = [node(f"n{n}", ["nowhere"]) for n in range(MAX_COMPLAINTS + 30)]
    _, lines = read(*many)
    assert len(lines) == MAX_COMPLAINTS + 1
    assert lines[-1] == "and 30 more of such faults; write the input anew"


def test_kinds_that_are_not_named_are_not_looked_at() -> None:
    """A Secret whose shape is all wrong says nothing, since nobody asked."""
    cluster, lines = read({"kind": "Secret", "metadata": 5, "data": {"password": 7}})
    assert lines == []
    assert cluster.seen == {"", "Secret"}


def test_config_maps_keep_the_keys_that_matter() -> None:
    (found,) = read(config_map("c", "d", {"enable-real-ip": "true", "ssl-protocols": "x"}))[0].config_maps
    assert found.data == {"enable-real-ip": "true"}


def test_a_long_run_of_blank_lines_in_a_config_map_is_quick() -> None:
    read(config_map("kubeadm-config", "kube-system", {"ClusterConfiguration": "\n" * 1_000_000}))


IMAGES = {
    "nginx": "library/nginx",
    "nginx:latest": "library/nginx",
    "docker.io/library/nginx:1": "library/nginx",
    "traefik/whoami:v1.11": "traefik/whoami",
    "registry.k8s.io/ingress-nginx/controller:v1@sha256:00": "ingress-nginx/controller",
    "localhost/whofrom": "library/whofrom",
    "localhost:5000/whofrom:1": "library/whofrom",
    "example.com:5000/a/b/c": "a/b/c",
    "": "library/",
    "/": "/",
}


@pytest.mark.parametrize("image", IMAGES)
def test_names_of_images(image: str) -> None:
    assert image_name(image) == IMAGES[image]


ARGUMENTS = [
    (["--cluster-cidr=10.0.0.0/8"], {"--cluster-cidr": "10.0.0.0/8"}),
    (["--cluster-cidr", "10.0.0.0/8"], {"--cluster-cidr": "10.0.0.0/8"}),
    (["--cluster-cidr"], {"--cluster-cidr": ""}),
    (["--cluster-cidr="], {"--cluster-cidr": ""}),
    (["--password=x", "--token", "y"], {}),
]


@pytest.mark.parametrize(("arguments", "expected"), ARGUMENTS)
def test_flags(arguments: list[str], expected: dict[str, str]) -> None:
    assert read_flags(arguments) == expected


def test_an_object_in_two_files_is_one() -> None:
    cluster, _ = read(NODE, NODE, POD, POD)
    assert (len(cluster.nodes), len(cluster.pods)) == (1, 1)
