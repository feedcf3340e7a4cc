r"""
The answers of traefik/whoami v1.11.0, byte for byte, as pure functions on a request and what is known of the host.

Facts:

* `/` is a block of `Key: value\n` lines, then the request as Go's Request.Write prints it, with `\r\n`. That print has
  its own idea of a request: HTTP/1.1 always, names canonical and sorted, `User-Agent: Go-http-client/1.1` where the
  client sent none, a body re-chunked where it came chunked, and the text of a read error behind what was read.
* `/api` is encoding/json's output: `<`, `>`, `&`, U+2028 and U+2029 escaped, each invalid UTF-8 byte as `\ufffd`.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from echo.host import Host
from echo.request import Fields, Request, says_close

MAX_WAIT_SECONDS = 3600.0  # whoami sleeps up to 292 years; an hour outlasts every proxy's timeout
REWRITTEN_CHUNK = 32 << 10  # Go copies a body in pieces of at most this, and each becomes a chunk

_TRUE = frozenset({b"1", b"t", b"T", b"TRUE", b"true", b"True"})
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION = re.compile(rf"[+-]?(?:{_AMOUNT})+", re.ASCII)
_MAX_DURATION = float(1 << 63) * 1e-9  # time.Duration counts nanoseconds in 64 bits
_BAD_UTF8 = re.compile("[\udc80-\udcff]")
_JSON_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
_BODY_METHODS = (b"POST", b"PUT", b"PATCH")  # a Content-Length of 0 is printed for these alone
_WRITTEN_APART = frozenset({b"User-Agent", b"Content-Length", b"Transfer-Encoding", b"Trailer"})


@dataclass(frozen=True, slots=True)
class Identity:
    """What the operator set: `name` of the flag, and the environment if it may be shown."""

    name: str = ""
    environ: Mapping[bytes, bytes] = field(default_factory=dict)


def text(request: Request, identity: Identity, host: Host) -> bytes:
    """Return the body of `/`."""
    parts = [f"Name: {identity.name}\n".encode("utf-8", "surrogateescape")] if identity.name else []
    parts += [host.lines(), b"RemoteAddr: ", request.connection.remote_addr, b"\n"]
    parts += written(request)
    if not request.body_error and identity.environ and wants_environ(request):
        parts += [b"%b=%b\n" % pair for pair in identity.environ.items()]
    return b"".join(parts)


def written(request: Request) -> list[bytes]:
    """Return the request as Go's Request.Write prints it."""
    method, chunked = request.method, request.length < 0
    parts = [b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (method, request.uri, _without_zone(request.host))]
    agent = request.first(b"User-Agent")
    if agent is None:
        parts.append(b"User-Agent: Go-http-client/1.1\r\n")
    elif agent:
        parts.append(b"User-Agent: %b\r\n" % agent)
    if request.close and not says_close(request.first(b"Connection") or b""):
        parts.append(b"Connection: close\r\n")
    if chunked:
        parts.append(b"Transfer-Encoding: chunked\r\n")
        if request.declared_trailers:
            parts.append(b"Trailer: %b\r\n" % b",".join(request.declared_trailers))
    elif request.length > 0 or method in _BODY_METHODS:
        parts.append(b"Content-Length: %d\r\n" % request.length)
    others = sorted([pair for pair in request.fields if pair[0] not in _WRITTEN_APART], key=itemgetter(0))
    parts += [b"%b: %b\r\n" % pair for pair in others]
    parts.append(b"\r\n")
    parts += _rechunked(request) if chunked else request.body
    if request.body_error:
        parts.append(request.body_error.encode() + b"\n")
    return parts


def api(request: Request, identity: Identity, host: Host) -> bytes:
    """Return the body of `/api`."""
    host.refresh()
    headers: dict[str, list[str]] = {}
    for name, value in sorted(request.fields, key=itemgetter(0)):
        headers.setdefault(_text(name), []).append(_text(value))
    environ = identity.environ if wants_environ(request) else {}
    document: dict[str, object] = {
        "hostname": host.hostname,
        "ip": list(host.ips),
        "headers": headers,
        "url": _text(request.uri),
        "host": _text(request.host),
        "method": _text(request.method),
        "name": identity.name,
        "remoteAddr": _text(request.connection.remote_addr),
        "environ": {_text(key): _text(environ[key]) for key in sorted(environ)},
    }
    dumped = json.dumps({k: v for k, v in document.items() if v}, ensure_ascii=False, separators=(",", ":"))
    return (_BAD_UTF8.sub(r"\\ufffd", dumped.translate(_JSON_ESCAPES)) + "\n").encode()


def query_value(query: bytes, name: bytes) -> bytes:
    """Return the first value of a parameter; a pair with `;` or a bad escape is dropped, as by Go's ParseQuery."""
    if name not in query and b"%" not in query:
        return b""
    for pair in query.split(b"&"):
        key, _, value = pair.partition(b"=")
        if b";" in pair or re.search(rb"%(?![0-9A-Fa-f]{2})", pair):
            continue
        if unquote_to_bytes(key.replace(b"+", b" ")) == name:
            return unquote_to_bytes(value.replace(b"+", b" "))
    return b""


def wants_environ(request: Request) -> bool:
    """Return whether the query asks for the environment, in Go's words for true."""
    return query_value(request.query, b"env") in _TRUE


def wait_seconds(request: Request) -> float:
    """Return how long the query asks to wait; what is no Go duration asks for nothing."""
    value = query_value(request.query, b"wait").decode("utf-8", "replace")
    if not value or not _DURATION.fullmatch(value):
        return 0.0
    seconds = sum(float(amount) * _UNITS[unit] for amount, unit in re.findall(_AMOUNT, value, re.ASCII))
    return 0.0 if value.startswith("-") or seconds >= _MAX_DURATION else min(seconds, MAX_WAIT_SECONDS)


def environment() -> Mapping[bytes, bytes]:
    """Return the process's environment, in its order."""
    return dict(os.environb)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _without_zone(host: bytes) -> bytes:
    if not host.startswith(b"[") or b"%" not in host:
        return host
    inside, bracket, rest = host.rpartition(b"]")
    return inside.partition(b"%")[0] + bracket + rest


def _rechunked(request: Request) -> list[bytes]:
    parts = []
    for piece in request.body:
        for start in range(0, len(piece), REWRITTEN_CHUNK):
            part = piece[start : start + REWRITTEN_CHUNK]
            parts.append(b"%x\r\n%b\r\n" % (len(part), part))
    if request.body_error:
        return parts
    trailers: Fields = sorted(request.trailers, key=itemgetter(0)) if request.declared_trailers else []
    return [*parts, b"0\r\n", *(b"%b: %b\r\n" % pair for pair in trailers), b"\r\n"]
