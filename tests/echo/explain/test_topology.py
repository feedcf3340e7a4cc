"""What addresses mean, and where we know it from."""

import pytest

from echo.clientip import parse_address, parse_config
from echo.explain import Surroundings, Topology
from echo.explain.topology import NETWORK_MEANINGS, Interface, parse_addresses

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
        ("127.0.0.6", "sidecar"),  # loopback as well: Istio's sidecar speaks from it
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "cloud-metadata"),
        ("fe80::1%eth0", "link-local"),
        ("203.0.113.7", "documentation"),
        ("8.8.8.8", "public"),
        ("2001:4860:4860::8888", "public"),
        ("104.16.0.1", "cdn"),  # of Cloudflare's list, though [network] names no CDN
        ("2a04:4e42::1", "cdn"),  # of Fastly's
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


# --- what a pod knows of itself ---------------------------------------------------------------------------------------


def interface(name, text, prefix):
    return Interface(name, parse_address(text), prefix)


def around(kind, *interfaces, gateway=None, node="", pod=""):
    gateways = ((interfaces[0].name, parse_address(gateway)),) if gateway else ()
    return Surroundings(kind, parse_addresses(node), parse_addresses(pod), interfaces, gateways)


GR = around("pod", interface("eth0", "172.18.0.80", 26), gateway="172.18.0.65", node="192.168.0.11", pod="172.18.0.80")
ENI = around("pod", interface("eth0", "192.168.253.9", 32), gateway="169.254.32.1", node="192.168.0.17")
BARE = around("machine", interface("eth0", "192.168.1.5", 24), gateway="192.168.1.1")
DOCKER = around("container", interface("eth0", "172.17.0.2", 16), gateway="172.17.0.1")
SWARM = around("container", interface("eth0", "10.0.0.7", 24), interface("eth1", "172.19.0.3", 16))
CILIUM = around("pod", interface("eth0", "172.18.0.80", 32), gateway="172.18.0.99", pod="172.18.0.80")
UNTOLD = around("machine", interface("eth0", "172.18.0.80", 26), gateway="172.18.0.65")

# surroundings, address -> code, part of the source
KNOWN = {
    ("GR", "172.18.0.80"): ("own-pod", "POD_IP"),
    ("GR", "192.168.0.11"): ("own-node", "NODE_IP"),
    ("GR", "192.168.0.17"): ("node", "[network] nodes"),
    ("GR", "172.18.0.65"): ("bridge", "the default gateway of eth0"),
    ("GR", "172.18.0.64"): ("bridge", "node_pod_prefix"),  # an overlay's
    ("GR", "172.18.0.1"): ("other-bridge", "node_pod_prefix"),
    ("GR", "172.18.0.81"): ("pod", "[network] pods"),
    ("ENI", "192.168.253.9"): ("own-pod", "an address of eth0"),
    ("ENI", "192.168.0.17"): ("own-node", "NODE_IP"),
    ("ENI", "169.254.32.1"): ("link-local", "RFC 3927"),
    ("ENI", "172.18.0.1"): ("bridge", "node_pod_prefix"),  # of some node
    ("ENI", "192.168.253.65"): ("pod", "[network] pods"),  # the first of a block, where there are none
    ("BARE", "192.168.1.5"): ("own-host", "an address of eth0"),
    ("BARE", "192.168.1.1"): ("private", "RFC 1918"),  # a router is no bridge
    ("DOCKER", "172.17.0.1"): ("docker-bridge", "the default gateway of eth0"),
    ("DOCKER", "172.17.0.2"): ("own-pod", "an address of eth0"),
    ("DOCKER", "10.0.0.2"): ("private", "RFC 1918"),
    ("SWARM", "10.0.0.2"): ("swarm-ingress", "10.0.0.0/24"),
    ("CILIUM", "172.18.0.99"): ("bridge", "the default gateway of eth0"),
    ("UNTOLD", "172.18.0.80"): ("own-pod", "an address of eth0"),  # an address among the TOML's pods tells enough
    ("UNTOLD", "172.18.0.65"): ("bridge", "the default gateway of eth0"),
    ("UNTOLD", "172.18.0.1"): ("other-bridge", "node_pod_prefix"),
}


