"""
What Go's standard library makes of addresses, as the dialects of Go programs need it.

* netip.ParseAddr and net.ParseIP take inet_pton's grammar; the former also takes a zone on IPv6. An IPv4-mapped address
  stays an IPv6 address to netip (it prints as ::ffff:…, and is in no IPv4 prefix); net.IP makes it IPv4.
* net.SplitHostPort wants a port: `host:port` with one colon, or `[host]:port`.
* strings.TrimSpace takes Unicode's white space; header values hold blanks and tabs, which is what is trimmed here.
* http.Header names are canonical, so they compare without case; Get gives the first field.
"""

from collections.abc import Iterable, Sequence
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

from echo.clientip.address import V4_PREFIX
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.ranges import Ranges

BLANKS = " \t"
MAX_CHARS = 128  # of an address with its zone; longer text is none


class Addr(NamedTuple):
    """A netip.Addr: 16 bytes, IPv4 mapped; `six` where it is an IPv6 address, a mapped one included."""

    packed: bytes
    six: bool

    def __str__(self) -> str:
        """Return what netip.Addr.String prints, without a zone."""
        if self.packed.startswith(V4_PREFIX):
            return ("::ffff:" if self.six else "") + inet_ntop(AF_INET, self.packed[12:])
        return inet_ntop(AF_INET6, self.packed)


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


def values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Return http.Header.Values(name)."""
    wanted = name.lower()
    return [value for key, value in headers if key.lower() == wanted]


def make_ranges(trusted: Sequence[str], *, what: str) -> Ranges:
    """Return the ranges of a program's trust list. Raises ConfigFault naming the entry."""
    try:
        return Ranges(trusted)
    except ConfigFault as fault:
        raise ConfigFault(f"{what}: {fault.fault}", next_step=fault.next_step) from None


def positive(argument: str, name: str) -> int:
    """Return a count from 1 on. Raises ConfigFault."""
    if not (argument.isascii() and argument.isdigit() and int(argument[:6]) > 0 and len(argument) <= 6):
        raise ConfigFault(f"{name} is {quote(argument)}", next_step="write a whole number from 1 on")
    return int(argument)
