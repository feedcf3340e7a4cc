"""
One small request: is the server able to take more?

1. `/readyz` is asked: it fails while the server drains, so who takes requests from us by this (a balancer that reads a
   container's health, Compose's service_healthy) looks elsewhere in time. Nothing but the end of the server makes it
   fail, unlike /health, whose status anybody may set.
2. One deadline covers all of it: connecting, TLS, the answer.
3. A server may refuse us, as it refuses everybody who is not its balancer (--cacert, --proxy-protocol required with
   trusted ranges). That it does so in its own words is the answer then: it accepts, reads and answers.
"""

import re
import socket
import time
from typing import NamedTuple

from echo.clientip import Fault, printable, quote
from echo.malformed import proxy_untrusted
from echo.units import spell_duration

MAX_HEAD_BYTES = 4096  # of an answer: its status line and the reason in its body, if it is short
LOCAL_HEADER = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"  # PROXY, version 2: the sender speaks for itself
# the header's user agent: what looks for regular callers knows `healthcheck` as one of the honest
AGENT = "whofrom-healthcheck"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r)")
# what OpenSSL calls a server's word that it wants a certificate of the client, in TLS 1.3 and 1.2
_WANTS_CERTIFICATE = ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE")
_LOOK = "look at what it writes to standard error"


class Place(NamedTuple):
    """
    Where to ask, and how.

    url               as people write it, and the place of a fault
    address           (host, port) to connect to, or the path of a UNIX socket
    host              of the Host header
    path              that is asked
    tls               whether TLS is spoken
    verified_as       the name that the certificate is to be for; empty: any certificate is taken
    local_header      whether a PROXY header goes first, since the server wants one
    wants_certificate whether the server refuses clients without a certificate (--cacert)
    """

    url: str
    address: tuple[str, int] | str
    host: str
    path: str
    tls: bool = False
    verified_as: str = ""
    local_header: bool = False
    wants_certificate: bool = False


def ask(place: Place, seconds: float) -> str:
    """Return in words how the server answered, if it is able to take requests. Raises Fault if not."""
    started = time.monotonic()
    try:
        head = _exchange(place, started + seconds)
    except TimeoutError:
        raise Fault(f"no answer in {spell_duration(seconds)}", place.url, _LOOK) from None
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "reason", None)
        if place.wants_certificate and reason in _WANTS_CERTIFICATE:
            return "wants a certificate, as --cacert has it"
        words = str(reason or getattr(error, "strerror", None) or error)
        raise Fault(printable(words), place.url, _next_step(error)) from None
    took = f"in {(time.monotonic() - started) * 1000:.0f} ms"
    found = _STATUS.match(head)
    if found is None:
        raise Fault(f"what it answered is no HTTP: {quote(head.decode('latin-1'))}", place.url, "name another URL")
    status = int(found[1])
    if 200 <= status < 300:
        return f"answered {status} {took}"
    said = head.partition(b"\r\n\r\n")[2].decode("utf-8", "replace").strip()
    if place.local_header and proxy_untrusted().error in said:
        return f"answered {status} {took}, as it does outside its trusted ranges"
    raise Fault(f"answered {status}{f': {quote(said)}' if said else ''}", place.url, _LOOK)


def _exchange(place: Place, deadline: float) -> bytes:
    """Send the request and return the head of the answer. Raises OSError."""
    lines = (
        f"GET {place.path} HTTP/1.1",
        f"Host: {place.host}",
        f"User-Agent: {AGENT}",
        "Accept: */*",
        "Connection: close",
    )
    request = "\r\n".join((*lines, "", "")).encode("ascii")
    with _connected(place.address, deadline) as plain:
        if place.local_header:
            plain.sendall(LOCAL_HEADER)
        with _with_tls(plain, place) if place.tls else plain as stream:
            stream.sendall(request)
            return _head(stream, deadline)


def _head(stream: socket.socket, deadline: float) -> bytes:
    """Return the first MAX_HEAD_BYTES of what comes, or all of it. Raises OSError."""
    head = b""
    while len(head) < MAX_HEAD_BYTES:
        stream.settimeout(_left(deadline))
        data = stream.recv(MAX_HEAD_BYTES)
        if not data:
            break
        head += data
    if not head:
        raise ConnectionError("it closed the connection without an answer")
    return head


def _left(deadline: float) -> float:
    """Return the seconds that are left. Raises TimeoutError if none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connected(address: tuple[str, int] | str, deadline: float) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, _left(deadline))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(_left(deadline))
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def _with_tls(plain: socket.socket, place: Place) -> socket.socket:
    import ssl  # noqa: PLC0415  # 10 ms, that most servers do not ask for

    context = ssl.create_default_context()
    if not place.verified_as:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=place.verified_as or None)


def _next_step(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there: is the server still starting, or was it told another port?"
    if isinstance(error, FileNotFoundError):
        return "is the server still starting?"
    return _LOOK
