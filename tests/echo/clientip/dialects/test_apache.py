"""Apache httpd: what mod_remoteip makes of a request. httpd 2.4.71 gave the same answers to all that fits into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Answer, Arrival
from echo.clientip.dialects.apache import entries, parse_entry
from echo.clientip.dialects.inet import printed

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"


def ask(kind, values, peer=PEER, trusted=CLUSTER, proxied=None):
    resolve = DIALECTS[f"apache-{kind}"].build(XFF, trusted)
    return resolve(Arrival(peer, [(XFF, value) for value in values], proxied)).client


# fields of X-Forwarded-For -> client with RemoteIPInternalProxy, with RemoteIPTrustedProxy
WALKS = {
    # realistic
    (): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4, 203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.7, 10.0.0.2",): ("203.0.113.7", "10.0.0.1"),
    ("203.0.113.7, 2001:db8:10::2",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4", "203.0.113.7"): ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.7", "10.0.0.2"): ("203.0.113.7", "10.0.0.1"),
    ("10.0.0.4, 10.0.0.3",): ("10.0.0.4", "10.0.0.1"),
    ("203.0.113.7, unknown, 10.0.0.2",): ("10.0.0.2", "10.0.0.1"),
    ("203.0.113.7:51234",): ("10.0.0.1", "10.0.0.1"),
    ("[2001:db8:20::7]",): ("10.0.0.1", "10.0.0.1"),
    ("::ffff:203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.7, ::ffff:10.0.0.2",): ("203.0.113.7", "10.0.0.1"),
    ("192.168.5.5",): ("192.168.5.5", "10.0.0.1"),
    ("172.31.0.1",): ("172.31.0.1", "10.0.0.1"),
    ("100.64.9.9",): ("100.64.9.9", "100.64.9.9"),
    ("fd00::1",): ("fd00::1", "10.0.0.1"),
    ("3fff::1",): ("3fff::1", "3fff::1"),
    ("localhost",): ("127.0.0.1", "10.0.0.1"),
    # synthetic
    ("",): ("10.0.0.1", "10.0.0.1"),
    (",",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7", ""): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7,, 10.0.0.2",): ("10.0.0.2", "10.0.0.1"),
    ("1.2.3.4 ,   203.0.113.7  ",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4,\t203.0.113.7",): ("10.0.0.1", "10.0.0.1"),
    ("1.2.3.4 203.0.113.7",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.007",): ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.010",): ("203.0.113.8", "203.0.113.8"),
    ("3405803783",): ("203.0.113.7", "203.0.113.7"),
    ("127.1",): ("127.0.0.1", "10.0.0.1"),
    ("255.255.255.255",): ("255.255.255.255", "255.255.255.255"),
    ("LocalHost",): ("127.0.0.1", "10.0.0.1"),
    ("2001:db8::1%5",): ("2001:db8::1", "2001:db8::1"),
    ("fe80::7%eth0",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7, /tmp/x",): ("/tmp/x", "/tmp/x"),
    # pathological
    ("/" + "a" * 200,): ("/" + "a" * 106, "/" + "a" * 106),
    ("," * 1_000_000,): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): ("203.0.113.7", "10.0.0.1"),
    ("9" * 1_000_000,): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7, \0",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7, \ud800",): ("10.0.0.1", "10.0.0.1"),
}

# RemoteIPInternalProxy -> whether 10.0.0.1 is believed
TRUSTED = {
    # realistic
    "10.0.0.0/8": True,
    "10.0.0.1": True,
    "10.0.0.0/255.0.0.0": True,
    "10.0.0.2": False,
    "::/1": False,
    # synthetic
    "10.": True,
    "10.0": True,
    "10.1": False,
    "0.0.0.0/0.0.0.0": True,
    "010.0.0.1": True,
    "0xa000001": True,
    "localhost": False,
}
REFUSED = (
    *("0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::1/255.0.0.0", "10.0/8", "::ffff:10.0.0.1"),
    *("", ".", "10..1", "10.256", "1.2.3.4.5", "3405803783", "/tmp/x", "lb.example", "[::1]", "\0", "\ud800"),
)


@pytest.mark.parametrize(("values", "clients"), WALKS.items(), ids=lambda value: repr(value)[:60])
def test_the_walk(values, clients):
    assert (ask("internal", values), ask("trusted", values)) == clients


@pytest.mark.parametrize("kind", ["internal", "trusted"])
def test_a_peer_that_is_not_trusted_is_the_client(kind):
    assert ask(kind, ["203.0.113.7"], peer="198.51.100.9:40000") == "198.51.100.9"


@pytest.mark.parametrize("kind", ["internal", "trusted"])
@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("1.2.3.4, 203.0.113.7", "1.2.3.4"),
        ("10.0.0.2, 203.0.113.7", "203.0.113.7"),
        ("1.2.3.4, 10.0.0.2, 203.0.113.7", "203.0.113.7"),
        ("1.2.3.4, /tmp/x", "1.2.3.4"),
    ],
)
def test_without_a_proxy_configured_everyone_public_is_believed(kind, value, client):
    assert ask(kind, [value], peer="198.51.100.9:40000", trusted=[]) == client


def test_a_mapped_peer_is_ipv4():
    assert ask("internal", ["203.0.113.7"], peer="[::ffff:10.0.0.1]:40000") == "203.0.113.7"
    assert ask("internal", [], peer="[::ffff:10.0.0.1]:40000") == "10.0.0.1"


def test_only_the_named_header_is_read():
    resolve = DIALECTS["apache-internal"].build("CF-Connecting-IP", CLUSTER)
    headers = [(XFF, "1.2.3.4"), ("CF_Connecting_IP", "9.9.9.9"), ("cf-connecting-ip", "203.0.113.7")]
    assert resolve(Arrival(PEER, headers)) == Answer("203.0.113.7")


@pytest.mark.parametrize("peer", [PEER, "198.51.100.9:40000", None])
def test_a_proxy_header_outranks_the_header_whoever_sent_it(peer):
    assert ask("internal", ["1.2.3.4"], peer=peer, proxied="203.0.113.7:51234") == "203.0.113.7"


@pytest.mark.parametrize("peer", [None, "", "@", "\ud800"])
def test_a_peer_without_an_address_has_no_client(peer):
    assert ask("internal", ["203.0.113.7"], peer=peer) is None


@pytest.mark.parametrize(("text", "believed"), TRUSTED.items())
def test_remoteip_internal_proxy(text, believed):
    assert (ask("internal", ["203.0.113.7"], trusted=[text]) == "203.0.113.7") == believed


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_httpd_would_not_start_with_is_refused(text):
    with pytest.raises(ConfigFault, match="mod_remoteip"):
        DIALECTS["apache-trusted"].build(XFF, [text])


def test_a_mask_with_gaps_is_refused_though_httpd_takes_it():
    with pytest.raises(ConfigFault, match=r"255\.0\.255\.0"):
        DIALECTS["apache-internal"].build(XFF, ["10.0.0.0/255.0.255.0"])


def test_a_header_without_a_name_is_refused():
    with pytest.raises(ConfigFault, match="RemoteIPHeader"):
        DIALECTS["apache-internal"].build("", CLUSTER)


@given(
    st.lists(st.text() | st.text("01:.,/ xaf"), max_size=4),
    st.sampled_from(["internal", "trusted"]),
    st.sampled_from([CLUSTER, []]),
)
def test_nothing_is_raised_and_the_client_is_the_peer_or_an_entry(values, kind, trusted):
    client = ask(kind, values, trusted=trusted)
    found = [parse_entry(entry) for entry in entries(", ".join(values))]
    assert client in {"10.0.0.1", *(one.path or printed(one.hop.packed) for one in found if one)}


@given(st.lists(st.sampled_from(["10.0.0.2", "203.0.113.7", "2001:db8:10::2", "x", ""]), max_size=6))
def test_a_trusted_proxy_gets_no_further_than_an_internal_one(values):
    strict = ask("trusted", values)
    assert strict == "10.0.0.1" or strict in ", ".join(values)
    if strict == "203.0.113.7":
        assert ask("internal", values) == strict
