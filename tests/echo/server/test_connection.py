"""The life of a connection: keep-alive, pipelining, bodies that are not read, half-closed clients, TLS, IPv6."""

import contextlib
import json
import socket
import ssl
import threading
import time

import pytest

from echo.wire import MAX_HEAD_BYTES

BENCH = b"GET /bench HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /bench HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def post(path: bytes, body: bytes, *more: bytes) -> bytes:
    """Return a POST with a body."""
    lines = b"".join(line + b"\r\n" for line in more)
    return b"POST %b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%b\r\n%b" % (path, len(body), lines, body)


def test_many_pipelined_requests(server):
    """Hundreds of requests in one go are answered in order."""
    requests = [b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(500)]
    answer = server.send(b"".join(requests) + LAST)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 501
    positions = [answer.index(b"\nGET /%d HTTP" % number) for number in range(500)]
    assert positions == sorted(positions)


def test_bytes_one_by_one(server):
    """A request may come in as many pieces as it has bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        for byte in post(b"/p", b"hello", b"Connection: close"):
            connection.sendall(bytes([byte]))
            time.sleep(0.0005)
        assert b"".join(iter(lambda: connection.recv(1 << 16), b"")).endswith(b"\r\n\r\nhello")


def test_requests_whole_and_in_pieces(server):
    """Requests that come whole, in pieces, with a body and in one go follow one another, in order and numbered."""
    pieces = (BENCH, BENCH[:20], BENCH[20:], BENCH, post(b"/bench", b"x"), BENCH, BENCH * 2, BENCH)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        answers = b""
        for piece in pieces:
            connection.sendall(piece.replace(b"/bench", b"/bench?pieces"))
            time.sleep(0.02)
        connection.sendall(LAST.replace(b"/bench", b"/bench?pieces"))
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 9
    records = server.records(9, lambda record: record["target"] == "/bench?pieces")
    assert [record["connection_request"] for record in records] == list(range(1, 10))


@pytest.mark.parametrize(
    ("request_", "keeps"),
    [
        (BENCH, True),
        (LAST, False),
        (b"GET /bench HTTP/1.0\r\n\r\n", False),
        (b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n", False),
        (b"GET / HTTP/1.1\nHost: h\n\n", True),
    ],
)
def test_first_request_decides_about_the_next(server, request_, keeps):
    """A request that comes alone ends the connection or leaves it open, as one that comes with others does."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request_)
        assert connection.recv(1 << 16).startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))
        if keeps:
            connection.sendall(LAST)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")
        assert connection.recv(1) == b""


@pytest.mark.parametrize(("size", "kept"), [(200_000, True), (300_000, False)])
def test_unread_bodies(server, size, kept):
    """A body that nobody reads is drained up to Go's limit; beyond it the connection ends."""
    answer = server.send(post(b"/bench", b"x" * size) + LAST)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == (2 if kept else 1)
    assert (b"Connection: close" in answer.partition(b"\r\n\r\n")[0]) != kept


def test_unread_chunks_are_drained(server):
    """So is one in chunks."""
    body = b"5\r\nhello\r\n0\r\n\r\n"
    request = b"POST /api HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    assert server.send(request + LAST).count(b"HTTP/1.1 200 OK\r\n") == 2


def test_large_body_comes_back(server):
    """A body of a megabyte comes back whole."""
    body = bytes(range(256)) * 4096
    answer = server.send(post(b"/", body, b"Connection: close"))
    assert answer.endswith(b"\r\n\r\n" + body)
    assert b"Content-Type: text/plain; charset=utf-8\r\n" in answer or b"application/octet-stream" in answer


def test_binary_bodies_are_told_from_text(server):
    """The type of the answer is sniffed from its first 512 bytes."""
    assert b"application/octet-stream" in server.send(post(b"/", b"\0", b"Connection: close"))
    assert b"application/octet-stream" not in server.send(post(b"/", b" " * 600 + b"\0", b"Connection: close"))


def test_body_cut_off(server):
    """A body that ends too soon is answered with what came, and the reason."""
    answer = server.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhello", half_close=True)
    assert answer.endswith(b"\r\n\r\nhellounexpected EOF\n")
    assert server.records(1, lambda record: record["error"] == "unexpected EOF")


def test_half_closed_client_gets_its_slow_answer(server):
    """A client that shut its sending side is answered all the same."""
    assert b"200 OK" in server.send(b"GET /?wait=300ms HTTP/1.1\r\nHost: h\r\n\r\n", half_close=True)


