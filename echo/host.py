"""
The machine we run on: its name and the addresses of its interfaces, as whoami prints them.

1. Addresses come from the kernel by one netlink dump, by index, IPv4 before IPv6; none where netlink is missing.
2. whoami asks the kernel on each request; here the answer is at most REFRESH_SECONDS old.
"""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from echo.clientip import Address
from echo.clientip.address import V4_PREFIX

REFRESH_SECONDS = 1.0  # how old the host name and the interface list may be

_RTM_GETADDR, _RTM_NEWADDR, _NLMSG_DONE, _NLMSG_ERROR = 22, 20, 3, 2
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_IFA_ADDRESS, _IFA_LOCAL = 1, 2


@dataclass(slots=True)
class Host:
    """The machine we run on: its name and addresses, read again when they are older than REFRESH_SECONDS."""

    clock: Callable[[], float] = time.monotonic
    hostname: str = ""
    ips: tuple[str, ...] = ()
    _read_at: float = -REFRESH_SECONDS * 2
    _lines: bytes = b""

    def lines(self) -> bytes:
        """Return the Hostname and IP lines."""
        self.refresh()
        return self._lines

    def refresh(self) -> None:
        """Read name and addresses again if it is time."""
        now = self.clock()
        if now - self._read_at < REFRESH_SECONDS:
            return
        self._read_at = now
        self.hostname = socket.gethostname()
        self.ips = interface_addresses()
        lines = [f"Hostname: {self.hostname}\n", *(f"IP: {ip}\n" for ip in self.ips)]
        self._lines = "".join(lines).encode("utf-8", "surrogateescape")


def interface_addresses() -> tuple[str, ...]:
    """Return the addresses of all interfaces, by index, IPv4 before IPv6; nothing where netlink is missing."""
    try:
        messages = _netlink_addresses()
    except OSError:
        return ()
    rows = sorted(messages, key=lambda row: row[:2])  # stable: the kernel's order within an interface and family
    return tuple(str(Address(V4_PREFIX + packed if len(packed) == 4 else packed)) for _, _, packed in rows)


def _netlink_addresses() -> list[tuple[int, int, bytes]]:
    """Return (interface index, family, packed address) of every address, from one RTM_GETADDR dump (rtnetlink(7))."""
    found: list[tuple[int, int, bytes]] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.bind((0, 0))
        netlink.send(struct.pack("=LHHLLBxxxi", 24, _RTM_GETADDR, _DUMP, 1, 0, socket.AF_UNSPEC, 0))
        while True:
            data = netlink.recv(1 << 16)
            offset = 0
            while offset < len(data):
                length, kind = struct.unpack_from("=LH", data, offset)
                if kind in (_NLMSG_DONE, _NLMSG_ERROR) or length < 16:
                    return found
                if kind == _RTM_NEWADDR:
                    found.append(_address_message(data[offset + 16 : offset + length]))
                offset += (length + 3) & ~3


def _address_message(message: bytes) -> tuple[int, int, bytes]:
    family, _, _, _, index = struct.unpack_from("=BBBBL", message)
    attributes: dict[int, bytes] = {}
    offset = 8
    while offset + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, offset)
        attributes[kind] = message[offset + 4 : offset + length]
        offset += max(4, (length + 3) & ~3)
    return index, family, attributes.get(_IFA_LOCAL) or attributes[_IFA_ADDRESS]
