"""Reading heads and targets as Go reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.request import Connection
from echo.wire import MAX_HEAD_BYTES, Malformed, find_head, parse_head, parse_target

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")

# head -> (method, uri, host, fields): what whoami takes and llhttp does not
TAKEN = [
    (b"GET / HTTP/1.1\nHost: h\n\n", (b"GET", b"/", b"h", [])),
    (b"FOO-BAR / HTTP/1.1\r\nHost: h\r\n\r\n", (b"FOO-BAR", b"/", b"h", [])),
    (b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", (b"GET", b"/", b"h", [])),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n  b\r\n\tc\r\n\r\n", (b"GET", b"/", b"h", [(b"X", b"a b c")])),
    (b"GET / HTTP/1.1\r\nHost:\r\nX-E:\r\n\r\n", (b"GET", b"/", b"", [(b"X-E", b"")])),
    (
        b"GET / HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\n\r\n",
        (b"GET", b"/", b"h", [(b"Pragma", b"no-cache"), (b"Cache-Control", b"no-cache")]),
    ),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        (b"POST", b"/", b"h", [(b"Content-Length", b"5")]),
    ),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", (b"POST", b"/", b"", [])),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n \r\n\r\n", (b"GET", b"/", b"h", [(b"X", b"a ")])),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n \r\n\r\n",
        (b"POST", b"/", b"h", [(b"Content-Length", b"5")]),
    ),
    (b"PRI * HTTP/2.0\r\nHost: h\r\n\r\n", (b"PRI", b"*", b"h", [])),
]
# head -> status line: what whoami refuses
REFUSED = [
    (b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"GET / HTTP/1.1\r\nX : v\r\nHost: h\r\n\r\n", "400 Bad Request: invalid header name"),
    (b"GET / HTTP/1.1\r\nX\t: v\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "400 Bad Request"),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "400 Bad Request"),
    (b"GET / HTTP/1.1\r\nHost: h\r\nX: \x7f\r\n\r\n", "400 Bad Request"),
    (b"GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"),
    (b"GET http://a/ HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request: malformed Host header"),
    (b"GET / HTTP/0.9\r\nHost: h\r\n\r\n", "505 HTTP Version Not Supported: unsupported protocol version"),
    (b"GET / HTTP/11\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "501 Not Implemented",
    ),
    (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", "400 Bad Request"),
    (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", "400 Bad Request"),
    (
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n",
        "400 Bad Request",
    ),
    (b"GET :80 HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"GET http://a:b/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"),
    *(
        (b"GET http://%b/ HTTP/1.1\r\nHost: h\r\n\r\n" % authority, "400 Bad Request")
        for authority in (
            b"[]",
            b"[1.2.3.4]",
            b"[::1%25]",
            b"[::1%25%zz]",
            b"[::1%25%2F]",
            b"[::1]x",
            b"u%z@h",
            b"a%2Fb",
        )
    ),
    (b"GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"GET /?a\tb HTTP/1.1\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"GET / HTTP/1.1\r\nX\r\n : v\r\nHost: h\r\n\r\n", "400 Bad Request"),
    (b"PRI * HTTP/2.0\r\nX: v\r\n\r\n", "400 Bad Request: missing required Host header"),
]
# target -> (authority, path, uri)
TARGETS = [
    (b"/", (b"", b"/", b"/")),
    (b"/?", (b"", b"/", b"/?")),
    (b"/a?b=/../?c", (b"", b"/a", b"/a?b=/../?c")),
    (b"http://u:p@h:81/x?q", (b"h:81", b"/x", b"/x?q")),
    (b"HTTP://h", (b"h", b"", b"/")),
    (b"http://[fe80::1%25eth0]:8/x", (b"[fe80::1%eth0]:8", b"/x", b"/x")),
    (b"http://[fe80::1%25e%20h]/x", (b"[fe80::1%e h]", b"/x", b"/x")),
    (b"http://lost[::1]:8/x", (b"[::1]:8", b"/x", b"/x")),
    (b"http://::1/x", (b"::1", b"/x", b"/x")),
    (b"http://h:80:81/x", (b"h:80:81", b"/x", b"/x")),
    (b"http://]/x", (b"]", b"/x", b"/x")),
    (b"http://%C3%A9/x", (b"\xc3\xa9", b"/x", b"/x")),
    (b"mailto:x", (b"", b"", b"x")),
    (b"/caf\xc3\xa9", (b"", b"/caf%C3%A9", b"/caf%C3%A9")),
    (b"/a'(b)", (b"", b"/a'(b)", b"/a'(b)")),
    (b"/a'|", (b"", b"/a%27%7C", b"/a%27%7C")),
    (b"*", (b"", b"*", b"*")),
]


@pytest.mark.parametrize(("head", "expected"), TAKEN, ids=range(len(TAKEN)))
def test_taken(head, expected):
    """What whoami takes is taken, and read as whoami reads it."""
    request = parse_head(head, WIRE, 1)
    assert (request.method, request.uri, request.host, request.fields) == expected


@pytest.mark.parametrize(("head", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_refused(head, expected):
    """What whoami refuses is refused in its words."""
    with pytest.raises(Malformed) as refused:
        parse_head(head[: find_head(head, 0)], WIRE, 1)
    assert f"{refused.value.status} {refused.value.phrase}" == expected
    assert refused.value.error


@pytest.mark.parametrize(("target", "expected"), TARGETS, ids=[row[0] for row in TARGETS])
def test_targets(target, expected):
    """Targets are read as net/url reads them."""
    parsed = parse_target(b"GET", target)
    assert (parsed.authority, parsed.path, parsed.uri) == expected


def test_authority_form():
    """CONNECT's target is an authority."""
    parsed = parse_target(b"CONNECT", b"h.example:443")
    assert (parsed.authority, parsed.path, parsed.uri) == (b"h.example:443", b"", b"h.example:443")


