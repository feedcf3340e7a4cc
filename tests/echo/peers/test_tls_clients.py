"""
TLS spoken by OpenSSL's and curl's hand, and those who speak the wrong protocol to a port.

Whatever fails is told to who is there, in words that name what to change, and is a record.
"""

import socket
import subprocess

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


# --- the wrong protocol -----------------------------------------------------------------------------------------------

PROXY_WORDS = "start the server with --proxy-protocol optional (from --trust ranges) or required"
PROXY_MISSING_WORDS = "start the server with --proxy-protocol optional (from --trust ranges) or off"
TLS_WORDS = "start the server without --cert and --key"
# fixture of the server, what it is sent, what the answer and the record say, what the answer says to do
STRANGE = {
    "plain HTTP on the TLS port": ("tls", REQUEST % b"", "plain HTTP on the TLS port", TLS_WORDS),
    "a PROXY v1 header on the TLS port": ("tls", V1 + HELLO, "a PROXY protocol v1 header, which is not", PROXY_WORDS),
    "a PROXY v2 header on the TLS port": ("tls", V2 + HELLO, "a PROXY protocol v2 header, which is not", PROXY_WORDS),
    "neither on the TLS port": ("tls", b"\0\1\2\3\4\5", "what came on the TLS port is no TLS", TLS_WORDS),
    "a TLS hello on the plain port": ("plain", HELLO, "a TLS hello on a plain HTTP port", "--cert and --key"),
    "a PROXY v1 header while off": ("plain", V1 + REQUEST % b"", "a PROXY protocol v1 header, which is", PROXY_WORDS),
    "a PROXY v2 header while off": ("plain", V2 + REQUEST % b"", "a PROXY protocol v2 header, which is", PROXY_WORDS),
    "none while required": ("requiring", REQUEST % b"", "no PROXY header came", PROXY_MISSING_WORDS),
    "none while required, TLS": ("requiring_tls", HELLO, "no PROXY header came", PROXY_MISSING_WORDS),
    "plain HTTP behind one on the TLS port": ("requiring_tls", V1 + REQUEST % b"", "plain HTTP on the TLS", TLS_WORDS),
    "a TLS hello behind one on the plain port": ("requiring", V1 + HELLO, "a TLS hello on a", "--cert and --key"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_the_wrong_protocol_is_answered_in_words_and_logged(request, name):
    fixture, sent, words, next_step = STRANGE[name]
    server = request.getfixturevalue(fixture)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        port = connection.getsockname()[1]
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    assert answer.startswith("HTTP/1.1 400 Bad Request\r\n")
    assert words in answer
    assert next_step in answer
    (record,) = server.records(1, lambda record: record["peer_port"] == port)
    assert words in record["error"]
    assert (record["status"], record["finding"], record["method"]) == (400, "malformed-request", None)
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


def test_a_silent_client_is_given_up_and_counted(start_session, certificates):
    """Nothing was said that could be answered."""
    with start_session("silent", "", *certificates.server, "--header-timeout", "300ms") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            assert connection.recv(1) == b""
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(HELLO)
            assert connection.recv(1) == b""
        out, _ = s_client(server.port, target=b"metrics")
        assert 'whofrom_timeouts_total{timeout="header"} 2.0' in out
