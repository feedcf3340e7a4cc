"""
Where records go: built from the table of fields, joined, written every FLUSH_SECONDS and at the end.

1. A record is one line, written whole: many records go out in one write, never a part of one by intention.
2. The write blocks. A reader that is slow slows the server down; nothing is dropped.
3. A write that fails is said once on stderr and stops nothing: answering comes before logging.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from echo.clientip import Resolution, quote
from echo.errors import StartupFault
from echo.record import FIELDS, REDACTED, REDACTED_HEADERS, SCHEMA_VERSION, LoginRule, header_text
from echo.request import Connection, Request

FLUSH_SECONDS = 0.05  # what a crash may lose; at 10,000 requests/s it joins 500 records in one write
MAX_BUFFERED_BYTES = 1 << 20  # flushed at once beyond this, so that a burst of large headers does not pile up
STDOUT = 1
_TRACE_ID = slice(3, 35)  # in a traceparent: version "-" trace-id "-" parent-id "-" flags


@dataclass(frozen=True, slots=True)
class Place:
    """Where this server runs, as the downward API says; the host name stands for a pod's."""

    node: str | None
    pod: str | None
    namespace: str | None


def place_from_environ(environ: Mapping[str, str]) -> Place:
    """Return the place that NODE_NAME, POD_NAME and POD_NAMESPACE give."""
    pod = environ.get("POD_NAME") or socket.gethostname()
    node, namespace = environ.get("NODE_NAME"), environ.get("POD_NAMESPACE")
    return Place(*(_clean(text) if text else None for text in (node, pod, namespace)))


def _clean(text: str) -> str:
    return header_text(text.encode("utf-8", "surrogateescape"))  # an environment variable may hold any bytes


@dataclass(slots=True)
class Exchange:
    """
    One request and what became of it. `request` is None where the bytes were none; `error` says why.

    headers  lower-case name -> values, unredacted; made once, for the login rules and the record
    """

    connection: Connection
    number: int
    request: Request | None
    resolution: Resolution
    finding: str
    status: int
    response_bytes: int
    duration_us: int
    received: float
    error: str | None = None
    user: str | None = None
    login: str | None = None
    headers: dict[str, list[str]] | None = None


def headers_of(request: Request) -> dict[str, list[str]]:
    """Return lower-case name -> values, in order of arrival."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(header_text(name).lower(), []).append(header_text(value))
    return headers


def sign_in(exchange: Exchange, rules: tuple[LoginRule, ...], *, peer_trusted: bool) -> None:
    """Set user and login by the first rule that matches."""
    request, headers = exchange.request, exchange.headers
    if request is None or headers is None:
        return
    method, target = header_text(request.method), header_text(request.target)
    for rule in rules:
        found = rule.match(method, target, exchange.status, headers, peer_trusted=peer_trusted)
        if found is not None:
            exchange.user, exchange.login = found
            return


def _redacted(exchange: Exchange) -> dict[str, list[str]]:
    headers = exchange.headers or {}
    return {name: [REDACTED] * len(values) if name in REDACTED_HEADERS else values for name, values in headers.items()}


def _header(exchange: Exchange, name: str) -> str | None:
    values = exchange.headers.get(name) if exchange.headers else None
    return values[0] if values else None


def _trace_id(exchange: Exchange) -> str | None:
    """Return the trace id of a valid traceparent (W3C Trace Context §3.2.2), None otherwise."""
    text = _header(exchange, "traceparent")
    if text is None or len(text) < 55 or not _is_traceparent(text):
        return None
    return text[_TRACE_ID]


def _is_traceparent(text: str) -> bool:
    version, trace, parent, flags = text[:2], text[3:35], text[36:52], text[53:55]
    whole = len(text) == 55 or (version != "00" and text[55] == "-")
    hexadecimal = not (version + trace + parent + flags).strip("0123456789abcdef")
    dashes = text[2] == text[35] == text[52] == "-"
    return whole and hexadecimal and dashes and version != "ff" and trace != "0" * 32 and parent != "0" * 16


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1e6):06d}Z"


@lru_cache(4)  # requests of one moment share the second; strftime costs more than the rest of a record
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _of_request(read: Callable[[Request], Any]) -> Callable[[Exchange, Place], Any]:
    return lambda exchange, _: None if exchange.request is None else read(exchange.request)


# name of a field -> how it is read; echo.record.FIELDS has the names, their order and their meaning
COLUMNS: dict[str, Callable[[Exchange, Place], Any]] = {
    "v": lambda _exchange, _place: SCHEMA_VERSION,
    "ts": lambda exchange, _: _timestamp(exchange.received),
    "peer_ip": lambda exchange, _: exchange.connection.peer_ip,
    "peer_port": lambda exchange, _: exchange.connection.peer_port,
    "proxied_ip": lambda _exchange, _place: None,
    "proxied_port": lambda _exchange, _place: None,
    "local_ip": lambda exchange, _: exchange.connection.local_ip,
    "local_port": lambda exchange, _: exchange.connection.local_port,
    "method": _of_request(lambda request: header_text(request.method)),
    "target": _of_request(lambda request: header_text(request.target)),
    "host": _of_request(lambda request: header_text(request.host)),
    "protocol": _of_request(lambda request: "HTTP/{}.{}".format(*request.version)),
    "user_agent": lambda exchange, _: _header(exchange, "user-agent"),
    "headers": lambda exchange, _: _redacted(exchange),
    "client_ip": lambda exchange, _: str(exchange.resolution.client) if exchange.resolution.client else None,
    "client_source": lambda exchange, _: exchange.resolution.source or None,
    "client_reason": lambda exchange, _: exchange.resolution.reason.code,
    "finding": lambda exchange, _: exchange.finding,
    "user": lambda exchange, _: exchange.user,
    "login": lambda exchange, _: exchange.login,
    "status": lambda exchange, _: exchange.status,
    "response_bytes": lambda exchange, _: exchange.response_bytes,
    "request_bytes": lambda exchange, _: exchange.request.body_bytes if exchange.request else 0,
    "duration_us": lambda exchange, _: exchange.duration_us,
    "connection_id": lambda exchange, _: exchange.connection.id,
    "connection_request": lambda exchange, _: exchange.number,
    "tls_version": lambda exchange, _: exchange.connection.tls_version,
    "node": lambda _, place: place.node,
    "pod": lambda _, place: place.pod,
    "namespace": lambda _, place: place.namespace,
    "request_id": lambda exchange, _: _header(exchange, "x-request-id"),
    "trace_id": lambda exchange, _: _trace_id(exchange),
    "error": lambda exchange, _: exchange.error,
}
_ORDERED = tuple((field.name, COLUMNS[field.name]) for field in FIELDS)


def record_line(exchange: Exchange, place: Place) -> bytes:
    """Return the record of one exchange, newline included."""
    return orjson.dumps({name: read(exchange, place) for name, read in _ORDERED}, option=orjson.OPT_APPEND_NEWLINE)


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
