"""Other programs on the same bytes: what they did when they were run; a few rows are from their sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.proxyproto import Header, ProxyError, Reader
from echo.proxyproto.receivers import PYTHON, RECEIVERS, Reading, receive

BY_LINE = {**RECEIVERS, "python": PYTHON["proxy-v1"]}
BY_HEADER = {**RECEIVERS, "python": PYTHON["proxy-v2"]}
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
ALL = "proxy-protocol nginx haproxy apache envoy go-proxyproto caddy traefik python"
LONGEST = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
V4 = "c0000201 c0000202 007b 162e"
V6 = "20010db8" + "00" * 11 + "01 20010db8" + "00" * 11 + "02 007b 162e"
UNIX = b"abc".ljust(216, b"\0").hex()

# line, the client or "own", who takes it so, who drops it
LINES = [
    # realistic
    ("PROXY TCP4 192.0.2.1 192.0.2.2 123 5678", "192.0.2.1", ALL, ""),
    ("PROXY TCP6 ::1 ::2 10 20", "::1", ALL, ""),
    ("PROXY UNKNOWN", "own", "proxy-protocol nginx haproxy envoy caddy python", "apache"),
    ("PROXY UNKNOWN 1 2 3 4 5 6", "own", "apache envoy go-proxyproto caddy python", "haproxy"),
    ("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 123 5678", "192.0.2.1", "proxy-protocol traefik", ""),
    ("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 123 5678", "::ffff:192.0.2.1", "apache", ""),
    ("PROXY TCP6 2001:Db8::1 2001:Db8::2 123 5678", "2001:db8::1", "nginx envoy caddy traefik python", ""),
    ("PROXY TCP6 2001:Db8::1 2001:Db8::2 123 5678", "2001:Db8::1", "apache", ""),
    # synthetic, in the addresses
    ("PROXY TCP4 255.255.255.255 1.1.1.1 1 1", "255.255.255.255", "haproxy apache go-proxyproto traefik python", ""),
    ("PROXY TCP4 255.255.255.255 1.1.1.1 1 1", "own", "nginx", ""),
    (f"PROXY TCP6 {LONGEST} {LONGEST} 65535 65535", LONGEST, "nginx go-proxyproto caddy traefik python", "envoy"),
    ("PROXY TCP4 224.0.0.1 192.0.2.2 123 5678", "224.0.0.1", "go-proxyproto caddy", "envoy"),
    ("PROXY TCP4 192.0.02.1 192.0.2.2 123 5678", "192.0.2.1", "nginx haproxy", "go-proxyproto caddy python"),
    ("PROXY TCP4 2001:db8::1 2001:db8::2 123 5678", "2001:db8::1", "nginx", "haproxy traefik python"),
    ("PROXY TCP6 192.0.2.1 192.0.2.2 123 5678", "192.0.2.1", "nginx traefik", "haproxy envoy python"),
    ("PROXY TCP6 fe80::1%eth0 fe80::2 80 443", "fe80::1", "traefik", "haproxy go-proxyproto"),
    ("PROXY TCP4 invalid invalid 65533 65533", "", "", ALL),
    # synthetic, in the ports
    ("PROXY TCP4 192.0.2.1 192.0.2.2 0123 5678", "192.0.2.1", "nginx traefik", "go-proxyproto caddy"),
    ("PROXY TCP4 1.2.3.4 5.6.7.8 +80 443", "1.2.3.4", "apache envoy", "caddy"),
    ("PROXY TCP4 1.2.3.4 5.6.7.8 65536 443", "1.2.3.4", "apache", "nginx envoy go-proxyproto caddy traefik python"),
    ("PROXY TCP4 1.2.3.4 5.6.7.8  443", "1.2.3.4", "haproxy", "go-proxyproto traefik python"),
    ("PROXY TCP4 1.2.3.4 5.6.7.8 -1 -1", "", "", "nginx haproxy envoy go-proxyproto"),
    # synthetic, in the line
    ("PROXY TCP4  1.2.3.4 5.6.7.8 1 2", "1.2.3.4", "apache", "nginx haproxy envoy go-proxyproto traefik python"),
    ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 extra", "1.2.3.4", "traefik", "nginx go-proxyproto caddy"),
    ("PROXYjunk TCP4 1.2.3.4 5.6.7.8 80 443", "", "", "haproxy apache envoy caddy"),
    (f"PROXY UNKNOWN {LONGEST} {LONGEST} 65535 65535 ", "own", "apache envoy python", "proxy-protocol haproxy"),
    ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\nHost: h", "", "", "proxy-protocol caddy traefik"),
    ("", "own", "caddy", "proxy-protocol nginx apache"),
]
# two bytes and the block of a header of version 2, and the same
HEADERS = [
    # realistic
    ("2111" + V4, "192.0.2.1", ALL, ""),
    ("2121" + V6, "2001:db8::1", ALL, ""),
    ("2000", "own", ALL, ""),
    ("2111" + V4 + "0407fd" + "00" * 2045, "192.0.2.1", "envoy go-proxyproto caddy traefik python", "nginx apache"),
    # synthetic, in command, family, transport
    ("2100", "own", "nginx", "haproxy apache envoy caddy"),
    ("2112" + V4, "192.0.2.1", "go-proxyproto python", ""),
    ("2112" + V4, "own", "nginx", ""),
    ("2122" + V6, "2001:db8::1", "envoy go-proxyproto traefik python", "haproxy"),
    ("2131" + UNIX, "abc", "proxy-protocol", "apache traefik"),
    ("2131" + UNIX, "own", "nginx", ""),
    ("2141 01020304", "own", "nginx python", "haproxy envoy go-proxyproto caddy traefik"),
    ("2113" + V4, "", "", "envoy traefik"),
    ("2211" + V4, "own", "nginx", "proxy-protocol haproxy envoy caddy traefik python"),
    ("3111" + V4, "", "", "apache envoy go-proxyproto caddy python"),
    # synthetic, in the block
    ("2111 c0000201 c0000202", "", "", "proxy-protocol nginx haproxy apache"),
    ("2111" + V4 + "02000a 31323334", "192.0.2.1", "go-proxyproto caddy traefik python", "envoy"),
    ("2111" + V4 + "030004 00000000", "192.0.2.1", "nginx apache go-proxyproto traefik", "haproxy python"),
    ("2111" + V4 + "030003 616263", "192.0.2.1", "nginx apache envoy caddy", "proxy-protocol haproxy"),
    ("2000 030004 00000000", "own", "nginx haproxy traefik", ""),
]


def told(receiver, data):
    """Return the client that a receiver takes from the bytes, "own" or "dropped"."""
    try:
        reading = receive(receiver, data + REQUEST)
    except ProxyError:
        return "dropped"
    assert reading.size == len(data)
    return reading.client or reading.path or "own"


def spelled(text):
    start, block = bytes.fromhex(text[:4]), bytes.fromhex(text[4:])
    return SIGNATURE + start + len(block).to_bytes(2) + block


@pytest.mark.parametrize(("line", "client", "takers", "droppers"), LINES)
def test_line(line, client, takers, droppers):
    data = line.encode() + b"\r\n" if line else b""
    assert {name: told(BY_LINE[name], data) for name in takers.split()} == dict.fromkeys(takers.split(), client)
    assert {told(BY_LINE[name], data) for name in droppers.split()} <= {"dropped"}


@pytest.mark.parametrize(("text", "client", "takers", "droppers"), HEADERS, ids=lambda text: text[:40])
def test_header(text, client, takers, droppers):
    data = spelled(text)
    assert {name: told(BY_HEADER[name], data) for name in takers.split()} == dict.fromkeys(takers.split(), client)
    assert {told(BY_HEADER[name], data) for name in droppers.split()} <= {"dropped"}


# --- properties -------------------------------------------------------------------------------------------------------

starts = [b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ::1 ", b"PROXY UNKNOWN", SIGNATURE, SIGNATURE + b"\x21\x11\0"]
streams = st.builds(bytes.__add__, st.sampled_from(starts), st.binary(max_size=80).map(lambda data: data + b"\r\n"))


@given(st.ip_addresses(network="203.0.113.0/24"), st.integers(1, 65535))
def test_an_ordinary_client_is_the_same_to_everyone(client, port):
    line = f"PROXY TCP4 {client} 192.0.2.2 {port} 443\r\n".encode()
    assert {receive(one, line) for one in BY_LINE.values()} == {Reading(str(client), port, size=len(line))}
    header = spelled(f"2111 {client.packed.hex()} c0000202 {port:04x} 01bb")
    assert {receive(one, header) for one in BY_HEADER.values()} == {Reading(str(client), port, size=28)}


@given(streams)
def test_the_standard_is_what_our_reader_reads(data):
    reader = Reader()
    try:
        header = reader.feed(data)
    except ProxyError:
        header = None
    expected = (str(header.source), header.size) if isinstance(header, Header) else "dropped"
    try:
        reading = receive(RECEIVERS["proxy-protocol"], data)
        found = (str(reading.client), reading.size)
    except ProxyError:
        found = "dropped"
    assert found == expected


@given(streams, st.sampled_from([*RECEIVERS.values(), *PYTHON.values()]))
def test_any_bytes_are_read_or_refused_with_the_documented_error(data, receiver):
    try:
        size = receive(receiver, data).size
    except ProxyError:
        size = 0
    assert size <= len(data)


@pytest.mark.parametrize("address", ["00000000", "ffffffff", "e0000001"])
@pytest.mark.parametrize("place", ["source", "destination"])
def test_envoy_drops_addresses_of_version_2_that_are_not_unicast(address, place):
    """Envoy 1.40 did, of 4,676 headers."""
    other = "cb007107"
    addresses = address + other if place == "source" else other + address
    data = bytes.fromhex(f"0d0a0d0a000d0a515549540a 2111 000c {addresses} dc04 01bb")
    with pytest.raises(ProxyError):
        receive(RECEIVERS["envoy"], data)
    assert receive(RECEIVERS["haproxy"], data).port == 0xDC04
