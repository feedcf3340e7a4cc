"""
What all connections of one process share: the records, the counts, the clock of timeouts, the hold of a full log.

1. One record an exchange, whichever way it was answered; what is recorded is counted, so that both always agree.
2. Timeouts are kept by a sweep over the open connections, not by a timer each: a request on the fast lane costs none.
3. While the log is full (--log-full block) no connection is read, and no timeout runs: it is we who do not read.
"""

import asyncio
import sys
import time
import traceback
from email.utils import formatdate
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from echo.clientip import parse_address
from echo.counters import Counters, observe
from echo.explain import finding_on_malformed
from echo.explain.judge import Peer
from echo.kernel import Handshakes
from echo.lane import Lane
from echo.malformed import Malformed
from echo.metrics import (
    BLOCKED,
    DROPPED,
    FOUND,
    LATENCY,
    LATENCY_BOUNDS,
    LOG_FAILURES,
    LOG_HELD,
    LOGGED,
    MALFORMED,
    MESSAGES,
    OPEN,
    OPENED,
    REFUSED,
    REQUESTS,
    RESOLUTIONS,
    TIMED_OUT,
    request_offset,
)
from echo.recorder import Exchange, Place, dropped_line, headers_of, record_line, sign_in
from echo.request import Connection, Request
from echo.routes import MALFORMED_ROUTE, App
from echo.sink import Sink
from echo.verbose import say_request

if TYPE_CHECKING:
    from echo.answering import Answering
    from echo.connection import Conversation

MIN_SWEEP_SECONDS, MAX_SWEEP_SECONDS = 0.05, 1.0  # between looks at the timeouts: a quarter of the shortest
CHECKED_AT_ONCE = 200  # connections; then requests have their turn: ten thousand at once would hold them up for 10 ms
CUT_SECONDS = 1.0  # at the end, for connections to see that they are cut off, and to say so


class Phase(NamedTuple):
    """What a connection waits for: how long it may, by which setting, and what is counted when it took longer."""

    seconds: float
    timeout: str


