"""
`/data`: a text of a wanted size, whole or in ranges, as whoami and Go's http.ServeContent give it.

    |ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABC…|

Rules (whoami v1.11.0 data.go; net/http fs.go, RFC 9110 §13 and §14):

* `size` is a whole number of `unit`s (kb, mb, gb, tb of 1,024; any other is bytes); 1 where it is none. 0 or 1 bytes
  are an empty text.
* With `attachment` the text is one byte shorter, and a size of 0 is an error: whoami's own arithmetic, which clients
  see. Ranges and conditions (If-Range, If-Modified-Since, …) are honoured then, and only then.
* Text is made when it is sent, piece by piece, however much it is. Beyond MAX_BYTES the answer is 413.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from secrets import token_hex
from typing import NamedTuple

from echo import query
from echo.request import Request
from echo.settings import TRUE_WORDS

Fields = tuple[tuple[bytes, bytes], ...]

MAX_BYTES = 1 << 40  # 1 TB: more than two hours at 1 Gbit/s
PIECE_BYTES = 1 << 16
MAX_RANGES = 100  # each costs a part's head; Go has no limit, curl and browsers ask for a few

UNITS = {b"kb": 1 << 10, b"mb": 1 << 20, b"gb": 1 << 30, b"tb": 1 << 40}
LETTERS = b"-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TEXT = b"text/plain; charset=utf-8"
_ALPHABET = LETTERS * (PIECE_BYTES // len(LETTERS) + 2)
_INT64 = re.compile(rb"([+-]?)0*([0-9]{1,19})")
# "*" alone or behind commas and tags: Go reads no further than to what is neither (fs.go, checkIfNoneMatch)
_STAR = re.compile(rb"""(?:[ \t\r\n,]|(?:W/)?"[\x21\x23-\x7e\x80-\xff]*")*\*""")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIRST_YEAR_OF_1900S = 69  # of two digits, in Go's time package
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:[.,][0-9]+)?"
_SHORT_DAY, _LONG_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)", "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
# the three forms of RFC 9110 §5.6.7, with what Go's time.Parse takes besides
_DATES = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_SHORT_DAY}, +(?P<day>[0-9]{{2}}) +{_MONTH} +(?P<year>[0-9]{{4}}) +{_CLOCK} +(?-i:GMT)",
        rf"{_LONG_DAY}, +(?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) +{_CLOCK} +(?-i:[A-Z]{{3,4}})",
        rf"{_SHORT_DAY} +{_MONTH} +(?P<day>[0-9]{{1,2}}) +{_CLOCK} +(?P<year>[0-9]{{4}})",
    )
)
_TRUE = frozenset(word.encode() for word in TRUE_WORDS)


class Span(NamedTuple):
    """Bytes first to last, both of the text."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """Return how many bytes that is."""
        return self.last - self.first + 1


class Part(NamedTuple):
    """What is sent: bytes as they are, or a span of the text."""

    head: bytes
    span: Span | None = None


class Data(NamedTuple):
    """
    An answer.

    size   of the text that `parts` are of
    parts  the body, in order
    """

    status: int
    headers: Fields = ()
    size: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def length(self) -> int:
        """Return how long the body is."""
        return sum(len(part.head) + (part.span.size if part.span else 0) for part in self.parts)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body."""
        for part in self.parts:
            if part.head:
                yield part.head
            if part.span:
                yield from text(part.span, self.size)


class RangeError(ValueError):
    """The Range header is none, or no range of it is in the text; `overlaps` is False for the latter."""

    def __init__(self, words: str, *, overlaps: bool = True) -> None:
        super().__init__(words)
        self.overlaps = overlaps


def text(span: Span, size: int) -> Iterator[bytes]:
    """Yield the bytes of a span of the text of this size."""
    at = span.first
    while at <= span.last:
        count = min(PIECE_BYTES, span.last - at + 1)
        start = at % len(LETTERS)
        piece = _ALPHABET[start : start + count]
        if at == 0:
            piece = b"|" + piece[1:]
        if at + count == size:
            piece = piece[:-1] + b"|"
        yield piece
        at += count


def answer(request: Request, now: float, limit: int = MAX_BYTES) -> Data:
    """Return what `/data` answers; `now` in seconds since 1970."""
    size = _size(request.query)
    if size > limit:
        return _error(413, f"size is more than {limit:,} bytes, this server's --max-data-bytes")
    if query.value(request.query, b"attachment") not in _TRUE:
        return Data(200, (), size, (Part(b"", Span(0, size - 1)),) if size > 1 else ())
    disposition = (b"Content-Disposition", b"Attachment")
    return _serve(request, size - 1, int(now), disposition)


def _size(asked: bytes) -> int:
    """Return the size in bytes."""
    written = query.value(asked, b"size")
    number = int64(written)
    number = 1 if number is None else number
    return max(0, number * UNITS.get(query.value(asked, b"unit").lower(), 1))


def _error(status: int, words: str, fields: Fields = ()) -> Data:
    headers = (*fields, (b"Content-Type", TEXT), (b"X-Content-Type-Options", b"nosniff"))
    return Data(status, tuple(sorted(headers)), 0, (Part(words.encode() + b"\n"),))


