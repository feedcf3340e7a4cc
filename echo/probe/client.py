"""
One exchange: the one place of the probe with sockets.

1. A connection is ours alone: no proxy of the environment, no redirect followed, no cookie, no compression, no second
   try behind our back. The fields go out exactly as given, in order, each its own line.
2. An exchange has one deadline, whoever drips bytes. The answer's head is bounded by http.client (100 fields of
   64 KiB), its body by MAX_BODY.
3. What the name resolves to is asked once; connections go through its addresses in turn, so that a balancer that is
   several addresses in DNS is seen as the several paths that it is.
"""

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from echo.clientip import ConfigFault, printable, quote
from echo.probe.errors import ProbeFault, Unanswered
from echo.probe.target import Target
from echo.units import spell_duration, spell_size

MAX_RATE = 20  # requests a second: what a person with a browser makes, and no alarm of anybody's
MIN_INTERVAL = 1 / MAX_RATE
MAX_BODY = 1 << 20  # /explain of a request of 8 KiB headers has some 30 KiB
MAX_RECEIVED = 4 * MAX_BODY  # head and framing of chunks included; http.client follows a chunk of length -1 to the end
MAX_ADDRESSES = 8  # of a name in DNS; more are passed over
NOT_OURS = "this is no whofrom: is the path right?"

Fields = Sequence[tuple[str, str]]


class Reply(NamedTuple):
    """An answer: its status, the two fields that matter, its body."""

    status: int
    location: str
    content_type: str
    body: bytes


