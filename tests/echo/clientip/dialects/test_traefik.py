"""Traefik: ipStrategy's depth and excludedIPs, the peer without them, and what an entry point hands on."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Answer, Arrival
from echo.clientip.dialects.traefik import BEFORE_APPENDING

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48", "fe80::/10"]
XFF = "X-Forwarded-For"


def ask(kind, *values, argument="", peer=PEER, trusted=CLUSTER, proxied=None):
    resolve = DIALECTS[f"traefik-{kind}"].build(argument, trusted)
    return resolve(Arrival(peer, [(XFF, value) for value in values], proxied)).client


# fields of X-Forwarded-For -> client with depth 1, with depth 2, with excludedIPs
STRATEGIES = {
    # realistic
    (): (None, None, None),
    ("1.2.3.4, 203.0.113.7",): ("203.0.113.7", "1.2.3.4", "203.0.113.7"),
    ("1.2.3.4, 203.0.113.7, 10.0.0.2",): ("10.0.0.2", "203.0.113.7", "203.0.113.7"),
    ("203.0.113.7, 2001:db8:10::2",): ("2001:db8:10::2", "203.0.113.7", "203.0.113.7"),
    ("10.0.0.4, 10.0.0.3",): ("10.0.0.3", "10.0.0.4", None),
    # only the first field counts, so that a client may put its own before the proxy's
    ("1.2.3.4", "203.0.113.7"): ("1.2.3.4", None, "1.2.3.4"),
    ("", "203.0.113.7"): (None, None, None),
    # text is returned as it is, and what is no address is never excluded
    ("203.0.113.7, unknown, 10.0.0.2",): ("10.0.0.2", "unknown", "unknown"),
    ("203.0.113.7, 10.0.0.2:4444",): ("10.0.0.2:4444", "203.0.113.7", "10.0.0.2:4444"),
    ("203.0.113.7, [2001:db8:10::2]",): ("[2001:db8:10::2]", "203.0.113.7", "[2001:db8:10::2]"),
    ("::ffff:cb00:7107",): ("::ffff:cb00:7107", None, "::ffff:cb00:7107"),
    # a mapped address is IPv4, and a zone does not matter
    ("203.0.113.7, ::ffff:10.0.0.2",): ("::ffff:10.0.0.2", "203.0.113.7", "203.0.113.7"),
    ("203.0.113.7, fe80::7%eth0",): ("fe80::7%eth0", "203.0.113.7", "203.0.113.7"),
    ("203.0.113.7, fe80::7%",): ("fe80::7%", "203.0.113.7", "fe80::7%"),
    ("203.0.113.7, 10.0.0.2%eth0",): ("10.0.0.2%eth0", "203.0.113.7", "10.0.0.2%eth0"),
    # empty entries count for depth, and are skipped by excludedIPs
    ("203.0.113.7,",): (None, "203.0.113.7", "203.0.113.7"),
    ("203.0.113.7,, 10.0.0.2",): ("10.0.0.2", None, "203.0.113.7"),
    ("1.2.3.4 ,\t203.0.113.7 ",): ("203.0.113.7", "1.2.3.4", "203.0.113.7"),
    # pathological
    ("9" * 1_000_000,): ("9" * 1_000_000, None, "9" * 1_000_000),
}


@pytest.mark.parametrize(("values", "clients"), STRATEGIES.items(), ids=lambda value: repr(value)[:60])
def test_ip_strategies(values, clients):
    found = ask("depth", *values, argument="1"), ask("depth", *values, argument="2"), ask("excluded", *values)
    assert found == clients


@pytest.mark.parametrize("peer", ["198.51.100.9:40000", "[2001:db8:99::1]:40000", "@", None])
def test_depth_and_excluded_ips_believe_whoever_connects(peer):
    assert ask("depth", "1.2.3.4", argument="1", peer=peer) == ask("excluded", "1.2.3.4", peer=peer) == "1.2.3.4"


# peer, source of a PROXY header -> client
REMOTES = {
    (PEER, None): "10.0.0.1",
    ("[::abcd:ffff:c0a8:1%1]:80", None): "::abcd:ffff:c0a8:1%1",
    ("::abcd:ffff:c0a8:1", None): "::abcd:ffff:c0a8:1",
    (PEER, "203.0.113.7:51234"): "203.0.113.7",
    ("@", None): "@",
    (None, None): None,
}


@pytest.mark.parametrize(("asked", "client"), REMOTES.items())
def test_without_a_strategy_it_is_the_peer(asked, client):
    peer, proxied = asked
    assert ask("remote", "1.2.3.4", peer=peer, proxied=proxied) == client


# peer, headers -> X-Forwarded-For before and after the peer is appended, X-Real-Ip
LIST = "1.2.3.4, 203.0.113.7"
HANDED_ON = [
    (PEER, [], (None, "10.0.0.1", "10.0.0.1")),
    (PEER, [(XFF, LIST)], (LIST, f"{LIST}, 10.0.0.1", "10.0.0.1")),
    (PEER, [(XFF, "1.2.3.4"), ("x-forwarded-for", "203.0.113.7")], (LIST, f"{LIST}, 10.0.0.1", "10.0.0.1")),
    (PEER, [("X-Real-Ip", "203.0.113.7"), ("X-Real-Ip", "1.2.3.4")], (None, "10.0.0.1", "203.0.113.7")),
    ("198.51.100.9:1", [(XFF, LIST), ("X-Real-Ip", "1.2.3.4")], (None, "198.51.100.9", "198.51.100.9")),
    ("[::ffff:10.0.0.1]:1", [(XFF, LIST)], (LIST, f"{LIST}, ::ffff:10.0.0.1", "::ffff:10.0.0.1")),
    ("[fe80::1%eth0]:1", [(XFF, LIST)], (LIST, f"{LIST}, fe80::1%eth0", "fe80::1")),
]


@pytest.mark.parametrize(("peer", "headers", "expected"), HANDED_ON)
def test_an_entry_point_forgets_the_headers_of_a_peer_it_does_not_trust(peer, headers, expected):
    answer = DIALECTS["traefik-forwarded"].build("", CLUSTER)(Arrival(peer, headers))
    sent = dict(answer.sent)
    assert answer == Answer(None, sent=answer.sent)
    assert (sent[BEFORE_APPENDING], sent[XFF], sent["X-Real-Ip"]) == expected


def test_an_entry_point_without_trusted_ips_trusts_nobody():
    sent = dict(DIALECTS["traefik-forwarded"].build("", [])(Arrival(PEER, [(XFF, LIST)])).sent)
    assert (sent[BEFORE_APPENDING], sent[XFF]) == (None, "10.0.0.1")


@pytest.mark.parametrize("argument", ["", "0", "-1", "x", "1.5", "1_0", "\u0661"])
def test_depth_is_a_number_from_one_on(argument):
    with pytest.raises(ConfigFault, match="depth is "):
        DIALECTS["traefik-depth"].build(argument, [])


def test_excluded_ips_are_not_empty():
    with pytest.raises(ConfigFault, match="excludedIPs is empty"):
        DIALECTS["traefik-excluded"].build("", [])


@pytest.mark.parametrize(
    ("kind", "setting"), [("excluded", "ipStrategy.excludedIPs: "), ("forwarded", "forwardedHeaders.trustedIPs: ")]
)
@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "10.0.0.0/", "lb.example", "[::1]", "10.0.0.0/255.0.0.0"])
def test_trusted_ips_are_networks(kind, setting, text):
    with pytest.raises(ConfigFault, match=setting):
        DIALECTS[f"traefik-{kind}"].build("", [text])
