"""The comparison of geo databases: what is known, what agrees, and how far apart places are."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from benchmarks.geo.compare import Database, Spot, agreement, answers, km, routed_v4, routed_v6

CITY = str(Path(__file__).parents[2] / "data" / "mmdb" / "GeoIP2-City-Test.mmdb")
LONDON, PARIS = (51.5074, -0.1278), (48.8566, 2.3522)


def test_a_distance_is_the_great_circle() -> None:
    assert km(LONDON, PARIS) == pytest.approx(343.6, abs=0.5)
    assert km(LONDON, LONDON) == 0


def test_only_what_both_know_is_compared() -> None:
    one = [Spot("GB", LONDON), Spot("GB", None), Spot(None, PARIS), Spot("FR", PARIS)]
    other = [Spot("FR", PARIS), Spot("GB", PARIS), Spot("FR", PARIS), Spot(None, None)]
    found = agreement(one, other)
    assert (found.asked, found.both, found.same) == (4, 2, 1)
    assert [round(one) for one in found.distances] == [0, 344]
    assert (found.farther(100), found.farther(500)) == (0.5, 0)


def test_a_database_answers_by_the_columns_of_a_place() -> None:
    database = Database("city", [CITY])
    said = answers([database], ["81.2.69.160", "2001:218::1", "8.8.8.8"])["city"]
    assert [spot.country for spot in said] == ["GB", "JP", None]
    assert said[0].at is not None
    assert km(said[0].at, LONDON) < 20


def test_addresses_are_drawn_from_what_is_announced() -> None:
    database = Database("city", [CITY])
    drawn = routed_v6(CITY, 50, Random(1))
    assert drawn == routed_v6(CITY, 50, Random(1))
    assert all(":" in one for one in drawn)
    assert all(database(one).country for one in routed_v4(database, 3, Random(1)))
