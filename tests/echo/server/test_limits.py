"""Limits and timeouts: each is met, said, logged and counted, and troubles nobody else."""

import contextlib
import re
import socket
import struct
import threading
import time

import pytest

BENCH = b"GET /bench HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /bench HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def connect(server):
    """Return a connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=5)


def rest(connection):
    """Return all that comes until the server closes."""
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def metric(server, series):
    """Return a number of /metrics."""
    text = server.send(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").decode()
    return float(re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)[1])


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost: h\r\nX: "])
def test_a_head_that_does_not_come_to_its_end(run, begun):
    """It is told so, logged and counted; a byte now and then does not help; others are served meanwhile."""
    server = run("--header-timeout", "1s")
    with connect(server) as connection:
        started = time.monotonic()
        connection.sendall(begun)
        for _ in range(3):
            time.sleep(0.1)
            connection.sendall(b"x")
        assert server.send(LAST).endswith(b"1")
        answer = rest(connection)
    assert 0.9 < time.monotonic() - started < 10
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"was not complete after 1s; send it faster, or start the server with a longer --header-timeout" in answer
    (record,) = server.records(1, lambda record: record["status"] == 408)
    assert record["finding"] == "malformed-request"
    assert metric(server, 'whofrom_timeouts_total{timeout="header"}') == 1
    assert metric(server, 'whofrom_malformed_total{kind="timeout"}') == 1


def test_a_connection_that_says_nothing(run):
    """It is closed without a word after --idle-timeout, and no record is made of it."""
    server = run("--idle-timeout", "300ms")
    with connect(server) as connection:
        assert rest(connection) == b""
    assert metric(server, 'whofrom_timeouts_total{timeout="idle"}') == 1
    assert len(server.records(1)) == 1, "the one of /metrics"


def test_a_connection_that_asks_no_more(run):
    """It is closed without a word after --keep-alive; asking again in time keeps it."""
    server = run("--keep-alive", "1500ms", "--idle-timeout", "100s")
    with connect(server) as connection:
        for _ in range(4):
            connection.sendall(BENCH)
            assert connection.recv(1000).endswith(b"1")
            time.sleep(0.2)
        assert rest(connection) == b""
    assert metric(server, 'whofrom_timeouts_total{timeout="keep-alive"}') == 1


def test_a_body_that_does_not_come(run):
    """whoami's text says so where the body ends; a body that comes slowly but surely is taken whole."""
    server = run("--body-timeout", "1s")
    with connect(server) as connection:
        connection.sendall(b"POST /late HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
        for byte in b"hell":
            connection.sendall(bytes([byte]))
            time.sleep(0.15)
        answer = rest(connection)
    assert answer.endswith(b"hellnothing of the body came for 1s, the server's --body-timeout\n")
    (record,) = server.records(1, lambda record: record["target"] == "/late")
    assert "--body-timeout" in record["error"]
    assert metric(server, 'whofrom_timeouts_total{timeout="body"}') == 1


def test_a_client_that_takes_nothing(run):
    """One that does not read its answer is cut off after --send-timeout, logged with what it took."""
    server = run("--send-timeout", "500ms")
    with connect(server) as connection:
        connection.sendall(b"GET /data?size=1&unit=gb HTTP/1.1\r\nHost: h\r\n\r\n")
        (record,) = server.records(1)
        assert record["error"].startswith("the client left after ")
        assert 0 < record["response_bytes"] < 1 << 30
    assert metric(server, 'whofrom_timeouts_total{timeout="send"}') == 1


def test_too_many_connections(run):
    """More than --max-connections are told so; when some end, others are let in."""
    server = run("--max-connections", "3")
    held = [connect(server) for _ in range(3)]
    for connection in held:
        connection.sendall(BENCH)
        connection.recv(1000)
    with connect(server) as fourth:
        answer = rest(fourth)
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"3 connections are open already; close some, or start the server with a higher --max-connections" in answer
    for connection in held:
        connection.close()
    time.sleep(0.1)
    assert metric(server, "whofrom_connections_refused_total") == 1
    assert metric(server, "whofrom_connections_open") == 1
    assert metric(server, 'whofrom_malformed_total{kind="connections"}') == 1


@pytest.mark.parametrize("request_", [BENCH, BENCH.replace(b"GET", b"PUT")], ids=["fast lane", "slow way"])
def test_too_many_requests_at_once(run, request_):
    """More than --max-pipelined requests without waiting: those are answered, then the client is told."""
    server = run("--max-pipelined", "5")
    answer = server.send(request_ * 8)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 5
    assert answer.endswith(b"wait for answers, or start the server with a higher --max-pipelined\n")
    with connect(server) as connection:
        for _ in range(12):
            connection.sendall(request_)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("flags", "request_", "status", "words"),
    [
        (
            ("--max-header-bytes", "1k"),
            b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 2000 + b"\r\n\r\n",
            b"431",
            b"",
        ),
        (("--max-data-bytes", "1k"), LAST.replace(b"/bench", b"/data?size=2&unit=kb"), b"413", b"its --max-data-bytes"),
        (
            ("--max-body-bytes", "10"),
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 11\r\n\r\nhello world",
            b"200",
            b"the body is longer than 10 bytes, this server's --max-body-bytes\n",
        ),
    ],
)
def test_limits_of_size(run, flags, request_, status, words):
    """A size beyond the limit is answered with its name."""
    answer = run(*flags).send(request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert words.replace(b"its ", b"") in answer


def test_a_head_of_the_default_limit_is_no_simple_request_beyond_it(run):
    """The limit holds on the fast lane as well."""
    server = run("--max-header-bytes", "100")
    assert server.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 200 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")


def test_other_programs_are_not_asked_about_megabytes(server):
    """?as=all costs some 30 readings of the headers: an answer of seconds would hold up everybody."""
    request = b"GET /explain?as=all HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: %b\r\n\r\n"
    assert server.send(request % (b"," * 20_000)).startswith(b"HTTP/1.1 200 ")
    answer = server.send(request % (b"," * 40_000))
    assert answer.endswith(b"other programs are not asked about headers of more than 32 KiB\n")


def test_connections_at_the_tls_door_count(run, tls):
    """Who has said nothing yet on the TLS port is a connection as any other; one too many is closed and logged."""
    server = run("-cert", str(tls / "server.pem"), "-key", str(tls / "server.key"), "--max-connections", "2")
    silent = [connect(server) for _ in range(2)]
    time.sleep(0.2)
    with connect(server) as third:
        assert rest(third) == b""
    (record,) = server.records(1)
    assert (record["status"], record["error"]) == (503, "2 connections are open already")
    for connection in silent:
        connection.close()
    time.sleep(0.2)
    with connect(server) as plain:
        plain.sendall(LAST)
        assert b"ask with https://" in rest(plain)


def others_wait(server, send):
    """Return how long another client waits at most while one sends something, in seconds."""
    longest = 0.0
    with connect(server) as hostile, connect(server) as other:
        sender = threading.Thread(target=send, args=(hostile,))
        sender.start()
        while sender.is_alive():
            started = time.monotonic()
            other.sendall(BENCH)
            assert other.recv(1000).endswith(b"1")
            longest = max(longest, time.monotonic() - started)
        sender.join()
    return longest


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /?wait=" + b"1" * 500_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /delay/" + b"1" * 500_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /?%" + b"a&" * 400_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n" + b" b\r\n" * 200_000 + b"\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 300,
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 150_000 + b"0\r\n\r\n",
    ],
    ids=["digits to wait", "digits to delay", "pairs", "folds", "metrics", "one-byte chunks"],
)
def test_one_client_does_not_hold_up_the_others(run, request_):
    """Whatever one sends in a megabyte, others are answered meanwhile."""

    def send(connection):
        with contextlib.suppress(OSError):
            connection.sendall(request_)
            connection.settimeout(0.5)
            while connection.recv(1 << 20):
                pass

    assert others_wait(run("--log", "off"), send) < 1.5


