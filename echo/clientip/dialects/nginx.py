"""
nginx: whom ngx_http_realip_module takes for the client.

Rules (src/http/modules/ngx_http_realip_module.c, src/http/ngx_http_core_module.c ngx_http_get_forwarded_addr,
src/core/ngx_inet.c; release 1.22.1, and run):

* The peer is believed if it is in set_real_ip_from. Then the last entry of the header is the address; with
  real_ip_recursive on, while the address reached is in set_real_ip_from as well, the entry before it, and so on.
  An entry that is no address ends the walk at the last that was one.
* `real_ip_header X-Forwarded-For`, spelt just so, reads all fields, the last first, and only the last unless recursive.
  `proxy_protocol` reads the PROXY header. Any other name, `x-forwarded-for` included, reads the first field, as a list.
  A field whose name is not of letters, digits and hyphens is dropped before anyone sees it.
* Blanks and commas separate entries, tabs do not; the first character of a field is an entry's whatever it is.
* An entry is IPv4, IPv6, `IPv4:port`, `[address]:port`; `[v6]` without a port is none.
* IPv4 is three dots and between them octets that may have leading zeros or be empty: 203.0.113.007, `1..2.3`, `...`.
  255.255.255.255 is the code for "no address" and so is none.
* IPv6 may have one colon too many in front (`:1:2:3:4:5:6:7:8`), and behind where `::` is used (`1::2:` is 1::2:0).
* A mapped address is compared as IPv4 and printed as ::ffff:a.b.c.d.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from string import hexdigits

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.inet import (
    Hop,
    Trusted,
    decimal,
    numeric_host,
    parse_peer,
    printed,
    split_port,
    trusted_networks,
)
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields

VERSION = "1.22.1"
XFF = "X-Forwarded-For"
PROXY_PROTOCOL = "proxy_protocol"
UNIX = "unix:"
FIELD_NAME = re.compile(r"[0-9A-Za-z-]+")
NO_ADDRESS = b"\xff" * 4  # INADDR_NONE
IPV6_WORDS = 8
MAX_PIECES = IPV6_WORDS + 1  # text between colons: seven words, the gap of a `::`, the end
MAX_PORT = 65535


def parse_ipv4(text: str) -> bytes | None:
    """Parse as ngx_inet_addr does."""
    octets = [decimal(octet) if octet else 0 for octet in text.split(".", 4)]
    if len(octets) != 4:
        return None
    known = [octet for octet in octets if octet is not None and octet <= 0xFF]
    return bytes(known) if len(known) == 4 and bytes(known) != NO_ADDRESS else None


def parse_ipv6(text: str) -> bytes | None:
    """Parse as ngx_inet6_addr does."""
    *pieces, last = text.removeprefix(":").split(":", MAX_PIECES)
    if len(pieces) >= MAX_PIECES:
        return None
    words: list[bytes] = []
    gap: int | None = None
    for piece in pieces:
        if piece:
            words.append(_word(piece))
        elif gap is None:
            gap = len(words)
        else:
            return None
    if not last and gap is None:
        return None
    if "." in last and _word(last.partition(".")[0]):
        tail = parse_ipv4(last) or b""
        words += [tail[:2], tail[2:]]
    else:
        words.append(_word(last or "0"))
    missing = IPV6_WORDS - len(words)
    if not all(words) or missing < 0 or (missing > 0) != (gap is not None):
        return None
    at = gap or 0
    return b"".join(words[:at]) + bytes(2 * missing) + b"".join(words[at:])


def _word(text: str) -> bytes:
    """Return one to four hexadecimal digits as two bytes; b"" for other text."""
    return int(text, 16).to_bytes(2) if 1 <= len(text) <= 4 and not text.strip(hexdigits) else b""


def parse_addr(text: str) -> bytes | None:
    """Parse an address alone, as ngx_parse_addr does: 4 or 16 bytes."""
    return parse_ipv4(text) or parse_ipv6(text)


def parse_entry(text: str) -> Hop | None:
    """Parse an entry, as ngx_parse_addr_port does."""
    packed = parse_addr(text)
    if packed is not None:
        return Hop(packed)
    host, between, port_text = text[1:].partition("]:") if text.startswith("[") else text.partition(":")
    port = decimal(port_text) if between else None
    if not port or port > MAX_PORT:
        return None
    packed = parse_addr(host)
    return None if packed is None else Hop(packed, port)


def entries(values: Iterable[str]) -> Iterator[str]:
    """Yield the entries of the values from the right; an empty value is an entry that is no address."""
    for value in reversed([*values]):
        text = value.replace(" ", ",")
        start = len(text) + 1
        while start > 0:
            end = start - 1
            while end > 0 and text[end - 1] == ",":
                end -= 1
            start = text.rfind(",", 1, end) + 1
            yield text[start:end]


def walk(peer: Hop, values: Sequence[str], trusted: Trusted, recursive: bool) -> Hop:
    """Return the address that realip arrives at; `values` are the fields it reads."""
    hop = peer
    for entry in entries(values):
        reached = parse_entry(entry) if trusted.holds(hop) else None
        if reached is None:
            break
        hop = reached
        if not recursive:
            break
    return hop


def kept(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Return the values of the fields called name that nginx keeps."""
    return fields(((key, value) for key, value in headers if FIELD_NAME.fullmatch(key)), name)


