"""What the kernel kept of a handshake: parsed from bytes, and read off real connections."""

import asyncio
import socket
import struct
import sys
from typing import ClassVar

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import parse_address
from echo.explain.topology import Interface, Surroundings
from echo.handshake import (
    LINK_GATEWAY,
    LINK_NEIGHBOUR,
    LINK_OWN,
    NEAR_US,
    UNKNOWN,
    Frame,
    Handshake,
    Links,
    parse_handshake,
)
from echo.kernel import FROM_ETHERNET, FROM_IP, REFRESH_SECONDS, RETRY_SECONDS, TCP_SAVE_SYN, Handshakes, save_syn

OWN, GATEWAY, POD, NOBODY = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02", b"\x02\0\0\0\0\x03", bytes(6)
LINKS = Links(frozenset([OWN]), frozenset([GATEWAY]), frozenset([POD]))
STRANGER = b"\x02\0\0\0\0\x04"
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
    ("syn", "expected", "sender"),
    [
        (v4(61, tcp()), Handshake(61, 1460, 1234), b""),
        (v4(61, tcp(), words=15), Handshake(61, 1460, 1234), b""),
        (v4(127, tcp(b"\x01\x01\x04\x02\x02\x04\x05\x82")), Handshake(127, 1410, 1234), b""),
        (v6(64, tcp()), Handshake(64, 1460, 1234), b""),
        (v6(64, tcp(), following=0), Handshake(64, 0, 1234), b""),  # a hop-by-hop header stands before TCP
        (frame(POD, v4(64, tcp())), Handshake(64, 1460, 1234), POD),
        (frame(GATEWAY, v6(63, tcp()), b"\x86\xdd"), Handshake(63, 1460, 1234), GATEWAY),
        # synthetic
        (b"", Handshake(0, 0, 1234), b""),
        (v4(61, tcp(b"\x02\x04\x05")), Handshake(61, 0, 1234), b""),
        (v4(61, tcp(b"\x05\x00\x02\x04")), Handshake(61, 0, 1234), b""),
        (v4(61, tcp(b"\x00\x02\x04\x05")), Handshake(61, 0, 1234), b""),
        (v4(61, b"short"), Handshake(61, 0, 1234), b""),
        (v4(61, tcp())[:15], Handshake(0, 0, 1234), b""),
        (b"\x75" + bytes(60), Handshake(0, 0, 1234), b""),
    ],
)
def test_parse(syn, expected, sender):
    handshake, frame = parse_handshake(syn, INFO)
    assert (handshake, frame.sender) == (expected, sender)


@pytest.mark.parametrize(
    ("sender", "told"), [(OWN, LINK_OWN), (GATEWAY, LINK_GATEWAY), (POD, LINK_NEIGHBOUR), (STRANGER, ""), (NOBODY, "")]
)
def test_who_sent_a_frame(sender, told):
    """Who is not known is no neighbour: a bridge may have changed its address."""
    assert LINKS.told(sender) == told


@pytest.mark.parametrize("syn", [frame(POD, v4(63, tcp())), frame(POD, v6(63, tcp()), b"\x86\xdd")])
def test_the_packets_own_source(syn):
    source = parse_handshake(syn, INFO)[1].source
    assert source == (bytes(10) + b"\xff\xff" + bytes(4) if syn[12] == 8 else bytes(16))


def test_a_short_tcp_info_says_nothing_of_the_round_trip():
    assert parse_handshake(b"", INFO[:70]) == (UNKNOWN, Frame())


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
    handshake, found = parse_handshake(syn, info)
    assert len(found.sender) in (0, 6)
    assert len(found.source) in (0, 16)
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


@pytest.fixture
def link(monkeypatch):
    """A pod's card, a gateway and a neighbour that the kernel knows, or will know."""

    class Link:
        now = 0.0
        entries: ClassVar[list[tuple[bytes, bytes]]] = []

    Link.entries = []
    monkeypatch.setattr("echo.netlink.neighbours", lambda: Link.entries)
    monkeypatch.setattr("echo.netlink.card_addresses", lambda: {OWN})
    pod = Interface("eth0", parse_address("10.0.0.5"), 26)
    around = Surroundings("pod", (), (), (pod,), (("eth0", parse_address("10.0.0.1")),))
    handshakes = Handshakes(around, clock=lambda: Link.now)
    Link.told = lambda sender, hops, source="203.0.113.7": handshakes.link(
        Frame(sender, parse_address(source).packed), hops
    )
    return Link


def test_the_gateway_is_known_soon_after_it_is_answered(link):
    """It has no entry until something is sent to it."""
    told = link.told
    assert (told(GATEWAY, 0), told(OWN, 0)) == ("", LINK_OWN)
    link.entries += [(bytes([10, 0, 0, 1]), GATEWAY), (bytes([10, 0, 0, 9]), POD)]
    assert told(GATEWAY, 0) == ""
    link.now = RETRY_SECONDS
    assert [told(sender, 0) for sender in (GATEWAY, POD, OWN, STRANGER)] == [LINK_GATEWAY, LINK_NEIGHBOUR, LINK_OWN, ""]


def test_a_gateway_that_changed_its_address_is_known_by_what_it_routed(link):
    """A bridge takes the lowest address of its ports: a new pod may change it, and the kernel's entry stays."""
    link.entries += [(bytes([10, 0, 0, 1]), GATEWAY), (bytes([10, 0, 0, 9]), POD)]
    told = link.told
    link.now = 1.0
    assert told(GATEWAY, 0) == LINK_GATEWAY
    assert told(STRANGER, 0) == ""
    assert told(STRANGER, 2) == LINK_GATEWAY  # a router had passed it: who sent it is one
    assert told(STRANGER, 0) == LINK_GATEWAY
    assert told(POD, 2) == LINK_NEIGHBOUR  # but a neighbour that pretends to be one stays a neighbour
    spoken = bytes([2, 0, 0, 0, 2, 0])
    assert told(spoken, 2, "10.0.0.9") == ""  # of our own subnet: a neighbour that forwards, or sets its own TTL
    assert told(spoken, 0) == ""
    for number in range(20):
        told(bytes([2, 0, 0, 0, 1, number]), 1)
    assert told(STRANGER, 0) == ""  # of few that were remembered it was the oldest


def test_entries_are_read_again_after_a_while(link):
    link.entries += [(bytes([10, 0, 0, 1]), GATEWAY)]
    told = link.told
    link.now = 1.0
    assert told(GATEWAY, 0) == LINK_GATEWAY
    link.entries[0] = (bytes([10, 0, 0, 1]), POD)
    assert told(GATEWAY, 0) == LINK_GATEWAY
    link.now += REFRESH_SECONDS
    assert (told(GATEWAY, 0), told(POD, 0)) == ("", LINK_GATEWAY)


def test_without_a_gateway_nobody_is_known():
    assert Handshakes().link(Frame(OWN, b""), 0) == ""
