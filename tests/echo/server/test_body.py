"""Reading bodies as Go reads them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.body import BodyReader

CHUNKED = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\nNEXT"


@given(st.lists(st.integers(0, len(CHUNKED)), max_size=6))
def test_chunks_wherever_they_are_cut(cuts):
    """A chunked body is the same however its bytes arrive, and nothing behind it is eaten."""
    reader, buffer = BodyReader(-1, keep=True), bytearray()
    places = [0, *sorted(cuts), len(CHUNKED)]
    for start, end in pairwise(places):
        buffer += CHUNKED[start:end]
        reader.feed(buffer)
    assert (reader.done, reader.error, b"".join(reader.pieces)) == (True, "", b"hello world")
    assert reader.trailers == [(b"X-T", b"1")]
    assert buffer == b"NEXT"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"zz\r\n", "invalid byte in chunk length"),
        (b"\r\n", "empty hex number for chunk length"),
        (b"11111111111111111\r\n", "http chunk length too large"),
        (b"5\n", "chunked line ends with bare LF"),
        (b"5\r\r\n", "invalid CR in chunked line"),
        (b"5\r\nhelloXX", "malformed chunked encoding"),
        (b"5" * 5000, "header line too long"),
        (b"1\r\nx\r\n" * 7000, ""),
        (
            b"1;" + b"e" * 100 + b"\r\nx\r\n" + (b"1;" + b"e" * 100 + b"\r\nx\r\n") * 400,
            "chunked encoding contains too much non-data",
        ),
        (b"0\r\n" + b"x" * 5000, "http: suspiciously long trailer after chunked body"),
        (b"5\r\nhel", "unexpected EOF"),
        (b"0\r\n\n folded: x\r\n\r\n", "malformed MIME header: the first header line starts with a blank"),
        (b"0\r\nX: \0\r\n\r\n", "malformed MIME header: a control character in a trailer"),
        (b"0\r\n", "http: unexpected EOF reading trailer"),
    ],
)
def test_broken_chunks(data, error):
    """A broken body ends with Go's words for what is wrong."""
    reader = BodyReader(-1, keep=True)
    reader.feed(bytearray(data))
    if error:
        reader.feed_eof()
    assert reader.error == error
