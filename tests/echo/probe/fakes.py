"""A server that answers as a test wants, and answers as ours writes them."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator

Head = list[tuple[str, str]]


class Asked:
    """One request as it came, the connection that it came on, its number there."""

    def __init__(self, head: bytes, connection: int, number: int, port: int) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.line, self.connection, self.number, self.port = lines[0], connection, number, port
        self.target = lines[0].split(" ")[1]
        self.fields: Head = [
            (name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:] if line)
        ]

    @property
    def is_for_api(self) -> bool:
        """Whether whoami is asked."""
        return "/api" in self.target.partition("?")[0]


Responder = Callable[[Asked, socket.socket], bytes]


class Fake:
    """What a fake server saw."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[Asked] = []
        self.connections = 0
        self.sent = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/"


@contextlib.contextmanager
def fake(respond: Responder, *, keep: bool = True) -> Iterator[Fake]:
    """Run a server: `respond` returns the bytes of an answer, b"" to say nothing and close."""
    threads: list[threading.Thread] = []
    open_sockets: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Fake(listener.getsockname()[1])

        def serve(sock: socket.socket, connection: int, port: int) -> None:
            number, rest = 0, b""
            with sock, contextlib.suppress(OSError):
                while True:
                    while b"\r\n\r\n" not in rest:
                        piece = sock.recv(1 << 16)
                        if not piece:
                            return
                        rest += piece
                    head, _, rest = rest.partition(b"\r\n\r\n")
                    number += 1
                    asked = Asked(head, connection, number, port)
                    found.asked.append(asked)
                    answer = respond(asked, sock)
                    if not answer:
                        return
                    sock.sendall(answer)
                    if not keep or ("Connection", "close") in asked.fields:
                        return

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, peer = listener.accept()
                    found.connections += 1
                    open_sockets.append(sock)
                    thread = threading.Thread(target=serve, args=(sock, found.connections, peer[1]), daemon=True)
                    threads.append(thread)
                    thread.start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(5)
            for sock in open_sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


def answer(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    """Return an answer's bytes."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def document(asked: Asked, **changed: object) -> dict:
    """Return what our server would say at /explain, with keys changed."""
    return {
        "v": 1,
        "verdict": "preserved-at-socket",
        "finding": {
            "code": "socket-public", "verdict": "preserved-at-socket", "title": "It arrived.", "cause": "So it did.",
            "remedy": "Nothing to do.", "manifest": None, "section": None, "reference": None,
        },
        "lost_at": None,
        "candidates": [],
        "evidence": [],
        "client": {"ip": "127.0.0.1", "class": "loopback", "source": "peer", "reason": "peer", "why": "The peer."},
        "hops": [],
        "hops_hidden": 0,
        "others": [],
        "policy": {"id": "x", "strategy": "remote-addr", "headers": [], "trusted": [], "config": None},
        "request": {
            "method": "GET", "target": asked.target, "host": "x", "headers": [list(pair) for pair in asked.fields],
            "peer": {"ip": "127.0.0.1", "port": asked.port}, "proxied": None,
            "connection": {"id": f"c{asked.connection}", "request": asked.number},
        },
        "server": {"hostname": "pod-1"},
    } | changed  # fmt: skip


def whofrom(asked: Asked, sock: socket.socket) -> bytes:
    """Answer as a whofrom that nothing stands before."""
    return answer(json.dumps(document(asked)).encode())


def whoami(asked: Asked, sock: socket.socket) -> bytes:
    """Answer as a whoami: text for every path but /api."""
    if not asked.is_for_api:
        return answer(b"Hostname: x\n")
    headers: dict[str, list[str]] = {}
    for name, value in asked.fields:
        if name != "Host":
            headers.setdefault(name, []).append(value)
    body = {"hostname": "pod-1", "headers": headers, "url": asked.target, "remoteAddr": f"127.0.0.1:{asked.port}"}
    return answer(json.dumps(body).encode())
