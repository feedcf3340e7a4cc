"""
The slow way: a task that reads a request from the buffer, answers it, reads the next, and ends when there is none.

Facts:

* aiohttp's parser is not used: llhttp refuses a dozen things that whoami takes (bare LF, folded headers, own methods,
  both framings, HTTP/1.2) and takes some that whoami refuses (blank lines before a request). `echo.wire` reads instead.
* A client may close its sending side after the request (`nc -N`) and still gets its answer.
* A long answer is made while it is sent, as fast as the client takes it.
* A body that a route does not read is drained up to MAX_DRAINED_BYTES, as Go does; beyond, the connection ends.
* At the end of the server what is in hand is cut off in words.
"""

import asyncio
import re
import time
from collections.abc import Callable

from echo import extras
from echo.answer import MAX_DRAINED_BYTES, Answer, Rest, closes, plain, render
from echo.body import GO_READER_BYTES, BodyReader
from echo.channel import Channel
from echo.lane import Ends
from echo.malformed import UNAVAILABLE, Malformed, too_many_requests
from echo.proxyproto import Reader
from echo.request import Connection, Request
from echo.routes import Route, route_of
from echo.tls import peer_subjects
from echo.units import spell_duration
from echo.websocket import EchoSocket, handshake
from echo.wire import find_head, parse_head
from echo.worker import Worker

GO_PEEK_BYTES = 4  # Go looks for a further request when so many bytes are there
LEADING_NEWLINES = re.compile(rb"[\r\n]{0,4}")  # which it forgives behind a POST (RFC 9112 §2.2)
MAX_ENOUGH_BYTES = 4 << 10  # of a body: with more, its route is asked no more whether that is enough; bounds the work
LINGER_SECONDS = 0.5  # after a last answer: time for the client to read it before a reset; Go's rstAvoidanceDelay

_REFUSAL_HEADERS = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
_STOPPING = plain("cut off: the server stops", 503)._replace(close=True)


