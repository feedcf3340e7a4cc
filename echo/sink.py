"""
Records → the log: lines are gathered for a moment, then a thread of their own writes them.

1. The event loop never waits for the log. It gathers lines; after `flush_seconds` they go, joined, to the thread.
2. What is held is bounded. Beyond `limit` bytes the log is full: `block` asks the server to read no more requests until
   half of it is written; `drop` loses lines, counts them, and says so in a line of its own once there is room.
3. Lines of several processes never mix, whatever their length. A pipe takes PIPE_BUF (4,096 bytes) as one; more, and
   what goes to a disk that is filling up, may be taken in pieces. So lines are written under a lock, and a mark beside
   it says that some are under way. Who finds the mark set, because its owner died, ends the torn line first: at most
   one line is torn by a death, and it stands alone. So does one that an earlier server left at the end of a file.
4. A write that fails (disk full, reader gone) is tried again until it succeeds, and the fault is said once on stderr.
5. SIGHUP opens a log file again by its name, so that logrotate can move it away; the lines held go to the new one. A
   line that was under way to a full disk is written to the new file whole; the old one ends with a piece of it.
"""

import asyncio
import fcntl
import mmap
import os
import select
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from echo.clientip import quote
from echo.errors import StartupFault

RETRY_SECONDS = 0.25  # between tries to write what could not be written
CLOSE_SECONDS = 5.0  # for the lines held at the end, where the log takes none; then they are lost, and that is said
MAX_WRITE_BYTES = 1 << 20  # at once; a longer line goes alone. Then another process has its turn
STDOUT = 1
OFF, STANDARD_OUTPUT = "off", "-"


