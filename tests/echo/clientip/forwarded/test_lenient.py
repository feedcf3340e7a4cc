"""One element of Forwarded as it is met: the address of its `for`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import parse_address
from echo.clientip.forwarded import parse_element, parse_field, parse_node

# element -> address
ELEMENTS = {
    # realistic: the examples of RFC 7239 §4, §6 and §7
    'For="[2001:db8:cafe::17]:4711"': "2001:db8:cafe::17",
    "for=192.0.2.60;proto=http;by=203.0.113.43": "192.0.2.60",
    'for="192.0.2.43:47011"': "192.0.2.43",
    'for="[2001:db8:cafe::17]"': "2001:db8:cafe::17",
    "by=203.0.113.60;proto=http;host=example.com;for=198.51.100.17": "198.51.100.17",
    # realistic: blanks around an element, as a list split at its commas has them
    " for=203.0.113.7": "203.0.113.7",
    "\tfor=203.0.113.7 ": "203.0.113.7",
    # synthetic
    "FOR=203.0.113.7": "203.0.113.7",
    ";;for=203.0.113.7;": "203.0.113.7",
    'for="203.0.113.7:_port"': "203.0.113.7",
    'for="[::ffff:203.0.113.7]"': "203.0.113.7",
    "before=198.51.100.9;for=203.0.113.7": "203.0.113.7",
    # synthetic, and no field of the RFC: realclientip-go reads them so
    "by=1::1;host=myhost;for=2::2;proto=https": "2::2",
    "for=203.0.113.7 ; by=x": "203.0.113.7",
    'for= "203.0.113.7"': "203.0.113.7",
    # pathological: an open quote further left, or in a value that nobody needs, swallows nothing
    'by=";for=203.0.113.7': "203.0.113.7",
    ";" * 1_000_000 + "for=203.0.113.7": "203.0.113.7",
}

NOBODY = [
    # realistic
    "",
    "proto=https",
    "for=unknown",
    "for=_hidden",
    'for="_gazonk:80"',
    "203.0.113.7",
    "for=localhost",
    "for=0.0.0.0",
    'for="[::]"',
    # synthetic
    "for",
    "for=",
    'for=""',
    'for="',
    "for =203.0.113.7",
    "xfor=203.0.113.7",
    "for=203.0.113.07",
    "for=203.0.113",
    "for=203.0.113.7/32",
    "for='203.0.113.7'",
    'for=""203.0.113.7""',
    # synthetic: one that is no address is not passed over for another
    "for=unknown;for=203.0.113.7",
    "for=;for=203.0.113.7",
    # synthetic: half of a quoted value that was cut at its comma
    'for="203.0.113.70',
    'for=203.0.113.7"',
    # pathological
    "for=203.0.113.7\r\n",
    "for=203.0.113.7\0",
    'for="[' + "1" * 1_000_000,
    "for=" + "=" * 1_000_000,
]


@pytest.mark.parametrize(("text", "address"), ELEMENTS.items(), ids=lambda value: repr(value)[:60])
def test_element(text, address):
    assert str(parse_element(text)) == address


@pytest.mark.parametrize("text", NOBODY, ids=lambda text: repr(text)[:60])
def test_nobody(text):
    assert parse_element(text) is None


def test_what_a_client_leaves_open_swallows_no_element_of_a_proxy():
    fields = 'for=1.2.3.4;by="', "for=203.0.113.7;by=_proxy"
    assert [str(parse_element(entry)) for entry in ", ".join(fields).split(",")] == ["1.2.3.4", "203.0.113.7"]


# --- properties: what the grammar takes is read as the grammar has it -------------------------------------------------

hosts = st.ip_addresses().map(lambda address: f'"[{address}]"' if address.version == 6 else str(address))
sockets = st.builds(
    lambda address, port: f'"[{address}]:{port}"' if address.version == 6 else f'"{address}:{port}"',
    st.ip_addresses(),
    st.integers(0, 65535) | st.sampled_from(["_", "_p.q-r"]).map(lambda text: text + "0"),
)
names = st.sampled_from(["unknown", "_hidden", '"_gazonk"', '"unknown:80"', "localhost", '""'])
nodes = hosts | sockets | names
others = st.sampled_from(["by", "proto", "host", "secret", "fo", "forr"])


@given(nodes, st.dictionaries(others, nodes, max_size=3), st.randoms(), st.sampled_from(["for", "For", "FOR"]))
def test_an_element_of_the_grammar_is_read_as_the_grammar_has_it(node, found, random, name):
    pairs = [(name, node), *found.items()]
    random.shuffle(pairs)
    text = ";".join(f"{key}={value}" for key, value in pairs)
    (element,) = parse_field(text)
    strict = parse_node(element["for"])
    assert parse_element(text) == (strict.address if strict else None)


@given(st.text('for=";,: \t1.[]%_') | st.text())
def test_any_text_is_an_address_or_none(text):
    address = parse_element(text)
    assert address is None or parse_address(str(address)) == address
