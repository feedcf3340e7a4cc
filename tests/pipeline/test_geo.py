"""Places from any mmdb; a broken one is an error that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from echo.clientip import ConfigFault, parse_config
from pipeline.errors import GeoFault
from pipeline.geo import NOWHERE, Geo, configured_database, place_of

MMDB = Path(__file__).parent.parent / "data" / "mmdb"
BROKEN = sorted({*MMDB.glob("**/*roken*.mmdb"), *MMDB.glob("*Invalid*.mmdb"), *MMDB.glob("bad-data/**/*.mmdb")})


def test_distinct_addresses_become_columns(city_mmdb: str) -> None:
    found = Geo(city_mmdb).columns(pa.array(["81.2.69.160", None, "81.2.69.160", "10.0.0.1", "2001:218::1"]))
    assert found["country"].to_pylist() == ["GB", None, "GB", None, "JP"]
    assert found["region"].to_pylist() == ["England", None, "England", None, None]
    assert found["city"].to_pylist()[0] == "London"
    assert found["latitude"].to_pylist()[0] == pytest.approx(51.5142)
    assert found["accuracy_km"].to_pylist()[0] == 100.0
    assert len(set(found["geo_build"].to_pylist())) == 1


def test_a_zone_does_not_break_the_look_up(city_mmdb: str) -> None:
    assert Geo(city_mmdb).place("fe80::1%eth0") == NOWHERE


FLAT = {"country_code": "DE", "city": "Berlin", "latitude": "52.5", "longitude": "13.4"}


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
def test_what_a_database_may_hold(found: Any, country: str | None, city: str | None, latitude: float | None) -> None:
    place = place_of(found)
    assert (place[1], place[3], place[4]) == (country, city, latitude)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_database_is_one_line_with_the_next_step(path: Path) -> None:
    with pytest.raises(GeoFault) as caught:
        Geo(str(path))
    line = str(caught.value)
    assert str(path) in line
    assert "\n" not in line
    assert "--no-geo" in line or "name a country or city database" in line


def test_the_toml_may_name_the_database_from_its_own_folder() -> None:
    config = parse_config('[geo]\ndatabase = "city.mmdb"\n', "/etc/whofrom/whofrom.toml")
    assert configured_database(config) == "/etc/whofrom/city.mmdb"
    assert configured_database(parse_config("", "whofrom.toml")) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[geo]\ndatabse = "x"', "x.toml [geo]: 'databse' is unknown; did you mean database?"),
        ("[geo]\ndatabase = 7", "x.toml [geo] database: must be a path"),
        ("geo = 7", "x.toml [geo]: geo must be a table"),
    ],
)
def test_a_wrong_geo_table_names_the_key(text: str, fault: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        configured_database(parse_config(text, "x.toml"))
    assert str(caught.value).startswith(fault)


def test_a_database_without_places_is_refused() -> None:
    with pytest.raises(GeoFault, match="holds no places, its type is 'GeoLite2-ASN'"):
        Geo(str(MMDB / "GeoLite2-ASN-Test.mmdb"))


def test_a_file_that_is_missing_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(GeoFault, match="no such file"):
        Geo(str(tmp_path / "none.mmdb"))
    (tmp_path / "text.mmdb").write_text("hello")
    with pytest.raises(GeoFault, match="not a MaxMind DB"):
        Geo(str(tmp_path / "text.mmdb"))