class Lock:
    """
    A lock over the processes that were forked with it, and the mark of lines under way.

    It is a POSIX record lock on an anonymous file (fcntl(2)): the kernel frees it where its owner dies.
    """

    def __init__(self) -> None:
        self._file = os.memfd_create("whofrom-log", os.MFD_CLOEXEC)
        self._mark = mmap.mmap(-1, mmap.PAGESIZE)

    def acquire(self) -> bool:
        """Take the lock and set the mark; return whether it was set, so that a line may be torn."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        torn = self._mark[0] != 0
        self._mark[0] = 1
        return torn

    def release(self) -> None:
        """Take the mark away and give the lock back."""
        self._mark[0] = 0
        fcntl.lockf(self._file, fcntl.LOCK_UN)


class Sink:
    """
    Takes lines for a descriptor. The event loop calls `write` and `flush`; the thread does the rest.

    on       anything is written at all
    full     no more requests should be read: `when_full` was called, and `when_room` will be, in the thread; there it
             is called, too, when lines were dropped and `flush` can tell of them
    dropped  lines that were lost since the start
    written  lines that were written, in batches
    failures tries to write that failed
    """

    def __init__(
        self,
        descriptor: int | None,
        name: str = "",
        *,
        path: Path | None = None,
        limit: int = 8 << 20,
        drops: bool = False,
        flush_seconds: float = 0.05,
    ) -> None:
        """With None as the descriptor nothing is written; with a path the log can be opened again."""
        self.on = descriptor is not None
        self.limit = limit
        self.drops = drops
        self.flush_seconds = flush_seconds
        self.full = False
        self.dropped = 0
        self.written = 0
        self.failures = 0
        self.when_full: Callable[[], None] = _nobody_waits
        self.when_room: Callable[[], None] = _nobody_waits
        self.about_dropped: Callable[[int], bytes] = _nothing_to_say
        self._descriptor = -1 if descriptor is None else descriptor
        self._name = name
        self._path = path
        self._lock = Lock()
        self._lines = bytearray()  # gathered: a list of them would cost ten times as much, in memory that is cold
        self._count = 0  # of them
        self._room = limit  # how many bytes may be gathered before the log is full
        self._untold = 0  # lines dropped that no line has told of yet
        self._batches: deque[tuple[bytearray, int]] = deque()  # for the thread: lines, and how many
        self._queued = 0  # bytes in them, and in what the thread has in hand
        self._ends = 0.0  # when the thread gives up, once there is an end
        self._reopen = False
        self._opened = True  # and where the file ends has not been looked at
        self._failed = False
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def pending(self) -> int:
        """Return how many bytes are held."""
        return len(self._lines) + self._queued

    def start(self) -> None:
        """Start the thread, in the process that is to write: threads do not survive a fork."""
        if self.on:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()

    def write(self, line: bytes) -> None:
        """Take one line, its newline included; it is handed on after `flush_seconds`."""
        lines = self._lines
        if len(lines) + len(line) > self._room:
            if self.drops:
                self._drop()
                return
            if not self.full:
                self.full = True
                self.when_full()
        if not lines:
            asyncio.get_running_loop().call_later(self.flush_seconds, self.flush)
        lines += line
        self._count += 1

    def _drop(self) -> None:
        """Count a line that is lost; it is told of once there is room, even if no other line comes."""
        if not self._untold:
            asyncio.get_running_loop().call_later(self.flush_seconds, self.flush)
        self.dropped += 1
        self._untold += 1

    def flush(self) -> None:
        """Hand what was gathered to the thread."""
        with self._condition:
            if self._untold and self._queued <= self.limit // 2:
                self._tell()
            if self._lines:
                self._batches.append((self._lines, self._count))
                self._queued += len(self._lines)
                self._lines, self._count = bytearray(), 0
                self._room = self.limit - self._queued
                self._condition.notify()

    def _tell(self) -> None:
        """Gather the line that says how many were dropped."""
        self._lines += self.about_dropped(self._untold)
        self._count += 1
        self._untold = 0

    def reopen(self) -> None:
        """Have the log file opened again by its name; nothing where it is no file."""
        if self._path is not None:
            with self._condition:
                self._reopen = True
                self._condition.notify()

    def reopen_idle(self) -> None:
        """Open the log file again in a process that does not write: those that it forks begin with the new one."""
        if self._path is not None:
            self._open_again()

    def close(self, seconds: float = CLOSE_SECONDS) -> int:
        """Write what is held, for so many seconds at most; return how many bytes were lost."""
        self.flush()
        if self._untold:
            self._tell()
            self.flush()
        if self._thread is None:
            return 0
        with self._condition:
            self._ends = time.monotonic() + seconds
            self._condition.notify()
        self._thread.join(seconds + RETRY_SECONDS)
        return self._queued

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Write batches until the end."""
        while True:
            with self._condition:
                while not (self._batches or self._ends or self._reopen):
                    self._condition.wait()
                batch, lines = self._batches.popleft() if self._batches else (bytearray(), 0)
                if not (batch or self._reopen):
                    return
            at, end, view = 0, -1, memoryview(batch)
            while end < len(batch):  # once for nothing, too: the log is to be opened again
                end = line_end(batch, at)
                if not self._put(view[at:end]):
                    return
                self._done(end - at, lines if end == len(batch) else 0)
                at = end

    def _done(self, size: int, lines: int) -> None:
        with self._condition:
            self._queued -= size
            self._room = self.limit - self._queued
            self.written += lines
            room = (self.full or self._untold > 0) and self._queued <= self.limit // 2
            if room:
                self.full = False
        if room:
            self.when_room()

    def _put(self, lines: memoryview) -> bool:
        """Write whole lines, however long it takes; return False where the end came first."""
        torn = self._lock.acquire()
        if self._reopen:  # while we waited for our turn: these belong to the new file
            self._open_again()
        data = self._at_line_start(lines, torn) if torn or self._opened else lines
        while data:
            try:
                data = data[_write(self._descriptor, data) :]
            except OSError as error:
                self._complain(error)
                if not self._wait():
                    return False  # the mark stays: the line may be torn
                if self._reopen and self._open_again():
                    data = self._at_line_start(unwritten(lines, len(data)), torn=False)
        self._lock.release()
        self._failed = False
        return True

    def _wait(self) -> bool:
        """Wait before the next try; return False at the end."""
        with self._condition:
            if not self._reopen:
                self._condition.wait(RETRY_SECONDS)
            return not self._ends or time.monotonic() < self._ends

    def _at_line_start(self, lines: memoryview, torn: bool) -> memoryview:
        """Return lines with a newline before them where the log ends within one."""
        self._opened = False
        return memoryview(b"\n" + lines) if lines and ends_torn(self._descriptor, torn) else lines

    def _open_again(self) -> bool:
        """Open the log by its name; return whether that is another file now."""
        assert self._path is not None
        self._reopen = False
        try:
            opened = open_log(self._path)
        except OSError as error:
            _warn(f"cannot open the log {self._name} again: {error.strerror}; the old file is written on")
            return False
        another = not os.path.sameopenfile(opened, self._descriptor)
        os.dup2(opened, self._descriptor, inheritable=False)
        os.close(opened)
        self._opened = self._opened or another
        return another

    def _complain(self, error: OSError) -> None:
        self.failures += 1
        if not self._failed:
            self._failed = True
            then = "records are dropped" if self.drops else "no more requests are read"
            _warn(
                f"cannot write the log to {self._name}: {error.strerror}; tried again; when its buffer is full, {then}"
            )


