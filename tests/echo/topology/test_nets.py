"""Networks: what is parsed, joined, covered, cut."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import Ranges, parse_address
from echo.topology.nets import (
    WIDEST_PODS,
    WIDEST_SERVICES,
    Net,
    Space,
    cover,
    hosts,
    parse_block,
    parse_host,
    spelled,
    union,
    without,
)


def nets(texts: str) -> list[Net]:
    return [ip_network(text) for text in texts.split()]


def words(found: list[Net]) -> str:
    return " ".join(map(spelled, found))


BLOCKS = {
    "10.244.0.0/24": "10.244.0.0/24",
    "10.244.0.7/24": "10.244.0.0/24",
    "fd00:10:244::/64": "fd00:10:244::/64",
    "::ffff:10.244.0.0/120": "10.244.0.0/24",
    "0.0.0.0/0": None,
    "10.0.0.0/7": None,
    "::/0": None,
    "10.244.0.0/33": None,
    "10.244.0.0/24,fd00::/64": None,
    "": None,
    "cluster": None,
}


@pytest.mark.parametrize("text", BLOCKS)
def test_a_block_is_a_cidr_no_wider_than_a_cluster(text: str) -> None:
    found = parse_block(text)
    assert (None if found is None else spelled(found)) == BLOCKS[text]


HOSTS = {
    "192.0.2.1": "192.0.2.1",
    "2001:DB8::1": "2001:db8::1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "fe80::1%eth0": "fe80::1",
    "0.0.0.0": None,
    "::": None,
    "192.0.2.0/24": None,
    "192.0.2.01": None,
    "node-1": None,
    "": None,
}


@pytest.mark.parametrize("text", HOSTS)
def test_a_host_is_one_address(text: str) -> None:
    found = parse_host(text)
    assert (None if found is None else spelled(found)) == HOSTS[text]


COVERED = [
    # what it is, addresses, what to avoid, widest, the range
    ("realistic: TKE's Services", "172.18.240.1 172.18.251.84 172.18.253.247", "172.18.0.0/25", "172.18.240.0/20"),
    ("realistic: kubeadm's", "10.96.0.1 10.96.0.10 10.107.3.4", "10.244.0.0/23", "10.96.0.0/12"),
    ("realistic: cut out of the pods' range", "10.0.0.1 10.0.3.9", "10.0.1.0/24", "10.0.0.1 10.0.3.9"),
    ("one address", "10.96.0.1", "", "10.96.0.1"),
    ("none", "", "10.0.0.0/8", ""),
    ("too far apart", "10.0.0.1 172.16.0.1", "", "10.0.0.1 172.16.0.1"),
    ("both versions", "10.96.0.1 10.96.0.2 fd00::1 fd00::f", "", "10.96.0.0/30 fd00::/124"),
    ("too far apart in IPv6", "fd00::1 fd00::1:0:0", "", "fd00::1 fd00::1:0:0"),
    ("what must be avoided is one of them", "10.0.0.1 10.0.0.2", "10.0.0.1", "10.0.0.1 10.0.0.2"),
]


@pytest.mark.parametrize(("what", "addresses", "avoid", "expected"), COVERED)
def test_the_range_inferred_from_addresses(what: str, addresses: str, avoid: str, expected: str) -> None:
    assert words(cover(nets(addresses), Space(nets(avoid)), WIDEST_SERVICES)) == expected, what


CUT = [
    ("100.64.0.0/10", "", "100.64.0.0/10"),
    ("100.64.0.0/10", "10.0.0.0/8 192.168.0.0/16 fd00::/8", "100.64.0.0/10"),
    ("10.0.0.0/30", "10.0.0.1", "10.0.0.0 10.0.0.2/31"),
    ("10.0.0.0/30", "10.0.0.0/31 10.0.0.3", "10.0.0.2"),
    ("10.0.0.0/30", "10.0.0.0/8", ""),
    ("10.0.0.0/30", "9.0.0.0/8 10.0.0.3 11.0.0.0/8", "10.0.0.0/31 10.0.0.2"),
    ("fd00::/126", "fd00::1", "fd00:: fd00::2/127"),
]


@pytest.mark.parametrize(("net", "holes", "expected"), CUT)
def test_what_is_left_of_a_range(net: str, holes: str, expected: str) -> None:
    assert words(without(ip_network(net), nets(holes))) == expected


# few bits, so that networks meet one another
networks = st.one_of(
    st.tuples(st.integers(0, 255), st.integers(24, 32)).map(lambda pair: IPv4Network((pair[0], pair[1]), strict=False)),
    st.tuples(st.integers(0, 255), st.integers(120, 128)).map(
        lambda pair: IPv6Network((0xFD00 << 112 | pair[0], pair[1]), strict=False)
    ),
)
addresses = networks.map(lambda net: ip_network(net.network_address))


def members(found: list[Net]) -> set[tuple[int, int]]:
    return {(net.version, int(net.network_address) + n) for net in found for n in range(net.num_addresses)}


@given(st.lists(networks, max_size=8), networks)
def test_a_space_answers_as_a_set_does(given_nets: list[Net], net: Net) -> None:
    space, inside, asked = Space(given_nets), members(given_nets), members([net])
    assert (net in space) == (asked <= inside)
    assert space.meets(net) == bool(asked & inside)
    assert members(union(given_nets)) == inside
    assert bool(space) == bool(inside)


@given(networks, st.lists(networks, max_size=8))
def test_without_is_a_set_difference(net: Net, holes: list[Net]) -> None:
    assert members(without(net, holes)) == members([net]) - members(holes)


@given(st.lists(addresses, max_size=8), st.lists(networks, max_size=4))
def test_a_cover_holds_every_address_and_avoids_what_it_must(given_addresses: list[Net], avoid: list[Net]) -> None:
    found = cover(given_addresses, Space(avoid), WIDEST_PODS)
    assert members(given_addresses) <= members(found)
    assert members(found) & members(avoid) <= members(given_addresses)
    assert found == hosts(found)


@given(networks)
def test_a_network_is_spelled_so_that_the_toml_reads_the_same(net: Net) -> None:
    ranges = Ranges([spelled(net)])
    for version, number in members([net]):
        address = parse_address(str(ip_network((number, 32 if version == 4 else 128)).network_address))
        assert address is None or address.packed in ranges


@pytest.mark.parametrize("text", ["0.0.0.0/32", "::/128"])
def test_the_address_that_names_nobody_keeps_its_length(text: str) -> None:
    assert spelled(ip_network(text)) == text
    assert Ranges([spelled(ip_network(text))])