def test_client_that_leaves_is_logged(server):
    """A client that does not wait for its answer leaves a record."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /left?wait=300ms HTTP/1.1\r\nHost: h\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        time.sleep(0.1)
    assert server.records(1, lambda record: (record["target"] or "").startswith("/left"))


def test_continue_for_health(run):
    """POST /health asks for the body that the client holds back; `/` never does."""
    port = run().port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(post(b"/health", b"", b"Expect: 100-continue").replace(b"Length: 0", b"Length: 3"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"503")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 503 Service Unavailable\r\nDate: ")


def test_health_of_101_keeps_the_connection(run):
    """It switches nothing; 204 and 304 have no body either."""
    server = run()
    for status in (b"101", b"204", b"304"):
        answer = server.send(post(b"/health", status) + BENCH.replace(b"/bench", b"/health") + LAST)
        _, probe, bench = (part.partition(b"\r\n\r\n")[0] for part in answer.split(b"HTTP/1.1 ")[1:])
        assert probe.startswith(status)
        assert b"Connection" not in probe
        assert bench.startswith(b"200 OK")


def test_head_limit(server):
    """A header of a mebibyte is echoed; a head beyond the limit is refused with 431, and the client can read that."""
    value = b"x" * (1 << 20)
    start = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: "
    assert server.send(start + value + b"\r\n\r\n").endswith(b"X: " + value + b"\r\n\r\n")
    answer = server.send(start + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_http10_ends_long_answers_with_the_connection(server):
    """HTTP/1.0 keep-alive holds for answers whose length Go would count."""
    head = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n"
    short = server.send(head + b"\r\n", half_close=True)
    assert short.partition(b"\r\n\r\n")[0].endswith(b"\r\nConnection: keep-alive")
    long = server.send(head + b"X: %b\r\n\r\n" % (b"x" * 3000))
    assert b"\r\nConnection:" not in long.partition(b"\r\n\r\n")[0]


def until_quiet(port: int, request: bytes, *, half_close: bool = False) -> tuple[bytes, bool]:
    """Return what comes within a moment, and whether the connection ended."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(TimeoutError):
            while data := connection.recv(1 << 16):
                answer += data
            return answer, True
        return answer, False


CUT_SHORT = b" HTTP/1.%b\r\nHost: h\r\nContent-Length: 5\r\nConnection: keep-alive\r\n%b\r\nhel"


@pytest.mark.parametrize(
    ("request_", "half_close", "status", "connection", "ended"),
    [
        # the answer does not wait for a body where the connection ends anyway; its end does, to see where the body ends
        (b"GET *" + CUT_SHORT % (b"1", b""), False, b"400", b"close", False),
        (b"POST /data?size=5000" + CUT_SHORT % (b"0", b""), False, b"200", b"", False),
        (b"POST /api" + CUT_SHORT % (b"1", b"Expect: more\r\n"), False, b"417", b"close", False),
        (b"POST /api" + CUT_SHORT % (b"1", b"Expect: 100-continue\r\n"), False, b"200", b"close", False),
        # unless the client said that it is the last
        (
            b"POST /api" + CUT_SHORT % (b"1", b"Expect: 100-continue\r\nConnection: close\r\n"),
            False,
            b"200",
            b"close",
            True,
        ),
        # else it waits
        (b"POST /api" + CUT_SHORT % (b"1", b""), False, b"", b"", False),
        # Go finds the body cut short after it promised HTTP/1.0 to go on
        (b"POST /api" + CUT_SHORT % (b"0", b""), True, b"200", b"keep-alive", True),
        (b"POST /api" + CUT_SHORT % (b"1", b""), True, b"200", b"close", True),
        (b"POST /p" + CUT_SHORT % (b"1", b""), True, b"200", b"", True),
        (b"POST /p" + CUT_SHORT % (b"1", b"Expect: 100-continue\r\n"), True, b"200", b"close", True),
        # POST /health reads on until it knows the value
        (b"POST /health" + CUT_SHORT % (b"1", b"Connection: close\r\n"), False, b"400", b"close", True),
        (b"POST /health" + CUT_SHORT % (b"1", b""), False, b"", b"", False),
        (b"POST /health" + CUT_SHORT % (b"1", b""), True, b"400", b"close", True),
        (b"POST /health" + (CUT_SHORT % (b"1", b"")).replace(b"hel", b"200"), True, b"400", b"", True),
        # OPTIONS of the server reads it
        (b"OPTIONS *" + CUT_SHORT % (b"1", b""), True, b"200", b"", True),
    ],
)
def test_bodies_that_do_not_come(server, request_, half_close, status, connection, ended):
    """What the head says, and whether the connection ends, as the real program has it."""
    answer, has_ended = until_quiet(server.port, request_, half_close=half_close)
    head = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0][9:12] == status
    assert b"".join(line[12:] for line in head if line.startswith(b"Connection: ")) == connection
    assert has_ended == ended


