"""Paths that whoami does not have, over the wire."""

import json

import pytest

from echo.extras import FRAMING_HEADERS, UNSAFE_HEADERS, refused_header
from tests.echo.server.conftest import running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that trusts loopback, and waits no longer than two seconds."""
    with running(tmp_path_factory.mktemp("extras"), "--trust", "loopback", "--max-wait", "2s") as found:
        yield found


def ask(server, target, *fields, method="GET"):
    """Return (status, headers, body) of an answer; names in lower case."""
    lines = "".join(f"{field}\r\n" for field in ("Host: h.example", "Connection: close", *fields))
    head, _, body = server.send(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode()).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return (
        int(first.split(" ")[1]),
        {k.lower(): v for k, _, v in (line.partition(": ") for line in rest)},
        body.decode(),
    )


def test_ip_is_the_client_and_clientip_the_peer(server):
    """/ip follows the trust policy; /clientip is the other end of the socket, whatever headers say."""
    assert ask(server, "/ip", "X-Forwarded-For: 203.0.113.7")[::2] == (200, "203.0.113.7\n")
    assert ask(server, "/clientip", "X-Forwarded-For: 203.0.113.7")[::2] == (200, "127.0.0.1\n")


def test_without_a_client_ip_says_why(server):
    """Where the policy finds nobody, there is no address, and the reason."""
    status, _, body = ask(server, "/ip", "X-Forwarded-For: unknown")
    assert status == 404
    assert body.startswith("the client has no address: hop-invalid: ")


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("/clientip?expect=127.0.0.1", 200, "127.0.0.1\n"),
        ("/clientip?expect=::ffff:127.0.0.1", 200, "127.0.0.1\n"),
        ("/clientip?expect=203.0.113.7", 412, "expected 203.0.113.7, but the socket's peer is 127.0.0.1; /explain"),
        ("/ip?expect=203.0.113.7", 200, "203.0.113.7\n"),
        ("/ip?expect=127.0.0.1", 412, "expected 127.0.0.1, but the client is 203.0.113.7; /explain says why"),
        ("/ip?expect=localhost", 400, "expect='localhost' is no address"),
        ("/clientip?expect=%1b%5b31m", 400, "expect='\\x1b[31m' is no address"),
        ("/clientip?expect=" + "1" * 200, 400, "is no address"),
    ],
)
def test_expect_asserts(server, target, status, words):
    """?expect=IP is 200 or 412 with the reason, so that `curl -f` can assert; what is no address is 400."""
    answer = ask(server, target, "X-Forwarded-For: 203.0.113.7")
    assert answer[0] == status
    assert words in answer[2]


def test_expect_where_nobody_is_the_client(server):
    """An assertion about nobody fails, with the reason."""
    status, _, body = ask(server, "/ip?expect=1.2.3.4", "X-Forwarded-For: unknown")
    assert status == 412
    assert "has no address: hop-invalid" in body


def test_hostname(server):
    """The host's name, as whoami's first line has it."""
    name = ask(server, "/hostname")[2].strip()
    assert f"Hostname: {name}\n" in ask(server, "/")[2]


def test_headers(server):
    """Every field, those that whoami keeps to itself as well; duplicates in order."""
    found = json.loads(ask(server, "/headers", "x-a: 1", "X-B: <é>", "X-A: 2")[2])
    assert found == {"Connection": ["close"], "Host": ["h.example"], "X-A": ["1", "2"], "X-B": ["<é>"]}


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/status/200", 200, "200 OK\n"),
        ("/status/418", 418, "418 I'm a teapot\n"),
        ("/status/599", 599, "599 status code 599\n"),
        ("/status/999", 999, "999 status code 999\n"),
        ("/status/204", 204, ""),
        ("/status/304", 304, ""),
        ("/status/100", 400, "'100' is no status; write /status/503, 200 to 999\n"),
        ("/status/5", 400, "'5' is no status; write /status/503, 200 to 999\n"),
        ("/status/abc%0a", 400, "'abc\\n' is no status; write /status/503, 200 to 999\n"),
    ],
)
def test_status(server, target, status, body):
    """/status/CODE answers with that code; what is none is refused in words."""
    assert ask(server, target)[::2] == (status, body)


@pytest.mark.parametrize("target", ["/status", "/status/", "/delay", "/delay/"])
def test_without_an_argument_it_is_whoami(server, target):
    """A path that lacks its second part is any other path."""
    assert ask(server, target)[2].startswith("Hostname: ")


@pytest.mark.parametrize(("target", "least_us"), [("/delay/0.2", 200_000), ("/delay/150ms", 150_000), ("/delay/0", 0)])
def test_delay(server, target, least_us):
    """/delay/TIME is whoami's text, later."""
    status, _, body = ask(server, target)
    assert status == 200
    assert f"GET {target} HTTP/1.1" in body
    (record,) = server.records(1, lambda record: record["target"] == target)
    assert least_us <= record["duration_us"] < least_us + 2_000_000