class Pace:
    """Lets time pass between requests: at least `interval` seconds from one to the next."""

    def __init__(self, interval: float) -> None:
        self.interval = max(interval, MIN_INTERVAL)
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next request may go."""
        now = time.monotonic()
        if now < self._next:
            time.sleep(self._next - now)
        self._next = max(now, self._next) + self.interval


class Dialer:
    """Opens connections to a target."""

    def __init__(
        self, target: Target, *, timeout: float, bind: str | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        """
        Take a target.

        timeout  seconds for one exchange, connecting included
        bind     local address to connect from
        context  for https
        """
        self.target = target
        self.timeout = timeout
        self.context = context
        self._bind = bind
        self._turn = 0
        self.addresses = self._resolved()

    def _resolved(self) -> list[tuple[int, tuple[Any, ...]]]:
        target = self.target
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no host name"
            raise ProbeFault(
                f"the name {quote(target.host)} has no address ({why})", target.url, "is it spelled right?"
            ) from None
        unique: dict[tuple[Any, ...], int] = {address: family for family, _, _, _, address in found}
        if self._bind:
            wanted = socket.AF_INET6 if ":" in self._bind else socket.AF_INET
            unique = {address: family for address, family in unique.items() if family == wanted}
        if not unique:
            raise ProbeFault(
                f"{quote(target.host)} has no address of the kind of {self._bind}", target.url, "leave out --bind"
            )
        return [(family, address) for address, family in unique.items()][:MAX_ADDRESSES]

    def open(self) -> "Connection":
        """Connect, to the next address in turn, or the first after it that answers. Raises ProbeFault."""
        deadline = time.monotonic() + self.timeout
        start, self._turn = self._turn, self._turn + 1
        fault: Unanswered | None = None
        for offset in range(len(self.addresses)):
            family, address = self.addresses[(start + offset) % len(self.addresses)]
            try:
                return self._connect(family, address, deadline)
            except OSError as error:
                if isinstance(error, ssl.SSLError):
                    raise self._tls_fault(error) from None
                fault = fault or self._unreached(error, str(address[0]))
        assert fault is not None
        raise fault

    def _connect(self, family: int, address: tuple[Any, ...], deadline: float) -> "Connection":
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._bind:
                try:
                    sock.bind((self._bind, 0))
                except OSError as error:
                    raise ConfigFault(
                        f"cannot connect from {self._bind} ({error.strerror})",
                        "--bind",
                        "name an address of this machine",
                    ) from None
            sock.settimeout(_left(deadline))
            sock.connect(address)
            local, port, *_ = sock.getsockname()
            if self.context is not None:
                sock.settimeout(_left(deadline))
                sock = stack.enter_context(self.context.wrap_socket(sock, server_hostname=self.target.host))
            stack.pop_all()
            return Connection(self.target, sock, self.timeout, (str(local), int(port)), str(address[0]))
        raise AssertionError

    def _unreached(self, error: OSError, address: str) -> Unanswered:
        port, url = self.target.port, self.target.url
        if isinstance(error, TimeoutError):
            return Unanswered(
                f"no connection to {address} port {port} within {spell_duration(self.timeout)}",
                url,
                "a firewall, or a balancer without a machine behind it, drops packets; or raise --timeout",
            )
        if isinstance(error, ConnectionRefusedError):
            return Unanswered(f"{address} refuses connections to port {port}", url, "is the port right, does it run?")
        why = error.strerror or type(error).__name__
        return Unanswered(f"cannot connect to {address} port {port} ({why})", url, "is there a way to it from here?")

    def _tls_fault(self, error: ssl.SSLError) -> ProbeFault:
        url = self.target.url
        if isinstance(error, ssl.SSLCertVerificationError):
            why = printable(error.verify_message)
            return ProbeFault(
                f"the certificate is not believed ({why})", url, "name its CA with --cacert, or give --insecure"
            )
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"):
            return ProbeFault("no TLS is spoken at this port", url, "try http://")
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return Unanswered("the connection was closed in the TLS handshake", url, "is the name (SNI) known there?")
        return ProbeFault(f"the TLS handshake failed ({printable(error.reason or 'no reason')})", url, "try curl -v")


class Connection:
    """A connection, one request after the other. `local` is our address and port, `remote` the other end's address."""

    def __init__(
        self, target: Target, sock: socket.socket, timeout: float, local: tuple[str, int], remote: str
    ) -> None:
        self.target = target
        self.local = local
        self.remote = remote
        self._sock = _Deadline(sock)
        self._timeout = timeout
        self._http = http.client.HTTPConnection(target.host, target.port)
        self._http.auto_open = 0  # never a connection that we did not open ourselves
        self._http.sock = cast("socket.socket", self._sock)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._http.close()
        self._sock.end()

    @property
    def is_open(self) -> bool:
        """Return whether the last answer left it open."""
        return self._http.sock is not None

    def ask(self, path: str, fields: Fields) -> Reply:
        """Send a GET and return the answer. Raises ProbeFault."""
        url = self.target.url
        self._sock.begin(self._timeout)
        try:
            self._http.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            for name, value in fields:
                self._http.putheader(name, value.encode("utf-8"))
            self._http.endheaders()
            answer = self._http.getresponse()
            body = answer.read(MAX_BODY + 1)
        except _TooMuch:
            raise ProbeFault(f"the answer is longer than {spell_size(MAX_RECEIVED)}", url, NOT_OURS) from None
        except TimeoutError:
            raise Unanswered(
                f"no whole answer within {spell_duration(self._timeout)}", url, "is the server stuck? raise --timeout"
            ) from None
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
            raise Unanswered(
                "the connection was closed instead of an answer",
                url,
                "a plain request at a TLS port, a PROXY header that is missing, or a server that ended",
            ) from None
        except http.client.IncompleteRead:
            raise Unanswered("the answer was cut off", url, "try again") from None
        except http.client.LineTooLong:
            raise ProbeFault("the answer's head has a line too long", url, NOT_OURS) from None
        except http.client.HTTPException as error:
            what = quote(str(error)) if str(error) else type(error).__name__
            raise ProbeFault(f"the answer is no HTTP: {what}", url, "is it an HTTP port?") from None
        except (OSError, ValueError) as error:
            raise Unanswered(f"the exchange broke ({printable(str(error))})", url, "try again") from None
        if len(body) > MAX_BODY:
            raise ProbeFault(f"the answer is longer than {spell_size(MAX_BODY)}", url, NOT_OURS)
        if answer.length:  # http.client tells nobody where it was asked for so many bytes at most
            raise Unanswered("the answer was cut off", url, "try again")
        if answer.will_close:
            self.close()
        return Reply(
            answer.status,
            answer.getheader("Location") or "",
            (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower(),
            body,
        )


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TooMuch(ValueError):
    """More than MAX_RECEIVED bytes came."""


class _Deadline:
    """What http.client needs of a socket, under one deadline: a socket's own timeout begins again with each byte."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._deadline = 0.0
        self._received = 0

    def begin(self, seconds: float) -> None:
        """Begin an exchange."""
        self._deadline = time.monotonic() + seconds
        self._received = 0

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reader(self))

    def read(self, buffer: memoryview) -> int:
        self._sock.settimeout(_left(self._deadline))
        count = self._sock.recv_into(buffer)
        self._received += count
        if self._received > MAX_RECEIVED:
            raise _TooMuch
        return count

    def close(self) -> None:
        """Do nothing: http.client closes before it reads an answer that ends with the connection."""

    def end(self) -> None:
        """Close."""
        self._sock.close()


class _Reader(io.RawIOBase):
    """The receiving side, as a raw stream."""

    def __init__(self, sock: _Deadline) -> None:
        self._deadline = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._deadline.read(memoryview(buffer))


def tls_context(cacert: str | None, *, insecure: bool) -> ssl.SSLContext:
    """
    Return how https is spoken.

    cacert    file of the CAs to believe, None: the system's
    insecure  believe any certificate

    Raises ConfigFault.
    """
    try:
        context = ssl.create_default_context(cafile=cacert)
    except (OSError, ssl.SSLError) as error:
        raise ConfigFault(
            f"{quote(cacert or '')} holds no certificates ({error.strerror or 'not PEM'})",
            "--cacert",
            "name PEM",
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
