"""
Real proxies in front of the server, with X-Forwarded-For.

The client, 127.0.0.9, plays a balancer of ours that names its own client: proxies and server trust loopback.
"""

import base64
import contextlib
import os
import socket
import time
import uuid

import pytest

from tests.echo.peers.programs import CLIENT, HOST, ask
from tests.echo.peers.proxies import Upstream, running_proxy

CLAIM = "203.0.113.7"
NAMES = ["nginx-1.0", "nginx-1.1", "haproxy", "envoy", "traefik", "caddy"]
# the X-Forwarded-For lines that arrive where `6.6.6.6, 203.0.113.7` was sent
ARRIVES = {key: [f"6.6.6.6, {CLAIM}, {CLIENT}"] for key in NAMES} | {
    "haproxy": [f"6.6.6.6, {CLAIM}", CLIENT],
    "envoy": [f"6.6.6.6, {CLAIM},{CLIENT}"],
}
CHUNKS = [b"\xaa" * 50_000, b"\xaa" * 50_000, b"\xaa"]


class Proxy:
    """A proxy in front of a server."""

    def __init__(self, name, port, server):
        self.name, self.port, self.server = name, port, server

    def ask(self, path, *, claim=CLAIM, **how):
        """Ask through the proxy; return the answer and the record of it."""
        target = f"{path}{'&' if '?' in path else '?'}mark={uuid.uuid4().hex}"
        fields = {"X-Forwarded-For": claim} | how.pop("fields", {})
        answer = ask(self.port, target, fields=fields, **how)
        (record,) = self.server.records(1, lambda record: record["target"] == target)
        return answer, record


@pytest.fixture(scope="module", params=NAMES)
def proxy(request, tmp_path_factory, trusting):
    """Each proxy in turn."""
    folder = tmp_path_factory.mktemp(request.param)
    with running_proxy(request.param, folder, Upstream(web=trusting.port), ("web",)) as ports:
        yield Proxy(request.param, ports["web"], trusting)


def test_the_client_is_found_and_the_record_agrees(proxy):
    answer, record = proxy.ask("/ip")
    assert (answer.status, answer.body.decode()) == (200, f"{CLAIM}\n")
    assert record["client_ip"] == CLAIM
    assert record["client_source"] == "x-forwarded-for"
    assert record["client_reason"] == "rightmost-untrusted"
    assert record["peer_ip"] == "127.0.0.1"
    assert record["proxied_ip"] is None
    assert record["protocol"] == ("HTTP/1.0" if proxy.name == "nginx-1.0" else "HTTP/1.1")


def test_what_the_far_end_claims_changes_nothing(proxy):
    answer, record = proxy.ask("/ip", claim=f"6.6.6.6, {CLAIM}")
    assert answer.body.decode() == f"{CLAIM}\n"
    assert record["headers"]["x-forwarded-for"] == ARRIVES[proxy.name]
    assert record["finding"] == "header-trusted-claims-ignored"


def test_assertions_pass_through(proxy):
    assert proxy.ask(f"/ip?expect={CLAIM}")[0].status == 200
    answer, record = proxy.ask("/ip?expect=6.6.6.6")
    assert (answer.status, record["status"]) == (412, 412)
    assert answer.body.startswith(b"expected 6.6.6.6, but the client is 203.0.113.7;")


def test_explain_tells_the_way_through_it(proxy):
    answer, _ = proxy.ask("/explain")
    text = answer.body.decode()
    assert text.startswith(f"Client:  {CLAIM}, ")
    assert f"1. {CLAIM}  [the client]\n" in text
    assert f"2. {CLIENT}  [" in text
    assert "3. 127.0.0.1  [" in text


def test_whoami_s_text_comes_whole(proxy):
    text = proxy.ask("/a%20path?q=1")[0].body.decode()
    assert "GET /a%20path?q=1&mark=" in text
    assert f"\nHost: {HOST}:{proxy.port}\n" in text.replace("\r", "")
    assert f"X-Forwarded-For: {CLAIM}" in text


