"""One address, and the text forms it arrives in."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echo.clientip import Address, parse_address, parse_hop
from echo.clientip.address import MAX_HOP_CHARS, MAX_ZONE_CHARS

# text -> what it prints as
ADDRESSES = {
    # realistic
    "203.0.113.7": "203.0.113.7",
    "2001:db8:20::7": "2001:db8:20::7",
    "2001:0DB8:0020:0000:0000:0000:0000:0007": "2001:db8:20::7",
    "::1": "::1",
    "::ffff:203.0.113.7": "203.0.113.7",
    "::ffff:cb00:7107": "203.0.113.7",
    "fe80::7%eth0": "fe80::7%eth0",
    "fe80::7%": "fe80::7",
    "1.2.3.4%": "1.2.3.4",
    "::ffff:203.0.113.7%eth0": "203.0.113.7%eth0",
    "203.0.113.7%eth0": "203.0.113.7%eth0",
    "255.255.255.255": "255.255.255.255",
    # synthetic
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",  # RFC 5952 §4.2.3: the first of two equal runs
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",  # RFC 5952 §4.2.2: one group of zeros is no run
    "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    "2002:c000:204::": "2002:c000:204::",
    "::192.0.2.1": "::c000:201",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "fe80::7%" + "z" * MAX_ZONE_CHARS: "fe80::7%" + "z" * MAX_ZONE_CHARS,
}

NOT_ADDRESSES = [
    # realistic
    "",
    "unknown",
    "_hidden",
    "-",
    "@",
    "unix:",
    "localhost",
    "example.com",
    "0.0.0.0",
    "::",
    "::ffff:0.0.0.0",
    '"203.0.113.7"',
    # synthetic: forms that other programs take for an address
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "203.0.113.007",
    "203.0.113.7.",
    "203.0.113.256",
    "203.0.113",
    "203.0.113.7/32",
    "203.0.113.7%eth 0",
    "203.0.113.7%<b>",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    ":::",
    "fe80::7%%",
    "fe80::7%a%",
    "1.2.3.4%%",
    "fe80::7%" + "z" * (MAX_ZONE_CHARS + 1),
    # pathological
    "203.0.113.7\0",
    "203.0.113.7\n",
    "\ud800",
    "٢٠٣.0.113.7",
    "fe80::7%\x1b[2J",
    "fe80::7%é",
    "1" * (MAX_HOP_CHARS + 1),
]

# one entry of a list -> the address in it
HOPS = {
    # realistic
    "203.0.113.7": "203.0.113.7",
    " 203.0.113.7 ": "203.0.113.7",
    "\t203.0.113.7\t": "203.0.113.7",
    "203.0.113.7:51234": "203.0.113.7",
    "[2001:db8:20::7]": "2001:db8:20::7",
    "[203.0.113.7]": "203.0.113.7",
    "[2001:db8:20::7]:51234": "2001:db8:20::7",
    "[::ffff:203.0.113.7]:51234": "203.0.113.7",
    "[fe80::7%eth0]:51234": "fe80::7%eth0",
    # synthetic: the port is dropped unread
    "203.0.113.7:": "203.0.113.7",
    "203.0.113.7:http": "203.0.113.7",
    "[::1]:": "::1",
    "[fe80::abcd%eth0]:xyz": "fe80::abcd%eth0",
    # without brackets the last group is no port
    "2001:db8::7:443": "2001:db8::7:443",
}

NOT_HOPS = [
    # realistic
    "",
    " ",
    "unknown",
    "unknown:51234",
    "for=203.0.113.7",
    "1.2.3.4; 203.0.113.7",
    "1.2.3.4 203.0.113.7",
    # synthetic
    ":80",
    "[]",
    "[]:80",
    "[::1",
    "::1]",
    "[::1]80",
    "[[::1]]",
    "(203.0.113.7)",
    # pathological
    "[" * 100_000,
    ":" * 100_000,
    "203.0.113.7" + " " * 100_000 + "x",
    "203.0.113.7\r\nX-Forwarded-For: 10.0.0.1",
    "203.0.113.7\u00a0",
]


@pytest.mark.parametrize(("text", "printed"), ADDRESSES.items())
def test_address(text, printed):
    address = parse_address(text)
    assert str(address) == printed
    assert parse_hop(text) == address


@pytest.mark.parametrize("text", NOT_ADDRESSES, ids=lambda text: ascii(text[:30]))
def test_no_address(text):
    assert parse_address(text) is None


@pytest.mark.parametrize(("text", "printed"), HOPS.items())
def test_hop(text, printed):
    assert str(parse_hop(text)) == printed


@pytest.mark.parametrize("text", NOT_HOPS, ids=lambda text: ascii(text[:30]))
def test_no_hop(text):
    assert parse_hop(text) is None


def test_a_port_of_absurd_length_is_dropped_like_any_other():
    assert str(parse_hop("203.0.113.7:" + "1" * 100_000)) == "203.0.113.7"


def test_equal_addresses_are_equal_however_written():
    assert parse_address("::ffff:192.0.2.1") == parse_address("192.0.2.1") == parse_hop("[::FFFF:c000:201]:443")


def test_bytes_sort_as_the_numbers_they_spell():
    texts = ["9.9.9.9", "10.0.0.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "fe80::1"]
    assert sorted(texts, key=lambda text: parse_address(text).packed) == texts


def test_a_zone_names_another_address_but_the_same_bytes():
    plain, zoned = parse_address("fe80::7"), parse_address("fe80::7%eth0")
    assert plain.packed == zoned.packed
    assert plain != zoned


@pytest.mark.parametrize(("text", "is_ipv4"), [("192.0.2.1", True), ("::ffff:192.0.2.1", True), ("::192.0.2.1", False)])
def test_is_ipv4(text, is_ipv4):
    assert parse_address(text).is_ipv4 is is_ipv4


# --- properties: the standard library's ipaddress is the oracle -------------------------------------------------------

addresses = st.ip_addresses().filter(lambda address: int(address) not in (0, 0xFFFF_0000_0000))


def canonical(address):
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)


@given(addresses)
@example(ipaddress.ip_address("::ffff:10.0.0.1"))
@example(ipaddress.ip_address("::1"))
@example(ipaddress.ip_address("::192.0.2.1"))
@example(ipaddress.ip_address("::2:0"))
def test_output_is_canonical_and_stays_so(address):
    parsed = parse_address(str(address))
    assert str(parsed) == canonical(address)
    assert parse_address(str(parsed)) == parsed


@given(addresses, st.integers(0, 65535), st.sampled_from(["", " ", "\t", "  \t"]))
def test_every_form_of_an_entry_is_the_same_address(address, port, blank):
    parsed = parse_address(str(address))
    if address.version == 4:
        forms = [f"{address}", f"{address}:{port}"]
    else:
        forms = [address.exploded, str(address).upper(), f"[{address}]", f"[{address}]:{port}"]
    assert {parse_hop(f"{blank}{form}{blank}") for form in forms} == {parsed}


@given(st.text("0123456789abcdefF:.%[] ", max_size=45) | st.text(max_size=60))
@example("1:2:3:4:5:6:7::8")
@example("::01.2.3.4")
@example("1:2:3:4:5:6:1.2.3.4")
def test_what_is_no_address_to_the_standard_library_is_none_to_us(text):
    base, percent, zone = text.partition("%")
    try:
        expected = ipaddress.ip_address(base)
    except ValueError:
        expected = None
    if expected is not None and int(expected) in (0, 0xFFFF_0000_0000):
        expected = None
    parsed = parse_address(text)
    if parsed is not None:
        assert expected is not None
        assert str(Address(parsed.packed)) == canonical(expected)
        assert parsed.zone == zone
    elif not percent:
        assert expected is None


@given(st.text())
def test_any_text_parses_or_is_none_and_prints_to_itself(text):
    for parsed in (parse_hop(text), parse_address(text)):
        assert parsed is None or parse_address(str(parsed)) == parsed
