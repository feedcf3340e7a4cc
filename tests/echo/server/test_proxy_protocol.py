"""PROXY headers on the server's port."""

import json
import os
import socket
import subprocess
import time

import pytest

from tests.echo.server.conftest import COMMAND, ROOT, running

REQUEST = b"GET /explain?format=json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
LINE = b"PROXY TCP4 203.0.113.7 192.0.2.2 56324 443\r\n"
BINARY = bytes.fromhex("0d0a0d0a000d0a515549540a 2111000c cb007107 c0000202 dc04 01bb")
LOCAL = bytes.fromhex("0d0a0d0a000d0a515549540a 20000000")


@pytest.fixture(scope="module", params=["required", "optional"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    config = folder / "whofrom.toml"
    config.write_text(f'[trust]\nproxy_protocol = "{request.param}"\nranges = ["loopback"]\n')
    with running(folder, "--config", str(config), "--host", "127.0.0.1") as one:
        one.mode = request.param
        yield one


def body(answer):
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), answer
    return json.loads(text)


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["v1", "v2"])
def test_the_source_takes_the_peers_place(server, header):
    client = body(server.send(header + REQUEST))["client"]
    assert (client["ip"], client["source"]) == ("203.0.113.7", "proxied-peer")


@pytest.mark.parametrize("header", [LINE, BINARY], ids=["v1", "v2"])
def test_a_header_in_pieces(server, header):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in header:
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        connection.sendall(REQUEST)
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert body(answer)["client"]["ip"] == "203.0.113.7"


def test_local_leaves_the_peer(server):
    assert body(server.send(LOCAL + REQUEST))["hops"][-1]["ip"] == "127.0.0.1"


def test_whoami_names_the_source_and_the_record_holds_both(server):
    answer = server.send(LINE + b"GET /proxied HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert b"RemoteAddr: 203.0.113.7:56324\n" in answer
    (record,) = server.records(1, lambda record: record["target"] == "/proxied")
    assert (record["peer_ip"], record["proxied_ip"], record["proxied_port"]) == ("127.0.0.1", "203.0.113.7", 56324)
    assert (record["client_ip"], record["client_source"]) == ("203.0.113.7", "proxied-peer")


def test_a_trusted_source_has_its_header_read(server):
    forwarded = REQUEST.replace(b"Host", b"X-Forwarded-For: 198.51.100.9\r\nHost")
    client = body(server.send(LINE.replace(b"203.0.113.7", b"127.0.0.9") + forwarded))["client"]
    assert (client["ip"], client["source"]) == ("198.51.100.9", "x-forwarded-for")
    client = body(server.send(LINE + forwarded))["client"]
    assert client["ip"] == "203.0.113.7", "an untrusted source's header changes nothing"


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        (b"PROXY TCP4 nonsense\r\n", b"no line of version 1 at byte 0: 'PROXY TCP4 nonsense'"),
        (BINARY[:12] + b"\x31" + BINARY[13:], b"version 3, not 2 at byte 12"),
        (b"PROXY " + b"x" * 200, b"no CRLF in 107 bytes"),
    ],
)
def test_a_broken_header_is_answered_and_logged(server, header, complaint):
    answer = server.send(header + REQUEST)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert complaint in answer
    assert server.records(1, lambda record: complaint.decode() in (record["error"] or ""))


def test_without_a_header(server):
    answer = server.send(REQUEST)
    if server.mode == "optional":
        assert body(answer)["hops"][-1]["ip"] == "127.0.0.1"
    else:
        assert b"no PROXY header came, and --proxy-protocol is required" in answer


def test_a_connection_that_ends_within_the_header_is_logged(server):
    server.send(LINE[:20], half_close=True)
    assert server.records(1, lambda record: "within the PROXY header" in (record["error"] or ""))


def test_the_flag_goes_before_the_file(tmp_path):
    config = tmp_path / "whofrom.toml"
    config.write_text('[trust]\nproxy_protocol = "off"\n')
    flags = ("--config", str(config), "--trust", "loopback", "--proxy-protocol", "optional")
    with running(tmp_path, *flags, "--host", "127.0.0.1") as one:
        assert body(one.send(LINE + REQUEST))["client"]["ip"] == "203.0.113.7"


def test_an_untrusted_peer_may_not_speak_it(tmp_path):
    config = tmp_path / "whofrom.toml"
    config.write_text('[trust]\nproxy_protocol = "optional"\nranges = ["192.0.2.0/24"]\n')
    with running(tmp_path, "--config", str(config), "--host", "127.0.0.1") as one:
        assert one.send(LINE + REQUEST).startswith(b"HTTP/1.1 400 ")
        assert body(one.send(REQUEST))["client"]["ip"] == "127.0.0.1"


def test_other_programs_are_asked_on_the_server_too(server):
    request = REQUEST.replace(b"?format=json", b"?format=json&as=nginx,envoy-hops%3A1%3Aedge")
    others = body(server.send(LINE + request))["others"]
    assert [other["dialect"] for other in others] == [
        "nginx-recursive-off:X-Forwarded-For",
        "nginx-recursive-on:X-Forwarded-For",
        "envoy-hops:1:edge",
    ]
    assert b"is no dialect" in server.send(LINE + REQUEST.replace(b"?format=json", b"?as=iis"))


@pytest.mark.parametrize("header", [LINE, BINARY, b""], ids=["v1", "v2", "none"])
def test_where_it_is_required_only_the_trusted_may_speak_it(tmp_path, header):
    """A stranger that reaches the port could name whomever it likes: it is told so, and logged."""
    flags = ("--trust", "192.0.2.0/24", "--proxy-protocol", "required", "--host", "127.0.0.1")
    with running(tmp_path, *flags) as one:
        answer = one.send(header + REQUEST)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"it is in no trusted range; connect through the balancer, or name this peer with --trust" in answer
        assert one.records(1)[0]["proxied_ip"] is None


def test_where_it_is_required_and_nobody_is_trusted_anybody_may_speak_it(tmp_path):
    """Without ranges the port is taken to be the balancer's alone."""
    with running(tmp_path, "--proxy-protocol", "required", "--host", "127.0.0.1") as one:
        assert body(one.send(LINE + REQUEST))["client"]["ip"] == "203.0.113.7"


@pytest.mark.parametrize("mode", ["required", "optional"])
def test_over_a_unix_socket_who_may_connect_may_speak_it(tmp_path, mode):
    """A UNIX peer is in no range: the socket's folder says who may connect."""
    path = tmp_path / "socket"
    command = [*COMMAND, "--unix", str(path), "--trust", "10.0.0.0/8", "--proxy-protocol", mode]
    flags = ["--log", "off", "--drain", "0", "--workers", "1"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([*command, *flags], stderr=subprocess.PIPE, env=environ) as process:
        try:
            assert b"Starting up on socket" in process.stderr.readline()
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(path))
                connection.sendall(LINE + REQUEST)
                answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        finally:
            process.terminate()
    assert body(answer)["client"]["ip"] == "203.0.113.7"
