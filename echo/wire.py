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
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from echo.gojson import escaped
from echo.malformed import Malformed, told
from echo.request import MAX_CACHED_CHARS, Connection, Fields, Request, canonical, says_close

MAX_HEAD_BYTES = (1 << 20) + 4096  # Go's DefaultMaxHeaderBytes and the slack of its buffered reader; by default

_TOKEN = rb"!#$%&'*+\-.^_`|~0-9A-Za-z"
_NAME = re.compile(rb"[%s ]+" % _TOKEN)  # with blanks, which are told apart later: whoami names that mistake
_METHOD = re.compile(rb"[%s]+" % _TOKEN)
_VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")
_TARGET = re.compile(rb"[^\x00-\x20\x7f]*")
_CONTROLS = bytes([*range(0x20), 0x7F]).translate(None, b"\t\n\r")
_FRAMING_NAMES = frozenset({b"Transfer-Encoding", b"Content-Length", b"Pragma"})  # what `_framing` looks at first
_HOST = re.compile(rb"[0-9A-Za-z!$%&'()*+,\-.:;=\[\]_~]*")
_KEEP_ALIVE = re.compile(rb"(?:^|[ ,\t])keep-alive(?:$|[ ,\t])", re.IGNORECASE)
_NO_COLON = ("a header line without a colon", b"malformed MIME header: missing colon: ")
_BLANK_LINE = re.compile(rb"\n\r?\n")

_TAKE_TLS = "serve HTTPS with --cert and --key, or speak plain HTTP"
_TAKE_PROXY = "start the server with --proxy-protocol optional (from --trust ranges) or required, or have it send none"
# What speaks to an HTTP port without being HTTP: how it begins, what it is, what to change. First match.
STRANGERS: tuple[tuple[bytes, str, str, str], ...] = (
    (b"\x16\x03", "tls-on-plain", "a TLS hello on a plain HTTP port", _TAKE_TLS),
    (
        b"\r\n\r\n\0\r\nQUIT\n",
        "proxy-unexpected",
        "a PROXY protocol v2 header, which is not taken from this peer",
        _TAKE_PROXY,
    ),
    (b"PROXY ", "proxy-unexpected", "a PROXY protocol v1 header, which is not taken from this peer", _TAKE_PROXY),
)
MAX_STRANGER_BYTES = max(len(start) for start, *_ in STRANGERS)
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # a head that starts with one is worth no look for strangers


class BadLine(Malformed):
    """A line that is no header. `words` is what Go's textproto says of it."""

    def __init__(self, error: str, words: bytes) -> None:
        super().__init__("header", error)
        self.words = words


class Target(NamedTuple):
    """A parsed request target: authority of the absolute form, path escaped as Go prints it, query, printed whole."""

    authority: bytes
    path: bytes
    query: bytes
    uri: bytes


def find_head(buffer: bytes | bytearray, scanned: int, limit: int = MAX_HEAD_BYTES) -> int:
    """
    Return the length of the head that starts the buffer, 0 if more is needed. `scanned` bytes were looked at before.

    Raises Malformed as soon as the first line is no request line, or the head is too long.
    """
    if not scanned and buffer[:1] not in _LETTERS:
        _refuse_stranger(bytes(buffer[:MAX_STRANGER_BYTES]))
    found = _BLANK_LINE.search(buffer, max(0, scanned - 2))
    end = found.end() if found else 0
    if (end or len(buffer)) > limit:
        raise Malformed(
            "head-too-large",
            f"the head is longer than {limit:,} bytes, this server's --max-header-bytes",
            "Request Header Fields Too Large",
            431,
        )
    if not end:
        newline = buffer.find(b"\n", scanned)
        if newline >= 0 and buffer.rfind(b"\n", 0, scanned) < 0:  # the first one: judged once, when it comes
            method, target, _ = _request_line(bytes(buffer[:newline]))
            parse_target(method, target)
    return end


