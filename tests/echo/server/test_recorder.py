"""The record of a request."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import make_policy
from echo.record import FIELDS
from echo.recorder import Exchange, Place, headers_of, place_from_environ, record_line
from echo.request import Connection
from echo.wire import parse_head

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")
PLACE = Place("node-1", "pod-1", "default")


def exchange(head: bytes) -> Exchange:
    """Return the exchange of a request that was answered."""
    request = parse_head(head, WIRE, 1)
    resolution = make_policy().resolve(WIRE.peer_ip, ())
    return Exchange(WIRE, 1, request, resolution, "socket-loopback", 200, 5, 7, 0.0, headers=headers_of(request))


@given(
    st.lists(
        st.tuples(
            st.text(string.ascii_letters + "-_", min_size=1, max_size=20).filter(
                lambda name: name.lower() not in ("host", "content-length", "transfer-encoding", "trailer")
            ),
            st.binary(max_size=60).map(lambda value: bytes(byte for byte in value if byte >= 0x20 and byte != 0x7F)),
        ),
        max_size=8,
    )
)
def test_any_header_makes_one_line(headers):
    """Whatever the headers hold, a record is one line of JSON with every field, and loses no header."""
    lines = b"".join(b"%b: %b\r\n" % (name.encode(), value) for name, value in headers)
    line = record_line(exchange(b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n"), PLACE)
    assert line.count(b"\n") == 1
    record = json.loads(line)
    assert list(record) == [field.name for field in FIELDS]
    assert sum(map(len, record["headers"].values())) == len(headers) + 1


@pytest.mark.parametrize("hostile", ["\x9b31m", "\u202e", "\u2028", "\x85", "é\U000e0001"])
def test_no_terminal_obeys_a_record(hostile):
    """A log is looked at with tail; what is read from it is what was sent."""
    line = record_line(exchange(f"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a{hostile}b\r\n\r\n".encode()), PLACE)
    assert line[:-1].decode().isprintable()
    assert json.loads(line)["user_agent"] == f"a{hostile}b"


def test_record_of_a_request(server):
    """A record says what was asked, by whom, and how it was answered."""
    server.send(
        b"POST /p?q=1 HTTP/1.1\r\nHost: h.example\r\nuser-agent: \xff\xc3\xa9\r\nX-Forwarded-For: 1.1.1.1\r\n"
        b"x-forwarded-for: 2.2.2.2\r\nAuthorization: Basic dTpw\r\nCookie: a\r\nX-Request-Id: rec-1\r\n"
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        b"Content-Length: 5\r\nConnection: close\r\n\r\nhello"
    )
    (record,) = server.records(1, lambda record: record["request_id"] == "rec-1")
    assert record["method"] == "POST"
    assert record["target"] == "/p?q=1"
    assert record["host"] == "h.example"
    assert record["protocol"] == "HTTP/1.1"
    assert record["user_agent"] == "\\xffé"
    assert record["headers"]["x-forwarded-for"] == ["1.1.1.1", "2.2.2.2"]
    assert record["headers"]["authorization"] == record["headers"]["cookie"] == ["[redacted]"]
    assert record["request_bytes"] == 5
    assert record["status"] == 200
    assert record["client_ip"] == record["peer_ip"] == "127.0.0.1"
    assert record["client_source"] == "peer"
    assert record["finding"] == "header-from-untrusted-proxy"
    assert record["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert record["connection_request"] == 1
    assert record["error"] is None


@pytest.mark.parametrize(
    "text",
    [
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ],
)
def test_trace_id_of_an_invalid_traceparent(text):
    """An invalid traceparent gives no trace id."""
    head = f"GET / HTTP/1.1\r\nHost: h\r\ntraceparent: {text}\r\n\r\n".encode()
    assert json.loads(record_line(exchange(head), PLACE))["trace_id"] is None


@pytest.mark.parametrize(
    ("data", "error", "finding"),
    [
        (
            b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n\r\n",
            "a PROXY protocol v1 header, which is not taken from this peer",
            "proxy-header-unexpected",
        ),
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\1" * 12,
            "a PROXY protocol v2 header, which is not taken from this peer",
            "proxy-header-unexpected",
        ),
        (b"\x16\x03\x01\0\x05\1\0\0\x01\n", "a TLS hello on a plain HTTP port", "tls-on-plain-port"),
        (b"HELO there\r\n", "the first line is not METHOD TARGET HTTP/x.y", "malformed-request"),
    ],
)
def test_malformed_requests_are_records(server, data, error, finding):
    """Bytes that are no request are logged, with what was wrong."""
    assert server.send(data).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    (record, *_) = server.records(1, lambda record: record["error"] == error)
    assert record["method"] is record["target"] is record["protocol"] is None
    assert record["status"] == 400
    assert record["finding"] == finding


@pytest.mark.parametrize(
    ("data", "next_step"),
    [
        (b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n", b"start the server with --proxy-protocol optional"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\1" * 12, b"start the server with --proxy-protocol optional"),
        (b"\x16\x03\x01\0\x05\1\0\0\x01", b"serve HTTPS with --cert and --key"),
    ],
)
def test_what_is_no_http_is_told_what_it_was_and_what_to_change(server, data, next_step):
    """At once, without waiting for a line's end."""
    head, _, body = server.send(data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert body.startswith(b"400 Bad Request: a ")
    assert next_step in body


def test_keep_alive_requests_are_numbered(server):
    """Requests of one connection share its id and count from 1."""
    one = b"GET /bench?numbered HTTP/1.1\r\nHost: h\r\n\r\n"
    server.send(one * 2 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    records = server.records(3, lambda record: record["target"] == "/bench?numbered")
    assert [record["connection_request"] for record in records] == [1, 2, 3]
    assert len({record["connection_id"] for record in records}) == 1


def test_policy_and_login_rules(run, tmp_path):
    """The record carries the client by the policy, and who signed in; secrets are seen by the rule and redacted."""
    config = tmp_path / "whofrom.toml"
    config.write_text(
        '[network]\nload_balancers = ["127.0.0.0/8"]\n[trust]\nranges = ["load_balancers"]\n'
        '[[login]]\npath = "/login"\nuser = "auth"\n'
    )
    server = run("--config", str(config), env={"NODE_NAME": "n1", "POD_NAME": "p1", "POD_NAMESPACE": "ns1"})
    server.send(
        b"POST /login HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 9.9.9.9, 203.0.113.7\r\nX-Forwarded-For: 127.0.0.2\r\n"
        b"Authorization: Basic YW5uOnB3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    (record,) = server.records(1)
    assert record["client_ip"] == "203.0.113.7"
    assert record["client_source"] == "x-forwarded-for"
    assert record["finding"] == "header-trusted-claims-ignored"
    assert (record["user"], record["login"]) == ("ann", "success")
    assert record["headers"]["authorization"] == ["[redacted]"]
    assert (record["node"], record["pod"], record["namespace"]) == ("n1", "p1", "ns1")


def test_no_client_has_no_source(run):
    """Where nobody is the client, both client fields are null."""
    server = run("--trust", "loopback")
    server.send(b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: unknown\r\nConnection: close\r\n\r\n")
    (record,) = server.records(1)
    assert record["client_ip"] is record["client_source"] is None
    assert (record["client_reason"], record["finding"]) == ("hop-invalid", "hop-invalid")


def test_place_without_the_downward_api():
    """The host name stands for the pod's."""
    place = place_from_environ({})
    assert (place.node, place.namespace) == (None, None)
    assert place.pod
