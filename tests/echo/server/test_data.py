"""`/data`, where the recorded exchanges do not reach: net/http's ServeContent, and what long texts cost."""

import socket
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.data import LETTERS, MAX_BYTES, MAX_RANGES, PIECE_BYTES, RangeError, Span, answer, parse_ranges, text
from echo.request import Connection
from echo.wire import parse_head

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")
NOW = 1_764_000_000.5
DATE = formatdate(int(NOW), usegmt=True).encode()
EARLIER, LATER = (formatdate(int(NOW) + shift, usegmt=True).encode() for shift in (-60, 60))


def get(query: bytes, *fields: bytes, method: bytes = b"GET"):
    """Return the status, the headers and the body of an answer."""
    head = b"%b /data?%b HTTP/1.1\r\nHost: h\r\n%b\r\n" % (method, query, b"".join(field + b"\r\n" for field in fields))
    data = answer(parse_head(head, WIRE, 1), NOW)
    return data.status, dict(data.headers), b"".join(data.pieces()) if data.length < 1 << 20 else data.length


def whole(size: int) -> bytes:
    return b"".join(text(Span(0, size - 1), size))


SIZES = [
    (b"size=3", 3),
    (b"size=3&unit=KB", 3 << 10),
    (b"size=3&unit=Mb", 3 << 20),
    (b"size=3&unit=gb", 3 << 30),
    (b"size=1&unit=tb", 1 << 40),
    (b"size=3&unit=kib", 3),
    (b"size=+7", 0),  # the plus is a blank in a query
    (b"size=%2B7", 7),
    (b"size=00000000000000000000007", 7),
    (b"size=7&size=9", 7),
    (b"size=0x10", 0),
    (b"size=1_0", 0),
    (b"size=9223372036854775808", 0),  # over int64: no number, so 1
    (b"size=-9223372036854775808&unit=tb", 0),
]


@pytest.mark.parametrize(("query", "size"), SIZES)
def test_size(query, size):
    """A size in units; what is no number is 1, whose text is empty."""
    status, _, body = get(query)
    assert status == 200
    assert (body if isinstance(body, int) else len(body)) == size


@pytest.mark.parametrize("query", [b"size=%d" % (MAX_BYTES + 1), b"size=9223372036854775807&unit=tb"])
def test_a_size_over_the_limit_is_refused_in_words(query):
    status, _, body = get(query)
    assert status == 413
    assert body == b"size is more than 1,099,511,627,776 bytes, this server's --max-data-bytes\n"


@pytest.mark.parametrize("size", [512, 513, 514, 33281, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES - 1])
def test_the_text_is_as_long_as_asked_whatever_pieces_it_is_made_in(size):
    """whoami sends a byte too few for 513 and for 33,281."""
    made = whole(size)
    assert len(made) == size
    assert (made[:5], made[-1:]) == (b"|ABCD", b"|")
    assert all(made[at] == LETTERS[at % 27] for at in range(1, size - 1, 97))


@given(st.integers(1, 200_000), st.data())
def test_a_span_is_a_piece_of_the_whole(size, data):
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    assert b"".join(text(Span(first, last), size)) == whole(size)[first : last + 1]


# Range for a text of 39 bytes -> spans; the cases of net/http's own fs_test.go among them
RANGES = {
    b"bytes=0-4": [(0, 4)],
    b"bytes=2-": [(2, 38)],
    b"bytes=-5": [(34, 38)],
    b"bytes=3-7": [(3, 7)],
    b"bytes=0-0,-2": [(0, 0), (37, 38)],
    b"bytes=0-1,5-8": [(0, 1), (5, 8)],
    b"bytes=5-1000": [(5, 38)],
    b"bytes=-1000": [(0, 38)],
    b"bytes= 0 - 4 , , -1": [(0, 4), (38, 38)],
    b"bytes=0-4,100-": [(0, 4)],
    b"bytes=": [],
    b"": [],
}


@pytest.mark.parametrize(("written", "spans"), RANGES.items())
def test_ranges(written, spans):
    assert parse_ranges(written, 39) == [Span(*span) for span in spans]


NO_RANGES = [
    *(b"bytes", b"bytes 0-4", b"Bytes=0-4", b"lines=0-4", b"bytes=a-b", b"bytes=4-2", b"bytes=-", b"bytes=--5"),
    *(b"bytes=4", b"bytes=1-2-3", b"bytes=0-9999999999999999999", b"bytes=-+5x"),
]


@pytest.mark.parametrize("written", NO_RANGES)
def test_what_is_no_range(written):
    with pytest.raises(RangeError) as caught:
        parse_ranges(written, 39)
    assert str(caught.value) == "invalid range"
    assert get(b"size=40&attachment=1", b"Range: " + written)[0] == 416


def test_a_range_behind_the_end_says_how_long_the_text_is():
    status, headers, body = get(b"size=40&attachment=1", b"Range: bytes=39-")
    assert (status, headers[b"Content-Range"], body) == (416, b"bytes */39", b"invalid range: failed to overlap\n")
    assert b"Last-Modified" not in headers
    assert get(b"size=1&attachment=1", b"Range: bytes=0-")[0] == 200  # Go: nothing overlaps an empty text


def test_several_ranges_are_parts():
    status, headers, body = get(b"size=40&attachment=1", b"Range: bytes=0-3,-3")
    kind, _, boundary = headers[b"Content-Type"].partition(b"; boundary=")
    assert (status, kind) == (206, b"multipart/byteranges")
    assert int(headers[b"Content-Length"]) == len(body)
    line = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    assert body == (
        b"--%b\r\nContent-Range: bytes 0-3/39\r\n%b|ABC\r\n--%b\r\nContent-Range: bytes 36-38/39\r\n%bIJ|\r\n--%b--\r\n"
        % (boundary, line, boundary, line, boundary)
    )


