"""
What stands before TLS: looks at the first bytes of a connection to the TLS port, and lets it in by the right door.

1. The bytes are peeked at, not taken: OpenSSL reads them again. A PROXY header is taken off, to its last byte.
2. What is no TLS hello is answered in the clear, in words: plain HTTP, a PROXY header that is not taken, one that is
   missing. A client that says nothing is given up after --header-timeout.
3. A handshake that fails is a record too.
"""

import asyncio
import select
import socket
import ssl

from echo.clientip import parse_address
from echo.clientip.config import PROXY_OFF, PROXY_OPTIONAL, PROXY_REQUIRED
from echo.connection import Conversation, no_proxy_header
from echo.malformed import Malformed, told
from echo.proxyproto import Header, NotProxy, ProxyError, Reader, v2
from echo.request import endpoint
from echo.wire import STRANGERS
from echo.worker import Worker

TLS_HELLO = b"\x16"  # content type handshake (RFC 8446 §5.1)
ACCEPTS = 100  # connections taken at once before others have their turn
PEEK_SECONDS = 0.01  # between looks at a header that comes in pieces, where the kernel cannot wait for it
PAUSE_SECONDS = 0.1  # when the process is out of descriptors


class Doorman:
    """Accepts connections on a socket and hands them to the worker."""

    def __init__(self, worker: Worker, listener: socket.socket, context: ssl.SSLContext) -> None:
        self._worker = worker
        self._listener = listener
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept no more; those at the door are let in."""
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # out of descriptors: the backlog waits
                self._loop.remove_reader(self._listener)
                self._loop.call_later(PAUSE_SECONDS, self._resume)
                return
            sock.setblocking(False)
            task = self._loop.create_task(self._admit(sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    async def _admit(self, sock: socket.socket) -> None:
        worker = self._worker
        header: Header | None = None
        refusal: Malformed | None = None
        seconds = worker.settings.header_timeout
        try:
            async with asyncio.timeout(seconds):
                try:
                    header, first = await self._first_bytes(sock)
                    if not first:
                        sock.close()
                        return
                    if not first.startswith(TLS_HELLO):
                        refusal = no_tls(first)
                except (ProxyError, Malformed) as error:
                    refusal = (
                        error
                        if isinstance(error, Malformed)
                        else told("proxy-broken", str(error), "have the balancer send it as the standard has it")
                    )
            if refusal is not None:
                await self._loop.connect_accepted_socket(
                    lambda: Conversation(worker, self._loop, header, refusal), sock
                )
                return
            await self._loop.connect_accepted_socket(
                lambda: Conversation(worker, self._loop, header),
                sock,
                ssl=self._context,
                ssl_handshake_timeout=seconds,
            )
        except (OSError, TimeoutError, ssl.SSLError):  # gone, or silent: it said nothing that could be answered
            worker.timed_out("header")
            sock.close()

    async def _first_bytes(self, sock: socket.socket) -> tuple[Header | None, bytes]:
        """Return the PROXY header, which is taken off, and some bytes behind it, which are not; nothing at the end."""
        mode = self._worker.app.config.proxy_protocol
        peer, _, _ = endpoint(sock.getpeername())
        address = parse_address(peer) if peer else None
        trusted = address is not None and address.packed in self._worker.app.config.policy.trusted
        if mode == PROXY_OFF or (mode == PROXY_OPTIONAL and not trusted):
            return None, await self._peek(sock, 1)
        wanted = 1
        while True:
            data = await self._peek(sock, wanted)
            reader = Reader()
            found = reader.feed(data)
            if isinstance(found, NotProxy):
                if mode == PROXY_REQUIRED:
                    raise no_proxy_header()
                return None, data
            if isinstance(found, Header):
                sock.recv(found.size)
                return found, await self._peek(sock, 1)
            if len(data) < wanted:  # it ended within the header
                raise Malformed("cut-off", "the connection ended within the PROXY header")
            wanted = len(data) + found.wanted

    async def _peek(self, sock: socket.socket, wanted: int) -> bytes:
        """Return the bytes that are there once there are as many as wanted, or there will be no more."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)  # else it is readable at once, with what it has
        while True:
            try:
                data = sock.recv(v2.MAX_BYTES, socket.MSG_PEEK)
            except BlockingIOError:
                data = b""
                ended = False
            else:
                ended = not data or _has_ended(sock)
            if len(data) >= wanted or ended:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
                return data
            if data:
                await asyncio.sleep(PEEK_SECONDS)  # a UNIX socket knows no low-water mark
            else:
                await self._readable(sock)

    async def _readable(self, sock: socket.socket) -> None:
        readable = self._loop.create_future()
        self._loop.add_reader(sock, _settle, readable)
        try:
            await readable
        finally:
            self._loop.remove_reader(sock)


def no_tls(first: bytes) -> Malformed:
    """Return the answer to bytes on the TLS port that are no TLS hello."""
    for start, kind, meaning, next_step in STRANGERS:
        if kind == "proxy-unexpected" and first.startswith(start[: len(first)]):
            return told(kind, meaning, next_step)
    return told(
        "plain-on-tls",
        "plain HTTP on the TLS port" if first[:1].isalpha() else "what came on the TLS port is no TLS",
        "ask with https://, or start the server without --cert and --key",
    )


def _has_ended(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
