"""nginx's and Apache's lines as they occur: each is a row with the right fields, or a reject with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.clientip import parse_hop
from echo.record import header_text
from echo.record.combined import Unread, scan, zone_shift
from pipeline.sources.combined import parse

TIME = "[17/May/2015:10:05:03 +0000]"


def one(line: str | bytes) -> dict[str, Any]:
    """The fields that are not null of the one row that line makes."""
    parsed = parse([line.encode() if isinstance(line, str) else line])
    assert parsed.rejects == []
    row = parsed.batch.to_pylist()[0]
    return {name: value for name, value in row.items() if value is not None and value != []}


def test_a_documented_line() -> None:
    row = one(f'83.149.9.216 - frank {TIME} "GET /a?b=1 HTTP/1.1" 200 203023 "http://example.com/" "Mozilla/5.0"')
    assert row == {
        "ts": datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC),
        "peer_ip": "83.149.9.216",
        "user": "frank",
        "method": "GET",
        "target": "/a?b=1",
        "protocol": "HTTP/1.1",
        "user_agent": "Mozilla/5.0",
        "headers": [("referer", ["http://example.com/"])],
        "status": 200,
        "response_bytes": 203023,
    }


REALISTIC = {
    "common, no referer": (f'1.2.3.4 - - {TIME} "GET / HTTP/1.0" 304 -', {"status": 304, "response_bytes": 0}),
    "zone ahead of UTC": (
        '1.2.3.4 - - [22/Jan/2019:03:56:14 +0330] "GET / HTTP/1.1" 200 5',
        {"ts": datetime(2019, 1, 22, 0, 26, 14, tzinfo=UTC)},
    ),
    "IPv6 peer": (f'2001:db8::7 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x"', {"peer_ip": "2001:db8::7"}),
    "host name for a peer": (
        f'crawler.example.com - - {TIME} "GET / HTTP/1.1" 200 5',
        {"peer_ip": "crawler.example.com"},
    ),
    "nginx main: X-Forwarded-For behind": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "203.0.113.7, 10.0.0.2"',
        {"headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.2"])]},
    ),
    "a client's garbage in front of the hops": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "x, 203.0.113.7"',
        {"headers": [("x-forwarded-for", ["x, 203.0.113.7"])]},
    ),
    "X-Forwarded-For and other fields behind": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "203.0.113.7" 0.005 "10.0.0.9:80"',
        {"headers": [("x-forwarded-for", ["203.0.113.7"])], "user_agent": "x"},
    ),
    "X-Forwarded-For, the next field joined to it": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "203.0.113.7"10.0.0.9:80 0.005',
        {"headers": [("x-forwarded-for", ["203.0.113.7"])]},
    ),
    "X-Forwarded-For by its name": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" X-Forwarded-For="203.0.113.7,10.0.0.2"',
        {"headers": [("x-forwarded-for", ["203.0.113.7,10.0.0.2"])]},
    ),
    "a list behind another field has no name": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" 0.005 "203.0.113.7, 10.0.0.2"',
        {"headers": None, "user_agent": "x"},
    ),
    "IPv6 hops with ports": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "[2001:db8::7]:443, unknown"',
        {"headers": [("x-forwarded-for", ["[2001:db8::7]:443, unknown"])]},
    ),
    "nginx's gzip_ratio is no hop": (f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "3.20"', {"headers": None}),
    "nor is a time": (f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "10:05:03"', {"headers": None}),
    "a second's fraction": (
        '1.2.3.4 - - [17/May/2015:10:05:03.2507 +0000] "GET / HTTP/1.1" 200 5',
        {"ts": datetime(2015, 5, 17, 10, 5, 3, 250_700, tzinfo=UTC)},
    ),
    "leap second": (
        '1.2.3.4 - - [31/Dec/2016:23:59:60 +0000] "GET / HTTP/1.1" 200 5',
        {"ts": datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)},
    ),
    "CONNECT": (f'1.2.3.4 - - {TIME} "CONNECT example.com:443 HTTP/1.1" 400 5', {"target": "example.com:443"}),
    "words that are no request": (
        f"1.2.3.4 - - {TIME} \"145.ll|'|'| Win 7\" 400 5",
        {"method": None, "target": "145.ll|'|'| Win 7", "error": "the request line is not HTTP"},
    ),
    "another quoted field behind": (
        f'10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "www.example.com"',
        {"user_agent": "x"},
    ),
    "ingress-nginx's fields behind": (
        f'172.18.0.1 - - {TIME} "GET / HTTP/1.1" 200 13 "-" "curl/7.68.0" 80 0.000 [a-80] [] 10.0.0.9:80 13 0.0 200 c9',
        {"user_agent": "curl/7.68.0", "status": 200},
    ),
    "Apache combinedio": (f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" 120 400', {"user_agent": "x"}),
    "Apache vhost_combined": (
        f'www.example.com:80 1.2.3.4 - - {TIME} "GET /solr HTTP/1.1" 500 803 "-" "x"',
        {"host": "www.example.com:80", "peer_ip": "1.2.3.4"},
    ),
    "Apache to itself": (
        f'127.0.1.1:80 ::1 - - {TIME} "OPTIONS * HTTP/1.0" 200 126 "-" "Apache/2.4 (internal dummy connection)"',
        {"host": "127.0.1.1:80", "peer_ip": "::1", "target": "*"},
    ),
    "Apache vhost_common": (
        f'www.example.com 1.2.3.4 - frank {TIME} "GET / HTTP/1.1" 200 5',
        {"host": "www.example.com", "peer_ip": "1.2.3.4", "user": "frank"},
    ),
    "Apache vhost_combined, a user with blanks": (
        f'www.example.com:80 1.2.3.4 - john doe {TIME} "GET / HTTP/1.1" 401 5',
        {"host": "www.example.com:80", "peer_ip": "1.2.3.4", "user": "john doe"},
    ),
    "BunkerWeb: a request's id before the user": (
        f'www.example.com 1.2.3.4 - 95386da81aa13b6ab3ce9c989e1e470e - {TIME} "GET / HTTP/1.1" 200 5 "-" "x"',
        {"host": "www.example.com", "peer_ip": "1.2.3.4", "user": None},
    ),
    "a virtual host of several names": (
        f'a.example,b.example 1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5',
        {"host": "a.example,b.example", "peer_ip": "1.2.3.4", "headers": None},
    ),
    "no user, no dash": (f'192.168.1.1 {TIME} "GET / HTTP/1.1" 200 5 "-" "x"', {"peer_ip": "192.168.1.1"}),
    "the peer is a UNIX socket": (f'unix: - - {TIME} "GET / HTTP/1.1" 200 5', {"peer_ip": "unix:"}),
    "fields between bytes and referer": (
        f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5 3413 0.1 "http://r/" "x" y',
        {"user_agent": "x", "headers": [("referer", ["http://r/"])], "response_bytes": 5},
    ),
    "fields behind common": (
        f'1.2.3.4 - - {TIME} "GET / HTTP/2" 301 1907 4113 465 https TLSv1.2 dark "beer"',
        {"status": 301, "response_bytes": 1907, "user_agent": None},
    ),
    "fields behind vhost_common": (
        f'www.example.com:80 1.2.3.4 - - {TIME} "GET / HTTP/2" 301 1907 4113 465 https',
        {"host": "www.example.com:80", "peer_ip": "1.2.3.4", "response_bytes": 1907},
    ),
    "HAProxy's httplog clf": (
        f'1.2.3.4 - - {TIME} "GET /a HTTP/1.1" 503 212 "" "" 38306 139 "in" "be" "<NOSRV>" 7 -1 -1 -1 7 SC-- 1 1 0 0 0',
        {"peer_ip": "1.2.3.4", "target": "/a", "status": 503, "user_agent": None},
    ),
    "a target that is none, with a protocol": (
        f'1.2.3.4 - - {TIME} "GET login.cgi HTTP/1.0" 400 5',
        {"method": "GET", "target": "login.cgi", "protocol": "HTTP/1.0", "error": None},
    ),
    "no method, with a protocol": (
        f'1.2.3.4 - - {TIME} "- - HTTP/1.0" 400 5',
        {"method": None, "target": "- - HTTP/1.0", "error": "the request line is not HTTP"},
    ),
    "a bare line feed, as Apache writes it": (
        f'1.2.3.4 - - {TIME} "HEAD / HTTP/1.0\\n" 400 0 "-" "-"',
        {"method": "HEAD", "target": "/", "protocol": "HTTP/1.0"},
    ),
    "escaped quotes in the agent": (
        f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "a \\"b\\" c"',
        {"user_agent": 'a \\"b\\" c'},
    ),
    "user with blanks": (
        f'1.2.3.4 - john doe {TIME} "GET / HTTP/1.1" 200 5',
        {"user": "john doe", "peer_ip": "1.2.3.4"},
    ),
    "a user that begins with a blank": (
        f'1.2.3.4 -  \\xFF [x] {TIME} "GET / HTTP/1.1" 401 5',
        {"user": " \\xFF [x]", "peer_ip": "1.2.3.4"},
    ),
    "a blank for a user": (f'2001:db8::9 -   {TIME} "GET / HTTP/1.1" 401 5', {"user": " ", "peer_ip": "2001:db8::9"}),
    "user missing": (f'192.168.1.1 - {TIME} "GET / HTTP/1.1" 200 5', {"peer_ip": "192.168.1.1"}),
    "HTTP/0.9": (f'1.2.3.4 - - {TIME} "GET /x" 200 5', {"method": "GET", "target": "/x"}),
    "TLS hello on the plain port": (
        f'1.2.3.4 - - {TIME} "\\x16\\x03\\x01" 400 157 "-" "-"',
        {"target": "\\x16\\x03\\x01", "status": 400, "error": "the request line is not HTTP"},
    ),
    "empty request": (f'1.2.3.4 - - {TIME} "-" 408 0 "-" "-"', {"status": 408}),
    "blanks in the target": (
        f'1.2.3.4 - - {TIME} "GET /a b HTTP/1.1" 404 5',
        {"target": "/a b", "protocol": "HTTP/1.1"},
    ),
    "agent cut short": (
        f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 235 "-" "Mozilla/5.0 (comp',
        {"user_agent": "Mozilla/5.0 (comp"},
    ),
    "a pair of quotes around the line": (f'"1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x""', {"user_agent": "x"}),
    "a quote astray in the request": (f'1.2.3.4 - - {TIME} "GET" /path HTTP/1.0" 200 5 "-" "x"', {"target": "/path"}),
    "bytes that are no UTF-8": (
        b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /caf\xe9 HTTP/1.1" 200 5',
        {"target": "/caf\\xe9"},
    ),
}


@pytest.mark.parametrize("name", REALISTIC)
def test_lines_from_real_logs(name: str) -> None:
    line, expected = REALISTIC[name]
    row = one(line)
    assert {key: row.get(key) for key in expected} == expected


# what stands in front of the time, up to the user -> (host, peer, X-Forwarded-For)
IN_FRONT = {
    "203.0.113.7, 10.0.0.2 - -": (None, None, "203.0.113.7, 10.0.0.2"),
    "203.0.113.7,unknown,[2001:db8::7]:4 - -": (None, None, "203.0.113.7,unknown,[2001:db8::7]:4"),
    "unknown, 203.0.113.7 - -": (None, None, "unknown, 203.0.113.7"),
    "a b c, 203.0.113.7 - jane": (None, None, "a b c, 203.0.113.7"),
    "www.example.com 203.0.113.7, 10.0.0.2 - -": ("www.example.com", None, "203.0.113.7, 10.0.0.2"),
    "www.example.com 203.0.113.7,10.0.0.2 - -": ("www.example.com", None, "203.0.113.7,10.0.0.2"),
    '"203.0.113.7, 10.0.0.2" 10.0.0.1 - -': (None, "10.0.0.1", "203.0.113.7, 10.0.0.2"),
    '"203.0.113.7" 10.0.0.1 - john doe': (None, "10.0.0.1", "203.0.113.7"),
    '"-" 10.0.0.1 - -': (None, "10.0.0.1", None),
    'www.example.com:80 "203.0.113.7, 10.0.0.2" 10.0.0.1 - -': (
        "www.example.com:80",
        "10.0.0.1",
        "203.0.113.7, 10.0.0.2",
    ),
    '"203.0.113.7" - -': (None, None, "203.0.113.7"),
    # a client's words stay in the header
    '"6.6.6.6 - x" 10.0.0.1 - -': (None, "10.0.0.1", "6.6.6.6 - x"),
    '"a 6.6.6.6 - x" 10.0.0.1 - -': (None, "10.0.0.1", "a 6.6.6.6 - x"),
    # where its end and the peer cannot be told apart, there is none
    "203.0.113.7, 10.0.0.2 10.0.0.1 - -": (None, None, "203.0.113.7, 10.0.0.2 10.0.0.1"),
}


@pytest.mark.parametrize("front", IN_FRONT)
def test_a_header_in_front_is_no_peer(front: str) -> None:
    line = f'{front} {TIME} "GET / HTTP/1.1" 200 5 "-" "x"'
    row = one(line)
    told = (row.get("host"), row.get("peer_ip"), *(dict(row.get("headers", [])).get("x-forwarded-for") or [None]))
    assert told == IN_FRONT[front]
    read = scan(line)
    assert (read.host or None, read.peer or None, read.forwarded or None) == told


@pytest.mark.parametrize(
    "line",
    [
        # a Host, logged raw in front of the peer
        f'a 6.6.6.6 - x 203.0.113.7 - - {TIME} "GET / HTTP/1.1" 400 5',
        # a target of Envoy's: what stands behind its quotes is no peer
        f'[2016-04-15T20:17:00.310Z] "GET /" 200 - x {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "6.6.6.6"',
    ],
)
def test_whose_words_are_whose_is_not_guessed(line: str) -> None:
    assert parse([line.encode()]).batch.num_rows == 0


REFUSED = {
    "": "empty line",
    "junk": "no [day/month/year:time zone] in it",
    f"1.2.3.4 - - {TIME}": "no quoted request after the time",
    f'1.2.3.4 - - {TIME} "GET /': "no status and size after the request",
    '1.2.3.4 - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5': "the time is no date from 1970 to 9999",
    '1.2.3.4 - - [17/May/2015:25:05:03 +0000] "GET / HTTP/1.1" 200 5': "the time is no date from 1970 to 9999",
    '1.2.3.4 - - [17/Foo/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5': "the time is no date from 1970 to 9999",
    '1.2.3.4 - - [17/May/2015:10:05:03 +9900] "GET / HTTP/1.1" 200 5': "the time is no date from 1970 to 9999",
    "a\0b": "binary: holds a NUL byte",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_says_why(line: str) -> None:
    assert parse([line.encode()]).rejects == [(0, REFUSED[line])]


def test_rows_know_the_line_they_came_from() -> None:
    good = f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5'.encode()
    parsed = parse([b"", good, b"junk", good])
    assert sorted(parsed.lines.to_pylist()) == [1, 3]
    assert sorted(index for index, _ in parsed.rejects) == [0, 2]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from([line.encode() if isinstance(line, str) else line for line, _ in REALISTIC.values()]),
        max_size=8,
    )
)
def test_every_line_is_a_row_or_a_reject(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    parsed = parse(lines)
    assert sorted([*parsed.lines.to_pylist(), *(index for index, _ in parsed.rejects)]) == list(range(len(lines)))


def test_size_too_long_for_a_number_is_unknown_not_a_crash() -> None:
    assert "response_bytes" not in one(f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 {"9" * 40}')


def test_zones() -> None:
    assert zone_shift("+0330") == timedelta(hours=3, minutes=30)
    assert zone_shift("-0800") == timedelta(hours=-8)
    assert zone_shift("+1500") is None
    assert zone_shift("+0060") is None


@pytest.mark.parametrize(
    ("stamp", "rows"),
    [
        ("31/Dec/1969:23:59:59 +0000", 0),
        ("01/Jan/1970:00:00:00 +0000", 1),
        ("31/Dec/9998:23:59:59 +0000", 1),
        ("01/Jan/9999:00:00:00 +0000", 0),
    ],
)
def test_the_first_and_the_last_time_there_is(stamp: str, rows: int) -> None:
    assert parse([f'1.2.3.4 - - [{stamp}] "GET / HTTP/1.1" 200 5'.encode()]).batch.num_rows == rows


# --- the reader of one line says the same -----------------------------------------------------------------------------

LINES = [
    line if isinstance(line, bytes) else line.encode() for line in (*(line for line, _ in REALISTIC.values()), *REFUSED)
]


def by_batch(line: bytes) -> tuple[Any, ...] | None:
    """What the batch parser makes of a line, None if it refuses."""
    row = next(iter(parse([line]).batch.to_pylist()), None)
    if row is None:
        return None
    headers = dict(row["headers"] or [])
    texts = (row[name] or "" for name in ("host", "peer_ip", "user", "method", "target", "protocol", "user_agent"))
    told = (headers.get(name, [""])[0] for name in ("referer", "x-forwarded-for"))
    return (row["ts"].timestamp(), row["status"], *texts, *told)


def by_line(line: bytes) -> tuple[Any, ...] | None:
    try:
        read = scan(header_text(line))
    except Unread:
        return None
    target = read.target if read.method else read.request
    return (
        read.time, read.status, read.host, read.peer, read.user, read.method, target, read.protocol, read.agent,
        read.referer, read.forwarded,
    )  # fmt: skip


def without_agent(read: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*read[:8], read[-1])


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_one_line_is_read_as_in_a_batch(line: bytes) -> None:
    assert by_line(line) == by_batch(line)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(LINES), st.data())
def test_one_damaged_line_is_read_as_in_a_batch(line: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line)))
        put = data.draw(
            st.sampled_from([b"", b'"', b" ", b"\\", b"-", b"[", b"]", b"1", b"a", b", ", b'" "', b"\t", b"\xe9"])
        )
        line = line[:at] + put + line[at + data.draw(st.integers(0, 3)) :]
    batch, alone = by_batch(line), by_line(line)
    # alone, a little more is read: lists in front, quotes astray in any form, a user agent cut within an escape
    if batch is not None and parse_hop(batch[3]):
        assert alone is not None
        assert without_agent(alone) == without_agent(batch)
