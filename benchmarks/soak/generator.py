"""
The load: open loop, one exchange at a time on each of many connections, all answers read to their last byte.

An exchange is due when the clock says so, whether or not earlier ones have been answered, and its latency counts from
that time. What ends without its answer (a killed worker, a server that stops) is kept apart: it may have a record or
not.
"""

from __future__ import annotations

import re
import select
import socket
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable

from benchmarks.http import client
from benchmarks.soak.traffic import ECHOED, FRAME, LEAVE, MALFORMED, SOCKET, Kind, mix, spelled

SOURCES = 8  # of 127.0.0.x: each has ports of its own
MAX_PAUSE_SECONDS = 0.02
LAST_SECONDS = 60.0  # for the answers that are still to come
AGAIN_SECONDS = 0.05  # between tries to connect
LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")
_NOT_YET, _AT_THE_END = 0, -1

Action = tuple[float, Callable[[], object]]  # after so many seconds, do that


class Connection:
    """One connection, and what it waits for: the numbers from `first` on, of a kind, due at a time."""

    __slots__ = ("data", "due", "first", "kind", "left", "sent", "socket", "stage")

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self.data = b""
        self.kind: Kind | None = None
        self.first = self.left = self.stage = 0
        self.due = self.sent = 0.0


def end_of_answer(data: bytes, start: int) -> int:
    """Return where an answer ends; 0 if more of it is to come; -1 if the connection's end is its end."""
    head = data.find(b"\r\n\r\n", start)
    if head < 0:
        return _NOT_YET
    found = LENGTH.search(data, start, head + 2)
    if found:
        end = head + 4 + int(found[1])
        return end if end <= len(data) else _NOT_YET
    if data.find(b"\r\nTransfer-Encoding: chunked\r\n", start, head + 2) >= 0:
        last = data.find(b"\r\n0\r\n\r\n", head)
        return last + 7 if last >= 0 else _NOT_YET
    return _AT_THE_END