def test_expectation_that_nobody_meets_refuses_a_websocket(server):
    """Go looks at Expect before any handler does."""
    fields = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nExpect: more\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    answer = server.send(b"GET /echo HTTP/1.1\r\nHost: h\r\n" + fields + key + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\n")


def test_large_body_of_the_echo_ends_the_connection(server):
    """Go sends the head in the midst of the body: what is left by then may be more than it would drain."""
    head = server.send(post(b"/", b"x" * 262_656)).partition(b"\r\n\r\n")[0]
    assert head.endswith(b"\r\nConnection: close")
    answer = server.send(post(b"/", b"x" * 262_655) + LAST)
    assert b"Connection" not in answer.partition(b"\r\n\r\n")[0]
    assert answer.endswith(b"\r\n\r\n1")


def test_options_of_the_server_take_4_kib(server):
    """A longer body ends the connection."""
    start = b"OPTIONS * HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
    assert server.send(start % 4096 + b"x" * 4096 + LAST).endswith(b"\r\n\r\n1")
    answer = server.send(start % 4097 + b"x" * 4097 + LAST)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\nDate: ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(("behind", "answers"), [(b"\r\n", 1), (b"\r\n\r\n", 1), (b"\r\n\r\n\r\n", 2)])
def test_newlines_behind_a_post(server, behind, answers):
    """Four of their bytes are forgiven; more begin a request that is none."""
    answer = server.send(post(b"/p", b"hello") + behind, half_close=True)
    assert answer.count(b"HTTP/1.1 ") == answers
    assert answer.endswith(b"400 Bad Request") == (answers == 2)


def test_connect_and_asterisk(server):
    """`*` and an authority are no paths."""
    assert server.send(b"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: "
    )
    assert server.send(b"GET * HTTP/1.1\r\nHost: h\r\n\r\n").startswith(
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: "
    )
    answer = server.send(b"CONNECT h:443 HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\n")


def test_idle_connections_cost_nothing_and_others_are_served(server):
    """Clients that send nothing, or half a head, keep nobody waiting."""
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    try:
        for connection in idle[:50]:
            connection.sendall(b"GET / HTTP/1.1\r\nHost")
        assert server.send(LAST).endswith(b"\r\n\r\n1")
    finally:
        for connection in idle:
            connection.close()


def test_many_clients_at_once(server):
    """Clients at the same time get their own answers, and each request its record."""
    answers: list[bytes] = []

    def ask(number: int) -> None:
        request = b"GET /many/%d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % number
        answers.append(server.send(request))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(b"GET /many/" in answer for answer in answers) == 50
    assert len(server.records(50, lambda record: (record["target"] or "").startswith("/many/"))) == 50


def test_ipv6(server):
    """The port is open on both families; an IPv6 peer is spelled as Go spells it."""
    try:
        connection = socket.create_connection(("::1", server.port), timeout=5)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with connection:
        connection.sendall(LAST.replace(b"/bench", b"/api"))
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        port = connection.getsockname()[1]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["remoteAddr"] == f"[::1]:{port}"


def test_one_host_only(run):
    """--host takes one address."""
    server = run("--host", "127.0.0.1")
    assert server.send(LAST).endswith(b"1")
    with pytest.raises(OSError, match=r"refused|unreachable|assign"):
        socket.create_connection(("::1", server.port), timeout=5)


def fetch(port: int, context: ssl.SSLContext) -> bytes:
    """Ask over TLS."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(LAST)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_tls(run, tls):
    """With certificate and key HTTPS is served, and the record has the version."""
    server = run("-cert", str(tls / "server.pem"), "-key", str(tls / "server.key"))
    assert fetch(server.port, ssl.create_default_context(cafile=tls / "ca.pem")).endswith(b"\r\n\r\n1")
    (record,) = server.records(1)
    assert record["tls_version"] == "TLSv1.3"


def test_mutual_tls(run, tls):
    """With a CA clients must have a certificate of it."""
    flags = ("-cert", str(tls / "server.pem"), "-key", str(tls / "server.key"), "-cacert", str(tls / "ca.pem"))
    port = run(*flags).port
    context = ssl.create_default_context(cafile=tls / "ca.pem")
    refused = b""
    with contextlib.suppress(ssl.SSLError, ConnectionError):  # TLS 1.3 tells the client after its handshake, if at all
        refused = fetch(port, context)
    assert refused == b""
    context.load_cert_chain(tls / "client.pem", tls / "client.key")
    assert fetch(port, context).endswith(b"\r\n\r\n1")


def test_certificate_alone_is_plain_http(run):
    """Without its key a certificate is ignored, as whoami ignores it."""
    assert run("-cert", "missing.pem").send(LAST).endswith(b"1")
