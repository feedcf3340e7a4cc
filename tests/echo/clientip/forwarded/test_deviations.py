"""DEVIATIONS, the table of where the lenient reading leaves RFC 7239, against both readings."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echo.clientip.forwarded import DEVIATIONS, ForwardedError, parse_element, parse_field, parse_node

ELEMENTS = [row.element for row in DEVIATIONS]


def text_or_nothing(address):
    return "" if address is None else str(address)


def read_strictly(element):
    """Return the parameters of an element, {} if it is none."""
    try:
        (found,) = parse_field(element) or [{}]
    except ForwardedError:
        return {}
    return found


def address_by_the_rfc(element):
    node = parse_node(read_strictly(element).get("for", ""))
    return text_or_nothing(node and node.address)


@pytest.mark.parametrize("row", DEVIATIONS, ids=ELEMENTS)
def test_the_rfc_has_what_the_table_says(row):
    assert address_by_the_rfc(row.element) == row.rfc


@pytest.mark.parametrize("row", DEVIATIONS, ids=ELEMENTS)
def test_the_lenient_reading_has_what_the_table_says(row):
    assert text_or_nothing(parse_element(row.element)) == row.lenient


@pytest.mark.parametrize("row", DEVIATIONS, ids=ELEMENTS)
def test_every_row_is_a_deviation_or_says_that_nothing_changes(row):
    assert (row.rfc != row.lenient) != ("changes nothing" in row.why)
    assert row.why.endswith(".")


def test_no_row_is_there_twice():
    assert len(set(ELEMENTS)) == len(ELEMENTS)


words = ["for=", "by=", '"', ";", "203.0.113.7", "[2001:db8::7]", ":80", "\\", " ", "_x", "unknown", "=", "a"]
quoted = st.builds('{}"{}"'.format, st.sampled_from(["for=", "by="]), st.lists(st.sampled_from(words)).map("".join))


@given(st.lists(st.sampled_from(words)).map("".join) | st.lists(quoted, min_size=1, max_size=3).map(";".join))
@example('by="a;for=1.2.3.4;b";for=203.0.113.7')
@example('for="203.0.113.7:\\80"')
def test_where_both_have_an_address_it_is_the_same_but_for_a_semicolon_in_quotes(element):
    rfc, lenient = address_by_the_rfc(element), text_or_nothing(parse_element(element))
    if rfc and lenient and not any(";" in value for value in read_strictly(element).values()):
        assert rfc == lenient
