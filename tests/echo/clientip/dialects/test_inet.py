"""Numbers and networks as programs in C take them."""

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echo.clientip.dialects.inet import (
    Hop,
    Trusted,
    decimal,
    numeric_host,
    parse_number,
    parse_peer,
    printed,
    trusted_networks,
    unmapped,
)

# text -> the address that glibc's getaddrinfo makes of it without asking anyone, None where it would ask
NUMBERS = {
    # realistic
    "203.0.113.7": "203.0.113.7",
    "2001:DB8::7": "2001:db8::7",
    "::ffff:203.0.113.7": "::ffff:203.0.113.7",
    "unknown": None,
    "203.0.113.7:80": None,
    "[2001:db8::7]": None,
    # synthetic
    "127.1": "127.0.0.1",
    "10.1.65535": "10.1.255.255",
    "10.1.65536": None,
    "10.16777215": "10.255.255.255",
    "10.16777216": None,
    "3405803783": "203.0.113.7",
    "4294967295": "255.255.255.255",
    "4294967296": None,
    "0xcb007107": "203.0.113.7",
    "0XCB.0x0.0x71.7": "203.0.113.7",
    "037777777777": "255.255.255.255",
    "203.0.113.010": "203.0.113.8",
    "203.0.113.08": None,
    "203.0.113.256": None,
    "256.1": None,
    "1.2.3.4.5": None,
    "1..2": None,
    "0x": None,
    "": None,
    "fe80::7%3": "fe80::7",
    "fe80::7%eth0": None,
    "fe80::7%": None,
    "203.0.113.7%3": None,
    # pathological
    "0" * 1_000_000 + "7": "0.0.0.7",
    "1" * 1_000_000: None,
    "1." * 1_000_000: None,
    "\u0661.2.3.4": None,
    "1_0.2.3.4": None,
    " 1.2.3.4": None,
    "1.2.3.4\n": None,
    "1.2.3.4\0": None,
    "\ud800": None,
}

# the other end of a socket -> address and port
PEERS = {
    # realistic
    "203.0.113.7:51234": Hop(bytes((203, 0, 113, 7)), 51234),
    "[::1]:80": Hop(bytes(15) + b"\1", 80),
    "@": Hop(b""),
    "unix:/run/x.sock": Hop(b""),
    None: None,
    # synthetic
    "203.0.113.7": Hop(bytes((203, 0, 113, 7))),
    "::1": Hop(bytes(15) + b"\1"),
    "[fe80::1%eth0]:80": Hop(b"\xfe\x80" + bytes(13) + b"\1", 80),
    "127.1:80": None,
    "localhost:80": None,
    # pathological
    "": None,
    "[": None,
    "\0:80": None,
}

# network -> some that it holds, some that it does not
NETWORKS = {
    # realistic
    ("10.0.0.0", 8): (("10.9.9.9", "::ffff:10.9.9.9"), ("11.0.0.1", "::", "::a00:1")),
    ("2001:db8::", 32): (("2001:db8::1",), ("2001:db9::1", "32.1.13.184")),
    # synthetic
    ("10.1.2.3", 8): (("10.9.9.9",), ("11.0.0.1",)),
    ("0.0.0.0", 0): (("255.255.255.255", "::ffff:1.2.3.4"), ("::1",)),
    ("::", 0): (("::1", "2001:db8::1"), ("1.2.3.4", "::ffff:1.2.3.4")),
    ("::ffff:10.0.0.0", 104): ((), ("10.0.0.1", "::ffff:10.0.0.1")),
}


def packed(text):
    return ipaddress.ip_address(text).packed


@pytest.mark.parametrize(("text", "address"), NUMBERS.items(), ids=lambda value: repr(value)[:40])
def test_a_number_is_taken_as_getaddrinfo_takes_it(text, address):
    assert numeric_host(text) == (address and packed(address))


@given(st.text("0123456789abxX.", max_size=16))
@example("0x7f.1")
def test_numbers_agree_with_the_c_library(text):
    try:
        known = socket.inet_aton(text)
    except OSError:
        known = None
    assert parse_number(text) == known


@pytest.mark.parametrize(("text", "hop"), PEERS.items(), ids=repr)
def test_a_peer_is_an_address_a_socket_or_unknown(text, hop):
    assert parse_peer(text) == hop


@pytest.mark.parametrize(("network", "held"), NETWORKS.items(), ids=repr)
def test_a_network_holds_its_own_and_mapped_addresses_count_as_ipv4(network, held):
    trusted = Trusted(trusted_networks([(packed(network[0]), network[1])]))
    inside, outside = held
    assert [text for text in inside + outside if trusted.holds(Hop(packed(text)))] == list(inside)


def test_a_unix_socket_is_held_only_by_name():
    assert not Trusted(trusted_networks([(bytes(4), 0)])).holds(Hop(b""))
    assert Trusted(trusted_networks([]), unix=True).holds(Hop(b""))


@given(st.text() | st.text("0123456789abcdef:.%[]x"))
def test_nothing_is_raised_on_any_text(text):
    assert numeric_host(text) is None or printed(numeric_host(text))
    assert parse_peer(text) is None or isinstance(parse_peer(text), Hop)
    assert decimal(text) is None or 0 <= decimal(text) < 1 << 32


@given(st.ip_addresses())
def test_printed_text_is_read_back(address):
    assert numeric_host(printed(address.packed)) == address.packed
    assert unmapped(b"\0" * 10 + b"\xff\xff" + address.packed[:4]) == address.packed[:4]
