"""Servers that are none of ours, or want to harm: one fault with a next step, in bounded time and memory."""

import contextlib
import json
import re
import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.clientip import parse_hop
from echo.probe import client
from echo.probe.answers import NotOurs, read_whoami, read_whofrom
from echo.probe.arrival import Sent
from echo.probe.canaries import CANARIES, canaries
from echo.probe.client import MAX_RECEIVED
from echo.probe.errors import ProbeFault, Unanswered
from echo.probe.judge import judge
from echo.probe.report import report_json, report_text
from echo.probe.run import KEPT_REQUESTS, MAX_FAILURES
from echo.probe.seen import Seen
from tests.echo.probe.fakes import Asked, answer, document, fake, whoami, whofrom
from tests.echo.probe.ways import codes, probed

ANSI = "\x1b[31mred\x07 \u202eevil\r\n"
HEAD = b"GET /explain?format=json&whofrom-probe=0 HTTP/1.1\r\nHost: x\r\n"
UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def fault_of(respond, **how) -> tuple[ProbeFault, object]:
    """Return the fault that ends a probe of such a server, and the server."""
    with fake(respond) as server, pytest.raises(ProbeFault) as raised:
        probed(server.url, bind=None, **how)
    assert not UNPRINTABLE.search(str(raised.value))
    return raised.value, server


def says(status, *more, body=b"no"):
    """Return what always answers this."""
    return lambda asked, sock: answer(body, status, *more)


def test_redirects_are_reported_and_not_followed():
    fault, server = fault_of(says("302 Found", "Location: http://elsewhere.test/\x1b[31m"))
    assert "redirect (302) to 'http://elsewhere.test/\\x1b[31m'" in fault.fault
    assert len(server.asked) == 1


