"""
Back-pressure: what a connection is to its transport.

1. `transport` is None before the connection is made and after it ended.
2. Who sends much waits in `_writable` for the client to take it: the transport says when its buffer is full
   (`pause_writing`) and when there is room again. The wait ends with the connection, too: by ConnectionError where an
   error ended it, else in silence, for who looks at `transport`.
3. One task waits at most: a connection has one.
"""

import asyncio
import contextlib
from typing import cast


class Flow(asyncio.Protocol):
    """The transport of one connection, and whether it takes more."""

    __slots__ = ("_drained", "_loop", "_paused", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.transport: asyncio.Transport | None = None
        self._loop = loop
        self._paused = False
        self._drained: asyncio.Future[None] | None = None  # somebody waits for it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of the transport, and of who waits for it."""
        self.transport = None
        drained, self._drained = self._drained, None
        if drained is None or drained.done():
            return
        if exc is None:
            drained.set_result(None)
        else:
            drained.set_exception(ConnectionResetError("connection lost"))

    def pause_writing(self) -> None:
        """Note that the transport's buffer is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """Note that there is room again."""
        self._paused = False
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    async def _writable(self) -> None:
        """Wait until the transport takes more. Raises ConnectionError where the connection ended."""
        if self.transport is None:
            raise ConnectionResetError("connection lost")
        if self._paused:
            self._drained = self._loop.create_future()
            await self._drained

    def _stop_reading(self) -> None:
        """Read no more; some transports cannot, for example one that is closing."""
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError):
            if self.transport is not None:
                self.transport.pause_reading()

    def _start_reading(self) -> None:
        """Read again."""
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError):
            if self.transport is not None:
                self.transport.resume_reading()
