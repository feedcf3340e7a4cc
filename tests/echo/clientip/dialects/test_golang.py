"""net.SplitHostPort and netip.ParseAddr, as Go's own tests have them."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import golang as go

# text -> host and port, None where net.SplitHostPort returns an error
SPLIT = {
    # realistic
    "203.0.113.7:51234": ("203.0.113.7", "51234"),
    "[fe80::1%lo0]:http": ("fe80::1%lo0", "http"),
    "203.0.113.7": None,
    "[2001:db8::7]": None,
    # synthetic: either part may be empty, and neither is looked at
    ":http": ("", "http"),
    ":": ("", ""),
    "[]:80": ("", "80"),
    " [::1]:80": None,
    "": None,
    "foo:bar:80": None,
    "127.0.0.1]:80": None,
    "[foo]]:80": None,
    "[foo]:[bar]:80": None,
    "foo[bar:80": None,
    "[[foo]:80": None,
    "[foo:80": None,
    "[foo]:80[": None,
    "[foo]:80]": None,
}

# text -> as netip.Addr prints it, None where netip.ParseAddr returns an error
ADDRESSES = {
    # realistic
    "203.0.113.7": "203.0.113.7",
    "2001:DB8:0:0:0:0:0:7": "2001:db8::7",
    "::ffff:c000:0201": "::ffff:192.0.2.1",
    "::192.0.2.1": "::c000:201",
    "0.0.0.0": "0.0.0.0",
    # synthetic
    "": None,
    "203.0.113.007": None,
    "203.0.113.7:80": None,
    "1:2:3:4:5:6:7:8::": None,
    # pathological
    "203.0.113.\u0667": None,
    "0" * go.MAX_CHARS + ":": None,
}


@pytest.mark.parametrize(("text", "expected"), SPLIT.items(), ids=repr)
def test_split_host_port(text, expected):
    assert go.split_host_port(text) == expected


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items(), ids=lambda value: ascii(value)[:40])
def test_parse_addr(text, expected):
    found = go.parse_addr(text)
    assert (None if found is None else str(found)) == expected


def test_a_mapped_address_is_not_the_ipv4_address_but_has_its_bytes():
    mapped, four = go.parse_addr("::ffff:192.0.2.1"), go.parse_addr("192.0.2.1")
    assert mapped != four
    assert mapped.packed == four.packed
    assert (mapped.six, four.six) == (True, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "fe80::1%eth0": "fe80::1",
        "fe80::1": "fe80::1",
        "fe80::1%": None,
        "203.0.113.7%eth0": None,
        "::1%a%b": "::1",
    }.items(),
)
def test_only_ipv6_has_a_zone_and_no_empty_one(text, expected):
    found = go.parse_zoned(text)
    assert (None if found is None else str(found)) == expected


def test_space_is_what_unicode_calls_white_space():
    assert sorted(go.SPACE) == [
        one for one in map(chr, range(0x10000)) if one.isspace() and not "\x1c" <= one <= "\x1f"
    ]


@given(st.ip_addresses(), st.integers(0, 65535))
def test_every_address_is_read_back_with_and_without_a_port(address, port):
    shown = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    assert go.split_host_port(shown) == (str(address), str(port))
    assert ip_address(str(go.parse_addr(str(address)))) == address


@pytest.mark.parametrize(
    ("prefix", "held"),
    {
        "10.0.0.1/8": {"10.0.0.0", "10.255.255.255"},
        "10.0.0.0": {"10.0.0.0"},
        "::ffff:10.0.0.0/104": {"::ffff:10.9.9.9"},
        "::/0": {"::ffff:10.9.9.9", "2001:db8::", "2001:db8:8000::"},
    }.items(),
)
def test_a_prefix_holds_addresses_of_its_own_kind(prefix, held):
    texts = ["9.255.255.255", "10.0.0.0", "10.255.255.255", "::ffff:10.9.9.9", "2001:db8::", "2001:db8:8000::"]
    assert {text for text in texts if go.parse_addr(text) in go.Prefixes([prefix], what="")} == held


@pytest.mark.parametrize("make", [go.make_ranges, go.Prefixes])
def test_a_trust_list_says_whose_it_is(make):
    with pytest.raises(ConfigFault, match="trusted_proxies: 'lb' is no address"):
        make(["10.0.0.0/8", "lb"], what="trusted_proxies")


def test_a_count_is_a_whole_number_from_one_on():
    assert [go.positive(text, "depth") for text in ("1", "01", "999999")] == [1, 1, 999999]


@pytest.mark.parametrize("text", ["", "0", "000000", "-1", "+1", "1.0", "1_0", " 1", "\u0661", "\u00b2", "9" * 10_000])
def test_another_count_is_refused(text):
    with pytest.raises(ConfigFault, match="depth is "):
        go.positive(text, "depth")
