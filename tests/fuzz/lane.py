"""Fuzz the fast lane: what it takes, aiohttp's parser and our slow way read the same, to the last byte."""

import asyncio

from aiohttp.http_parser import HttpRequestParser
from aiohttp.streams import EMPTY_PAYLOAD

from echo.malformed import Malformed
from echo.wire import find_head, parse_head
from tests.echo.server.lanes import WIRE, Ways

# What random bytes are put into, so that some of them are admitted
FRAMES = (
    b"%b",
    b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nX: %b\r\n\r\n",
    b"GET / HTTP/1.1\r\n%b: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n%b",
    b"GET / HTTP/1.1%bHost: h\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
)
WAYS = Ways()
_LOOP = asyncio.new_event_loop()


def check(data: bytes) -> None:
    """A request that is taken is one complete request without a body, to every parser that might stand beside us."""
    for frame in FRAMES:
        whole = frame % data if b"%b" in frame else data
        WAYS.ends.shape = None
        for take in (WAYS.fast, WAYS.compiled):
            taken = take(whole)
            if taken is None:
                continue
            message = whole[: taken.end]
            assert find_head(message, 0) == len(message)
            try:
                request = parse_head(message, WIRE, 1)
            except Malformed as malformed:
                raise AssertionError(f"the slow way refuses it: {malformed}") from None
            assert request.length == 0
            assert not request.close
            theirs, payload = by_aiohttp(message)
            assert (theirs.method, theirs.path) == ("GET", request.target.decode())
            assert theirs.version == (1, 1)
            assert list(theirs.raw_headers) == request.headers
            assert payload is EMPTY_PAYLOAD
            assert not any((theirs.should_close, theirs.upgrade, theirs.chunked))


def by_aiohttp(message: bytes):
    """Return what aiohttp reads, which must be one message and nothing else."""
    parser = HttpRequestParser(None, _LOOP, 2**16, max_line_size=1 << 20, max_field_size=1 << 20, max_headers=1 << 16)
    messages, _upgraded, tail = parser.feed_data(message)
    assert len(messages) == 1
    assert not tail
    return messages[0]
