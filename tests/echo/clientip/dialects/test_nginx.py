"""nginx: what realip makes of a request. nginx 1.22.1 gave the same answers to all that fits into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Answer, Arrival
from echo.clientip.dialects.nginx import entries, parse_addr, parse_entry

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"


def ask(recursive, values, header=XFF, peer=PEER, trusted=CLUSTER, proxied=None):
    resolve = DIALECTS[f"nginx-recursive-{recursive}"].build(header, trusted)
    return resolve(Arrival(peer, [(header, value) for value in values], proxied))


# fields of X-Forwarded-For -> client with real_ip_recursive off, with on
WALKS = {
    # realistic
    (): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4, 203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4, 203.0.113.7, 10.0.0.2, 10.0.0.3",): ("10.0.0.3", "203.0.113.7"),
    ("1.2.3.4", "203.0.113.7"): ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.7", "10.0.0.2"): ("10.0.0.2", "203.0.113.7"),
    ("10.0.0.4, 10.0.0.3",): ("10.0.0.3", "10.0.0.4"),
    ("203.0.113.7, unknown, 10.0.0.2",): ("10.0.0.2", "10.0.0.2"),
    ("203.0.113.7, 10.0.0.2:4444",): ("10.0.0.2", "203.0.113.7"),
    ("203.0.113.7, ::ffff:10.0.0.2",): ("::ffff:10.0.0.2", "203.0.113.7"),
    # synthetic
    ("",): ("10.0.0.1", "10.0.0.1"),
    (",",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7", ""): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7,, ,",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4 203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    ("1.2.3.4,\t203.0.113.7",): ("10.0.0.1", "10.0.0.1"),
    (", 203.0.113.7",): ("203.0.113.7", "203.0.113.7"),
    (",203.0.113.7",): ("10.0.0.1", "10.0.0.1"),
    # pathological
    ("," * 1_000_000,): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): ("10.0.0.2", "203.0.113.7"),
    ("9" * 1_000_000,): ("10.0.0.1", "10.0.0.1"),
    (":" * 1_000_000,): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7, \0",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7, \ud800",): ("10.0.0.1", "10.0.0.1"),
}

# entry -> address, port; None where nginx takes it for no address
ENTRIES = {
    # realistic
    "203.0.113.7:51234": ("203.0.113.7", 51234),
    "[2001:db8:20::7]:51234": ("2001:db8:20::7", 51234),
    "2001:DB8:0:0:0::7": ("2001:db8::7", None),
    "[2001:db8:20::7]": None,
    "fe80::7%eth0": None,
    "unknown": None,
    '"203.0.113.7"': None,
    "203.0.113.7/24": None,
    # synthetic
    "203.0.113.007": ("203.0.113.7", None),
    "203.0.113.010": ("203.0.113.10", None),
    "1..2.3": ("1.0.2.3", None),
    "...": ("0.0.0.0", None),
    "127.1": None,
    "3405803783": None,
    "203.0.113.256": None,
    "255.255.255.255": None,
    "::ffff:255.255.255.255": None,
    "[203.0.113.7]:80": ("203.0.113.7", 80),
    "203.0.113.7:065535": ("203.0.113.7", 65535),
    "203.0.113.7:65536": None,
    "203.0.113.7:0": None,
    "203.0.113.7:": None,
    ":1:2:3:4:5:6:7:8": ("1:2:3:4:5:6:7:8", None),
    "1:2:3:4:5:6:7:8:": None,
    "1:2:3:4:5:6:7:": None,
    ":1.2.3.4": None,
    "1::2:": ("1::2:0", None),
    "1::": ("1::", None),
    "::": ("::", None),
    ":": None,
    ":::": None,
    "1::2::3": None,
    "1:2:3:4:5:6:7::": None,
    "1:2:3:4:5:6::8": ("1:2:3:4:5:6:0:8", None),
    "1:2:3:4:5:6:1.2.3.4": ("1:2:3:4:5:6:102:304", None),
    "1:2:3:4:5:6:7:1.2.3.4": None,
    "1:2:3:4:5:1.2.3.4": None,
    "::0255.1.1.1": ("::255.1.1.1", None),
    "::00255.1.1.1": None,
    "::.1.2.3": None,
    "::g": None,
    "12345::": None,
    # pathological
    "\u0661.2.3.4": None,
    "1_1.2.3.4": None,
    "0" * 1_000_000 + "1.2.3.4": ("1.2.3.4", None),
    "203.0.113.7:" + "9" * 1_000_000: None,
}

# set_real_ip_from -> whether 10.0.0.1 is believed
TRUSTED = {
    # realistic
    ("10.0.0.0/8",): True,
    ("10.0.0.1",): True,
    ("10.1.2.3/8",): True,
    ("0.0.0.0/0",): True,
    ("::/0",): False,
    (): False,
    ("unix:",): False,
    # synthetic
    ("10.0.0.0/008",): True,
    ("10..0.1",): True,
    ("10.1",): True,
    ("::ffff:10.0.0.0/104",): False,
}
REFUSED = ("", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/255.0.0.0", "lb.example", "[::1]", "\0")


@pytest.mark.parametrize(("values", "clients"), WALKS.items(), ids=lambda value: repr(value)[:60])
def test_the_walk(values, clients):
    assert tuple(ask(recursive, values).client for recursive in ("off", "on")) == clients


@pytest.mark.parametrize(("text", "answer"), ENTRIES.items(), ids=lambda value: repr(value)[:60])
def test_an_entry(text, answer):
    client, port = answer or ("10.0.0.1", 40000)
    assert ask("off", [text]) == Answer(client, port=port)


@pytest.mark.parametrize("recursive", ["off", "on"])
def test_a_peer_that_is_not_trusted_is_the_client(recursive):
    assert ask(recursive, ["203.0.113.7"], peer="198.51.100.9:40000").client == "198.51.100.9"


@pytest.mark.parametrize("header", ["X-Real-IP", "CF-Connecting-IP", "x-forwarded-for"])
def test_any_header_but_one_is_read_in_its_first_field_as_a_list(header):
    assert ask("on", ["1.2.3.4, 203.0.113.7, 10.0.0.2", "9.9.9.9"], header=header).client == "203.0.113.7"


def test_a_field_whose_name_has_an_underscore_is_dropped():
    resolve = DIALECTS["nginx-recursive-on"].build("X_Real_IP", CLUSTER)
    assert resolve(Arrival(PEER, [("X_Real_IP", "203.0.113.7")])).client == "10.0.0.1"


def test_a_mapped_peer_is_trusted_as_ipv4_and_printed_mapped():
    assert ask("on", ["203.0.113.7"], peer="[::ffff:10.0.0.1]:40000").client == "203.0.113.7"
    assert ask("on", [], peer="[::ffff:10.0.0.1]:40000").client == "::ffff:10.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "client"), [(["unix:", "10.0.0.1"], "203.0.113.7"), (["0.0.0.0/0", "::/0"], None)], ids=repr
)
def test_a_unix_peer_is_trusted_by_name(trusted, client):
    assert ask("on", ["203.0.113.7, 10.0.0.1"], peer="unix:", trusted=trusted).client == client


@pytest.mark.parametrize(
    ("peer", "proxied", "client"),
    [
        (PEER, "203.0.113.7:51234", Answer("203.0.113.7", port=51234)),
        (PEER, "[2001:db8::7]:51234", Answer("2001:db8::7", port=51234)),
        (PEER, "255.255.255.255:1", Answer("10.0.0.1", port=40000)),
        (PEER, None, Answer("10.0.0.1", port=40000)),
        ("198.51.100.9:40000", "203.0.113.7:51234", Answer("198.51.100.9", port=40000)),
    ],
)
def test_the_proxy_header_is_read_when_it_is_named_and_its_sender_trusted(peer, proxied, client):
    assert ask("on", ["1.2.3.4"], header="proxy_protocol", peer=peer, proxied=proxied) == client


def test_the_proxy_header_is_ignored_when_another_is_named():
    assert ask("on", ["1.2.3.4"], proxied="203.0.113.7:51234").client == "1.2.3.4"


@pytest.mark.parametrize("peer", [None, "", "nobody", "\ud800"])
def test_a_peer_without_an_address_has_no_client(peer):
    assert ask("on", ["203.0.113.7"], peer=peer) == Answer(None)


@pytest.mark.parametrize(("trusted", "believed"), TRUSTED.items(), ids=repr)
def test_set_real_ip_from(trusted, believed):
    assert (ask("on", ["203.0.113.7"], trusted=trusted).client == "203.0.113.7") == believed


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_nginx_would_not_start_with_is_refused(text):
    with pytest.raises(ConfigFault, match="set_real_ip_from"):
        DIALECTS["nginx-recursive-on"].build(XFF, [text])


def test_a_header_without_a_name_is_refused():
    with pytest.raises(ConfigFault, match="real_ip_header"):
        DIALECTS["nginx-recursive-on"].build("", CLUSTER)


@given(st.lists(st.text() | st.text("01:.,[] af"), max_size=4), st.sampled_from(["off", "on"]))
def test_nothing_is_raised_and_the_client_is_the_peer_or_an_entry(values, recursive):
    client = ask(recursive, values).client
    found = (parse_entry(entry) for entry in entries(values))
    assert client == "10.0.0.1" or parse_addr(client) in {hop.packed for hop in found if hop}


@given(st.lists(st.sampled_from(["10.0.0.2", "203.0.113.7", "1.2.3.4", "x", ""]), max_size=6))
def test_off_is_the_first_step_of_on(values):
    first = ask("off", values).client
    if first not in ("10.0.0.1", "10.0.0.2"):
        assert ask("on", values).client == first


@given(st.ip_addresses(), st.integers(1, 65535))
def test_every_address_is_read_back_with_and_without_a_port(address, port):
    if str(address) != "255.255.255.255":
        shown = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        assert parse_entry(str(address)) == (address.packed, 0)
        assert parse_entry(shown) == (address.packed, port)
