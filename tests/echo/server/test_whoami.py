"""whoami's answers, where the recorded exchanges do not reach."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.host import Host
from echo.query import value as query_value
from echo.request import Connection
from echo.whoami import Identity, api, text, wait_seconds
from echo.wire import parse_head

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")


def request(head: bytes, body: bytes = b""):
    """Return a request of a head without its last line."""
    parsed = parse_head(head + b"\r\n", WIRE, 1)
    parsed.body = [body] if body else []
    return parsed


def echoed(head: bytes, body: bytes = b"") -> bytes:
    """Return what `/` prints of a request."""
    return text(request(head, body), Identity(), Host()).partition(b"RemoteAddr: 127.0.0.1:40000\n")[2]


WAITS = [
    ("100ms", 0.1),
    ("1.5s", 1.5),
    ("1m2s", 62),
    (".5s", 0.5),
    ("5.s", 5),
    ("+1s", 1),
    ("1us", 1e-6),
    ("1µs", 1e-6),
    ("0", 0),
    ("50", 0),
    ("-5s", 0),
    ("1s ", 0),
    ("s", 0),
    (".s", 0),
    ("1d", 0),
    ("1h2m", 3720),
    ("9999999h", 0),
]


@pytest.mark.parametrize(("written", "seconds"), WAITS)
def test_wait(written, seconds):
    """`wait` takes Go's durations; anything else is no wait."""
    written = written.encode().replace(b" ", b"%20").replace(b"+", b"%2B")
    assert wait_seconds(request(b"GET /?wait=%b HTTP/1.1\r\nHost: h\r\n" % written)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (b"env=1&env=0", b"1"),
        (b"%65nv=%74", b"t"),
        (b"a;env=1", b""),
        (b"env=%zz&env=1", b"1"),
        (b"env", b""),
        (b"env=a+b", b"a b"),
    ],
)
def test_query(query, value):
    """Parameters are read as Go's ParseQuery reads them."""
    assert query_value(query, b"env") == value


def test_chunks_and_trailers_are_printed():
    """A chunked body is printed in chunks, its declared trailers after it."""
    found = request(b"POST / HTTP/1.1\r\nHost: h\r\nTrailer: x-t, A\r\nTransfer-Encoding: chunked\r\n")
    found.body, found.trailers = [b"hello"], [(b"X-T", b"1")]
    printed = text(found, Identity(), Host()).partition(b"HTTP/1.1\r\n")[2]
    assert printed == (
        b"Host: h\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: A,X-T\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"
    )


def test_length_is_printed_for_methods_with_a_body():
    """Content-Length: 0 is printed for POST, PUT and PATCH alone."""
    for method in (b"POST", b"PUT", b"PATCH"):
        assert b"\r\nContent-Length: 0\r\n" in echoed(method + b" / HTTP/1.1\r\nHost: h\r\n")
    for method in (b"GET", b"DELETE", b"OPTIONS"):
        assert b"Content-Length" not in echoed(method + b" / HTTP/1.1\r\nHost: h\r\n")


@given(st.binary(max_size=40).map(lambda value: bytes(byte for byte in value if byte >= 0x20 and byte != 0x7F)))
def test_api_is_json_for_any_header(value):
    """Whatever a header holds, /api is one line of JSON without what HTML could obey."""
    answer = api(request(b"GET /api HTTP/1.1\r\nHost: h\r\nX: %b\r\n" % value), Identity(), Host())
    assert answer.endswith(b"\n")
    assert not set(b"<>&\n") & set(answer[:-1])
    assert json.loads(answer)["headers"]["X"][0].count("\ufffd") >= value.strip().decode("utf-8", "replace").count(
        "\ufffd"
    )


@pytest.mark.parametrize(
    ("authority", "printed"),
    [
        (b"B\xc3\xbccher.Example:81", b"xn--Bcher-kva.Example:81"),
        (b"\xc3\xa9:", b"xn--9ca"),
        (b"a\xffb", b"xn--ab-gg4n"),
        (b'a"b', b""),
        (b"\xc3\xa9<", b""),
        (b"[fe80::1%25e%25h]:8", b"[fe80::1%e]:8"),
        (b"[fe80::1%25e%20h]", b""),
        (b"h:80:81", b"h:80:81"),
    ],
)
def test_the_host_of_a_target_is_printed_as_go_prints_it(authority, printed):
    """In Punycode, without the last zone; what no Host header may hold is left out."""
    assert b"\r\nHost: %b\r\n" % printed in echoed(b"GET http://%b/ HTTP/1.1\r\nHost: h\r\n" % authority)


def test_values_are_printed_without_the_blank_of_an_empty_fold():
    """Go's map keeps it, which /api shows; its print trims."""
    head = b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n \r\n"
    assert b"\r\nX: a\r\n" in echoed(head)
    assert json.loads(api(request(head), Identity(), Host()))["headers"]["X"] == ["a "]


def test_trailers_whose_name_has_a_blank_are_not_printed():
    """Go's Header.Write leaves out what is no name."""
    found = request(b"POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n")
    found.trailers = [(b"X T", b"1"), (b"X-T", b"2 ")]
    assert text(found, Identity(), Host()).endswith(b"\r\n\r\n0\r\nX-T: 2\r\n\r\n")


def test_a_body_error_is_printed_byte_for_byte():
    """It may quote what a client sent."""
    found = request(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n")
    found.body_error = "malformed MIME header line: \xe9"
    assert text(found, Identity(), Host()).endswith(b"line: \xe9\n")


def test_the_environment_is_the_one_that_the_process_was_started_with():
    """In its order, and without the LC_CTYPE that Python sets in the C locale."""
    program = "from echo.whoami import environment; print(environment())"
    given = {"ZOE": "b=c d", "ANNA": ""}
    ran = subprocess.run([sys.executable, "-c", program], env=given, check=True, capture_output=True, text=True)
    assert ran.stdout == "{b'ZOE': b'b=c d', b'ANNA': b''}\n"
