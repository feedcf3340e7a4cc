"""Where the process runs: the downward API, interfaces, routes."""

import subprocess
import sys

import pytest

from echo import netlink
from echo.surroundings import read_surroundings, v4_gateways, v6_gateways

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t410012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t400012AC\t00000000\t0001\t0\t0\t0\tC0FFFFFF\t0\t0\t0
eth1\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
eth2\t00000000\t01000A0A\t0002\t0\t0\t0\t00000000\t0\t0\t0
"""
ROUTES_V6 = """\
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000001000000000000000000000001 00000400 00000001 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
fd000001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
"""  # noqa: E501 - as the kernel prints it


@pytest.mark.skipif(sys.byteorder != "little", reason="the table is of a little-endian machine")
def test_default_gateways():
    assert [(name, str(address)) for name, address in v4_gateways(ROUTES)] == [("eth0", "172.18.0.65")]
    assert [(name, str(address)) for name, address in v6_gateways(ROUTES_V6)] == [("eth0", "fd00:1::1")]
    assert v4_gateways("") == v6_gateways("") == v6_gateways("garbage\n\n") == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's tables")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"NODE_IP": "192.168.0.11", "POD_IP": "172.18.0.80"}, ("pod", ["192.168.0.11"], ["172.18.0.80"])),
        ({"POD_IP": "172.18.0.80", "POD_IPS": "172.18.0.80,fd00::80"}, ("pod", [], ["172.18.0.80", "fd00::80"])),
        ({"NODE_IP": "192.168.0.11", "POD_IP": "192.168.0.11"}, ("machine", ["192.168.0.11"], ["192.168.0.11"])),
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, ("pod", [], [])),
        ({"NODE_IP": "not an address"}, (None, [], [])),
    ],
)
def test_the_downward_api(environ, expected, monkeypatch):
    """With the host's network the pod's address is the node's: then it is a machine."""
    monkeypatch.setattr("socket.if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    found = read_surroundings(environ)
    kind, node, pod = expected
    assert kind is None or found.kind == kind
    assert [list(map(str, addresses)) for addresses in (found.node_ips, found.pod_ips)] == [node, pod]


def test_a_hosts_bridge_among_the_interfaces_tells_a_host(monkeypatch):
    monkeypatch.setattr("socket.if_nameindex", lambda: [(1, "lo"), (2, "eth0"), (3, "cni0")])
    assert read_surroundings({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}).kind == "machine"


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's tables")
def test_the_kernel_names_loopback_and_its_prefix():
    rows = [(row.packed, row.prefix) for row in netlink.addresses()]
    assert (bytes([127, 0, 0, 1]), 8) in rows
    assert all(any(address) for address in netlink.card_addresses())
    for address, link in netlink.neighbours():
        assert len(address) in (4, 16)
        assert link


def test_without_netlink_there_is_nothing(monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr("socket.socket", refuse)
    assert (netlink.addresses(), netlink.card_addresses(), netlink.neighbours()) == ([], set(), [])


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's tables")
def test_an_interface_is_read_with_its_prefix():
    """As iproute2 says it, where that is installed."""
    try:
        done = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("ip is not installed")
    found = {f"{one.address}/{one.prefix}" for one in read_surroundings({}).interfaces}
    for line in done.stdout.splitlines():
        if " lo " not in line:
            assert line.split()[3] in found
