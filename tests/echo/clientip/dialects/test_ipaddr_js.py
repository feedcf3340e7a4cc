"""What ipaddr.js takes for an address. Its versions 1.9.1 and 2.5.0 gave these answers to every text."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip.dialects.ipaddr_js import parse

# text -> address in 1.9.1 and in 2.5.0
ADDRESSES = {
    # realistic
    "203.0.113.7": ("203.0.113.7", "203.0.113.7"),
    "2001:DB8:0:0:0:0:0:7": ("2001:db8::7", "2001:db8::7"),
    "::": ("::", "::"),
    "::ffff:c000:201": ("::ffff:c000:201", "::ffff:c000:201"),
    "::ffff:192.0.2.1": ("::ffff:c000:201", "::ffff:c000:201"),
    "fe80::1%eth0": ("fe80::1%eth0", "fe80::1%eth0"),
    "1.2.3.4:80": (None, None),
    "[::1]": (None, None),
    "localhost": (None, None),
    "": (None, None),
    # synthetic, IPv4 in fewer parts
    "203.0.113": (None, "203.0.0.113"),
    "127.1": (None, "127.0.0.1"),
    "10.0.513": (None, "10.0.2.1"),
    "10.16777215": (None, "10.255.255.255"),
    "10.16777216": (None, None),
    "3405803783": ("203.0.113.7", "203.0.113.7"),
    "4294967295": ("255.255.255.255", "255.255.255.255"),
    "4294967296": (None, None),
    "0": ("0.0.0.0", "0.0.0.0"),
    "1.2.3.4.5": (None, None),
    "203.0.113.": (None, None),
    "203.0.113.256": (None, None),
    # synthetic, other bases
    "0xcb007107": ("203.0.113.7", "203.0.113.7"),
    "031300070407": ("203.0.113.7", "203.0.113.7"),
    "010.0.0.1": ("8.0.0.1", "8.0.0.1"),
    "018.0.0.1": ("1.0.0.1", None),
    "08.0.0.1": ("0.0.0.1", None),
    "0x0a.0.0.1": ("10.0.0.1", "10.0.0.1"),
    "0X0a.0.0.1": ("0.0.0.1", "10.0.0.1"),
    "0777.0.0.1": (None, None),
    "0x.0.0.1": (None, None),
    "1e1.0.0.1": (None, None),
    "-1": (None, None),
    " 1.2.3.4": (None, None),
    # synthetic, IPv6
    "::192.0.2.1": (None, "::ffff:c000:201"),
    "64:ff9b::192.0.2.1": (None, "64:ff9b::c000:201"),
    "1:2:3:4:5:6:1.2.3.255": ("1:2:3:4:5:6:102:3ff", "1:2:3:4:5:6:102:3ff"),
    "1:2:3:4:5:6:7:1.2.3.4": (None, None),
    "1:2:3:4:5:1.2.3.4": (None, None),
    "::ffff:010.0.0.1": ("::ffff:a00:1", "::ffff:a00:1"),
    "::ffff:0x0a.0.0.1": ("::ffff:a00:1", "::ffff:a00:1"),
    "::ffff:1.2.3": (None, None),
    "::ffff:1.2.3.256": (None, None),
    "1:2:3:4:5:6:7::": ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"),
    "1:2:3:4:5:6:7:8::": ("1:2:3:4:5:6:7:8", None),
    "::1:2:3:4:5:6:7:8": ("1:2:3:4:5:6:7:8", None),
    "00001::": ("1::", None),
    "10000::": (None, None),
    "1:2:3:4:5:6:7": (None, None),
    "1:2:3:4:5:6:7:8:9": (None, None),
    "1::2::3": (None, None),
    "1:::2": (None, None),
    ":": (None, None),
    "::1:": (None, None),
    ":1::": (None, None),
    "g::": (None, None),
    # synthetic, zones
    "::ffff:1.2.3.4%eth0": ("::ffff:102:304%eth0", "::ffff:102:304%eth0"),
    "203.0.113.7%eth0": (None, None),
    "fe80::1%": (None, None),
    "fe80::1%eth-0": (None, None),
    "fe80::1%a%b": (None, None),
    # pathological
    "\uff11.2.3.4": (None, None),
    "0" * 100_000 + "10.0.0.1": ("8.0.0.1", "8.0.0.1"),
    "1" * 100_000: (None, None),
    "::" + "0" * 100_000 + "1": ("::1", None),
    ":" * 100_000: (None, None),
}


def read(text, *, newer):
    """Parse, and return what the standard library has for an address."""
    found = parse(text, newer=newer)
    if found is None:
        return None
    packed = found.number.to_bytes(16) if found.six else (found.number & 0xFFFFFFFF).to_bytes(4)
    return ip_address(f"{ip_address(packed)}%{found.zone}") if found.zone else ip_address(packed)


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items(), ids=lambda value: ascii(value)[:40])
def test_parse(text, expected):
    older, newer = (None if address is None else ip_address(address) for address in expected)
    assert (read(text, newer=False), read(text, newer=True)) == (older, newer)


def test_ipv4_stands_where_mapped_addresses_do():
    four, mapped = parse("192.0.2.1", newer=True), parse("::ffff:192.0.2.1", newer=True)
    assert four.number == mapped.number
    assert (four.six, mapped.six) == (False, True)
    assert four.is_mapped
    assert mapped.is_mapped
    assert not parse("::fffe:192.0.2.1", newer=True).is_mapped


@given(st.ip_addresses(), st.booleans())
def test_every_address_is_read_back(address, newer):
    assert read(address.compressed, newer=newer) == read(address.exploded, newer=newer) == address