@pytest.mark.parametrize(
    ("size", "written", "status"),
    [
        (40, b"bytes=0-38,0-38", 200),  # more than the text
        (1000, b"bytes=" + b"0-0," * (MAX_RANGES + 1), 200),
        (1000, b"bytes=" + b"0-0," * MAX_RANGES, 206),
    ],
)
def test_too_many_ranges_are_none(size, written, status):
    assert get(b"size=%d&attachment=1" % size, b"Range: " + written)[0] == status


def test_without_attachment_ranges_are_not_looked_at():
    assert get(b"size=40", b"Range: bytes=0-3")[0] == 200


CONDITIONS = [
    ((b"If-Modified-Since: " + DATE,), 304),
    ((b"If-Modified-Since: " + EARLIER,), 200),
    ((b"If-Modified-Since: yesterday",), 200),
    *(
        ((b"If-Modified-Since: " + written,), status)
        for written, status in (
            (b"tue, 01 DEC 2099 9:05:06.7 GMT", 304),
            (b"Tuesday, 01-Dec-37 09:05:06 MST", 304),
            (b"Tuesday, 01-Dec-69 09:05:06 GMT", 200),  # 1969
            (b"Tue Dec  1 09:05:06 2099", 304),
            (b"Tue, 1 Dec 2099 09:05:06 GMT", 200),
            (b"Tue, 01 Dec 2099 09:05:06 gmt", 200),
            (b"Tue, 01 Dec 2099 09:05:06 +0000", 200),
            (b"Tue, 01 Dec 2099 24:05:06 GMT", 200),
            (b"Mon, 30 Feb 2099 09:05:06 GMT", 200),
            (b"01 Dec 2099 09:05:06 GMT", 200),
        )
    ),
    ((b"If-None-Match: *",), 304),
    ((b'If-None-Match: "a", W/"b" , *x',), 304),
    ((b"If-None-Match: a, *", b"If-Modified-Since: " + DATE), 200),  # what is no tag ends the list
    ((b'If-Match: ,"a",*',), 200),
    ((b"If-Match: ,",), 412),
    ((b'If-None-Match: "a"', b"If-Modified-Since: " + DATE), 200),
    ((b'If-Match: "a"',), 412),
    ((b"If-Match: *",), 200),
    ((b"If-Unmodified-Since: " + EARLIER,), 412),
    ((b"If-Unmodified-Since: " + LATER,), 200),
    ((b"Range: bytes=0-3", b"If-Range: " + DATE), 206),
    ((b"Range: bytes=0-3", b"If-Range: " + EARLIER), 200),
    ((b"Range: bytes=0-3", b'If-Range: "a"'), 200),
]


@pytest.mark.parametrize(("fields", "status"), CONDITIONS)
def test_condition(fields, status):
    assert get(b"size=40&attachment=1", *fields)[0] == status


def test_a_condition_of_another_method_fails_otherwise():
    assert get(b"size=40&attachment=1", b"If-None-Match: *", method=b"POST")[0] == 412
    assert get(b"size=0&attachment=1", b"If-None-Match: *")[0] == 304  # asked before the text is made
    assert get(b"size=0&attachment=1", b"If-None-Match: a")[0] == 500
    assert get(b"size=40&attachment=1", b"Range: bytes=0-3", b"If-Range: " + EARLIER, method=b"POST")[0] == 206


# --- over the wire ----------------------------------------------------------------------------------------------------


def test_a_long_text_is_sent_whole_and_the_connection_goes_on(server):
    size = 5_000_000
    first = b"GET /data?size=%d HTTP/1.1\r\nHost: h\r\n\r\n" % size
    answer = server.send(first + b"GET /bench HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", seconds=20)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % size in head
    assert rest[:size] == whole(size)
    assert rest[size:].startswith(b"HTTP/1.1 200 OK\r\n")
    (record,) = server.records(1, lambda record: record["target"] == f"/data?size={size}")
    assert (record["status"], record["response_bytes"], record["error"]) == (200, size, None)


def test_a_head_of_a_long_text_has_no_body(server):
    answer = server.send(b"HEAD /data?size=1&unit=tb HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer


def test_a_client_that_leaves_is_logged_with_what_it_took(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /data?size=7&unit=gb HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
    (record,) = server.records(1, lambda record: record["target"] == "/data?size=7&unit=gb")
    assert record["response_bytes"] < 7 << 30
    assert record["error"].startswith("the client left after ")


def test_a_text_cut_off_at_shutdown_is_logged_with_what_was_sent(run):
    server = run("--finish", "1s")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /data?size=1&unit=tb HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
        assert server.stop() == 0
    (record,) = server.records(1)
    assert record["error"] == f"cut off at shutdown after {record['response_bytes']} of {1 << 40} bytes"


def test_a_text_that_the_client_is_still_taking_at_shutdown_arrives_whole(run):
    server, size = run("--finish", "60s"), 20_000_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /data?size=%d HTTP/1.1\r\nHost: h\r\n\r\n" % size)
        taken = connection.recv(1000)
        server.process.terminate()
        time.sleep(0.5)
        while piece := connection.recv(1 << 16):
            taken += piece
            time.sleep(0.005)
    assert len(taken.partition(b"\r\n\r\n")[2]) == size
    assert server.process.wait(5) == 0
