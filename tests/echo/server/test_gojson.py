"""The integer of POST /health."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.gojson import MAX_VALUE_BYTES, decode_int, is_decided

HEALTH_ERRORS = [
    (b"", "EOF"),
    (b" \n", "EOF"),
    (b"-", "unexpected EOF"),
    (b"1.", "unexpected EOF"),
    (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
    (b"1ex", "invalid character 'x' in exponent of numeric literal"),
    (b"-x", "invalid character 'x' in numeric literal"),
    (b"1.5", "json: cannot unmarshal number 1.5 into Go value of type int"),
    (b"tru", "unexpected EOF"),
    (b"trux", "invalid character 'x' in literal true (expecting 'e')"),
    (b"'5'", r"invalid character '\'' looking for beginning of value"),
    (b'"5', "unexpected EOF"),
    (b'"a\nb"', r"invalid character '\n' in string literal"),
    (b'"\\x"', "invalid character 'x' in string escape code"),
    (b"[1 2]", "invalid character '2' after array element"),
    (b'{"a":1 2}', "invalid character '2' after object key:value pair"),
    (b"{1:2}", "invalid character '1' looking for beginning of object key string"),
    (b'{"a" 1}', "invalid character '1' after object key"),
    (b"NaN", "invalid character 'N' looking for beginning of value"),
    (b'"\xff"', "json: cannot unmarshal string into Go value of type int"),
    (b"[" * 100_000, "invalid character '[' exceeded max depth"),
    (b"[" * 10_000 + b"{", "invalid character '{' exceeded max depth"),
    (b"[" * 10_000 + b"]" * 10_000, "json: cannot unmarshal array into Go value of type int"),
    (b'{"[":1 x}', "invalid character 'x' after object key:value pair"),
    (b'["{" x]', "invalid character 'x' after array element"),
    (b"[{} x]", "invalid character 'x' after array element"),
    (b"[1,]", "invalid character ']' looking for beginning of value"),
    (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
    (b"[-]", "invalid character ']' in numeric literal"),
    (b"[1.]", "invalid character ']' after decimal point in numeric literal"),
    (b"[1e+]", "invalid character ']' in exponent of numeric literal"),
    (b'"\\u', "unexpected EOF"),
    (b'"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"),
    (b"\x0b1", r"invalid character '\v' looking for beginning of value"),
    (b"\xa01", r"invalid character '\u00a0' looking for beginning of value"),
    (b"\x7f", r"invalid character '\x7f' looking for beginning of value"),
    (b'"' * 2 + b"x", "json: cannot unmarshal string into Go value of type int"),
    (b'"' + b"x" * MAX_VALUE_BYTES + b'"', "unexpected EOF"),
]


@pytest.mark.parametrize(("data", "words"), HEALTH_ERRORS, ids=range(len(HEALTH_ERRORS)))
def test_health_errors(data, words):
    """What is no integer is refused in encoding/json's words."""
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        decode_int(data)


@pytest.mark.parametrize(
    ("data", "number"), [(b"503", 503), (b" 418 x", 418), (b"0503", 0), (b"-7,", -7), (b"null", 0), (b"503abc", 503)]
)
def test_health_numbers(data, number):
    """The leading value counts, whatever follows it."""
    assert decode_int(data) == number


@given(st.binary(max_size=12))
def test_health_takes_any_bytes(data):
    """Any body gives an integer or a ValueError."""
    with contextlib.suppress(ValueError):
        assert isinstance(decode_int(data), int)


@pytest.mark.parametrize(
    ("data", "words"), [(b"503", "cut"), (b"null", "cut"), (b"[1", "cut"), (b" ", "cut"), (b"5x", "")]
)
def test_a_body_that_could_not_be_read_to_its_end(data, words):
    """What may have gone on where the data ends is answered with what kept it from being read."""
    if not words:
        assert decode_int(data, "cut") == 5
        return
    with pytest.raises(ValueError, match=f"^{words}$"):
        decode_int(data, words)
    with pytest.raises(ValueError, match="array"):
        decode_int(b"[1]", words)  # an array tells its own end


@pytest.mark.parametrize(
    ("data", "decided"),
    [
        (b"", False),
        (b" ", False),
        (b"503", False),
        (b"503 ", True),
        (b"503x", True),
        (b"[]", True),
        (b"[", False),
        (b'"a"', False),
        (b'"a" ', True),
        (b"abc", True),
        (b"tru", False),
        (b"trux", True),
    ],
)
def test_whether_more_would_matter(data, decided):
    """Go stops to read a body where the value has ended, or is none; a number and a word end where the next byte is."""
    assert is_decided(data) == decided
