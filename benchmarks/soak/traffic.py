"""
What is asked: a mix of requests, each with a number of its own that its record repeats (X-Request-Id).

Most are simple GETs on connections that are kept; some take each of the server's slow ways; one in a hundred is
malformed. A malformed one has no id in its record: it is matched by its connection's address and port.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

ID_DIGITS = 10
PIPELINED = 5  # requests in one go
SHUFFLED = 1 << 12
SIMPLE, MALFORMED, SOCKET = "GET, kept", "malformed", "WebSocket"
HOST = "Host: whoami.example.com\r\nUser-Agent: soak/1.0\r\nAccept: */*\r\nX-Forwarded-For: 198.51.100.7, 10.0.0.1\r\n"
TARGETS = ("/", "/", "/", "/api", "/bench", "/explain", "/ip", "/headers", "/health")
BROKEN = (
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    b"\x00\x01\x02\x03\r\n\r\n",
)
FRAME = b"\x81\x85abcd" + bytes(byte ^ mask for byte, mask in zip(b"hello", b"abcda", strict=True))
ECHOED = b"\x81\x05hello"
LEAVE = b"\x88\x82abcd" + bytes(byte ^ mask for byte, mask in zip(b"\x03\xe8", b"ab", strict=True))


class Kind(NamedTuple):
    """
    One kind of request.

    weight    how often among a thousand
    requests  how many go out at once
    closes    the connection ends with the answer
    """

    name: str
    weight: int
    requests: int = 1
    closes: bool = False


KINDS = (
    Kind(SIMPLE, 905),
    Kind(MALFORMED, 10, 0, closes=True),
    Kind("GET, pipelined", 10, PIPELINED),
    Kind("GET, Connection: close", 20, closes=True),
    Kind("HTTP/1.0", 10, closes=True),
    Kind("POST, Content-Length", 20),
    Kind("POST, chunked", 10),
    Kind("?wait=", 5),
    Kind("/data, 64 KB", 5),
    Kind(SOCKET, 5, closes=True),
)


def mix(seed: int) -> list[Kind]:
    """Return kinds in the order in which they are asked, to go round in."""
    random = Random(seed)
    return random.choices(KINDS, [kind.weight for kind in KINDS], k=SHUFFLED)


def spelled(kind: Kind, first: int) -> bytes:
    """Return the bytes of a kind whose first request has a number."""
    name = kind.name
    if name == SIMPLE:
        return _get(TARGETS[first % len(TARGETS)], first)
    if name == MALFORMED:
        return BROKEN[first % len(BROKEN)]
    if name == "GET, pipelined":
        return b"".join(_get(TARGETS[number % len(TARGETS)], number) for number in range(first, first + PIPELINED))
    if name == "GET, Connection: close":
        return _get("/", first, "Connection: close\r\n")
    if name == "HTTP/1.0":
        return _get("/", first).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    if name == "POST, Content-Length":
        return _get("/", first, "Content-Length: 1000\r\n").replace(b"GET", b"POST", 1) + b"x" * 1000
    if name == "POST, chunked":
        return _get("/", first, "Transfer-Encoding: chunked\r\n").replace(b"GET", b"POST", 1) + b"3\r\nabc\r\n0\r\n\r\n"
    if name == "?wait=":
        return _get("/?wait=20ms", first)
    if name == "/data, 64 KB":
        return _get("/data?size=64&unit=KB", first)
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    return _get("/echo", first, upgrade + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")


def _get(target: str, number: int, more: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\n{HOST}X-Request-Id: s-{number:0{ID_DIGITS}d}\r\n{more}\r\n".encode()
