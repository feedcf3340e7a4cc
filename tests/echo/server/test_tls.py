"""
HTTPS and client certificates: handshakes in memory, and the two event loops that carry them.

What fails, and the words for it, is what whoami v1.11.0 does and logs.
"""

import asyncio
import contextlib
import datetime
import functools
import gc
import socket
import ssl
from typing import ClassVar

import pytest
import trustme
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from echo import tls
from echo.errors import StartupFault
from echo.settings import Settings
from echo.tls import TO_PLAIN_HTTP, failure_words, handshake_failure, peer_subjects, tls_context

PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
UNKNOWN_CA = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
UNASKED = "Client certificates are not asked for, and / shows none: "


def self_signed(name: str, then: str = "") -> bytes:
    """Return a certificate, long expired, and its key. `then`: its name is changed to that once it is signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name, _ASN1Type.PrintableString)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), *PAST)
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    pem = ssl.DER_cert_to_PEM_cert(der.replace(name.encode(), (then or name).encode())).encode()
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return pem + key.private_bytes(serialization.Encoding.PEM, *secret)


def issued(certificate: trustme.LeafCert, *others: trustme.CA) -> bytes:
    chain = [*(pem.bytes() for pem in certificate.cert_chain_pems), *(ca.cert_pem.bytes() for ca in others)]
    return b"".join([*chain, certificate.private_key_pem.bytes()])


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Certificates and keys in files, by name."""
    folder = tmp_path_factory.mktemp("tls")
    ca, stranger = trustme.CA(), trustme.CA()
    below = ca.create_child_ca()
    server = ca.issue_cert("localhost")
    contents = {
        "cert": b"".join(pem.bytes() for pem in server.cert_chain_pems),
        "key": server.private_key_pem.bytes(),
        "ca": ca.cert_pem.bytes(),
        "below": below.cert_pem.bytes(),
        "self-signed": self_signed("nobody, really"),
        "bad name": self_signed("no.name", "no@name"),
        "known": issued(ca.issue_cert("a@b.example", common_name="known", organization_name="Org")),
        "chain": issued(below.issue_cert("a@b.example", common_name="leaf", organization_name="Org"), ca),
        "stranger": issued(stranger.issue_cert("a@b.example", common_name="stranger")),
        "expired": issued(ca.issue_cert("a@b.example", common_name="old", not_before=PAST[0], not_after=PAST[1])),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return lambda name: str(folder / name)


def settings_of(files, cacert=""):
    return Settings(cert=files("cert"), key=files("key"), cacert=files(cacert) if cacert else "")


def quiet(words: str) -> None:
    pytest.fail(f"said {words!r}")


def client_context(pem=None, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    if pem:
        context.load_cert_chain(pem)
    return context


def shake(server: ssl.SSLContext, client: ssl.SSLContext, session=None):
    """Run a handshake in memory; return both ends, and what the client was told at last."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_side=False, session=session)
    told = ""
    for _ in range(4):
        for end in (theirs, ours):
            try:
                end.do_handshake()
                if end is theirs:
                    end.read(1)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except ssl.SSLError as error:
                assert end is theirs
                told = told or error.reason
    return ours, theirs, told


@pytest.fixture(scope="session")
def asking(files):
    """The server's context without --cacert."""
    return tls_context(settings_of(files), quiet)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_that_go_cannot_read_ends_the_connection(asking, files, version):
    ours, _, _ = shake(asking, client_context(files("bad name"), version))
    why = "x509: invalid RDNSequence: invalid attribute value: invalid PrintableString"
    assert handshake_failure(ours) == f"tls: failed to parse client certificate: {why}"
    assert peer_subjects(ours) == ()


def test_without_certificate_and_key_there_is_no_tls(files):
    assert tls_context(Settings(), quiet) is None
    assert tls_context(Settings(cert=files("cert"), cacert=files("ca")), quiet) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_without_a_certificate_is_welcome(asking, version):
    ours, theirs, told = shake(asking, client_context(version=version))
    assert (told, handshake_failure(ours), peer_subjects(ours)) == ("", "", ())
    theirs.write(b"hello")
    assert ours.read(100) == b"hello"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("self-signed", ["CN=nobody\\, really"]),
        ("known", ["CN=known,"]),
        ("chain", ["CN=leaf,", "OU=Testing CA #", "OU=Testing CA #"]),
        ("stranger", ["CN=stranger,"]),
        ("expired", ["CN=old,"]),
    ],
)
def test_any_certificate_is_taken_and_told(asking, files, version, name, subjects):
    ours, theirs, told = shake(asking, client_context(files(name), version))
    assert (told, handshake_failure(ours)) == ("", "")
    found = peer_subjects(ours)
    assert len(found) == len(subjects)
    assert all(map(str.startswith, found, subjects))
    ours.write(b"hello")
    assert theirs.read(100) == b"hello"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("cacert", ["ca", "below"])
