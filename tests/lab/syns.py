"""
The handshakes that arrive in a pod, read from its wire: how many routers a SYN passed, from whose MAC address it came.

It is what whofrom's findings rest on where an address alone cannot tell a node's own request from one that the node
hides, read here by other means than the server's (TCP_SAVED_SYN, TCP_INFO).
"""

import socket
import struct
from dataclasses import dataclass

from tests.lab import namespaces

_ETH_P_IP = 0x0800
_FIRST_TTL = 64  # what Linux sends with
_SYN, _ACK = 0x02, 0x10
_TCP = 6
_SO_TIMESTAMPNS = 35  # not in Python's socket: asm-generic/socket.h
_TIMESPEC = struct.Struct("@qq")


@dataclass(slots=True)
class Syn:
    """Who sent it, through how many routers, from which MAC address, and how many seconds later the answer came."""

    peer: str
    port: int
    hops: int
    mac: str
    at: float
    seconds: float | None = None


class Syns:
    """Context manager: reads the handshakes at a pod's port 80 while it is open."""

    def __init__(self, place: str) -> None:
        with namespaces.inside(place):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setblocking(False)
        self._seen: dict[tuple[str, int], Syn] = {}

    def __enter__(self) -> "Syns":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def of(self, peer: str, port: int) -> Syn | None:
        """The SYN of a connection, None if none came."""
        self._read()
        return self._seen.get((peer, port))

    def _read(self) -> None:
        while True:
            try:
                packet, ancillary, _, address = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            if address[2] == socket.PACKET_OUTGOING or address[0] != "eth0" or packet[9] != _TCP:
                continue
            head = (packet[0] & 15) * 4
            source, target = struct.unpack_from("!HH", packet, head)
            if target != 80:
                continue
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            at = seconds + nanoseconds / 1e9
            peer, flags = (socket.inet_ntoa(packet[12:16]), source), packet[head + 13]
            if flags & (_SYN | _ACK) == _SYN:
                self._seen[peer] = Syn(*peer, _FIRST_TTL - packet[8], address[4].hex(":"), at)
            elif peer in self._seen and self._seen[peer].seconds is None:
                self._seen[peer].seconds = at - self._seen[peer].at
