"""
What Ruby's servers and standard library make of headers and addresses, as the dialects of Rack and Rails need it.

* A server hands on the fields of one name joined by commas, as one text.
* Rack splits lists at commas, blanks and tabs; an entry is an authority (RFC 3986 §3.2): its port and the brackets of
  IPv6 are dropped, what is none becomes nil. Bare IPv6 in X-Forwarded-For gets its brackets first; in Forwarded it has
  to have them.
* IPAddr (1.2.4, of Ruby 3.1) takes IPv4 without leading zeros, IPv6 with or without brackets, a zone of letters, digits
  and `_` on IPv6, and a prefix length or mask; ranges hold addresses of their own family only, so that a mapped address
  is in no IPv4 range.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields

MAX_CHARS = 256  # of one entry; the grammars below are tried on nothing longer, which is no address
MAX_FORWARDED = 1024  # parameters, and escapes, that Rack reads of one header; with more it reads none

BLANKS = " \t"
SPACE = " \t\r\n\f\v"  # \s of a regular expression; Unicode's blanks are none
STRIPPED = SPACE + "\0"  # String#strip

_GROUP = r"[0-9A-Fa-f]{1,4}"
_GROUPS = rf"(?:{_GROUP}(?::{_GROUP})*)?"
_DOTTED = r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+"
_ZONE = r"%[-0-9A-Za-z._~]+"
_IPV6 = "|".join(
    (
        rf"(?:{_GROUP}:){{7}}{_GROUP}",
        rf"{_GROUPS}::{_GROUPS}",
        rf"(?:{_GROUP}:){{6}}{_DOTTED}",
        rf"{_GROUPS}::(?:{_GROUP}:)*{_DOTTED}",
        rf"[Ff][Ee]80(?::{_GROUP}){{7}}{_ZONE}",
        rf"[Ff][Ee]80:(?:{_GROUPS}::{_GROUPS}|:{_GROUPS})?:{_GROUP}{_ZONE}",
    )
)
_AUTHORITY = re.compile(rf"(?:\[({_IPV6})\]|([-a-zA-Z0-9._~%!$&'()*+,;=]*))(?::[0-9]+)?")
_IPADDR_ZONE = re.compile(r"[0-9A-Za-z_]+")
_REFUSED = re.compile(rf"::(?:{_GROUP}:){{5}}{_DOTTED}")  # IPAddr counts one colon too few for it
_FORWARDED_NAMES = ("by", "for", "host", "proto")
_QUOTED_END = re.compile(r'["\\]')
_VALUE_END = re.compile(r"[;,]")
_BETWEEN = re.compile(r"[\s;,]*", re.ASCII)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def joined(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """Return the fields of one name as one text, None without one."""
    found = fields(headers, name)
    return ",".join(found) if found else None


def split_header(text: str, blanks: str = BLANKS) -> list[str]:
    """Return the entries of a list; Ruby's split leaves out empty ones at its end, and keeps one at its beginning."""
    entries = re.split(rf"[,{blanks}]+", text.strip(STRIPPED))
    while entries and not entries[-1]:
        entries.pop()
    return entries


def authority_host(text: str) -> str | None:
    """Return the host of an authority, without brackets; None where it is none."""
    match = _AUTHORITY.fullmatch(text) if len(text) <= MAX_CHARS else None
    if match is None:
        return None
    return match[1] if match[1] is not None else match[2]


def wrapped(text: str) -> str:
    """Return bare IPv6 in brackets, anything else as it is."""
    return f"[{text}]" if not text.startswith("[") and text.count(":") > 1 else text


def forwarded_values(text: str) -> dict[str, list[str]] | None:
    """Return parameter -> all its values, elements ignored; None where Rack gives the header up."""
    values: dict[str, list[str]] = {}
    text = text.replace("\n", ";")
    position = _skip(text, 0)
    parameters = escapes = 0
    while (equals := text.find("=", position)) >= 0:
        parameters += 1
        name = text[position:equals].strip(STRIPPED).lower()
        if parameters > MAX_FORWARDED or name not in _FORWARDED_NAMES:
            return None
        position = equals + 1
        if text[position : position + 1] == '"':
            parts = []
            position += 1
            while (end := _QUOTED_END.search(text, position)) is not None:
                parts.append(text[position : end.start()])
                position = end.end()
                if end[0] == '"':
                    break
                escapes += 1
                if escapes > MAX_FORWARDED:
                    return None
                parts.append(text[position : position + 1])
                position += 1
            value = "".join(parts)
        else:
            match = _VALUE_END.search(text, position)
            end_at = match.start() if match else len(text)
            value = text[position:end_at].strip(STRIPPED)
            position = end_at
        values.setdefault(name, []).append(value)
        position = _skip(text, position)
    return values


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    assert match is not None  # it matches the empty text
    return match.end()


def forwarded_for(headers: Sequence[tuple[str, str]]) -> list[str | None] | None:
    """Return Rack's Request#forwarded_for: Forwarded where it has `for`, else X-Forwarded-For; None without either."""
    forwarded = joined(headers, "Forwarded")
    values = forwarded_values(forwarded) if forwarded is not None else None
    if values and "for" in values:
        return [authority_host(text) for text in values["for"]]
    text = joined(headers, "X-Forwarded-For")
    return None if text is None else [authority_host(wrapped(entry)) for entry in split_header(text)]


def parse_ip(text: str) -> Address | None:
    """Return the address that IPAddr.new makes of a text; None if it is none, or a range of more than one."""
    if len(text) > MAX_CHARS:
        return None
    base, slash, mask = text.partition("/")
    bracketed = base.startswith("[") and base.endswith("]")
    base = base[1:-1] if bracketed else base
    bare, percent, zone = base.partition("%")
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    if (bracketed or percent) and isinstance(address, IPv4Address):
        return None
    if (percent and not _IPADDR_ZONE.fullmatch(zone)) or _REFUSED.fullmatch(bare):
        return None
    if slash and not mask.isdecimal():
        ones = parse_ip(mask)  # as 255.255.255.255
        return address if type(ones) is type(address) and int(ones) == (1 << address.max_prefixlen) - 1 else None
    return address if not slash or mask == str(address.max_prefixlen) else None


def make_networks(trusted: Iterable[str], what: str) -> list[Network]:
    """Return the ranges of a trust list. Raises ConfigFault."""
    networks = []
    for text in trusted:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:
            raise ConfigFault(f"{what}: {quote(text)} is no IPAddr", next_step="write it as 10.0.0.0/8") from None
    return networks


def within(address: Address | None, networks: Sequence[Network]) -> bool:
    """Return whether a range of its own family holds the address."""
    if address is None:
        return False
    return any(address in network for network in networks)
