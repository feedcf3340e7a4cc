"""
The WebSocket of `/echo` against whoami v1.11.0 with gorilla/websocket 1.5.3.

What the tables expect was recorded from that program; 3,000 random streams of frames were compared with it as well.
"""

import random
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.request import Connection
from echo.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, EchoSocket, handshake
from echo.wire import parse_head

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")
LIMIT = 1 << 17
CONNECTION, UPGRADE = b"Connection: Upgrade", b"Upgrade: websocket"
VERSION, KEY = b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)

# --- the handshake ----------------------------------------------------------------------------------------------------


def shake(*fields: bytes, method: bytes = b"GET", version: bytes = b"1.1", early: bool = False):
    lines = b"".join(field + b"\r\n" for field in fields)
    head = b"%b /echo HTTP/%b\r\nHost: h\r\n%b\r\n" % (method, version, lines)
    return handshake(parse_head(head, WIRE, 1), early=early)


TAKEN = [
    (CONNECTION, UPGRADE, VERSION, KEY),
    (b"Connection: keep-alive, Upgrade", b"Upgrade: h2c, WebSocket", b"Sec-WebSocket-Version: 8, 13", KEY),
    (b"Connection: keep-alive", b"Connection: ,upgrade", b"Connection: UPGRADE", UPGRADE, VERSION, KEY),
    (b"Connection: close, upgrade,", UPGRADE, VERSION, KEY),
    (CONNECTION, UPGRADE, VERSION, KEY, b"Sec-WebSocket-Key: another"),
    (CONNECTION, UPGRADE, VERSION, KEY, b"Content-Length: 5"),
    (CONNECTION, UPGRADE, VERSION, KEY, b"Transfer-Encoding: chunked", b"Expect: 100-continue"),
    (CONNECTION, UPGRADE, VERSION, KEY, b"Origin: http://evil.example", b"Sec-WebSocket-Protocol: chat"),
    (CONNECTION, UPGRADE, VERSION, KEY, b"Sec-WebSocket-Extensions: permessage-deflate"),
]


@pytest.mark.parametrize("fields", TAKEN)
def test_a_handshake_that_is_taken(fields):
    answer = shake(*fields)
    assert (answer.status, answer.head, answer.error) == (101, HEAD, "")


@pytest.mark.parametrize("version", [b"1.0", b"1.2"])
def test_any_version_of_http_will_do(version):
    assert shake(CONNECTION, UPGRADE, VERSION, KEY, version=version).head == HEAD