@pytest.mark.parametrize("status", [200, 204, 304, 404, 503])
def test_statuses_pass(proxy, status):
    assert proxy.ask(f"/status/{status}")[0].status == status


def test_head_has_no_body(proxy):
    answer, record = proxy.ask("/data?size=500", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert record["response_bytes"] == 0


def test_a_large_answer_comes_whole(proxy):
    """Over HTTP/1.0 its end is the connection's."""
    answer, record = proxy.ask("/data?size=3&unit=MB")
    assert len(answer.body) == record["response_bytes"] == 3 << 20
    assert answer.body.startswith(b"|ABC")
    assert answer.body.endswith(b"|")
    assert record["error"] is None


def test_a_large_body_comes_whole(proxy):
    body = os.urandom(1 << 20)
    answer, record = proxy.ask("/", method="POST", body=body)
    assert answer.body.endswith(body)
    assert (record["request_bytes"], record["error"]) == (len(body), None)


def test_a_chunked_body_comes_whole(proxy):
    """Whether it comes in chunks is the proxy's choice: nginx counts it first, as HTTP/1.0 knows no chunks."""
    answer, record = proxy.ask("/", method="POST", body=iter(CHUNKS))
    assert answer.body.count(b"\xaa") == record["request_bytes"] == sum(map(len, CHUNKS))
    chunked = "transfer-encoding" in record["headers"]
    assert chunked == (proxy.name != "nginx-1.0")


def test_a_body_that_waits_for_100_continue_comes(proxy):
    """All of them say 100 themselves; Caddy passes the server's on as well, if it comes in time."""
    with socket.create_connection((HOST, proxy.port), 5, (CLIENT, 0)) as connection:
        head = b"POST /health HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
        connection.sendall(head + b"Connection: close\r\n\r\n")
        first = connection.recv(4096)
        assert first.startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"200")
        *interim, final, _ = (first + b"".join(iter(lambda: connection.recv(4096), b""))).split(b"\r\n\r\n")
    assert final.startswith(b"HTTP/1.1 200 ")
    assert len(interim) <= (2 if proxy.name == "caddy" else 1)


def test_connections_are_kept_or_ended_as_it_asks(proxy):
    """nginx asks over a new connection each time where it speaks HTTP/1.0; the others come back on one they have."""
    records = [proxy.ask("/bench")[1] for _ in range(6)]
    numbers = [record["connection_request"] for record in records]
    if proxy.name == "nginx-1.0":
        assert numbers == [1] * 6
    else:
        assert max(numbers) > 1
        assert len({record["connection_id"] for record in records}) < 6


def test_events_arrive_one_by_one(proxy):
    with socket.create_connection((HOST, proxy.port), 5, (CLIENT, 0)) as connection:
        connection.sendall(b"GET /sse?n=3&interval=150ms HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        seen, arrived = b"", []
        while data := connection.recv(4096):
            seen += data
            arrived += [time.monotonic()] * (seen.count(b'"n":') - len(arrived))
    assert seen.count(b'"of":3') == 3
    assert arrived[-1] - arrived[0] > 0.1


def test_a_websocket_passes(proxy):
    """nginx passes it on over HTTP/1.1 only, and if told to."""
    key = base64.b64encode(os.urandom(16)).decode()
    target = f"/echo?mark={uuid.uuid4().hex}"
    head = f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    with socket.create_connection((HOST, proxy.port), 5, (CLIENT, 0)) as connection:
        connection.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        status = connection.recv(4096).split(b"\r\n")[0]
        if proxy.name == "nginx-1.0":
            assert status.startswith(b"HTTP/1.1 400 ")
            return
        assert status.startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"\x81\x85\0\0\0\0hello")
        assert connection.recv(4096) == b"\x81\x05hello"
        connection.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        assert connection.recv(4096) == b"\x88\x02\x03\xe8"
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(4096) == b"", "the server ends it"
    (record,) = proxy.server.records(1, lambda record: record["target"] == target)
    assert (record["status"], record["request_bytes"], record["error"]) == (101, 5, None)
