"""
What the tests of faults stand on: servers with any stdout, clients that keep account, a reader that can be stopped.

A client numbers its requests (X-Request-Id) and counts an answer when all its bytes are there, so that answers and
records are matched one to one.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

COMMAND = (sys.executable, "-W", "error", "-c", "from echo.cli import serve; serve()")
ROOT = Path(__file__).parents[3]
ENOUGH_SECONDS = 30.0  # for anything that must happen; what does not is a failure
CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")
STARTED = re.compile(r"Starting up (?:with TLS )?on port (\d+)\n")


def until(happened: Callable[[], object], what: str, seconds: float = ENOUGH_SECONDS) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


@dataclass
class Server:
    """A running server; its process is the supervisor."""

    process: subprocess.Popen[bytes]
    port: int
    errors: Path

    def workers(self) -> list[int]:
        """Return the processes of the workers."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def tell(self, number: int) -> None:
        """Send the supervisor a signal."""
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(ENOUGH_SECONDS)

    def get(self, target: str) -> bytes:
        """Return the whole answer to a request of its own connection."""
        return self.send(f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())

    def send(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own; return all that comes until the server closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ENOUGH_SECONDS) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def metric(self, name: str) -> float:
        """Return a number of /metrics."""
        return float(re.findall(rb"(?m)^%b (\S+)$" % name.encode(), self.get("/metrics"))[0])

    def resident(self) -> int:
        """Return the bytes that the workers have in memory."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.workers()]
        return 1024 * sum(int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) for text in texts)


@contextlib.contextmanager
def serving(folder: Path, *flags: str, stdout: int | None = None, before: tuple[str, ...] = ()) -> Iterator[Server]:
    """Run a server with flags; `before` is a command that starts it in its own place (exec)."""
    errors = folder / "stderr.txt"
    command = [*before, *COMMAND, "-port", "0", "--host", "127.0.0.1", "--drain", "0s", *flags]
    with errors.open("wb") as stderr:
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environ)
    try:
        until(lambda: STARTED.search(errors.read_text()) or process.poll() is not None, "the server started")
        found = STARTED.search(errors.read_text())
        assert found, errors.read_text()
        yield Server(process, int(found[1]), errors)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(ENOUGH_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Load:
    """
    Clients that ask one request after another, over connections that are kept.

    answered  request id -> when its whole answer was there (time.monotonic)
    sent      request ids that were sent, answered or not
    heads     heads of the answers, where they are kept
    refused   connections that could not be made
    """

    def __init__(
        self, port: int, clients: int = 8, *, pad: int = 0, pause: float = 0.002, keeps_heads: bool = False
    ) -> None:
        """`pad` is the length of a header that makes records long; the pause is between two requests of a client."""
        self.answered: dict[str, float] = {}
        self.sent: set[str] = set()
        self.heads: dict[str, bytes] = {}
        self.refused = 0
        self._port, self._pad, self._pause, self._keeps_heads = port, b"x" * pad, pause, keeps_heads
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]
        self._faults: list[BaseException] = []

    def __enter__(self) -> "Load":
        """Start asking."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking, and wait for the answers that are due."""
        self.finish()

    def finish(self) -> None:
        """Stop asking; requests that were sent still get their answers."""
        self._ends.set()
        for thread in self._threads:
            thread.join(2 * ENOUGH_SECONDS)
            assert not thread.is_alive(), "a client waits for ever"
        assert not self._faults, self._faults

    def until_more(self, count: int) -> None:
        """Wait for so many answers more."""
        goal = len(self.answered) + count
        until(lambda: len(self.answered) >= goal or self._faults, f"{count} answers more")

    def until_stalled(self, seconds: float = 0.5) -> None:
        """Wait until no answer has come for so long."""
        until(lambda: time.monotonic() - max(tuple(self.answered.values())) > seconds, "answers stopped")

    def _ask(self, number: int) -> None:
        count = 0
        try:
            while not self._ends.is_set():
                try:
                    connection = socket.create_connection(("127.0.0.1", self._port), timeout=ENOUGH_SECONDS)
                except OSError:
                    self.refused += 1
                    self._ends.wait(0.02)
                    continue
                with connection, contextlib.suppress(ConnectionError):
                    while not self._ends.is_set():
                        count += 1
                        name = f"{number}-{count}"
                        head = self._once(connection, name)
                        if self._keeps_heads:
                            self.heads[name] = head
                        if b"\r\nConnection: close\r\n" in head:
                            break
                        self._ends.wait(self._pause)
        except BaseException as fault:  # told by whom it concerns, in `finish`
            self._faults.append(fault)

    def _once(self, connection: socket.socket, name: str) -> bytes:
        """Ask once; return the answer's head."""
        pad = b"X-Pad: %b\r\n" % self._pad if self._pad else b""
        self.sent.add(name)
        connection.sendall(b"GET /bench HTTP/1.1\r\nHost: h\r\nX-Request-Id: %b\r\n%b\r\n" % (name.encode(), pad))
        data = b""
        while b"\r\n\r\n" not in data:
            data += _received(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        head += b"\r\n"
        length = int(CONTENT_LENGTH.findall(head)[0])
        while len(body) < length:
            body += _received(connection)
        assert head.startswith(b"HTTP/1.1 200 "), head
        self.answered[name] = time.monotonic()
        return head


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionResetError
    return data


class Reader:
    """Takes a log from a pipe or a FIFO to a file, in a process of its own that can be stopped."""

    def __init__(self, source: int, target: Path) -> None:
        with target.open("wb") as file:
            self.process = subprocess.Popen(["cat"], stdin=source, stdout=file)

    def stop(self) -> None:
        """Have it read no more."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it read again."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Wait until it has read all: nobody has the pipe open for writing any more."""
        self.go_on()
        self.process.wait(ENOUGH_SECONDS)


@contextlib.contextmanager
def reading(source: int, target: Path) -> Iterator[Reader]:
    """Run a reader; kill it in the end if it still runs."""
    reader = Reader(source, target)
    try:
        yield reader
    finally:
        reader.process.kill()
        reader.process.wait()


@dataclass
class Log:
    """
    The lines of a log.

    ids      request id -> how many records have it
    dropped  what the records that tell of lost ones say, in all
    torn     lines that are no JSON
    """

    ids: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    torn: list[bytes] = field(default_factory=list)
    others: list[dict] = field(default_factory=list)


def read_log(*paths: Path) -> Log:
    """Read logs, one after another; each ends with a whole line."""
    log = Log()
    for path in paths:
        data = path.read_bytes()
        assert data.endswith(b"\n") or not data, data[-200:]
        for line in data.split(b"\n")[:-1]:
            try:
                record = json.loads(line)
            except ValueError:
                log.torn.append(line)
                continue
            told = re.match(r"(\d+) records before this one were dropped", record["error"] or "")
            if told:
                log.dropped += int(told[1])
            elif record["request_id"] is None:
                log.others.append(record)
            else:
                log.ids[record["request_id"]] += 1
    return log


def assert_matched(load: Load, log: Log) -> None:
    """Every answer has one record, every record its answer, every line is whole."""
    assert not log.torn, log.torn[:3]
    missing, unasked = load.answered.keys() - log.ids.keys(), log.ids.keys() - load.answered.keys()
    assert not missing, f"{len(missing)} of {len(load.answered)} answers have no record: {sorted(missing)[:5]}"
    assert not unasked, f"{len(unasked)} records without an answer: {sorted(unasked)[:5]}"
    assert max(log.ids.values()) == 1, log.ids.most_common(3)
