"""What Rack and IPAddr make of text; Rack 8bf4eb0 and ipaddr 1.2.4 on Ruby 3.1 gave the same."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip.dialects.ruby import (
    MAX_FORWARDED,
    authority_host,
    forwarded_values,
    make_networks,
    parse_ip,
    split_header,
    within,
    wrapped,
)

# text -> what IPAddr.new makes of it, where that is one address
ADDRESSES = {
    "203.0.113.7": "203.0.113.7",
    "2001:DB8::7": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "fe80::7%eth0": "fe80::7",
    "203.0.113.7/32": "203.0.113.7",
    "2001:db8::7/128": "2001:db8::7",
    "203.0.113.7/255.255.255.255": "203.0.113.7",
    "203.0.113.7/255.255.255.255/32": "203.0.113.7",
    "::ffff:203.0.113.7": "::ffff:cb00:7107",
    "::3:4:5:6:1.2.3.4": "::3:4:5:6:102:304",
}
NO_ADDRESSES = [
    *("", "/32", "203.0.113", "203.0.113.007", "203.0.113.256", "203.0.113.7/", "203.0.113.7/24", "203.0.113.7/032"),
    *("203.0.113.7/255.255.255.0", "2001:db8::7/255.255.255.255", "[203.0.113.7]", "203.0.113.7%eth0", "[::1"),
    *("fe80::7%", "fe80::7%eth.0", "fe80::7%a%b", "::2:3:4:5:6:1.2.3.4", "1::2::3", "unknown", "a" * 10_000),
]

# entry of a list -> its host
HOSTS = {
    "203.0.113.7": "203.0.113.7",
    "203.0.113.7:51234": "203.0.113.7",
    "example.com:80": "example.com",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:db8::7]:443": "2001:db8::7",
    "2001:db8::7": "2001:db8::7",
    "[fe80::7%eth0]": "fe80::7%eth0",
    "": "",
    "203.0.113.7:": None,
    "203.0.113.7:http": None,
    "a/b": None,
    "a@b": None,
    "[203.0.113.7]": None,
    "[::1]x": None,
    "é": None,
}

# Forwarded -> its parameters, None where Rack gives it up
FORWARDED = {
    "": {},
    "for=a": {"for": ["a"]},
    "For=a;by=b, for=c": {"for": ["a", "c"], "by": ["b"]},
    'for="a, b";proto=https': {"for": ["a, b"], "proto": ["https"]},
    r'for="a\"b"': {"for": ['a"b']},
    " for = a ": {"for": ["a"]},
    'for="a': {"for": [""]},
    "for": {},
    "for=a;x=b": None,
    "for=a," * (MAX_FORWARDED + 1): None,
}


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.items())
def test_address(text, expected):
    assert str(parse_ip(text)) == str(ip_address(expected))


@pytest.mark.parametrize("text", NO_ADDRESSES, ids=lambda text: text[:30])
def test_no_address(text):
    assert parse_ip(text) is None


@pytest.mark.parametrize(("text", "host"), HOSTS.items())
def test_host(text, host):
    assert authority_host(wrapped(text)) == host


@pytest.mark.parametrize(("text", "values"), FORWARDED.items(), ids=lambda value: str(value)[:30])
def test_forwarded(text, values):
    assert forwarded_values(text) == values


@pytest.mark.parametrize(
    ("text", "entries"),
    [("a, b", ["a", "b"]), ("a b\tc", ["a", "b", "c"]), ("a,,", ["a"]), (",a", ["", "a"]), ("", []), (" a ", ["a"])],
)
def test_split(text, entries):
    assert split_header(text) == entries


def test_ranges_hold_their_own_family():
    networks = make_networks(["10.0.0.0/8", "fe80::/10"], "trusted_proxies")
    assert within(parse_ip("10.9.9.9"), networks)
    assert within(parse_ip("fe80::7%eth0"), networks)
    assert not within(parse_ip("::ffff:10.9.9.9"), networks)
    assert not within(None, networks)


@given(st.text() | st.text(alphabet="0123456789abcdef:./%[]"))
def test_any_text_is_an_address_or_none(text):
    address = parse_ip(text)
    assert address is None or parse_ip(str(address)) == address
