"""
What we keep of a request, and how its bytes are read. No I/O, and no type of aiohttp's.

Bytes are read as Go's net/http reads them (textproto.ReadMIMEHeader, http.readTransfer, net/url.ParseRequestURI), since
whoami is a Go program and its users see its grammar: bare LF, folded headers, any method, HTTP/1.2, an empty Host and
both framings at once are taken; a space before the colon, two Hosts, a control character in a value are not.

1. The first line is judged as soon as it is there; the rest when the blank line is there.
2. Chunked framing wins over Content-Length; HTTP/1.0 knows no chunks; any other Transfer-Encoding is refused.
3. A head over MAX_HEAD_BYTES is refused. A body is never refused: what is wrong with it is told behind what was read.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from echo.clientip import parse_address

MAX_HEAD_BYTES = (1 << 20) + 4096  # Go's DefaultMaxHeaderBytes and the slack of its buffered reader
MAX_BODY_BYTES = 64 << 20  # whoami has no limit and echoes the body from memory; nobody echoes 64 MiB on purpose
MAX_CHUNK_LINE = 4096  # Go's bufio size: a chunk-size line or a trailer block longer than this is an error
MAX_CHUNK_OVERHEAD = 16 << 10  # Go's limit on framing bytes beyond 16 a chunk: one-byte chunks are an attack
MAX_CACHED_CHARS = 256  # longer header names and targets are worked out each time: caches hold no attacker's megabytes

Fields = list[tuple[bytes, bytes]]

_TOKEN = rb"!#$%&'*+\-.^_`|~0-9A-Za-z"
_NAME = re.compile(rb"[%s ]+" % _TOKEN)  # with blanks, which are told apart later: whoami names that mistake
_METHOD = re.compile(rb"[%s]+" % _TOKEN)
_VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")
_CONTROLS = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FRAMING_NAMES = frozenset({b"Transfer-Encoding", b"Content-Length", b"Pragma"})  # what `_framing` looks at first
_HOST = re.compile(rb"[0-9A-Za-z!$%&'()*+,\-.:;=\[\]_~]*")  # httpguts.ValidHostHeader
_CLOSE = re.compile(rb"(?:^|[ ,\t])close(?:$|[ ,\t])", re.IGNORECASE)
_KEEP_ALIVE = re.compile(rb"(?:^|[ ,\t])keep-alive(?:$|[ ,\t])", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\n\r?\n")

# What speaks to an HTTP port without being HTTP -> what to tell the operator. First match.
STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"\x16\x03", "a TLS hello on a plain HTTP port"),
    (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol v2 header, which this server does not take"),
    (b"PROXY ", "a PROXY protocol v1 header, which this server does not take"),
)
MAX_STRANGER_BYTES = max(len(start) for start, _ in STRANGERS)
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # a head that starts with one is worth no look for strangers


class Malformed(Exception):  # not an error of ours: a value the connection answers with
    """Bytes that are no request. `status` and `phrase` make the status line, `body` the answer, `error` the record."""

    def __init__(self, error: str, phrase: str = "Bad Request", status: int = 400, body: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.phrase = phrase
        self.body = body or f"{status} {phrase}"


class Connection(NamedTuple):
    """What is the same for all requests of one connection. `remote_addr` is spelled as Go spells it."""

    id: str
    peer_ip: str | None
    peer_port: int | None
    local_ip: str | None
    local_port: int | None
    remote_addr: bytes
    tls_version: str | None = None


@dataclass(slots=True)
class Request:
    """
    One request, its head complete.

    target      as sent; `uri` is how Go prints it back; `path` is escaped, without query
    headers     raw pairs in order of arrival, folded lines joined
    fields      the same as Go's header map holds them: canonical names, framing headers taken out
    host        the authority of an absolute target, else the Host header
    length      of the body, -1 if it comes chunked
    close       the connection ends with this request
    received    wall clock, when the head was complete; `started` the monotonic clock then, in ns
    body        the pieces in which the body came
    body_error  why the body could not be read to its end
    """

    connection: Connection
    number: int
    method: bytes
    target: bytes
    version: tuple[int, int]
    uri: bytes
    path: bytes
    query: bytes
    headers: Fields
    fields: Fields
    host: bytes
    length: int
    close: bool
    keep_alive_10: bool
    declared_trailers: tuple[bytes, ...]
    received: float = 0.0
    started: int = 0
    body: list[bytes] = field(default_factory=list)
    body_bytes: int = 0
    trailers: Fields = field(default_factory=list)
    body_error: str = ""

    def first(self, name: bytes) -> bytes | None:
        """Return the first field called name (canonical), or None."""
        return next((value for key, value in self.fields if key == name), None)

    @property
    def expects_continue(self) -> bool:
        """Return whether the client waits for a 100 before it sends the body."""
        expect = self.first(b"Expect") if self.length else None
        return expect is not None and self.version >= (1, 1) and b"100-continue" in expect.lower()


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
    if not scanned and buffer[:1] not in _LETTERS and (stranger := _stranger(bytes(buffer[:MAX_STRANGER_BYTES]))):
        raise Malformed(stranger)
    found = _BLANK_LINE.search(buffer, max(0, scanned - 2))
    end = found.end() if found else 0
    if (end or len(buffer)) > MAX_HEAD_BYTES:
        raise Malformed(f"the head is longer than {MAX_HEAD_BYTES} bytes", "Request Header Fields Too Large", 431)
    if not end:
        newline = buffer.find(b"\n", scanned)
        if newline >= 0 and buffer.rfind(b"\n", 0, scanned) < 0:  # the first one: judged once, when it comes
            _request_line(bytes(buffer[: newline + 1]))
    return end


def parse_head(head: bytes, connection: Connection, number: int) -> Request:
    """Parse a head, its blank line included. Raises Malformed with the words whoami answers."""
    if head.count(b"\r") != head.count(b"\r\n") or _CONTROLS.search(head):
        raise Malformed(_stranger(head) or "a control character in the head")
    first_line, _, rest = head.partition(b"\n")
    method, target, version = _request_line(first_line + b"\n")
    parsed = parse_target(method, target)
    headers = _header_lines(rest)
    fields = [(canonical(name), value) for name, value in headers]
    present = {name for name, _ in fields}
    host = None
    if b"Host" in present:
        hosts = [value for name, value in fields if name == b"Host"]
        if len(hosts) > 1:
            raise Malformed("more than one Host header")
        host = hosts[0]
        fields = [pair for pair in fields if pair[0] != b"Host"]
    length = 0
    trailers: tuple[bytes, ...] = ()
    if not present.isdisjoint(_FRAMING_NAMES):
        fields, length, trailers = _framing(fields, version)
    preface = method == b"PRI" and target == b"*" and version == (2, 0) and not headers
    if version[0] != 1 and not preface:
        text = "HTTP Version Not Supported: unsupported protocol version"
        raise Malformed(f"protocol version {version[0]}.{version[1]}", text, 505)
    if host is None and version >= (1, 1) and method != b"CONNECT" and not preface:
        raise Malformed("no Host header", "Bad Request: missing required Host header")
    if host is not None and not _HOST.fullmatch(host):
        raise Malformed("the Host header is no host", "Bad Request: malformed Host header")
    if any(b" " in name for name in present):
        raise Malformed("a blank in a header's name", "Bad Request: invalid header name")
    connection_values = [value for name, value in fields if name == b"Connection"] if b"Connection" in present else []
    first_connection = connection_values[0] if connection_values else b""
    wants_close = _list(connection_values, b"close")
    if version == (1, 0):
        wants_close = wants_close or not _list(connection_values, b"keep-alive")
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
        parsed.authority or host or b"",
        length,
        preface or wants_close,
        version == (1, 0) and _KEEP_ALIVE.search(first_connection) is not None,
        trailers,
    )


def says_close(value: bytes) -> bool:
    """Return whether a Connection header's value holds the token close, by Go's hasToken."""
    return _CLOSE.search(value) is not None


def canonical(name: bytes) -> bytes:
    """Return a header's name as Go keeps it: `x-AMZ-id` is X-Amz-Id. One with a blank stays as it is."""
    return _canonical(name) if len(name) <= MAX_CACHED_CHARS else _canonical.__wrapped__(name)


