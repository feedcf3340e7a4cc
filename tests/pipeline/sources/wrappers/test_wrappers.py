"""What runtimes and syslog put around a line is known by its form and taken off, and nothing else is."""

from __future__ import annotations

import time

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.wrappers import CRI, DOCKER, SYSLOG, WRAPPERS, Piece, Wrapper, wrapper_of, wrappers_of
from tests.pipeline.sources.wrappers.shipped import SHIPPED

MESSAGE = b'1.2.3.4 - - [08/Jul/2021:11:07:07 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
HAPROXY = b'1.2.3.4:5 [06/Feb/2009:12:14:14.655] in be/s 1/0/0/1/2 200 9 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'

# realistic: line -> wrapper, stream, text, whether the line ends with it
LINES: dict[bytes, tuple[Wrapper, bytes, bytes, bool]] = {
    b"2022-01-28T16:04:05.413656027Z stdout F " + MESSAGE: (CRI, b"stdout", MESSAGE, True),
    b"2025-12-31T17:37:40.493035218+01:00 stderr P  two  blanks ": (CRI, b"stderr", b" two  blanks ", False),
    b"2022-01-28T16:04:05Z stdout F:tag:2 x": (CRI, b"stdout", b"x", True),
    b"2022-01-28T16:04:05Z stdout F ": (CRI, b"stdout", b"", True),
    b"2022-01-28T16:04:05Z stdout F": (CRI, b"stdout", b"", True),
    b'{"log":"a \\"b\\" \\u00e9\\n","stream":"stdout","time":"2021-08-24T09:52:13.20764059Z"}': (
        DOCKER,
        b"stdout",
        'a "b" é'.encode(),
        True,
    ),
    b'{"log":"a\\r\\n","stream":"stderr","attrs":{"tag":"x"},"time":"2021-08-24T09:52:13Z"}': (
        DOCKER,
        b"stderr",
        b"a",
        True,
    ),
    b'{"log":"a part","stream":"stdout","time":"2021-08-24T09:52:13Z"}': (DOCKER, b"stdout", b"a part", False),
    b"Jul  8 11:07:07 ip-172-31-43-28.us-east-2.compute.internal nginx[2869]: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"<190>Jul  8 11:07:07 web nginx: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"<190>Jul 18 11:07:07 nginx: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"<190>Jul  8 2021 11:07:07 web nginx: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"2021 Jul  8 11:07:07.123 web nginx: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"Jul  8 11:07:07 2021 web nginx: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"Jul  8 11:07:07 CEST: web nginx: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"2021-07-08T11:07:07.123456+00:00 web traefik/web/1a2b[12]: " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"2022-01-28T16:04:05.413656027Z " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b"2022-01-28T16:04:05.413656027Z " + HAPROXY: (SYSLOG, b"", HAPROXY, True),
    b"Jul  8 11:07:07 web " + HAPROXY: (SYSLOG, b"", HAPROXY, True),
    b'2021-11-12T16:59:46.613304+00:00 1.1.1.1  {"status": 404}': (SYSLOG, b"", b'{"status": 404}', True),
    b'Jul  8 11:07:07 {"path": "/a b"}': (SYSLOG, b"", b'{"path": "/a b"}', True),
    b'Jul  8 11:07:07 nginx: {"a": "b: c"}': (SYSLOG, b"", b'{"a": "b: c"}', True),
    b'<13>Jul  8 11:07:07 web nginx: @cee: {"status": 404}': (SYSLOG, b"", b'{"status": 404}', True),
    b"<190>1 2021-07-08T11:07:07.1Z web nginx 2869 - - " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
    b'<190>1 2021-07-08T11:07:07Z web nginx 2869 ID47 [a@1 k="v\\"]"][b@2] \xef\xbb\xbf' + MESSAGE: (
        SYSLOG,
        b"",
        MESSAGE,
        True,
    ),
    b"1 - web nginx - - - " + MESSAGE: (SYSLOG, b"", MESSAGE, True),
}  # fmt: skip

