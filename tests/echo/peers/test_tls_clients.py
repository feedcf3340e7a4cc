"""
TLS spoken by OpenSSL's and curl's hand, and those who speak the wrong protocol to a port.

Whatever fails is told to who is there, in words that name what to change, and is a record.
"""

import re
import socket
import struct
import subprocess
import time
import uuid

import pytest

from tests.echo.peers.programs import program

REQUEST = b"GET /%b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
HELLO = bytes.fromhex("1603010200010001fc0303")  # how a ClientHello of 512 bytes begins
V1 = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
V2 = bytes.fromhex("0d0a0d0a000d0a515549540a 20000000")


def s_client(port, *flags, target=b""):
    """Ask with openssl s_client; return what it printed, on both its outputs."""
    command = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof", *flags]
    done = subprocess.run(command, input=REQUEST % target, capture_output=True, timeout=10, check=False)
    return done.stdout.decode(), done.stderr.decode()


def failed(server, error):
    """Return the records of handshakes that failed so."""
    return server.records(1, lambda record: error in (record["error"] or ""))


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_without_a_certificate_nothing_is_shown(tls, certificates, version):
    flags = ("-CAfile", certificates.ca, "-verify_return_error", f"-tls{version.replace('.', '_')}")
    out, _ = s_client(tls.port, *flags, target=f"bare-{version}".encode())
    assert "Verify return code: 0 (ok)" in out
    assert f"\nGET /bare-{version} HTTP/1.1" in out
    assert "Certificate[" not in out
    (record,) = tls.records(1, lambda record: record["target"] == f"/bare-{version}")
    assert record["tls_version"] == f"TLSv{version}"


@pytest.mark.parametrize("name", ["client", "stranger"])
def test_any_certificate_s_subject_is_shown(tls, certificates, name):
    """Without --cacert nobody judges it."""
    out, _ = s_client(tls.port, "-cert", getattr(certificates, name))
    assert "HTTP/1.1 200 OK" in out
    assert f"CN=a-{name}" in out


def test_with_cacert_one_that_is_known_is_let_in(mutual, certificates):
    out, _ = s_client(mutual.port, "-cert", certificates.client)
    assert "HTTP/1.1 200 OK" in out
    assert "CN=a-client" in out


def test_with_cacert_none_is_refused(mutual):
    _, errors = s_client(mutual.port)
    assert "alert certificate required" in errors
    assert failed(mutual, "tls: client didn't provide a certificate")


def test_with_cacert_a_stranger_is_refused(mutual, certificates):
    _, errors = s_client(mutual.port, "-cert", certificates.stranger)
    assert "alert unknown ca" in errors
    record = failed(mutual, "x509: certificate signed by unknown authority")[0]
    assert (record["status"], record["response_bytes"], record["peer_ip"]) == (400, 0, "127.0.0.1")


