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
from pathlib import Path

from echo import query
from echo.host import Host
from echo.request import Fields, Request, says_close
from echo.units import parse_duration
from echo.wire import is_host

_TRUE = frozenset({b"1", b"t", b"T", b"TRUE", b"true", b"True"})
_LONE_BYTES = re.compile("[\udc80-\udcff]")
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
    parts += [host.lines(), request.connection.lines]
    parts += written(request)
    if not request.body_error and identity.environ and wants_environ(request):
        parts += [b"%b=%b\n" % pair for pair in identity.environ.items()]
    return b"".join(parts)


def written(request: Request) -> list[bytes]:
    """Return the request as Go's Request.Write prints it."""
    method, chunked = request.method, request.length < 0
    parts = [b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (method, request.uri, _printed_host(request))]
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
    parts += [b"%b: %b\r\n" % (name, value.rstrip(b" \t")) for name, value in others]
    parts.append(b"\r\n")
    parts += _rechunked(request) if chunked else request.body
    if request.body_error:
        parts.append(request.body_error.encode("latin-1") + b"\n")
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
    return (_LONE_BYTES.sub(r"\\ufffd", dumped.translate(_JSON_ESCAPES)) + "\n").encode()


def wants_environ(request: Request) -> bool:
    """Return whether the query asks for the environment, in Go's words for true."""
    return query.value(request.query, b"env") in _TRUE


def wait_seconds(request: Request) -> float:
    """Return how long the query asks to wait; what is no Go duration asks for nothing."""
    seconds = parse_duration(query.value(request.query, b"wait").decode("utf-8", "replace"))
    return max(0.0, seconds or 0.0)


def environment() -> Mapping[bytes, bytes]:
    """
    Return the environment that the process was started with, in its order.

    os.environb is not that: in the C locale Python itself adds LC_CTYPE (PEP 538).
    """
    try:
        started_with = Path("/proc/self/environ").read_bytes()
    except OSError:  # no Linux
        return dict(os.environb)
    pairs = (variable.partition(b"=") for variable in started_with.split(b"\0"))
    return {key: value for key, equals, value in pairs if equals}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _printed_host(request: Request) -> bytes:
    """Return the host as Go prints it: as Punycode, empty where the target gave what no Host header can, no zone."""
    host = request.host
    if not request.target.startswith(b"/"):  # what a Host header gave was looked at when it came
        if not host.isascii():
            name, colon, port = host.rpartition(b":") if host.count(b":") == 1 else (host, b"", b"")
            host = _punycode(name) + (colon + port if port else b"")
        if not is_host(host):
            return b""
    end = host.rfind(b"]") if host.startswith(b"[") else -1
    zone = host.rfind(b"%", 0, end) if end >= 0 else -1
    return host[:zone] + host[end:] if zone >= 0 else host


def _punycode(name: bytes) -> bytes:
    """Return a domain name in ASCII (RFC 3492), nothing mapped: whoami's own client code does not look further."""
    text = _LONE_BYTES.sub("\ufffd", name.decode("utf-8", "surrogateescape"))
    labels = [label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in text.split(".")]
    return ".".join(labels).encode()


def _rechunked(request: Request) -> list[bytes]:
    parts = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in request.body]
    if request.body_error:
        return parts
    trailers: Fields = sorted(request.trailers, key=itemgetter(0)) if request.declared_trailers else []
    lines = [b"%b: %b\r\n" % (name, value.rstrip(b" \t")) for name, value in trailers if b" " not in name]
    return [*parts, b"0\r\n", *lines, b"\r\n"]