def parse_head(head: bytes, connection: Connection, number: int) -> Request:
    """Parse a head, its blank line included. Raises Malformed with the words whoami answers."""
    if head.count(b"\r") != head.count(b"\r\n") or holds_controls(head):
        _refuse_stranger(head)
        raise Malformed("header", "a control character in the head")
    first_line, _, rest = head.partition(b"\n")
    method, target, version = _request_line(first_line)
    parsed = parse_target(method, target)
    headers, fields = header_lines(rest)
    firsts = dict(reversed(fields))
    host = firsts.pop(b"Host", None)
    if host is not None:
        others = [pair for pair in fields if pair[0] != b"Host"]
        if len(others) < len(fields) - 1:
            raise Malformed("host", "more than one Host header")
        fields = others
    length = 0
    trailers: tuple[bytes, ...] = ()
    if not _FRAMING_NAMES.isdisjoint(firsts):
        fields, length, trailers = _framing(fields, version)
        firsts = dict(reversed(fields))
    preface = method == b"PRI" and target == b"*" and version == (2, 0)
    if version[0] != 1 and not preface:
        text = "HTTP Version Not Supported: unsupported protocol version"
        raise Malformed("version", f"protocol version {version[0]}.{version[1]}", text, 505)
    if host is None and version >= (1, 1) and method != b"CONNECT" and (headers or not preface):
        raise Malformed("host", "no Host header", "Bad Request: missing required Host header")
    if host is not None and not is_host(host):
        raise Malformed("host", "the Host header is no host", "Bad Request: malformed Host header")
    for name in firsts:
        if b" " in name:
            raise Malformed("header", "a blank in a header's name", "Bad Request: invalid header name")
    wants_close, keep_alive_10 = version == (1, 0), False
    if b"Connection" in firsts:
        connection_values = [value for name, value in fields if name == b"Connection"]
        # Go asks twice: shouldClose by the grammar of lists, wantsClose of the first field, blanks parting tokens too
        wants_close = _list(connection_values, b"close") or says_close(firsts[b"Connection"])
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
    for start, kind, meaning, next_step in STRANGERS:
        if data.startswith(start):
            raise told(kind, meaning, next_step)


