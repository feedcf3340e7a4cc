"""What goes wrong, said so that the reader can act, whatever the input holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault, Fault, quote
from echo.clientip.faults import MAX_QUOTED, printable

# hostile text -> what a terminal is given
QUOTED = {
    # realistic
    "": "''",
    "10.0.0.0/33": "'10.0.0.0/33'",
    "Zürich 東京": "'Zürich 東京'",
    # synthetic
    "two\nlines": r"'two\nlines'",
    "a\tb\r": r"'a\tb\r'",
    "\x1b[2J\x1b]0;owned\x07": r"'\x1b[2J\x1b]0;owned\x07'",  # clears the screen, sets the title
    "\x9b31m": r"'\x9b31m'",  # the one-byte CSI
    "null\0": r"'null\x00'",
    "\u202egpj.exe": r"'\u202egpj.exe'",  # right-to-left override
    "\u2066x\u2069": r"'\u2066x\u2069'",
    "zero\u200bwidth": r"'zero\u200bwidth'",
    "\ufeffbom": r"'\ufeffbom'",
    "line\u2028separator": r"'line\u2028separator'",
    "\ud800": r"'\ud800'",
    "\U000e0041": r"'\U000e0041'",  # a tag character
}


@pytest.mark.parametrize(("text", "shown"), QUOTED.items(), ids=ascii)
def test_quote(text, shown):
    assert quote(text) == shown


@pytest.mark.parametrize(("length", "cut"), [(MAX_QUOTED, False), (MAX_QUOTED + 1, True), (1_000_000, True)])
def test_long_text_is_cut_and_the_cut_is_marked(length, cut):
    assert quote("x" * length) == "'" + "x" * MAX_QUOTED + ("…'" if cut else "'")


def test_escapes_count_against_the_limit():
    assert len(quote("\x1b" * MAX_QUOTED)) == MAX_QUOTED + len("'…'")


@given(st.text(st.characters()))
def test_what_is_shown_is_printable_short_and_one_line(text):
    shown = quote(text)
    assert shown.isprintable()
    assert len(shown) <= MAX_QUOTED + len("'…'")
    assert printable(text).isprintable()


@given(st.text(st.characters()))
def test_printable_text_is_left_alone(text):
    assert printable(printable(text)) == printable(text)


def test_a_fault_is_one_line_place_fault_next_step():
    fault = Fault("'x' is no CIDR", "whofrom.toml [trust] ranges", "write it as 10.0.0.0/8")
    assert str(fault) == "whofrom.toml [trust] ranges: 'x' is no CIDR; write it as 10.0.0.0/8"
    assert str(Fault("broken")) == "broken"
    assert str(Fault("broken", "here")) == "here: broken"
    assert str(Fault("broken", next_step="mend it")) == "broken; mend it"


def test_a_fault_says_how_the_command_ends():
    assert Fault("").exit_code == 1
    assert ConfigFault("").exit_code == 2
    assert issubclass(ConfigFault, Fault)
