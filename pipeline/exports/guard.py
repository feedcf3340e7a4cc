"""
What is never blocked, each with the reason that is told.

A list that names a proxy of yours blocks everybody behind it, and one that names a CDN's edge the whole site.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path

from echo.clientip import NAMED_RANGES, Config, ConfigFault, Ranges, quote
from echo.clientip.address import V4_PREFIX
from echo.clientip.config import place, string_list
from echo.clientip.lists import FILE, PROVIDERS, provider_list, read_list
from pipeline.exports.entries import Network
from pipeline.resolve import INSIDE

NOBODY = frozenset({"multicast", "reserved"})  # what no client has
ATTACKS, NEVER_BLOCK = "attacks", "never_block"


class Guard:
    """Says why a network is not to be blocked."""

    def __init__(self, groups: Sequence[tuple[str, Ranges]]) -> None:
        """Take (reason, ranges), the reason that is told first at the front."""
        self._groups = [(reason, ranges) for reason, ranges in groups if ranges]

    def __call__(self, network: Network) -> str | None:
        """Return the reason, None if the network may be blocked."""
        first, last = _packed(network, 0), _packed(network, -1)
        for reason, ranges in self._groups:
            index = bisect_right(ranges.firsts, last) - 1
            if index >= 0 and ranges.lasts[index] >= first:
                return reason
        return None


def make_guard(config: Config, allowed: Sequence[str] = ()) -> Guard:
    """Return the guard of a configuration and of lists at paths. Raises ConfigFault for what is no list or no range."""
    never = [*_never_block(config), *(text for path in allowed for text in read_list(Path(path)).ranges)]
    groups = [("is in never_block or --allow-file", Ranges(never)), ("is in [trust] ranges", config.policy.trusted)]
    groups += [(f"is in [network] {key}", ranges) for key, ranges in config.network.items()]
    for service in config.services:
        for ranges in (service.addresses, service.endpoints):
            groups.append((f"is an address of the Service {quote(service.name)}", ranges))
    groups += [
        (f"is an edge of {name}: the client behind it was not resolved", Ranges(provider_list(name).ranges))
        for name in PROVIDERS
    ]
    groups += [
        (f"is a {name} address" if name in INSIDE else f"is {name}: no client has it", Ranges(texts))
        for name, (texts, _) in NAMED_RANGES.items()
        if name in INSIDE | NOBODY
    ]
    return Guard(groups)


def _never_block(config: Config) -> list[str]:
    """Return the ranges that the TOML names, as [trust] ranges takes them."""
    where = place(config.path, f"[{ATTACKS}] {NEVER_BLOCK}")
    table = config.tables.get(ATTACKS, {})
    texts: list[str] = []
    for entry in string_list(table if isinstance(table, dict) else {}, NEVER_BLOCK, where):
        try:
            found = _texts(entry, config)
            Ranges(found)
        except ConfigFault as error:
            raise ConfigFault(error.fault, where, error.next_step) from None
        texts += found
    return texts


def _texts(entry: str, config: Config) -> Sequence[str]:
    """Return the ranges that an entry stands for."""
    if entry in config.network:
        return config.network[entry].texts
    if entry in NAMED_RANGES:
        return NAMED_RANGES[entry][0]
    if entry in PROVIDERS:
        return provider_list(entry).ranges
    if entry.startswith(FILE):
        return read_list(Path(config.path).parent / entry.removeprefix(FILE)).ranges
    return [entry]


def _packed(network: Network, which: int) -> bytes:
    packed = network[which].packed
    return V4_PREFIX + packed if isinstance(network, IPv4Network) else packed
