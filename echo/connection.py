"""
The one place where bytes meet aiohttp: a RequestHandler that reads requests in Go's grammar and writes whoami's heads.

Facts:

* aiohttp gives the connection its life: registry, keep-alive timer, write back-pressure, shutdown. Its parser is not
  used: llhttp refuses a dozen things that whoami takes (bare LF, folded headers, own methods, both framings, HTTP/1.2)
  and takes some that whoami refuses (blank lines before a request). `echo.wire` reads the bytes instead.
* One task a connection reads a request, answers it, reads the next: pipelined requests wait in the buffer, in order.
* While the task waits for a request, one that comes whole and without a body is answered where its bytes arrive: most
  requests are such, and waking the task costs as much as parsing them.
* A client may close its sending side after the request (`nc -N`) and still gets its answer.
* A PROXY header, where [trust] proxy_protocol lets one come, is taken off before anything else looks at the bytes.
* A long answer is made while it is sent, as fast as the client takes it.
* A body that a route does not read is drained up to MAX_DRAINED_BYTES, as Go does; beyond, the connection ends.
"""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from itertools import count
from typing import TYPE_CHECKING, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from echo.body import BodyReader
from echo.clientip import parse_address
from echo.clientip.config import PROXY_OPTIONAL, PROXY_REQUIRED
from echo.explain import MALFORMED
from echo.proxyproto import Header, NeedMore, NotProxy, ProxyError, Reader
from echo.recorder import Exchange, Place, headers_of, record_line, sign_in
from echo.request import Connection, Request, endpoint, says_close, spelled_endpoint
from echo.routes import TEXT, Answer, App, phrase, route_of
from echo.sink import Sink
from echo.whoami import wait_seconds
from echo.wire import MAX_HEAD_BYTES, Malformed, find_head, parse_head

if TYPE_CHECKING:
    from ssl import SSLObject

MAX_BUFFERED_BYTES = MAX_HEAD_BYTES + (256 << 10)  # a whole head and a little more; then the socket is not read
MAX_DRAINED_BYTES = 256 << 10  # Go's maxPostHandlerReadBytes
GO_BUFFER_BYTES = 2048  # Go counts the length of answers up to this; longer ones it sends chunked, or until the close
SNIFFED_BYTES = 512  # of an answer, to tell text from binary (WHATWG MIME Sniffing §7)
LINGER_SECONDS = 0.5  # after a last answer: time for the client to read it before a reset; Go's rstAvoidanceDelay

_BINARY = bytes(range(0x20)).translate(None, b"\t\n\f\r\x1b")
_connection_numbers = count(1)


class Server(web.Server):
    """Makes the connections. `verbose` takes whoami's line of each request."""

    def __init__(
        self, app: App, sink: Sink, place: Place, prefix: str, verbose: Callable[[Request], None] | None
    ) -> None:
        super().__init__(_never_called)
        self.app = app
        self.sink = sink
        self.place = place
        self.prefix = prefix
        self.verbose = verbose
        self.open: set[asyncio.WriteTransport] = set()  # of connections whose last byte is not gone yet
        self.stopping = False
        self._date = (0, b"")

    def pre_shutdown(self) -> None:
        """Let connections end as soon as they have nothing in hand."""
        self.stopping = True
        super().pre_shutdown()

    def __call__(self) -> RequestHandler:
        """Return a protocol for a new connection."""
        return Conversation(self, self._loop)

    def date(self) -> bytes:
        """Return the Date header's value, made once a second."""
        now = int(time.time())
        if now != self._date[0]:
            self._date = (now, formatdate(now, usegmt=True).encode())
        return self._date[1]


async def _never_called(_request: web.BaseRequest) -> web.StreamResponse:
    raise NotImplementedError  # the connection answers itself


