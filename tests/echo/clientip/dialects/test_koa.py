"""Koa with `app.proxy = true`: the N entries that `app.maxIpsCount` leaves. koa 3.3.0 gave these answers."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival

PEER = "10.0.0.1:40000"
XFF = "X-Forwarded-For"


def client(count, *values, peer=PEER, trusted=("10.0.0.0/8",), proxied=None):
    resolve = DIALECTS["koa"].build(count, trusted)
    return resolve(Arrival(peer, [(XFF, value) for value in values], proxied)).client


# fields of X-Forwarded-For -> client with maxIpsCount 0, 1, 2
COUNTED = {
    # realistic
    (): ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
    ("203.0.113.7",): ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
    ("1.2.3.4, 203.0.113.7",): ("1.2.3.4", "203.0.113.7", "1.2.3.4"),
    ("1.2.3.4, 203.0.113.7, 10.0.0.2",): ("1.2.3.4", "10.0.0.2", "203.0.113.7"),
    ("1.2.3.4", "203.0.113.7"): ("1.2.3.4", "203.0.113.7", "1.2.3.4"),
    ("10.0.0.4, 10.0.0.3",): ("10.0.0.4", "10.0.0.3", "10.0.0.4"),
    # any text is a client
    ("unknown, 203.0.113.7, 10.0.0.2:80",): ("unknown", "10.0.0.2:80", "203.0.113.7"),
    ("[2001:db8::7]:51234, fe80::7%eth0",): ("[2001:db8::7]:51234", "fe80::7%eth0", "[2001:db8::7]:51234"),
    ("1.2.3.4; 203.0.113.7",): ("1.2.3.4; 203.0.113.7", "1.2.3.4; 203.0.113.7", "1.2.3.4; 203.0.113.7"),
    # an empty entry counts, and leaves the peer
    ("",): ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
    (",",): ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
    (", 203.0.113.7",): ("10.0.0.1", "203.0.113.7", "10.0.0.1"),
    ("203.0.113.7,",): ("203.0.113.7", "10.0.0.1", "203.0.113.7"),
    ("203.0.113.7", ""): ("203.0.113.7", "10.0.0.1", "203.0.113.7"),
    ("1.2.3.4, , 203.0.113.7",): ("1.2.3.4", "203.0.113.7", "10.0.0.1"),
    # blanks are ECMAScript's
    (" 1.2.3.4 ,\t\u00a0203.0.113.7\v\ufeff",): ("1.2.3.4", "203.0.113.7", "1.2.3.4"),
    ("1.2.3.4\x1c, \x85203.0.113.7",): ("1.2.3.4\x1c", "\x85203.0.113.7", "1.2.3.4\x1c"),
    # pathological
    ("," * 1_000_000,): ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
    ("9" * 1_000_000,): ("9" * 1_000_000,) * 3,
}


@pytest.mark.parametrize(("values", "clients"), COUNTED.items(), ids=lambda value: repr(value)[:60])
def test_client_is_the_first_that_is_left(values, clients):
    assert tuple(client(count, *values) for count in ("0", "1", "2")) == clients


def test_with_fewer_entries_than_counted_it_is_the_leftmost():
    assert client("999999", "1.2.3.4, 203.0.113.7") == "1.2.3.4"


@pytest.mark.parametrize("peer", ["198.51.100.9:40000", "[2001:db8:99::1]:40000", "@", None])
@pytest.mark.parametrize("count", ["0", "1"])
def test_whoever_connects_is_believed(count, peer):
    assert client(count, "1.2.3.4", peer=peer) == "1.2.3.4"


# peer, source of a PROXY header -> client without the header
@pytest.mark.parametrize(
    ("peer", "proxied", "expected"),
    [
        ("[2001:db8:99::1]:40000", None, "2001:db8:99::1"),
        ("[::ffff:10.0.0.1]:40000", None, "::ffff:10.0.0.1"),
        (PEER, "203.0.113.7:51234", "203.0.113.7"),
        ("unix:", None, None),
        (None, None, None),
    ],
)
def test_without_the_header_it_is_the_peer(peer, proxied, expected):
    assert client("0", peer=peer, proxied=proxied) == expected


def test_other_headers_do_not_count():
    headers = [("Forwarded", "for=1.2.3.4"), ("X_Forwarded_For", "1.2.3.4"), ("x-forwarded-for", "203.0.113.7")]
    assert DIALECTS["koa"].build("0", [])(Arrival(PEER, headers)).client == "203.0.113.7"


@pytest.mark.parametrize("argument", ["", "-1", "+1", "x", "1.5", "1_0", " 1", "\u0661", "9" * 10_000])
def test_count_is_a_whole_number(argument):
    with pytest.raises(ConfigFault, match="write a whole number from 0 on"):
        DIALECTS["koa"].build(argument, [])
