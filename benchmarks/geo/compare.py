"""
Two databases' answers for the same addresses, compared. Neither is the truth: where they differ, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import asin, cos, radians, sin, sqrt
from random import Random
from statistics import quantiles
from typing import NamedTuple

import maxminddb

from echo.clientip import PUBLIC, classify, parse_address
from pipeline.places import COLUMNS, place_of

EARTH_KM = 6371.0088
COUNTRY, LATITUDE, LONGITUDE = (
    [one.name for one in COLUMNS].index(name) for name in ("country", "latitude", "longitude")
)
FAR_KM = (100, 500)  # out of the region; as far as impossible travel begins
V4_BITS, V6_PREFIX_BITS = 32, 64


class Spot(NamedTuple):
    """What a database says of an address; None is unknown. (0, 0) is no place."""

    country: str | None
    at: tuple[float, float] | None


class Agreement(NamedTuple):
    """
    Of two databases over a sample.

    asked      addresses
    both       for which both know the country
    same       of these, the same country
    distances  km between their places, sorted, where both have one
    """

    asked: int
    both: int
    same: int
    distances: Sequence[float]

    def farther(self, km: float) -> float:
        """Return the share of the distances that are more."""
        return sum(one > km for one in self.distances) / len(self.distances)

    def middle(self) -> tuple[float, float]:
        """Return the median and the 90th percentile of the distances."""
        tenths = quantiles(self.distances, n=10)
        return tenths[4], tenths[8]


class Database:
    """One name for the files of a database: IPv4 and IPv6 may be two."""

    def __init__(self, name: str, paths: Iterable[str]) -> None:
        self.name = name
        self._readers = [maxminddb.open_database(path) for path in paths]

    def files(self) -> str:
        """Say what files there are, and when they were built."""
        known = [reader.metadata() for reader in self._readers]
        return ", ".join(
            f"{one.database_type} {datetime.fromtimestamp(one.build_epoch, UTC):%Y-%m-%d}" for one in known
        )

    def __call__(self, address: str) -> Spot:
        """Look an address up."""
        for reader in self._readers:
            if ":" in address and reader.metadata().ip_version == 4:
                continue
            place = place_of(reader.get(address))
            latitude, longitude = place[LATITUDE], place[LONGITUDE]
            at = (latitude, longitude) if latitude and longitude else None
            if place[COUNTRY] or at:
                return Spot(place[COUNTRY], at)
        return Spot(None, None)


def km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance of two places in degrees."""
    (a, b), (c, d) = (tuple(map(radians, place)) for place in (one, other))
    return 2 * EARTH_KM * asin(min(1.0, sqrt(sin((a - c) / 2) ** 2 + cos(a) * cos(c) * sin((b - d) / 2) ** 2)))


def agreement(one: Iterable[Spot], other: Iterable[Spot]) -> Agreement:
    """Compare two databases' answers, in the order of the addresses."""
    pairs = list(zip(one, other, strict=True))
    known = [(a.country, b.country) for a, b in pairs if a.country and b.country]
    distances = sorted(km(a.at, b.at) for a, b in pairs if a.at and b.at)
    return Agreement(len(pairs), len(known), sum(a == b for a, b in known), distances)


def answers(databases: Iterable[Database], addresses: Sequence[str]) -> Mapping[str, list[Spot]]:
    """Return for each database what it says of the addresses."""
    return {database.name: [database(address) for address in addresses] for database in databases}


def routed_v4(routed: Database, count: int, random: Random) -> list[str]:
    """Return addresses drawn evenly from those of IPv4 that somebody announces."""
    found: list[str] = []
    while len(found) < count:
        number = random.getrandbits(V4_BITS)
        text = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
        address = parse_address(text)
        if address is not None and classify(address.packed) == PUBLIC and routed(text).country:
            found.append(text)
    return found


def routed_v6(path: str, count: int, random: Random) -> list[str]:
    """Return addresses of IPv6, each of a network drawn evenly from those of a database: most of the space is empty."""
    with maxminddb.open_database(path) as reader:
        networks = [network for network, _ in reader if network.version == 6]
    drawn = random.choices(networks, k=count)
    return [str(one[random.randrange(min(one.num_addresses, 1 << V6_PREFIX_BITS))]) for one in drawn]


__all__ = ["FAR_KM", "Agreement", "Database", "Spot", "agreement", "answers", "km", "routed_v4", "routed_v6"]
