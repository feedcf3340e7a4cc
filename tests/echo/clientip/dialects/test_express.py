"""Express and Fastify: `trust proxy` with a list. proxy-addr 2.0.8 and @fastify/proxy-addr 5.1.3 gave these answers."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"
PROGRAMS = ("proxy-addr", "fastify-proxy-addr")


def both(*values, peer=PEER, trusted=CLUSTER, proxied=None):
    """Return Express's client and Fastify's."""
    arrival = Arrival(peer, [(XFF, value) for value in values], proxied)
    return tuple(DIALECTS[name].build("", trusted)(arrival).client for name in PROGRAMS)


# fields of X-Forwarded-For -> client
WALKS = {
    # realistic
    (): "10.0.0.1",
    ("1.2.3.4, 203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7, 10.0.0.2, 2001:db8:10::3",): "203.0.113.7",
    ("1.2.3.4", "203.0.113.7"): "203.0.113.7",
    ("10.0.0.4, 10.0.0.3",): "10.0.0.4",
    # what is no address is nobody's proxy, and returned as it is
    ("203.0.113.7, unknown, 10.0.0.2",): "unknown",
    ("203.0.113.7, 10.0.0.2:4444",): "10.0.0.2:4444",
    ("203.0.113.7, [2001:db8:10::2]",): "[2001:db8:10::2]",
    ("203.0.113.7, ::ffff:10.0.0.2",): "203.0.113.7",
    (", 203.0.113.7,, 10.0.0.2,",): "203.0.113.7",
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): "203.0.113.7",
}
# fields of X-Forwarded-For -> client of Express, of Fastify
APART = {
    ("203.0.113.7,\t10.0.0.2",): ("\t10.0.0.2", "203.0.113.7"),
    ("\u00a0203.0.113.7\v",): ("\u00a0203.0.113.7\v", "203.0.113.7"),
    ("203.0.113.7,\v10.0.0.2",): ("\v10.0.0.2", "\v10.0.0.2"),
    ("203.0.113.7, 10.2",): ("10.2", "203.0.113.7"),
    ("203.0.113.7, 2001:db8:00010::2",): ("203.0.113.7", "2001:db8:00010::2"),
}


@pytest.mark.parametrize(("values", "client"), WALKS.items(), ids=lambda value: repr(value)[:60])
def test_client_is_the_rightmost_that_is_not_trusted(values, client):
    assert both(*values) == (client, client)


@pytest.mark.parametrize(("values", "clients"), APART.items())
def test_the_two_differ_in_blanks_and_in_what_an_address_is(values, clients):
    assert both(*values) == clients


# peer, source of a PROXY header -> client
@pytest.mark.parametrize(
    ("peer", "proxied", "client"),
    [
        ("198.51.100.9:40000", None, "198.51.100.9"),
        ("[::ffff:10.0.0.1]:40000", None, "203.0.113.7"),
        ("[::ffff:198.51.100.9]:40000", None, "::ffff:198.51.100.9"),
        (PEER, "198.51.100.9:1", "198.51.100.9"),
        ("@", None, None),
    ],
)
def test_a_peer_that_is_not_trusted_is_the_client(peer, proxied, client):
    assert both("203.0.113.7", peer=peer, proxied=proxied) == (client, client)


# list -> the addresses among these that are trusted
SEVERAL = (
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "10.0.0.65",
    "127.9.9.9",
    "192.168.1.1",
    "fe80::1",
    "fe80::1%a",
    "2001:db8::1",
)
LISTS = {
    (): (),
    ("loopback",): ("127.9.9.9",),
    ("linklocal",): ("fe80::1", "fe80::1%a"),
    ("uniquelocal",): ("10.0.0.1", "::ffff:10.0.0.1", "10.0.0.65", "192.168.1.1"),
    ("10.0.0.2/26", "2001:db8::1"): ("10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1"),
    ("10.0.0.2/255.255.255.192",): ("10.0.0.1", "::ffff:10.0.0.1"),
    ("::ffff:a00:2/122",): ("10.0.0.1", "::ffff:10.0.0.1"),
    # synthetic: a mapped range outside ::ffff:0:0/96 holds nobody, and one of IPv6 no IPv4
    ("::ffff:a00:1/96",): SEVERAL[:5],
    ("::ffff:a00:1/95",): (),
    ("::/1",): ("2001:db8::1",),
    ("0.0.0.0/1",): ("10.0.0.1", "::ffff:10.0.0.1", "10.0.0.65", "127.9.9.9"),
    ("012.0.0.1/0032",): ("10.0.0.1", "::ffff:10.0.0.1"),
    ("10.0.0.1/0xffffffc0",): ("10.0.0.1", "::ffff:10.0.0.1"),
}


@pytest.mark.parametrize(("trusted", "believed"), LISTS.items(), ids=repr)
def test_trust_proxy(trusted, believed):
    for address in SEVERAL:
        client = "203.0.113.7" if address in believed else address
        assert both("203.0.113.7", peer=f"[{address}]:1", trusted=trusted) == (client, client)


def test_a_zone_in_the_list_matters_to_fastify():
    assert both("1.2.3.4, fe80::1%a", trusted=["fe80::1%a", "10.0.0.1"]) == ("1.2.3.4", "1.2.3.4")
    assert both("1.2.3.4, fe80::1%b", trusted=["fe80::1%a", "10.0.0.1"]) == ("1.2.3.4", "fe80::1%b")
    assert both("1.2.3.4, fe80::1", trusted=["fe80::1%a", "10.0.0.1"]) == ("1.2.3.4", "fe80::1")


NO_ADDRESS = ("", "-1", "lb.example", "Loopback", "unix:", "[::1]", "10.0.0.0/8/8", "/8")
NO_PREFIX = (
    *("10.0.0.0/", "10.0.0.0/0", "10.0.0.0/33", "::1/0", "::1/129", "::1/6000", "::ffff:a00:2/-1", "10.0.0.0/8.5"),
    *("10.0.0.1/255.0.255.0", "10.0.0.1/0.0.0.0", "10.0.0.1/ffc0::", "fe80::/ffc0::", "::ffff:a00:2/255.255.255.0"),
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_the_packages_throw_at_is_refused(name):
    for text in NO_ADDRESS + NO_PREFIX:
        with pytest.raises(ConfigFault, match="has no prefix length" if text in NO_PREFIX else "is no address"):
            DIALECTS[name].build("", [text])
    with pytest.raises(ConfigFault, match="takes no argument"):
        DIALECTS[name].build("1", CLUSTER)
