"""
What we keep of a request and of its connection, free of aiohttp's types. `echo.wire` makes it from bytes.

1. Nothing is lost: `headers` holds the pairs as sent, `fields` what Go's header map holds of them.
2. Names and addresses are spelled as Go spells them, since whoami prints them.
3. Bytes stay bytes: what is text, and in which encoding, is decided where they are shown.
"""

import re
import socket
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from echo.clientip import parse_address
from echo.handshake import UNKNOWN, Handshake

MAX_CACHED_CHARS = 256  # longer header names and targets are worked out each time: caches hold no attacker's megabytes

Fields = list[tuple[bytes, bytes]]

_CONTINUE = re.compile(rb"(?:^|[ ,\t])100-continue(?:$|[ ,\t])", re.IGNORECASE)
_CLOSE = re.compile(rb"(?:^|[ ,\t])close(?:$|[ ,\t])", re.IGNORECASE)


class Connection(NamedTuple):
    """
    What is the same for all requests of one connection.

    remote_addr  whom whoami names, spelled as Go spells it: the proxied peer where there is one, else the peer
    proxied_ip   source that a PROXY header gave, None without one
    subjects     of the certificates that the client sent, its own first
    handshake    what the kernel kept of it
    proxy_local  a PROXY header said LOCAL: the sender's own connection
    origin       where it began (echo.explain.origin), as judged when it was new
    """

    id: str
    peer_ip: str | None
    peer_port: int | None
    local_ip: str | None
    local_port: int | None
    remote_addr: bytes
    tls_version: str | None = None
    proxied_ip: str | None = None
    proxied_port: int | None = None
    subjects: tuple[str, ...] = ()
    handshake: Handshake = UNKNOWN
    proxy_local: bool = False
    origin: str = ""

    @property
    def lines(self) -> bytes:
        """Return whoami's lines about the other end."""
        subjects = [f"Certificate[{index}] Subject: {text}\n" for index, text in enumerate(self.subjects)]
        return b"RemoteAddr: %b\n%b" % (self.remote_addr, "".join(subjects).encode("utf-8", "surrogateescape"))


@dataclass(slots=True)
class Request:
    """
    One request, its head complete.

    target      as sent; `uri` is how Go prints it back; `path` is escaped, without query
    headers     raw pairs in order of arrival, folded lines joined
    fields      the same as Go's header map holds them: canonical names, framing headers taken out
    firsts      canonical name -> value of the first field of that name
    host        the authority of an absolute target, else the Host header
    length      of the body, -1 if it comes chunked
    close       the connection ends with this request
    received    wall clock, when the head was complete; `started` the monotonic clock then, in ns
    body        the pieces in which the body came
    body_error  why the body could not be read to its end
    """

    connection: Connection
    number: int
    method: bytes
    target: bytes
    version: tuple[int, int]
    uri: bytes
    path: bytes
    query: bytes
    headers: Fields
    fields: Fields
    firsts: dict[bytes, bytes]
    host: bytes
    length: int
    close: bool
    keep_alive_10: bool
    declared_trailers: tuple[bytes, ...]
    received: float = 0.0
    started: int = 0
    body: list[bytes] = field(default_factory=list)
    body_bytes: int = 0
    trailers: Fields = field(default_factory=list)
    body_error: str = ""

    def first(self, name: bytes) -> bytes | None:
        """Return the first field called name (canonical), or None."""
        return self.firsts.get(name)

    @property
    def expects_continue(self) -> bool:
        """Return whether the client waits for a 100 before it sends the body."""
        expect = self.first(b"Expect") if self.length and self.version >= (1, 1) else None
        return expect is not None and _CONTINUE.search(expect) is not None

    @property
    def expects_more(self) -> bool:
        """Return whether the client expects what nobody offers (RFC 9110 §10.1.1)."""
        expect = self.first(b"Expect")
        return bool(expect) and _CONTINUE.search(expect or b"") is None


def says_close(value: bytes) -> bool:
    """Return whether a Connection header's value holds the token close, by Go's hasToken."""
    return _CLOSE.search(value) is not None


def canonical(name: bytes) -> bytes:
    """Return a header's name as Go keeps it: `x-AMZ-id` is X-Amz-Id. One with a blank stays as it is."""
    return _canonical(name) if len(name) <= MAX_CACHED_CHARS else _canonical.__wrapped__(name)


@lru_cache(4096)
def _canonical(name: bytes) -> bytes:
    return name if b" " in name else b"-".join([part.capitalize() for part in name.split(b"-")])


def endpoint(name: object) -> tuple[str | None, int | None, bytes]:
    """Return (address, port, Go's spelling) of a socket name; nothing for a UNIX socket."""
    if not isinstance(name, tuple) or len(name) < 2:
        return None, None, b""
    host, port = str(name[0]), int(name[1])
    scope = int(name[3]) if len(name) == 4 else 0
    if scope and "%" not in host:
        try:
            host += "%" + socket.if_indextoname(scope)
        except OSError:  # the interface is gone: the number says as much
            host += f"%{scope}"
    address = parse_address(host)
    text = str(address) if address else host
    return text, port, spelled_endpoint(text, port).encode()


def spelled_endpoint(ip: str, port: int | None) -> str:
    """Return address and port as Go spells them."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
