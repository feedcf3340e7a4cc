"""What a route answers with, and how it becomes the bytes that Go's net/http would write."""

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from echo.request import Request, says_close

# Go's words where they differ from Python's (or from those of a later Python)
PHRASES = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}
TEXT = (b"Content-Type", b"text/plain; charset=utf-8")
JSON = (b"Content-Type", b"application/json")
NOSNIFF = (b"X-Content-Type-Options", b"nosniff")
UNKNOWN_LENGTH = -1
GO_BUFFER_BYTES = 2048  # Go counts the length of answers up to this; longer ones it sends chunked, or until the close
MAX_DRAINED_BYTES = 256 << 10  # of a body that nobody reads: Go's maxPostHandlerReadBytes
SNIFFED_BYTES = 512  # of an answer, to tell text from binary (WHATWG MIME Sniffing §7)

_BINARY = bytes(range(0x20)).translate(None, b"\t\n\f\r\x1b")


class Rest(Enum):
    """
    Why the connection cannot go on behind a request's body.

    BROKEN  nobody knows where the body ends: Go sees it only when a promise to HTTP/1.0 is made, and does not unmake it
    LARGE   there is more of it than Go drains: Go says close, to HTTP/1.0, too
    """

    NONE, BROKEN, LARGE = range(3)


class Answer(NamedTuple):
    """
    headers  those the handler sets, in Go's order (sorted); Date, length, sniffed type and connection are added later
    interim  a status of 1xx to send before
    close    end the connection whatever the client asked
    rest     what is left of the request's body, so that the connection must end after all; Rest.NONE: nothing
    pieces   the body where it is made while it is sent (`body` is empty then); a number is a pause, in seconds
    length   of the pieces; UNKNOWN_LENGTH: they are sent in chunks
    buffer   what Go would hold of the body before it sends the head: a longer one it sends without its length, so that
             HTTP/1.0 ends it with the connection
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    interim: int = 0
    close: bool = False
    rest: Rest = Rest.NONE
    pieces: Iterator[bytes | float] | None = None
    length: int = 0
    buffer: int = GO_BUFFER_BYTES


class Rendered(NamedTuple):
    """An answer as bytes: `keep` says whether the connection stays open, `chunked` how pieces are framed."""

    head: bytes
    body: bytes
    keep: bool
    chunked: bool


def plain(words: str, status: int = 200) -> Answer:
    """Return an answer in words, a line."""
    return Answer(status, (TEXT, NOSNIFF), words.encode("utf-8", "surrogateescape") + b"\n")


@lru_cache(1024)
def phrase(status: int) -> str:
    """Return a status's words as Go has them."""
    if status in PHRASES:
        return PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status code {status}"


def render(answer: Answer, request: Request, date: bytes, *, draining: bool) -> Rendered:
    """
    Return an answer as Go's net/http writes it.

    Order: the handler's headers, Date, Content-Length, a sniffed Content-Type, Connection.
    """
    status, body = answer.status, answer.body
    is_head, is_10 = request.method == b"HEAD", request.version < (1, 1)
    has_body = _has_body(status)
    size = answer.length if answer.pieces is not None else len(body)
    endless = size == UNKNOWN_LENGTH
    fits = not endless and size <= GO_BUFFER_BYTES
    names = [name for name, _ in answer.headers]
    counted = has_body and not endless and (not is_head or (bool(size) and fits)) and b"Content-Length" not in names
    chunked = has_body and endless and not is_10
    promised = not closes(answer, request, draining=draining)
    keep = promised and answer.rest is Rest.NONE
    set_headers = answer.headers
    connection = b""
    if promised and is_10 and b"Connection" not in names:
        connection = b"keep-alive"
    if not keep and not any(name == b"Connection" and says_close(value) for name, value in set_headers):
        set_headers = tuple(pair for pair in set_headers if pair[0] != b"Connection")
        if not is_10 or (promised and answer.rest is Rest.LARGE):
            connection = b"close"
    version = b"1.0" if is_10 else b"1.1"
    parts = []
    if answer.interim:
        parts.append(b"HTTP/%b %d %b\r\n\r\n" % (version, answer.interim, phrase(answer.interim).encode()))
    parts.append(b"HTTP/%b %d %b\r\n" % (version, status, phrase(status).encode()))
    parts += [b"%b: %b\r\n" % pair for pair in set_headers]
    parts.append(b"Date: %b\r\n" % date)
    if counted:
        parts.append(b"Content-Length: %d\r\n" % size)
    if has_body and size and b"Content-Type" not in names:
        parts.append(b"Content-Type: %b\r\n" % _sniffed(body))
    if connection:
        parts.append(b"Connection: %b\r\n" % connection)
    if chunked:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    parts.append(b"\r\n")
    return Rendered(b"".join(parts), b"" if is_head or not has_body else body, keep, chunked)


def closes(answer: Answer, request: Request, *, draining: bool) -> bool:
    """Return whether the connection ends with the answer, whatever is left of the request's body."""
    if answer.close or draining:
        return True
    if request.version >= (1, 1):
        return request.close
    # HTTP/1.0 has to learn where the answer ends
    size = answer.length if answer.pieces is not None else len(answer.body)
    ends = 0 <= size <= answer.buffer or b"Content-Length" in [name for name, _ in answer.headers]
    return not request.keep_alive_10 or not (ends or request.method == b"HEAD" or not _has_body(answer.status))


def _has_body(status: int) -> bool:
    return status >= 200 and status not in (204, 304)


def _sniffed(body: bytes) -> bytes:
    start = body[:SNIFFED_BYTES]
    return TEXT[1] if len(start.translate(None, _BINARY)) == len(start) else b"application/octet-stream"