class Answering(Channel):
    """A connection that answers what waits in its buffer."""

    __slots__ = (
        *(
            "_ahead",
            "_batch_end",
            "_close",
            "_ends",
            "_loop_task",
            "_number",
            "_posted",
            "_preface",
            "_refusal",
            "_scanned",
        ),
        *("_simple", "_unread", "_window", "_wire"),
    )

    def __init__(self, worker: Worker, loop: asyncio.AbstractEventLoop, refusal: Malformed | None = None) -> None:
        """`refusal` is a reason to answer nothing but it."""
        super().__init__(worker, loop)
        self._scanned = 0
        self._close = False  # after the request in hand
        self._number = 0
        self._ahead = 0  # requests of a batch: those that were in the buffer at the same moment
        self._batch_end = 0  # how many bytes had been kept at that moment
        self._posted = False  # the last request was a POST
        self._unread: BodyReader | None = None  # reads what the last answer did not wait for
        self._window = 0  # what Go's reader, which took the last head, has room for behind it
        self._simple = False  # nothing stands before the fast lane: no task, no bytes, no PROXY header to come
        self._wire = Connection("", None, None, None, None, b"")
        self._ends: Ends | None = None  # made when the PROXY header was read
        self._preface: Reader | None = None  # reads the PROXY header, while one may come
        self._refusal = refusal  # the task answers it, and nothing else
        self._loop_task: asyncio.Task[None] | None = None

    def _know(self) -> Ends:
        """Judge who is at the other end, once for all requests."""
        wire = self._wire
        if self.transport is not None:
            subjects = peer_subjects(self.transport.get_extra_info("ssl_object"))
            wire = wire._replace(subjects=subjects, handshake=self._worker.handshakes.of(self.transport))
        peer = self._worker.peer(wire)
        self._wire = wire = wire._replace(origin=peer.origin)
        self._ends = self._worker.lane.ends(wire, peer)
        return self._ends

    def _settle(self) -> None:
        """Open the fast lane if nothing stands before it."""
        self._simple = (
            self._ends is not None
            and self._loop_task is None
            and not (self._buffer or self._eof or self._close or self._paused)
        )

    def _wake(self) -> None:
        """Have the task go on; start it if there is none."""
        self._simple = False
        if self._loop_task is None:
            self._loop_task = self._loop.create_task(self._run())
            self._worker.busy.add(self)
        else:
            self._stir()

    async def _run(self) -> None:
        """Read and answer what is there; end the connection, or leave it to the next bytes."""
        keep = False
        try:
            while await self._converse():
                if not (self._buffer or self._eof or self._close):
                    keep = True
                    break
                await asyncio.sleep(0)  # others have their turn between requests that came together
        except ConnectionError:
            pass
        except Malformed as malformed:
            self._refuse(malformed)
            await self._linger()
        except Exception:  # a fault of ours ends one connection, not the server
            self._worker.fail("a connection failed and was closed")
        finally:
            self._loop_task = None
            self._worker.busy.discard(self)
            self._ahead = 0
            self._enter("keep-alive")
            if keep:
                self._settle()
            elif self.transport is not None:
                self.transport.close()

    async def _converse(self) -> bool:
        """Handle one request; return whether another may follow."""
        if self._worker.held:
            await self._worker.room.wait()
        head = await self._read_head()
        if head is None:
            return False
        self._enter("busy")
        if self._kept - len(self._buffer) - len(head) >= self._batch_end:  # all that was here at once is done
            self._batch_end = self._kept
            self._ahead = 0
        self._ahead += 1
        if self._ahead > self._worker.settings.max_pipelined:
            raise too_many_requests(self._worker.settings.max_pipelined)
        return await self._answer(self._parse(head))

    async def _read_head(self) -> bytes | None:
        """Return the next head; None where the connection ends before one."""
        self._scanned = 0
        self._number += 1
        wanted = GO_PEEK_BYTES if self._number > 1 else 1
        while True:
            if self._refusal is not None:
                raise self._refusal
            if len(self._buffer) >= wanted:
                if self._posted:
                    self._take(LEADING_NEWLINES.match(self._buffer).end())  # type: ignore[union-attr]  # it always does
                    self._posted = False
                    wanted = 1
                    continue
                wanted = 1
                end = find_head(self._buffer, self._scanned, self._worker.settings.max_header_bytes)
                if end:
                    head = bytes(self._buffer[:end])
                    self._take(end)
                    self._window = max(0, GO_READER_BYTES - end)
                    return head
                self._scanned = len(self._buffer)
            if self._eof:
                if len(self._buffer) >= wanted and self.transport is not None:
                    raise Malformed("cut-off", "the connection ended within the head")
                if self._preface is not None and self._preface.begun:
                    raise Malformed("cut-off", "the connection ended within the PROXY header")
                return None
            if self._close and not self._buffer:
                return None
            if self._worker.cut.is_set():
                raise Malformed("cut-off", "the head was cut off at shutdown", *UNAVAILABLE)
            self._enter("head")
            await self._more()

    def _parse(self, head: bytes) -> Request:
        received, started = time.time(), time.perf_counter_ns()
        request = parse_head(head, self._wire, self._number)
        request.received, request.started = received, started
        return request

    async def _answer(self, request: Request) -> bool:
        """Answer a request, its body read and its wait over; return whether another may follow."""
        route = route_of(request)
        self._posted = request.method == b"POST"
        self._unread = None
        if route.socket and not request.expects_more and (kept := await self._socket(request, route)) is not None:
            return kept
        answer = await self._made(request, route)
        if answer.pieces is not None:
            keep = await self._stream(request, route, answer)
        else:
            keep = self._conclude(request, route, answer)
        if self.transport is None:
            return False
        await self._drain_helper()
        if not keep and not self._eof and (self._buffer or request.length):
            if self._unread is not None:
                await self._outlast(self._unread)
            await self._linger()
        return keep

    async def _made(self, request: Request, route: Route) -> Answer:
        """Return the answer, when it is time for it."""
        app, worker = self._worker.app, self._worker
        if request.expects_more:
            answer = Answer(417, ((b"Connection", b"close"),), close=True)
            await self._drain(request, answer, BodyReader(request.length, keep=False))
            return answer
        seconds = route.wait(request) if route.wait is not None else 0.0
        if seconds > worker.settings.max_wait:
            return extras.too_long(seconds, worker.settings.max_wait)
        if seconds and await self._is_cut_off_in(seconds):
            return _STOPPING
        reads = route.reads is None or request.method in route.reads
        seen = min(len(self._buffer), self._window)
        reader = BodyReader(request.length, keep=reads, limit=worker.settings.max_body_bytes, seen=seen)
        if reads and request.length:
            await self._read_body(request, route, reader)
        try:
            answer = extras.with_added_headers(request, route.answer(app, request))
        except Exception:  # a fault of ours: one answer, not the server
            worker.fail(f"{route.name} failed")
            return plain("this server failed; its stderr says how", 500)._replace(close=True)
        rest = await self._drain(request, answer, reader)
        return answer if rest is Rest.NONE else answer._replace(rest=rest)

    async def _is_cut_off_in(self, seconds: float) -> bool:
        """Wait, as long as there is somebody to wait for; return whether the server cut that short."""
        until = time.monotonic() + seconds  # the loop's own clock is that of its last turn: it would end early
        while self.transport is not None and not self._worker.cut.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            await self._more(self._loop.time() + left)
        return self._worker.cut.is_set()

    def _conclude(self, request: Request, route: Route, answer: Answer) -> bool:
        """Send and log an answer; return whether the connection stays open."""
        head, body, keep, _ = render(answer, request, self._worker.date(), draining=self._ending)
        error = request.body_error or ("cut off at shutdown" if answer is _STOPPING else None)
        if self.transport is None:
            error = "the client left before the answer"
        else:
            self.transport.write(head + body)
        self._record(request, route, answer.status, len(body), error)
        return keep

    @property
    def _ending(self) -> bool:
        """Return whether an answer is the last: the server stops, and nothing has come that waits behind it."""
        return (self._close or self._worker.draining) and not self._buffer

    async def _stream(self, request: Request, route: Route, answer: Answer) -> bool:
        """Send an answer piece by piece and log it; return whether the connection stays open."""
        head, _, keep, chunked = render(answer, request, self._worker.date(), draining=self._ending)
        sent, error = 0, request.body_error or None
        of = "" if answer.length < 0 else f" of {answer.length}"
        try:
            if self.transport is not None:
                self.transport.write(head)
            for piece in answer.pieces or () if request.method != b"HEAD" else ():
                if isinstance(piece, float):
                    if await self._is_cut_off_in(piece):
                        raise ConnectionResetError
                    continue
                await self._drain_helper()
                if self.transport is None or self._worker.cut.is_set():
                    raise ConnectionResetError
                self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                sent += len(piece)
                await asyncio.sleep(0)  # a client that takes everything at once leaves no other wait
            if chunked and self.transport is not None:
                self.transport.write(b"0\r\n\r\n")
        except ConnectionError:
            left = "cut off at shutdown" if self._worker.cut.is_set() else "the client left"
            error, keep = f"{left} after {sent}{of} bytes", False
        finally:
            self._record(request, route, answer.status, sent, error)
        return keep

    async def _socket(self, request: Request, route: Route) -> bool | None:
        """Talk as a WebSocket until its end and log it; None where the request is not answered with one."""
        shaken = handshake(request, early=bool(self._buffer))
        if shaken.status not in (0, 101):
            return None
        error, sent, talk = shaken.error or None, 0, EchoSocket(self._worker.settings.max_message_bytes)
        if shaken.status:
            self._enter("socket")
            try:
                if self.transport is not None:
                    self.transport.write(shaken.head)
                while not talk.closed:
                    if self._buffer:
                        data = bytes(self._buffer)
                        self._take(len(data))
                        answer = talk.feed(data)
                        sent += len(answer)
                        if self.transport is not None:
                            self.transport.write(answer)
                        await self._drain_helper()
                    elif self._eof:
                        talk.feed_eof()
                    elif self._phase == "late" or self._ending:
                        answer = talk.leave()
                        sent += len(answer)
                        if self.transport is not None:
                            self.transport.write(answer)
                    else:
                        await self._more()
            except ConnectionError:
                talk.feed_eof()
            error = talk.error or None
            self._worker.echoed(talk.messages)
        request.body_bytes = talk.payload_bytes
        self._record(request, route, shaken.status or 400, sent, error)
        return False

    def _record(self, request: Request, route: Route, status: int, sent: int, error: str | None) -> None:
        ends = self._ends or self._know()
        self._worker.record(self._wire, ends.peer, request, route.name, status, sent, error)

    async def _read_body(self, request: Request, route: Route, reader: BodyReader) -> None:
        """Read the body for its route, as far as that needs it."""
        if request.expects_continue and not route.early and self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await self._feed(reader, route.enough)
        request.body, request.body_bytes, request.trailers = reader.pieces, reader.size, reader.trailers
        request.body_error = reader.error

    async def _drain(self, request: Request, answer: Answer, reader: BodyReader) -> Rest:
        """Do away with what its route did not read of a body, where another request may follow; return what is left."""
        if reader.done:
            # Go promises to go on behind a counted body that the client cut short: what read it has told the error
            told = self._eof and request.length > 0 and not request.expects_continue
            return Rest.BROKEN if reader.error and not told else Rest.NONE
        reader.keep = False
        left = request.length - reader.size
        closing = request.expects_continue  # the client holds it back, and nobody asked for it
        if closing or closes(answer, request, draining=self._ending):
            if request.length < 0 or (not request.close and left <= MAX_DRAINED_BYTES):
                self._unread = reader
            return Rest.BROKEN if closing else Rest.NONE
        if left >= MAX_DRAINED_BYTES:
            return Rest.LARGE
        await self._feed(reader)
        request.body_bytes, request.body_error = reader.size, request.body_error or reader.error
        if reader.size > MAX_DRAINED_BYTES:
            return Rest.LARGE
        return Rest.BROKEN if reader.error else Rest.NONE

    async def _feed(self, reader: BodyReader, enough: Callable[[bytes], bool] | None = None) -> None:
        """Give a reader the bytes of a body until it has all, or all that it will get, or enough of them."""
        self._enter("body")
        while True:
            reader.feed(self._buffer)
            self._take(0)
            if reader.done or (not reader.keep and reader.size > MAX_DRAINED_BYTES):
                break
            if enough is not None and reader.size <= MAX_ENOUGH_BYTES and enough(b"".join(reader.pieces)):
                break
            if self._eof:
                reader.feed_eof()
            elif self._phase == "late":
                seconds = spell_duration(self._worker.settings.body_timeout)
                reader.fail(f"nothing of the body came for {seconds}, the server's --body-timeout")
            elif self._worker.cut.is_set():
                reader.fail("cut off at shutdown")
            else:
                await self._more()
        self._enter("busy")

    async def _outlast(self, reader: BodyReader) -> None:
        """Wait, after the answer, for a body that nobody read, as Go does where it must see where the body ends."""
        self._enter("body")
        while not (self._eof or self._phase == "late" or self._worker.cut.is_set()):
            reader.feed(self._buffer)
            if reader.done or reader.size > MAX_DRAINED_BYTES:
                break
            await self._more()

    def _refuse(self, malformed: Malformed) -> None:
        """Answer bytes that are no request, and log them as one."""
        body = malformed.body.encode()
        if self.transport is not None:
            head = f"HTTP/1.1 {malformed.status} {malformed.phrase}\r\n{_REFUSAL_HEADERS}"
            self.transport.write(head.encode() + body)
        ends = self._ends or self._know()
        self._worker.record_malformed(self._wire, ends.peer, self._number, malformed, len(body))

    async def _linger(self) -> None:
        """End our side and read on for a moment: a close with bytes unread would reset the answer away."""
        transport = self.transport
        if transport is None or self._eof:
            return
        self._enter("busy")
        self._refusal = None
        if transport.can_write_eof() and not self._wire.tls_version:
            transport.write_eof()
        deadline = self._loop.time() + LINGER_SECONDS
        while not self._eof and self._loop.time() < deadline:
            self._take(len(self._buffer))
            await self._more(deadline)