def test_an_old_version_is_refused(tls):
    _, errors = s_client(tls.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert "alert protocol version" in errors
    assert failed(tls, "tls: client offered only unsupported versions")


def test_http_1_1_is_all_that_is_offered(tls):
    assert "ALPN protocol: http/1.1" in s_client(tls.port, "-alpn", "h2,http/1.1")[0]


def test_a_client_that_does_not_know_the_authority_says_so(tls):
    done = subprocess.run(
        [program("curl"), "-qsS", f"https://127.0.0.1:{tls.port}/"], capture_output=True, timeout=10, check=False
    )
    assert done.returncode == 60
    assert failed(tls, "remote error: tls: unknown certificate authority")


def test_curl_over_tls(tls, mutual, certificates):
    for server, more in ((tls, []), (mutual, ["--cert", certificates.client])):
        url = f"https://127.0.0.1:{server.port}/curl"
        command = [program("curl"), "-qsS", "--cacert", certificates.ca, *more, url, url]
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.count(b"GET /curl HTTP/1.1") == 2
        assert [r["connection_request"] for r in server.records(2, lambda r: r["target"] == "/curl")] == [1, 2]


def test_an_answer_that_ends_with_the_connection_ends_orderly(tls, certificates):
    """A client would tell one that is cut off by what TLS says at its end."""
    url = f"https://127.0.0.1:{tls.port}/data?size=300000"
    command = [program("curl"), "-qsS", "--http1.0", "--cacert", certificates.ca, url]
    done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    assert (done.returncode, len(done.stdout), done.stderr) == (0, 300_000, b"")


def test_a_large_body_over_tls(tls, certificates):
    body = b"\xaa" * (3 << 20)
    command = [program("curl"), "-qsS", "--cacert", certificates.ca, "-H", "Expect:", "--data-binary", "@-"]
    url = f"https://127.0.0.1:{tls.port}/large"
    done = subprocess.run([*command, url], input=body, capture_output=True, timeout=10, check=False)
    assert (done.returncode, done.stdout.count(b"\xaa")) == (0, len(body))


# --- the wrong protocol -----------------------------------------------------------------------------------------------

PROXY_WORDS = "start the server with --proxy-protocol optional (from --trust ranges) or required"
PROXY_MISSING_WORDS = "start the server with --proxy-protocol optional (from --trust ranges) or off"
TLS_WORDS = "start the server without --cert and --key"
# fixture of the server, what it is sent, what the answer and the record say, what the answer says to do, finding
STRANGE = {
    "plain HTTP on the TLS port": ("tls", REQUEST % b"", "plain HTTP on the TLS port", TLS_WORDS, "plain-on-tls-port"),
    "a PROXY v1 header on the TLS port": (
        "tls",
        V1 + HELLO,
        "a PROXY protocol v1 header, which is not",
        PROXY_WORDS,
        "proxy-header-unexpected",
    ),
    "a PROXY v2 header on the TLS port": (
        "tls",
        V2 + HELLO,
        "a PROXY protocol v2 header, which is not",
        PROXY_WORDS,
        "proxy-header-unexpected",
    ),
    "neither on the TLS port": (
        "tls",
        b"\0\1\2\3\4\5",
        "what came on the TLS port is no TLS",
        TLS_WORDS,
        "plain-on-tls-port",
    ),
    "a TLS hello on the plain port": (
        "plain",
        HELLO,
        "a TLS hello on a plain HTTP port",
        "--cert and --key",
        "tls-on-plain-port",
    ),
    "a PROXY v1 header while off": (
        "plain",
        V1 + REQUEST % b"",
        "a PROXY protocol v1 header, which is",
        PROXY_WORDS,
        "proxy-header-unexpected",
    ),
    "a PROXY v2 header while off": (
        "plain",
        V2 + REQUEST % b"",
        "a PROXY protocol v2 header, which is",
        PROXY_WORDS,
        "proxy-header-unexpected",
    ),
    "none while required": (
        "requiring",
        REQUEST % b"",
        "no PROXY header came",
        PROXY_MISSING_WORDS,
        "proxy-header-missing",
    ),
    "none while required, TLS": (
        "requiring_tls",
        HELLO,
        "no PROXY header came",
        PROXY_MISSING_WORDS,
        "proxy-header-missing",
    ),
    "plain HTTP behind one on the TLS port": (
        "requiring_tls",
        V1 + REQUEST % b"",
        "plain HTTP on the TLS",
        TLS_WORDS,
        "plain-on-tls-port",
    ),
    "a TLS hello behind one on the plain port": (
        "requiring",
        V1 + HELLO,
        "a TLS hello on a",
        "--cert and --key",
        "tls-on-plain-port",
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_the_wrong_protocol_is_answered_in_words_and_logged(request, name):
    fixture, sent, words, next_step, finding = STRANGE[name]
    server = request.getfixturevalue(fixture)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        port = connection.getsockname()[1]
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    assert answer.startswith("HTTP/1.1 400 Bad Request\r\n")
    assert words in answer
    assert next_step in answer
    # others may have come from the same port before
    *_, record = server.records(1, lambda record: record["peer_port"] == port and words in (record["error"] or ""))
    assert (record["status"], record["finding"], record["method"]) == (400, finding, None)
    if sent.startswith(V1) and fixture.startswith("requiring"):
        assert record["proxied_ip"] == record["client_ip"] == "192.0.2.1"


def test_curl_tells_the_words_on(tls, plain):
    def curl(*arguments):
        done = subprocess.run([program("curl"), "-qsS", *arguments], capture_output=True, timeout=10, check=False)
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    code, text = curl(f"http://127.0.0.1:{tls.port}/")
    assert (code, text.split(";")[0]) == (0, "400 Bad Request: plain HTTP on the TLS port")
    code, text = curl("--haproxy-protocol", f"http://127.0.0.1:{plain.port}/")
    assert (code, PROXY_WORDS in text) == (0, True)
    code, text = curl("-k", f"https://127.0.0.1:{plain.port}/")
    assert (code, "wrong version number" in text) == (35, True)


def test_curl_speaks_the_proxy_protocol(requiring, requiring_tls, certificates):
    for server, scheme in ((requiring, "http"), (requiring_tls, "https")):
        url = f"{scheme}://127.0.0.1:{server.port}/ip"
        command = [program("curl"), "-qsS", "--haproxy-protocol", "--cacert", certificates.ca, url]
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
        assert (done.stdout, done.stderr) == (b"127.0.0.1\n", b"")


# --- what is never said to its end ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hasty(start_session, certificates):
    """A TLS server without patience, which may be sent PROXY headers."""
    toml = '[trust]\nproxy_protocol = "optional"\nranges = ["loopback"]\n'
    with start_session(
        "hasty", toml, *certificates.server, "--header-timeout", "900ms", "--idle-timeout", "500ms"
    ) as one:
        yield one


def counted(server, name):
    """Return a number of /metrics."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", s_client(server.port, target=b"metrics")[0], re.MULTILINE)
    return float(found[1])


def heard(server, sent, leave=None, count=1):
    """Send bytes and wait, or leave; return the answer and the records of it, once there are so many."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        port = connection.getsockname()[1]
        connection.sendall(sent)
        if leave is not None:
            time.sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", leave == "reset", 0))
            answer = b""
        else:
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
    if not count:
        time.sleep(0.3)
    return answer.decode(), server.records(count, lambda record: record["peer_port"] == port and record["error"])


def test_who_says_nothing_is_given_up_and_leaves_no_record(hasty):
    before = counted(hasty, 'whofrom_timeouts_total{timeout="idle"}')
    assert heard(hasty, b"", count=0) == ("", [])
    assert counted(hasty, 'whofrom_timeouts_total{timeout="idle"}') == before + 1


@pytest.mark.parametrize("leave", ["end", "reset"])
@pytest.mark.parametrize("sent", [b"", V1], ids=["nothing", "a PROXY header"])
def test_who_only_connects_leaves_no_record(hasty, leave, sent):
    """As balancers do to see whether somebody listens."""
    assert heard(hasty, sent, leave, count=0) == ("", [])


@pytest.mark.parametrize("leave", ["end", "reset"])
def test_who_leaves_within_the_handshake_is_a_record_and_no_timeout(hasty, leave):
    before = counted(hasty, 'whofrom_timeouts_total{timeout="header"}')
    _, [record] = heard(hasty, V1 + HELLO, leave)
    assert record["error"] == "the connection ended within the TLS handshake"
    assert (record["status"], record["client_ip"], record["proxied_ip"]) == (400, "192.0.2.1", "192.0.2.1")
    assert counted(hasty, 'whofrom_timeouts_total{timeout="header"}') == before


def test_a_handshake_that_does_not_end_is_a_record(hasty):
    """There is nothing to say to it: it waits for TLS."""
    answer, [record] = heard(hasty, HELLO)
    assert (answer, record["status"]) == ("", 408)
    assert record["error"] == "the TLS handshake was not complete after 900ms"


@pytest.mark.parametrize("sent", [V1[:9], V2[:13], V1], ids=["a part of v1", "a part of v2", "and nothing behind it"])
def test_a_proxy_header_that_does_not_end_is_told_so(hasty, sent):
    answer, [record] = heard(hasty, sent)
    assert answer.startswith("HTTP/1.1 408 Request Timeout\r\n")
    assert record["error"] == "neither a whole PROXY header nor a TLS hello behind it came in 900ms"
    assert "a longer --header-timeout" in answer


def test_a_proxy_header_that_is_cut_off_is_a_record(hasty):
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=5) as connection:
        port = connection.getsockname()[1]
        connection.sendall(V1[:9])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    (record,) = hasty.records(1, lambda record: record["peer_port"] == port)
    assert record["error"] == "the connection ended within the PROXY header"


def test_at_the_end_those_at_the_door_are_sent_away(start_session, certificates):
    with start_session("ending", "", *certificates.server) as server:
        silent = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        halfway = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        with silent, halfway:
            halfway.sendall(HELLO)
            time.sleep(0.5)
            assert server.stop() == 0
            assert silent.recv(1) == halfway.recv(1) == b""
        assert (server.log.parent / "stderr.txt").read_text().count("\n") == 1, "it says that it starts, and no more"


def test_the_end_does_not_wait_for_clients_that_keep_their_connections(start_session, certificates):
    """Such a client looks at its connection when it next needs it: it does not answer TLS's farewell."""
    with start_session("kept", "", *certificates.server) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        with certificates.context.wrap_socket(raw) as kept:
            kept.sendall(b"GET /bench HTTP/1.1\r\nHost: h\r\n\r\n")
            assert kept.recv(4096).endswith(b"1")
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 5
            assert kept.recv(1) == b"", "it was told in order"
        assert "cut off" not in (server.log.parent / "stderr.txt").read_text()


def test_a_connection_that_the_server_ended_is_not_open(tls, certificates):
    """Whatever the client does with its end."""
    raw = socket.create_connection(("127.0.0.1", tls.port), timeout=5)
    with certificates.context.wrap_socket(raw) as kept:
        kept.sendall(b"GET /bench HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert kept.recv(4096).endswith(b"1")
        deadline = time.monotonic() + 5
        while counted(tls, "whofrom_connections_open") > 1:  # the one that asks
            assert time.monotonic() < deadline


def test_a_slow_client_that_takes_what_it_gets_is_no_timeout(start_session, certificates):
    """However often the server looks: what waits for it is the same amount each time, though never the same bytes."""
    with start_session("slow", "", *certificates.server, "--send-timeout", "700ms") as server:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        with certificates.context.wrap_socket(raw) as slow:
            slow.sendall(b"GET /data?size=12&unit=MB HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            received = 0
            while data := slow.recv(16384):
                received += len(data)
                time.sleep(0.004)
        assert received > 12 << 20
        (record,) = server.records(1, lambda record: record["target"].startswith("/data"))
        assert (record["response_bytes"], record["error"]) == (12 << 20, None)


# --- load -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("-disable-keepalive",)], ids=["kept", "a handshake each"])
def test_hey_over_tls(tls, more):
    target = f"/?{uuid.uuid4().hex}"
    command = [program("hey"), "-n", "200", "-c", "8", *more, f"https://127.0.0.1:{tls.port}{target}"]
    text = subprocess.run(command, capture_output=True, timeout=20, check=False).stdout.decode()
    assert "[200]\t200 responses" in text
    assert "Error distribution" not in text
    assert len(tls.records(200, lambda record: record["target"] == target)) == 200


def test_wrk_over_tls(tls):
    target = f"/?{uuid.uuid4().hex}"
    command = [program("wrk"), "-t", "1", "-c", "4", "-d", "1s", f"https://127.0.0.1:{tls.port}{target}"]
    text = subprocess.run(command, capture_output=True, timeout=20, check=False).stdout.decode()
    assert "Socket errors" not in text
    assert "Non-2xx" not in text
    received = int(re.search(r"(\d+) requests in ", text)[1])
    assert received <= len(tls.records(received, lambda record: record["target"] == target)) <= received + 4
