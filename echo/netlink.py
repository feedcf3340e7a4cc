"""
What the kernel says of this network namespace: one dump each over rtnetlink(7); nothing where there is no netlink.

Addresses, cards and neighbours; an answer is a list of messages, each a fixed head and attributes.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_DONE, _ERROR = 3, 2  # NLMSG_*
_GETLINK, _GETADDR, _GETNEIGH = 18, 22, 30  # RTM_*; the answers' kinds are two below
_HEADER = 16  # struct nlmsghdr
_MAX_BYTES = 1 << 16  # of an answer's datagram; the kernel sends them by pages
SECONDS = 1.0  # the kernel answers at once

_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFLA_ADDRESS = 1
_NDA_DST, _NDA_LLADDR = 1, 2


class InterfaceAddress(NamedTuple):
    """An address: the index of its interface, the family, the packed address and the length of its prefix."""

    interface: int
    family: int
    packed: bytes
    prefix: int


def addresses() -> list[InterfaceAddress]:
    """Return the addresses of all interfaces, in the kernel's order (struct ifaddrmsg)."""
    found = []
    for head, attributes in _dump(_GETADDR, 8):
        family, prefix, _, _, index = struct.unpack("=BBBBL", head)
        packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
        if packed:
            found.append(InterfaceAddress(index, family, packed, prefix))
    return found


def card_addresses() -> set[bytes]:
    """Return the link-layer addresses of our own interfaces (struct ifinfomsg)."""
    return {address for _, attributes in _dump(_GETLINK, 16) if any(address := attributes.get(_IFLA_ADDRESS, b""))}


def neighbours() -> list[tuple[bytes, bytes]]:
    """Return (packed address, link-layer address) of those that were talked with on the link (struct ndmsg)."""
    return [
        (attributes[_NDA_DST], attributes[_NDA_LLADDR])
        for _, attributes in _dump(_GETNEIGH, 12)
        if _NDA_DST in attributes and _NDA_LLADDR in attributes
    ]


def _dump(kind: int, head: int) -> Iterator[tuple[bytes, dict[int, bytes]]]:
    """Yield (fixed head, attributes) of each message of a dump."""
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink,
    ):
        netlink.settimeout(SECONDS)
        netlink.bind((0, 0))
        netlink.send(struct.pack("=LHHLL", _HEADER + head, kind, _DUMP, 1, 0) + bytes(head))
        while True:
            data = netlink.recv(_MAX_BYTES)
            offset = 0
            while offset + _HEADER <= len(data):
                length, answer = struct.unpack_from("=LH", data, offset)
                if answer in (_DONE, _ERROR) or length < _HEADER:
                    return
                if answer == kind - 2 and length >= _HEADER + head:
                    message = data[offset + _HEADER : offset + length]
                    yield message[:head], _attributes(message[head:])
                offset += (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    offset = 0
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        found[kind] = data[offset + 4 : offset + length]
        offset += max(4, (length + 3) & ~3)
    return found
