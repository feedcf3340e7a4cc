"""Werkzeug: ProxyFix(x_for=N). Werkzeug 3.1.9 gave these answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.werkzeug import split_list

PEER = "10.0.0.1:40000"
XFF = "X-Forwarded-For"


def client(count, *values, peer=PEER, trusted=("10.0.0.0/8",), proxied=None):
    resolve = DIALECTS["werkzeug-count"].build(count, trusted)
    return resolve(Arrival(peer, [(XFF, value) for value in values], proxied)).client


# fields of X-Forwarded-For -> client with x_for 1, 2
COUNTED = {
    # realistic
    (): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7",): ("203.0.113.7", "10.0.0.1"),
    ("1.2.3.4, 203.0.113.7",): ("203.0.113.7", "1.2.3.4"),
    ("1.2.3.4, 203.0.113.7, 10.0.0.2",): ("10.0.0.2", "203.0.113.7"),
    ("1.2.3.4", "203.0.113.7"): ("203.0.113.7", "1.2.3.4"),
    ("10.0.0.4, 10.0.0.3",): ("10.0.0.3", "10.0.0.4"),
    # any text is a client
    ("unknown, 10.0.0.2:80",): ("10.0.0.2:80", "unknown"),
    ("[2001:db8::7]:51234, fe80::7%eth0",): ("fe80::7%eth0", "[2001:db8::7]:51234"),
    ("1.2.3.4; 203.0.113.7",): ("1.2.3.4; 203.0.113.7", "10.0.0.1"),
    # empty values do not count
    ("",): ("10.0.0.1", "10.0.0.1"),
    (",",): ("10.0.0.1", "10.0.0.1"),
    ("203.0.113.7,",): ("203.0.113.7", "10.0.0.1"),
    ("203.0.113.7", ""): ("203.0.113.7", "10.0.0.1"),
    ("1.2.3.4, , 203.0.113.7",): ("203.0.113.7", "1.2.3.4"),
    (" 1.2.3.4 ,\t203.0.113.7\t",): ("203.0.113.7", "1.2.3.4"),
    # quotes hide commas, over fields too; an open one leaves nothing
    ('1.2.3.4, "203.0.113.7"',): ("203.0.113.7", "1.2.3.4"),
    ('1.2.3.4, "a, b"',): ("a, b", "1.2.3.4"),
    ('1.2.3.4, ""',): ("10.0.0.1", "1.2.3.4"),
    ('1.2.3.4, "203.0.113.7',): ("10.0.0.1", "10.0.0.1"),
    ('1.2.3.4"', '"203.0.113.7'): ('1.2.3.4","203.0.113.7', "10.0.0.1"),
    # pathological
    ("," * 1_000_000,): ("10.0.0.1", "10.0.0.1"),
    ("9" * 1_000_000,): ("9" * 1_000_000, "10.0.0.1"),
    ('"' * 99_999,): ("10.0.0.1", "10.0.0.1"),
}

# header -> its values
LISTS = {
    "": [],
    "a,b": ["a", "b"],
    ' "a" , b ': ["a", "b"],
    '"a,b", c': ["a,b", "c"],
    r'"a\"b\\c\d"': [r'a"b\cd'],
    r"a\"b": [],
    r'"a\": ': [],
    r'"\\"': ["\\"],
    'a"b,c"d': ['a"b,c"d'],
    '"a" "b"': ['a" "b'],
    '"a"b': ['"a"b'],
    '"': [],
    '""': [""],
    '"a\nb"': ["a\nb"],
    "\xa0a": ["\xa0a"],
}


@pytest.mark.parametrize(("values", "clients"), COUNTED.items(), ids=lambda value: repr(value)[:60])
def test_client_is_counted_from_the_right(values, clients):
    assert (client("1", *values), client("2", *values)) == clients


def test_nothing_is_read_where_nothing_is_trusted():
    assert client("0", "203.0.113.7") == "10.0.0.1"


@pytest.mark.parametrize("peer", ["198.51.100.9:40000", "[2001:db8:99::1]:40000", "@", None])
def test_whoever_connects_is_believed(peer):
    assert client("1", "1.2.3.4", peer=peer) == "1.2.3.4"


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
    assert client("1", peer=peer, proxied=proxied) == expected


@pytest.mark.parametrize(("text", "expected"), LISTS.items())
def test_a_list(text, expected):
    assert split_list(text) == expected


@given(st.lists(st.text(st.characters(exclude_characters='",\\'), min_size=1)))
def test_quoted_values_come_back(items):
    assert split_list(", ".join(f'"{item}"' for item in items)) == items


@pytest.mark.parametrize("argument", ["", "-1", "+1", "x", "1.5", "1_0", " 1", "\u0661", "9" * 10_000])
def test_count_is_a_whole_number(argument):
    with pytest.raises(ConfigFault, match="write a whole number from 0 on"):
        DIALECTS["werkzeug-count"].build(argument, [])
