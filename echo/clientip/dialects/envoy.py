"""
Envoy: whom its HTTP connection manager takes for the client.

Rules (source/common/http/utility.cc getLastAddressFromXFF and getLastNonTrustedAddressFromXFF, conn_manager_utility.cc,
source/extensions/http/original_ip_detection/xff, source/common/network/utility.cc and cidr_range.cc; 1.40, and run):

* The fields of X-Forwarded-For are joined with a bare comma, empty ones left out; blanks around an entry are ignored.
* An entry is a bare address by inet_pton's grammar: no port, no brackets. IPv6 may carry a zone that is a number,
  which is kept and printed unless it is 0; an interface name as zone is an address only where the machine has that
  interface, and here no machine is known.
* use_remote_address (edge), xff_num_trusted_hops N: the N-th entry from the right, the peer for 0; without it
  (internal): the entry left of the N rightmost. No such entry, or no address: the peer. The peer is never checked.
* xff_trusted_cidrs: the peer must be in one; then the rightmost entry in none, or the leftmost if all are. An entry on
  the walk that is no address, an empty one too, or more than MAX_ENTRIES entries: the peer.
* A CIDR whose address does not parse is left out without a word, and a list with none left trusts everyone: the
  rightmost entry, whoever the peer is. A prefix longer than the address is cut to it; beyond 128 it is refused.
* Families are compared as they came: 10.0.0.0/8 does not hold ::ffff:10.0.0.1. Only a socket's own mapped peer is
  IPv4; one that a PROXY header named stays mapped.
* At the edge, and where xff_trusted_cidrs does not hold the peer, the peer is appended to X-Forwarded-For, a bare comma
  before it. For a peer of 127.0.0.1 or ::1 Envoy appends an address of its own, which no request tells, so what is sent
  on is not told here. The edge overwrites X-Envoy-External-Address with the client. A UNIX peer is in neither.
"""

from collections.abc import Sequence
from typing import NamedTuple

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.inet import decimal, parse_peer, parse_strict, printed, unmapped
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields

VERSION = "1.40"
XFF = "X-Forwarded-For"
EXTERNAL = "X-Envoy-External-Address"
BLANKS = " \t\n\v\f\r"
MAX_ENTRIES = 20  # of xff_trusted_cidrs; a count of hops has no limit
MAX_PREFIX = 128
LOOPBACKS = (bytes((127, 0, 0, 1)), bytes(15) + b"\1")
MODES = {"edge": True, "internal": False}  # use_remote_address


class Ip(NamedTuple):
    """An address as Envoy holds it: 4 or 16 bytes, and the number of a zone, 0 for none."""

    packed: bytes
    zone: int = 0

    def __str__(self) -> str:
        """Return the text that logs and headers show."""
        text = printed(self.packed) or ""
        return f"{text}%{self.zone}" if self.zone else text


class Cidr(NamedTuple):
    """A network of one family; addresses of the other are outside."""

    packed: bytes
    bits: int

    def holds(self, ip: Ip) -> bool:
        """Return whether the address is of the network."""
        host_bits = 8 * len(self.packed) - self.bits
        return len(ip.packed) == len(self.packed) and (
            int.from_bytes(ip.packed) >> host_bits == int.from_bytes(self.packed) >> host_bits
        )


def parse_ip(text: str) -> Ip | None:
    """Parse one entry, blanks around it dropped."""
    host, percent, zone_text = text.strip(BLANKS).partition("%")
    packed = parse_strict(host)
    if packed is None or not percent:
        return None if packed is None else Ip(packed)
    zone = decimal(zone_text)
    return Ip(packed, zone) if zone is not None and ":" in host else None


def parse_cidr(text: str) -> Cidr | None:
    """
    Parse `address` or `address/bits`; None where Envoy drops it silently.

    Raises ConfigFault for what its validation refuses: no address, no prefix length of 0 to 128.
    """
    address, slash, bits_text = text.partition("/")
    bits = decimal(bits_text) if slash else MAX_PREFIX
    if not address or bits is None or bits > MAX_PREFIX:
        raise ConfigFault(
            f"{quote(text)} is no CIDR of an address and 0 to {MAX_PREFIX} bits", next_step="write it as 10.0.0.0/8"
        )
    ip = parse_ip(address) if address == address.strip(BLANKS) else None
    return None if ip is None else Cidr(ip.packed, min(bits, 8 * len(ip.packed)))


