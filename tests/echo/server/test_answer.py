"""Answers as bytes: what Go's net/http says of the connection, and in which order. Recorded from whoami v1.11.0."""

import pytest

from echo.answer import (
    GO_BUFFER_BYTES,
    JSON,
    MAX_DRAINED_BYTES,
    UNKNOWN_LENGTH,
    Answer,
    Rest,
    closes,
    phrase,
    plain,
    render,
)
from echo.request import Connection
from echo.wire import parse_head

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")
KEEP, LAST = b"Connection: keep-alive\r\n", b"Connection: close\r\n"
BENCH = Answer(200, ((b"Connection", b"keep-alive"), (b"Content-Type", b"text/plain")), b"1")
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n"


def asked(method: bytes = b"GET", fields: bytes = b"", version: bytes = b"1.1"):
    return parse_head(b"%b / HTTP/%b\r\nHost: h\r\n%b\r\n" % (method, version, fields), WIRE, 1)


def head(answer: Answer, request, *, draining: bool = False) -> bytes:
    """Return the head without its status line and date."""
    made = render(answer, request, b"DATE", draining=draining)
    line, _, rest = made.head.partition(b"\r\n")
    assert line.startswith(b"HTTP/1.0 " if request.version < (1, 1) else b"HTTP/1.1 ")
    return rest.replace(b"Date: DATE\r\n", b"").removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("answer", "request_", "expected"),
    [
        (Answer(200, (), b"a"), asked(), b"Content-Length: 1\r\n" + TEXT),
        (Answer(200, (), b"a"), asked(fields=LAST), b"Content-Length: 1\r\n" + TEXT + b"Connection: close\r\n"),
        (Answer(200, (), b"\0"), asked(), b"Content-Length: 1\r\nContent-Type: application/octet-stream\r\n"),
        (Answer(200, (JSON,), b"{}"), asked(), b"Content-Type: application/json\r\nContent-Length: 2\r\n"),
        (Answer(200), asked(), b"Content-Length: 0\r\n"),
        (Answer(204), asked(), b""),
        (Answer(304), asked(fields=LAST), b"Connection: close\r\n"),
        (Answer(200, (), b"a"), asked(b"HEAD"), b"Content-Length: 1\r\n" + TEXT),
        (Answer(200), asked(b"HEAD"), b""),
        (Answer(200, (), b"a" * (GO_BUFFER_BYTES + 1)), asked(b"HEAD"), TEXT),
        (BENCH, asked(), b"Connection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n"),
        (BENCH, asked(fields=LAST), b"Content-Type: text/plain\r\nContent-Length: 1\r\nConnection: close\r\n"),
        (
            Answer(417, ((b"Connection", b"close"),), close=True),
            asked(),
            b"Connection: close\r\nContent-Length: 0\r\n",
        ),
        (
            Answer(200, (JSON,), pieces=iter(()), length=UNKNOWN_LENGTH),
            asked(),
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
        ),
    ],
)
def test_order(answer, request_, expected):
    """The handler's headers come first, then the length, the sniffed type, the connection and the chunks."""
    assert head(answer, request_) == expected


@pytest.mark.parametrize(
    ("answer", "fields", "expected", "keeps"),
    [
        (Answer(200, (), b"a"), b"", b"Content-Length: 1\r\n" + TEXT, False),
        (Answer(200, (), b"a"), KEEP, b"Content-Length: 1\r\n" + TEXT + KEEP, True),
        (Answer(200, (), b"a" * 3000), KEEP, b"Content-Length: 3000\r\n" + TEXT, False),
        (Answer(200, (), b"a" * 600, buffer=0), KEEP, b"Content-Length: 600\r\n" + TEXT, False),
        (Answer(204), KEEP, KEEP, True),
        (BENCH, KEEP, b"Connection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n", True),
        # Go makes its promise before it looks at what is left of the body, and takes it back where that is too much
        (Answer(200, (), b"a", rest=Rest.BROKEN), KEEP, b"Content-Length: 1\r\n" + TEXT + KEEP, False),
        (Answer(200, (), b"a", rest=Rest.LARGE), KEEP, b"Content-Length: 1\r\n" + TEXT + LAST, False),
        (Answer(200, (), b"a", rest=Rest.LARGE), b"", b"Content-Length: 1\r\n" + TEXT, False),
        (BENCH._replace(rest=Rest.BROKEN), KEEP, b"Content-Type: text/plain\r\nContent-Length: 1\r\n", False),
        (BENCH._replace(rest=Rest.LARGE), KEEP, b"Content-Type: text/plain\r\nContent-Length: 1\r\n" + LAST, False),
    ],
)
def test_http_10(answer, fields, expected, keeps):
    """HTTP/1.0 keeps the connection where it asks for that and can tell where the answer ends."""
    request = asked(fields=fields, version=b"1.0")
    assert head(answer, request) == expected
    assert render(answer, request, b"DATE", draining=False).keep == keeps


@pytest.mark.parametrize("rest", [Rest.BROKEN, Rest.LARGE])
def test_rest_of_a_body_ends_http_11(rest):
    """So it does for HTTP/1.1, which is told in any case."""
    made = render(Answer(200, rest=rest), asked(), b"DATE", draining=False)
    assert made.head.endswith(b"\r\nConnection: close\r\n\r\n")
    assert not made.keep


def test_draining_ends_connections():
    """A server that stops says so in each answer, and promises nothing to HTTP/1.0."""
    assert head(Answer(200), asked(), draining=True) == b"Content-Length: 0\r\nConnection: close\r\n"
    assert head(Answer(200), asked(fields=KEEP, version=b"1.0"), draining=True) == b"Content-Length: 0\r\n"


def test_interim_answer_comes_before():
    """A status of 1xx has a head of its own."""
    made = render(Answer(200, interim=103), asked(), b"DATE", draining=False)
    assert made.head.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_no_body_where_none_may_be():
    """HEAD, 204 and 304 carry none."""
    assert render(Answer(200, (), b"a"), asked(b"HEAD"), b"DATE", draining=False).body == b""
    assert render(Answer(204, (), b"a"), asked(), b"DATE", draining=False).body == b""
    assert render(plain("a"), asked(), b"DATE", draining=False).body == b"a\n"


@pytest.mark.parametrize(
    ("status", "words"),
    [(200, "OK"), (413, "Request Entity Too Large"), (418, "I'm a teapot"), (799, "status code 799")],
)
def test_phrases_are_go_s(status, words):
    """Status texts are those of Go, whatever Python's version says."""
    assert phrase(status) == words


def test_what_closes_is_known_before_the_body_is_read():
    """The answer and the head of the request say it, the body does not."""
    assert not closes(Answer(200), asked(), draining=False)
    assert closes(Answer(200), asked(fields=LAST), draining=False)
    assert closes(Answer(200, close=True), asked(), draining=False)
    assert closes(Answer(200), asked(), draining=True)
    assert not closes(Answer(200, rest=Rest.LARGE), asked(), draining=False)
    assert MAX_DRAINED_BYTES == 262144