def test_bits_left_over_in_the_key_are_nothing():
    answer = shake(CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZf==")
    assert answer.status == 101
    assert answer.head != HEAD


NOT = "websocket: the client is not using the websocket protocol: "
NO_UPGRADE = NOT + "'upgrade' token not found in 'Connection' header"
NO_WEBSOCKET = NOT + "'websocket' token not found in 'Upgrade' header"
NO_VERSION = "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header"
NO_KEY = (
    "websocket: not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length"
)
REFUSED = [
    ((), NO_UPGRADE),
    ((UPGRADE, VERSION, KEY), NO_UPGRADE),
    ((b"Connection: ,upgrade", UPGRADE, VERSION, KEY), NO_UPGRADE),
    ((b"Connection: keep-alive; x, upgrade", UPGRADE, VERSION, KEY), NO_UPGRADE),
    ((b"Connection: upgrade x", UPGRADE, VERSION, KEY), NO_UPGRADE),
    ((b'Connection: "upgrade"', UPGRADE, VERSION, KEY), NO_UPGRADE),
    ((b"Connection: upgrades", UPGRADE, VERSION, KEY), NO_UPGRADE),
    ((CONNECTION, VERSION, KEY), NO_WEBSOCKET),
    ((CONNECTION, b"Upgrade: websocket/13", VERSION, KEY), NO_WEBSOCKET),
    ((CONNECTION, UPGRADE, KEY), NO_VERSION),
    ((CONNECTION, UPGRADE, b"Sec-WebSocket-Version: 013", KEY), NO_VERSION),
    ((CONNECTION, UPGRADE, b"Sec-WebSocket-Version: 13.0", KEY), NO_VERSION),
    *(
        ((CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: " + key), NO_KEY)
        for key in (
            *(b"", b"abc", b"dGhlIHNhbXBsZSBub25jZQ", b"dGhlIHNhbXBsZSBub25jZQ=", b"dGhlIHNhbXBsZSBub25jZWE="),
            *(b"dGhlIHNhbXBsZSBub25jZ_==", b"dGhlIHNhbXBsZSBub25jZQ= =", b"dGhlIHNhbXBsZSBub25jZQ==AAAA"),
        )
    ),
    ((CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: x", KEY), NO_KEY),
]


@pytest.mark.parametrize(("fields", "error"), REFUSED)
def test_a_handshake_that_is_refused(fields, error):
    answer = shake(*fields)
    assert (answer.status, answer.head, answer.body, answer.error) == (400, b"", b"Bad Request\n", error)
    assert answer.headers == (
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Sec-Websocket-Version", b"13"),
        (b"X-Content-Type-Options", b"nosniff"),
    )


@pytest.mark.parametrize("method", [b"POST", b"HEAD", b"get"])
def test_only_get_upgrades(method):
    answer = shake(CONNECTION, UPGRADE, VERSION, KEY, method=method)
    assert (answer.status, answer.body) == (405, b"Method Not Allowed\n")
    assert answer.error == NOT + "request method is not GET"
    assert shake(VERSION, KEY, method=method).status == 400  # what is missing is told first


def test_who_speaks_before_the_101_gets_none():
    answer = shake(CONNECTION, UPGRADE, VERSION, KEY, early=True)
    assert (answer.status, answer.head, answer.body) == (0, b"", b"")
    assert answer.error == "websocket: client sent data before handshake is complete"
    assert shake(early=True).status == 400  # a body, perhaps


# --- frames -----------------------------------------------------------------------------------------------------------


def frame(kind: int, payload: bytes = b"", *, final: bool = True, key: bytes = b"\x01\x80\xfe\x37") -> bytes:
    """Return a frame as a client sends it."""
    size = len(payload)
    long = b"" if size < 126 else size.to_bytes(2 if size < 1 << 16 else 8, "big")
    second = 0x80 | (size if size < 126 else 126 if size < 1 << 16 else 127)
    masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    return bytes([final << 7 | kind, second]) + long + key + masked


def bare(kind: int, payload: bytes = b"") -> bytes:
    """Return a short frame as a server sends it."""
    return bytes([0x80 | kind, len(payload)]) + payload


def bye(code: int, words: bytes = b"") -> bytes:
    return code.to_bytes(2, "big") + words


def echo(stream: bytes, cut: int = 0) -> tuple[EchoSocket, bytes]:
    """Feed a stream, `cut` bytes at a time, or whole."""
    conversation = EchoSocket(LIMIT)
    pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)] if cut else [stream]
    return conversation, b"".join(map(conversation.feed, pieces))


TAIL = frame(TEXT, b"more")
ALIVE = bare(TEXT, b"more")
CONVERSATIONS = [
    (frame(TEXT, b"hi!"), bare(TEXT, b"hi!")),
    (frame(TEXT), bare(TEXT)),
    (frame(TEXT, b"\xff\xfe\xed\xa0\x80"), bare(TEXT, b"\xff\xfe\xed\xa0\x80")),
    (frame(BINARY, bytes(range(125))), bare(BINARY, bytes(range(125)))),
    (frame(BINARY, b"x" * 126), b"\x82\x7e\x00\x7e" + b"x" * 126),
    (frame(BINARY, b"x" * 65535), b"\x82\x7e\xff\xff" + b"x" * 65535),
    (frame(BINARY, b"x" * 65536), b"\x82\x7f\0\0\0\0\0\1\0\0" + b"x" * 65536),
    (b"\x82\xff" + bytes(7) + b"\x02\0\0\0\0no", bare(BINARY, b"no")),  # a length longer than it need be
    (frame(TEXT, b"a", final=False) + frame(0, b"b", final=False) + frame(0, b"c"), bare(TEXT, b"abc")),
    (frame(TEXT, b"a", final=False) + frame(PING, b"p") + frame(0, b"c"), bare(PONG, b"p") + bare(TEXT, b"ac")),
    (frame(BINARY, final=False) + frame(0, final=False) * 9 + frame(0), bare(BINARY)),
    (frame(TEXT, b"a", final=False) + frame(0, b"b") + frame(BINARY, b"c"), bare(TEXT, b"ab") + bare(BINARY, b"c")),
    (frame(PING), bare(PONG)),
    (frame(PING, b"\0" * 125), bare(PONG, b"\0" * 125)),
    (frame(PONG, b"unasked"), b""),
]


@pytest.mark.parametrize(("stream", "answer"), CONVERSATIONS)
@pytest.mark.parametrize("cut", [0, 1, 3, 1000])
def test_conversation(stream, answer, cut):
    conversation, got = echo(stream + TAIL, cut)
    assert got == answer + ALIVE
    assert (conversation.closed, conversation.error) == (False, "")


ENDS = [
    (frame(CLOSE), b"", ""),
    (frame(CLOSE, b"\x03"), b"", ""),
    (frame(CLOSE, bye(1000, b"bye")), bye(1000), ""),
    (frame(CLOSE, bye(1001)), bye(1001), ""),
    (frame(CLOSE, bye(1011, b"boom")), bye(1011), "websocket: close 1011 (internal server error)"),
    (frame(CLOSE, bye(1012)), bye(1012), "websocket: close 1012"),
    (frame(CLOSE, bye(4999)), bye(4999), "websocket: close 4999"),
    *(
        (frame(CLOSE, bye(code)), bye(1002, b"bad close code %d" % code), f"websocket: bad close code {code}")
        for code in (0, 999, 1004, 1005, 1006, 1014, 1015, 2999, 5000, 65535)
    ),
    *(
        (stream, bye(1002, words.encode()), "websocket: " + words)
        for stream, words in (
            (frame(CLOSE, bye(1000, b"\xff")), "invalid utf8 payload in close frame"),
            (bare(TEXT, b"hi"), "bad MASK"),
            (frame(CONTINUATION, b"x"), "continuation after FIN"),
            (frame(TEXT, final=False) + frame(TEXT), "data before FIN"),
            (frame(TEXT, final=False) + frame(BINARY, final=False), "data before FIN"),
            (frame(3), "bad opcode 3"),
            (frame(15, final=False), "bad opcode 15"),
            (frame(TEXT | 0x40), "RSV1 set"),
            (frame(PING | 0x30), "RSV2 set, RSV3 set"),
            (frame(PING, final=False), "FIN not set on control"),
            (frame(PONG, b"x" * 126), "len > 125 for control"),
            (frame(CLOSE, b"x" * 70000), "len > 125 for control"),
            (b"\x79\x7f", "RSV1 set, RSV2 set, RSV3 set, len > 125 for control, FIN not set on control, bad MASK"),
            (b"\x10\0", "RSV3 set, continuation after FIN, bad MASK"),
        )
    ),
    (frame(BINARY, b"x" * (LIMIT + 1)), bye(1009), "websocket: read limit exceeded"),
    (
        frame(BINARY, b"x" * LIMIT, final=False) + frame(0, final=False) + frame(0, b"x"),
        bye(1009),
        "websocket: read limit exceeded",
    ),
]


@pytest.mark.parametrize(("stream", "payload", "error"), ENDS)
@pytest.mark.parametrize("cut", [0, 1, 5000])
def test_end(stream, payload, error, cut):
    """Nothing that follows the end is read."""
    conversation, got = echo(stream + TAIL, cut)
    assert got == bare(CLOSE, payload)
    assert (conversation.closed, conversation.error, conversation.messages) == (True, error, 0)
    conversation.feed_eof()
    assert conversation.error == error


@pytest.mark.parametrize(
    "stream",
    [
        b"\x82\xff\x80" + bytes(7) + b"abcd",
        frame(BINARY, b"x", final=False) + b"\x80\xff\x7f" + b"\xff" * 7 + b"abcd",
    ],
)
def test_a_length_beyond_int64_ends_without_a_close_frame(stream):
    conversation, got = echo(stream + TAIL)
    assert (got, conversation.closed, conversation.error) == (b"", True, "websocket: read limit exceeded")


def test_a_message_as_long_as_the_limit_is_echoed_and_counted():
    half = b"x" * (LIMIT // 2)
    conversation, got = echo((frame(BINARY, half, final=False) + frame(0, half)) * 2 + frame(PING, b"not counted"))
    assert len(got) == 2 * (LIMIT + 10) + 13
    assert (conversation.messages, conversation.payload_bytes) == (2, 2 * LIMIT)


@pytest.mark.parametrize("stream", [b"", b"\x81", frame(TEXT, b"hello")[:-1], frame(TEXT, final=False)])
def test_an_end_without_a_close_frame(stream):
    conversation, got = echo(stream)
    conversation.feed_eof()
    assert got == b""
    assert conversation.closed
    assert conversation.error == "websocket: close 1006 (abnormal closure): unexpected EOF"


frames = st.builds(
    frame,
    st.sampled_from([TEXT, BINARY, CONTINUATION, CONTINUATION, PING, PONG, CLOSE, 3, TEXT | 0x40]),
    st.one_of(st.binary(max_size=130), st.sampled_from([bye(1000), bye(1005), b"x" * 70_000])),
    final=st.booleans(),
    key=st.binary(min_size=4, max_size=4),
)
streams = st.one_of(st.binary(max_size=300), st.lists(frames, max_size=12).map(b"".join))


@given(streams, st.lists(st.integers(0, 80_000), max_size=20))
def test_any_cutting_gives_the_same(stream, cuts):
    whole, expected = echo(stream)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    conversation = EchoSocket(LIMIT)
    got = b"".join(conversation.feed(stream[start:end]) for start, end in pairwise(places))
    assert got == expected
    for name in ("closed", "error", "messages", "payload_bytes"):
        assert getattr(conversation, name) == getattr(whole, name)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_anything_is_answered_with_bytes_and_not_with_more_than_came(pieces):
    conversation = EchoSocket(LIMIT)
    answers = [conversation.feed(piece) for piece in pieces]
    assert all(type(answer) is bytes for answer in answers)
    assert sum(map(len, answers)) <= sum(map(len, pieces)) + 130  # a close frame tells what was wrong


@given(st.binary(max_size=2000), st.binary(min_size=4, max_size=4))
def test_unmasking_is_what_the_mask_undoes(payload, key):
    assert echo(frame(BINARY, payload, key=key), 7)[1].endswith(payload)


FLOODS = {
    "empty fragments": frame(TEXT, final=False) + frame(CONTINUATION, final=False) * 100_000,
    "fragments of a byte": frame(TEXT, final=False) + frame(CONTINUATION, b"x", final=False) * 100_000,
    "pongs": frame(PONG, b"x" * 125) * 20_000,
    "a large frame that never ends": frame(BINARY, b"x" * LIMIT)[:-1],
    "messages": frame(TEXT, b"x" * 1000) * 2_000,
}


@pytest.mark.parametrize("stream", FLOODS.values(), ids=FLOODS)
def test_floods_are_held_in_bounded_memory(stream):
    conversation = EchoSocket(LIMIT)
    tracemalloc.start()
    try:
        for at in range(0, len(stream), 4096):
            conversation.feed(stream[at : at + 4096])
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not conversation.closed
    assert held < 2 * LIMIT  # a bytearray that grows holds some in advance
    assert peak < 4 * LIMIT


def test_a_long_message_in_small_pieces_costs_no_more_than_its_length():
    payload = random.Random(1).randbytes(LIMIT)
    conversation, got = echo(frame(BINARY, payload), 100)
    assert got[10:] == payload
    assert conversation.messages == 1
