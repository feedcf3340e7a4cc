"""gin: what Context.ClientIP returns, under SetTrustedProxies, RemoteIPHeaders and TrustedPlatform."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
EVERYBODY = ["0.0.0.0/0", "::/0"]  # gin's default
XFF = "X-Forwarded-For"


def client(*values, argument=XFF, headers=(), peer=PEER, trusted=CLUSTER, proxied=None):
    resolve = DIALECTS["gin"].build(argument, trusted)
    return resolve(Arrival(peer, [(XFF, value) for value in values] + list(headers), proxied)).client


# fields of X-Forwarded-For -> client
WALKS = {
    # realistic
    (): "10.0.0.1",
    ("203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7, 10.0.0.2, 2001:db8:10::3",): "203.0.113.7",
    ("1.2.3.4", "203.0.113.7"): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7", "10.0.0.2"): "203.0.113.7",
    ("10.0.0.4, 10.0.0.3",): "10.0.0.4",
    # what is no address ends the walk, and the peer is left
    ("203.0.113.7, unknown",): "10.0.0.1",
    ("203.0.113.7, unknown, 10.0.0.2",): "10.0.0.1",
    ("unknown, 203.0.113.7",): "203.0.113.7",
    ("203.0.113.7:51234",): "10.0.0.1",
    ("203.0.113.7, 10.0.0.2:4444",): "10.0.0.1",
    ("[2001:db8:20::7]",): "10.0.0.1",
    ("fe80::7%eth0",): "10.0.0.1",
    ("203.0.113.7/32",): "10.0.0.1",
    ("203.0.113.007",): "10.0.0.1",
    ("127.1",): "10.0.0.1",
    # text as it was written; a mapped address is IPv4
    ("2001:DB8:20:0:0::7",): "2001:DB8:20:0:0::7",
    ("::ffff:cb00:7107",): "::ffff:cb00:7107",
    ("203.0.113.7, ::ffff:10.0.0.2",): "203.0.113.7",
    # synthetic: an empty entry is no address
    ("",): "10.0.0.1",
    (",",): "10.0.0.1",
    ("203.0.113.7,",): "10.0.0.1",
    ("203.0.113.7", ""): "10.0.0.1",
    ("203.0.113.7,, 10.0.0.2",): "10.0.0.1",
    (", 203.0.113.7",): "203.0.113.7",
    ("1.2.3.4 ,\t 203.0.113.7 ",): "203.0.113.7",
    ("1.2.3.4 203.0.113.7",): "10.0.0.1",
    # pathological
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): "203.0.113.7",
}


@pytest.mark.parametrize(("values", "expected"), WALKS.items(), ids=lambda value: repr(value)[:60])
def test_client_is_the_rightmost_that_is_not_trusted(values, expected):
    assert client(*values) == expected


# peer -> client
PEERS = {
    "198.51.100.9:40000": "198.51.100.9",
    "[2001:db8:99::1]:40000": "2001:db8:99::1",
    "[::ffff:198.51.100.9]:40000": "198.51.100.9",
    "[2001:db8:10::1]:40000": "203.0.113.7",
    "[::ffff:10.0.0.1]:40000": "203.0.113.7",
    " 10.0.0.1:40000\t": "203.0.113.7",
    "10.0.0.1": None,
    "[fe80::1%eth0]:40000": None,
    "proxy:40000": None,
    None: None,
}


@pytest.mark.parametrize(("peer", "expected"), PEERS.items())
def test_a_peer_that_is_not_trusted_is_the_client(peer, expected):
    assert client("203.0.113.7", peer=peer) == expected


def test_the_source_of_a_proxy_header_is_the_peer():
    assert client("203.0.113.7", proxied="198.51.100.9:1") == "198.51.100.9"


def test_by_default_everybody_is_trusted_and_the_client_writes_its_own_address():
    assert client("1.2.3.4, 203.0.113.7", trusted=EVERYBODY) == "1.2.3.4"
    assert client("203.0.113.7", trusted=[]) == "10.0.0.1"


def test_the_next_header_is_read_where_one_is_abandoned():
    headers = [("X-Real-IP", "203.0.113.9")]
    assert client("1.2.3.4, unknown", headers=headers, argument="X-Forwarded-For,X-Real-IP") == "203.0.113.9"
    assert client("203.0.113.7", headers=headers, argument="X-Forwarded-For,X-Real-IP") == "203.0.113.7"
    assert client("203.0.113.7", headers=headers, argument="x-real-ip") == "203.0.113.9"
    assert client("unknown", headers=headers, argument="") == "203.0.113.9"


@pytest.mark.parametrize("peer", ["198.51.100.9:40000", "@", None])
@pytest.mark.parametrize("value", ["1.2.3.4", "1.2.3.4, 203.0.113.7", "[2001:db8::7]:80", "anything"])
def test_the_header_of_a_trusted_platform_is_believed_unread_whoever_sends_it(peer, value):
    headers = [("cf-connecting-ip", value), ("CF-Connecting-IP", "9.9.9.9")]
    assert client("203.0.113.7", headers=headers, argument=":CF-Connecting-IP", peer=peer) == value


def test_without_the_header_of_the_platform_the_others_count():
    assert client("203.0.113.7", argument=f"{XFF}:Fly-Client-IP") == "203.0.113.7"
    assert client("203.0.113.7", argument=f"{XFF}:Fly-Client-IP", headers=[("Fly-Client-IP", "")]) == "203.0.113.7"


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0.0/", "lb.example", "[::1]", "fe80::1%eth0", "unix:"])
def test_trusted_proxies_are_networks(text):
    with pytest.raises(ConfigFault, match="SetTrustedProxies: "):
        DIALECTS["gin"].build(XFF, [text])