class Conversation(RequestHandler):
    """One connection."""

    __slots__ = ("_buffer", "_eof", "_idle", "_number", "_ours", "_preface", "_refusal", "_scanned", "_server", "_wire")

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(server, loop=loop, access_log=None)  # type: ignore[arg-type]  # None turns it off
        self._server = server
        self._buffer = bytearray()
        self._scanned = 0
        self._eof = False
        self._idle = False  # the task waits for the first byte of a request
        self._number = 0
        self._ours = asyncio.WriteTransport()  # aiohttp's `transport` is None once the connection is to end
        self._wire = Connection("", None, None, None, None, b"")
        self._preface: Reader | None = None  # reads the PROXY header, while one may come
        self._refusal: Malformed | None = None  # what was wrong with it, for the task

    # --- the event loop calls these -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is at the other end."""
        peer_ip, peer_port, remote = endpoint(transport.get_extra_info("peername"))
        local_ip, local_port, _ = endpoint(transport.get_extra_info("sockname"))
        tls: SSLObject | None = transport.get_extra_info("ssl_object")
        version = tls.version() if tls else None
        identity = f"{self._server.prefix}-{next(_connection_numbers):x}"
        self._wire = Connection(identity, peer_ip, peer_port, local_ip, local_port, remote, version)
        mode = self._server.app.config.proxy_protocol
        if mode == PROXY_REQUIRED or (mode == PROXY_OPTIONAL and self._peer_is_trusted()):
            self._preface = Reader()
        self._ours = cast("asyncio.WriteTransport", transport)
        self._server.open.add(self._ours)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Keep bytes for the task."""
        if self._eof:
            return
        if self._preface is not None:
            data = self._read_preface(self._preface, data)
            if not data:
                return
        if self._idle and not self._buffer and not self._close and not self._paused and self._answer_at_once(data):
            return
        self._buffer += data
        if len(self._buffer) > MAX_BUFFERED_BYTES and not self._buffer_paused:
            self._pause_reading_for_buffer()
        self._wake()

    def _read_preface(self, reader: Reader, data: bytes) -> bytes:
        """Read the PROXY header; return what came behind it, nothing while it is not whole, or is refused."""
        try:
            header = reader.feed(data)
            if isinstance(header, NeedMore):
                return b""
            if isinstance(header, NotProxy) and self._server.app.config.proxy_protocol == PROXY_REQUIRED:
                raise ProxyError("none came, and proxy_protocol is required", 0, reader.rest)
        except ProxyError as error:
            self._refusal = Malformed(str(error), body=f"400 Bad Request: {error}\n")
            self._wake()
            return b""
        self._preface = None
        if isinstance(header, Header) and header.source is not None:
            text, port = str(header.source), header.source_port
            remote = spelled_endpoint(text, port).encode()
            self._wire = self._wire._replace(remote_addr=remote, proxied_ip=text, proxied_port=port)
        return reader.rest

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp's returns nothing, which means False
        """Note that the client will send no more; keep the connection open for the answer, where TLS allows it."""
        self._eof = True
        self._wake()
        return not self._wire.tls_version

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let the task see the end."""
        self._eof = True
        self._server.open.discard(self._ours)
        self._wake()
        super().connection_lost(exc)

    def close(self) -> None:
        """Close when the request in hand is answered, at once if there is none."""
        self._close = True
        self._wake()

    def force_close(self) -> None:
        """Close now."""
        self._force_close = self._eof = True
        self._wake()
        if self.transport is not None:
            self.transport.close()
            self.transport = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the task -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read and answer requests until the connection ends."""
        try:
            while not self._force_close and not self._close and await self._converse():
                self._keep_alive_timer()
        finally:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _converse(self) -> bool:
        """Handle one request; return whether another may follow."""
        try:
            head = await self._read_head()
            if head is None:
                return False
            self._request_in_progress = True
            return await self._answer(self._parse(head))
        except ConnectionError:
            return False
        except Malformed as malformed:
            self._refuse(malformed)
            await self._linger()
            return False
        finally:
            self._request_in_progress = False
            if self._handler_waiter is not None and not self._handler_waiter.done():
                self._handler_waiter.set_result(None)

    async def _read_head(self) -> bytes | None:
        """Return the next head; None where the connection ends before one."""
        self._scanned = 0
        self._number += 1
        while True:
            if self._refusal is not None:
                raise self._refusal
            if self._buffer:
                end = find_head(self._buffer, self._scanned)
                if end:
                    head = bytes(self._buffer[:end])
                    self._take(end)
                    return head
                self._scanned = len(self._buffer)
            if self._eof:
                if self._buffer and self.transport is not None:
                    raise Malformed("the connection ended within the head")
                if self._preface is not None and self._preface.begun:
                    raise Malformed("the connection ended within the PROXY header")
                return None
            if self._close:
                return None
            self._idle = not self._buffer
            try:
                await self._more()
            finally:
                self._idle = False

    async def _more(self) -> None:
        """Wait until bytes came, the other end closed, or we are to close."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _take(self, size: int) -> None:
        del self._buffer[:size]
        if self._buffer_paused and len(self._buffer) <= MAX_BUFFERED_BYTES:
            self._resume_reading_for_buffer()

    def _answer_at_once(self, data: bytes) -> bool:
        """Answer a request that came whole, alone and without a body; False if data is anything else."""
        try:
            if find_head(data, 0) != len(data):
                return False
            request = self._parse(data)
        except Malformed:
            return False  # the task reads it again, and refuses it
        route = route_of(request)
        if request.length or b"Expect" in request.firsts or route.pieces or (route.waits and wait_seconds(request)):
            return False
        if self._conclude(request, route.answer(self._server.app, request)):
            self._number += 1
            self._keep_alive_timer()
        else:
            self.close()
        return True

    def _parse(self, head: bytes) -> Request:
        received, started = time.time(), time.perf_counter_ns()
        request = parse_head(head, self._wire, self._number)
        request.received, request.started = received, started
        return request

    async def _answer(self, request: Request) -> bool:
        """Answer a request, its body read and its wait over; return whether another may follow."""
        route = route_of(request)
        if b"Expect" in request.firsts and b"100-continue" not in request.firsts[b"Expect"].lower():
            answer = Answer(417, ((b"Connection", b"close"),), close=True)
        else:
            if route.waits and (seconds := wait_seconds(request)):
                await asyncio.sleep(seconds)
            unread = await self._read_body(
                request, keep=route.reads is None or request.method in route.reads, early=route.early
            )
            answer = route.answer(self._server.app, request)
            if unread:
                answer = answer._replace(close=True)
        keep = await self._stream(request, answer) if answer.pieces is not None else self._conclude(request, answer)
        if self.transport is None:
            return False
        await self._drain_helper()
        if not keep and not self._eof and (self._buffer or request.length):
            await self._linger()
        return keep

    def _conclude(self, request: Request, answer: Answer) -> bool:
        """Send and log an answer; return whether the connection stays open."""
        head, body, keep = render(answer, request, self._server.date(), draining=self._close or self._force_close)
        error = request.body_error or None
        if self.transport is None:
            error = "the client left before the answer"
        else:
            self.transport.write(head + body)
        self._record(request, answer.status, len(body), error)
        return keep

    async def _stream(self, request: Request, answer: Answer) -> bool:
        """Send an answer piece by piece and log it; return whether the connection stays open."""
        head, _, keep = render(answer, request, self._server.date(), draining=self._close or self._force_close)
        sent, error = 0, request.body_error or None
        try:
            if self.transport is not None:
                self.transport.write(head)
            for piece in answer.pieces or () if request.method != b"HEAD" else ():
                await self._drain_helper()
                if self.transport is None:
                    raise ConnectionResetError
                self.transport.write(piece)
                sent += len(piece)
                await asyncio.sleep(0)  # a client that takes everything at once leaves no other wait
        except ConnectionError:
            left = "cut off at shutdown" if self._server.stopping else "the client left"
            error, keep = f"{left} after {sent} of {answer.length} bytes", False
        except asyncio.CancelledError:
            error = f"cut off at shutdown after {sent} of {answer.length} bytes"
            raise
        finally:
            self._record(request, answer.status, sent, error)
        return keep

    def _record(self, request: Request, status: int, sent: int, error: str | None) -> None:
        """Log a request, and say so where --verbose asks for it."""
        server = self._server
        if server.sink.on:
            app = server.app
            headers = headers_of(request)
            wire = self._wire
            resolution, finding = app.explainer.judge(
                wire.proxied_ip or wire.peer_ip, headers, proxied=wire.proxied_ip is not None
            )
            exchange = Exchange(
                self._wire,
                request.number,
                request,
                resolution,
                finding.code,
                status,
                sent,
                (time.perf_counter_ns() - request.started) // 1000,
                request.received,
                error,
                headers=headers,
            )
            if app.logins:
                sign_in(exchange, app.logins, peer_trusted=self._peer_is_trusted())
            server.sink.write(record_line(exchange, server.place))
        if server.verbose is not None:
            server.verbose(request)

    async def _read_body(self, request: Request, *, keep: bool, early: bool) -> bool:
        """Read or drain the body; return whether some of it was left unread, so that the connection must end."""
        if not request.length:
            return False
        if request.expects_continue and not early:
            if not keep:
                return True  # the client holds the body back, and nobody asked for it
            if self.transport is not None:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif not keep and (request.close or request.length >= MAX_DRAINED_BYTES):
            return True
        reader = BodyReader(request.length, keep=keep)
        while True:
            reader.feed(self._buffer)
            self._take(0)
            if not keep and reader.size > MAX_DRAINED_BYTES:
                break
            if reader.done:
                break
            if self._eof:
                reader.feed_eof()
                break
            await self._more()
        request.body, request.body_bytes, request.trailers = reader.pieces, reader.size, reader.trailers
        request.body_error = reader.error
        return not reader.done or bool(reader.error)

    def _peer_is_trusted(self) -> bool:
        """Return whether the proxied peer, or without one the peer, is in the trusted ranges."""
        peer = self._wire.proxied_ip or self._wire.peer_ip
        address = parse_address(peer) if peer else None
        return address is not None and address.packed in self._server.app.config.policy.trusted

    def _refuse(self, malformed: Malformed) -> None:
        """Answer bytes that are no request, and log them as one."""
        server = self._server
        body = malformed.body.encode()
        if self.transport is not None:
            head = f"HTTP/1.1 {malformed.status} {malformed.phrase}\r\n{_REFUSAL_HEADERS}"
            self.transport.write(head.encode() + body)
        if server.sink.on:
            resolution = server.app.config.policy.resolve(
                self._wire.proxied_ip or self._wire.peer_ip, {}, proxied=self._wire.proxied_ip is not None
            )
            now = time.time()
            exchange = Exchange(
                self._wire,
                self._number,
                None,
                resolution,
                MALFORMED.code,
                malformed.status,
                len(body),
                0,
                now,
                malformed.error,
            )
            server.sink.write(record_line(exchange, server.place))

    async def _linger(self) -> None:
        """End our side and read on for a moment: a close with bytes unread would reset the answer away."""
        transport = self.transport
        if transport is None or self._eof:
            return
        if transport.can_write_eof() and not self._wire.tls_version:
            transport.write_eof()
        deadline = self._loop.time() + LINGER_SECONDS
        timer = self._loop.call_at(deadline, self._wake)
        try:
            while not self._eof and self._loop.time() < deadline:
                self._take(len(self._buffer))
                await self._more()
        finally:
            timer.cancel()

    def _keep_alive_timer(self) -> None:
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)


