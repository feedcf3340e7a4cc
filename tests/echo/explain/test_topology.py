"""What addresses mean, and where we know it from."""

import pytest

from echo.clientip import parse_address, parse_config
from echo.explain import Topology

NETWORK = """
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16", "192.168.253.0/24"]
node_pod_prefix = 26
services = ["172.18.240.0/20"]
load_balancers = ["100.64.0.0/10"]
ingress = ["172.18.0.90"]
"""
TOPOLOGY = Topology(parse_config(NETWORK, "whofrom.toml"))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("192.168.0.17", "node"),
        ("172.18.0.80", "pod"),
        ("172.18.0.65", "bridge"),  # cbr0 of node11 in the background article
        ("172.18.0.1", "bridge"),
        ("172.18.0.90", "ingress"),  # a pod as well: the narrower meaning wins
        ("100.64.0.5", "load-balancer"),  # shared address space as well: the operator wins
        ("10.1.2.3", "private"),
        ("127.0.0.6", "loopback"),
        ("169.254.169.254", "cloud-metadata"),
        ("fe80::1%eth0", "link-local"),
        ("203.0.113.7", "documentation"),
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
    ],
)
def test_meaning(address, code):
    """The first table that contains an address gives its meaning."""
    assert TOPOLOGY.meaning(parse_address(address)).code == code


@pytest.mark.parametrize(
    ("prefix", "address", "code"),
    [
        (26, "172.18.0.0", "bridge"),
        (26, "172.18.0.1", "bridge"),
        (26, "172.18.0.2", "pod"),
        (26, "172.18.0.64", "bridge"),
        (26, "172.18.0.65", "bridge"),
        (26, "172.18.0.129", "bridge"),
        (24, "172.18.0.65", "pod"),
        (24, "172.18.3.1", "bridge"),
        (16, "172.18.0.1", "bridge"),
        (16, "172.18.1.1", "pod"),
        (30, "172.18.0.5", "bridge"),
        (31, "172.18.0.5", "pod"),  # no room for pods beside a bridge
        (32, "172.18.0.5", "pod"),
        (26, "fd00:1::1", "pod"),  # up to 32 the length is one of IPv4
        (64, "fd00:1::1", "bridge"),
        (64, "fd00:1:0:7::1", "bridge"),
        (64, "fd00:1::7:1", "pod"),
        (64, "172.18.0.65", "pod"),
        (128, "fd00:1::1", "pod"),
        (None, "172.18.0.65", "pod"),
        (None, "172.18.0.1", "pod"),
    ],
)
def test_bridges(prefix, address, code):
    """An address is a bridge by its position in a node's block, where the block's length is known; never else."""
    line = f"node_pod_prefix = {prefix}\n" if prefix else ""
    topology = Topology(parse_config(f'[network]\n{line}pods = ["172.18.0.0/16", "fd00:1::/48"]', ""))
    assert topology.meaning(parse_address(address)).code == code


def test_a_bridge_outside_the_pods_is_none():
    """The position means something within the pod ranges alone."""
    assert TOPOLOGY.meaning(parse_address("192.168.0.65")).code == "node"
    assert TOPOLOGY.meaning(parse_address("10.0.0.1")).code == "private"


def test_sources():
    """A meaning says where it comes from."""
    assert TOPOLOGY.meaning(parse_address("192.168.0.17")).source.startswith("[network] nodes of ")
    assert TOPOLOGY.meaning(parse_address("10.0.0.1")).source == "RFC 1918, RFC 4193"
    assert TOPOLOGY.meaning(parse_address("172.18.0.65")).source.startswith("[network] pods and node_pod_prefix of ")
    assert TOPOLOGY.meaning(None).code == "invalid"
