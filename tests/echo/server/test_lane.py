"""The fast lane: what it admits, and that it answers and logs as the slow way does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.lane import COMPILED_AFTER, MAX_SHAPES
from echo.request import Connection
from echo.settings import Settings
from tests.echo.server.lanes import Ways

CURL = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n"
BROWSER = (
    b'GET /shop?id=7 HTTP/1.1\r\nHost: shop.example\r\nConnection: keep-alive\r\nsec-ch-ua: "Chromium";v="156"\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept-Encoding: gzip, br\r\nCookie: session=secret\r\n"
    b"Accept-Language: en\r\n\r\n"
)
PROXIED = (
    b"GET /a/b;c HTTP/1.1\r\nhost: h.example\r\nx-forwarded-for: 203.0.113.7, 10.0.0.2\r\nX-Real-IP: 203.0.113.7\r\n"
    b"x-forwarded-for: 127.0.0.2\r\nx-request-id: r-1\r\nX-Request-Id: r-2\r\n"
    b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nauthorization: Basic dTpw\r\n\r\n"
)
BARE = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
ADMITTED = {
    "curl": CURL,
    "browser": BROWSER,
    "proxied": PROXIED,
    "bare": BARE,
    "bench": b"GET /bench HTTP/1.1\r\nHost: h\r\n\r\n",
    "api": b"GET /api?a=1&b=<2> HTTP/1.1\r\nHost: h\r\nX: a<b>&c\r\nAccept: x\r\n\r\n",
    "ip": b"GET /ip HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
    "status": b"GET /status/404 HTTP/1.1\r\nHost: h\r\n\r\n",
    "explain": b"GET /explain HTTP/1.1\r\nHost: h\r\n\r\n",
    "escapes in values": b'GET / HTTP/1.1\r\nHost: h\r\nX: a\\"b\\\r\nY: \\u0000"\r\n\r\n',
    "IPv6 host": b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
}
TURNED_AWAY = {
    "POST": BARE.replace(b"GET", b"POST"),
    "HTTP/1.0": BARE.replace(b"1.1", b"1.0"),
    "bare LF": BARE.replace(b"\r\n", b"\n"),
    "no Host": b"GET / HTTP/1.1\r\nAccept: x\r\n\r\n",
    "two Hosts": BARE.replace(b"\r\n\r\n", b"\r\nHost: h\r\n\r\n"),
    "a body": BARE.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
    "chunks": BARE.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "Expect": BARE.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
    "Upgrade": BARE.replace(b"\r\n\r\n", b"\r\nUpgrade: websocket\r\n\r\n"),
    "close": BARE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "Pragma": BARE.replace(b"\r\n\r\n", b"\r\nPragma: no-cache\r\n\r\n"),
    "fold": BARE.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"),
    "blank before the colon": BARE.replace(b"\r\n\r\n", b"\r\nX : a\r\n\r\n"),
    "no blank behind the colon": BARE.replace(b"\r\n\r\n", b"\r\nX:a\r\n\r\n"),
    "two blanks": BARE.replace(b"\r\n\r\n", b"\r\nX:  a\r\n\r\n"),
    "blank at the end": BARE.replace(b"\r\n\r\n", b"\r\nX: a \r\n\r\n"),
    "tab": BARE.replace(b"\r\n\r\n", b"\r\nX: a\tb\r\n\r\n"),
    "empty value": BARE.replace(b"\r\n\r\n", b"\r\nX: \r\n\r\n"),
    "control": BARE.replace(b"\r\n\r\n", b"\r\nX: a\0b\r\n\r\n"),
    "UTF-8": BARE.replace(b"\r\n\r\n", "\r\nX: é\r\n\r\n".encode()),
    "odd name": BARE.replace(b"\r\n\r\n", b"\r\nX.Y: a\r\n\r\n"),
    "host with %": BARE.replace(b"Host: h", b"Host: [fe80::1%25eth0]"),
    "host with /": BARE.replace(b"Host: h", b"Host: a/b"),
    "escaped path": BARE.replace(b"/x", b"/%61pi"),
    "double slash": BARE.replace(b"/x", b"/a//b"),
    "dot": BARE.replace(b"/x", b"/a/../b"),
    "absolute": BARE.replace(b"/x", b"http://h/x"),
    "wait": BARE.replace(b"/x", b"/?wait=1s"),
    "env": BARE.replace(b"/x", b"/?env=true"),
    "header": BARE.replace(b"/x", b"/ip?header=A:b"),
    "escaped query": BARE.replace(b"/x", b"/?%77ait=1s"),
    "data": BARE.replace(b"/x", b"/data?size=5"),
    "delay": BARE.replace(b"/x", b"/delay/1"),
    "sse": BARE.replace(b"/x", b"/sse"),
    "echo": BARE.replace(b"/x", b"/echo"),
    "not whole": BARE[:-1],
    "leading newline": b"\r\n" + BARE,
}
POLICIES = {
    "nobody is trusted": "",
    "loopback is trusted": '[trust]\nranges = ["loopback", "10.0.0.0/8"]\n',
    "a single header": '[trust]\nstrategy = "single-header:X-Real-IP"\nranges = ["loopback"]\n',
    "a chain": '[trust]\nstrategy = "chain(single-header:CF-Connecting-IP,remote-addr)"\n',
}
ENDS = {
    "loopback": Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000"),
    "public": Connection("c-2", "198.51.100.9", 1, "10.0.0.1", 80, b"198.51.100.9:1"),
    "IPv6": Connection("c-3", "2001:db8::1", 1, "2001:db8::2", 80, b"[2001:db8::1]:1", "TLSv1.3"),
    "proxied": Connection(
        "c-4", "10.0.0.2", 1, "10.0.0.1", 80, b"203.0.113.7:9", None, "203.0.113.7", 9, ("CN=client",)
    ),
    "UNIX": Connection("c-5", None, None, None, None, b"@"),
}


@pytest.mark.parametrize("toml", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_both_ways_answer_and_log_the_same(end, toml):
    """An admitted request has the same answer and the same record on either way, with and without an expression."""
    ways = Ways(toml, end)
    for name, data in ADMITTED.items():
        expected = ways.slow(data)
        assert expected is not None
        assert ways.fast(data) == expected, name
        assert ways.compiled(data) == expected, name


@pytest.mark.parametrize("name", ["me", 'a "quoted" <name>'])
def test_a_name_is_told_on_both_ways(name):
    """--name leads whoami's text and stands in its JSON."""
    ways = Ways(settings=Settings(name=name))
    for data in ADMITTED.values():
        assert ways.compiled(data) == ways.slow(data)
    assert b"Name: " + name.encode() in ways.fast(CURL).answer