def joined(arrival: Arrival) -> str:
    """Return X-Forwarded-For as the header map holds it; "" without any."""
    values = [value.strip(" \t") for value in fields(arrival.headers, XFF)]
    return ",".join(filter(None, values))


def peer_of(arrival: Arrival) -> Ip | None:
    """Return the other end: what a PROXY header named, else the socket's; None for a UNIX socket and where unknown."""
    hop = parse_peer(arrival.proxied or arrival.peer)
    if hop is None or not hop.packed:
        return None
    return Ip(hop.packed if arrival.proxied else unmapped(hop.packed))


def nth_entry(value: str, skip: int) -> Ip | None:
    """Return the entry left of the `skip` rightmost; None if there is none or it is no address."""
    parts = value.rsplit(",", skip + 1)
    return parse_ip(parts[-1 - skip]) if skip < len(parts) else None


def walk(value: str, cidrs: Sequence[Cidr]) -> Ip | None:
    """Return the rightmost entry outside all CIDRs, the leftmost if none is; None if there is nothing to go by."""
    parts = value.rsplit(",", MAX_ENTRIES)
    if len(parts) > MAX_ENTRIES:
        return None
    ip = None
    for part in reversed(parts):
        ip = parse_ip(part)
        if ip is None or not any(cidr.holds(ip) for cidr in cidrs):
            break
    return ip


def sent(arrival: Arrival, value: str, appended: Ip | None) -> tuple[tuple[str, str | None], ...]:
    """Return X-Forwarded-For if it differs from the field that came."""
    if appended is not None:
        return () if appended.packed in LOOPBACKS else ((XFF, ",".join(filter(None, (value, str(appended))))),)
    return ((XFF, value),) if len(fields(arrival.headers, XFF)) > 1 else ()


def text(ip: Ip | None) -> str | None:
    """Return the address as printed."""
    return None if ip is None else str(ip)


def hops(argument: str, _: Sequence[str]) -> Resolver:
    """Build `N:edge` or `N:internal`."""
    count_text, _, mode = argument.partition(":")
    count = decimal(count_text)
    edge = MODES.get(mode)
    if count is None or edge is None:
        raise ConfigFault(
            f"{quote(argument)} is no number of trusted hops with {' or '.join(MODES)}", next_step="write it as 1:edge"
        )

    def at_edge(arrival: Arrival) -> Answer:
        value, peer = joined(arrival), peer_of(arrival)
        client = (nth_entry(value, count - 1) if count else None) or peer
        external = () if client is None else ((EXTERNAL, str(client)),)
        return Answer(text(client), sent=(*sent(arrival, value, peer), *external))

    def inside(arrival: Arrival) -> Answer:
        value = joined(arrival)
        return Answer(text(nth_entry(value, count) or peer_of(arrival)), sent=sent(arrival, value, None))

    return at_edge if edge else inside


def trusted_cidrs(argument: str, trusted: Sequence[str]) -> Resolver:
    """Build the detection by CIDRs."""
    if argument:
        raise ConfigFault(f"envoy-cidrs takes no argument, not {quote(argument)}", next_step="leave it out")
    cidrs = [cidr for cidr in map(parse_cidr, trusted) if cidr is not None]

    def resolve(arrival: Arrival) -> Answer:
        value, peer = joined(arrival), peer_of(arrival)
        if not cidrs:
            return Answer(text(nth_entry(value, 0) or peer), sent=sent(arrival, value, None))
        if peer is None or not any(cidr.holds(peer) for cidr in cidrs):
            return Answer(text(peer), sent=sent(arrival, value, peer))
        return Answer(text(walk(value, cidrs) or peer), sent=sent(arrival, value, None))

    return resolve


DIALECTS = (
    Dialect(
        "envoy-hops",
        "envoy",
        VERSION,
        "xff_num_trusted_hops N with use_remote_address true (edge) or false (internal): believes whoever connects,"
        " and by counting the N hops in front of it.",
        "1:edge",
        hops,
    ),
    Dialect(
        "envoy-cidrs",
        "envoy",
        VERSION,
        "original_ip_detection xff with xff_trusted_cidrs: believes peers in them, and everyone if none is given.",
        "",
        trusted_cidrs,
    ),
)
