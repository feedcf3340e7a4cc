"""
Express and Fastify: `trust proxy` with a list, as the packages proxy-addr and @fastify/proxy-addr read it.

Rules (their index.js, and forwarded's), confirmed on proxy-addr 2.0.8 and @fastify/proxy-addr 5.1.3:

* The chain is the socket's address, then the entries of X-Forwarded-For from the right. Empty entries are left out; of
  white space only blanks are trimmed. Fastify trims tabs as well, and all of ECMAScript's around an only entry.
* The client is the first of the chain that is not trusted, or the last. Entries are text: a port, `unknown` and garbage
  are returned as they are, since what ipaddr.js does not take for an address is not trusted.
* A mapped address is IPv4, in a list without a prefix length as well. A mapped range holds IPv4 addresses if it stays
  within ::ffff:0:0/96, and nothing if it does not.
* A zone does not matter, but to Fastify where the list has one.
* A list takes addresses, prefix lengths from 1 on, IPv4 netmasks, and the names in PRESETS.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.ipaddr_js import Parsed, parse
from echo.clientip.dialects.node import WHITE_SPACE, forwarded_for, socket_address
from echo.clientip.faults import ConfigFault, quote

PRESETS = {
    "linklocal": ("169.254.0.0/16", "fe80::/10"),
    "loopback": ("127.0.0.1/8", "::1/128"),
    "uniquelocal": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
}
V4_OFFSET = 96  # an IPv4 /n is a /(96 + n) among 128 bits


class Subnet(NamedTuple):
    """A compiled entry of a trust list: addresses that agree with `address` but for the last `host_bits`."""

    address: Parsed
    host_bits: int

    def holds(self, candidate: Parsed) -> bool:
        """Return whether the candidate is within, whatever its zone."""
        mapped = self.address.is_mapped
        if candidate.is_mapped != mapped or (mapped and self.host_bits > 128 - V4_OFFSET):
            return False
        return candidate.number >> self.host_bits == self.address.number >> self.host_bits


def entries(text: str, blanks: str = " ") -> list[str]:
    """Return the entries of X-Forwarded-For, the last first."""
    return [entry for part in reversed(text.split(",")) if (entry := part.strip(blanks))]


def fastify_entries(text: str) -> list[str]:
    """Return the entries of X-Forwarded-For as @fastify/forwarded does."""
    return entries(text, " \t" if "," in text else WHITE_SPACE)


def chain(arrival: Arrival) -> list[str | None]:
    """Return the socket's address and the entries, nearest first."""
    return [socket_address(arrival), *entries(forwarded_for(arrival))]


def compile_entry(text: str, *, newer: bool) -> Subnet:
    """Compile an entry of a trust list; newer: as Fastify's ipaddr.js takes it. Raises ConfigFault."""
    base, slash, bits_text = text.rpartition("/") if "/" in text else (text, "", "")
    address = parse(base, newer=newer)
    if address is None:
        raise ConfigFault(f"trust proxy: {quote(text)} is no address", next_step="write it as 10.0.0.0/8")
    if address.is_mapped and not slash:
        address = Parsed(address.number, six=False)
    most = 128 if address.six else 32
    bits = _prefix_length(bits_text, most, newer=newer) if slash else most
    if not bits:
        raise ConfigFault(
            f"trust proxy: {quote(text)} has no prefix length of 1 to {most}", next_step="write it as 10.0.0.0/8"
        )
    return Subnet(address, most - bits)


def _prefix_length(text: str, most: int, *, newer: bool) -> int | None:
    """Return the length that digits or an IPv4 netmask state; 0 or None if they state none."""
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0")
        return int(digits) if digits and len(digits) <= 3 and int(digits) <= most else None
    mask = parse(text, newer=newer)
    if mask is None or mask.six or most != 32:
        return None
    host = ~mask.number & 0xFFFFFFFF
    return 32 - host.bit_length() if host & (host + 1) == 0 else None


def is_trusted(text: str | None, subnets: Sequence[Subnet], *, newer: bool) -> bool:
    """Return whether the text is an address in the trust list."""
    candidate = parse(text, newer=newer) if text else None
    if candidate is None:
        return False
    zone = "" if candidate.is_mapped else candidate.zone
    return any(subnet.holds(candidate) and not (newer and subnet.address.zone not in ("", zone)) for subnet in subnets)


def _builder(split: Callable[[str], list[str]], *, newer: bool) -> Callable[[str, Sequence[str]], Resolver]:
    def build(argument: str, trusted: Sequence[str]) -> Resolver:
        if argument:
            raise ConfigFault(f"trust proxy takes no argument, not {quote(argument)}", next_step="leave it out")
        subnets = [compile_entry(text, newer=newer) for name in trusted for text in PRESETS.get(name, (name,))]

        def resolve(arrival: Arrival) -> Answer:
            hops = [socket_address(arrival), *split(forwarded_for(arrival))]
            return Answer(next((hop for hop in hops if not is_trusted(hop, subnets, newer=newer)), hops[-1]))

        return resolve

    return build


DIALECTS = (
    Dialect(
        name="proxy-addr",
        program="express",
        version="proxy-addr 2.0.8",
        meaning="trust proxy = the trusted ranges: believes the first entry from the right that is not trusted, "
        "else the leftmost.",
        argument="",
        build=_builder(entries, newer=False),
    ),
    Dialect(
        name="fastify-proxy-addr",
        program="fastify",
        version="@fastify/proxy-addr 5.1.3",
        meaning="trustProxy = the trusted ranges: believes the first entry from the right that is not trusted, "
        "else the leftmost.",
        argument="",
        build=_builder(fastify_entries, newer=True),
    ),
)