@pytest.mark.parametrize(("asked", "expected"), KNOWN.items(), ids=" ".join)
def test_surroundings(asked, expected):
    """A pod knows itself, its node and its node's bridge, and says where from."""
    name, address = asked
    code, source = expected
    meaning = Topology(parse_config(NETWORK, ""), globals()[name]).meaning(parse_address(address))
    assert meaning.code == code
    assert source in meaning.source


def test_the_prefix_of_the_pods_own_interface_tells_the_bridges_of_others():
    """Without node_pod_prefix a pod reckons with its own block's length."""
    config = parse_config('[network]\npods = ["172.18.0.0/16"]', "")
    assert Topology(config).meaning(parse_address("172.18.0.1")).code == "pod"
    meaning = Topology(config, GR).meaning(parse_address("172.18.0.1"))
    assert (meaning.code, meaning.source) == ("other-bridge", "[network] pods and the prefix /26 of eth0")


@pytest.mark.parametrize(
    ("around", "address", "own"), [(GR, "172.18.0.90", True), (GR, "172.18.0.10", False), (ENI, "172.18.0.10", False)]
)
def test_own_block(around, address, own):
    assert Topology(parse_config(NETWORK, ""), around).in_own_block(parse_address(address)) is own


@pytest.mark.parametrize(("around", "known"), [(GR, True), (ENI, True), (UNTOLD, True), (BARE, False), (DOCKER, False)])
def test_whether_the_own_node_can_be_told(around, known):
    assert Topology(parse_config(NETWORK, ""), around).knows_own_node is known


@pytest.mark.parametrize(
    ("nodes", "own", "node", "on_it"),
    [
        ("192.168.0.0/24", "192.168.0.11", "192.168.0.11", True),
        ("192.168.0.0/24", "172.18.0.80", "192.168.0.11", False),
        ("192.168.0.11", "192.168.0.11", "", True),
        ("192.168.0.0/16", "192.168.253.9", "", False),  # may be a pod with an address of the VPC
        ("192.168.0.0/16", "192.168.253.9", "192.168.0.17", False),
    ],
)
def test_a_server_with_the_hosts_network_is_on_the_nodes(nodes, own, node, on_it):
    config = parse_config(f'[network]\nnodes = ["{nodes}"]', "")
    assert Topology(config, around("pod", interface("eth0", own, 24), node=node)).on_node_network is on_it


def test_the_narrowest_range_decides():
    """VPC-CNI pods are addresses of the nodes' network, and Services are cut out of the pods'."""
    text = '[network]\nnodes = ["192.168.0.0/16"]\nvpc_pods = ["192.168.253.0/24"]\nbridges = ["192.168.253.7"]'
    topology = Topology(parse_config(text, ""))
    codes = [topology.meaning(parse_address(f"192.168.{end}")).code for end in ("0.17", "253.9", "253.7")]
    assert codes == ["node", "pod", "bridge"]


def test_between_equals_the_order_of_the_table_decides():
    text = "[network]\n" + "".join(f'{key} = ["10.0.0.1"]\n' for key in reversed(NETWORK_MEANINGS))
    assert Topology(parse_config(text, "")).meaning(parse_address("10.0.0.1")).code == "ingress"


def test_what_the_operator_calls_a_proxy_is_one_though_it_runs_on_this_node():
    """An ingress with the host's network has its node's address."""
    config = parse_config('[network]\ningress = ["192.168.0.11"]\nnodes = ["192.168.0.0/24"]', "")
    assert Topology(config, GR).meaning(parse_address("192.168.0.11")).code == "ingress"


def test_ipv6_surroundings():
    pod = around("pod", interface("eth0", "fd00:1::50", 64), gateway="fd00:1::1", node="2001:db8::11")
    topology = Topology(parse_config('[network]\npods = ["fd00::/16"]', ""), pod)
    expected = {"fd00:1::1": "bridge", "fd00:1::50": "own-pod", "2001:db8::11": "own-node", "fd00:2::1": "other-bridge"}
    assert {text: topology.meaning(parse_address(text)).code for text in expected} == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.1", ["10.0.0.1"]),
        ("10.0.0.1, fd00::1", ["10.0.0.1", "fd00::1"]),
        ("", []),
        ("x,10.0.0.1", ["10.0.0.1"]),
    ],
)
def test_addresses_of_the_downward_api(text, found):
    assert [str(address) for address in parse_addresses(text)] == found
