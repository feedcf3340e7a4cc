"""A plain client: connect, ask once, take the answer whole."""

from __future__ import annotations

import random
import re
import socket
import time
from typing import NamedTuple

CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")
ENOUGH_SECONDS = 10.0
PORTS = range(20_000, 30_000)  # below Linux's ephemeral ones


class Reply(NamedTuple):
    status: int
    head: bytes
    body: bytes

    @property
    def length(self) -> int:
        """Return how many bytes came over the wire."""
        return len(self.head) + len(self.body)


def ask(connection: socket.socket, request: bytes) -> Reply:
    """Send a request on an open connection, return the answer. Raises OSError, ValueError."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    found = CONTENT_LENGTH.search(head + b"\r\n")
    if found is None:
        raise ValueError(f"an answer without a length: {head[:80]!r}")
    while len(body) < int(found[1]):
        body += _receive(connection)
    return Reply(int(head.split(b" ", 2)[1]), head + b"\r\n\r\n", body)


def connect(port: int, source: str = "") -> socket.socket:
    """Return a connection to a candidate, from a loopback address where one is given."""
    connection = socket.socket()
    connection.settimeout(ENOUGH_SECONDS)
    if source:
        connection.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        connection.bind((source, 0))
    try:
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        raise
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def wait_for(port: int, poll_seconds: float = 0.0005) -> socket.socket:
    """Return the first connection that a port takes. Raises TimeoutError."""
    end = time.monotonic() + ENOUGH_SECONDS
    while time.monotonic() < end:
        try:
            return connect(port)
        except ConnectionRefusedError:
            time.sleep(poll_seconds)
    raise TimeoutError(f"nothing listens on port {port} after {ENOUGH_SECONDS:g} s")


def free_port() -> int:
    """Return a port that nobody listens on now, nor is given by the kernel to whom it does not matter."""
    while True:
        port = random.choice(PORTS)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionResetError("the connection was closed within an answer")
    return data
