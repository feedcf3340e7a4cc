"""
Sockets, networks and host numbers as programs in C take them: what nginx and httpd share.

Rules:

* An address keeps its family: 4 bytes or 16. An IPv4-mapped one, however printed, is compared as IPv4, and only so:
  ::/0 does not hold it, and a network inside ::ffff:0:0/96 holds nobody (nginx src/core/ngx_inet.c ngx_cidr_match,
  apr network_io/unix/sockaddr.c apr_ipsubnet_test).
* Numbers that getaddrinfo takes without asking anyone (glibc resolv/inet_addr.c, nss/getaddrinfo.c, 2.36): one to four
  parts, each decimal, octal (0…) or hexadecimal (0x…), the last filling what is left: 127.1, 0x7f000001, 3405803783,
  203.0.113.010 is .8; or IPv6, which may carry a zone. A zone is a number; interface names are the machine's, and here
  no machine is known.
"""

from collections.abc import Iterable
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from string import digits, hexdigits, octdigits
from typing import NamedTuple

from echo.clientip.address import V4_PREFIX
from echo.clientip.ranges import Ranges

MAX_PARTS = 4
MAX_NUMBER_DIGITS = 11  # 0o37777777777 is 2**32 - 1; no 32-bit number has more digits in any base once zeros are gone


class Hop(NamedTuple):
    """An address as it came: `packed` is 4 or 16 bytes, b"" for a UNIX socket; `port` is 0 where none is known."""

    packed: bytes
    port: int = 0


class Trusted(NamedTuple):
    """Who is believed: networks, and UNIX sockets or not."""

    ranges: Ranges
    unix: bool = False

    def holds(self, hop: Hop) -> bool:
        """Return whether the hop is believed."""
        return wide(hop.packed) in self.ranges if hop.packed else self.unix


def wide(packed: bytes) -> bytes:
    """Return an address in 16 bytes, IPv4 mapped."""
    return packed if len(packed) == 16 else V4_PREFIX + packed


def unmapped(packed: bytes) -> bytes:
    """Return an IPv4-mapped address as IPv4, any other as it is."""
    return packed[12:] if len(packed) == 16 and packed.startswith(V4_PREFIX) else packed


def printed(packed: bytes) -> str | None:
    """Return address text, a mapped address as ::ffff:a.b.c.d; None for a UNIX socket."""
    return inet_ntop(AF_INET if len(packed) == 4 else AF_INET6, packed) if packed else None


def parse_strict(text: str) -> bytes | None:
    """Parse by inet_pton's grammar; None if it is anything else."""
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate inside the text
        return None


def split_port(text: str) -> tuple[str, str]:
    """Split `ip:port`, `[v6]:port` or a bare address into address and port text."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, ""


def decimal(text: str) -> int | None:
    """Return the number that ASCII digits spell, however many zeros lead; None for other text and beyond 32 bits."""
    significant = text.lstrip("0")
    if not text or len(significant) > MAX_NUMBER_DIGITS or significant.strip(digits):
        return None
    number = int(significant or "0")
    return number if number < 1 << 32 else None


def parse_peer(text: str | None) -> Hop | None:
    """Parse the other end of a socket, as `Arrival.peer` has it; None if it is unknown or no address."""
    if text is None:
        return None
    if text.startswith(("@", "unix")):
        return Hop(b"")
    host, port = split_port(text)
    host = host.partition("%")[0]
    packed = parse_strict(host)
    return None if packed is None else Hop(packed, decimal(port) or 0)


def parse_number(text: str) -> bytes | None:
    """Parse an IPv4 address in any form that inet_aton takes, with nothing behind it."""
    parts = text.split(".", MAX_PARTS)
    if len(parts) > MAX_PARTS:
        return None
    numbers = [_c_number(part) for part in parts]
    head, last = numbers[:-1], numbers[-1]
    if last is None or last >= 1 << 8 * (MAX_PARTS - len(head)):
        return None
    packed = b""
    for number in head:
        if number is None or number > 0xFF:
            return None
        packed += bytes((number,))
    return packed + last.to_bytes(MAX_PARTS - len(head))


def _c_number(text: str) -> int | None:
    """Return what strtoul with base 0 reads, if that is all of the text."""
    if text[:2] in ("0x", "0X") and len(text) > 2:
        base, known, text = 16, hexdigits, text[2:]
    elif text.startswith("0"):
        base, known = 8, octdigits
    else:
        base, known = 10, digits
    significant = text.lstrip("0")
    if not text or len(significant) > MAX_NUMBER_DIGITS or significant.strip(known):
        return None
    return int(significant or "0", base)


def numeric_host(text: str) -> bytes | None:
    """Parse what getaddrinfo takes for an address without resolving a name; None if it would have to ask."""
    number = parse_number(text)
    if number is not None:
        return number
    host, percent, zone = text.partition("%")
    return None if percent and (":" not in host or decimal(zone) is None) else parse_strict(host)


def trusted_networks(networks: Iterable[tuple[bytes, int]]) -> Ranges:
    """Make ranges of (address, prefix length) pairs; host bits are dropped."""
    return Ranges(_network_text(packed, bits) for packed, bits in networks if not _holds_nobody(packed, bits))


def _holds_nobody(packed: bytes, bits: int) -> bool:
    return len(packed) == 16 and bits >= 8 * len(V4_PREFIX) and packed.startswith(V4_PREFIX)


def _network_text(packed: bytes, bits: int) -> str:
    host_bits = 8 * len(packed) - bits
    network = int.from_bytes(packed) >> host_bits << host_bits
    return f"{printed(network.to_bytes(len(packed)))}/{bits}"