def read(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Return the fields that `real_ip_header name` reads."""
    values = kept(headers, name)
    return values if name == XFF else values[:1]


def proxy_source(proxied: str | None) -> Hop | None:
    """Return the source of a PROXY header, as realip parses it."""
    if proxied is None:
        return None
    host, port = split_port(proxied)
    packed = parse_addr(host)
    return None if packed is None else Hop(packed, decimal(port) or 0)


def make_trusted(texts: Sequence[str]) -> Trusted:
    """Take the arguments of set_real_ip_from. Raises ConfigFault for a name, or what is no network."""
    networks = [_network(text) for text in texts if text != UNIX]
    return Trusted(trusted_networks(networks), UNIX in texts)


def _network(text: str) -> tuple[bytes, int]:
    base, slash, bits_text = text.partition("/")
    packed = parse_addr(base)
    bits = decimal(bits_text) if slash else None
    if packed is None or (slash and (bits is None or bits > 8 * len(packed))):
        packed, bits = numeric_host(text), None  # nginx asks getaddrinfo about anything else
        if packed is None:
            raise ConfigFault(
                f"{quote(text)} is no address or CIDR that nginx takes in set_real_ip_from",
                next_step="write it as 10.0.0.0/8; host names are not resolved here",
            )
    return packed, 8 * len(packed) if bits is None else bits


def answer(hop: Hop) -> Answer:
    """Return what $remote_addr and $remote_port tell."""
    return Answer(printed(hop.packed), port=hop.port or None)


def _build(recursive: bool, header: str, trusted: Sequence[str]) -> Resolver:
    if not header:
        raise ConfigFault("real_ip_header names no header", next_step=f"write {XFF} or the header your proxy sets")
    believed = make_trusted(trusted)

    def resolve(arrival: Arrival) -> Answer:
        peer = parse_peer(arrival.peer)
        if peer is None:
            return Answer(None)
        if header == PROXY_PROTOCOL:
            source = proxy_source(arrival.proxied)
            return answer(source if source and believed.holds(peer) else peer)
        return answer(walk(peer, read(arrival.headers, header), believed, recursive))

    return resolve


DIALECTS = (
    Dialect(
        name="nginx-recursive-off",
        program="nginx",
        version=VERSION,
        meaning="set_real_ip_from = the trusted ranges, real_ip_recursive off: a trusted peer's word for who called, "
        "the last entry of the last field (of the first field if the header is not X-Forwarded-For).",
        argument="{header}",
        build=partial(_build, False),
    ),
    Dialect(
        name="nginx-recursive-on",
        program="nginx",
        version=VERSION,
        meaning="set_real_ip_from = the trusted ranges, real_ip_recursive on: from the right the first entry that is "
        "not trusted; if all are, the leftmost, which the client may have written.",
        argument="{header}",
        build=partial(_build, True),
    ),
)
