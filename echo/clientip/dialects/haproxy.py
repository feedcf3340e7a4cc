"""
HAProxy: `http-request set-src hdr_ip(H,OCC) if { src … }`, and `option forwardfor except …`.

Rules (src/http_fetch.c smp_fetch_hdr_ip and smp_fetch_hdr, src/http_htx.c http_get_htx_hdr, src/http.c
http_find_hdr_value_end, src/tools.c url2ipv4, strl2irc, str2net, str62net and ipcmp2net, src/pattern.c pat_match_ip,
src/http_ana.c; read at 2.6-dev12, run as 2.6.12):

* OCC counts entries over all fields of the name: 1 is the first, -1 the last, down to -MAX_HISTORY; 0 is -1. Commas
  separate, but not inside double quotes, where a backslash escapes; an open quote reaches to the end of the field. An
  empty entry counts. Blanks around an entry are ignored, quotes are not taken off.
* An entry is IPv4 with any number of leading zeros, a port of 0 to 65535 allowed behind (a lone `-`, or `-0`, is 0),
  or bare IPv6: no brackets (2.8 has them), no zone. Otherwise the source stays the peer.
* `src` in the trusted list: IPv4 compares with IPv6 networks as ::ffff:a.b.c.d; IPv6 compares with IPv4 networks by the
  IPv4 address in ::ffff:a.b.c.d, ::a.b.c.d and 2002:ab:cd::. Without a list the rule has no condition.
* A network is an address with a length, or with a dotted mask, holes allowed. A name would be resolved when HAProxy
  starts; here numbers only (010.0.0.1 is 8.0.0.1), and a name is a fault.
* `option forwardfor` adds a field X-Forwarded-For after those that came, with the source as it is printed. `except` is
  one network, the last if it is written again, compared within its own family only. A UNIX peer adds nothing.
* Where a PROXY header was accepted, the source is what it named.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.inet import Hop, decimal, parse_number, parse_peer, parse_strict, printed, wide
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields

VERSION = "2.6.12"
XFF = "X-Forwarded-For"
BLANKS = " \t\r\n"
MAX_HISTORY = 10  # MAX_HDR_HISTORY: entries it keeps when it counts from the end
MAX_OCCURRENCE = (1 << 31) - 1
MAX_PORT = 65535
DIGITS_AND_DOTS = re.compile(r"[0-9.]*")
MARKS = re.compile(r'[",\\]')
MAPPED, COMPATIBLE, SIX_TO_FOUR = bytes(10) + b"\xff\xff", bytes(12), b"\x20\x02"


class Network(NamedTuple):
    """A network of one family: 4 or 16 bytes, and a mask as long."""

    packed: bytes
    mask: bytes

    def holds(self, packed: bytes) -> bool:
        """Return whether the address is of the network and its family."""
        mask = int.from_bytes(self.mask)
        return len(packed) == len(self.packed) and (int.from_bytes(packed) & mask == int.from_bytes(self.packed) & mask)


def parse_network(text: str) -> Network:
    """Parse `address`, `address/bits` or `v4/mask`. Raises ConfigFault."""
    host, slash, mask_text = text.rpartition("/") if "/" in text else (text, "", "")
    packed = parse_strict(host) or parse_number(host)
    if packed is not None:
        size = len(packed)
        mask = _mask(mask_text, size) if slash else b"\xff" * size
        if mask is not None:
            return Network(packed, mask)
    raise ConfigFault(
        f"{quote(text)} is not a valid IPv4 or IPv6 address, or network",
        next_step="write it as 10.0.0.0/8 or 2001:db8::/32; host names are not resolved here",
    )


def _mask(text: str, size: int) -> bytes | None:
    if size == 4 and "." in text:
        return parse_strict(text) if ":" not in text else None
    bits = decimal(text)
    if bits is None or bits > 8 * size:
        return None
    host_bits = 8 * size - bits
    return ((1 << bits) - 1 << host_bits).to_bytes(size)


def embedded_ipv4(packed: bytes) -> bytes | None:
    """Return the IPv4 address that IPv6 is compared by with IPv4 networks."""
    if packed.startswith((MAPPED, COMPATIBLE)):
        return packed[12:]
    return packed[2:6] if packed.startswith(SIX_TO_FOUR) else None


def matches(packed: bytes, networks: Sequence[Network]) -> bool:
    """Return whether `src` matches the list."""
    other = wide(packed) if len(packed) == 4 else embedded_ipv4(packed)
    return any(network.holds(packed) or (other is not None and network.holds(other)) for network in networks)


def entries(value: str) -> Iterator[str]:
    """Yield the entries of one field."""
    start = 0
    quoted, escaped = False, -1
    for mark in MARKS.finditer(value):
        at, char = mark.start(), mark.group()
        if at == escaped:
            continue
        if char == '"':
            quoted = not quoted
        elif char == "\\":
            escaped = at + 1 if quoted else -1
        elif not quoted:
            yield value[start:at].strip(BLANKS)
            start = at + 1
    yield value[start:].strip(BLANKS)


def occurrence(values: Sequence[str], occ: int) -> str | None:
    """Return the entry that `occ` counts to."""
    found = [entry for value in values for entry in entries(value)]
    index = occ - 1 if occ > 0 else len(found) + (occ or -1)
    return found[index] if 0 <= index < len(found) else None


def parse_ipv4(text: str) -> bytes | None:
    """Parse dotted decimal, leading zeros allowed."""
    octets = [decimal(octet) for octet in text.split(".", 4)]
    known = [octet for octet in octets if octet is not None and octet <= 0xFF]
    return bytes(known) if len(known) == len(octets) == 4 else None


def is_port(text: str) -> bool:
    """Return whether strl2irc reads a port."""
    if text.startswith("-"):
        return not text[1:].strip("0")
    port = decimal(text)
    return port is not None and port <= MAX_PORT


def parse_entry(text: str) -> bytes | None:
    """Parse one entry as hdr_ip does."""
    dotted = DIGITS_AND_DOTS.match(text)
    end = dotted.end() if dotted else 0
    packed = parse_ipv4(text[:end])
    if packed is not None:
        return packed if end == len(text) or (text[end] == ":" and is_port(text[end + 1 :])) else None
    return parse_strict(text) if ":" in text else None


def source(arrival: Arrival) -> Hop | None:
    """Return the source address of the connection."""
    return parse_peer(arrival.proxied or arrival.peer)


def set_src(argument: str, trusted: Sequence[str]) -> Resolver:
    """Build `OCC:H`."""
    occ_text, _, header = argument.partition(":")
    number = decimal(occ_text.removeprefix("-"))
    if number is None or number > MAX_OCCURRENCE or not header:
        raise ConfigFault(
            f"{quote(argument)} is no occurrence and header", next_step=f"write it as -1:{XFF.lower()}, the last entry"
        )
    occ = -number if occ_text.startswith("-") else number
    if occ < -MAX_HISTORY:
        raise ConfigFault(
            f"header occurrence {occ} is below -{MAX_HISTORY}", next_step=f"count from -{MAX_HISTORY} to -1 or from 1"
        )
    networks = [parse_network(text) for text in trusted]

    def resolve(arrival: Arrival) -> Answer:
        peer = source(arrival)
        packed = peer.packed if peer is not None else b""
        if not networks or (packed and matches(packed, networks)):
            entry = occurrence(fields(arrival.headers, header), occ)
            packed = (parse_entry(entry) if entry is not None else None) or packed
        return Answer(printed(packed))

    return resolve


def forwardfor(argument: str, trusted: Sequence[str]) -> Resolver:
    """Build `except`."""
    if argument:
        raise ConfigFault(
            f"haproxy-forwardfor-except takes no argument, not {quote(argument)}", next_step="leave it out"
        )
    networks = [parse_network(text) for text in trusted]

    def resolve(arrival: Arrival) -> Answer:
        peer = source(arrival)
        if peer is None or not peer.packed or any(network.holds(peer.packed) for network in networks[-1:]):
            return Answer(None)
        return Answer(None, sent=((XFF, printed(peer.packed)),))

    return resolve


DIALECTS = (
    Dialect(
        "haproxy-hdr-ip",
        "haproxy",
        VERSION,
        "http-request set-src hdr_ip(H,OCC) if { src LIST }: believes one entry of the header, sent by a peer in the"
        " list, or by anyone if there is none.",
        "-1:{header}",
        set_src,
    ),
    Dialect(
        "haproxy-forwardfor-except",
        "haproxy",
        VERSION,
        "option forwardfor except NET: decides nothing itself, and tells the next hop the peer unless it is in NET.",
        "",
        forwardfor,
        decides=False,
    ),
)
