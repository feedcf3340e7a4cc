"""How other programs read Forwarded: the answers are theirs, of aiohttp 3.14, forwarded-parse 2.2 and HAProxy's C."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip.forwarded import ForwardedError, parse_field
from echo.clientip.forwarded.readers import aiohttp, forwarded_parse, haproxy_valid

# fields -> elements
AIOHTTP = {
    # realistic
    ("for=1.2.3.4, for=203.0.113.7",): [{"for": "1.2.3.4"}, {"for": "203.0.113.7"}],
    ("for=1.2.3.4", "FOR=203.0.113.7"): [{"for": "1.2.3.4"}, {"for": "203.0.113.7"}],
    ('for="[2001:db8:20::7]:4711"',): [{"for": "[2001:db8:20::7]:4711"}],
    ("for=203.0.113.7:4711",): [{"for": "203.0.113.7:4711"}],
    ("for=1.2.3.4;for=203.0.113.7;for=10.0.0.2",): [{"for": "10.0.0.2"}],
    (";For=identifier;;PROTO=https;;;",): [{"for": "identifier", "proto": "https"}],
    # synthetic: at an error it goes on behind the next comma, and keeps what it had
    ("",): [{}],
    (): [],
    (",for=a",): [{}, {"for": "a"}],
    ("very bad syntax, for=_real",): [{}, {"for": "_real"}],
    ("for=_a x;by=b, for=_real",): [{"for": "_a"}, {"for": "_real"}],
    ("for =1.2.3.4", "for= 1.2.3.4"): [{}, {}],
    ("for=1.2.3.4:47110",): [{"for": "1.2.3.4:4711"}],
    ('for="\xe9", for=a',): [{}, {"for": "a"}],
    (r'for="a\"b\\"',): [{"for": 'a"b\\'}],
    # pathological
    ('for=_injected;by="', "for=_real;by=_actual_proxy"): [
        {"for": "_injected"},
        {"for": "_real", "by": "_actual_proxy"},
    ],
    ('for=_injected;by=", for=_real',): [{"for": "_injected"}, {"for": "_real"}],
    ('for="1.2.3.4, for=9.9.9.9", for=203.0.113.7',): [{"for": "1.2.3.4, for=9.9.9.9"}, {"for": "203.0.113.7"}],
    (";" * 1_000_000 + "for=a",): [{"for": "a"}],
}

# fields -> elements
FORWARDED_PARSE = {
    # realistic
    ("for=1.2.3.4, for=203.0.113.7",): [{"for": "1.2.3.4"}, {"for": "203.0.113.7"}],
    ("for=1.2.3.4", "FOR=203.0.113.7"): [{"for": "1.2.3.4"}, {"for": "203.0.113.7"}],
    ('foo=a;bar=b; baz=c ;qux="d"  ;  norf=e',): [{"foo": "a", "bar": "b", "baz": "c", "qux": "d", "norf": "e"}],
    ('foo=",;"',): [{"foo": ",;"}],
    (r'foo="ba\r"',): [{"foo": "bar"}],
    ('foo=a,Foo=""',): [{"foo": "a"}, {"foo": ""}],
    # synthetic
    ("for=a;for=b",): [{"for": "b"}],
    ('for="\xe9"',): [{"for": "\xe9"}],
    ('for="1.2.3.4', 'for=203.0.113.7"'): [{"for": "1.2.3.4, for=203.0.113.7"}],
}
NOT_FORWARDED_PARSE = [
    *([], [""], ["for=a,"], [",for=a"], ["for=a,,for=b"], ["for=a;;by=b"], ["for=a;"], ["for=a "], [" for=a"]),
    *(["for =a"], ["for= a"], ["for="], ["=a"], ["f@r=a"], ["for=[::1]"], ['for="a"b, for=c'], [r"for=b\ar"]),
    *(['for="1.2.3.4, for=203.0.113.7'], ['for=1.2.3.4;by="', "for=203.0.113.7"], ['for="\x7f"'], ['for="\u0100"']),
]

VALID = [
    # realistic
    "for=127.9.0.1",
    "by=203.0.113.43;for=203.0.113.7;host=example.com;proto=https",
    'for="unknown:132";host="[::1]:65535";by="_obfs:_port";proto=https',
    'by="127.0.0.3:10";for="127.0.0.2:_id"',
    # synthetic
    "for=unknown",
    'for="203.0.113.7"',
    "for=0.0.0.0",
    'by="[::]:3"',
    'host="h.example:00080"',
    "host=;proto=http",
    "by=_a;for=_b;host=c;proto=http, and nobody looks further",
]
NOT_VALID = [
    # realistic
    *("for=203.0.113.7,by=_b", "for=203.0.113.7, for=_b", "for=203.0.113.7:4711", 'for="2001:db8::7"', "for=[::1]"),
    *("For=203.0.113.7", "for=203.0.113.7;secret=x", "for=203.0.113.7; proto=https", "host=my-host"),
    # synthetic
    *("", "for=", "for", "for=_", "proto=http;proto=http", 'proto="http"', "proto=HTTP", "proto=httpx", "host=h:80"),
    *('for="203.0.113.\\7"', 'for="203.0.113.7', 'for="203.0.113.7:0"', 'for="203.0.113.7:65536"', 'for="_a:"'),
    *('for="[203.0.113.7]"', "for=203.0.113.07", "for=203.0.113.7;", ";for=203.0.113.7", "for=unknow", "for=unknownx"),
    # pathological
    *('for="1.2.3.4:' + "9" * 1_000_000 + '"', "for=_" + "a" * 1_000_000 + ","),
]


@pytest.mark.parametrize(("fields", "elements"), AIOHTTP.items(), ids=lambda value: repr(value)[:50])
def test_aiohttp(fields, elements):
    assert aiohttp(fields) == elements


@pytest.mark.parametrize(("fields", "elements"), FORWARDED_PARSE.items(), ids=lambda value: repr(value)[:50])
def test_forwarded_parse(fields, elements):
    assert forwarded_parse(fields) == elements


@pytest.mark.parametrize("fields", NOT_FORWARDED_PARSE, ids=ascii)
def test_forwarded_parse_refuses(fields):
    with pytest.raises(ForwardedError):
        forwarded_parse(fields)


@pytest.mark.parametrize("text", VALID)
def test_haproxy_takes(text):
    assert haproxy_valid(text)


@pytest.mark.parametrize("text", NOT_VALID, ids=lambda text: text[:50])
def test_haproxy_does_not_take(text):
    assert not haproxy_valid(text)


# --- properties -------------------------------------------------------------------------------------------------------

NAMES = ["for", "by", "host", "proto"]
values = st.text("aZ09.:[]_-, ;=", min_size=1)
elements = st.dictionaries(st.sampled_from([*NAMES, "secret"]), values.map('"{}"'.format), min_size=1)
nodes = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.integers(1, 65535).map('"203.0.113.7:{}"'.format),
    st.ip_addresses(v=6).filter(lambda address: not address.ipv4_mapped and int(address) > 1).map('"[{}]"'.format),
    st.sampled_from(["unknown", "_hidden", '"_a:_b"']),
)


def written(element):
    return ";".join(f"{name}={value}" for name, value in element.items())


@given(st.lists(elements, min_size=1), st.lists(elements, min_size=1))
def test_who_reads_fields_of_the_grammar_reads_what_they_say(first, second):
    fields = [", ".join(map(written, first)), ",".join(map(written, second))]
    assert aiohttp(fields) == forwarded_parse(fields) == [*parse_field(fields[0]), *parse_field(fields[1])]


@given(st.dictionaries(st.sampled_from(["for", "by"]), nodes, min_size=1), st.sampled_from(["", ";proto=https"]))
def test_haproxy_takes_every_node_of_the_grammar(element, proto):
    text = written(element) + proto
    assert haproxy_valid(text)
    assert parse_field(text)


@given(st.text('for=by"_:;, \\[]1.u') | st.text())
def test_any_text_is_read_or_refused_with_the_documented_error(text):
    assert all(isinstance(element, dict) for element in aiohttp([text]))
    assert haproxy_valid(text) in (True, False)
    with contextlib.suppress(ForwardedError):
        assert forwarded_parse([text])