def line_end(batch: bytes | bytearray, start: int) -> int:
    """Return where to cut a batch: behind the last line that ends within MAX_WRITE_BYTES, or behind a longer one."""
    if len(batch) - start <= MAX_WRITE_BYTES:
        return len(batch)
    end = batch.rfind(b"\n", start, start + MAX_WRITE_BYTES) + 1
    return end or batch.index(b"\n", start) + 1


def unwritten(lines: memoryview, left: int) -> memoryview:
    """Return the lines that are not written whole, where so many bytes are left of what was to be written."""
    done = max(0, len(lines) - left)
    return lines[bytes(lines[:done]).rfind(b"\n") + 1 :]


def ends_torn(descriptor: int, otherwise: bool) -> bool:
    """Return whether a file ends within a line; `otherwise` where that cannot be seen, as of a pipe."""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return otherwise
        return status.st_size > 0 and os.pread(descriptor, 1, status.st_size - 1) != b"\n"
    except OSError:  # it may be written only
        return otherwise


def _write(descriptor: int, data: memoryview) -> int:
    """Write to a descriptor that may be non-blocking (a pipe shared with somebody who made it so), waiting for room."""
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll(RETRY_SECONDS * 1000)


def _nobody_waits() -> None:
    pass


def _nothing_to_say(_count: int) -> bytes:
    return b""


def _warn(words: str) -> None:
    sys.stderr.write(f"whofrom: warning: {words}\n")
    sys.stderr.flush()


def open_log(path: Path) -> int:
    """
    Open a file to append to, or a FIFO. Raises OSError.

    A FIFO is opened for reading too (fifo(7)): then opening waits for no reader, and a reader may come and go. So is a
    file, where that is allowed, to see whether it ends with a whole line.
    """
    is_fifo = path.exists() and stat.S_ISFIFO(path.stat().st_mode)
    mode = os.O_CLOEXEC if is_fifo else os.O_CLOEXEC | os.O_APPEND | os.O_CREAT
    try:
        return os.open(path, mode | os.O_RDWR, 0o644)
    except PermissionError:
        return os.open(path, mode | os.O_WRONLY, 0o644)


def open_sink(log: str, *, limit: int = 8 << 20, drops: bool = False, flush_seconds: float = 0.05) -> Sink:
    """Return the sink for `-` (stdout), `off`, a file that is appended to, or a FIFO. Raises StartupFault."""
    if log == OFF:
        return Sink(None)
    if log == STANDARD_OUTPUT:
        try:
            os.fstat(STDOUT)
        except OSError:  # the next file or socket would take its number, and the log with it
            raise StartupFault("stdout is closed", "--log -", "open it, or log to a file or off") from None
        return Sink(STDOUT, "stdout", limit=limit, drops=drops, flush_seconds=flush_seconds)
    path = Path(log).absolute()  # the file that is opened again is the one that was named
    try:
        descriptor = open_log(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StartupFault(f"cannot open it: {why}", f"--log {quote(log)}", "name a file that can be written") from None
    return Sink(descriptor, quote(log), path=path, limit=limit, drops=drops, flush_seconds=flush_seconds)
