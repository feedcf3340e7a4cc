"""Envoy by hops and by CIDRs. Envoy 1.40 gave the same answers to all that a request can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Answer, Arrival
from echo.clientip.dialects.envoy import MAX_ENTRIES

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"
EXTERNAL = "X-Envoy-External-Address"


def arrive(*values, peer=PEER, proxied=None):
    return Arrival(peer, [(XFF, value) for value in values], proxied)


def by_hops(argument, *values, **arrival):
    return DIALECTS["envoy-hops"].build(argument, [])(arrive(*values, **arrival))


def by_cidrs(*values, trusted=CLUSTER, **arrival):
    return DIALECTS["envoy-cidrs"].build("", trusted)(arrive(*values, **arrival))


# hops:mode, fields of X-Forwarded-For -> client
COUNTED = {
    # realistic, the examples of Envoy's documentation
    ("0:edge", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "10.0.0.1",
    ("1:edge", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "203.0.113.1",
    ("2:edge", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "203.0.113.10",
    ("3:edge", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "203.0.113.128",
    ("4:edge", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "10.0.0.1",
    ("0:internal", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "203.0.113.1",
    ("2:internal", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "203.0.113.128",
    ("3:internal", "203.0.113.128, 203.0.113.10, 203.0.113.1"): "10.0.0.1",
    ("1:edge",): "10.0.0.1",
    ("0:internal",): "10.0.0.1",
    # synthetic, fields and entries
    ("1:edge", "1.2.3.4", "203.0.113.7"): "203.0.113.7",
    ("2:edge", "1.2.3.4", "203.0.113.7"): "1.2.3.4",
    ("1:edge", "203.0.113.7", ""): "203.0.113.7",
    ("1:edge", "203.0.113.7", " \t"): "203.0.113.7",
    ("1:edge", "203.0.113.7,"): "10.0.0.1",
    ("2:edge", "203.0.113.7,"): "203.0.113.7",
    ("1:edge", ", 203.0.113.7"): "203.0.113.7",
    ("1:edge", ","): "10.0.0.1",
    ("1:edge", "1.2.3.4,\t 203.0.113.7 "): "203.0.113.7",
    ("1:edge", "1.2.3.4 203.0.113.7"): "10.0.0.1",
    ("1:edge", "203.0.113.7:51234"): "10.0.0.1",
    ("1:edge", "[2001:db8:20::7]"): "10.0.0.1",
    ("1:edge", "2001:0DB8:20:0:0::7"): "2001:db8:20::7",
    ("1:edge", "::ffff:cb00:7107"): "::ffff:203.0.113.7",
    ("1:edge", "203.0.113.007"): "10.0.0.1",
    ("1:edge", "127.1"): "10.0.0.1",
    ("1:edge", "0.0.0.0"): "0.0.0.0",
    ("1:edge", "::"): "::",
    # pathological, zones
    ("1:edge", "fe80::7%eth0"): "10.0.0.1",
    ("1:edge", "fe80::7%3"): "fe80::7%3",
    ("1:edge", "2001:db8::7%03"): "2001:db8::7%3",
    ("1:edge", "fe80::7%0"): "fe80::7",
    ("1:edge", "fe80::7%"): "10.0.0.1",
    ("1:edge", "fe80::7%+1"): "10.0.0.1",
    ("1:edge", "fe80::7%4294967296"): "10.0.0.1",
    ("1:edge", "1.2.3.4%1"): "10.0.0.1",
    ("4294967295:internal", "1.2.3.4"): "10.0.0.1",
}


@pytest.mark.parametrize(("asked", "client"), COUNTED.items())
def test_client_is_counted_from_the_right(asked, client):
    argument, *values = asked
    assert by_hops(argument, *values).client == client


# fields of X-Forwarded-For -> client
WALKED = {
    # realistic
    (): "10.0.0.1",
    ("203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7, 10.0.0.2, 2001:db8:10::3",): "203.0.113.7",
    ("10.0.0.9, 203.0.113.7", "10.0.0.2"): "203.0.113.7",
    ("10.0.0.4, 10.0.0.3",): "10.0.0.4",
    # synthetic
    ("203.0.113.7, unknown, 10.0.0.2",): "10.0.0.1",
    ("unknown, 203.0.113.7",): "203.0.113.7",
    ("203.0.113.7,, 10.0.0.2",): "10.0.0.1",
    ("203.0.113.7,",): "10.0.0.1",
    ("203.0.113.7", ""): "203.0.113.7",
    ("203.0.113.7, 10.0.0.2:4444",): "10.0.0.1",
    ("203.0.113.7, ::ffff:10.0.0.2",): "::ffff:10.0.0.2",
    ("203.0.113.7, 2001:db8:10::2%5",): "203.0.113.7",
    # pathological, the count of entries
    (", " * (MAX_ENTRIES - 1) + "203.0.113.7",): "203.0.113.7",
    (", " * MAX_ENTRIES + "203.0.113.7",): "10.0.0.1",
    (", ".join(["203.0.113.7"] + ["10.0.0.2"] * (MAX_ENTRIES - 1)),): "203.0.113.7",
    (", ".join(["203.0.113.7"] + ["10.0.0.2"] * MAX_ENTRIES),): "10.0.0.1",
}


@pytest.mark.parametrize(("values", "client"), WALKED.items())
def test_client_is_the_rightmost_outside_the_cidrs(values, client):
    assert by_cidrs(*values).client == client


@pytest.mark.parametrize(
    ("peer", "client"),
    {
        "198.51.100.9:40000": "198.51.100.9",
        "[2001:db8:99::1]:40000": "2001:db8:99::1",
        "[2001:db8:10::1]:40000": "203.0.113.7",
        "[::ffff:10.0.0.1]:40000": "203.0.113.7",
        "@": None,
        "unix:/run/proxy.sock": None,
        None: None,
        "junk": None,
    }.items(),
)
def test_cidrs_ask_for_the_peer(peer, client):
    assert by_cidrs("203.0.113.7", peer=peer).client == client


def test_hops_never_ask_for_the_peer():
    assert {by_hops("1:edge", "203.0.113.7", peer=peer).client for peer in ("198.51.100.9:1", "@", None, "junk")} == {
        "203.0.113.7"
    }


def test_peer_of_a_proxy_header_stays_mapped():
    assert by_cidrs("203.0.113.7", proxied="10.0.0.2:1", peer="198.51.100.9:1").client == "203.0.113.7"
    assert by_cidrs("203.0.113.7", proxied="[::ffff:10.0.0.2]:1").client == "::ffff:10.0.0.2"


# trusted -> client of "1.2.3.4, 203.0.113.7" from 10.0.0.1
@pytest.mark.parametrize(
    ("trusted", "client"),
    {
        (): "203.0.113.7",
        ("bogus/8",): "203.0.113.7",
        ("0192.0.2.0/24",): "203.0.113.7",
        (" 192.0.2.0/24",): "203.0.113.7",
        ("bogus/8", "192.0.2.0/24"): "10.0.0.1",
        ("10.0.0.1",): "203.0.113.7",
        ("10.0.0.2",): "10.0.0.1",
        ("10.0.0.2/64",): "10.0.0.1",
        ("10.0.0.1/64",): "203.0.113.7",
        ("0.0.0.0/0",): "1.2.3.4",
        ("::/0",): "10.0.0.1",
        ("::ffff:10.0.0.0/104",): "10.0.0.1",
    }.items(),
)
def test_a_cidr_that_does_not_parse_is_left_out(trusted, client):
    assert by_cidrs("1.2.3.4, 203.0.113.7", trusted=trusted).client == client


# answer -> what is sent on
SENT = [
    (by_hops("0:edge"), {XFF: "10.0.0.1", EXTERNAL: "10.0.0.1"}),
    (by_hops("1:edge", "1.2.3.4, 203.0.113.7"), {XFF: "1.2.3.4, 203.0.113.7,10.0.0.1", EXTERNAL: "203.0.113.7"}),
    (by_hops("0:edge", "a", "", "b"), {XFF: "a,b,10.0.0.1", EXTERNAL: "10.0.0.1"}),
    (by_hops("0:edge", "1.2.3.4", peer="127.0.0.1:1"), {EXTERNAL: "127.0.0.1"}),
    (by_hops("0:edge", "1.2.3.4", peer="127.0.0.2:1"), {XFF: "1.2.3.4,127.0.0.2", EXTERNAL: "127.0.0.2"}),
    (by_hops("1:edge", "1.2.3.4", peer="@"), {EXTERNAL: "1.2.3.4"}),
    (by_hops("0:edge", peer="@"), {}),
    (by_hops("0:internal", "1.2.3.4"), {}),
    (by_hops("0:internal", "1.2.3.4", "5.6.7.8"), {XFF: "1.2.3.4,5.6.7.8"}),
    (by_cidrs("203.0.113.7"), {}),
    (by_cidrs("203.0.113.7", peer="198.51.100.9:1"), {XFF: "203.0.113.7,198.51.100.9"}),
    (by_cidrs("203.0.113.7", peer="[::1]:1"), {}),
]


@pytest.mark.parametrize(("answer", "sent"), SENT)
def test_next_hop_is_told(answer, sent):
    assert dict(answer.sent) == sent


@pytest.mark.parametrize(
    "argument", ["", "1", "edge", "1:", ":edge", "-1:edge", "1:outside", "x:edge", f"{2**32}:edge"]
)
def test_hops_are_a_number_and_a_mode(argument):
    with pytest.raises(ConfigFault, match="write it as 1:edge"):
        DIALECTS["envoy-hops"].build(argument, [])


@pytest.mark.parametrize("text", ["", "/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/129", "::/1_0"])
def test_prefix_is_up_to_128_bits(text):
    with pytest.raises(ConfigFault, match=r"10\.0\.0\.0/8"):
        DIALECTS["envoy-cidrs"].build("", [text])


def test_cidrs_take_no_argument():
    with pytest.raises(ConfigFault, match="leave it out"):
        DIALECTS["envoy-cidrs"].build("1:edge", CLUSTER)


LINE = st.text(alphabet=st.one_of(st.sampled_from(list('0123456789abf.:,[]%" \t')), st.characters()))


@given(LINE, st.sampled_from(["0:edge", "1:edge", "2:edge", "0:internal", "1:internal"]))
def test_any_text_gives_an_entry_or_the_peer(line, argument):
    answers = [by_hops(argument, line), by_cidrs(line)]
    assert all(isinstance(answer, Answer) and not answer.error for answer in answers)
    assert all(answer.client == "10.0.0.1" or answer.client for answer in answers)


@given(st.lists(st.ip_addresses().map(str), max_size=MAX_ENTRIES))
def test_one_more_hop_at_the_edge_is_one_less_inside(entries):
    line = ", ".join(entries)
    for count in range(len(entries) + 2):
        assert by_hops(f"{count + 1}:edge", line).client == by_hops(f"{count}:internal", line).client
