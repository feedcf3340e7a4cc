"""The incremental reader: whatever the pieces, the same header, and never a byte too many."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.proxyproto import NOT_PROXY, Command, Header, NeedMore, ProxyError, Reader, v1, v2

REQUEST = b"GET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n"
LINE = b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
BINARY = SIGNATURE + bytes.fromhex("2111 000c cb007107 c0000202 dc04 01bb")
LOCAL = SIGNATURE + bytes.fromhex("2000 0000")
LONGEST_LINE = b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n"
LONGEST_BINARY = SIGNATURE + bytes.fromhex("2100 0ff0 04 0fed") + bytes(4077)
# header -> version, command, size, source
HEADERS = {
    LINE: (1, Command.PROXY, 47, "192.168.0.1"),
    b"PROXY UNKNOWN\r\n": (1, Command.PROXY, 15, "None"),
    LONGEST_LINE: (1, Command.PROXY, 107, "None"),
    BINARY: (2, Command.PROXY, 28, "203.0.113.7"),
    LOCAL: (2, Command.LOCAL, 16, "None"),
    LONGEST_BINARY: (2, Command.PROXY, 4096, "None"),
}

# first bytes -> how many are wanted at least
WANTED = {
    b"": 12,
    b"P": 5,
    b"PROXY ": 1,
    LINE[:-2]: 1,
    LINE[:-1]: 1,
    b"\r\n": 10,
    SIGNATURE: 4,
    BINARY[:16]: 12,
    BINARY[:-1]: 1,
    LONGEST_BINARY[:16]: 4080,
}
NOT_HEADERS = [
    # realistic
    REQUEST,
    b"\r\n\r\n" + REQUEST,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    # synthetic
    b"proxy TCP4",
    b"PROXY\tTCP4",
    b"PROXYTCP4",
    SIGNATURE[:-1] + b"\x0b",
    # pathological
    b"G" * 1_000_000,
]
REFUSED = {
    b"PROXY TCP4 nonsense\r\n": "no line of version 1 at byte 0",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 123 443\n" + REQUEST: "no line of version 1 at byte 0",
    b"PROXY " + b"x" * 101: "no CRLF in 107 bytes at byte 107",
    b"PROXY UNKNOWN " + b"f" * 92 + b"\r\n": "no CRLF in 107 bytes at byte 107",
    b"PROXY " * 1_000_000: "no CRLF in 107 bytes at byte 107",
    SIGNATURE + bytes.fromhex("1111 000c"): "version 1, not 2 at byte 12",
    SIGNATURE + bytes.fromhex("2111 0ff1"): "4097 bytes, more than 4096 at byte 14",
    SIGNATURE + bytes.fromhex("2111 ffff"): "65551 bytes, more than 4096 at byte 14",
    SIGNATURE + bytes.fromhex("2211 0000"): "unknown command 2 at byte 12",
}


def outcome(pieces):
    """Return what a reader makes of the pieces and what is left over; the error's words where there is one."""
    reader, result, pieces = Reader(), NeedMore(0), list(pieces)
    while pieces and isinstance(result, NeedMore):
        try:
            result = reader.feed(pieces.pop(0))
        except ProxyError as error:
            return str(error)
    return result, reader.rest + b"".join(pieces)


@pytest.mark.parametrize(("header", "read"), HEADERS.items(), ids=lambda value: repr(value)[:30])
def test_a_header_and_what_comes_behind_it(header, read):
    result, rest = outcome([header + REQUEST])
    assert (result.version, result.command, result.size, str(result.source)) == read
    assert (result.size, rest) == (len(header), REQUEST)


@pytest.mark.parametrize(("data", "wanted"), WANTED.items(), ids=lambda value: repr(value)[:30])
def test_as_many_bytes_are_asked_for_as_the_shortest_header_still_needs(data, wanted):
    assert Reader().feed(data) == NeedMore(wanted)


@pytest.mark.parametrize("data", NOT_HEADERS, ids=lambda data: repr(data[:30]))
def test_what_begins_as_no_header_is_left_untouched(data):
    assert outcome([data]) == (NOT_PROXY, data)


@pytest.mark.parametrize(("data", "complaint"), REFUSED.items(), ids=lambda value: repr(value)[:50])
def test_what_begins_as_a_header_and_goes_on_as_none_is_refused(data, complaint):
    assert outcome([data]).startswith(f"PROXY header: {complaint}")


def test_begun():
    reader = Reader()
    for data, begun in ((b"", False), (b"P", True), (b"", True)):
        reader.feed(data)
        assert reader.begun is begun


# --- properties -------------------------------------------------------------------------------------------------------

CASES = [*(header + REQUEST for header in HEADERS), *NOT_HEADERS[:-1], *REFUSED]
starts = st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00", BINARY[:-4]])
streams = st.sampled_from(CASES) | st.builds(bytes.__add__, starts, st.binary(max_size=120))


@given(streams, st.lists(st.integers(0, 200), max_size=6).map(sorted))
def test_the_answer_is_the_same_wherever_the_bytes_are_cut(data, cuts):
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole = outcome([data])
    if isinstance(whole[0], NeedMore):
        assert isinstance(outcome(pieces)[0], NeedMore)
    else:
        assert outcome(pieces) == whole


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: repr(header[:30]))
def test_whoever_reads_only_what_is_wanted_stops_where_the_header_ends(header):
    reader, stream, result = Reader(), io.BytesIO(header + REQUEST), NeedMore(1)
    while isinstance(result, NeedMore):
        assert result.wanted > 0
        result = reader.feed(stream.read(result.wanted))
    assert (reader.rest, stream.read()) == (b"", REQUEST)


@given(streams)
def test_no_more_is_held_than_the_longest_header(data):
    reader = Reader()
    limit = v1.MAX_BYTES if data.startswith(b"P") else v2.MAX_BYTES
    with contextlib.suppress(ProxyError):
        for count, byte in enumerate(data, 1):
            result = reader.feed(bytes([byte]))
            if not isinstance(result, NeedMore):
                break
            assert count + result.wanted <= limit


@given(streams)
def test_any_bytes_are_a_header_or_none_or_not_yet_or_the_documented_error(data):
    result = outcome([data])
    if isinstance(result, str):
        assert result.startswith("PROXY header: ")
        assert result.isprintable()
    elif isinstance(result[0], Header):
        assert result[0].size + len(result[1]) == len(data)
    else:
        assert result == (NOT_PROXY, data) or isinstance(result[0], NeedMore)
