"""
What Go's standard library makes of addresses, as the dialects of Go programs need it.

* netip.ParseAddr and net.ParseIP take inet_pton's grammar; the former also takes a zone on IPv6. An IPv4-mapped address
  stays an IPv6 address to netip (it prints as ::ffff:…, and is in no IPv4 prefix); net.IP makes it IPv4.
* net.SplitHostPort wants a port: `host:port` with one colon, or `[host]:port`.
* netip.Prefix holds addresses of its own kind: an IPv4 prefix no mapped address, a mapped prefix no IPv4 address.
* strings.TrimSpace takes Unicode's white space, which is not what str.strip takes.
"""

from collections.abc import Sequence
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from echo.clientip.address import V4_PREFIX, Address
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.ranges import Ranges, parse_range

# unicode.IsSpace
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
MAX_CHARS = 128  # of an address with its zone; longer text is none


class Addr(NamedTuple):
    """A netip.Addr: 16 bytes, IPv4 mapped; `six` where it is an IPv6 address, a mapped one included."""

    packed: bytes
    six: bool

    def __str__(self) -> str:
        """Return what netip.Addr.String prints, without a zone."""
        mapped = self.six and self.packed.startswith(V4_PREFIX)
        return f"{'::ffff:' if mapped else ''}{Address(self.packed)}"


def parse_addr(text: str) -> Addr | None:
    """Parse as netip.ParseAddr does, without a zone; None if it is no address."""
    if len(text) > MAX_CHARS:
        return None
    try:
        if ":" in text:
            return Addr(inet_pton(AF_INET6, text), six=True)
        return Addr(V4_PREFIX + inet_pton(AF_INET, text), six=False)
    except (OSError, ValueError):
        return None


def parse_zoned(text: str) -> Addr | None:
    """Parse as netip.ParseAddr does, the zone dropped."""
    bare, percent, zone = text.partition("%")
    return parse_addr(bare) if not percent or (zone and ":" in bare) else None


def split_host_port(text: str) -> tuple[str, str] | None:
    """Split as net.SplitHostPort does; None where that is an error."""
    colon = text.rfind(":")
    if colon < 0:
        return None
    host, port = text[:colon], text[colon + 1 :]
    if text.startswith("["):
        end = text.find("]")
        if end != colon - 1:
            return None
        host = text[1:end]
        if "[" in host:
            return None
    elif ":" in host or "[" in host or "]" in host:
        return None
    return None if "[" in port or "]" in port else (host, port)


def make_ranges(trusted: Sequence[str], *, what: str) -> Ranges:
    """Return the ranges of a program's trust list. Raises ConfigFault naming the entry."""
    try:
        return Ranges(trusted)
    except ConfigFault as fault:
        raise ConfigFault(f"{what}: {fault.fault}", next_step=fault.next_step) from None


class Prefixes:
    """netip.Prefixes; contains tells whether one of them holds an address."""

    def __init__(self, trusted: Sequence[str], *, what: str) -> None:
        """Raises ConfigFault naming the entry."""
        make_ranges(trusted, what=what)
        self._spans = [(":" in text, *parse_range(text)) for text in trusted]

    def __contains__(self, address: Addr) -> bool:
        return any(six == address.six and first <= address.packed <= last for six, first, last in self._spans)


def positive(argument: str, name: str) -> int:
    """Return a count from 1 on. Raises ConfigFault."""
    if not (argument.isascii() and argument.isdigit() and int(argument[:6]) > 0 and len(argument) <= 6):
        raise ConfigFault(f"{name} is {quote(argument)}", next_step="write a whole number from 1 on")
    return int(argument)
