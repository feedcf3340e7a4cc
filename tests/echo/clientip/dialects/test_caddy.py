"""Caddy: what trusted_proxies makes of client_ip_headers, with and without trusted_proxies_strict."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"


def ask(kind, headers, argument=XFF, peer=PEER, trusted=CLUSTER, proxied=None):
    return DIALECTS[f"caddy-{kind}"].build(argument, trusted)(Arrival(peer, headers, proxied)).client


def both(*values, **arrival):
    headers = [(XFF, value) for value in values]
    return ask("leftmost", headers, **arrival), ask("strict", headers, **arrival)


# fields of X-Forwarded-For -> client without trusted_proxies_strict, with
WALKS = {
    # realistic
    (): ("10.0.0.1", "10.0.0.1"),
    ("1.2.3.4, 203.0.113.7",): ("1.2.3.4", "203.0.113.7"),
    ("1.2.3.4, 203.0.113.7, 10.0.0.2, 2001:db8:10::3",): ("1.2.3.4", "203.0.113.7"),
    ("1.2.3.4", "203.0.113.7"): ("1.2.3.4", "203.0.113.7"),
    ("10.0.0.4, 10.0.0.3",): ("10.0.0.4", "10.0.0.1"),
    # garbage is skipped, so that an entry of the client's own is reached
    ("1.2.3.4, unknown",): ("1.2.3.4", "1.2.3.4"),
    ("unknown", "203.0.113.7"): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4, [203.0.113.7], 10.0.0.2",): ("1.2.3.4", "1.2.3.4"),
    # ports, brackets, zones
    ("203.0.113.7, 10.0.0.2:4444",): ("203.0.113.7", "203.0.113.7"),
    ("[2001:db8:20::7]:51234",): ("2001:db8:20::7", "2001:db8:20::7"),
    ("[2001:db8:20::7]",): ("10.0.0.1", "10.0.0.1"),
    ("1.2.3.4, [2001:db8:20::7]:51234",): ("1.2.3.4", "1.2.3.4"),
    ("1.2.3.4, 203.0.113.7 :80",): ("1.2.3.4", "203.0.113.7"),
    ("fe80::7%eth0",): ("fe80::7", "fe80::7"),
    # a mapped address is no IPv4
    ("::ffff:cb00:7107",): ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
    ("203.0.113.7, ::ffff:10.0.0.2",): ("203.0.113.7", "::ffff:10.0.0.2"),
    # synthetic
    ("",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7", ""): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4 ,\t203.0.113.7 ",): ("1.2.3.4", "203.0.113.7"),
    # pathological
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): ("203.0.113.7", "203.0.113.7"),
}


@pytest.mark.parametrize(("values", "clients"), WALKS.items(), ids=lambda value: repr(value)[:60])
def test_the_walk(values, clients):
    assert both(*values) == clients


# peer -> client of both
PEERS = {
    "198.51.100.9:40000": "198.51.100.9",
    "[fe80::1%eth0]:40000": "fe80::1",
    "[2001:db8:10::1%eth0]:40000": "203.0.113.7",
    "[::ffff:10.0.0.1]:40000": "203.0.113.7",
    "10.0.0.1": None,
    "@": None,
    None: None,
}


@pytest.mark.parametrize(("peer", "client"), PEERS.items())
def test_a_peer_that_is_not_trusted_is_the_client(peer, client):
    assert both("203.0.113.7", peer=peer) == (client, client)


def test_nobody_is_trusted_without_trusted_proxies():
    assert both("203.0.113.7", trusted=[]) == ("10.0.0.1", "10.0.0.1")


# trusted_proxies -> client of "203.0.113.7, ::ffff:10.0.0.2" with trusted_proxies_strict
@pytest.mark.parametrize(
    ("trusted", "client"),
    {
        ("10.0.0.0/8",): "::ffff:10.0.0.2",
        ("10.0.0.0/8", "::ffff:10.0.0.0/104"): "203.0.113.7",
        ("10.0.0.0/8", "::ffff:10.0.0.2"): "203.0.113.7",
        ("::ffff:10.0.0.0/104",): "10.0.0.1",
    }.items(),
)
def test_a_mapped_range_holds_mapped_addresses_and_no_others(trusted, client):
    assert both("203.0.113.7, ::ffff:10.0.0.2", trusted=trusted)[1] == client


def test_the_source_of_a_proxy_header_is_the_peer():
    assert both("203.0.113.7", proxied="198.51.100.9:1") == ("198.51.100.9", "198.51.100.9")
    assert both("203.0.113.7", peer="198.51.100.9:1", proxied="10.0.0.2:1") == ("203.0.113.7", "203.0.113.7")


def test_a_unix_socket_is_trusted_with_trusted_proxies_unix():
    assert both("2.2.2.2, 3.3.3.3", peer="@", trusted=["unix:"]) == ("2.2.2.2", "3.3.3.3")
    assert both("2.2.2.2, 3.3.3.3", trusted=["unix:"]) == ("10.0.0.1", "10.0.0.1")


def test_leftmost_is_of_all_headers_in_their_configured_order():
    headers = [(XFF, "1.2.3.4"), ("real-client-ip", "10.0.0.9, 203.0.113.7")]
    assert ask("leftmost", headers, "Missing,Real-Client-IP,X-Forwarded-For") == "10.0.0.9"


def test_strict_goes_on_to_the_next_header_where_one_has_nobody():
    headers = [("CF-Connecting-IP", "nope, 10.0.0.9"), (XFF, "1.2.3.4, 203.0.113.7")]
    assert ask("strict", headers, "Missing,CF-Connecting-IP,X-Forwarded-For") == "203.0.113.7"


def test_only_the_configured_headers_are_read():
    assert ask("leftmost", [("CF_Connecting_IP", "1.2.3.4"), (XFF, "1.2.3.4")], "CF-Connecting-IP") == "10.0.0.1"


@pytest.mark.parametrize("kind", ["leftmost", "strict"])
@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0.0/", "lb.example", "[::1]", "10.0.0.0/255.0.0.0"])
def test_trusted_proxies_are_networks(kind, text):
    with pytest.raises(ConfigFault, match="trusted_proxies: "):
        DIALECTS[f"caddy-{kind}"].build(XFF, [text])
