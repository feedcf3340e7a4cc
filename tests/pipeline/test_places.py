"""What databases may hold, and what they may not make of it."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.places import COLUMNS, MAX_NAME_CHARS, NOWHERE, joined, place_of

FLAT = {"country_code": "DE", "city": "Berlin", "latitude": "52.5", "longitude": "13.4"}
MAXMIND = {"autonomous_system_number": 15169, "autonomous_system_organization": "GOOGLE"}


def told(found: Any, *names: str) -> tuple[Any, ...]:
    place = dict(zip((column.name for column in COLUMNS), place_of(found), strict=True))
    return tuple(place[name] for name in names)


@pytest.mark.parametrize(
    ("found", "country", "city", "latitude"),
    [
        (FLAT, "DE", "Berlin", 52.5),
        ({"country": "DE", "region": "Berlin"}, "DE", None, None),
        ({"country": {"iso_code": "None"}, "city": ""}, None, None, None),
        ({"country": {"iso_code": "Deutschland"}}, None, None, None),
        ({"country": ["DE"], "city": {"names": ["x"]}, "location": 7}, None, None, None),
        ({"location": {"latitude": 1e9, "longitude": True}}, None, None, None),
        ({}, None, None, None),
        (None, None, None, None),
        (["DE"], None, None, None),
    ],
)
def test_places(found: Any, country: str | None, city: str | None, latitude: float | None) -> None:
    assert told(found, "country", "city", "latitude") == (country, city, latitude)


@pytest.mark.parametrize(
    ("found", "asn", "as_org"),
    [
        # realistic: MaxMind, DB-IP, MaxMind's and DB-IP's ISP, ipinfo's Lite, ipinfo's nested
        (MAXMIND, 15169, "GOOGLE"),
        ({"traits": MAXMIND}, 15169, "GOOGLE"),
        ({"asn": "AS15169", "as_name": "Google LLC", "as_domain": "google.com"}, 15169, "Google LLC"),
        ({"asn": {"asn": "AS15169", "name": "Google LLC"}}, 15169, "Google LLC"),
        ({"as_number": "15169"}, 15169, None),
        # nothing known
        ({"asn": "", "as_name": "None"}, None, None),
        ({"autonomous_system_number": 0}, None, None),
        # hostile
        ({"autonomous_system_number": 1 << 32}, None, None),
        ({"autonomous_system_number": -1}, None, None),
        ({"autonomous_system_number": True}, None, None),
        ({"autonomous_system_number": 1.5}, None, None),
        ({"asn": "AS" + "9" * 5000}, None, None),
        ({"asn": "AS１５１６９"}, None, None),
        ({"asn": "AS15169 Google"}, None, None),
        ({"autonomous_system_organization": ["x"]}, None, None),
        ({"autonomous_system_organization": "x" * 9999}, None, "x" * MAX_NAME_CHARS),
    ],
)
def test_networks(found: Any, asn: int | None, as_org: str | None) -> None:
    assert told(found, "asn", "as_org") == (asn, as_org)
    assert told(found, "country", "city") == (None, None)


def test_the_first_that_knows_tells() -> None:
    city, network = place_of(FLAT), place_of(MAXMIND)
    other = place_of({"country": "FR", "asn": "AS1"})
    assert joined([NOWHERE, city, network, other]) == city[:-2] + network[-2:]
    assert joined([network, other]) == other[:-2] + network[-2:]
    assert joined([NOWHERE]) == NOWHERE
