"""Rack: Request#ip. Rack 8bf4eb0 on Ruby 3.1 gave the same answers."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.rack import OWN_LIST, trusts

BALANCER, STRANGER = "10.0.0.1:40000", "198.51.100.9:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]


def client(*fields, header="X-Forwarded-For", peer=BALANCER, trusted=CLUSTER):
    return DIALECTS["rack-ip"].build("", trusted)(Arrival(peer, [(header, value) for value in fields])).client


# X-Forwarded-For by way of a trusted balancer -> client
LISTS = {
    # realistic
    (): "10.0.0.1",
    ("203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7",): "203.0.113.7",
    ("203.0.113.7, 10.0.0.2",): "203.0.113.7",
    ("10.0.0.3, 10.0.0.2",): "10.0.0.3",
    ("1.2.3.4", "203.0.113.7"): "203.0.113.7",
    ("203.0.113.7:51234",): "203.0.113.7",
    ("2001:db8:20::7",): "2001:db8:20::7",
    ("[2001:db8:20::7]:443",): "2001:db8:20::7",
    ("fe80::7%eth0",): "fe80::7%eth0",
    # synthetic: text, not addresses
    ("unknown",): "unknown",
    ("203.0.113.7, unknown",): "unknown",
    ("203.0.113.007",): "203.0.113.007",
    ("::ffff:10.0.0.2",): "::ffff:10.0.0.2",
    # what is no authority is nobody, and ends the walk
    ("203.0.113.7/32",): None,
    ("203.0.113.7, a@b",): None,
    # blanks separate too; empty entries do not count
    ("",): "10.0.0.1",
    ("203.0.113.7,",): "203.0.113.7",
    (", 203.0.113.7",): "203.0.113.7",
    ("1.2.3.4 203.0.113.7",): "203.0.113.7",
}

# Forwarded by way of a trusted balancer, beside X-Forwarded-For: 192.0.2.1 -> client
FORWARDED = {
    "for=203.0.113.7": "203.0.113.7",
    'for="[2001:db8:20::7]:1"': "2001:db8:20::7",
    "for=1.2.3.4;for=203.0.113.7": "203.0.113.7",
    "for=_hidden": "_hidden",
    "for=2001:db8:20::7": None,
    'for="203.0.113.7': "",
    # given up: X-Forwarded-For is read
    "by=203.0.113.7": "192.0.2.1",
    "for=203.0.113.7;foo=x": "192.0.2.1",
    "": "192.0.2.1",
}


@pytest.mark.parametrize(("fields", "expected"), LISTS.items(), ids=str)
def test_list(fields, expected):
    assert client(*fields) == expected


@pytest.mark.parametrize(("field", "expected"), FORWARDED.items(), ids=str)
def test_forwarded_comes_before_x_forwarded_for(field, expected):
    arrival = Arrival(BALANCER, [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", field)])
    assert DIALECTS["rack-ip"].build("", CLUSTER)(arrival).client == expected


def test_whoever_connects_past_the_proxies_is_the_client():
    assert client("203.0.113.7", peer=STRANGER) == "198.51.100.9"
    assert client("203.0.113.7", trusted=[]) == "10.0.0.1"


@pytest.mark.parametrize("text", ["127.0.0.1", "172.16.9.9", "localhost", "unix:/run/x", "fd12:3::1", "::1"])
def test_racks_own_list_is_patterns_on_text(text):
    assert trusts([OWN_LIST])(text)


@pytest.mark.parametrize("text", ["172.32.0.1", "8.8.8.8", "10.0.0", "fe80::1", "localhost.example", ""])
def test_what_is_not_on_racks_own_list(text):
    assert not trusts([OWN_LIST])(text)


def test_a_wrong_range_is_named():
    with pytest.raises(ConfigFault, match=r"trusted_proxy: 'lb\.internal' is no IPAddr"):
        DIALECTS["rack-ip"].build("", ["lb.internal"])
