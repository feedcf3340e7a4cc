"""What the kernel kept of a handshake: parsed from bytes, and read off real connections."""

import asyncio
import socket
import struct
import sys

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from echo.handshake import (
    LINK_GATEWAY,
    LINK_NEIGHBOUR,
    LINK_OWN,
    NEAR_US,
    UNKNOWN,
    Handshake,
    Links,
    parse_handshake,
)
from echo.kernel import FROM_ETHERNET, FROM_IP, REFRESH_SECONDS, RETRY_SECONDS, TCP_SAVE_SYN, Handshakes, save_syn

OWN, GATEWAY, POD, NOBODY = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02", b"\x02\0\0\0\0\x03", bytes(6)
LINKS = Links(frozenset([OWN]), frozenset([GATEWAY]))
INFO = bytes(68) + struct.pack("=I", 1234) + bytes(100)


def tcp(options: bytes = b"\x02\x04\x05\xb4") -> bytes:
    """Return a SYN's TCP header with options, whole words of them."""
    return struct.pack("!HHIIBBHHH", 40000, 80, 1, 0, (20 + len(options)) // 4 << 4, 2, 65535, 0, 0) + options


def v4(ttl: int, rest: bytes, words: int = 5) -> bytes:
    head = bytes([0x40 | words, 0]) + struct.pack("!HHHBBH", words * 4 + len(rest), 0, 0, ttl, 6, 0)
    return head + bytes(8 + (words - 5) * 4) + rest


def v6(ttl: int, rest: bytes, following: int = 6) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(rest), following, ttl) + bytes(32) + rest


def frame(sender: bytes, packet: bytes, kind: bytes = b"\x08\0") -> bytes:
    return bytes(6) + sender + kind + packet


@pytest.mark.parametrize(
    ("syn", "expected"),
    [
        (v4(61, tcp()), Handshake(61, 1460, 1234)),
        (v4(61, tcp(), words=15), Handshake(61, 1460, 1234)),
        (v4(127, tcp(b"\x01\x01\x04\x02\x02\x04\x05\x82")), Handshake(127, 1410, 1234)),
        (v6(64, tcp()), Handshake(64, 1460, 1234)),
        (v6(64, tcp(), following=0), Handshake(64, 0, 1234)),  # a hop-by-hop header stands before TCP
        (frame(OWN, v4(64, tcp())), Handshake(64, 1460, 1234, LINK_OWN)),
        (frame(GATEWAY, v4(62, tcp())), Handshake(62, 1460, 1234, LINK_GATEWAY)),
        (frame(POD, v4(64, tcp())), Handshake(64, 1460, 1234, LINK_NEIGHBOUR)),
        (frame(NOBODY, v4(64, tcp())), Handshake(64, 1460, 1234)),
        (frame(GATEWAY, v6(63, tcp()), b"\x86\xdd"), Handshake(63, 1460, 1234, LINK_GATEWAY)),
        # synthetic
        (b"", Handshake(0, 0, 1234)),
        (v4(61, tcp(b"\x02\x04\x05")), Handshake(61, 0, 1234)),
        (v4(61, tcp(b"\x05\x00\x02\x04")), Handshake(61, 0, 1234)),
        (v4(61, tcp(b"\x00\x02\x04\x05")), Handshake(61, 0, 1234)),
        (v4(61, b"short"), Handshake(61, 0, 1234)),
        (v4(61, tcp())[:15], Handshake(0, 0, 1234)),
        (b"\x75" + bytes(60), Handshake(0, 0, 1234)),
    ],
)
def test_parse(syn, expected):
    assert parse_handshake(syn, INFO, LINKS) == expected


def test_without_knowing_the_gateway_nobody_is_a_neighbour():
    assert parse_handshake(frame(POD, v4(64, tcp())), INFO, Links(frozenset([OWN]))).link == ""


def test_a_short_tcp_info_says_nothing_of_the_round_trip():
    assert parse_handshake(b"", INFO[:70]) == UNKNOWN


@pytest.mark.parametrize(
    ("ttl", "hops"), [(0, None), (1, 63), (61, 3), (64, 0), (65, 63), (128, 0), (127, 1), (129, 126), (255, 0)]
)
def test_hops(ttl, hops):
    """A TTL begins as 64, 128 or 255, whichever is the next above."""
    assert Handshake(ttl).hops == hops


@pytest.mark.parametrize(("rtt_us", "quick"), [(0, False), (1, True), (NEAR_US, True), (NEAR_US + 1, False)])
def test_quick(rtt_us, quick):
    assert Handshake(64, 0, rtt_us).is_quick is quick


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes(syn, info):
    handshake = parse_handshake(syn, info, LINKS)
    assert 0 <= handshake.ttl <= 255
    assert 0 <= handshake.mss <= 65535


# --- off real connections ---------------------------------------------------------------------------------------------

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux keeps SYNs; others do not")


@linux
@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "127.0.0.1")]
)
@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_connection_of_this_machine(family, host, loop):
    """No router stands between, the answer comes at once, and loopback has no link-layer addresses."""
    read = []

    class Reader(asyncio.Protocol):
        def connection_made(self, transport):
            handshakes = Handshakes()
            read.extend([handshakes.of(transport), handshakes.of(transport)])
            transport.close()

    async def once():
        with socket.create_server(("", 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as listener:
            save_syn(listener)
            server = await asyncio.get_running_loop().create_server(Reader, sock=listener)
            reader, writer = await asyncio.open_connection(host, listener.getsockname()[1])
            await reader.read()
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(once())
    first, second = read
    assert (first.hops, first.link) == (0, "")
    assert first.mss > 0
    assert first.is_quick
    assert second.hops is None  # the kernel gives a SYN away once


def test_a_unix_socket_has_no_handshake():
    left, right = socket.socketpair()

    class Transport:
        def get_extra_info(self, name):
            return {"socket": left}[name]

    with left, right:
        assert Handshakes().of(Transport()) == UNKNOWN


@linux
def test_the_kernel_is_asked_to_keep_the_ethernet_header_too_where_it_can():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        save_syn(listener)
        assert listener.getsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN) in (FROM_ETHERNET, FROM_IP)
    left, right = socket.socketpair()
    with left, right:
        save_syn(left)  # no TCP: nothing happens


def test_the_gateways_link_layer_address_is_read_again_after_a_while(monkeypatch):
    """A gateway is known by its neighbour's entry; it may come late, and it may change."""
    now, entries = [0.0], []
    monkeypatch.setattr("echo.netlink.neighbours", lambda: entries)
    monkeypatch.setattr("echo.netlink.card_addresses", lambda: {OWN})
    gateway = bytes(10) + b"\xff\xff" + bytes([10, 0, 0, 1])
    handshakes = Handshakes(frozenset([gateway]), clock=lambda: now[0])
    assert handshakes._fresh_links() == Links(frozenset([OWN]), frozenset())
    entries += [(bytes([10, 0, 0, 1]), GATEWAY), (bytes([10, 0, 0, 9]), POD)]
    assert handshakes._fresh_links().gateways == frozenset()
    now[0] = RETRY_SECONDS  # soon, while there is none
    assert handshakes._fresh_links().gateways == frozenset([GATEWAY])
    entries[0] = (bytes([10, 0, 0, 1]), POD)
    now[0] += REFRESH_SECONDS / 2
    assert handshakes._fresh_links().gateways == frozenset([GATEWAY])
    now[0] += REFRESH_SECONDS
    assert handshakes._fresh_links().gateways == frozenset([POD])