def test_required_certificates_that_are_known(files, version, cacert):
    """Certificates of an intermediate are known where the file holds just that: Go takes it for a root."""
    context = tls_context(settings_of(files, cacert), quiet)
    ours, _, told = shake(context, client_context(files("chain"), version))
    assert (told, handshake_failure(ours)) == ("", "")
    assert peer_subjects(ours)[0].startswith("CN=leaf,")


REFUSED = [
    (None, "tls: client didn't provide a certificate", ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HAND"]),
    ("self-signed", UNKNOWN_CA, ["TLSV1_ALERT_UNKNOWN_CA"]),
    ("stranger", UNKNOWN_CA, ["TLSV1_ALERT_UNKNOWN_CA"]),
    (
        "expired",
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
        ["SSLV3_ALERT_CERTIFICATE_EXPIRED"],
    ),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "failure", "alerts"), REFUSED)
def test_required_certificates_that_are_refused(files, version, name, failure, alerts):
    """The client is told by an alert; nothing it sent before is read, nothing is sent to it."""
    context = tls_context(settings_of(files, "ca"), quiet)
    ours, theirs, told = shake(context, client_context(name and files(name), version))
    assert (handshake_failure(ours), peer_subjects(ours)) == (failure, ())
    assert told.startswith(tuple(alerts))
    with pytest.raises(ssl.SSLWantReadError):
        ours.read(100)
    assert ours.write(b"secret") == 6
    with contextlib.suppress(ssl.SSLError):
        assert theirs.read(100) == b""
    ours.unwrap()