@pytest.mark.parametrize("data", TURNED_AWAY.values(), ids=TURNED_AWAY)
def test_turned_away(data):
    """What is not simple is left to the slow way, whatever was seen on the connection before."""
    ways = Ways()
    assert ways.fast(data) is None
    ways.compiled(BARE)
    assert ways.fast(data) is None


def test_one_request_after_another():
    """Requests are taken where they begin; what follows is left alone."""
    ways = Ways()
    data = CURL + BARE + b"POST"
    first = ways.fast(data, 0, 1)
    second = ways.fast(data, first.end, 2)
    assert (first.end, second.end) == (len(CURL), len(BARE))
    assert second == ways.slow(BARE, 2)
    assert ways.fast(data, len(CURL) + len(BARE), 3) is None


def test_another_shape_on_the_same_connection():
    """A connection may change its shape at any time."""
    ways = Ways()
    for data in (CURL, BROWSER, CURL, BARE, PROXIED, BROWSER) * (COMPILED_AFTER + 1):
        assert ways.fast(data) == ways.slow(data)


def test_shapes_are_bounded():
    """However many names come, no more than MAX_SHAPES shapes are remembered, and all are answered."""
    ways = Ways()
    for number in range(MAX_SHAPES * 2 + 10):
        data = BARE.replace(b"\r\n\r\n", b"\r\nX-%d: a\r\n\r\n" % number)
        assert ways.fast(data) is not None
        assert len(ways.lane._shapes) <= MAX_SHAPES
    long = BARE.replace(b"\r\n\r\n", b"\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(100)) + b"\r\n")
    assert ways.fast(long) is None
    assert ways.fast(BARE.replace(b"\r\n\r\n", b"\r\n%b: a\r\n\r\n" % (b"x" * 2000))) is None


def test_what_closes_the_lane():
    """A login rule that may want a GET, --verbose, and a name that is no text close the lane."""
    assert Ways().lane.open
    assert Ways('[[login]]\npath = "/login"\n').lane.open
    assert not Ways('[[login]]\npath = "/login"\nmethod = ["GET", "POST"]\n').lane.open
    assert not Ways(settings=Settings(verbose=True)).lane.open
    assert Ways(settings=Settings(name="me")).lane.open
    assert not Ways(settings=Settings(name="\0")).lane.open


NAMES = st.sampled_from(
    ["Host", "host", "User-Agent", "Accept", "X-Forwarded-For", "x-real-ip", "Connection", "Cookie", "X-Request-Id"]
) | st.text("abcXYZ019-_", min_size=1, max_size=12)
VALUES = st.sampled_from(["keep-alive", "close", "1.2.3.4", "1.2.3.4, 10.0.0.1", "h", "h:80", "[::1]"]) | st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20
)
PATHS = st.sampled_from(["/", "/api", "/bench", "/ip", "/headers", "/health", "/status/200", "/x/"]) | st.text(
    "/abc.%;~", max_size=8
).map(lambda text: "/" + text)
QUERIES = st.just("") | st.text('?ab=&%;wait"', max_size=10).map(lambda text: "?" + text)


@given(PATHS, QUERIES, st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_whatever_is_admitted_is_answered_the_same(path, query, fields):
    """For any request, the fast lane turns it away or does as the slow way does."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in [("Host", "h.example"), *fields])
    data = f"GET {path}{query} HTTP/1.1\r\n{lines}\r\n".encode()
    ways = Ways('[trust]\nranges = ["loopback"]\n')
    for taken in (ways.fast(data), ways.compiled(data)):
        assert taken is None or taken == ways.slow(data)