class Worker:
    """The state that the connections of one process share."""

    def __init__(self, app: App, sink: Sink, counters: Counters, index: int, place: Place, prefix: str) -> None:
        settings = app.settings
        self.app = app
        self.settings = settings
        self.sink = sink
        self.place = place
        self.counters = counters
        self.row = row = counters.row(index)
        self.lane = Lane(app, counters, row, place, logs=sink.on)
        self.take = self.lane.take
        self.open_lane = self.lane.open  # and neither held nor draining
        self.log = sink.write
        self.open: set[Conversation] = set()
        self.busy: set[Answering] = set()  # those whose task runs, be it that their client left meanwhile
        self.held = False  # no connection is read: the log is full
        self.room = asyncio.Event()  # set unless held
        self.room.set()
        self.draining = False  # answers end their connections
        self.cut = asyncio.Event()  # set at the end: what is still in hand is cut off
        self.phases = {
            "idle": Phase(settings.idle_timeout, "idle"),
            "keep-alive": Phase(settings.keep_alive, "keep-alive"),
            "head": Phase(settings.header_timeout, "header"),
            "body": Phase(settings.body_timeout, "body"),
            "socket": Phase(settings.keep_alive, "keep-alive"),
            "late": Phase(float("inf"), ""),  # of a body that did not come: the task is about to say so
            "busy": Phase(float("inf"), ""),
        }
        self._names = (f"{prefix}-{number:x}" for number in count(1))
        self._date = (0, b"")
        self._slots = {name: counters.start[name] for name in counters.start}
        self._before = {name: row[self._slots[name]] for name in (LOGGED, DROPPED, LOG_FAILURES)}  # by those that died
        self._reasons, self._findings = counters.slots(RESOLUTIONS), counters.slots(FOUND)
        self._kinds, self._timeouts = counters.slots(MALFORMED), counters.slots(TIMED_OUT)
        self._loop = asyncio.get_running_loop()
        sink.when_full = self.hold
        sink.when_room = self._when_room
        sink.about_dropped = self._about_dropped
        self.handshakes = Handshakes(app.around)
        app.host.refresh()

    # --- connections ----------------------------------------------------------------------------------------------

    def name(self) -> str:
        """Return a name for a new connection."""
        return next(self._names)

    def admit(self) -> bool:
        """Count a new connection; False if there are too many already."""
        slot = self._slots[OPEN]
        if self.counters.total(slot) >= self.settings.max_connections:
            self.row[self._slots[REFUSED]] += 1
            return False
        self.row[slot] += 1
        self.row[self._slots[OPENED]] += 1
        return True

    def leave(self) -> None:
        """Count a connection that ended."""
        self.row[self._slots[OPEN]] -= 1

    def timed_out(self, timeout: str) -> None:
        """Count a timeout."""
        self.row[self._timeouts[timeout]] += 1

    def echoed(self, messages: int) -> None:
        """Count messages of a WebSocket."""
        self.row[self._slots[MESSAGES]] += messages

    def date(self) -> bytes:
        """Return the Date header's value, made once a second."""
        now = int(time.time())
        if now != self._date[0]:
            self._date = (now, formatdate(now, usegmt=True).encode())
        return self._date[1]

    # --- records --------------------------------------------------------------------------------------------------

    def peer(self, wire: Connection) -> Peer:
        """Judge the other end of a connection, once for all its requests."""
        proxied = wire.proxied_ip is not None
        return self.app.explainer.peer(
            wire.proxied_ip or wire.peer_ip,
            proxied=proxied,
            sender=wire.peer_ip,
            handshake=wire.handshake,
            local=wire.proxy_local,
        )

    def record(
        self, wire: Connection, peer: Peer, request: Request, route: str, status: int, sent: int, error: str | None
    ) -> None:
        """Log and count an exchange."""
        duration = (time.perf_counter_ns() - request.started) // 1000
        headers = headers_of(request)
        resolution, finding = self.app.explainer.judge(peer, headers)
        self._count(route, status, resolution.reason.code, finding.code, duration)
        if self.sink.on:
            exchange = Exchange(
                wire,
                request.number,
                request,
                resolution,
                finding.code,
                status,
                sent,
                duration,
                request.received,
                error,
                headers=headers,
            )
            if self.app.logins:
                sign_in(exchange, self.app.logins, peer_trusted=self.trusts(wire))
            self.log(record_line(exchange, self.place))
        if self.settings.verbose:
            say_request(request)

    def record_malformed(self, wire: Connection, peer: Peer, number: int, malformed: Malformed, sent: int) -> None:
        """Log and count what is no request."""
        resolution = self.app.config.policy.resolve(peer.text, {}, peer.proxied)
        finding = finding_on_malformed(malformed.kind).code
        self._count(MALFORMED_ROUTE, malformed.status, resolution.reason.code, finding, 0)
        self.row[self._kinds[malformed.kind]] += 1
        if self.sink.on:
            exchange = Exchange(
                wire,
                number,
                None,
                resolution,
                finding,
                malformed.status,
                sent,
                0,
                time.time(),
                malformed.error,
            )
            self.log(record_line(exchange, self.place))

    def _count(self, route: str, status: int, reason: str, finding: str, duration: int) -> None:
        """Count what is recorded."""
        row = self.row
        row[self._slots[REQUESTS] + request_offset(route, status)] += 1
        row[self._reasons[reason]] += 1
        row[self._findings[finding]] += 1
        observe(row, self._slots[LATENCY], LATENCY_BOUNDS, duration)

    def trusts(self, wire: Connection) -> bool:
        """Return whether the proxied peer, or without one the peer, is in the trusted ranges."""
        peer = wire.proxied_ip or wire.peer_ip
        address = parse_address(peer) if peer else None
        return address is not None and address.packed in self.app.config.policy.trusted

    def may_send_proxy(self, wire: Connection) -> bool:
        """
        Return whether a peer may send the PROXY header that is required.

        Where ranges are trusted, who is in them; else anybody. A UNIX socket's folder says who may connect there.
        """
        return wire.peer_ip is None or not self.app.config.policy.trusted or self.trusts(wire)

    def fail(self, words: str) -> None:
        """Say on stderr that something of ours went wrong; the exception is at hand."""
        sys.stderr.write(f"whofrom: error: {words}\n{traceback.format_exc()}")
        sys.stderr.flush()

    # --- the full log ---------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Read no connection until the log has room."""
        self.held = True
        self.open_lane = False
        self.room.clear()
        for conversation in self.open:
            conversation.hold()

    def _when_room(self) -> None:
        """Called by the log's thread."""
        self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self.sink.flush()  # there may be dropped records to tell of
        if self.held and not self.sink.full:
            self.held = False
            self.open_lane = self.lane.open and not self.draining
            self.room.set()
            for conversation in tuple(self.open):
                conversation.release()

    def _about_dropped(self, dropped: int) -> bytes:
        return dropped_line(dropped, time.time(), self.place)

    # --- timeouts, and the end ------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Look at the timeouts now and then, until cancelled."""
        shortest = min(self.settings.send_timeout, *(phase.seconds for phase in self.phases.values()))
        pause = min(MAX_SWEEP_SECONDS, max(MIN_SWEEP_SECONDS, shortest / 4))
        while True:
            await asyncio.sleep(pause)
            self.publish()
            for number, conversation in enumerate(tuple(self.open)):
                if self.held:
                    break
                conversation.check(time.perf_counter_ns())
                if number % CHECKED_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def publish(self) -> None:
        """Put the numbers of the log where all workers see them."""
        sink, row, slots = self.sink, self.row, self._slots
        row[slots[LOG_HELD]] = sink.pending
        row[slots[LOGGED]] = self._before[LOGGED] + sink.written
        row[slots[DROPPED]] = self._before[DROPPED] + sink.dropped
        row[slots[LOG_FAILURES]] = self._before[LOG_FAILURES] + sink.failures
        row[slots[BLOCKED]] = self.held

    def drain(self) -> None:
        """Serve on, but be not ready, and end connections with their next answer, WebSockets at once."""
        self.app.ready = False
        self.draining = True
        self.open_lane = False
        for one in self.busy:
            one.cut_off()

    async def finish(self, seconds: float) -> int:
        """End all connections when they have nothing in hand, or after so many seconds; return how many were cut."""
        for conversation in tuple(self.open):
            conversation.finish()
        await self._gone(seconds)
        left = self.open | self.busy
        if left:
            self.cut.set()
            self.room.set()
            for one in left:
                one.cut_off()
            await self._gone(CUT_SECONDS)
            for one in left:
                one.abort()
            await self._gone(CUT_SECONDS)
        return len(left)

    async def _gone(self, seconds: float) -> None:
        deadline = self._loop.time() + seconds
        while (self.open or self.busy) and self._loop.time() < deadline:
            await asyncio.sleep(0.01)