def test_who_leaves_while_it_waits_is_let_go(run):
    """A client that resets its connection in mid-wait is no connection any more, and is logged."""
    server = run()
    with connect(server) as leaving:
        leaving.sendall(b"GET /?wait=1h HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.2)
        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    (record,) = server.records(1)
    assert record["error"] == "the client left before the answer"
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5


def test_two_requests_at_a_time_are_never_too_many(run):
    """What counts is how many wait at once, not how many came without a pause."""
    server = run("--max-pipelined", "5")
    with connect(server) as connection:
        asked = b"GET /?wait=2ms HTTP/1.1\r\nHost: h\r\n\r\n"
        connection.sendall(asked * 2)
        answers = b""
        for _ in range(40):
            while not answers.count(b"HTTP/1.1 200 OK"):
                answers += connection.recv(1 << 16)
            answers = answers.replace(b"HTTP/1.1 200 OK", b"", 1)
            connection.sendall(asked)


def test_a_body_that_drips(run):
    """One that comes a byte at a time, always in time, is given up when it only holds its place."""
    server = run("--body-timeout", "200ms")
    with connect(server) as connection:
        connection.sendall(b"POST /drip HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(40):
                connection.sendall(b"x")
                time.sleep(0.1)
    (record,) = server.records(1)
    assert "--body-timeout" in record["error"]
    assert record["request_bytes"] < 40


def test_a_websocket_is_told_that_the_server_stops(run):
    """It gets a close frame of code 1001 and ends at once; so does one that says nothing for --keep-alive."""
    upgrade = (
        b"GET /echo HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    going_away = b"\x88\x02\x03\xe9"
    server = run("--keep-alive", "400ms", "--finish", "10s")
    with connect(server) as silent:
        silent.sendall(upgrade)
        assert rest(silent).endswith(going_away)
    with connect(server) as kept:
        kept.sendall(upgrade)
        assert kept.recv(1000).startswith(b"HTTP/1.1 101")
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
        assert rest(kept) == going_away
