"""
What a connection is to its worker and its clock: bytes that wait, reasons not to read, phases and their timeouts.

1. Bytes wait in the buffer until the task takes them; when there are more than a whole head and SLACK_BYTES, the socket
   is not read. It is not read either while the log is full.
2. What a connection waits for is its phase. `check`, called by the worker's sweep, ends it when that took too long: no
   timer runs for a connection, and a request on the fast lane costs no more than a mark that bytes came.
3. The task waits in `_more`, and whatever may change its mind stirs it.
"""

import asyncio
import time

from aiohttp.base_protocol import BaseProtocol

from echo.worker import Worker

SLACK_BYTES = 64 << 10  # buffered beyond a whole head; then the socket is not read
TAKEN_AS_IT_COMES = ("body", "socket")  # phases: what waits is read in one go, and others wait for that
MIN_BODY_RATE = 100  # bytes a second: slower than any modem; what drips slower holds a place, and means to
RATE_AFTER = 5  # times --body-timeout, before the rate is looked at

_FOR_BUFFER, _FOR_LOG = 1, 2  # why a connection is not read; bits


class Channel(BaseProtocol):
    """The bytes of one connection, and its time."""

    __slots__ = (
        *("_buffer", "_entered", "_eof", "_holds", "_kept", "_kept_before", "_moved", "_phase", "_since", "_stuck"),
        *("_waiter", "_worker"),
    )

    def __init__(self, worker: Worker, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._worker = worker
        self._buffer = bytearray()
        self._eof = False
        self._holds = 0
        self._phase = "idle"
        self._since = time.perf_counter_ns()  # when the phase began, or bytes last came in it
        self._entered = self._since  # when the phase began
        self._kept = self._kept_before = 0  # bytes that ever waited: until now, and when the phase began
        self._moved = False  # bytes came since the last look
        self._stuck = (0, 0)  # since when the client takes nothing, and what is left for it
        self._waiter: asyncio.Future[None] | None = None

    # --- the worker calls these -----------------------------------------------------------------------------------

    def hold(self) -> None:
        """Read no more: the log is full."""
        self._hold_for(_FOR_LOG)

    def release(self) -> None:
        """Read again."""
        self._moved = True
        self._since = time.perf_counter_ns()
        self._release_from(_FOR_LOG)

    def check(self, now: int) -> None:
        """End the connection if what it waits for takes too long."""
        worker = self._worker
        if self.transport is None:
            return
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            self._stuck = (0, 0)
        elif not self._stuck[0] or self._stuck[1] != unsent:
            self._stuck = (now, unsent)
        elif (now - self._stuck[0]) * 1e-9 > worker.settings.send_timeout:
            worker.timed_out("send")
            self.abort()
            return
        if self._moved:
            self._moved = False
            if self._phase == "idle":
                self._phase = "keep-alive"
            if self._phase != "head":  # its time runs from the first byte
                self._since = now
        phase = worker.phases[self._phase]
        if (now - self._since) * 1e-9 <= phase.seconds and not self._drips(now, phase.seconds):
            return
        worker.timed_out(phase.timeout)
        if self._phase == "head":
            self._head_is_late(phase.seconds)
        elif self._phase in TAKEN_AS_IT_COMES:
            self._phase = "late"
            self._stir()
        else:
            self.transport.close()

    def _drips(self, now: int, seconds: float) -> bool:
        """Return whether a body comes so slowly that it only means to hold its place."""
        spent = (now - self._entered) * 1e-9
        if self._phase != "body" or self._holds or spent <= seconds * RATE_AFTER:
            return False
        return self._kept - self._kept_before < spent * MIN_BODY_RATE

    def cut_off(self) -> None:
        """End now: wake the task, so that it can say what it cut off."""
        self._stir()

    def abort(self) -> None:
        """End at once, whatever was not sent."""
        if self.transport is not None:
            self.transport.abort()

    # --- for those who build on it --------------------------------------------------------------------------------

    def _head_is_late(self, seconds: float) -> None:
        """Refuse a connection whose head was not complete in time."""
        raise NotImplementedError

    def _enter(self, phase: str) -> None:
        """Begin to wait for something else."""
        if phase != self._phase:
            self._phase = phase
            self._since = self._entered = time.perf_counter_ns()
            self._kept_before = self._kept

    def _hold_for(self, why: int) -> None:
        """Do not read, for this reason."""
        if not self._holds:
            self._pause_transport_reading()
        self._holds |= why

    def _release_from(self, why: int) -> None:
        """Read, if there was no other reason not to."""
        if self._holds & why:
            self._holds &= ~why
            if not self._holds:
                self._resume_transport_reading()

    def _stir(self) -> None:
        """Have the task look again, where it waits."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _more(self, deadline: float | None = None) -> None:
        """
        Wait until bytes came, the other end closed, a timeout ran out, or we are to close; until `deadline` at most.

        Timers of event loops may go off a little early: who waits for a time looks at the clock, and waits again.
        """
        self._waiter = self._loop.create_future()
        timer = None if deadline is None else self._loop.call_at(deadline, self._stir)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _keep(self, data: bytes) -> None:
        """Put bytes into the buffer; read no more where that is full."""
        self._buffer += data
        self._kept += len(data)
        if len(self._buffer) > self._most():
            self._hold_for(_FOR_BUFFER)

    def _most(self) -> int:
        """Return how many bytes may wait: a head comes whole, all else is taken as it comes."""
        if self._phase in TAKEN_AS_IT_COMES:
            return SLACK_BYTES
        return self._worker.settings.max_header_bytes + SLACK_BYTES

    def _take(self, size: int) -> None:
        """Take bytes from the front of the buffer."""
        del self._buffer[:size]
        if self._holds & _FOR_BUFFER and len(self._buffer) <= self._most():
            self._release_from(_FOR_BUFFER)
