"""
Exchange → line: the record of one request.

1. A record has every field of `echo.record.FIELDS`, in their order, null where there is nothing to say.
2. It is one line whatever the request held, and nothing in it that a terminal would obey: people look at logs. The
   values of REDACTED_HEADERS do not get into it.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from echo.clientip import Address, Resolution
from echo.clientip.resolve import PEER_INVALID
from echo.record import REDACTED, REDACTED_HEADERS, SCHEMA_VERSION, LoginRule, header_text, json_printable
from echo.request import MAX_CACHED_CHARS, Connection, Request

# version -> how it is written; a version is two digits
PROTOCOLS = {(major, minor): f"HTTP/{major}.{minor}" for major in range(10) for minor in range(10)}
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
    finding: str | None
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
        key = _key(name) if len(name) <= MAX_CACHED_CHARS else _key.__wrapped__(name)
        if key in headers:
            headers[key].append(header_text(value))
        else:
            headers[key] = [header_text(value)]
    return headers


@lru_cache(4096)
def _key(name: bytes) -> str:
    return header_text(name).lower()


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


@lru_cache(4096)
def _text(client: Address) -> str:
    return str(client)


def _redacted(headers: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: [REDACTED] * len(values) if name in REDACTED_HEADERS else values for name, values in headers.items()}


def trace_id(text: str) -> str | None:
    """Return the trace id of a valid traceparent (W3C Trace Context §3.2.2), None otherwise."""
    return text[_TRACE_ID] if len(text) >= 55 and _is_traceparent(text) else None


def _is_traceparent(text: str) -> bool:
    version, trace, parent, flags = text[:2], text[3:35], text[36:52], text[53:55]
    whole = len(text) == 55 or (version != "00" and text[55] == "-")
    hexadecimal = not (version + trace + parent + flags).strip("0123456789abcdef")
    dashes = text[2] == text[35] == text[52] == "-"
    return whole and hexadecimal and dashes and version != "ff" and trace != "0" * 32 and parent != "0" * 16


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{second_text(whole)}.{int((seconds - whole) * 1e6):06d}Z"


@lru_cache(4)  # requests of one moment share the second, and need not format it again
def second_text(whole: int) -> str:
    """Return a second since 1970 as a record's timestamp has it, up to its fraction."""
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def dropped_line(dropped: int, now: float, place: Place) -> bytes:
    """Return the record that tells of lost ones: it is about no request, so its status is 0 and it has no finding."""
    wire = Connection("", None, None, None, None, b"")
    nobody = Resolution(None, "", PEER_INVALID, 0)
    error = f"{dropped} records before this one were dropped: the log was full"
    return record_line(Exchange(wire, 0, None, nobody, None, 0, 0, 0, now, error), place)


def record_line(exchange: Exchange, place: Place) -> bytes:
    """Return the record of one exchange, newline included."""
    connection, request, resolution = exchange.connection, exchange.request, exchange.resolution
    headers = exchange.headers or {}
    record = {
        "v": SCHEMA_VERSION,
        "ts": _timestamp(exchange.received),
        "peer_ip": connection.peer_ip,
        "peer_port": connection.peer_port,
        "proxied_ip": connection.proxied_ip,
        "proxied_port": connection.proxied_port,
        "local_ip": connection.local_ip,
        "local_port": connection.local_port,
        "method": header_text(request.method) if request else None,
        "target": header_text(request.target) if request else None,
        "host": header_text(request.host) if request else None,
        "protocol": PROTOCOLS[request.version] if request else None,
        "user_agent": headers["user-agent"][0] if "user-agent" in headers else None,
        "headers": headers if REDACTED_HEADERS.isdisjoint(headers) else _redacted(headers),
        "client_ip": _text(resolution.client) if resolution.client else None,
        "client_source": resolution.source or None,
        "client_reason": resolution.reason.code,
        "finding": exchange.finding,
        "user": exchange.user,
        "login": exchange.login,
        "status": exchange.status,
        "response_bytes": exchange.response_bytes,
        "request_bytes": request.body_bytes if request else 0,
        "duration_us": exchange.duration_us,
        "connection_id": connection.id,
        "connection_request": exchange.number,
        "tls_version": connection.tls_version,
        "node": place.node,
        "pod": place.pod,
        "namespace": place.namespace,
        "request_id": headers["x-request-id"][0] if "x-request-id" in headers else None,
        "trace_id": trace_id(headers["traceparent"][0]) if "traceparent" in headers else None,
        "error": exchange.error,
    }
    line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    return line if line.isascii() else json_printable(line.decode()[:-1]).encode() + b"\n"