def _serve(request: Request, size: int, modified: int, *fields: tuple[bytes, bytes]) -> Data:
    """Return the text as http.ServeContent would; one of -1 bytes is none, but its conditions are looked at."""
    kept = (*fields, (b"Last-Modified", formatdate(modified, usegmt=True).encode()))
    status = _precondition(request, modified)
    if status:
        return Data(status, kept)
    if size < 0:
        return _error(500, "seeker can't seek", fields)
    written = request.firsts.get(b"Range", b"") if _range_applies(request, modified) else b""
    try:
        spans = parse_ranges(written, size)
    except RangeError as error:
        unmet = () if error.overlaps else ((b"Content-Range", b"bytes */%d" % size),)
        return _error(416, str(error), (*fields, *unmet))
    if sum(span.size for span in spans) > size or len(spans) > MAX_RANGES:
        spans = []  # Go: more than the text itself is probably an attack, or a client that does not know
    kept = (*kept, (b"Accept-Ranges", b"bytes"))
    if len(spans) > 1:
        return _multipart(spans, size, kept)
    kind = (b"Content-Type", TEXT)
    if spans:
        place = (b"Content-Range", _content_range(spans[0], size))
        return _counted(Data(206, (*kept, kind, place), size, (Part(b"", spans[0]),)))
    return _counted(Data(200, (*kept, kind), size, (Part(b"", Span(0, size - 1)),) if size else ()))


def _counted(data: Data) -> Data:
    length = (b"Content-Length", b"%d" % data.length)
    return data._replace(headers=tuple(sorted((*data.headers, length))))


def _multipart(spans: list[Span], size: int, kept: Fields) -> Data:
    boundary = token_hex(30).encode()
    parts = []
    for number, span in enumerate(spans):
        lines = b"--%b\r\nContent-Range: %b\r\nContent-Type: %b\r\n\r\n" % (boundary, _content_range(span, size), TEXT)
        parts.append(Part((b"\r\n" if number else b"") + lines, span))
    parts.append(Part(b"\r\n--%b--\r\n" % boundary))
    kind = (b"Content-Type", b"multipart/byteranges; boundary=" + boundary)
    return _counted(Data(206, (*kept, kind), size, tuple(parts)))


def _content_range(span: Span, size: int) -> bytes:
    return b"bytes %d-%d/%d" % (span.first, span.last, size)


def parse_ranges(written: bytes, size: int) -> list[Span]:
    """Parse a Range header for a text of this size, as Go does; none for an empty one. Raises RangeError."""
    if not written:
        return []
    unit, equals, listed = written.partition(b"=")
    if not equals or unit != b"bytes":
        raise RangeError("invalid range")
    spans, missed = [], False
    for entry in listed.split(b","):
        first, dash, last = (word.strip(b" \t\r\n") for word in entry.partition(b"-"))
        if not first and not dash:
            continue
        if not dash:
            raise RangeError("invalid range")
        if not first:
            count = _number(last)
            spans.append(Span(max(0, size - count), size - 1))
            continue
        start = _number(first)
        if start >= size:
            missed = True
            continue
        end = _number(last) if last else size - 1
        if end < start:
            raise RangeError("invalid range")
        spans.append(Span(start, min(end, size - 1)))
    if missed and not spans and size:
        raise RangeError("invalid range: failed to overlap", overlaps=False)
    return spans


def int64(written: bytes) -> int | None:
    """Return a number as Go's strconv.ParseInt reads it, however many zeros lead it; None if it is none."""
    found = _INT64.fullmatch(written)
    number = int(found[1] + found[2]) if found else 1 << 63
    return number if -(1 << 63) <= number < 1 << 63 else None


def _number(written: bytes) -> int:
    number = int64(written)
    if number is None or number < 0:
        raise RangeError("invalid range")
    return number


def _precondition(request: Request, modified: int) -> int:
    """Return 304 or 412 where a condition is not met, 0 where all are. There is no ETag, so none matches."""
    firsts = request.firsts
    reads = request.method in (b"GET", b"HEAD")
    match, none_match = firsts.get(b"If-Match", b""), firsts.get(b"If-None-Match", b"")
    if match:
        if not _STAR.match(match):
            return 412
    elif (since := _date(firsts.get(b"If-Unmodified-Since", b""))) is not None and modified > since:
        return 412
    if none_match:
        if _STAR.match(none_match):
            return 304 if reads else 412
    elif reads and (since := _date(firsts.get(b"If-Modified-Since", b""))) is not None and modified <= since:
        return 304
    return 0


def _range_applies(request: Request, modified: int) -> bool:
    written = request.firsts.get(b"If-Range", b"")
    if not written or request.method not in (b"GET", b"HEAD"):
        return True
    return _date(written) == modified


def _date(written: bytes) -> int | None:
    """Return the seconds since 1970 of an HTTP date, as http.ParseTime reads it; None if it is none."""
    found = next((found for form in _DATES if (found := form.fullmatch(written.decode("latin-1")))), None)
    if found is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == len("99"):
        year += 1900 if year >= FIRST_YEAR_OF_1900S else 2000
    month = _MONTHS.index(found["month"].lower()) + 1
    day, hour, minute, second = (int(found[name]) for name in ("day", "hour", "minute", "second"))
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())
