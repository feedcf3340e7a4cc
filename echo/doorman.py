"""
What stands before TLS: looks at the first bytes of a connection to the TLS port, and lets it in by the right door.

1. The bytes are peeked at, not taken: OpenSSL reads them again. A PROXY header is taken off, to its last byte.
2. What is no TLS hello is answered in the clear, in words: plain HTTP, a PROXY header that is not taken, one that is
   missing. A client that says nothing is given up after --idle-timeout, and leaves no record.
3. A handshake that fails, or never ends, is a record too.
"""

import asyncio
import select
import socket
import ssl

from echo.clientip.config import PROXY_OFF, PROXY_OPTIONAL, PROXY_REQUIRED
from echo.connection import Conversation
from echo.malformed import Malformed, no_proxy_header, proxy_broken, proxy_untrusted, told, too_many_connections
from echo.proxyproto import Header, NotProxy, ProxyError, Reader, v2
from echo.request import Connection, endpoint
from echo.units import spell_duration
from echo.wire import STRANGERS
from echo.worker import Worker

TLS_HELLO = b"\x16"  # content type handshake (RFC 8446 §5.1)
ACCEPTS = 100  # connections taken at once before others have their turn
PEEK_SECONDS = 0.01  # between looks at a header that comes in pieces, where the kernel cannot wait for it
PAUSE_SECONDS = 0.1  # when the process is out of descriptors


_TOO_LATE = ("Request Timeout", 408)


class _Visit:
    """A connection at the door: who is at its ends, the PROXY header, whether it said anything, why it is refused."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.peer, self.local = sock.getpeername(), sock.getsockname()
        self.header: Header | None = None
        self.refusal: Malformed | None = None
        self.began = False
        self.taken = False

    def wire(self, name: str) -> Connection:
        """Return what records say of it."""
        peer_ip, peer_port, remote = endpoint(self.peer)
        local_ip, local_port, _ = endpoint(self.local)
        wire = Connection(name, peer_ip, peer_port, local_ip, local_port, remote)
        if self.header is None or self.header.source is None:
            return wire
        return wire._replace(proxied_ip=str(self.header.source), proxied_port=self.header.source_port)


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
            if self._worker.held:  # the log is full, and whoever comes is a record
                self._pause()
                return
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # out of descriptors: the backlog waits
                self._pause()
                return
            sock.setblocking(False)
            task = self._loop.create_task(self._admit(sock, counted=self._worker.admit()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _pause(self) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    async def _admit(self, sock: socket.socket, *, counted: bool) -> None:
        """Let a connection in, which was counted as open, or is one too many; close it where nobody is to answer."""
        taken = False
        try:
            visit = _Visit(sock)
            if not counted:  # it cannot be told: it may speak TLS, and a handshake costs more than all else
                self._record(visit, too_many_connections(self._worker.settings.max_connections))
                return
            try:
                visit.refusal = await self._look(visit)
            except TimeoutError:
                visit.refusal = self._too_late(visit)
            if visit.refusal is not None:
                await self._loop.connect_accepted_socket(lambda: self._conversation(visit), sock)
            elif visit.began:
                await self._shake_hands(visit)
        except OSError:  # it left, before anybody could talk with it
            taken = False
        else:
            taken = visit.taken
        finally:
            if not taken:
                sock.close()
                if counted:
                    self._worker.leave()

    def _conversation(self, visit: "_Visit") -> Conversation:
        """Return who talks with the visitor from now on."""
        visit.taken = True
        return Conversation(self._worker, self._loop, visit.header, visit.refusal, counted=True)

    async def _look(self, visit: "_Visit") -> Malformed | None:
        """Take the PROXY header off and look at what follows; return why the connection is refused."""
        settings = self._worker.settings
        try:
            async with asyncio.timeout(settings.idle_timeout):
                visit.began = bool(await self._peek(visit.sock, 1))
            async with asyncio.timeout(settings.header_timeout):
                first = await self._first_bytes(visit)
        except ProxyError as error:
            return proxy_broken(error)
        except Malformed as malformed:
            return malformed
        visit.began = bool(first)  # a PROXY header alone, as some health checks send it, asks for nothing
        return no_tls(first) if first and not first.startswith(TLS_HELLO) else None

    def _too_late(self, visit: "_Visit") -> Malformed | None:
        """Count that a connection said nothing, or not enough; return the answer to the latter."""
        self._worker.timed_out("header" if visit.began else "idle")
        if not visit.began:
            return None
        seconds = spell_duration(self._worker.settings.header_timeout)
        return told(
            "timeout",
            f"neither a whole PROXY header nor a TLS hello behind it came in {seconds}",
            "send it faster, or start the server with a longer --header-timeout",
            *_TOO_LATE,
        )

    async def _shake_hands(self, visit: "_Visit") -> None:
        """Have the handshake made; one that never ends is a record, as one that fails is (`echo.tls`)."""
        seconds = self._worker.settings.header_timeout
        await self._worker.room.wait()  # a handshake that fails is a record
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._conversation(visit),
                visit.sock,
                ssl=self._context,
                ssl_handshake_timeout=seconds,
            )
        except (TimeoutError, ConnectionAbortedError):  # so event loops say that it took too long
            self._worker.timed_out("header")
            words = f"the TLS handshake was not complete after {spell_duration(seconds)}"
            self._record(visit, Malformed("timeout", words, *_TOO_LATE))
            raise
        except OSError:
            self._record(visit, Malformed("tls-handshake", "the connection ended within the TLS handshake"))
            raise

    def _record(self, visit: "_Visit", malformed: Malformed) -> None:
        """Log what cannot be answered."""
        worker = self._worker
        wire = visit.wire(worker.name())
        worker.record_malformed(wire, worker.peer(wire), 0, malformed, 0)

    async def _first_bytes(self, visit: "_Visit") -> bytes:
        """Take the PROXY header off; return some bytes behind it, which are not taken, nothing at the end."""
        sock = visit.sock
        mode = self._worker.app.config.proxy_protocol
        wire = visit.wire("")
        if mode == PROXY_OFF or (mode == PROXY_OPTIONAL and not self._worker.may_send_proxy(wire)):
            return await self._peek(sock, 1)
        if not self._worker.may_send_proxy(wire):
            raise proxy_untrusted()
        wanted = 1
        while True:
            data = await self._peek(sock, wanted)
            if not data:
                return b""
            reader = Reader()
            found = reader.feed(data)
            if isinstance(found, NotProxy):
                if mode == PROXY_REQUIRED:
                    raise no_proxy_header()
                return data
            if isinstance(found, Header):
                sock.recv(found.size)
                visit.header = found
                return await self._peek(sock, 1)
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
            if data and sock.family == socket.AF_UNIX:
                await asyncio.sleep(PEEK_SECONDS)  # it knows no low-water mark
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