# answer -> what the fault says, and after how many requests
FAULTS = {
    "500": (says("500 Oops"), "answered 500", MAX_FAILURES),
    "502": (says("502 Bad Gateway"), "a proxy on the way answered 502", MAX_FAILURES),
    "429": (says("429 Too Many"), "too many requests", MAX_FAILURES),
    "400": (says("400 Bad"), "refuses the request", 1),
    "401": (says("401 Who"), "not allowed", 1),
    "418": (says("418 Teapot"), "answered 418", 1),
    "404": (says("404 Not Found"), "answered 404", 2),
    "text": (says("200 OK"), "neither a whofrom nor a whoami", 2),
    "empty": (says("200 OK", body=b""), "neither a whofrom nor a whoami", 2),
    "object": (says("200 OK", body=b"{}"), "neither a whofrom nor a whoami", 2),
    "nested": (says("200 OK", body=b"[" * 100_000), "neither a whofrom nor a whoami", 2),
    "closed": (lambda asked, sock: b"", "closed instead of an answer", MAX_FAILURES),
    "no http": (lambda asked, sock: b"SSH-2.0-OpenSSH\r\n", "no HTTP", 1),
    "bytes": (lambda asked, sock: b"\x00\xff\x1b[31m\r\n\r\n", "no HTTP", 1),
    "many fields": (says("200 OK", *["A: b"] * 200), "no HTTP", 1),
    "long line": (says("200 OK", "A: " + "b" * 100_000), "line too long", 1),
    "cut off": (
        lambda asked, sock: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{",
        "cut off",
        3,
    ),
    "cut chunk": (
        lambda asked, sock: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        "cut off",
        MAX_FAILURES,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_that_is_none(name):
    respond, words, count = FAULTS[name]

    def respond_once(asked, sock):
        found = respond(asked, sock)
        sock.sendall(found)
        return b""  # close

    fault, server = fault_of(respond_once)
    assert words in fault.fault
    assert fault.next_step
    assert fault.exit_code == 1
    assert len(server.asked) == count


@pytest.mark.parametrize("head", ["Content-Length: 104857600", "Transfer-Encoding: chunked", "Connection: close"])
def test_a_hundred_megabytes_are_not_read(head):
    sent = [0]

    def respond(asked, sock):
        sock.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        if "chunked" in head:
            sock.sendall(b"-1\r\n")  # http.client reads such a chunk until the end
        for _ in range(100):
            sock.sendall(b" " * (1 << 20))
            sent[0] += 1 << 20
        return b""

    fault, _ = fault_of(respond)
    assert "longer than" in fault.fault or "no HTTP" in fault.fault or "broke" in fault.fault
    assert sent[0] < 8 * MAX_RECEIVED  # what buffers of the kernel's hold


@pytest.mark.parametrize("drip", ["", "H", "HTTP/1.1 200 OK\r\nA: b", "HTTP/1.1 100 Continue\r\n\r\n"])
def test_one_deadline_whoever_drips(drip):
    """A byte now and then does not begin the time again."""

    def respond(asked, sock):
        if not drip:
            sock.recv(1)  # until the other end gives up
        sock.sendall(drip.encode())
        while True:
            time.sleep(0.05)
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" if "100" in drip else b"x")

    started = time.monotonic()
    fault, _ = fault_of(respond, timeout=0.3, count=1)
    assert isinstance(fault, Unanswered)
    assert "no whole answer within 300ms" in fault.fault
    assert time.monotonic() - started < 10


def test_a_connection_that_nobody_accepts():
    """Its backlog is full: packets are dropped."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            waiting.append(sock)
        with pytest.raises(Unanswered) as fault:
            probed(f"http://127.0.0.1:{port}/", bind=None, timeout=0.3, count=1)
        for sock in waiting:
            sock.close()
    assert re.search("no connection to 127.0.0.1|no whole answer", fault.value.fault)


def test_a_refused_connection_and_a_name_without_address():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(Unanswered, match="refuses connections"):
        probed(f"http://127.0.0.1:{port}/", bind=None)
    with pytest.raises(ProbeFault, match="has no address"):
        probed("http://name.invalid/", bind=None)


def test_a_cache_is_noticed():
    """It answers with what it kept of the first request."""
    kept = []

    def respond(asked, sock):
        kept.append(asked)
        return whofrom(kept[0], sock)

    with fake(respond) as server:
        judgement = probed(server.url, bind=None, count=4)
    assert (judgement.outcome.code, [path.times for path in judgement.paths]) == ("unsteady", [3, 1])
    assert "cache" in judgement.paths[0].fault
    other = Asked(HEAD, 1, 1, 1)
    fault, server = fault_of(lambda asked, sock: whofrom(other, sock))
    assert "another request than ours" in fault.fault
    assert len(server.asked) == 1


def test_keep_alive_that_is_closed():
    with fake(whofrom, keep=False) as server:
        assert probed(server.url, bind=None).connection == "closed"


@pytest.mark.parametrize("body", [b"{}", b"", b"no"])
def test_another_server_on_the_way(body):
    """It answers whatever is neither the first of a connection nor plain; that is no end of the probe."""

    def respond(asked, sock):
        forged = any(name == "X-Forwarded-For" for name, _ in asked.fields)
        return answer(body) if forged or asked.number > 1 else whofrom(asked, sock)

    with fake(respond) as server:
        judgement = probed(server.url, bind=None)
    assert (judgement.outcome.code, judgement.connection) == ("preserved", "closed")
    assert codes(judgement.notes) == ["canaries-unanswered"]
    assert [fate.code for fate in judgement.fates if fate.canary.header == "X-Forwarded-For"] == ["refused"] * 7


def test_what_is_sent():
    """GET alone, to the base alone, each nonce once, as many as was said, the headers of the table one at a time."""
    with fake(whofrom) as server:
        judgement = probed(
            f"{server.url}some/base", bind=None, count=4, extra=[("Host", "other.test"), ("X-More", "1")]
        )
    assert judgement.outcome.code == "preserved"
    assert len(server.asked) == judgement.requests == 4 + len(CANARIES) + KEPT_REQUESTS
    assert server.connections == 4 + len(CANARIES) + 1
    pattern = re.compile(r"GET /some/base/explain\?format=json&whofrom-probe=[0-9a-f]{32} HTTP/1\.1")
    assert all(pattern.fullmatch(asked.line) for asked in server.asked)
    assert len({asked.target for asked in server.asked}) == len(server.asked)
    usual = {"Host", "User-Agent", "Accept", "Accept-Encoding", "Cache-Control", "X-Whofrom-Nonce", "X-More"}
    for asked in server.asked:
        assert [value for name, value in asked.fields if name == "Host"] == ["other.test"]
        assert len({name for name, _ in asked.fields} - usual - {"Connection"}) <= 1


def test_a_whoami_is_asked_too():
    with fake(whoami) as server:
        judgement = probed(server.url, bind=None)
    assert (judgement.outcome.code, judgement.connection) == ("preserved", "unknown")
    assert codes(judgement.notes) == ["whoami"]
    assert judgement.paths[0].server == "pod-1"
    assert "whoami" in report_text(judgement)


def test_a_server_names_headers_to_send():
    """Those that frame or steer a request are not sent, and not more than a few."""
    reads = ["Host", "Content-Length", "transfer-encoding", "A B", "x\r\ny", "Cookie", *(f"X-{n}" for n in range(9))]

    def respond(asked, sock):
        policy = {
            "id": "",
            "strategy": "",
            "headers": reads,
            "trusted": ["rubbish", "::/0", "10.0.0.0/99"],
            "config": "",
        }
        return answer(json.dumps(document(asked, policy=policy)).encode())

    with fake(respond) as server:
        judgement = probed(server.url, bind=None)
    extra = [fate.canary.header for fate in judgement.fates[len(CANARIES) :]]
    assert extra == ["X-0", "X-1", "X-2", "X-3"]
    assert judgement.outcome.code == "preserved"


def test_what_is_written_to_a_terminal_is_printable():
    """Each text that the server chooses is hostile."""

    def respond(asked, sock):
        found = document(asked, verdict=ANSI, lost_at={"ip": ANSI, "class": ANSI}, server={"hostname": ANSI})
        found["finding"] |= dict.fromkeys(("code", "title", "cause", "remedy"), ANSI + "A" * 9000)
        found["client"] |= {"ip": "6.6.6.6", "source": ANSI, "why": ANSI}
        found["request"]["headers"] += [[ANSI, ANSI], ["X-Forwarded-For", ANSI], ["Host", ANSI]]
        found["request"]["target"] = asked.target + ANSI
        return answer(json.dumps(found).encode())

    with fake(respond) as server:
        judgement = probed(server.url, bind=None)
    text = report_text(judgement)
    assert not UNPRINTABLE.search(text)
    assert len(text) < 20_000
    assert not UNPRINTABLE.search(report_json(judgement, server.url))
    json.loads(report_json(judgement, server.url))


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_shapes_that_are_not_ours(data):
    """Any value in any place gives an answer that can be judged and told, or NotOurs."""
    found = document(Asked(HEAD, 1, 1, 1))
    at = found
    while True:
        key = data.draw(st.sampled_from(sorted(at)))
        if not isinstance(at[key], dict) or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(VALUES)
    body = json.dumps(found).encode()
    for read in (read_whofrom, read_whoami):
        with contextlib.suppress(NotOurs):
            seen = Seen(parse_hop("10.0.0.9"), 1, "127.0.0.1", None, read(body))
            forged = [seen._replace(canary=canary) for canary in canaries()]
            judgement = judge(Sent((), (), frozenset({"host"}), "x", "/"), [seen], forged, [seen, seen])
            assert not UNPRINTABLE.search(report_text(judgement))
            json.loads(report_json(judgement, "http://x/"))


def test_the_pace_is_kept():
    """Never more than MAX_RATE a second, whatever was asked for."""
    pace = client.Pace(0)
    started = time.monotonic()
    for _ in range(4):
        pace.wait()
    assert time.monotonic() - started >= 3 * client.MIN_INTERVAL
