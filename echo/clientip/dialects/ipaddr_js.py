"""
What ipaddr.js takes for an address (lib/ipaddr.js: IPv4.parser, IPv6.parser, expandIPv6).

Express comes with 1.9.1, Fastify with 2.5.0, called `newer` here. Where they differ:

                                1.9.1                               2.5.0
    IPv4 in two or three parts  no address                          as inet_aton
    010.0.0.1, 08.0.0.1         8.0.0.1, 0.0.0.1                    8.0.0.1, no address
    0x0a.0.0.1, 0X0a.0.0.1      10.0.0.1, 0.0.0.1                   10.0.0.1 both
    ::192.0.2.1                 no address                          ::ffff:192.0.2.1
    64:ff9b::192.0.2.1          no address                          an address
    00001::                     an address: groups of any length    no address
    1:2:3:4:5:6:7:8::           an address: `::` for nothing        no address

In both an IPv6 address may have a zone of letters and digits, and octets behind its colons may be hexadecimal, or have
leading zeros that mean nothing. Digits are counted without leading zeros before they are made a number, so the time is
linear in the text.
"""

import re
from typing import NamedTuple

MAPPED = 0xFFFF << 32  # IPv4's place among IPv6, ::ffff:0:0/96
_ZONE = re.compile(r"[0-9A-Za-z]+")
_HEX_GROUPS = re.compile(r"[0-9A-Fa-f:]+")
_PART = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]+")
_OCTAL = re.compile(r"[0-7]*")
_TOO_MUCH = 1 << 32  # stands for any number beyond what an address can hold
_MAX_DIGITS = 11  # octal digits of 2^32 - 1; decimal and hexadecimal take fewer


class Parsed(NamedTuple):
    """An address: `number` of 128 bits, IPv4 at ::ffff:0:0/96; `six` as it was written; the zone, or ""."""

    number: int
    six: bool
    zone: str = ""

    @property
    def is_mapped(self) -> bool:
        """Return whether the address is in IPv4's place."""
        return self.number >> 32 == MAPPED >> 32


def parse(text: str, *, newer: bool) -> Parsed | None:
    """Return the address that ipaddr.parse makes of the text; None where isValid is false."""
    return _parse_six(text, newer=newer) if ":" in text else _parse_four(text, newer=newer)


def _number(digits: str, base: int) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0", base) if len(digits) <= _MAX_DIGITS else _TOO_MUCH


def _plain(part: str) -> int:
    """Read as parseInt does without a base: 0x is hexadecimal, and a leading 0 means nothing."""
    return _number(part[2:], 16) if part[:2] in ("0x", "0X") else _number(part, 10)


def _guessed(part: str, *, newer: bool) -> int | None:
    """Read as parseIntAuto does: as _plain, but a leading 0 is octal."""
    if not part.startswith("0") or part.startswith("0x") or (newer and (part == "0" or part.startswith("0X"))):
        return _plain(part)
    octal = _OCTAL.match(part)
    assert octal is not None  # it matches the empty text
    if newer and octal.end() < len(part):
        return None
    return _number(octal[0], 8)


def _parse_four(text: str, *, newer: bool) -> Parsed | None:
    parts = text.split(".", 4)
    if len(parts) not in ((1, 2, 3, 4) if newer else (1, 4)) or not all(map(_PART.fullmatch, parts)):
        return None
    number = 0
    for index, part in enumerate(parts):
        value = _guessed(part, newer=newer)
        is_last = index == len(parts) - 1
        bits = 8 * (4 - index) if is_last else 8  # the last part fills what is left
        if value is None or value >> bits:
            return None
        number = number << bits | value
    return Parsed(MAPPED | number, six=False)


def _parse_six(text: str, *, newer: bool) -> Parsed | None:
    body, percent, zone = text.partition("%")
    if ":::" in body or (percent and not _ZONE.fullmatch(zone)):
        return None
    head, _, tail = body.rpartition(":")
    if "." not in tail:
        number = _expand(body, 8, newer=newer)
    else:
        octets = tail.split(".", 4)
        if len(octets) != 4 or not all(map(_PART.fullmatch, octets)) or max(map(_plain, octets)) > 255:
            return None
        if newer and head.endswith(":"):
            head = "::ffff" if head == ":" else f"{head}:"
        number = _expand(head, 6, newer=newer)
        for octet in octets:
            number = None if number is None else number << 8 | _plain(octet)
    return None if number is None else Parsed(number, six=True, zone=zone)


def _expand(text: str, groups: int, *, newer: bool) -> int | None:
    """Return the number of that many groups, `::` filled up with zeros; None if the text has more or fewer."""
    if not _HEX_GROUPS.fullmatch(text) or (text.startswith(":") and not text.startswith("::")):
        return None
    at = text.find("::")
    if at != text.rfind("::"):
        return None
    colons = text.count(":") - (at == 0) - text.endswith("::")
    if colons > groups or (newer and colons == groups):
        return None
    filled = text.replace("::", ":" + "0:" * (groups - colons)).removeprefix(":").removesuffix(":").split(":")
    if len(filled) != groups or not all(filled) or (newer and max(map(len, filled)) > 4):
        return None
    number = 0
    for group in filled:
        value = _number(group, 16)
        if value > 0xFFFF:
            return None
        number = number << 16 | value
    return number