@pytest.mark.parametrize("target", ["/delay/x", "/delay/-1", "/delay/1d"])
def test_delay_that_is_no_time(server, target):
    """What is no time is refused in words."""
    status, _, body = ask(server, target)
    assert status == 400
    assert "is no time; write /delay/1.5 or /delay/250ms" in body


@pytest.mark.parametrize("target", ["/delay/3", "/?wait=2h", "/x?wait=3s", "/sse?n=5"])
def test_waits_beyond_the_limit_are_refused(server, target):
    """The limit is named, with the flag that sets it."""
    status, _, body = ask(server, target)
    assert status == 400
    assert "is longer than this server waits: 2s, its --max-wait" in body


def test_events(server):
    """Server-sent events come one by one, in chunks, and end."""
    status, fields, body = ask(server, "/sse?n=3&interval=20ms")
    assert status == 200
    assert fields["content-type"] == "text/event-stream"
    assert fields["cache-control"] == "no-store"
    assert fields["transfer-encoding"] == "chunked"
    events = [line for line in body.split("\r\n") if line.startswith("id: ")]
    assert [event.split("\n")[0] for event in events] == ["id: 1", "id: 2", "id: 3"]
    assert json.loads(events[1].split("\n")[1].removeprefix("data: "))["n"] == 2
    (record,) = server.records(1, lambda record: record["target"] == "/sse?n=3&interval=20ms")
    assert record["response_bytes"] == sum(len(event) for event in events)


def test_events_for_http_10(server):
    """HTTP/1.0 has no chunks: the end is the connection's."""
    answer = server.send(b"GET /sse?n=2&interval=1ms HTTP/1.0\r\n\r\n")
    assert b"chunked" not in answer
    assert answer.endswith(b"\n\n")


@pytest.mark.parametrize("target", ["/sse?n=x", "/sse?n=9999999", "/sse?interval=soon"])
def test_events_that_cannot_be(server, target):
    """What is no number or no time is refused."""
    assert ask(server, target)[0] == 400


def test_added_headers(server):
    """?header=Name:value adds fields to any answer, in place of those of the same name."""
    for target in ("/", "/api", "/bench", "/data?size=9", "/health", "/status/503", "/nowhere"):
        mark = "&" if "?" in target else "?"
        fields = ask(server, f"{target}{mark}header=X-Test:%20a%20b&header=cache-control:no-store")[1]
        assert (fields["x-test"], fields["cache-control"]) == ("a b", "no-store"), target


@pytest.mark.parametrize("name", sorted(FRAMING_HEADERS | UNSAFE_HEADERS | {"access-control-allow-origin"}))
def test_headers_that_a_query_does_not_set(server, name):
    """What frames a message, or makes a browser act, is refused, however it is written."""
    assert refused_header(name)
    status, fields, body = ask(server, f"/?header={name.upper()}:x")
    assert status == 400
    assert "is not set by a query" in body
    assert "x" not in fields.values()


@pytest.mark.parametrize(
    "written", ["X-A", "X-A%0d%0aSet-Cookie:1", "X-A:a%0d%0ab", ":x", "X%20A:b", "X-A:%00", "X-A:" + "x" * 5000]
)
def test_headers_that_are_none(server, written):
    """No line can be broken out of."""
    status, fields, body = ask(server, f"/bench?header={written}")
    assert status == 400
    assert "is no header field; write ?header=X-Name:value" in body
    assert "set-cookie" not in fields


def test_too_many_headers(server):
    """There is an end to it."""
    assert ask(server, "/?" + "&".join(f"header=X-{number}:1" for number in range(33)))[0] == 400


def test_probes(server):
    """/livez and /readyz are for Kubernetes."""
    assert ask(server, "/livez")[::2] == (200, "ok\n")
    assert ask(server, "/readyz")[::2] == (200, "ok\n")


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=abc", "application/openmetrics-text;version=", "\xff"]
)
def test_metrics_for_an_odd_accept(server, accept):
    """Whatever the Accept header says, there are numbers, and a record."""
    request = f"GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\n\r\n".encode("latin-1")
    answer = server.send(request + b"GET /bench HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"whofrom_requests_total" in answer


@pytest.mark.parametrize("query", ["size=" + "0" * 5000 + "9", "size=+0009"])
def test_data_with_leading_zeros(server, query):
    """A size may have as many leading zeros as it likes, as Go takes it."""
    status, _, body = ask(server, f"/data?{query}")
    assert (status, len(body)) == (200, 9 if "+" not in query else 0)
