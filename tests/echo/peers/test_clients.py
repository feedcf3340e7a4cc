"""Real clients: curl, wrk, hey and the websockets library."""

import asyncio
import re
import subprocess
import uuid

import pytest

from tests.echo.peers.programs import program, serving

RECEIVED = re.compile(r"(\d+) requests in ")


def run(*command, stdin=b"", seconds=20):
    """Run a program to its end."""
    return subprocess.run(command, input=stdin, capture_output=True, timeout=seconds, check=False)


def curl(*arguments, stdin=b""):
    """Ask with curl, silent but for errors."""
    return run(program("curl"), "-q", "-sS", "--max-time", "8", *arguments, stdin=stdin)


@pytest.fixture
def mark(plain):
    """A target's query of its own, and what finds the records of it."""
    mark = uuid.uuid4().hex
    return mark, lambda count: plain.records(count, lambda record: mark in (record["target"] or ""))


@pytest.fixture
def url(plain):
    """Where the server is."""
    return f"http://127.0.0.1:{plain.port}"


# --- curl -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["clientip", "ip"])
def test_an_assertion_in_a_shell(url, mark, route):
    """curl -f ends with 22 where the client is another; the words are those of -S."""
    done = curl("-f", f"{url}/{route}?expect=127.0.0.1&{mark[0]}")
    assert (done.returncode, done.stdout) == (0, b"127.0.0.1\n")
    done = curl("-f", f"{url}/{route}?expect=203.0.113.7&{mark[0]}")
    assert done.returncode == 22
    assert b"412" in done.stderr
    done = curl("--fail-with-body", f"{url}/{route}?expect=203.0.113.7&{mark[0]}")
    assert done.returncode == 22
    assert done.stdout.startswith(b"expected 203.0.113.7, but the ")
    assert [record["status"] for record in mark[1](3)] == [200, 412, 412]


def test_http_1_0(url, mark):
    """Its answers end with the connection, or are as long as they say."""
    for size in (100, 300_000):
        done = curl("--http1.0", f"{url}/data?size={size}&{mark[0]}")
        assert (done.returncode, len(done.stdout), done.stderr) == (0, size, b"")
    assert {record["protocol"] for record in mark[1](2)} == {"HTTP/1.0"}


def test_a_body_in_chunks(url, mark):
    body = b"\xaa" * 300_000
    done = curl("-T", "-", "-H", "Expect:", f"{url}/?{mark[0]}", stdin=body)
    assert done.returncode == 0
    assert done.stdout.count(b"\xaa") == 300_000
    (record,) = mark[1](1)
    assert record["request_bytes"] == 300_000
    assert record["headers"]["transfer-encoding"] == ["chunked"]


@pytest.mark.parametrize("target", ["/health?", "/?"])
def test_a_body_that_waits_for_100_continue(url, mark, target):
    """100 is said where the body is read, but at `/`, as whoami says none there: curl sends it unasked in the end."""
    patience = 1.5 if target == "/?" else 6
    waits = "-H", "Expect: 100-continue", "--expect100-timeout", str(patience)
    done = curl(*waits, "-d", "200", "-w", "%{time_total}", "-o", "/dev/null", url + target + mark[0])
    assert done.returncode == 0, done.stderr
    assert (float(done.stdout) >= patience) == (target == "/?")
    (record,) = mark[1](1)
    assert (record["status"], record["request_bytes"], record["error"]) == (200, 3, None)


def test_connections_are_reused(url, mark):
    done = curl(f"{url}/?[1-5]&{mark[0]}")
    assert done.returncode == 0
    records = mark[1](5)
    assert [record["connection_request"] for record in records] == [1, 2, 3, 4, 5]
    assert len({record["connection_id"] for record in records}) == 1


def test_events_come_as_events(url, mark):
    done = curl("-N", f"{url}/sse?n=3&interval=50ms&{mark[0]}")
    assert done.stdout.count(b"\n\n") == 3
    assert mark[1](1)[0]["response_bytes"] == len(done.stdout)


def test_ranges_and_heads(url, mark):
    done = curl("-r", "10-19", f"{url}/data?size=41&attachment=true&{mark[0]}")
    assert done.stdout == b"JKLMNOPQRS"
    done = curl("-I", f"{url}/data?size=41&{mark[0]}")
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n")


def test_curl_over_a_unix_socket(tmp_path):
    path = tmp_path / "socket"
    with serving(tmp_path, "--unix", str(path)) as said:
        assert f"Starting up on socket {path}\n" in said
        done = curl("--unix-socket", str(path), "http://anything/clientip")
        assert (done.returncode, done.stdout) == (0, b"the socket's peer has no address: it came over a UNIX socket\n")
        done = curl("--unix-socket", str(path), "http://anything/")
        assert b"\nGET / HTTP/1.1\r\nHost: anything\r\n" in done.stdout
    assert not path.exists()


# --- load -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/", "/explain", "/ip"])
def test_wrk_counts_what_the_log_counts(url, mark, route):
    """Those under way when it ends, one a connection, are in the log alone."""
    done = run(program("wrk"), "-t", "1", "-c", "8", "-d", "1s", f"{url}{route}?{mark[0]}")
    text = done.stdout.decode()
    assert "Socket errors" not in text
    assert "Non-2xx" not in text
    received = int(RECEIVED.search(text)[1])
    records = mark[1](received)
    assert received <= len(records) <= received + 8
    assert {record["status"] for record in records} == {200}


@pytest.mark.parametrize("more", [(), ("-disable-keepalive",), ("-m", "POST", "-d", "x" * 1000)])
def test_hey_counts_what_the_log_counts(url, mark, more):
    done = run(program("hey"), "-n", "400", "-c", "8", *more, f"{url}/?{mark[0]}")
    text = done.stdout.decode()
    assert "[200]\t400 responses" in text
    assert "Error distribution" not in text
    assert len(mark[1](400)) == 400


# --- WebSocket --------------------------------------------------------------------------------------------------------


def test_the_websockets_library(plain, mark):
    """Text, binary, many and large messages, a ping, an orderly end; compression is offered and not taken."""
    client = pytest.importorskip("websockets.asyncio.client", reason="websockets is not installed")

    async def talk():
        async with client.connect(f"ws://127.0.0.1:{plain.port}/echo?{mark[0]}") as socket:
            assert not socket.protocol.extensions
            messages = ["hello", b"\0\1\2", "", "ä" * 100_000, *map(str, range(50))]
            for message in messages:
                await socket.send(message)
            assert [await socket.recv() for _ in messages] == messages
            await (await socket.ping())
            await socket.send(iter(["in ", "pieces"]))
            assert await socket.recv() == "in pieces"
        assert (socket.close_code, socket.close_reason) == (1000, "")

    asyncio.run(talk())
    (record,) = mark[1](1)
    assert (record["status"], record["error"]) == (101, None)
