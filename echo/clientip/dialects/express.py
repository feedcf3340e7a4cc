"""
Express and Fastify: `trust proxy` with a list, as the packages proxy-addr and forwarded read it.

Rules, confirmed on proxy-addr 2.0.8 and @fastify/proxy-addr 5.1.3:

* The chain is the socket's address, then the entries of X-Forwarded-For from the right; empty entries are left out, and
  of white space only blanks are trimmed (Fastify: tabs as well). Node joins the fields of one name by `, `.
* The client is the first of the chain that is not trusted, or the last. Entries are text: a port, `unknown` and garbage
  are returned as they are, since what does not parse is not trusted.
* Addresses are ipaddr.js's: IPv4 parts may be octal (a leading 0, read up to the first 8 or 9) or hexadecimal, one
  number is an address, IPv6 may have a zone. A mapped address is IPv4. Fastify's newer version takes two and three
  parts as well, and no 8 in an octal part.
* A trust list takes addresses, CIDRs from /1 on, netmasks, and the names loopback, linklocal, uniquelocal.
"""

import re
from collections.abc import Sequence
from socket import AF_INET6, inet_pton
from typing import NamedTuple

from echo.clientip.address import V4_PREFIX
from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.golang import split_host_port, values
from echo.clientip.faults import ConfigFault, quote

VERSION = "proxy-addr 2.0.8"
XFF = "X-Forwarded-For"
PRESETS = {
    "linklocal": ("169.254.0.0/16", "fe80::/10"),
    "loopback": ("127.0.0.1/8", "::1/128"),
    "uniquelocal": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
}
MAX_CHARS = 128  # of an address; longer text is none
_PART = re.compile(r"0x[0-9a-f]+|0?[0-9]+", re.IGNORECASE | re.ASCII)
_ZONE = re.compile(r"%[0-9a-z]+$", re.IGNORECASE | re.ASCII)


class Subnet(NamedTuple):
    """A compiled entry of a trust list: the network's number, its mask, whether it is one of IPv4."""

    network: int
    mask: int
    four: bool


def chain(arrival: Arrival, blanks: str = " ") -> list[str | None]:
    """Return the socket's address and the entries, nearest first; None for a socket without an address."""
    text = arrival.proxied or arrival.peer or ""
    split = split_host_port(text)
    peer = split[0] if split else text
    joined = ", ".join(values(arrival.headers, XFF))
    entries = [entry for part in reversed(joined.split(",")) if (entry := part.strip(blanks))]
    return [peer if peer and not peer.startswith(("@", "unix")) else None, *entries]


def _part(text: str, *, newer: bool) -> int | None:
    if not _PART.fullmatch(text):
        return None
    if text[:2].lower() == "0x":
        return int(text, 16)
    if len(text) > 1 and text[0] == "0":
        octal = re.match("[0-7]*", text)
        assert octal is not None  # it matches the empty text
        return int(octal[0], 8) if octal.end() == len(text) or not newer else None
    return int(text)


def parse_ip(text: str, *, newer: bool = False) -> int | None:
    """Return an address as a number, IPv4 mapped; None if ipaddr.js takes it for none. newer: ipaddr.js 2."""
    if len(text) > MAX_CHARS:
        return None
    if ":" in text:
        try:
            return int.from_bytes(inet_pton(AF_INET6, _ZONE.sub("", text)))
        except (OSError, ValueError):
            return None
    parts = [_part(part, newer=newer) for part in text.split(".")]
    if None in parts or len(parts) > 4 or (len(parts) in (2, 3) and not newer):
        return None
    *leading, last = [part for part in parts if part is not None]
    number = last
    if any(part > 255 for part in leading) or last >= 256 ** (4 - len(leading)):
        return None
    for index, part in enumerate(leading):
        number += part << 8 * (3 - index)
    return int.from_bytes(V4_PREFIX) << 32 | number


_V4_BASE = int.from_bytes(V4_PREFIX) << 32
_ALL = (1 << 128) - 1


def _is_four(number: int) -> bool:
    return number >> 32 == _V4_BASE >> 32


def compile_entry(text: str) -> Subnet:
    """Compile an entry of a trust list. Raises ConfigFault."""
    base, slash, bits_text = text.rpartition("/") if "/" in text else (text, "", "")
    number = parse_ip(base)
    if number is None:
        raise ConfigFault(f"trust proxy: {quote(text)} is no address", next_step="write it as 10.0.0.0/8")
    six = ":" in base and not (_is_four(number) and not slash)
    most = 128 if six else 32
    bits: int | None = most
    if slash:
        bits = int(bits_text[:4]) if bits_text.isascii() and bits_text.isdigit() else None
        if bits is None and not six:
            bits = _netmask(bits_text)
    if bits is None or not 0 < bits <= most:
        raise ConfigFault(f"trust proxy: {quote(text)} has no range from 1 to {most}", next_step="correct it")
    mask = _ALL ^ ((1 << (most - bits)) - 1)
    return Subnet(number & mask, mask, _is_four(number))


def _netmask(text: str) -> int | None:
    number = parse_ip(text)
    if number is None or not _is_four(number) or ":" in text:
        return None
    host = ~number & 0xFFFFFFFF
    return 32 - host.bit_length() if host & (host + 1) == 0 else None


def is_trusted(text: str | None, subnets: Sequence[Subnet], *, newer: bool) -> bool:
    """Return whether the text is an address in the trust list."""
    number = parse_ip(text, newer=newer) if text else None
    if number is None:
        return False
    four = _is_four(number)
    return any(four == subnet.four and number & subnet.mask == subnet.network for subnet in subnets)


def _build(argument: str, trusted: Sequence[str], *, fastify: bool) -> Resolver:
    if argument:
        raise ConfigFault(f"trust proxy takes no argument, not {quote(argument)}", next_step="leave it out")
    blanks = " \t" if fastify else " "
    subnets = [compile_entry(text) for entry in trusted for text in PRESETS.get(entry, (entry,))]

    def resolve(arrival: Arrival) -> Answer:
        hops = chain(arrival, blanks)
        return Answer(next((hop for hop in hops if not is_trusted(hop, subnets, newer=fastify)), hops[-1]))

    return resolve


DIALECTS = (
    Dialect(
        name="proxy-addr",
        program="express",
        version=VERSION,
        meaning="trust proxy = the trusted ranges: from the right the first entry that is not trusted, or the last.",
        argument="",
        build=lambda argument, trusted: _build(argument, trusted, fastify=False),
    ),
    Dialect(
        name="fastify-proxy-addr",
        program="fastify",
        version="@fastify/proxy-addr 5.1.3",
        meaning="trustProxy = the trusted ranges: as Express.",
        argument="",
        build=lambda argument, trusted: _build(argument, trusted, fastify=True),
    ),
)