_REFUSAL_HEADERS = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"


def render(answer: Answer, request: Request, date: bytes, *, draining: bool) -> tuple[bytes, bytes, bool]:
    """
    Return (head, body, whether the connection stays open) of an answer, as Go's net/http writes it.

    Order: the handler's headers, Date, Content-Length, a sniffed Content-Type, Connection.
    """
    status, body = answer.status, answer.body
    is_head, is_10 = request.method == b"HEAD", request.version < (1, 1)
    has_body = status >= 200 and status not in (204, 304)
    size = answer.length if answer.pieces is not None else len(body)
    fits = size <= GO_BUFFER_BYTES
    names = [name for name, _ in answer.headers]
    counted = has_body and (not is_head or (bool(size) and fits)) and b"Content-Length" not in names
    connection = b""
    if is_10:
        keep = request.keep_alive_10 and (is_head or fits or not has_body)
        connection = b"keep-alive" if keep and b"Connection" not in names else b""
    else:
        keep = not request.close
    keep = keep and not (answer.close or draining)
    set_headers = answer.headers
    if not keep:
        connection = b""
        if not any(name == b"Connection" and says_close(value) for name, value in set_headers):
            set_headers = tuple(pair for pair in set_headers if pair[0] != b"Connection")
            connection = b"" if is_10 else b"close"
    version = b"1.0" if is_10 else b"1.1"
    parts = []
    if answer.interim:
        parts.append(b"HTTP/%b %d %b\r\n\r\n" % (version, answer.interim, phrase(answer.interim).encode()))
    parts.append(b"HTTP/%b %d %b\r\n" % (version, status, phrase(status).encode()))
    parts += [b"%b: %b\r\n" % pair for pair in set_headers]
    parts.append(b"Date: %b\r\n" % date)
    if counted:
        parts.append(b"Content-Length: %d\r\n" % size)
    if has_body and size and b"Content-Type" not in names:
        parts.append(b"Content-Type: %b\r\n" % _sniffed(body))
    if connection:
        parts.append(b"Connection: %b\r\n" % connection)
    parts.append(b"\r\n")
    return b"".join(parts), b"" if is_head or not has_body else body, keep


def _sniffed(body: bytes) -> bytes:
    start = body[:SNIFFED_BYTES]
    return TEXT[1] if len(start.translate(None, _BINARY)) == len(start) else b"application/octet-stream"
