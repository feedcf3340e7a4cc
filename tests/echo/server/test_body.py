"""Reading bodies as Go reads them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.body import BodyReader

CHUNKED = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\nNEXT"
# as Go quotes what is no text
NO_COLON = r'malformed MIME header: missing colon: "a\"\\\xff\a\x01\u00a0e"'


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
        (b"1111111111111111,1\r\n", "invalid byte in chunk length"),
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
        (b"0\r\n folded: x\r\n\r\n", "malformed MIME header initial line:  folded: x"),
        (b"0\r\nX: \0\r\n\r\n", "malformed MIME header line: X: \0"),
        (b"0\r\nX: a\rb\r\n\r\n", "malformed MIME header line: X: a\rb"),
        (b"0\r\n\rX: a\r\n\r\n", "malformed MIME header line: \rX: a"),
        (b"0\r\nX: a\r\r\n\r\n", "malformed MIME header line: X: a\r"),
        (b"0\r\nX: a\r\n\r\r\n\r\n", r'malformed MIME header: missing colon: "\r"'),
        (b"0\r\n: \xe9\r\n\r\n", "malformed MIME header line: : \xe9"),
        (b'0\r\na"\\\xff\x07\x01\xc2\xa0e\r\n\r\n', NO_COLON),
        (b"0\r\nbad\r\n : x\r\n\r\n", 'malformed MIME header: missing colon: "bad"'),
        (b"0\r\n", "http: unexpected EOF reading trailer"),
        (b"0\r\n\r", "http: unexpected EOF reading trailer"),
        (b"0\r\nX: 1\r\n", "http: suspiciously long trailer after chunked body"),
        (b"0\r\nX: 1\n\n", "http: suspiciously long trailer after chunked body"),
    ],
)
def test_broken_chunks(data, error):
    """A broken body ends with Go's words for what is wrong."""
    reader = BodyReader(-1, keep=True)
    reader.feed(bytearray(data))
    if error:
        reader.feed_eof()
    assert reader.error == error


def test_trailers_end_with_the_first_blank_line():
    """What follows it is the next request's, whatever ends its lines; names are Go's."""
    reader, buffer = BodyReader(-1, keep=True), bytearray(b"0\r\nx-t: 1\n\nNEXT: 2\r\n\r\n")
    reader.feed(buffer)
    assert (reader.done, reader.error, reader.trailers) == (True, "", [(b"X-T", b"1")])
    assert buffer == b"NEXT: 2\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def pieces(*arrivals: bytes, seen: int = 4000) -> list[int]:
    """Return how long the pieces of a chunked body are that comes so."""
    reader, buffer = BodyReader(-1, keep=True, seen=min(seen, len(arrivals[0]))), bytearray()
    for data in arrivals:
        buffer += data
        reader.feed(buffer)
    assert (reader.done, reader.error) == (True, "")
    return [len(piece) for piece in reader.pieces]


def test_pieces_are_go_s_reads():
    """whoami prints a chunk for each read: a chunk cut by the network is one, chunks in one buffer are one."""
    end = b"0\r\n\r\n"
    assert pieces(chunk(b"hello") + chunk(b" world") + end) == [11]
    assert pieces(b"5\r\nhe", b"llo\r\n" + end) == [5]
    assert pieces(b"5\r\nhello", b"\r\n" + end) == [5]
    assert pieces(chunk(b"hello"), chunk(b" world") + end) == [5, 6]
    assert pieces(chunk(b"x" * 70_000) + end) == [32768, 32768, 4464]
    # 13 chunks of 309 bytes fit into the reader's buffer of 4 KiB
    long = (b"1;" + b"e" * 300 + b"\r\nx\r\n") * 40 + end
    assert pieces(long, seen=4020) == [13, 13, 13, 1]


def test_overhead_is_counted_as_go_counts_it():
    """57 bytes come with 302 bytes of framing each before that is too much."""
    reader = BodyReader(-1, keep=True)
    reader.feed(bytearray((b"1;" + b"e" * 300 + b"\r\nx\r\n") * 100))
    assert (reader.size, reader.error) == (57, "chunked encoding contains too much non-data")


def test_limit():
    """A body over the limit ends with that, its last bytes there or not."""
    for length in (11, 12):
        reader = BodyReader(length, keep=True, limit=10)
        reader.feed(bytearray(b"hello world"))
        assert reader.error == "the body is longer than 10 bytes, this server's --max-body-bytes"