@lru_cache(4096)
def _canonical(name: bytes) -> bytes:
    return name if b" " in name else b"-".join([part.capitalize() for part in name.split(b"-")])


def _stranger(data: bytes) -> str:
    return next((meaning for start, meaning in STRANGERS if data.startswith(start)), "")


def _request_line(line: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    parts = line.removesuffix(b"\n").removesuffix(b"\r").split(b" ", 2)
    version = _VERSION.fullmatch(parts[-1]) if len(parts) == 3 else None
    if version is None or not _METHOD.fullmatch(parts[0]):
        raise Malformed(_stranger(line) or "the first line is not METHOD TARGET HTTP/x.y")
    return parts[0], parts[1], (int(version[1]), int(version[2]))


def _header_lines(block: bytes) -> Fields:
    """Split header lines, the blank line last; join folded ones with one space."""
    if block[:1] in (b" ", b"\t"):
        raise Malformed("the first header line starts with a blank")
    lines: list[bytes] = []
    for line in block.split(b"\n"):
        if line.startswith((b" ", b"\t")):
            lines[-1] += b" " + line.strip(b" \t\r")
        elif text := line.strip(b" \t\r"):
            lines.append(text)
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise Malformed("a header line without a colon" if not colon else "a header's name is no token")
        pairs.append((name, value.strip(b" \t")))
    return pairs


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


# --- bodies, after net/http/internal/chunked.go ----------------------------------------------------------------------


class BodyReader:
    """
    Takes a body out of the bytes of a connection. `feed` it the buffer whenever that grew; it eats from its front.

    done   the body is complete, or `error` says why it never will be
    keep   pieces are kept; otherwise they are only counted
    """

    def __init__(self, length: int, *, keep: bool) -> None:
        self.chunked = length < 0
        self.keep = keep
        self.pieces: list[bytes] = []
        self.trailers: Fields = []
        self.size = 0
        self.error = ""
        self.done = length == 0
        self._left = 0 if self.chunked else length
        self._overhead = 0
        self._step: Callable[[bytearray, list[bytes]], bool] = self._chunk_size

    def feed(self, buffer: bytearray) -> None:
        """Eat what belongs to the body; what came together is one piece."""
        if self.done:
            return
        found: list[bytes] = []
        if self.chunked:
            while not self.done and self._step(buffer, found):
                pass
        else:
            self._data(buffer, found)
            self.done = self._left == 0
        piece = b"".join(found)
        self.size += len(piece)
        if self.keep and piece:
            self.pieces.append(piece)
            if self.size > MAX_BODY_BYTES:
                self.fail(f"request body larger than {MAX_BODY_BYTES} bytes")

    def feed_eof(self) -> None:
        """Say that no more will come."""
        in_trailer = self._step == self._trailer and self.chunked
        self.fail("http: unexpected EOF reading trailer" if in_trailer else "unexpected EOF")

    def fail(self, error: str) -> None:
        """End the body with an error, unless it is complete."""
        if not self.done:
            self.error = error
            self.done = True

    def _data(self, buffer: bytearray, found: list[bytes]) -> None:
        taken = bytes(buffer[: self._left])
        del buffer[: len(taken)]
        self._left -= len(taken)
        found.append(taken)

    def _chunk_size(self, buffer: bytearray, _found: list[bytes]) -> bool:
        newline = buffer.find(b"\n", 0, MAX_CHUNK_LINE)
        if newline < 0:
            if len(buffer) >= MAX_CHUNK_LINE:
                self.fail("header line too long")
            return False
        line = bytes(buffer[:newline])
        del buffer[: newline + 1]
        self._overhead += len(line) + 3
        carriage_return = line.find(b"\r")
        if carriage_return != len(line) - 1 or not line:
            self.fail("chunked line ends with bare LF" if carriage_return < 0 else "invalid CR in chunked line")
            return False
        digits = line.rstrip(b" \t\r\n").partition(b";")[0]
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", digits):
            self.fail(_bad_chunk_size(digits))
            return False
        self._left = int(digits, 16)
        self._overhead = max(0, self._overhead - 16 - 2 * self._left)
        if self._overhead > MAX_CHUNK_OVERHEAD:
            self.fail("chunked encoding contains too much non-data")
            return False
        self._step = self._chunk_data if self._left else self._trailer
        return True

    def _chunk_data(self, buffer: bytearray, found: list[bytes]) -> bool:
        if self._left:
            self._data(buffer, found)
        if self._left or len(buffer) < 2:
            return False
        if buffer[:2] != b"\r\n":
            self.fail("malformed chunked encoding")
            return False
        del buffer[:2]
        self._step = self._chunk_size
        return True

    def _trailer(self, buffer: bytearray, _found: list[bytes]) -> bool:
        if buffer[:2] == b"\r\n":
            del buffer[:2]
            self.done = True
            return False
        end = buffer.find(b"\r\n\r\n", 0, MAX_CHUNK_LINE)
        if end < 0:
            if len(buffer) >= MAX_CHUNK_LINE:
                self.fail("http: suspiciously long trailer after chunked body")
            return False
        block = bytes(buffer[: end + 4])
        del buffer[: end + 4]
        try:
            if _CONTROLS.search(block):
                raise Malformed("a control character in a trailer")
            self.trailers = _header_lines(block)
        except Malformed as malformed:
            self.fail(f"malformed MIME header: {malformed.error}")
        self.done = True
        return False


def _bad_chunk_size(digits: bytes) -> str:
    if not digits:
        return "empty hex number for chunk length"
    wrong = re.search(rb"[^0-9A-Fa-f]", digits[:16])
    return "invalid byte in chunk length" if wrong else "http chunk length too large"


# --- the ends of a socket ------------------------------------------------------------------------------------------


def endpoint(name: object) -> tuple[str | None, int | None, bytes]:
    """Return (address, port, Go's spelling) of a socket name; nothing for a UNIX socket."""
    if not isinstance(name, tuple) or len(name) < 2:
        return None, None, b""
    host, port = str(name[0]), int(name[1])
    scope = int(name[3]) if len(name) == 4 else 0
    if scope and "%" not in host:
        try:
            host += "%" + socket.if_indextoname(scope)
        except OSError:  # the interface is gone: the number says as much
            host += f"%{scope}"
    address = parse_address(host)
    text = str(address) if address else host
    spelled = f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
    return text, port, spelled.encode()
