"""
Bytes → file: records, joined, written every FLUSH_SECONDS and at the end.

1. A record is one line, written whole: many records go out in one write, never a part of one by intention.
2. The write blocks. A reader that is slow slows the server down; nothing is dropped.
3. A write that fails is said once on stderr and stops nothing: answering comes before logging.
"""

import asyncio
import os
import sys
from pathlib import Path

from echo.clientip import quote
from echo.errors import StartupFault

FLUSH_SECONDS = 0.05  # what a crash may lose; at 10,000 requests/s it joins 500 records in one write
MAX_BUFFERED_BYTES = 1 << 20  # flushed at once beyond this, so that a burst of large headers does not pile up
STDOUT = 1


class Sink:
    """Writes lines to a file descriptor, joined."""

    def __init__(self, descriptor: int | None, name: str = "") -> None:
        """With None as the descriptor nothing is written."""
        self._descriptor = descriptor
        self._name = name
        self._lines: list[bytes] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failed = False

    @property
    def on(self) -> bool:
        """Return whether anything is written at all."""
        return self._descriptor is not None

    def write(self, line: bytes) -> None:
        """Take one line; it is written within FLUSH_SECONDS."""
        if self._descriptor is None:
            return
        self._lines.append(line)
        self._size += len(line)
        if self._size > MAX_BUFFERED_BYTES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was taken, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._lines or self._descriptor is None:
            return
        data = memoryview(b"".join(self._lines))
        self._lines.clear()
        self._size = 0
        try:
            while data:
                data = data[_write(self._descriptor, data) :]
        except OSError as error:
            if not self._failed:
                self._failed = True
                words = f"cannot write the log to {self._name}: {error.strerror}; records are lost until it works again"
                sys.stderr.write(f"whofrom: warning: {words}\n")
        else:
            self._failed = False

    def close(self) -> None:
        """Flush; close what is a file."""
        self.flush()
        if self._descriptor is not None and self._descriptor != STDOUT:
            os.close(self._descriptor)
        self._descriptor = None


def _write(descriptor: int, data: memoryview) -> int:
    """Write to a descriptor that may be non-blocking (a pipe shared with somebody who made it so), waiting for room."""
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            os.set_blocking(descriptor, True)


def open_sink(log: str) -> Sink:
    """Return the sink for `-` (stdout), `off`, or a file that is appended to. Raises StartupFault."""
    if log == "off":
        return Sink(None)
    if log == "-":
        return Sink(STDOUT, "stdout")
    try:
        descriptor = os.open(Path(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StartupFault(f"cannot open it: {why}", f"--log {quote(log)}", "name a file that can be written") from None
    return Sink(descriptor, quote(log))
