"""
One address, and the text forms it arrives in.

Facts:

* An address is 16 bytes in network order; IPv4 stands at ::ffff:0:0/96 (RFC 4291 §2.5.5.2), so 192.0.2.1 and
  ::ffff:192.0.2.1 are one address and print as 192.0.2.1. Bytes compare as the numbers they spell.
* Text is RFC 5952 on the way out. On the way in, inet_pton's grammar: four decimal octets without leading zeros,
  or RFC 4291 §2.2. `127.1`, `0x7f000001`, `3405803783` and host names are not addresses: programs that accept them
  (mod_remoteip) let a client spell one address many ways.
* A zone (`%eth0`, RFC 4007 §11) is kept for display and ignored when ranges are compared. An empty one is none.
  IPv4 has none by the RFC; ::ffff:192.0.2.1%eth0 is met, and prints as 192.0.2.1%eth0, which reads as the same.
* 0.0.0.0 and :: name nobody; as a hop they are invalid.

`parse_hop` follows realclientip-go's entry parser: an optional port and optional brackets are dropped.
"""

import ipaddress
import re
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

V4_PREFIX = b"\0" * 10 + b"\xff\xff"
UNSPECIFIED_V4 = V4_PREFIX + b"\0" * 4
UNSPECIFIED = (b"\0" * 16, UNSPECIFIED_V4)
MAX_HOP_CHARS = 128  # the longest sane form, "[v6%zone]:port" with an IFNAMSIZ zone, is 70; longer text is no address
ZONE = re.compile(r"[0-9A-Za-z._~-]+")  # unreserved of RFC 6874 §2: no blank, no markup, nothing a terminal obeys
PORT = re.compile(r":[^:\[\]]*")
MAX_ZONE_CHARS = 15  # IFNAMSIZ - 1: a longer one is no interface name, and unbounded zones are unbounded identities
_new = tuple.__new__  # what a NamedTuple's own constructor calls; half the time of calling that


class Address(NamedTuple):
    """An address: `packed` is 16 bytes, network order, IPv4 mapped; `zone` is "" or an interface name."""

    packed: bytes
    zone: str = ""

    @property
    def is_ipv4(self) -> bool:
        """Return whether the address prints as dotted quad."""
        return self.packed.startswith(V4_PREFIX)

    def __str__(self) -> str:
        """Return RFC 5952 text, the zone after `%`."""
        packed = self.packed
        if packed.startswith(V4_PREFIX):
            text = inet_ntop(AF_INET, packed[12:])
            return f"{text}%{self.zone}" if self.zone else text
        # glibc prints ::/96 as ::192.0.2.1; RFC 5952 §5 keeps dotted text for well-known prefixes only.
        text = str(ipaddress.IPv6Address(packed)) if packed.startswith(b"\0" * 12) else inet_ntop(AF_INET6, packed)
        return f"{text}%{self.zone}" if self.zone else text


def parse_any(text: str) -> Address | None:
    """Parse bare address text, a zone allowed; None if it is anything else."""
    if len(text) > MAX_HOP_CHARS:
        return None
    bare, _, zone = text.partition("%")
    if zone and not (len(zone) <= MAX_ZONE_CHARS and ZONE.fullmatch(zone)):
        return None
    try:
        packed = V4_PREFIX + inet_pton(AF_INET, bare) if ":" not in bare else inet_pton(AF_INET6, bare)
    except (OSError, ValueError):  # ValueError: a NUL or a lone surrogate inside the text
        return None
    return Address(packed, zone)


def parse_address(text: str) -> Address | None:
    """Parse as parse_any does; the unspecified address is none either."""
    address = parse_any(text)
    return None if address is None or address.packed in UNSPECIFIED else address


def parse_hop(text: str) -> Address | None:
    """
    Parse one entry of X-Forwarded-For, or a peer as servers print it.

    Takes `a.b.c.d` and `v6`, each also in brackets, with `:port` behind (v6 in brackets only), blanks and tabs around;
    the port is dropped unread, whatever it is but another bracket or colon.
    """
    text = text.strip(" \t")
    try:  # a bare IPv4 address, as most hops are, is done here; the rest below would find the same
        packed = V4_PREFIX + inet_pton(AF_INET, text)
    except (OSError, ValueError):
        pass
    else:
        return _new(Address, (packed, "")) if packed != UNSPECIFIED_V4 else None
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        return parse_address(inside) if bracket and (not rest or PORT.fullmatch(rest)) else None
    if text.count(":") == 1:
        text, _, port = text.partition(":")
        if "[" in port or "]" in port:
            return None
    return parse_address(text)
