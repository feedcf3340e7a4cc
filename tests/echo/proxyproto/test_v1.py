"""The line of version 1 (proxy-protocol.txt §2.1)."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echo.proxyproto import Command, Family, Header, ProxyError, Transport
from echo.proxyproto.v1 import MAX_BYTES, parse_line

LONGEST = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

# line -> source, its port, destination, its port
LINES = {
    # realistic
    "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443": ("192.168.0.1", 56324, "192.168.0.11", 443),
    "PROXY TCP6 2001:db8:20::7 2001:db8:10::1 51234 443": ("2001:db8:20::7", 51234, "2001:db8:10::1", 443),
    # synthetic
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535": ("255.255.255.255", 65535, "255.255.255.255", 65535),
    f"PROXY TCP6 {LONGEST} {LONGEST} 65535 65535": (LONGEST, 65535, LONGEST, 65535),
    "PROXY TCP6 2001:DB8:0:0:0:0:0:a 2001:0db8::000A 1 2": ("2001:db8::a", 1, "2001:db8::a", 2),
    "PROXY TCP6 ::ffff:c000:201 ::1 80 443": ("192.0.2.1", 80, "::1", 443),
    "PROXY TCP4 0.0.0.0 127.0.0.1 0 0": ("0.0.0.0", 0, "127.0.0.1", 0),
    "PROXY TCP6 :: ::1 0 0": ("::", 0, "::1", 0),
}

UNKNOWN = [
    b"PROXY UNKNOWN",
    f"PROXY UNKNOWN {LONGEST} {LONGEST} 65535 65535".encode(),
    b"PROXY UNKNOWN TCP4 203.0.113.7 192.0.2.2 56324 443",
    b"PROXY UNKNOWN    ",
    b"PROXY UNKNOWN \x00\xff",
]

GOOD = "PROXY TCP4 192.0.2.1 192.0.2.2 123 443"
# a part of the good line -> what no line has in its place
SPOILT = {
    "PROXY ": ("", "PROXY", "PROXY  ", "PROXY\t", " PROXY ", "proxy ", "PROXYX "),
    "TCP4 ": ("", "TCP4", "TCP4  ", "tcp4 ", "TCP ", "UDP4 ", "TCP6 ", "UNKNOWNX ", "unknown "),
    "192.0.2.1 ": ("", " ", "unknown ", "192.0.2 ", "192.0.2.256 ", "192.0.02.1 ", "0xc0.0.2.1 ", "[192.0.2.1] "),
    "192.0.2.2": ("", "192.0.2.02", "192.0.2.2:443", "2001:db8::2", "192.0.2.2 192.0.2.3", "192.0.2.2\0", "١.0.2.2"),
    "TCP4 192.0.2.1 192.0.2.2": ("TCP4 ::1 ::2", "TCP6 ::1 192.0.2.2", "TCP6 1::2::3 ::1", "TCP6 fe80::1%eth0 ::1"),
    " 123": ("", " ", " 0123", " 00", " 65536", " +123", " -1", " 0x7b", " 1_2", " 12.3", " " + "1" * 100_000),
    " 443": ("", " ", " 443 ", " 443 x", " 443\n", " 443\r", " 0443", " 65536", " https", " ٤"),
}

# line -> what is wrong, and where
FAULTS = {
    "PROXY SOMETHING": ("no line of version 1", 0, "PROXY SOMETHING"),
    "PROXY " + "x" * 100: ("no line of version 1", 0, "PROXY " + "x" * 74),
    "PROXY TCP4 1.2.3 192.0.2.2 123 443": ("no TCP4 address", 11, "1.2.3"),
    "PROXY TCP6 ::1 192.0.2.2 123 443": ("no TCP6 address", 15, "192.0.2.2"),
    "PROXY TCP4 192.0.2.1 192.0.2.2 123 70000": ("no port", 35, "70000"),
}


@pytest.mark.parametrize(("line", "ends"), LINES.items())
def test_line(line, ends):
    header = parse_line(line.encode())
    assert (str(header.source), header.source_port, str(header.destination), header.destination_port) == ends
    assert (header.version, header.command, header.transport) == (1, Command.PROXY, Transport.STREAM)
    assert header.family is (Family.INET if " TCP4 " in line else Family.INET6)
    assert header.size == len(line + "\r\n")


@pytest.mark.parametrize("line", UNKNOWN)
def test_unknown_is_the_senders_own_connection_whatever_follows(line):
    assert parse_line(line) == Header(1, len(line) + 2, Command.PROXY, Family.UNSPEC, Transport.UNSPEC)


@pytest.mark.parametrize(
    ("part", "other"),
    [(part, other) for part, others in SPOILT.items() for other in others],
    ids=lambda text: text[:30],
)
def test_no_line(part, other):
    assert parse_line(GOOD.encode()).source_port == 123
    with pytest.raises(ProxyError):
        parse_line(GOOD.replace(part, other).encode())


@pytest.mark.parametrize(("line", "fault"), FAULTS.items())
def test_the_error_says_what_and_where(line, fault):
    what, position, shown = fault
    with pytest.raises(ProxyError) as caught:
        parse_line(line.encode())
    assert str(caught.value) == f"PROXY header: {what} at byte {position}: '{shown}'"
    assert caught.value.position == position


def test_the_longest_line_fills_the_limit():
    assert parse_line(UNKNOWN[1]).size == MAX_BYTES == 107


# --- properties: the standard library's ipaddress is the oracle -------------------------------------------------------

ADDRESSES = {"TCP4": ipaddress.IPv4Address, "TCP6": ipaddress.IPv6Address}

ports = st.integers(0, 65535)
lines = st.one_of(
    st.builds("PROXY TCP4 {} {} {} {}".format, st.ip_addresses(v=4), st.ip_addresses(v=4), ports, ports),
    st.builds("PROXY TCP6 {} {} {} {}".format, st.ip_addresses(v=6), st.ip_addresses(v=6), ports, ports),
)


def specified(line):
    """Return the addresses and ports of a line, None if it is none."""
    try:
        start, word, source, destination, *numbers = line.split(" ")
        ends = [ADDRESSES[word](text).packed for text in (source, destination)]
        found = [int(text) for text in numbers]
    except (ValueError, KeyError):
        return None
    canonical = list(map(str, found)) == numbers and all(port in range(65536) for port in found)
    return (*ends, *found) if start == "PROXY" and len(found) == 2 and canonical else None


@given(lines, st.integers(0, 120), st.sampled_from(["", *"0123456789abcdefF.: \t+x"]))
@example("PROXY TCP6 1:2:3:4:5:6:7::8 ::1 1 2", 120, "")
def test_a_line_and_the_same_with_one_character_changed(line, place, other):
    for text in (line, line[:place] + other + line[place + 1 :]):
        try:
            header = parse_line(text.encode())
        except ProxyError:
            assert specified(text) is None
        else:
            width = 4 if header.family is Family.INET else 16
            ends = (header.source.packed[-width:], header.destination.packed[-width:])
            assert (*ends, header.source_port, header.destination_port) == specified(text)


@given(st.binary(max_size=120), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ::1 "]))
def test_any_bytes_are_a_line_or_an_error_fit_for_a_log(data, start):
    complaint = ""
    try:
        assert parse_line(start + data).size == len(start + data) + 2
    except ProxyError as error:
        complaint = str(error)
    assert complaint.isprintable()
    assert len(complaint) < 60 + 4 * ProxyError.MAX_QUOTED
