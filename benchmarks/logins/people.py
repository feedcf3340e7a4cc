"""
A year of logins of ordinary people, each with where it was made and why it may look strange.

    office     home by day's begin and end, the company's office in between, sometimes the phone
    traveller  the same, and a journey every few weeks: flights take their time; a hotel's network there, and for some
               the phone, whose carrier brings it home (roaming) while the hotel is abroad
    vpn        at home behind a consumer VPN whose exits are anywhere; of one in five the list does not know the ASN
    mobile     the phone alone
    dormant    office people who stop, and of whom some come back after leave
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from benchmarks.logins.cities import BY_COUNTRY, CITIES, HOMES, City, km
from benchmarks.logins.networks import Net, World

SHARES = {"office": 0.56, "traveller": 0.16, "vpn": 0.1, "mobile": 0.1, "dormant": 0.08}
KNOWN_VPN, UNKNOWN_VPN = (9009, 212238, 62371), 64_990
V6_SHARE, TYPO_SHARE, ROAMING_SHARE, LATE_SHARE = 0.3, 0.03, 0.3, 0.2
FLIGHT_KMH, AIRPORT_HOURS = 800.0, 3.0
HOME_DAYS = (40, 150)  # a home router keeps its address for so long


class Login(NamedTuple):
    """One login; `why` is what could explain a finding: '', travel, roaming, vpn, carrier, leave."""

    ts: datetime
    user: str
    net: Net
    host: int
    success: bool
    why: str


class Person(NamedTuple):
    """One user and what it takes to draw his year."""

    name: str
    kind: str
    home: City
    office: Net


def staff(random: Random, world: World, count: int) -> list[Person]:
    """Draw people; every city of a home country has an office."""
    offices = {
        city: world.net(city, world.isp(city.country, 5), sure=True)
        for country in HOMES
        for city in BY_COUNTRY[country]
    }
    kinds = random.choices(list(SHARES), list(SHARES.values()), k=count)
    homes = [random.choice(list(offices)) for _ in range(count)]
    return [
        Person(f"user{number:04}", kind, home, offices[home])
        for number, (kind, home) in enumerate(zip(kinds, homes, strict=True))
    ]


def year(random: Random, world: World, person: Person, start: datetime, days: int) -> Iterator[Login]:
    """Draw a person's logins, in the order of time."""
    begin = random.randrange(days * 2 // 3) if random.random() < LATE_SHARE else 0
    home, until = _router(random, world, person, begin)
    exits = _exits(random, world) if person.kind == "vpn" else []
    pause = _pause(random, days) if person.kind == "dormant" else None
    trips = list(_trips(random, world, person, begin, days)) if person.kind == "traveller" else []
    for day in range(begin, days):
        if pause is not None and pause[0] <= day < pause[1]:
            continue
        if day >= until:
            home, until = _router(random, world, person, day)
        morning = start + timedelta(days=day, hours=(7 - round(person.home.longitude / 15)) % 24)
        trip = next((one for one in trips if one.first <= day <= one.last), None)
        if trip is not None:
            yield from _typed(random, _abroad(random, world, person, trip, day, morning))
        elif (start + timedelta(days=day)).weekday() < 5 or random.random() < 0.15:
            back = "leave" if pause is not None and day == pause[1] else ""
            yield from _typed(random, _ordinary(random, world, person, home, exits, morning, back))


class _Trip(NamedTuple):
    first: int
    last: int
    hours: float
    hotel: Net
    city: City
    roams: bool


def _router(random: Random, world: World, person: Person, day: int) -> tuple[Net, int]:
    v6 = random.random() < V6_SHARE
    return world.net(person.home, world.isp(person.home.country, random.randrange(3)), v6=v6), day + random.randint(
        *HOME_DAYS
    )


def _exits(random: Random, world: World) -> list[Net]:
    asn = UNKNOWN_VPN if random.random() < 0.2 else random.choice(KNOWN_VPN)
    return [world.net(random.choice(CITIES), asn) for _ in range(5)]


def _pause(random: Random, days: int) -> tuple[int, int]:
    first = random.randint(60, days // 2)
    return first, first + random.randint(100, 150) if random.random() < 0.3 else days


def _trips(random: Random, world: World, person: Person, begin: int, days: int) -> Iterator[_Trip]:
    day = begin + random.randint(5, 30)
    while day < days - 10:
        near = random.random() < 0.4
        city = random.choice(BY_COUNTRY[person.home.country] if near else CITIES)
        length = random.randint(1, 6)
        hours = km(person.home, city) / FLIGHT_KMH + AIRPORT_HOURS
        hotel = world.net(city, world.isp(city.country, random.randrange(3)))
        yield _Trip(day, day + length, hours, hotel, city, random.random() < ROAMING_SHARE)
        day += length + 2 + random.randint(10, 45)


def _abroad(random: Random, world: World, person: Person, trip: _Trip, day: int, morning: datetime) -> Iterator[Login]:
    if day == trip.last and day > trip.first:
        return  # the day of the flight home
    begin = morning + timedelta(hours=14 + trip.hours) if day == trip.first else morning + timedelta(hours=2)
    for _ in range(random.randint(1, 3)):
        begin += timedelta(minutes=random.randint(5, 240))
        yield Login(begin, person.name, trip.hotel, random.randint(2, 250), True, "travel")
        if trip.roams and random.random() < 0.5:
            begin += timedelta(minutes=random.randint(3, 60))
            yield Login(begin, person.name, world.carrier(person.home), random.randint(2, 250), True, "roaming")


def _ordinary(
    random: Random, world: World, person: Person, home: Net, exits: list[Net], morning: datetime, back: str
) -> Iterator[Login]:
    moment = morning + timedelta(minutes=random.randint(0, 90))
    if person.kind == "mobile":
        for _ in range(random.randint(1, 4)):
            yield Login(moment, person.name, world.carrier(person.home), random.randint(2, 250), True, "carrier")
            moment += timedelta(minutes=random.randint(20, 300))
        return
    if exits and random.random() < 0.6:
        yield Login(moment, person.name, random.choice(exits), random.randint(2, 250), True, "vpn")
    else:
        yield Login(moment, person.name, home, 7, True, back)
    moment += timedelta(minutes=random.randint(40, 90))
    if person.kind != "vpn" and random.random() < 0.7:
        yield Login(moment, person.name, person.office, random.randint(2, 250), True, back)
    if random.random() < 0.3:
        moment += timedelta(minutes=random.randint(200, 500))
        net, why = (home, "") if random.random() < 0.6 else (world.carrier(person.home), "carrier")
        yield Login(moment, person.name, net, 7, True, why)


def _typed(random: Random, logins: Iterator[Login]) -> Iterator[Login]:
    """Put mistyped passwords before some logins."""
    for one in logins:
        for number in range(random.randint(1, 2) if random.random() < TYPO_SHARE else 0, 0, -1):
            yield one._replace(ts=one.ts - timedelta(seconds=15 * number), success=False)
        yield one
