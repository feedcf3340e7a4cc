"""What Linux tells of a connection beside its addresses; elsewhere, and of a UNIX socket, nothing."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable

from echo import netlink
from echo.clientip import Address
from echo.clientip.address import V4_PREFIX
from echo.explain.topology import NOWHERE, Surroundings, same_block
from echo.handshake import LINK_GATEWAY, UNKNOWN, Frame, Handshake, Links, parse_handshake

TCP_SAVE_SYN, TCP_SAVED_SYN = 27, 28  # linux/tcp.h, since 4.3; Python has no names for them
FROM_ETHERNET, FROM_IP = 2, 1  # where what is saved begins; the former since 5.10
MAX_SYN_BYTES = 256  # Ethernet, IP and TCP header with all options are 134
INFO_BYTES = 256  # of struct tcp_info; newer kernels append
REFRESH_SECONDS = 5.0  # how old the gateways' link-layer addresses may be
RETRY_SECONDS = 0.05  # how soon they are asked for again where a sender is none of those known
MAX_ROUTERS = 8  # a gateway's own, and those it had before; a neighbour that sends what others routed is no more
ADDRESS_BYTES = 16
_TCP_INFO = getattr(socket, "TCP_INFO", 11)


def save_syn(listener: socket.socket) -> None:
    """Have the kernel keep the SYN of each connection that a listener accepts, until it is read."""
    for begin in (FROM_ETHERNET, FROM_IP):
        with contextlib.suppress(OSError):  # an older kernel, another system, another protocol
            listener.setsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN, begin)
            return


class Handshakes:
    """Reads what is known of connections' handshakes."""

    def __init__(self, around: Surroundings = NOWHERE, clock: Callable[[], float] = time.monotonic) -> None:
        self._around = around
        self._gateways = {address.packed for _, address in around.gateways}
        self._clock = clock
        self._links = Links()
        self._routers: dict[bytes, None] = {}  # senders of packets that a router has passed: our gateway's addresses
        self._read_at = -REFRESH_SECONDS * 2

    def of(self, transport: asyncio.BaseTransport) -> Handshake:
        """Return what is known of a connection's handshake. The kernel forgets the SYN then: read it once."""
        sock = transport.get_extra_info("socket")
        if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return UNKNOWN
        syn = info = b""
        with contextlib.suppress(OSError):
            syn = sock.getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, MAX_SYN_BYTES)
        with contextlib.suppress(OSError):
            info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, INFO_BYTES)
        handshake, frame = parse_handshake(syn, info)
        return handshake._replace(link=self.link(frame, handshake.hops)) if any(frame.sender) else handshake

    def link(self, frame: Frame, hops: int | None) -> str:
        """Return who sent a frame; `hops` routers had passed what is in it."""
        sender = frame.sender
        if not self._gateways:
            return ""
        if hops and not self._is_near(frame.source):  # a neighbour may pretend, or forward
            self._routers.pop(sender, None)
            self._routers[sender] = None
            if len(self._routers) > MAX_ROUTERS:
                del self._routers[next(iter(self._routers))]
        now = self._clock()
        told = self._told(sender)
        # a gateway or a neighbour that nothing was sent to so far has no entry; the answer to this connection makes one
        if now - self._read_at >= (REFRESH_SECONDS if told else RETRY_SECONDS):
            self._read_at = now
            self._links = self._read()
            told = self._told(sender)
        return told

    def _told(self, sender: bytes) -> str:
        return self._links.told(sender) or (LINK_GATEWAY if sender in self._routers else "")

    def _is_near(self, source: bytes) -> bool:
        """Return whether an address is of our own subnet: then no router need have sent it."""
        return any(same_block(one.address, Address(source), one.prefix) for one in self._around.interfaces)

    def _read(self) -> Links:
        gateways: set[bytes] = set()
        others: set[bytes] = set()
        for packed, link in netlink.neighbours():
            (gateways if (V4_PREFIX + packed)[-ADDRESS_BYTES:] in self._gateways else others).add(link)
        return Links(frozenset(netlink.card_addresses()), frozenset(gateways), frozenset(others - gateways))
