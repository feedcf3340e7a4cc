"""
Version 1: a line of text, `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443` and CRLF (proxy-protocol.txt §2.1).

Exactly one blank between words; addresses of the family that the line names; ports without leading zeros; UNKNOWN with
whatever may follow, a lone CR or LF excepted, is the sender's own connection. At most 107 bytes, CRLF included: the
longest line there is.
"""

import re
from socket import AF_INET, AF_INET6, inet_pton

from echo.clientip.address import V4_PREFIX, Address
from echo.proxyproto.header import Command, Family, Header, ProxyError, Transport

PREFIX = b"PROXY "
MAX_BYTES = 107  # proxy-protocol.txt §2.1: "PROXY UNKNOWN" with two longest IPv6 addresses and ports
MAX_PORT = 65535

_PORT = rb"(0|[1-9][0-9]{0,4})"
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?")
_ADDRESSES = re.compile(rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) " + _PORT + b" " + _PORT)
_FAMILIES = {b"TCP4": Family.INET, b"TCP6": Family.INET6}


def parse_line(line: bytes) -> Header:
    """Parse a line without its CRLF. Raises ProxyError."""
    size = len(line) + 2
    if _UNKNOWN.fullmatch(line):
        return Header(1, size, Command.PROXY, Family.UNSPEC, Transport.UNSPEC)
    match = _ADDRESSES.fullmatch(line)
    if match is None:
        raise ProxyError("no line of version 1", 0, line)
    family = _FAMILIES[match[1]]
    addresses, ports = [], []
    for group in (2, 3):
        address = parse_ip(match[group], family)
        if address is None:
            raise ProxyError(f"no {match[1].decode()} address", match.start(group), match[group])
        addresses.append(address)
    for group in (4, 5):
        if int(match[group]) > MAX_PORT:
            raise ProxyError("no port", match.start(group), match[group])
        ports.append(int(match[group]))
    return Header(
        1, size, Command.PROXY, family, Transport.STREAM, addresses[0], ports[0], addresses[1], ports[1]
    )  # fmt: skip


def parse_ip(text: bytes, family: Family) -> Address | None:
    """Parse an address of this family by inet_pton's grammar; the unspecified address is one here."""
    try:
        if family is Family.INET:
            return Address(V4_PREFIX + inet_pton(AF_INET, text.decode("ascii")))
        return Address(inet_pton(AF_INET6, text.decode("ascii")))
    except (OSError, ValueError):
        return None
