"""
Networks: which address is whose, and where a geo database believes it to be.

A database is wrong about a network, not about an address: each /24 is drawn once. It is wrong about the country with
`wrong_country`, about the city within the country with `wrong_city` (two good databases of one month differ by more
than 500 km for 24 to 43 % of addresses, and on the country for 3 to 6 %). A carrier's networks are anywhere in its
country.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from benchmarks.logins.cities import BY_COUNTRY, CITIES, City

CARRIER_POOL = 40  # /24 that a country's carrier hands out to phones
RADII = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0)  # km, as MaxMind writes them


class Net(NamedTuple):
    """A /24 (or /64): where it is, and where the database has it; `radius` None where it claims none."""

    number: int
    v6: bool
    asn: int
    city: City
    shown: City
    radius: float | None

    def address(self, host: int) -> str:
        """Return one of its addresses."""
        high, low = divmod(self.number, 256)
        if self.v6:
            return f"2a0a:{high:x}:{low:x}::{host:x}"
        return f"{20 + high // 256}.{high % 256}.{low}.{host}"


class World:
    """All networks; every draw is by the seed."""

    def __init__(self, random: Random, wrong_country: float, wrong_city: float, claims: bool) -> None:
        self._random, self._wrong = random, (wrong_country, wrong_city)
        self._claims, self._made = claims, 0
        self._carriers: dict[str, list[Net]] = {}
        self._asns: dict[tuple[str, int], int] = {}

    def net(self, city: City, asn: int, *, v6: bool = False, sure: bool = False) -> Net:
        """Make a network in a city; the database is right about one that is `sure`."""
        draw, shown = self._random.random(), city
        if not sure and draw < self._wrong[0]:
            shown = self._random.choice(CITIES)
        elif not sure and draw < sum(self._wrong):
            shown = self._random.choice(BY_COUNTRY[city.country])
        self._made += 1
        radius = self._random.choice(RADII) if self._claims else None
        return Net(self._made, v6, asn, city, shown, radius)

    def isp(self, country: str, which: int = 0) -> int:
        """Return the ASN of one of a country's access providers."""
        return self._asns.setdefault((country, which), 65_000_0 + len(self._asns))

    def carrier(self, city: City) -> Net:
        """Return a network of the mobile carrier of a city's country."""
        if city.country not in self._carriers:
            cities: Sequence[City] = BY_COUNTRY[city.country]
            asn = self.isp(city.country, 9)
            self._carriers[city.country] = [self.net(self._random.choice(cities), asn) for _ in range(CARRIER_POOL)]
        return self._random.choice(self._carriers[city.country])
