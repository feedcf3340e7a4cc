"""One request of the probe, and what came of it."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from echo.clientip import Address, classify, parse_hop
from echo.clientip.resolve import PARSERS
from echo.probe.answers import Answer
from echo.probe.canaries import Canary
from echo.request import canonical

# classes of addresses that mean something inside a network alone
INSIDE = frozenset({"loopback", "link-local", "cloud-metadata", "private", "cgnat"})
_ADDRESS_LIKE = re.compile(r"[0-9A-Fa-f:.]{3,45}")
MAX_SCANNED = 4096  # characters of a header that are looked through for addresses


class Seen(NamedTuple):
    """
    One request.

    mine    address of our end of the connection; `port` its port
    to      address of the other end
    canary  what it forged; None: nothing
    answer  of the server; None where there was none, then `fault` says why
    """

    mine: Address | None
    port: int
    to: str
    canary: Canary | None = None
    answer: Answer | None = None
    fault: str = ""


def spelled(header: str) -> str:
    """Return a header's name as people write it; our JSON has those that were read in lower case."""
    return canonical(header.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def is_inside(address: Address) -> bool:
    """Return whether an address means something inside a network alone."""
    return classify(address.packed) in INSIDE


def is_loopback(address: Address) -> bool:
    """Return whether an address is the machine itself."""
    return classify(address.packed) == "loopback"


def same(address: Address | None, others: Iterable[Address]) -> bool:
    """Return whether an address is one of others, whatever their zones."""
    return address is not None and any(address.packed == other.packed for other in others)


def entries(values: Sequence[str]) -> list[str]:
    """Return the entries of a list header's fields, from left to right."""
    return [entry for value in values for part in value.split(",") if (entry := part.strip(" \t"))]


def entry_address(header: str, entry: str) -> Address | None:
    """Return the address that an entry of a header names."""
    return PARSERS.get(header.lower(), parse_hop)(entry)


def addresses_in(text: str) -> list[Address]:
    """Return all addresses that stand in a text, however they are set off."""
    return [found for word in _ADDRESS_LIKE.findall(text[:MAX_SCANNED]) if (found := parse_hop(word.strip(".")))]
