"""
HTTPS: the context from settings, who the client says it is, and why a handshake failed.

Rules (whoami v1.11.0 app.go; Go's crypto/tls):

1. TLS 1.2 and later, HTTP/1.1 only. Without certificate and key it is plain HTTP.
2. Without --cacert a client's certificate is asked for and not judged: a self-signed or expired one is as good as any,
   and only that the client holds its key is proved (Go's RequestClientCert). Python's ssl module cannot say so, OpenSSL
   can: `_take_any_certificate`. Where that is out of reach no certificate is asked for, and the operator is told.
3. With --cacert a certificate is required, and must lead to one of the file's, which may be no root (Go's pool is
   that). None is asked for what RFC 5280 wants beyond that, as Python does since 3.13.
4. No session is resumed: a ticket holds the client's own certificate and none of its chain, so the second connection
   of a client would look different from its first.
5. A handshake that fails is no exception: event loops drop those in silence, before the client gets the alert and
   before anybody knows the address. It ends well instead, on an object whose `failure` says why and which carries
   nothing; who makes the connection asks `handshake_failure`, logs it and closes.
"""

import _ssl
import contextlib
import ctypes
import ssl
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from echo.certificate import CertificateError, subject
from echo.clientip import quote
from echo.errors import StartupFault
from echo.settings import Settings

# What Go's server answers to plain HTTP on its TLS port (net/http server.go)
TO_PLAIN_HTTP = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
LAST_KNOWN_PYTHON = (3, 13)  # in which the SSL_CTX is the first field of an SSLContext; later ones want a look first

_SET_SESSION_CACHE_MODE, _SESSION_CACHE_OFF = 44, 0  # SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF
_UNKNOWN_AUTHORITY = "x509: certificate signed by unknown authority"
_VERIFY_WORDS = {  # X509_V_ERR_* -> Go's words
    2: _UNKNOWN_AUTHORITY,
    9: "x509: certificate has expired or is not yet valid",
    10: "x509: certificate has expired or is not yet valid",
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    26: "x509: certificate specifies an incompatible key usage",
}
_WORDS = {  # OpenSSL's reason -> Go's words
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "tls: client didn't provide a certificate",
    "HTTP_REQUEST": "client sent an HTTP request to an HTTPS server",
    "HTTPS_PROXY_REQUEST": "client sent an HTTP request to an HTTPS server",
    "WRONG_VERSION_NUMBER": "tls: first record does not look like a TLS handshake",
    "UNSUPPORTED_PROTOCOL": "tls: client offered only unsupported versions",
    "NO_SHARED_CIPHER": "tls: no cipher suite supported by both client and server",
    "EXCESSIVE_MESSAGE_SIZE": "tls: handshake message exceeds maximum",
    "BAD_SIGNATURE": "tls: invalid signature by the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "remote error: tls: unknown certificate authority",
    "TLSV1_ALERT_PROTOCOL_VERSION": "remote error: tls: protocol version not supported",
    "SSLV3_ALERT_BAD_CERTIFICATE": "remote error: tls: bad certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "remote error: tls: unknown certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "remote error: tls: expired certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "remote error: tls: handshake failure",
}


def tls_context(settings: Settings, say: Callable[[str], None]) -> ssl.SSLContext | None:
    """
    Return the TLS context; None unless certificate and key are both given, as whoami has it.

    `say` is told what cannot be done here. Raises StartupFault.
    """
    if not (settings.cert and settings.key):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.sslobject_class = ServerSide
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    try:
        context.load_cert_chain(settings.cert, settings.key)
    except (OSError, ValueError) as error:
        place = f"--cert {quote(settings.cert)}, --key {quote(settings.key)}"
        raise StartupFault(f"cannot use them: {_words(error)}", place, "give a PEM certificate and its key") from None
    if settings.cacert:
        _require_certificates(context, settings.cacert)
    else:
        obstacle = _take_any_certificate(context)
        if obstacle:
            say(f"Client certificates are not asked for, and / shows none: {obstacle}")
    return context


def _require_certificates(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        place = f"--cacert {quote(path)}"
        raise StartupFault(f"cannot use it: {_words(error)}", place, "give a PEM file of certificates") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_mode = ssl.CERT_REQUIRED


def _words(error: Exception) -> str:
    """Return what an error says, without errno and source lines of OpenSSL's."""
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)


# --- certificates of anybody -----------------------------------------------------------------------------------------

# OpenSSL asks it instead of verifying; 1 is yes. It outlives every context, as OpenSSL keeps its address.
_YES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda _store, _argument: 1)


def _take_any_certificate(context: ssl.SSLContext) -> str:
    """Have clients asked for a certificate and take any; return why that cannot be done, or nothing."""
    found = _ssl_ctx(context)
    if isinstance(found, str):
        return found
    library, pointer = found
    library.SSL_CTX_set_cert_verify_callback.restype = None
    library.SSL_CTX_set_cert_verify_callback(pointer, _YES, None)
    # A session in the cache holds the chain that its client chose to send: 20,000 of them are gigabytes of strangers'.
    library.SSL_CTX_ctrl(pointer, _SET_SESSION_CACHE_MODE, ctypes.c_long(_SESSION_CACHE_OFF), None)
    context.verify_mode = ssl.CERT_OPTIONAL
    return ""


