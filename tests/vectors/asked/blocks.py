"""The building blocks: one entry, one CIDR, one membership."""

import ipaddress
from collections.abc import Mapping

from echo.clientip import NAMED_RANGES, ConfigFault, Ranges, parse_hop, parse_range
from echo.clientip.address import V4_PREFIX
from tests.vectors.rows import Answer, Asked, Row, text_or_none

SPECIAL_PURPOSE = Ranges(text for texts, _ in NAMED_RANGES.values() for text in texts)


def entry_lenient(row: Row, _: str) -> Answer:
    return {"client_ip": text_or_none(parse_hop(row["headers"][0][1]))}


def parse_cidr(row: Row, _: str) -> Answer:
    try:
        first, last = parse_range(row["trusted"][0])
    except ConfigFault:
        return {"cidr": None, "error": True}
    return {"cidr": cidr_text(first, last), "error": False}


def cidr_contains(row: Row, _: str) -> Answer:
    try:
        ranges = Ranges(row["trusted"])
    except ConfigFault:
        return {"contained": False, "error": True}
    address = parse_hop(row["headers"][0][1])
    return {"contained": address is not None and address.packed in ranges, "error": address is None}


def peer_trusted(row: Row, _: str) -> Answer:
    address = parse_hop(row["peer_addr"] or "")
    return {"contained": address is not None and address.packed in Ranges(row["trusted"])}


def classify_private(row: Row, _: str) -> Answer:
    address = parse_hop(row["headers"][0][1])
    return {"private": address is not None and address.packed in SPECIAL_PURPOSE}


def cidr_text(first: bytes, last: bytes) -> str:
    host_bits = (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
    if first.startswith(V4_PREFIX):
        return f"{ipaddress.IPv4Address(first[12:])}/{32 - host_bits}"
    return f"{ipaddress.IPv6Address(first)}/{128 - host_bits}"


ANSWERS: Mapping[str, Asked] = {
    "entry-lenient": entry_lenient,
    "parse-cidr": parse_cidr,
    "cidr-contains": cidr_contains,
    "peer-trusted": peer_trusted,
    "classify-private": classify_private,
}
