"""
Paths that whoami does not have, and what their users asked for: pure, as all routes are.

1. Each answers in one line of plain text, or JSON where it is more, so that a shell can use it.
2. `?expect=IP` turns /ip and /clientip into an assertion: 200, or 412 with the reason, for `curl -f`.
3. `?header=Name:value` adds a field to any answer. Not those that frame a message, nor those with which a link could
   make a browser run, store or follow what a stranger wrote: UNSAFE_HEADERS. What an answer says of caches stays.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from echo import query
from echo.answer import JSON, UNKNOWN_LENGTH, Answer, phrase, plain
from echo.clientip import Resolution, parse_hop, quote
from echo.record import header_text
from echo.request import Request, canonical
from echo.units import parse_duration, spell_duration

MAX_ADDED_HEADERS = 32  # of ?header=: more than any test needs
MAX_EVENTS = 1_000_000  # of /sse; their pauses are bounded by --max-wait
DEFAULT_EVENTS = 10
DEFAULT_INTERVAL = 1.0
MAX_EXPECTED_CHARS = 128
# an answer that is nobody else's says so with it: a link must not have it stored by a cache on the way
KEPT_HEADERS = frozenset({b"cache-control"})
# lower-case names that ?header= does not set
FRAMING_HEADERS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
UNSAFE_HEADERS = frozenset(
    {
        "alt-svc",
        "clear-site-data",
        "content-disposition",
        "content-location",
        "content-security-policy",
        "content-security-policy-report-only",
        "content-type",
        "link",
        "location",
        "nel",
        "proxy-authenticate",
        "public-key-pins",
        "referrer-policy",
        "refresh",
        "report-to",
        "reporting-endpoints",
        "service-worker-allowed",
        "set-cookie",
        "sourcemap",
        "strict-transport-security",
        "www-authenticate",
        "x-accel-redirect",
        "x-content-type-options",
        "x-sendfile",
    }
)
UNSAFE_PREFIXES = ("access-control-", "cross-origin-", "x-accel-")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_VALUE = re.compile(rb"[\x20-\x7e\x80-\xff\t]{0,4096}")
_STATUS = re.compile(rb"[2-9][0-9]{2}")
_COUNT = re.compile(rb"[0-9]{1,7}")
_SECONDS = re.compile(rb"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def address_answer(request: Request, found: str | None, whose: str, why_none: str) -> Answer:
    """
    Return an address in a line, or hold it against `?expect=`.

    found     the address, None where there is none
    whose     what it is, in words
    why_none  why there is none
    """
    expected = query.value(request.query, b"expect")
    if not expected:
        return plain(found) if found else plain(f"{whose} has no address: {why_none}", 404)
    text = header_text(expected)
    wanted = parse_hop(text) if len(text) <= MAX_EXPECTED_CHARS else None
    if wanted is None:
        return plain(f"expect={quote(text)} is no address; write ?expect=203.0.113.7", 400)
    if found is None:
        return plain(f"expected {wanted}, but {whose} has no address: {why_none}; /explain says more", 412)
    if parse_hop(found) != wanted:
        return plain(f"expected {wanted}, but {whose} is {found}; /explain says why", 412)
    return plain(found)


def resolved(request: Request, resolution: Resolution) -> Answer:
    """Return what `/ip` answers: the client."""
    client = str(resolution.client) if resolution.client else None
    return address_answer(request, client, "the client", f"{resolution.reason.code}: {resolution.reason.meaning}")


def socket_peer(request: Request) -> Answer:
    """Return what `/clientip` answers: the other end of the socket."""
    return address_answer(request, request.connection.peer_ip, "the socket's peer", "it came over a UNIX socket")


def headers(request: Request) -> Answer:
    """Return what `/headers` answers: every field, names as Go spells them, in the order of names."""
    found: dict[str, list[str]] = {}
    for name, value in request.headers:
        found.setdefault(header_text(canonical(name)), []).append(header_text(value))
    return Answer(200, (JSON,), json.dumps(found, sort_keys=True).encode() + b"\n")


def status(written: bytes) -> Answer:
    """Return what `/status/CODE` answers."""
    if not _STATUS.fullmatch(written):
        return plain(f"{quote(header_text(written))} is no status; write /status/503, 200 to 999", 400)
    return plain(f"{int(written)} {phrase(int(written))}", int(written))


def delay_seconds(written: bytes) -> float | None:
    """Return the seconds of `/delay/1.5` or `/delay/250ms`, None if that is no time."""
    if _SECONDS.fullmatch(written):
        return float(written)
    seconds = parse_duration(written.decode("utf-8", "replace"))
    return None if seconds is None or seconds < 0 else seconds


def bad_delay(written: bytes) -> Answer:
    """Return the answer to a delay that is no time."""
    return plain(f"{quote(header_text(written))} is no time; write /delay/1.5 or /delay/250ms", 400)


def too_long(seconds: float, limit: float) -> Answer:
    """Return the answer to a wait beyond the limit."""
    return plain(
        f"{spell_duration(seconds)} is longer than this server waits: {spell_duration(limit)}, its --max-wait", 400
    )


def events(request: Request, limit: float) -> Answer:
    """Return what `/sse?n=10&interval=1s` answers: n server-sent events (WHATWG HTML §9.2), an interval apart."""
    count, interval = query.value(request.query, b"n"), query.value(request.query, b"interval")
    if count and not (_COUNT.fullmatch(count) and int(count) <= MAX_EVENTS):
        return plain(f"n={quote(header_text(count))} is no number up to {MAX_EVENTS:,}", 400)
    pause = delay_seconds(interval) if interval else DEFAULT_INTERVAL
    if pause is None:
        return plain(f"interval={quote(header_text(interval))} is no time; write interval=250ms", 400)
    number = int(count) if count else DEFAULT_EVENTS
    if number * pause > limit:
        return too_long(number * pause, limit)
    fields = (
        (b"Cache-Control", b"no-store"),
        (b"Content-Type", b"text/event-stream"),
        (b"X-Accel-Buffering", b"no"),  # nginx would hold them back
    )
    return Answer(200, fields, pieces=_events(number, pause), length=UNKNOWN_LENGTH)


def _events(count: int, pause: float) -> Iterator[bytes | float]:
    for number in range(1, count + 1):
        if number > 1 and pause:
            yield pause
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
        yield b'id: %d\ndata: {"n":%d,"of":%d,"ts":"%b"}\n\n' % (number, number, count, now.encode())


def with_added_headers(request: Request, answer: Answer) -> Answer:
    """Return an answer with the fields of `?header=`, or why they are not set."""
    written = list(query.values(request.query, b"header"))
    if not written:
        return answer
    if len(written) > MAX_ADDED_HEADERS:
        return plain(f"more than {MAX_ADDED_HEADERS} headers are asked for", 400)
    added: list[tuple[bytes, bytes]] = []
    for text in written:
        name, colon, value = text.partition(b":")
        value = value.strip(b" \t")
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            return plain(f"header={quote(header_text(text))} is no header field; write ?header=X-Name:value", 400)
        why = refused_header(header_text(name).lower())
        if why:
            return plain(f"{quote(header_text(name))} is not set by a query: {why}", 400)
        added.append((name, value))
    return answer._replace(headers=merged(answer.headers, added))


def refused_header(name: str) -> str:
    """Return why a query does not set a header, "" if it does."""
    if name in FRAMING_HEADERS:
        return "it says where an answer ends, or how it travels"
    if name in UNSAFE_HEADERS or name.startswith(UNSAFE_PREFIXES):
        return "a link could make a browser act on what a stranger wrote"
    return ""


def merged(
    headers: Sequence[tuple[bytes, bytes]], added: Sequence[tuple[bytes, bytes]]
) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of an answer with those added in place of theirs of the same name, but for KEPT_HEADERS."""
    kept = KEPT_HEADERS & {name.lower() for name, _ in headers}
    added = [pair for pair in added if pair[0].lower() not in kept]
    names = {name.lower() for name, _ in added}
    return (*(pair for pair in headers if pair[0].lower() not in names), *added)