def _ssl_ctx(context: ssl.SSLContext) -> tuple[ctypes.CDLL, ctypes.c_void_p] | str:
    """
    Return the OpenSSL that Python's ssl module has loaded and its SSL_CTX of a context, or why they are out of reach.

    Nothing is taken on trust: the layout is known for these versions of CPython, the library is the module's own, and
    the pointer is used once it tells the same as Python about three different settings.
    """
    if sys.implementation.name != "cpython" or sys.version_info[:2] > LAST_KNOWN_PYTHON:
        return f"it is not known how {sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]} keeps them"
    path = getattr(_ssl, "__file__", None)
    if path is None:
        return "OpenSSL is built into this Python"
    try:
        library = ctypes.CDLL(path)  # a symbol is looked for in it and in what it was linked with
        library.OpenSSL_version.restype = ctypes.c_char_p
        version = library.OpenSSL_version(0)
        mode = library.SSL_CTX_get_verify_mode
        for name in ("SSL_CTX_set_cert_verify_callback", "SSL_CTX_ctrl"):
            getattr(library, name)
    except (OSError, AttributeError) as error:
        return f"OpenSSL's functions are not to be found ({error})"
    if version != ssl.OPENSSL_VERSION.encode():
        return "the OpenSSL found is another than Python's"
    # The fields of an object begin where those of a bare one end.
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    if not pointer.value or pointer.value % ctypes.sizeof(ctypes.c_void_p):
        return "what should be an SSL_CTX is none"
    pointer = ctypes.c_void_p(pointer.value)
    before = context.verify_mode
    try:
        for wanted, told in ((ssl.CERT_REQUIRED, 3), (ssl.CERT_OPTIONAL, 1), (ssl.CERT_NONE, 0)):  # SSL_VERIFY_*
            context.verify_mode = wanted
            if mode(pointer) != told:
                return "what should be an SSL_CTX is none"
    finally:
        context.verify_mode = before
    return library, pointer


# --- handshakes ------------------------------------------------------------------------------------------------------


class ServerSide(ssl.SSLObject):
    """
    The server's end of a TLS connection.

    subjects  of the certificates that the client sent, its own first, as Go prints them
    failure   why the handshake failed, in Go's words
    """

    subjects: tuple[str, ...] = ()
    failure: str = ""
    _outgoing: ssl.MemoryBIO
    _sslobj: Any  # of the C module: what this class wraps

    @classmethod
    def _create(cls, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **named: Any) -> "ServerSide":
        made: ServerSide = super()._create(incoming, outgoing, *args, **named)  # type: ignore[misc]
        made._outgoing = outgoing
        return made

    def do_handshake(self) -> None:
        """Go on with the handshake; a failed one ends here, with the alert still to be sent."""
        try:
            super().do_handshake()
            self.subjects = tuple(map(subject, self._chain()))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except CertificateError as error:
            self._fail(f"tls: failed to parse client certificate: {error}")
        except ssl.SSLError as error:
            if error.reason == "HTTP_REQUEST":
                self._outgoing.write(TO_PLAIN_HTTP)
            self._fail(failure_words(error))

    def unwrap(self) -> None:
        """
        Say that nothing follows.

        Event loops wait for the client to say so too, half a minute if need be. Clients that keep connections for
        later do not look, so that a server could not stop; Go does not wait either.
        """
        with contextlib.suppress(ssl.SSLWantReadError):
            super().unwrap()

    def getpeercert(self, binary_form: bool = False) -> Any:
        """
        Return the client's certificate, in DER if asked so, else nothing.

        Event loops ask for the decoded one at every handshake: nobody needs it, and strangers choose what is decoded.
        """
        return super().getpeercert(True) if binary_form else {}

    def _chain(self) -> list[bytes]:
        """Return what the client sent, in DER. A client without a certificate sends a list of none: [None] here."""
        chain = self._sslobj.get_unverified_chain() or ()
        return [certificate.public_bytes(_ssl.ENCODING_DER) for certificate in chain if certificate is not None]

    def _fail(self, words: str) -> None:
        self.failure = words
        self._sslobj = _Ended()


class _Ended:
    """In place of the C object of a failed handshake: nothing is read from it, what is written is lost."""

    def read(self, _size: int = 0, _buffer: object = None) -> NoReturn:
        raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the handshake failed")

    def write(self, data: bytes | memoryview) -> int:
        return len(data)

    def pending(self) -> int:
        return 0

    def shutdown(self) -> None:
        pass

    def _nothing(self, *_: object) -> None:
        return None

    cipher = compression = do_handshake = getpeercert = selected_alpn_protocol = version = _nothing
    get_unverified_chain = _nothing


def peer_subjects(ssl_object: object) -> tuple[str, ...]:
    """Return the subjects of the certificates that the client of a connection sent; None is no TLS and has none."""
    return ssl_object.subjects if isinstance(ssl_object, ServerSide) else ()


def handshake_failure(ssl_object: object) -> str:
    """Return why the handshake of a connection that was just made failed; nothing where it did not."""
    return ssl_object.failure if isinstance(ssl_object, ServerSide) else ""


def failure_words(error: ssl.SSLError) -> str:
    """Return Go's words for a failed handshake, without the times and names in them; OpenSSL's where there are none."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = _VERIFY_WORDS.get(error.verify_code, f"x509: {error.verify_message}")
        return f"tls: failed to verify certificate: {words}"
    reason = getattr(error, "reason", None) or type(error).__name__
    return _WORDS.get(reason, f"tls: {reason.lower().replace('_', ' ')}")
