"""
Bytes → the head of a request, in Go's grammar. No I/O.

Bytes are read as Go's net/http reads them (textproto.ReadMIMEHeader, http.readTransfer, net/url.ParseRequestURI), since
whoami is a Go program and its users see its grammar: bare LF, folded headers, any method, HTTP/1.2, an empty Host and
both framings at once are taken; a space before the colon, two Hosts, a control character in a value are not.

1. The first line is judged as soon as it is there; the rest when the blank line is there.
2. Chunked framing wins over Content-Length; HTTP/1.0 knows no chunks; any other Transfer-Encoding is refused.
3. A head over MAX_HEAD_BYTES is refused.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from echo.request import MAX_CACHED_CHARS, Connection, Fields, Request, canonical

MAX_HEAD_BYTES = (1 << 20) + 4096  # Go's DefaultMaxHeaderBytes and the slack of its buffered reader

_TOKEN = rb"!#$%&'*+\-.^_`|~0-9A-Za-z"
_NAME = re.compile(rb"[%s ]+" % _TOKEN)  # with blanks, which are told apart later: whoami names that mistake
_METHOD = re.compile(rb"[%s]+" % _TOKEN)
_VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")
_CONTROLS = bytes([*range(0x20), 0x7F]).translate(None, b"\t\n\r")
_FRAMING_NAMES = frozenset({b"Transfer-Encoding", b"Content-Length", b"Pragma"})  # what `_framing` looks at first
_HOST = re.compile(rb"[0-9A-Za-z!$%&'()*+,\-.:;=\[\]_~]*")  # httpguts.ValidHostHeader
_KEEP_ALIVE = re.compile(rb"(?:^|[ ,\t])keep-alive(?:$|[ ,\t])", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\n\r?\n")

_TAKE_TLS = "serve HTTPS with --cert and --key, or speak plain HTTP"
_TAKE_PROXY = 'set [trust] proxy_protocol in the TOML ("optional": from its ranges only), or have the proxy send none'
# What speaks to an HTTP port without being HTTP: how it begins, what it is, what to change. First match.
STRANGERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x16\x03", "a TLS hello on a plain HTTP port", _TAKE_TLS),
    (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol v2 header, which is not taken from this peer", _TAKE_PROXY),
    (b"PROXY ", "a PROXY protocol v1 header, which is not taken from this peer", _TAKE_PROXY),
)
MAX_STRANGER_BYTES = max(len(start) for start, _, _ in STRANGERS)
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # a head that starts with one is worth no look for strangers


class Malformed(Exception):  # not an error of ours: a value the connection answers with
    """Bytes that are no request. `status` and `phrase` make the status line, `body` the answer, `error` the record."""

    def __init__(self, error: str, phrase: str = "Bad Request", status: int = 400, body: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.phrase = phrase
        self.body = body or f"{status} {phrase}"


class Target(NamedTuple):
    """A parsed request target: authority of the absolute form, path escaped as Go prints it, query, printed whole."""

    authority: bytes
    path: bytes
    query: bytes
    uri: bytes


def find_head(buffer: bytes | bytearray, scanned: int) -> int:
    """
    Return the length of the head that starts the buffer, 0 if more is needed. `scanned` bytes were looked at before.

    Raises Malformed as soon as the first line is no request line, or the head is too long.
    """
    if not scanned and buffer[:1] not in _LETTERS:
        _refuse_stranger(bytes(buffer[:MAX_STRANGER_BYTES]))
    found = _BLANK_LINE.search(buffer, max(0, scanned - 2))
    end = found.end() if found else 0
    if (end or len(buffer)) > MAX_HEAD_BYTES:
        raise Malformed(f"the head is longer than {MAX_HEAD_BYTES} bytes", "Request Header Fields Too Large", 431)
    if not end:
        newline = buffer.find(b"\n", scanned)
        if newline >= 0 and buffer.rfind(b"\n", 0, scanned) < 0:  # the first one: judged once, when it comes
            _request_line(bytes(buffer[:newline]))
    return end


def parse_head(head: bytes, connection: Connection, number: int) -> Request:
    """Parse a head, its blank line included. Raises Malformed with the words whoami answers."""
    if head.count(b"\r") != head.count(b"\r\n") or holds_controls(head):
        _refuse_stranger(head)
        raise Malformed("a control character in the head")
    first_line, _, rest = head.partition(b"\n")
    method, target, version = _request_line(first_line)
    parsed = parse_target(method, target)
    headers, fields = header_lines(rest)
    firsts = dict(reversed(fields))
    host = firsts.pop(b"Host", None)
    if host is not None:
        others = [pair for pair in fields if pair[0] != b"Host"]
        if len(others) < len(fields) - 1:
            raise Malformed("more than one Host header")
        fields = others
    length = 0
    trailers: tuple[bytes, ...] = ()
    if not _FRAMING_NAMES.isdisjoint(firsts):
        fields, length, trailers = _framing(fields, version)
        firsts = dict(reversed(fields))
    preface = method == b"PRI" and target == b"*" and version == (2, 0) and not headers
    if version[0] != 1 and not preface:
        text = "HTTP Version Not Supported: unsupported protocol version"
        raise Malformed(f"protocol version {version[0]}.{version[1]}", text, 505)
    if host is None and version >= (1, 1) and method != b"CONNECT" and not preface:
        raise Malformed("no Host header", "Bad Request: missing required Host header")
    if host is not None and not _HOST.fullmatch(host):
        raise Malformed("the Host header is no host", "Bad Request: malformed Host header")
    for name in firsts:
        if b" " in name:
            raise Malformed("a blank in a header's name", "Bad Request: invalid header name")
    wants_close, keep_alive_10 = version == (1, 0), False
    if b"Connection" in firsts:
        connection_values = [value for name, value in fields if name == b"Connection"]
        wants_close = _list(connection_values, b"close")
        if version == (1, 0):
            wants_close = wants_close or not _list(connection_values, b"keep-alive")
            keep_alive_10 = _KEEP_ALIVE.search(firsts[b"Connection"]) is not None
    return Request(
        connection,
        number,
        method,
        target,
        version,
        parsed.uri,
        parsed.path,
        parsed.query,
        headers,
        fields,
        firsts,
        parsed.authority or host or b"",
        length,
        preface or wants_close,
        keep_alive_10,
        trailers,
    )


def _refuse_stranger(data: bytes) -> None:
    for start, meaning, next_step in STRANGERS:
        if data.startswith(start):
            raise Malformed(meaning, body=f"400 Bad Request: {meaning}; {next_step}\n")


def _request_line(line: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    parts = line.removesuffix(b"\r").split(b" ", 2)
    version = _VERSION.fullmatch(parts[-1]) if len(parts) == 3 else None
    if version is None or not _METHOD.fullmatch(parts[0]):
        _refuse_stranger(line)
        raise Malformed("the first line is not METHOD TARGET HTTP/x.y")
    return parts[0], parts[1], (int(version[1]), int(version[2]))


def holds_controls(data: bytes) -> bool:
    """Return whether data holds a control character other than tab, LF and CR."""
    return len(data.translate(None, _CONTROLS)) != len(data)  # faster than a regular expression


def header_lines(block: bytes) -> tuple[Fields, Fields]:
    """Split header lines, the blank line last, into pairs as sent and pairs with canonical names; join folded ones."""
    if block[:1] in (b" ", b"\t"):
        raise Malformed("the first header line starts with a blank")
    lines = block.split(b"\n")
    if b"\n " in block or b"\n\t" in block:
        lines = _unfolded(lines)
    headers, fields = [], []
    for line in lines:
        text = line.strip(b" \t\r")
        if not text:
            continue
        name, colon, value = text.partition(b":")
        if not colon:
            raise Malformed("a header line without a colon")
        value = value.strip(b" \t")
        headers.append((name, value))
        fields.append((_checked(name) if len(name) <= MAX_CACHED_CHARS else _checked.__wrapped__(name), value))
    return headers, fields


def _unfolded(lines: list[bytes]) -> list[bytes]:
    joined: list[bytes] = []
    for line in lines:
        if line.startswith((b" ", b"\t")):
            if not joined:
                raise Malformed("the first header line starts with a blank")
            joined[-1] += b" " + line.strip(b" \t\r")
        elif text := line.strip(b" \t\r"):
            joined.append(text)
    return joined


@lru_cache(4096)
def _checked(name: bytes) -> bytes:
    if not _NAME.fullmatch(name):
        raise Malformed("a header's name is no token")
    return canonical(name)


def _framing(fields: Fields, version: tuple[int, int]) -> tuple[Fields, int, tuple[bytes, ...]]:
    """Return fields as Go's map holds them after readTransfer, the body's length, and the trailers declared."""
    codings = [value for name, value in fields if name == b"Transfer-Encoding"]
    lengths = [value for name, value in fields if name == b"Content-Length"]
    pragma = next((value for name, value in fields if name == b"Pragma"), None)
    if pragma == b"no-cache" and not any(name == b"Cache-Control" for name, _ in fields):
        fields = [*fields, (b"Cache-Control", b"no-cache")]
    if not codings and not lengths:
        return fields, 0, ()
    chunked = bool(codings) and version >= (1, 1)
    if chunked and (len(codings) > 1 or codings[0].lower() != b"chunked"):
        raise Malformed(
            "a Transfer-Encoding other than chunked", "Not Implemented", 501, "Unsupported transfer encoding"
        )
    length = 0
    if lengths:
        if any(value != lengths[0] for value in lengths):
            raise Malformed("Content-Length headers that differ")
        if not (lengths[0].isdigit() and len(lengths[0]) <= MAX_CACHED_CHARS and int(lengths[0]) < 1 << 63):
            raise Malformed("Content-Length is no number")
        length = int(lengths[0])
    framing = (
        (b"Transfer-Encoding", b"Content-Length", b"Trailer") if chunked else (b"Transfer-Encoding", b"Content-Length")
    )
    kept = [pair for pair in fields if pair[0] not in framing]
    if not chunked:
        return ([*kept, (b"Content-Length", lengths[0])] if lengths else kept), length, ()
    declared = {
        canonical(text)
        for name, value in fields
        if name == b"Trailer"
        for text in (part.strip(b" \t") for part in value.split(b","))
        if text
    }
    if declared & {b"Transfer-Encoding", b"Trailer", b"Content-Length"}:
        raise Malformed("a trailer that would change the framing")
    return kept, -1, tuple(sorted(declared))


def _list(values: list[bytes], token: bytes) -> bool:
    """Return whether one of the values, lists each, holds the token."""
    return any(token in [part.strip(b" \t") for part in value.lower().split(b",")] for value in values)


# --- the target, after net/url -------------------------------------------------------------------------------------

_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+\-.]*):(.*)", re.DOTALL)
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PLAIN_PATH = re.compile(rb"/[A-Za-z0-9\-_.~$&+,/:;=@]*")
_VALID_PATH = re.compile(rb"[A-Za-z0-9\-_.~!$&'()*+,;=:@\[\]%/]*")
_ESCAPED = re.compile(rb"[^A-Za-z0-9\-_.~$&+,/:;=@]")  # what Go escapes in a path once it has to
_AUTHORITY = re.compile(rb"(?:\[[^\]/]*\]|[^:\[\]/]*)(?::[0-9]*)?")
_BAD_HOST = re.compile(rb"""[^0-9A-Za-z!$&'()*+,\-.:;=\[\]<>"_~\x80-\xff]""")
_HOST_ESCAPE = re.compile(rb"%(?:25|[89A-Fa-f][0-9A-Fa-f])")
_USER_INFO = re.compile(rb"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")


def parse_target(method: bytes, target: bytes) -> Target:
    """Parse a request target as net/url.ParseRequestURI does. Raises Malformed."""
    path, _, query = target.partition(b"?")
    if _PLAIN_PATH.fullmatch(path):
        return Target(b"", path, query, target)
    if len(target) <= MAX_CACHED_CHARS:
        return _parse_target(method == b"CONNECT", target)
    return _parse_target.__wrapped__(method == b"CONNECT", target)


@lru_cache(1024)
def _parse_target(connect: bool, target: bytes) -> Target:
    if target == b"*":
        return Target(b"", b"*", b"", b"*")
    only_authority = connect and not target.startswith(b"/")
    rest = b"http://" + target if only_authority else target
    scheme = _SCHEME.fullmatch(rest)
    if scheme:
        rest = scheme[2]
    rest, mark, query = rest.partition(b"?")
    tail = mark + query
    authority = b""
    if not rest.startswith(b"/"):
        if scheme is None:
            raise Malformed("the target is neither a path nor a URL")
        return Target(b"", b"", query, rest + tail if rest else b"/" + tail)
    if scheme and rest.startswith(b"//"):
        authority, slash, path = rest[2:].partition(b"/")
        authority, rest = _authority(authority), slash + path
    if _BAD_ESCAPE.search(rest):
        raise Malformed("a % in the target without two hexadecimal digits")
    path = rest if _VALID_PATH.fullmatch(rest) else escape_path(unquote_to_bytes(rest))
    uri = authority if only_authority and not path else (path or b"/") + tail
    return Target(authority, path, query, uri)


def escape_path(path: bytes) -> bytes:
    """Escape a decoded path as net/url does."""
    return _ESCAPED.sub(lambda found: b"%%%02X" % found[0][0], path)


def _authority(text: bytes) -> bytes:
    user, at, host = text.rpartition(b"@")
    if at and not _USER_INFO.fullmatch(user):
        raise Malformed("the target's user information is invalid")
    bare = _HOST_ESCAPE.sub(b"", host)
    if not _AUTHORITY.fullmatch(host) or b"%" in bare or _BAD_HOST.search(bare):
        raise Malformed("the target's host is invalid")
    return _HOST_ESCAPE.sub(lambda found: bytes.fromhex(found[0][1:].decode()), host)