def _request_line(line: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    parts = line.removesuffix(b"\r").split(b" ", 2)
    version = _VERSION.fullmatch(parts[-1]) if len(parts) == 3 else None
    if version is None or not _METHOD.fullmatch(parts[0]):
        _refuse_stranger(line)
        raise Malformed("request-line", "the first line is not METHOD TARGET HTTP/x.y")
    if not _TARGET.fullmatch(parts[1]):
        raise Malformed("target", "a control character in the target")
    return parts[0], parts[1], (int(version[1]), int(version[2]))


def is_host(value: bytes) -> bool:
    """Return whether a Host header may hold the value, after httpguts.ValidHostHeader."""
    return _HOST.fullmatch(value) is not None


def holds_controls(data: bytes) -> bool:
    """Return whether data holds a control character other than tab, LF and CR."""
    return len(data.translate(None, _CONTROLS)) != len(data)  # faster than a regular expression


def header_lines(block: bytes) -> tuple[Fields, Fields]:
    """
    Split header lines, the blank line last, into pairs as sent and pairs with canonical names; join folded ones.

    A folded line that is blank leaves its joining blank at the end of the value, as in Go's map.
    """
    if block[:1] in (b" ", b"\t"):
        line = block.partition(b"\n")[0].removesuffix(b"\r")
        raise BadLine("the first header line starts with a blank", b"malformed MIME header initial line: " + line)
    folded = b"\n " in block or b"\n\t" in block
    lines = _unfolded(block) if folded else [line.removesuffix(b"\r").strip(b" \t") for line in block.split(b"\n")]
    headers, fields = [], []
    for text in lines:
        if not text:
            continue
        name, colon, value = text.partition(b":")
        if not colon:
            raise BadLine(_NO_COLON[0], _NO_COLON[1] + go_quoted(text))
        value = value.lstrip(b" \t")
        headers.append((name, value.rstrip(b" \t") if folded else value))
        try:
            fields.append((_checked(name) if len(name) <= MAX_CACHED_CHARS else _checked.__wrapped__(name), value))
        except Malformed as malformed:
            raise BadLine(malformed.error, b"malformed MIME header line: " + text) from None
    return headers, fields


def _unfolded(block: bytes) -> list[bytes]:
    joined: list[list[bytes]] = []
    for line in block.split(b"\n"):
        text = line.removesuffix(b"\r").strip(b" \t")
        if line.startswith((b" ", b"\t")):
            joined[-1].append(text)
        elif text:
            if b":" not in text:
                raise BadLine(_NO_COLON[0], _NO_COLON[1] + go_quoted(text))
            joined.append([text])
    return [b" ".join(texts) for texts in joined]


def go_quoted(data: bytes) -> bytes:
    """Quote bytes as Go's %q does."""
    quoted = []
    for char in data.decode("utf-8", "surrogateescape"):
        if "\udc80" <= char <= "\udcff":
            quoted.append(f"\\x{ord(char) - 0xDC00:02x}")
        else:
            quoted.append(r"\"" if char == '"' else escaped(char))
    return f'"{"".join(quoted)}"'.encode()


@lru_cache(4096)
def _checked(name: bytes) -> bytes:
    if not _NAME.fullmatch(name):
        raise Malformed("header", "a header's name is no token")
    return canonical(name)


def _framing(fields: Fields, version: tuple[int, int]) -> tuple[Fields, int, tuple[bytes, ...]]:
    """Return fields as Go's map holds them after readTransfer, the body's length, and the trailers declared."""
    codings = [value for name, value in fields if name == b"Transfer-Encoding"]
    lengths = [value.rstrip(b" \t") for name, value in fields if name == b"Content-Length"]
    pragma = next((value for name, value in fields if name == b"Pragma"), None)
    if pragma == b"no-cache" and not any(name == b"Cache-Control" for name, _ in fields):
        fields = [*fields, (b"Cache-Control", b"no-cache")]
    if not codings and not lengths:
        return fields, 0, ()
    chunked = bool(codings) and version >= (1, 1)
    if chunked and (len(codings) > 1 or codings[0].lower() != b"chunked"):
        raise Malformed(
            "framing", "a Transfer-Encoding other than chunked", "Not Implemented", 501, "Unsupported transfer encoding"
        )
    length = 0
    if lengths:
        if any(value != lengths[0] for value in lengths):
            raise Malformed("framing", "Content-Length headers that differ")
        if not (lengths[0].isdigit() and len(lengths[0]) <= MAX_CACHED_CHARS and int(lengths[0]) < 1 << 63):
            raise Malformed("framing", "Content-Length is no number")
        length = int(lengths[0])
    framing = (
        (b"Transfer-Encoding", b"Content-Length", b"Trailer") if chunked else (b"Transfer-Encoding", b"Content-Length")
    )
    kept = [pair for pair in fields if pair[0] not in framing]
    if not chunked:
        return ([*kept, (b"Content-Length", lengths[0])] if lengths else kept), length, ()
    declared = {
        canonical(text) if _METHOD.fullmatch(text) else text  # what is no token stays as it is
        for name, value in fields
        if name == b"Trailer"
        for text in (part.strip(b" \t") for part in value.split(b","))
        if text
    }
    if declared & {b"Transfer-Encoding", b"Trailer", b"Content-Length"}:
        raise Malformed("framing", "a trailer that would change the framing")
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
_PORT = re.compile(rb"(?::[0-9]*)?")
_BAD_HOST = re.compile(rb"""[^0-9A-Za-z!$&'()*+,\-.:;=\[\]<>"_~\x80-\xff]""")
_ZONE_BYTE = re.compile(rb"""[0-9A-Za-z!$&'()*+,\-.:;=\[\]<>"_~% ]""")
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
            raise Malformed("target", "the target is neither a path nor a URL")
        return Target(b"", b"", query, rest + tail if rest else b"/" + tail)
    if scheme and rest.startswith(b"//"):
        authority, slash, path = rest[2:].partition(b"/")
        authority, rest = _authority(authority), slash + path
    if _BAD_ESCAPE.search(rest):
        raise Malformed("target", "a % in the target without two hexadecimal digits")
    path = rest if _VALID_PATH.fullmatch(rest) else escape_path(unquote_to_bytes(rest))
    uri = authority if only_authority and not path else (path or b"/") + tail
    return Target(authority, path, query, uri)


def escape_path(path: bytes) -> bytes:
    """Escape a decoded path as net/url does."""
    return _ESCAPED.sub(lambda found: b"%%%02X" % found[0][0], path)


def _authority(text: bytes) -> bytes:
    user, at, host = text.rpartition(b"@")
    if at and (not _USER_INFO.fullmatch(user) or _BAD_ESCAPE.search(user)):
        raise Malformed("target", "the target's user information is invalid")
    literal, _, port = host.rpartition(b"]")
    _, opening, literal = literal.rpartition(b"[")  # what stands before the bracket is lost in Go
    if b"[" not in host:
        opening, port = b"", host[host.rfind(b":") :] if b":" in host else b""
    if not _PORT.fullmatch(port) or (b"[" in host and not opening):
        raise Malformed("target", "the target's host is invalid")
    return b"[%b]%b" % (_ip_literal(literal), port) if opening else _unescaped_host(host)


def _ip_literal(text: bytes) -> bytes:
    """Return what stands in brackets, unescaped: an IPv6 address, and with %25 its zone (RFC 6874)."""
    address, mark, zone = text.partition(b"%25")
    address, zone = _unescaped_host(address), mark + zone
    escapes = re.findall(rb"%.{0,2}", zone, re.DOTALL)
    if (
        zone == b"%25"
        or _BAD_ESCAPE.search(zone)
        or _BAD_HOST.search(re.sub(rb"%..", b"", zone))
        or any(not _ZONE_BYTE.fullmatch(unquote_to_bytes(escape)) for escape in escapes)
    ):
        raise Malformed("target", "the zone of the target's host is invalid")
    try:
        IPv6Address(address.decode())
    except ValueError:
        raise Malformed("target", "the target's host is in brackets and no IPv6 address") from None
    return address + unquote_to_bytes(zone)


def _unescaped_host(text: bytes) -> bytes:
    bare = _HOST_ESCAPE.sub(b"", text)
    if b"%" in bare or _BAD_HOST.search(bare):
        raise Malformed("target", "the target's host is invalid")
    return _HOST_ESCAPE.sub(lambda found: bytes.fromhex(found[0][1:].decode()), text)
