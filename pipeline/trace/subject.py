"""
What is traced: an address, a network, an autonomous system, a request, a user, an alert or a campaign, by its form.

Rules:

1. An address, a CIDR, AS64496 and a campaign are what they look like. Any other text may be several things; then the
   lake is asked. What looks like an id is asked for as each, and where the lake knows several `--as` says which is
   meant. Of what does not, a user goes before a request: looking through all ids takes longest.
2. An address is canonical (`parse_hop`: port and brackets of a log go), a CIDR loses its host bits, and one of a single
   address is that address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from echo.clientip import Address, ConfigFault, parse_hop, parse_range, quote
from echo.clientip.ranges import V4_BITS_OFFSET
from pipeline.errors import UsageFault

IP, CIDR, ASN, REQUEST, USER, ALERT, CAMPAIGN = "ip", "cidr", "asn", "request", "user", "alert", "campaign"
# value of --as -> what the subject is
KINDS = {
    IP: "A client address; a port and brackets around it are dropped.",
    CIDR: "A network, as 203.0.113.0/24 or 2001:db8::/48.",
    ASN: "An autonomous system, as AS64496.",
    REQUEST: "A request, by its request id or trace id.",
    USER: "An account, by the name that it signed in with.",
    ALERT: "An alert, by its id: what it is about is traced.",
    CAMPAIGN: "The sources that belong to a campaign, by its name, as 203.0.113.9@2026-03-02.",
}
MAX_SUBJECT_CHARS = 512  # user names are cut at 256 characters; a longer text is a paste that went wrong
MAX_ASN = (1 << 32) - 1  # RFC 6793
_ASN = re.compile(r"AS([0-9]{1,10})", re.IGNORECASE)
_ID = re.compile(r"[0-9a-fA-F]{16,64}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-7][0-9A-HJKMNP-TV-Z]{25}")
# what has the form of an address or a network, and is none
_NEARLY = re.compile(r"[0-9]+(\.[0-9]+)+\.?(/[0-9]*)?|[0-9a-fA-F.]*:[0-9a-fA-F:.]*(/[0-9]*)?")
_CAMPAIGN = re.compile(r"[0-9a-f.:]{2,45}@[0-9]{4}-[0-9]{2}-[0-9]{2}")  # its first source and that one's first day
_ALERT = re.compile(r"[0-9a-f]{16}")


class Subject(NamedTuple):
    """
    What is traced.

    kind    a key of KINDS
    text    canonical
    number  of an autonomous system; else 0
    """

    kind: str
    text: str
    number: int = 0


def recognise(text: str, given: str | None = None) -> tuple[Subject, ...]:
    """
    Return what a text may name, the likeliest first.

    given  the value of --as, a key of KINDS

    Raises UsageFault if it names nothing, or nothing of the kind given.
    """
    text = text.strip()
    if not text or len(text) > MAX_SUBJECT_CHARS:
        raise UsageFault(f"{quote(text)} is no subject", "", "name an address, a CIDR, AS64496, a request id or a user")
    if given is not None:
        subject = FORMS[given](text)
        if subject is None:
            raise UsageFault(f"{quote(text)} is no {given}", "--as", f"{given}: {KINDS[given]}")
        return (subject,)
    for kind in (IP, CIDR, ASN, CAMPAIGN):
        if (subject := FORMS[kind](text)) is not None:
            return (subject,)
    if _NEARLY.fullmatch(text):
        raise UsageFault(f"{quote(text)} is no address and no CIDR", "", "correct it; --as user if it is a user's name")
    if _ALERT.fullmatch(text):
        kinds: tuple[str, ...] = (ALERT, REQUEST, USER)
    else:
        kinds = (REQUEST, USER) if _ID.fullmatch(text) else (USER, REQUEST)
    return tuple(Subject(kind, text) for kind in kinds)


def is_id(text: str) -> bool:
    """Return whether a text looks like the id of a request: a UUID, a ULID, 16 hexadecimal digits or more."""
    return _ID.fullmatch(text) is not None


def _ip(text: str) -> Subject | None:
    address = parse_hop(text)
    if address is not None:
        return Subject(IP, str(Address(address.packed)))
    subject = _cidr(text) if "/" in text else None
    return subject if subject is not None and subject.kind == IP else None


def _cidr(text: str) -> Subject | None:
    try:
        first, last = parse_range(text)
    except ConfigFault:
        return None
    base = Address(first)
    bits = 128 - (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
    if bits == 128:
        return Subject(IP, str(base))
    if base.is_ipv4 and bits >= V4_BITS_OFFSET:
        return Subject(CIDR, f"{base}/{bits - V4_BITS_OFFSET}")
    return Subject(CIDR, f"{base}/{bits}")


def _asn(text: str) -> Subject | None:
    found = _ASN.fullmatch(text)
    if found is None or int(found[1]) > MAX_ASN:
        return None
    return Subject(ASN, f"AS{int(found[1])}", int(found[1]))


def _alert(text: str) -> Subject | None:
    return Subject(ALERT, text.lower()) if _ALERT.fullmatch(text.lower()) else None


# kind -> what a text is as one of it, None if it cannot be
FORMS: dict[str, Callable[[str], Subject | None]] = {
    IP: _ip,
    CIDR: _cidr,
    ASN: _asn,
    REQUEST: lambda text: Subject(REQUEST, text),
    USER: lambda text: Subject(USER, text),
    ALERT: _alert,
    CAMPAIGN: lambda text: Subject(CAMPAIGN, text) if _CAMPAIGN.fullmatch(text) else None,
}
