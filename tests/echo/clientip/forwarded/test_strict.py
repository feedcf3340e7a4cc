"""Forwarded by the letter of RFC 7239 §4 and §6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip.forwarded import ForwardedError, parse_field, parse_node

TCHARS = "!#$%&'*+-.^_`|~09azAZ"

# field -> elements
FIELDS = {
    # realistic: the examples of RFC 7239 §4, §6.3, §7.1 and §7.4
    'for="_gazonk"': [{"for": "_gazonk"}],
    'For="[2001:db8:cafe::17]:4711"': [{"for": "[2001:db8:cafe::17]:4711"}],
    "for=192.0.2.60;proto=http;by=203.0.113.43": [{"for": "192.0.2.60", "proto": "http", "by": "203.0.113.43"}],
    "for=192.0.2.43, for=198.51.100.17": [{"for": "192.0.2.43"}, {"for": "198.51.100.17"}],
    "for=_hidden, for=_SEVKISEK": [{"for": "_hidden"}, {"for": "_SEVKISEK"}],
    'for=192.0.2.43, for="[2001:db8:cafe::17]"': [{"for": "192.0.2.43"}, {"for": "[2001:db8:cafe::17]"}],
    'for="[2001:db8:cafe::17]",for=unknown': [{"for": "[2001:db8:cafe::17]"}, {"for": "unknown"}],
    # synthetic: what the grammar allows and few write
    "": [],
    ", ,\t,": [],
    ";": [],
    ";for=a;;by=b;": [{"for": "a", "by": "b"}],
    ",for=a,, \t,for=b,": [{"for": "a"}, {"for": "b"}],
    "for=a,;,for=b": [{"for": "a"}, {"for": "b"}],
    'for=""': [{"for": ""}],
    'x="a, b;c=d"': [{"x": "a, b;c=d"}],
    r'x="\"\\\a"': [{"x": '"\\a'}],
    'x="\t\xe9";y="\\\xff\\\t"': [{"x": "\t\xe9", "y": "\xff\t"}],
    f"{TCHARS}={TCHARS}": [{TCHARS.lower(): TCHARS}],
    "by=a,BY=b": [{"by": "a"}, {"by": "b"}],
}

# not a field -> the place of the first character that does not fit
NOT_FIELDS = {
    # realistic
    "for=203.0.113.7:4711": 15,
    "for=[2001:db8::7]": 0,
    "for=192.0.2.43; proto=http": 15,
    "for=192.0.2.43 ;proto=http": 14,
    "for= 192.0.2.43": 0,
    "for =192.0.2.43": 0,
    "for=192.0.2.43 ": 14,
    "for=192.0.2.43;for=198.51.100.17": 15,
    "for=192.0.2.43;For=198.51.100.17": 15,
    # synthetic
    "for=": 0,
    "for": 0,
    'for="a"b': 7,
    'for="a': 0,
    "for=a\\b": 5,
    "f@r=a": 0,
    "for=\xe9": 0,
    'for="\x7f"': 0,
    'for="\r\n"': 0,
    'for="\u0100"': 0,
    # pathological: what a client writes to swallow a proxy's element, and to burn time
    'for=_injected;by="': 14,
    'for="' + "\\" * 1_000_001: 0,
    "for=a" + " " * 1_000_000 + "x": 5,
}

# node -> name, port, address
NODES = {
    # realistic: the examples of RFC 7239 §6
    "192.0.2.43": ("192.0.2.43", "", "192.0.2.43"),
    "192.0.2.43:47011": ("192.0.2.43", "47011", "192.0.2.43"),
    "[2001:db8:cafe::17]": ("2001:db8:cafe::17", "", "2001:db8:cafe::17"),
    "[2001:db8:cafe::17]:47011": ("2001:db8:cafe::17", "47011", "2001:db8:cafe::17"),
    "unknown": ("unknown", "", "None"),
    "_hidden": ("_hidden", "", "None"),
    # synthetic
    "[2001:DB8:0::0017]": ("2001:db8::17", "", "2001:db8::17"),
    "[::ffff:192.0.2.43]": ("192.0.2.43", "", "192.0.2.43"),
    "192.0.2.43:_p.o-r_t": ("192.0.2.43", "_p.o-r_t", "192.0.2.43"),
    "Unknown:80": ("unknown", "80", "None"),
    "_Az0._-:0": ("_Az0._-", "0", "None"),
    "192.0.2.43:65535": ("192.0.2.43", "65535", "192.0.2.43"),
    "0.0.0.0": ("0.0.0.0", "", "None"),
    "[::]:80": ("::", "80", "None"),
    "[0:0::0]": ("::", "", "None"),
    "[::ffff:0.0.0.0]": ("0.0.0.0", "", "None"),
}
NOT_NODES = [
    *("", "localhost", "192.0.2", "192.0.2.256", "192.0.02.43", "[192.0.2.43]", "192.0.2.43/32", " 192.0.2.43"),
    *("2001:db8:cafe::17", "[2001:db8:cafe::17", "[fe80::1%eth0]", "[1::2::3]", "[]", "[[::1]]", "[_a]", "[unknown]"),
    *("192.0.2.43:", "192.0.2.43:000443", "192.0.2.43:http", "192.0.2.43:+80", "192.0.2.43:_", "[::1]80", ":80"),
    *(
        "_",
        "_a b",
        "_a/b",
        "_é",
        "_a:b",
        "un\u212anown",
        "_\u017f",
        "[0.0.0.0]",
        "unknowns",
        "un known",
        "192.0.2.43\n",
        "192.0.2.43\0",
        "١.0.2.43",
    ),
]


@pytest.mark.parametrize(("text", "elements"), FIELDS.items())
def test_field(text, elements):
    assert parse_field(text) == elements


@pytest.mark.parametrize(("text", "position"), NOT_FIELDS.items(), ids=lambda value: ascii(value)[:40])
def test_no_field(text, position):
    with pytest.raises(ForwardedError) as caught:
        parse_field(text)
    assert caught.value.position == position


@pytest.mark.parametrize("char", '"(),/:;<=>?@[\\]{} \t\0\x7f\x80', ids=ascii)
def test_a_delimiter_is_no_part_of_a_name_or_a_token(char):
    for text in (f"a{char}b=c", f"a=b{char}c"):
        with pytest.raises(ForwardedError):
            parse_field(text)


@pytest.mark.parametrize(("text", "read"), NODES.items())
def test_node(text, read):
    name, port, address = parse_node(text)
    assert (name, port, str(address)) == read


@pytest.mark.parametrize("text", NOT_NODES, ids=ascii)
def test_no_node(text):
    assert parse_node(text) is None


# --- properties -------------------------------------------------------------------------------------------------------

values = st.text(st.sampled_from('\t !"#;,=\\[]:~aZ0\x80\xff'))
elements = st.dictionaries(st.text(TCHARS.lower(), min_size=1), values, min_size=1)
texts = st.text('for="\\;,: \t1.[]_') | st.text(st.characters(max_codepoint=0x101)) | st.text()


def written(found):
    quoted = ((name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in found.items())
    return ";".join(f'{name.upper()}="{value}"' for name, value in quoted)


@given(st.lists(elements), st.sampled_from([",", ", ", " \t, ", ",,", " , ;,"]))
def test_what_is_written_is_read_back(found, comma):
    assert parse_field(comma.join(map(written, found))) == found


@given(texts)
def test_any_text_is_a_field_or_an_error_fit_for_a_log(text):
    complaint, position = "", 0
    try:
        assert all(parse_field(text))
    except ForwardedError as error:
        complaint, position = str(error), error.position
    assert 0 <= position <= len(text)
    assert complaint.isprintable()
    assert len(complaint) < 250


@given(texts | st.ip_addresses().map(str))
def test_a_node_is_printed_as_a_node(text):
    node = parse_node(text) or parse_node(f"[{text}]")
    if node is not None:
        name = f"[{node.name}]" if ":" in node.name else node.name
        assert parse_node(name + (node.port and f":{node.port}")) == node
