"""What is started, by its number ended: a server with some workers, and the checker that takes its log."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.http import accounts, client
from benchmarks.soak import checker

WHOFROM = Path(sys.executable).with_name("whofrom")
STOP_SECONDS = 60.0


@dataclass(slots=True)
class Server:
    """
    A server that runs.

    log     where its log goes: a file, or None for a pipe to the checker
    reader  the checker on the pipe
    """

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    log: Path | None
    reader: subprocess.Popen[bytes] | None

    def workers(self) -> list[int]:
        """Return the processes of the workers."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]

    def stop(self) -> int:
        """Tell it to stop; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def found(self) -> tuple[checker.Found, bytes]:
        """Return what is in the log of a server that has stopped."""
        if self.reader is not None:
            self.reader.wait(STOP_SECONDS)
        else:
            assert self.log is not None
            with self.log.open("rb") as log:
                subprocess.run(_checker(self.folder), stdin=log, check=True, timeout=STOP_SECONDS * 10)
        return checker.read(self.folder)

    def metric(self, name: str) -> float:
        """Return a number of /metrics, added up over its labels."""
        request = b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        with client.connect(self.port) as connection:
            reply = client.ask(connection, request)
        return sum(map(float, re.findall(rb"(?m)^%b(?:\{[^}]*\})? (\S+)$" % name.encode(), reply.body)))


@contextlib.contextmanager
def serving(
    folder: Path, workers: int, *flags: str, log: Path | None = None, before: tuple[str, ...] = ()
) -> Iterator[Server]:
    """Run a server, and stop it; `before` is a command that starts it in a place of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    port, reader = client.free_port(), None
    command = [*before, str(WHOFROM), "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    command += ["--log", str(log) if log else "-", *flags]
    with (folder / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL if log else subprocess.PIPE, stderr=errors
        )
        if process.stdout is not None:
            with process.stdout:
                reader = subprocess.Popen(_checker(folder), stdin=process.stdout)
    server = Server(process, port, folder, log, reader)
    try:
        client.wait_for(port, 0.01).close()
        yield server
    finally:
        _end(process, signal.SIGTERM)
        if reader is not None:
            reader.send_signal(signal.SIGCONT)
            _end(reader, signal.SIGTERM, wait=5.0)


def _end(process: subprocess.Popen[bytes], number: int, wait: float = 0.0) -> None:
    """End a process by its number, in the end by force."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(wait)
        return
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _checker(folder: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.soak.checker", str(folder)]


@dataclass(slots=True)
class Sample:
    """
    What the processes of a server have at a moment.

    rss, pss  bytes, of each process: the supervisor first
    files     open descriptors of all
    queue     bytes of records held for the log
    """

    at: float
    rss: list[int]
    pss: list[int]
    files: int
    queue: float


@dataclass
class Sampler:
    """Looks at a server now and then, in a thread; each look is a request of /metrics."""

    server: Server
    every: float
    samples: list[Sample] = field(default_factory=list)
    scrapes: int = 0

    def __post_init__(self) -> None:
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._start = time.monotonic()

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.wait(self.every):
            with contextlib.suppress(OSError, ValueError):
                queue = self.server.metric("whofrom_log_queue_bytes")
                self.scrapes += 1
                pids = [self.server.process.pid, *self.server.workers()]
                memories = [accounts.memory_of(pid) for pid in pids]
                files = sum(sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()) for pid in pids)
                rss, pss = [one.rss for one in memories], [one.pss for one in memories]
                self.samples.append(Sample(time.monotonic() - self._start, rss, pss, files, queue))