class Generator:
    """
    Asks a port.

    answered   when each number was answered, seconds of time.monotonic; 0 where it was not
    malformed  "address port" -> answers to malformed requests
    failed     requests that ended without an answer, malformed ones included
    latencies  seconds from due to answered, in order of answers
    services   seconds from sent to answered: without the time for which the generator itself was late
    counts     kind -> answers
    """

    def __init__(self, port: int, connections: int, seed: int = 1) -> None:
        self.answered = array("d")
        self.malformed: Counter[str] = Counter()
        self.failed = 0
        self.latencies = array("f")
        self.services = array("f")
        self.counts: Counter[str] = Counter()
        self._port = port
        self._kinds = mix(seed)
        self._wanted = connections
        self._made = self._exchanges = 0
        self._again = 0.0
        self._poll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._free: deque[Connection] = deque()

    def run(
        self,
        seconds: float,
        rate: float,
        actions: Iterable[Action] = (),
        gone: Callable[[], bool] = lambda: False,
    ) -> float:
        """
        Ask for some seconds, so many exchanges a second; return answers a second. Ends early when the server is gone.

        Raises TimeoutError where answers are still to come LAST_SECONDS later.
        """
        todo = deque(sorted(actions, key=lambda action: action[0]))
        total, sent, before, start = int(rate * seconds), 0, len(self.latencies), time.monotonic()
        last = start + seconds
        while not gone():
            now = time.monotonic()
            while todo and start + todo[0][0] <= now:
                todo.popleft()[1]()
            self._connect(now)
            while sent < total and self._free and (due := start + sent / rate) <= now:
                sent += 1
                self._ask(self._free.popleft(), due)
            if now >= last and not todo:
                if len(self._free) == len(self._open):
                    break
                if now > last + LAST_SECONDS:
                    raise TimeoutError(f"{len(self._open) - len(self._free)} answers did not come")
            if now >= last:
                sent = total
            self._read(min(max(0.0, start + sent / rate - now), MAX_PAUSE_SECONDS) if self._free else MAX_PAUSE_SECONDS)
        return (len(self.latencies) - before) / (time.monotonic() - start)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open.values():
            connection.socket.close()
        self._open.clear()
        self._free.clear()
        self._poll.close()

    def _connect(self, now: float) -> None:
        """Open connections until there are as many as wanted."""
        while len(self._open) < self._wanted and now >= self._again:
            try:
                opened = client.connect(self._port, f"127.0.0.{2 + self._made % SOURCES}")
            except OSError:
                self._again = now + AGAIN_SECONDS
                return
            self._made += 1
            opened.setblocking(False)
            connection = self._open[opened.fileno()] = Connection(opened)
            self._poll.register(opened, select.EPOLLIN)
            self._free.append(connection)

    def _ask(self, connection: Connection, due: float) -> None:
        """Send the next exchange."""
        kind = self._kinds[self._exchanges % len(self._kinds)]
        self._exchanges += 1
        connection.kind, connection.due, connection.stage = kind, due, 0
        connection.first, connection.left = len(self.answered), kind.requests
        data = spelled(kind, connection.first if kind.requests else self._exchanges)
        self.answered.extend((0.0,) * kind.requests)
        connection.sent = time.monotonic()
        try:
            connection.socket.send(data)
        except OSError:
            self._lost(connection)

    def _read(self, pause: float) -> None:
        """Take what has come."""
        for number, _ in self._poll.poll(pause):
            connection = self._open.get(number)
            if connection is None:
                continue
            try:
                data = connection.socket.recv(1 << 18)
            except BlockingIOError:
                continue
            except OSError:
                self._lost(connection)
                continue
            if connection.kind is None:
                self._lost(connection)  # closed between two exchanges, as a server may
            elif not data:
                self._ended(connection)
            else:
                self._took(connection, connection.data + data if connection.data else data)

    def _took(self, connection: Connection, data: bytes) -> None:
        """Look at what has come of an exchange."""
        kind = connection.kind
        assert kind is not None
        connection.data = data
        if kind.name == MALFORMED:
            return
        if kind.name == SOCKET:
            self._talk(connection)
            return
        at = 0
        while connection.left:
            end = end_of_answer(data, at)
            if end <= 0:
                connection.data = data[at:]
                return
            at = end
            self._answered(connection)
        connection.data = b""
        if kind.closes or b"\r\nConnection: close\r\n" in data:
            self._drop(connection)
        else:
            connection.kind = None
            self._free.append(connection)

    def _talk(self, connection: Connection) -> None:
        """Speak as a WebSocket does: a message when the connection is one, a close frame when it came back."""
        if connection.stage == 0 and connection.data.endswith(b"\r\n\r\n"):
            connection.stage = 1
            connection.socket.send(FRAME)
        elif connection.stage == 1 and connection.data.endswith(ECHOED):
            connection.stage = 2
            connection.socket.send(LEAVE)

    def _ended(self, connection: Connection) -> None:
        """See the connection's end: it is the answer's, or there is none."""
        kind, data = connection.kind, connection.data
        assert kind is not None
        if kind.name == MALFORMED and data:
            address, port = connection.socket.getsockname()
            self.malformed[f"{address} {port}"] += 1
            self._count(connection)
        elif connection.stage == 2 or (connection.left and end_of_answer(data, 0) == _AT_THE_END):
            self._answered(connection)
        else:
            self._lost(connection)
            return
        self._drop(connection)

    def _answered(self, connection: Connection) -> None:
        """Note one answer."""
        kind = connection.kind
        assert kind is not None
        number = connection.first + kind.requests - connection.left
        connection.left -= 1
        self.answered[number] = time.monotonic()
        self._count(connection)

    def _count(self, connection: Connection) -> None:
        assert connection.kind is not None
        self.counts[connection.kind.name] += 1
        now = time.monotonic()
        self.latencies.append(now - connection.due)
        self.services.append(now - connection.sent)

    def _lost(self, connection: Connection) -> None:
        """Note that answers will not come."""
        if connection.kind is not None:
            self.failed += connection.left or (connection.kind.name == MALFORMED)
        elif connection in self._free:
            self._free.remove(connection)
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()
