"""uvicorn with --proxy-headers and --forwarded-allow-ips. uvicorn 0.54.0 gave these answers."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Answer, Arrival

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"


def ask(*values, peer=PEER, trusted=CLUSTER, proxied=None):
    """Return client and port."""
    resolve = DIALECTS["uvicorn"].build("", trusted)
    answer = resolve(Arrival(peer, [(XFF, value) for value in values], proxied))
    assert answer == Answer(answer.client, port=answer.port)
    return answer.client, answer.port


OWN = ("10.0.0.1", 40000)
# fields of X-Forwarded-For -> client and port
WALKS = {
    # realistic
    (): OWN,
    ("203.0.113.7",): ("203.0.113.7", 0),
    ("1.2.3.4, 203.0.113.7",): ("203.0.113.7", 0),
    ("1.2.3.4, 203.0.113.7:51234, [2001:db8:10::3]:443, 10.0.0.2:80",): ("203.0.113.7", 51234),
    ("1.2.3.4", "203.0.113.7"): ("203.0.113.7", 0),
    ("10.0.0.4:4, 10.0.0.3:3",): ("10.0.0.4", 4),
    ("[2001:db8:20::7]",): ("2001:db8:20::7", 0),
    # text that is no address is nobody's proxy, and returned as it is
    ("203.0.113.7, unknown, 10.0.0.2",): ("unknown", 0),
    ("203.0.113.7, unknown:80",): ("unknown", 80),
    # a mapped address is no IPv4, and a network does not mind a zone
    ("203.0.113.7, ::ffff:10.0.0.2",): ("::ffff:10.0.0.2", 0),
    ("203.0.113.7, 2001:db8:10::2%eth0",): ("203.0.113.7", 0),
    # synthetic, an empty entry ends the walk and leaves the peer
    ("",): OWN,
    ("203.0.113.7,",): OWN,
    ("203.0.113.7", ""): OWN,
    ("203.0.113.7,, 10.0.0.2",): OWN,
    (", 203.0.113.7",): ("203.0.113.7", 0),
    (", 10.0.0.2",): OWN,
    ("203.0.113.7, :80",): OWN,
    ("1.2.3.4 ,\t\u00a0203.0.113.7\x85",): ("203.0.113.7", 0),
    # synthetic, ports are what int() takes
    ("203.0.113.7:+80",): ("203.0.113.7", 80),
    ("203.0.113.7: 8_0",): ("203.0.113.7", 80),
    ("203.0.113.7:-1",): ("203.0.113.7", -1),
    ("203.0.113.7:",): ("203.0.113.7:", 0),
    ("[2001:db8::7]:x",): ("2001:db8::7", 0),
    ("[2001:db8::7]:80]",): ("2001:db8::7", 0),
    ("[2001:db8::7]x",): ("[2001:db8::7]x", 0),
    ("[2001:db8::7",): ("[2001:db8::7", 0),
    ("[unknown]:80",): ("unknown", 80),
    ("203.0.113.7, [10.0.0.2]",): ("203.0.113.7", 0),
    # pathological
    ("203.0.113.7:" + "0" * 4298 + "80",): ("203.0.113.7", 80),
    ("203.0.113.7:" + "0" * 4299 + "80",): ("203.0.113.7:" + "0" * 4299 + "80", 0),
    ("[::1]:" + "9" * 1_000_000,): ("::1", 0),
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): ("203.0.113.7", 0),
}


@pytest.mark.parametrize(("values", "expected"), WALKS.items(), ids=lambda value: repr(value)[:60])
def test_client_is_the_rightmost_that_is_not_trusted(values, expected):
    assert ask(*values) == expected


# peer, source of a PROXY header -> client and port
@pytest.mark.parametrize(
    ("peer", "proxied", "expected"),
    [
        ("198.51.100.9:40000", None, ("198.51.100.9", 40000)),
        ("[2001:db8:99::1]:40000", None, ("2001:db8:99::1", 40000)),
        ("[2001:db8:10::1]:40000", None, ("203.0.113.7", 0)),
        ("[::ffff:10.0.0.1]:40000", None, ("::ffff:10.0.0.1", 40000)),
        (PEER, "198.51.100.9:1", ("198.51.100.9", 1)),
        ("@", None, (None, None)),
        (None, None, (None, None)),
    ],
)
def test_a_peer_that_is_not_trusted_is_the_client(peer, proxied, expected):
    assert ask("203.0.113.7", peer=peer, proxied=proxied) == expected


# --forwarded-allow-ips -> client of "1.2.3.4, unknown, fe80::1%a, 10.0.0.2" from 10.0.0.1
LISTS = {
    (): "10.0.0.1",
    ("*",): "1.2.3.4",
    ("*", "10.0.0.1"): "10.0.0.2",
    ("10.0.0.1/8",): "10.0.0.1",
    ("::ffff:10.0.0.0/104",): "10.0.0.1",
    ("lb.example", "10.0.0.0/8"): "fe80::1%a",
    ("fe80::1", "10.0.0.0/8"): "fe80::1%a",
    ("fe80::1%a", "10.0.0.0/8"): "unknown",
    ("fe80::/64", "10.0.0.0/8"): "unknown",
    ("::/0", "0.0.0.0/0", "unknown"): "1.2.3.4",
}


@pytest.mark.parametrize(("trusted", "client"), LISTS.items(), ids=repr)
def test_forwarded_allow_ips(trusted, client):
    assert ask("1.2.3.4, unknown, fe80::1%a, 10.0.0.2", trusted=trusted)[0] == client


def test_a_socket_without_an_address_is_trusted_by_the_star():
    assert ask("1.2.3.4:80, 203.0.113.7", peer="unix:", trusted=["*"]) == ("1.2.3.4", 80)


def test_there_is_no_argument():
    with pytest.raises(ConfigFault, match="leave it out"):
        DIALECTS["uvicorn"].build("10.0.0.1", [])
