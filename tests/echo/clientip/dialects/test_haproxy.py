"""HAProxy: set-src from a header, and option forwardfor. HAProxy 2.6.12 gave the same answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.haproxy import entries

PEER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF = "X-Forwarded-For"


def client(*values, argument="-1:x-forwarded-for", peer=PEER, trusted=CLUSTER, proxied=None):
    resolve = DIALECTS["haproxy-hdr-ip"].build(argument, trusted)
    return resolve(Arrival(peer, [(XFF, value) for value in values], proxied)).client


def added(peer, *trusted):
    return dict(DIALECTS["haproxy-forwardfor-except"].build("", trusted)(Arrival(peer, [])).sent).get(XFF)


# fields of X-Forwarded-For -> client
LAST = {
    # realistic
    (): "10.0.0.1",
    ("203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7",): "203.0.113.7",
    ("203.0.113.7, 10.0.0.2",): "10.0.0.2",
    ("1.2.3.4", "203.0.113.7"): "203.0.113.7",
    ("203.0.113.7:51234",): "203.0.113.7",
    ("2001:db8:20::7",): "2001:db8:20::7",
    ("203.0.113.7, unknown",): "10.0.0.1",
    # synthetic, entries
    ("203.0.113.7", ""): "10.0.0.1",
    ("203.0.113.7,",): "10.0.0.1",
    (",",): "10.0.0.1",
    ("1.2.3.4 ,\t 203.0.113.7 ",): "203.0.113.7",
    ("1.2.3.4 203.0.113.7",): "10.0.0.1",
    ("1.2.3.4; 203.0.113.7",): "10.0.0.1",
    # synthetic, addresses
    ("[2001:db8:20::7]",): "10.0.0.1",
    ("[2001:db8:20::7]:51234",): "10.0.0.1",
    ("fe80::7%eth0",): "10.0.0.1",
    ("::1%1",): "10.0.0.1",
    ("::ffff:cb00:7107",): "::ffff:203.0.113.7",
    ("::1.2.3.4",): "::1.2.3.4",
    ("::ffff:001.2.3.4",): "10.0.0.1",
    ("203.0.113.007",): "203.0.113.7",
    ("0000000203.0.113.7",): "203.0.113.7",
    ("0.0.0.0",): "0.0.0.0",
    ("127.1",): "10.0.0.1",
    ("1..2.3",): "10.0.0.1",
    ("1.2.3.4.",): "10.0.0.1",
    (".1.2.3.4",): "10.0.0.1",
    ("1.2.3.256",): "10.0.0.1",
    ("1.2.3.4/24",): "10.0.0.1",
    # synthetic, ports
    ("1.2.3.4:",): "10.0.0.1",
    ("1.2.3.4:0",): "1.2.3.4",
    ("1.2.3.4:000080",): "1.2.3.4",
    ("1.2.3.4:65535",): "1.2.3.4",
    ("1.2.3.4:65536",): "10.0.0.1",
    ("1.2.3.4:99999999999999999999",): "10.0.0.1",
    ("1.2.3.4:+8",): "10.0.0.1",
    ("1.2.3.4:8x",): "10.0.0.1",
    # pathological, a sign without a number, quotes that swallow commas
    ("1.2.3.4:-",): "1.2.3.4",
    ("1.2.3.4:-00",): "1.2.3.4",
    ("1.2.3.4:-1",): "10.0.0.1",
    ('"1.2.3.4"',): "10.0.0.1",
    ('a", 203.0.113.7',): "10.0.0.1",
    ('"a, b", 203.0.113.7',): "203.0.113.7",
    ('"a\\", 203.0.113.7',): "10.0.0.1",
    ('"a\\\\", 203.0.113.7',): "203.0.113.7",
    ('\\", 203.0.113.7',): "10.0.0.1",
    ('"', "203.0.113.7"): "203.0.113.7",
}


@pytest.mark.parametrize(("values", "expected"), LAST.items())
def test_client_is_the_last_entry(values, expected):
    assert client(*values) == expected


@pytest.mark.parametrize(
    ("occ", "expected"),
    {
        "1": "1.1.1.1",
        "2": "2.2.2.2",
        "4": "4.4.4.4",
        "5": "10.0.0.1",
        "0": "4.4.4.4",
        "-0": "4.4.4.4",
        "-1": "4.4.4.4",
        "-2": "10.0.0.1",
        "-4": "1.1.1.1",
        "-5": "10.0.0.1",
        "-10": "10.0.0.1",
        "2147483647": "10.0.0.1",
    }.items(),
)
def test_occurrences_count_over_all_fields(occ, expected):
    assert client("1.1.1.1, 2.2.2.2", "", "4.4.4.4", argument=f"{occ}:{XFF}") == expected


def test_other_headers_do_not_count():
    assert client("203.0.113.7", argument="-1:cf-connecting-ip") == "10.0.0.1"


# peer, trusted -> whether the header is read
@pytest.mark.parametrize(
    ("peer", "trusted", "believed"),
    [
        ("198.51.100.9:1", CLUSTER, False),
        ("[2001:db8:10::1]:1", CLUSTER, True),
        ("[2001:db8:99::1]:1", CLUSTER, False),
        ("[::ffff:10.0.0.1]:1", CLUSTER, True),
        ("[::10.0.0.1]:1", CLUSTER, True),
        ("[2002:a00:1::]:1", CLUSTER, True),
        ("[2002:b00:1::]:1", CLUSTER, False),
        ("[64:ff9b::10.0.0.1]:1", CLUSTER, False),
        ("[2001:db8::1]:1", ["0.0.0.0/0"], False),
        ("10.0.0.1:1", ["::/0"], True),
        ("10.0.0.1:1", ["::ffff:10.0.0.0/104"], True),
        ("[::10.0.0.1]:1", ["::ffff:10.0.0.0/104"], False),
        ("10.9.9.0:1", ["10.0.0.0/255.0.0.255"], True),
        ("10.9.9.1:1", ["10.0.0.0/255.0.0.255"], False),
        ("8.0.0.1:1", ["010.0.0.1"], True),
        ("198.51.100.9:1", [], True),
        ("@", CLUSTER, False),
        ("@", [], True),
        (None, CLUSTER, False),
    ],
)
def test_header_is_read_from_trusted_peers(peer, trusted, believed):
    assert (client("203.0.113.7", peer=peer, trusted=trusted) == "203.0.113.7") == believed


def test_source_of_a_proxy_header_is_the_peer():
    assert client("203.0.113.7", proxied="198.51.100.9:1") == "198.51.100.9"
    assert client("203.0.113.7", peer="198.51.100.9:1", proxied="10.0.0.2:1") == "203.0.113.7"


# peer, except -> the field added
@pytest.mark.parametrize(
    ("asked", "expected"),
    {
        # realistic
        ("10.0.0.128", "10.0.0.1/25"): "10.0.0.128",
        ("10.0.0.1", "10.0.0.1/25"): None,
        ("[2001:db8:1f89::1]:80", "2001:db8:1f89::/48"): None,
        ("[2001:db8:1f90::1]:80", "2001:db8:1f89::/48"): "2001:db8:1f90::1",
        ("10.0.0.1:80",): "10.0.0.1",
        # synthetic: only the last network, only its family
        ("10.0.0.1", "10.0.0.0/8", "2001:db8:10::/48"): "10.0.0.1",
        ("10.0.0.1", "::/0"): "10.0.0.1",
        ("::ffff:10.0.0.1", "10.0.0.0/8"): "::ffff:10.0.0.1",
        ("::ffff:10.0.0.1", "::ffff:10.0.0.0/104"): None,
        # pathological
        ("@",): None,
        (None,): None,
        ("junk",): None,
    }.items(),
)
def test_forwardfor_adds_the_peer(asked, expected):
    assert added(*asked) == expected


@pytest.mark.parametrize(
    "argument", ["", "-1", "x-forwarded-for", "-1:", ":h", "a:h", "--1:h", " 1:h", "1_0:h", "2147483648:h"]
)
def test_argument_is_occurrence_and_header(argument):
    with pytest.raises(ConfigFault, match="-1:x-forwarded-for"):
        DIALECTS["haproxy-hdr-ip"].build(argument, CLUSTER)


def test_history_is_ten_entries():
    with pytest.raises(ConfigFault, match="-11 is below -10"):
        DIALECTS["haproxy-hdr-ip"].build("-11:h", CLUSTER)


@pytest.mark.parametrize("name", ["haproxy-hdr-ip", "haproxy-forwardfor-except"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.example",
        "unix:",
        "10.0.0.1/33",
        "10.0.0.1/",
        "10.0.0.1/-1",
        "::1/129",
        "::1/",
        "10.0.0.1/8/8",
        "fe80::1%1/64",
    ],
)
def test_trusted_are_networks(name, text):
    one = DIALECTS[name]
    with pytest.raises(ConfigFault, match="is not a valid IPv4 or IPv6 address"):
        one.build(one.argument, [text])


def test_forwardfor_takes_no_argument():
    with pytest.raises(ConfigFault, match="leave it out"):
        DIALECTS["haproxy-forwardfor-except"].build("if-none", [])


LINE = st.text(alphabet=st.one_of(st.sampled_from(list('0123456789abf.:,[]%"\\- \t')), st.characters()))


@given(LINE)
def test_any_text_gives_the_last_entry_or_the_peer(line):
    assert client(line) in (client(list(entries(line))[-1]), "10.0.0.1")


@given(LINE.filter(lambda line: '"' not in line))
def test_without_quotes_commas_separate(line):
    assert len(list(entries(line))) == line.count(",") + 1
