"""
The SYNs that arrive in a pod, read from its wire: how many routers each passed, and from whose MAC address it came.

It is what whofrom's findings rest on where an address alone cannot tell a node's own request from one that the node
hides, read here by other means than the server's (TCP_SAVED_SYN).
"""

import socket
import struct
from typing import NamedTuple

from tests.lab import namespaces

_ETH_P_IP = 0x0800
_FIRST_TTL = 64  # what Linux sends with
_SYN, _ACK = 0x02, 0x10
_TCP = 6


class Syn(NamedTuple):
    """Who sent it, through how many routers, and the MAC address that its frame came from."""

    peer: str
    port: int
    hops: int
    mac: str


class Syns:
    """Context manager: reads the SYNs that arrive at a pod's port 80 while it is open."""

    def __init__(self, place: str) -> None:
        with namespaces.inside(place):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        self._socket.setblocking(False)

    def __enter__(self) -> "Syns":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read(self) -> list[Syn]:
        """Those that have arrived since the last reading."""
        found: list[Syn] = []
        while True:
            try:
                packet, address = self._socket.recvfrom(2048)
            except BlockingIOError:
                return found
            if address[2] == socket.PACKET_OUTGOING or address[0] != "eth0":
                continue
            head = (packet[0] & 15) * 4
            if packet[9] != _TCP:
                continue
            source, target = struct.unpack_from("!HH", packet, head)
            if target == 80 and packet[head + 13] & (_SYN | _ACK) == _SYN:
                found.append(Syn(socket.inet_ntoa(packet[12:16]), source, _FIRST_TTL - packet[8], address[4].hex(":")))