@given(
    st.binary(max_size=200), st.sampled_from([b"GET ", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n", b""])
)
def test_any_bytes_are_a_request_or_malformed(data, start):
    """No bytes raise anything but Malformed."""
    data = start + data + b"\r\n\r\n"
    status = 200
    try:
        parse_head(data[: find_head(data, 0)], WIRE, 1)
    except Malformed as malformed:
        status = malformed.status
    assert status in (200, 400, 501, 505)


def test_first_line_is_judged_before_the_head_is_there():
    """A wrong first line is refused without waiting for more."""
    assert find_head(b"GET / HTTP/1.1\r\nHost", 0) == 0
    for line in (b"GARBAGE", b"GET /\1 HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET x HTTP/1.1"):
        with pytest.raises(Malformed):
            find_head(line + b"\r\nHost", 0)


def test_head_limit():
    """A head may be as long as Go's, not longer."""
    start = b"GET / HTTP/1.1\r\nX: "
    assert find_head(start + b"x" * (MAX_HEAD_BYTES - len(start) - 4) + b"\r\n\r\n", 0) == MAX_HEAD_BYTES
    with pytest.raises(Malformed) as refused:
        find_head(start + b"x" * MAX_HEAD_BYTES, 0)
    assert refused.value.status == 431


@pytest.mark.parametrize(
    ("written", "close"),
    [
        (b"close x", True),
        (b"x\tclose", True),
        (b"x, Close", True),
        (b"close;x", False),
        (b"x\r\nConnection: close x", False),
    ],
)
def test_connection_close(written, close):
    """The token closes in a list of any field, and among blanks in the first."""
    head = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: %b\r\n\r\n" % written
    assert parse_head(head, WIRE, 1).close is close


def test_declared_trailers_are_named_as_go_names_them():
    """What is no token stays as it is."""
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n%b\r\n" % (
        b"Trailer: x-b,, X\x80Z, x-a \r\nTrailer: X-B\r\n"
    )
    assert parse_head(head, WIRE, 1).declared_trailers == (b"X-A", b"X-B", b"X\x80Z")
