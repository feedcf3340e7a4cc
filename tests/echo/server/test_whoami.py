"""whoami's answers, where the recorded exchanges do not reach."""

import contextlib
import json
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo import whoami
from echo.clientip import parse_address, parse_config
from echo.request import Connection, parse_head
from echo.routes import App, clean_path, decode_int, phrase
from echo.whoami import Host, Identity, api, interface_addresses, query_value, text, wait_seconds

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
    ("1h2m", 3600),
    ("9999999h", 0),
]


@pytest.mark.parametrize(("written", "seconds"), WAITS)
def test_wait(written, seconds):
    """`wait` takes Go's durations, up to our limit; anything else is no wait."""
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


def test_interfaces():
    """Every address is canonical text; loopback, the first interface, comes first."""
    addresses = interface_addresses()
    assert addresses[0] == "127.0.0.1"
    assert [str(parse_address(address)) for address in addresses] == list(addresses)


def test_host_is_read_once_a_second(monkeypatch):
    """The host is asked again only when the last answer is old."""
    now, asked = [100.0], []
    monkeypatch.setattr(whoami, "interface_addresses", lambda: asked.append(1) or ("192.0.2.9",))
    host = Host(clock=lambda: now[0])
    assert host.lines() == host.lines() == f"Hostname: {socket.gethostname()}\nIP: 192.0.2.9\n".encode()
    assert len(asked) == 1
    now[0] += 1.1
    host.lines()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        (b"/", b"/"),
        (b"/a/b/", b"/a/b/"),
        (b"//", b"/"),
        (b"///a", b"/a"),
        (b"/a/./b", b"/a/b"),
        (b"/a/../..", b"/"),
        (b"/a//", b"/a/"),
        (b"/.well-known/x", b"/.well-known/x"),
        (b"/a/..b", b"/a/..b"),
        (b"", b"/"),
    ],
)
def test_clean_path(path, clean):
    """Paths are cleaned as Go's mux cleans them."""
    assert clean_path(path) == clean


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
    (b"[" * 100_000, "exceeded max depth"),
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


def test_phrases():
    """Statuses have Go's words."""
    assert [phrase(status) for status in (200, 418, 413, 799)] == [
        "OK",
        "I'm a teapot",
        "Request Entity Too Large",
        "status code 799",
    ]


def test_health_starts_well():
    """The health status is 200 until it is set."""
    assert App(parse_config("", "")).health == 200