NOT_WRAPPED = [
    MESSAGE,
    b'10.0.0.1 - - [08/Jul/2021:11:07:07 +0000] "GET /2022-01-28T16:04:05Z stdout F x HTTP/1.1" 200 5 "-" "x"',
    b"2022-01-28 16:04:05 stdout F text",
    b'{"log":"a\\n"}',
    b'{"log":1,"stream":"stdout","time":"x"}',
    b'{"level":"info","ts":1.5,"message":"a"}',
    b'{"message":"a","headers":{"kubernetes":"x"}}',
    b'{"log":"cut short',
    b'["log","stream","time"]',
    b"Foo  8 11:07:07 web nginx: x",
    b"[pod/web-1] " + MESSAGE,
    b"[pod/web-1/nginx]" + MESSAGE,
    b"1.2.3.4|08/Jul/2021:11:07:07 +0000|GET / HTTP/1.1|200",
    b"<190>2 2021-07-08T11:07:07Z web nginx 2869 - - x",
    b"",
]


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_what_a_line_holds(line: bytes) -> None:
    wrapper, stream, text, ends = LINES[line]
    assert next(one for one in WRAPPERS.values() if one.read(line) is not None) is wrapper
    assert wrapper.read(line) == (stream, text, ends)
    assert wrapper_of([line, line, b"a line between"]) is wrapper


@pytest.mark.parametrize("line", NOT_WRAPPED, ids=repr)
def test_lines_that_are_not_wrapped(line: bytes) -> None:
    assert [one.name for one in WRAPPERS.values() if one.read(line) is not None] == []
    assert wrapper_of([line, line + MESSAGE, next(iter(LINES))]) is None


def test_layers_are_no_more_than_three() -> None:
    line = b"x"
    for _ in range(5):
        line = orjson.dumps({"message": line.decode(), "source_type": "file"})
    assert [one.name.count("vector") for one in wrappers_of([line])] == [1, 2, 3]


def test_what_is_wrapped_by_the_outer_form_alone_is_passed_on() -> None:
    both = wrappers_of([SHIPPED["vector, file"][1]])[-1]
    assert both.read(orjson.dumps({"message": "x", "source_type": "file"})) == Piece(b"[null]", b"x", True)
    assert both.read(b"not wrapped") is None


def test_a_few_wrapped_lines_make_no_wrapped_log() -> None:
    assert wrapper_of([MESSAGE, MESSAGE, next(iter(LINES))]) is None
    assert wrapper_of([]) is None


@given(
    st.binary(max_size=80)
    | st.sampled_from(list(LINES)).flatmap(lambda line: st.integers(0, 60).map(lambda n: line[:n]))
    | st.sampled_from([line for _, line, _ in SHIPPED.values()]).flatmap(
        lambda line: st.integers(0, len(line)).map(lambda n: line[:n] + line[n + 1 :])
    )
)
def test_no_bytes_raise(line: bytes) -> None:
    for wrapper in WRAPPERS.values():
        wrapper.read(line)


@pytest.mark.parametrize(
    "line",
    [
        b"<190>1 2021-07-08T11:07:07Z web nginx 1 - " + b'[a="' * 200_000,
        b"<190>1 2021-07-08T11:07:07Z web nginx 1 - " + b"[a]" * 200_000,
        b"Jul  8 11:07:07 " + b"a:" * 400_000,
        b"Jul  8 11:07:07 " + b" " * 800_000,
        b"Jul  8 11:07:07 web a[" + b"1" * 800_000,
        b"2022-01-28T16:04:05Z stdout F" + b":" * 800_000,
    ],
    ids=["open value", "much data", "colons", "blanks", "open pid", "tags"],
)
def test_a_long_line_takes_no_longer_than_its_length(line: bytes) -> None:
    start = time.thread_time()
    for wrapper in WRAPPERS.values():
        wrapper.read(line)
    assert time.thread_time() - start < 1  # some ms; seconds and more where a pattern backtracks


WHOLE = [
    b"2022-01-28T16:04:05.413656027Z stdout F " + MESSAGE,
    b"2025-12-31T17:37:40.493035218+01:00 stderr F  F F  ",
    b"2022-01-28T16:04:05Z stdout F ",
]
NOT_WHOLE = [
    b"2022-01-28T16:04:05Z stdout P a part",
    b"2022-01-28T16:04:05Z stdout F:tag:2 x F y",
    b"2022-01-28T16:04:05Z stdout F",
    b"2022-01-28T16:04:05Z stdin F x",
    b"x 2022-01-28T16:04:05Z stdout F x",
    MESSAGE,
    b"",
]


@given(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=5), st.lists(st.sampled_from(NOT_WHOLE), max_size=1))
def test_lines_that_are_whole_are_read_at_once_as_they_are_one_by_one(whole: list[bytes], odd: list[bytes]) -> None:
    assert CRI.whole is not None
    texts = CRI.whole(pa.array([*whole, *odd], pa.binary()))
    if odd:
        assert texts is None
    else:
        pieces = [CRI.read(line) for line in whole]
        assert all(piece is not None and piece.ends for piece in pieces)
        assert texts.to_pylist() == [piece.text for piece in pieces if piece is not None]
