"""
What the kernel kept of a connection's handshake: evidence that no header can forge.

Linux hands out the SYN as it arrived (TCP_SAVED_SYN, tcp(7)), IP header included, and measures the round trip while
the connection is made (TCP_INFO).

1. Each router takes one from the TTL, so the TTL that is left says how many there were, given what it began with: 64,
   128 or 255, whichever is the next above. A node's NAT is a router; a bridge is none.
2. A program that means to can begin with another TTL, but nobody can answer sooner than light: what claims to be next
   door must answer as fast as next door does (NEAR_US).
3. Another node's own connection meets one router, our node, and perhaps one between the nodes. A node that has shown
   itself with one is known to have none between: then two are one too many.
4. A bridge decrements nothing, not even where a node's NAT turns a packet around in it (br_netfilter). Then the
   link-layer address of the sender tells: this pod's own, its gateway's, or a neighbour's on the bridge.
5. A proxy ends the connection and begins another: then all this is about the proxy.
"""

import struct
from typing import NamedTuple

from echo.clientip.address import V4_PREFIX

INITIAL_TTLS = (64, 128, 255)  # Linux, BSD, macOS and Kubernetes' nodes; Windows; routers and Solaris
NEAR_US = 5_000  # a round trip within a cluster is below 2 ms; a busy machine may answer a little late
ETHERNET_HEADER, ETHERNET_TYPES = 14, (b"\x08\x00", b"\x86\xdd")
MIN_TCP_HEADER, MIN_V4_HEADER, V6_HEADER = 20, 20, 40
TCP = 6
_END, _NOP, _MSS = 0, 1, 2  # kinds of TCP options (RFC 9293 §3.2)
_RTT_AT = 68  # struct tcp_info, tcpi_rtt (linux/tcp.h)


# who sent the SYN's frame on the link
LINK_OWN, LINK_GATEWAY, LINK_NEIGHBOUR = "own", "gateway", "neighbour"


class Handshake(NamedTuple):
    """
    ttl     that was left when the SYN arrived; 0 if it is not known
    mss     that the SYN announced; 0 likewise
    rtt_us  round-trip time in microseconds; 0 likewise
    link    who sent its frame: LINK_OWN, LINK_GATEWAY, LINK_NEIGHBOUR; "" likewise
    """

    ttl: int = 0
    mss: int = 0
    rtt_us: int = 0
    link: str = ""

    @property
    def hops(self) -> int | None:
        """Return how many routers stood between, None if it is not known."""
        if not self.ttl:
            return None
        return next(initial for initial in INITIAL_TTLS if initial >= self.ttl) - self.ttl

    @property
    def is_quick(self) -> bool:
        """Return whether the answer came as soon as a neighbour's would."""
        return 0 < self.rtt_us <= NEAR_US


UNKNOWN = Handshake()


class Links(NamedTuple):
    """The link-layer addresses of our own interfaces, of our gateways, and of others on the link that we talked "
    "with.
    """

    own: frozenset[bytes] = frozenset()
    gateways: frozenset[bytes] = frozenset()
    neighbours: frozenset[bytes] = frozenset()

    def told(self, sender: bytes) -> str:
        """Return who a sender on the link is."""
        if not any(sender):  # loopback has none
            return ""
        if sender in self.own:
            return LINK_OWN
        if sender in self.gateways:
            return LINK_GATEWAY
        # a bridge may change its address (the lowest of its ports'), so that who is not known is not a neighbour yet
        return LINK_NEIGHBOUR if sender in self.neighbours else ""


class Frame(NamedTuple):
    """Who sent a SYN: the link-layer address, and the packed source address of the packet; b"" if not known."""

    sender: bytes = b""
    source: bytes = b""


def parse_handshake(syn: bytes, info: bytes) -> tuple[Handshake, Frame]:
    """
    Return what a saved SYN and a struct tcp_info say, zeros where nothing; and who sent its frame.

    syn    from its Ethernet or its IP header on
    info   a struct tcp_info
    """
    sender = b""
    if syn[ETHERNET_HEADER - 2 : ETHERNET_HEADER] in ETHERNET_TYPES and _is_ip(syn[ETHERNET_HEADER:]):
        sender = syn[6:12]
        syn = syn[ETHERNET_HEADER:]
    ttl, mss = _syn(syn)
    rtt = struct.unpack_from("=I", info, _RTT_AT)[0] if len(info) >= _RTT_AT + 4 else 0
    return Handshake(ttl, mss, rtt), Frame(sender, _source(syn) if sender else b"")


def _source(syn: bytes) -> bytes:
    """Return the source address of a packet, IPv4 mapped; b"" if it is cut short."""
    if syn[0] >> 4 == 4:
        return V4_PREFIX + syn[12:16] if len(syn) >= MIN_V4_HEADER else b""
    return syn[8:24] if len(syn) >= V6_HEADER else b""


def _is_ip(data: bytes) -> bool:
    return bool(data) and data[0] >> 4 in (4, 6)


def _syn(syn: bytes) -> tuple[int, int]:
    """Return (TTL, MSS)."""
    version = syn[0] >> 4 if syn else 0
    if version == 4 and len(syn) >= MIN_V4_HEADER and syn[9] == TCP:
        return syn[8], _mss(syn[(syn[0] & 0xF) * 4 :])
    if version == 6 and len(syn) >= V6_HEADER:  # extension headers before TCP are not looked through
        return syn[7], _mss(syn[V6_HEADER:]) if syn[6] == TCP else 0
    return 0, 0


def _mss(tcp: bytes) -> int:
    """Return the maximum segment size among the options of a TCP header."""
    if len(tcp) < MIN_TCP_HEADER:
        return 0
    options = tcp[MIN_TCP_HEADER : (tcp[12] >> 4) * 4]
    at = 0
    while at < len(options) and options[at] != _END:
        if options[at] == _NOP:
            at += 1
            continue
        length = options[at + 1] if at + 1 < len(options) else 0
        if length < 2:
            break
        if options[at] == _MSS and length == 4 and at + 4 <= len(options):
            return int.from_bytes(options[at + 2 : at + 4])
        at += length
    return 0
