"""
Apache httpd: whom mod_remoteip takes for the client.

Rules (httpd modules/metadata/mod_remoteip.c remoteip_modify_request, apr network_io/unix/sockaddr.c; 2.4.71, and run):

* RemoteIPHeader names the header; its fields are joined, comma and blank between. From the right, while the address
  reached is in RemoteIPInternalProxy or RemoteIPTrustedProxy, the entry before it is taken. With neither directive
  everyone is believed.
* Only blanks are trimmed. An entry that is empty or no address ends the walk at the last that was one.
* Once a RemoteIPTrustedProxy was met, or where no proxy is configured, an entry of 10/8, 127/8, 169.254/16, 172.16/12,
  192.168/16, or of IPv6 outside 2000::/3, ends the walk as well.
* An entry goes to getaddrinfo, IPv4 first: 127.1, 0x7f000001 and 3405803783 are addresses, and a host name is looked
  up, at a server that the client may choose. Here no name is looked up: localhost is loopback without asking (RFC 6761
  §6.3), every other name counts as unknown. There are no ports and no brackets.
* An entry that begins with a slash is taken for a UNIX socket's path, and is the client's address from there on.
* A mapped address is IPv4.
* A PROXY header (RemoteIPProxyProtocol On, or the request would not have come this far) outranks the header, and its
  sender is not looked at.
* RemoteIPInternalProxy takes an address, address/bits (0 is refused), address/mask, or the first octets of a network.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from string import digits
from typing import NamedTuple

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.inet import (
    Hop,
    Trusted,
    decimal,
    numeric_host,
    parse_peer,
    parse_strict,
    printed,
    trusted_networks,
    unmapped,
)
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields
from echo.clientip.ranges import Ranges

VERSION = "2.4.71"
LOCALHOST = "localhost"
LOOPBACK = b"\x7f\0\0\1"
MAX_PATH_CHARS = 107  # sockaddr_un.sun_path and its NUL: a longer path is cut
INSIDE_ONLY = Trusted(  # the IPv6 ones are all but 2000::/3
    Ranges(
        (
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::/3",
            "4000::/2",
            "8000::/1",
        )
    )
)


class Reached(NamedTuple):
    """Where the walk stands: an address, or the path of a UNIX socket."""

    hop: Hop
    path: str = ""


def parse_entry(text: str) -> Reached | None:
    """Parse an entry as apr_sockaddr_info_get does, asking nobody."""
    if text.startswith("/"):
        return Reached(Hop(b""), text[:MAX_PATH_CHARS])
    packed = LOOPBACK if text.lower() == LOCALHOST else numeric_host(text)
    return None if packed is None else Reached(Hop(unmapped(packed)))


def entries(value: str) -> Iterator[str]:
    """Yield the entries of a list from the right, blanks trimmed."""
    comma = len(value)
    while comma >= 0:
        end, comma = comma, value.rfind(",", 0, comma)
        yield value[comma + 1 : end].strip(" ")


def make_trusted(texts: Sequence[str]) -> Trusted:
    """Take the arguments of RemoteIPInternalProxy. Raises ConfigFault for a name, or what is no network."""
    return Trusted(trusted_networks(map(_network, texts)))


def _network(text: str) -> tuple[bytes, int]:
    base, slash, mask = text.partition("/")
    packed = parse_strict(base)
    if packed is not None and packed == unmapped(packed):
        bits = _mask_bits(mask, packed) if slash else 8 * len(packed)
    elif slash or ":" in base:
        bits = None
    elif base.strip("." + digits):
        host = parse_entry(base)
        packed, bits = (host.hop.packed, 32) if host else (None, None)
    else:
        octets = base.removesuffix(".").split(".", 4)
        numbers = [number for number in map(decimal, octets) if number is not None and number <= 0xFF]
        packed, bits = bytes(numbers).ljust(4, b"\0"), 8 * len(numbers) if len(numbers) == len(octets) <= 4 else None
    if packed and bits is not None:
        return packed, bits
    raise ConfigFault(
        f"{quote(text)} is no network that mod_remoteip takes as a proxy",
        next_step="write it as 10.0.0.0/8; /0 is refused, and host names are not resolved here",
    )


def _mask_bits(text: str, packed: bytes) -> int | None:
    """Return the prefix length that a number of bits or a mask spells; None if it is none, or a mask with gaps."""
    bits = decimal(text)
    if bits is not None:
        return bits if 0 < bits <= 8 * len(packed) else None
    mask = parse_strict(text)
    if mask is None or not len(mask) == len(packed) == 4:
        return None
    host = int.from_bytes(mask) ^ 0xFFFFFFFF
    return None if host & (host + 1) else 32 - host.bit_length()


def _build(internal: bool, header: str, trusted: Sequence[str]) -> Resolver:
    if not header:
        raise ConfigFault("RemoteIPHeader names no header", next_step="write X-Forwarded-For")
    believed = make_trusted(trusted)
    open_to_all = not trusted
    inside = internal and not open_to_all

    def resolve(arrival: Arrival) -> Answer:
        if arrival.proxied is not None:
            return _answer(parse_peer(arrival.proxied))
        peer = parse_peer(arrival.peer)
        values = fields(arrival.headers, header)
        reached = Reached(Hop(unmapped(peer.packed))) if peer else None
        for entry in entries(", ".join(values)) if values else ():
            if not open_to_all and (reached is None or not believed.holds(reached.hop)):
                break
            after = parse_entry(entry)
            if after is None or (not inside and INSIDE_ONLY.holds(after.hop)):
                break
            reached = after
        if reached is None or reached.path:
            return Answer(reached.path if reached else None)
        return _answer(reached.hop)

    return resolve


def _answer(hop: Hop | None) -> Answer:
    return Answer(printed(unmapped(hop.packed)) if hop else None)


DIALECTS = (
    Dialect(
        name="apache-internal",
        program="apache",
        version=VERSION,
        meaning="RemoteIPInternalProxy = the trusted ranges: from the right the first entry that is not trusted; if "
        "all are, the leftmost; entries may be host names, which httpd looks up.",
        argument="{header}",
        build=partial(_build, True),
    ),
    Dialect(
        name="apache-trusted",
        program="apache",
        version=VERSION,
        meaning="RemoteIPTrustedProxy = the trusted ranges: from the right the first entry that is not trusted, but "
        "never a private address; entries may be host names, which httpd looks up.",
        argument="{header}",
        build=partial(_build, False),
    ),
)