def spoken_to(context, data):
    """Send bytes that are no handshake; return why that failed and the answer."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(to_server, to_client, server_side=True)
    to_server.write(data)
    ours.do_handshake()
    return handshake_failure(ours), to_client.read()


def test_plain_http_gets_words_that_it_understands(asking):
    failure, answer = spoken_to(asking, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (failure, answer) == ("client sent an HTTP request to an HTTPS server", TO_PLAIN_HTTP)


def test_garbage_is_no_handshake(asking):
    failure, answer = spoken_to(asking, b"\0\0\0\0\0\0\0\0\0\0\0\0")
    assert (failure, answer) == ("tls: first record does not look like a TLS handshake", b"")


def test_an_old_version_is_refused(asking):
    with pytest.warns(DeprecationWarning, match="TLS"):
        old = client_context(version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    ours, _, told = shake(asking, old)
    assert handshake_failure(ours) == "tls: client offered only unsupported versions"
    assert told == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_http_1_is_all_that_is_spoken(asking):
    context = client_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert shake(asking, context)[1].selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("cacert", ["", "ca"])
def test_every_connection_of_a_client_shows_its_whole_chain(files, version, cacert):
    context = tls_context(settings_of(files, cacert), quiet)
    client = client_context(files("chain"), version)
    first, theirs, _ = shake(context, client)
    second, again, _ = shake(context, client, theirs.session)
    assert len(peer_subjects(first)) == len(peer_subjects(second)) == 3
    assert not (again.session_reused and not cacert)


def test_what_is_no_tls_has_no_subjects():
    assert (peer_subjects(None), handshake_failure(None)) == ((), "")


@pytest.mark.parametrize(
    ("changed", "place", "begins"),
    [
        ({"cert": "none"}, "--cert ", "cannot use them: No such file"),
        ({"key": "ca"}, "--cert ", "cannot use them: "),
        ({"cacert": "none"}, "--cacert ", "cannot use it: No such file"),
        ({"cacert": "key"}, "--cacert ", "cannot use it: "),
    ],
)
def test_files_that_cannot_be_used(files, changed, place, begins):
    named = {"cert": "cert", "key": "key"} | changed
    with pytest.raises(StartupFault) as caught:
        tls_context(Settings(**{name: files(file) for name, file in named.items()}), quiet)
    assert begins in str(caught.value)
    assert place in str(caught.value)


# --- where OpenSSL is out of reach ------------------------------------------------------------------------------------


def without_version(monkeypatch):
    monkeypatch.setattr(tls, "LAST_KNOWN_PYTHON", (3, 10))
    return "it is not known how cpython 3."


def without_file(monkeypatch):
    monkeypatch.delattr("_ssl.__file__")
    return "OpenSSL is built into this Python"


def without_symbols(monkeypatch):
    monkeypatch.setattr("_ssl.__file__", "/nowhere/_ssl.so")
    return "OpenSSL's functions are not to be found ("


def another_library(monkeypatch):
    monkeypatch.setattr(ssl, "OPENSSL_VERSION", "OpenSSL 9.9.9")
    return "the OpenSSL found is another than Python's"


@pytest.mark.parametrize("obstacle", [without_version, without_file, without_symbols, another_library])
def test_where_openssl_is_out_of_reach_nobody_is_asked_and_that_is_said(files, monkeypatch, obstacle):
    said = []
    why = obstacle(monkeypatch)
    context = tls_context(settings_of(files), said.append)
    assert len(said) == 1
    assert said[0].startswith(UNASKED + why)
    assert context.verify_mode == ssl.CERT_NONE
    ours, _, told = shake(context, client_context(files("self-signed")))
    assert (told, handshake_failure(ours), peer_subjects(ours)) == ("", "", ())


def test_contexts_that_are_thrown_away_leave_the_others_be(files, asking):
    for _ in range(20):
        tls_context(settings_of(files), quiet)
    gc.collect()
    assert peer_subjects(shake(asking, client_context(files("self-signed")))[0])


# --- words ------------------------------------------------------------------------------------------------------------


def test_words_that_go_has_none_for_are_openssl_s():
    error = ssl.SSLError(1, "…")
    error.reason = "LENGTH_MISMATCH"
    assert failure_words(error) == "tls: length mismatch"
    assert failure_words(ssl.SSLEOFError(8, "…")) == "tls: ssleoferror"


# --- event loops ------------------------------------------------------------------------------------------------------


class Telling(asyncio.Protocol):
    """Tells who is there and closes."""

    seen: ClassVar[list] = []

    def connection_made(self, transport):
        ssl_object = transport.get_extra_info("ssl_object")
        self.failure = handshake_failure(ssl_object)
        Telling.seen.append((transport.get_extra_info("peername")[0], self.failure, peer_subjects(ssl_object)))
        if self.failure:
            transport.close()
        self.transport = transport

    def data_received(self, data):
        self.transport.write(b"hello")
        self.transport.close()


def ask_over_tls(port, context):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw, context.wrap_socket(raw) as connection:
        connection.sendall(b"anybody?")
        return connection.recv(100)


def ask(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(1000), b""))


async def converse(context, question):
    """Serve one connection; return what the client got and what the server saw."""
    loop = asyncio.get_running_loop()
    wrong = []
    loop.set_exception_handler(lambda _loop, found: wrong.append(found))
    Telling.seen = []
    server = await loop.create_server(Telling, "127.0.0.1", 0, ssl=context)
    try:
        answer = await asyncio.to_thread(question, server.sockets[0].getsockname()[1])
    except ssl.SSLError as error:
        answer = error.reason
    finally:
        server.close()
    assert not wrong
    return answer, Telling.seen


LOOPS = pytest.mark.parametrize("loop_factory", [uvloop.new_event_loop, asyncio.new_event_loop])


@LOOPS
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "count"), [(None, 0), ("self-signed", 1), ("chain", 3)])
def test_event_loops_show_who_is_there(files, asking, loop_factory, version, name, count):
    question = functools.partial(ask_over_tls, context=client_context(name and files(name), version))
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        answer, [(peer, failure, subjects)] = runner.run(converse(asking, question))
    assert (answer, peer, failure, len(subjects)) == (b"hello", "127.0.0.1", "", count)


@LOOPS
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "failure", "alerts"), REFUSED)
def test_event_loops_show_who_failed_and_tell_them_so(files, loop_factory, version, name, failure, alerts):
    context = tls_context(settings_of(files, "ca"), quiet)
    question = functools.partial(ask_over_tls, context=client_context(name and files(name), version))
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        answer, seen = runner.run(converse(context, question))
    assert answer.startswith(tuple(alerts))
    assert seen == [("127.0.0.1", failure, ())]


@LOOPS
def test_event_loops_answer_plain_http(asking, loop_factory):
    question = functools.partial(ask, data=b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        answer, seen = runner.run(converse(asking, question))
    assert answer == TO_PLAIN_HTTP
    assert seen == [("127.0.0.1", "client sent an HTTP request to an HTTPS server", ())]
