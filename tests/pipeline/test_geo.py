"""Places from any mmdb; a broken one is an error that names it."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pyarrow as pa
import pytest

from echo.clientip import ConfigFault, parse_config
from pipeline import geo as module
from pipeline.errors import GeoFault
from pipeline.geo import Geo, attribution_of, configured_databases, open_geo
from pipeline.places import NOWHERE
from tests.pipeline.mmdb_files import mmdb

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


ASN_MMDB = str(MMDB / "GeoLite2-ASN-Test.mmdb")
BOTH = {"country_code": "GB", "city": "Leeds", "asn": "AS64500", "as_name": "Example"}  # as ipinfo has it


def rows_of(geo: Geo, *addresses: str) -> list[tuple[object, ...]]:
    found = geo.columns(pa.array(addresses))
    return list(zip(*(found[name].to_pylist() for name in ("country", "city", "asn", "as_org")), strict=True))


def test_a_database_of_places_and_one_of_as_numbers_go_together(city_mmdb: str) -> None:
    geo = Geo(city_mmdb, ASN_MMDB)
    assert rows_of(geo, "81.2.69.160", "1.128.0.9", "89.160.20.128", "10.0.0.1") == [
        ("GB", "London", None, None),
        (None, None, 1221, "Telstra Pty Ltd"),
        ("SE", "Linköping", 29518, "Bredband2 AB"),
        (None, None, None, None),
    ]
    assert rows_of(geo, "89.160.20.128") == rows_of(Geo(ASN_MMDB, city_mmdb), "89.160.20.128")
    assert geo.place("89.160.20.128")[-2:] == (29518, "Bredband2 AB")
    city, asn = geo.build.split(" + ")
    assert city.startswith("GeoIP2-City 20")
    assert asn.startswith("GeoLite2-ASN 20")


def test_a_place_is_never_put_together_from_two_databases(city_mmdb: str, tmp_path: Path) -> None:
    path = tmp_path / "both.mmdb"
    path.write_bytes(mmdb({ip_network("0.0.0.0/1"): BOTH}))
    mine, theirs = ("GB", "Leeds", 64500, "Example"), ("JP", None, None, None)
    assert rows_of(Geo(str(path), city_mmdb), "89.160.20.128", "2001:218::1") == [mine, theirs]
    assert rows_of(Geo(city_mmdb, str(path)), "89.160.20.128", "1.1.1.1") == [
        ("SE", "Linköping", 64500, "Example"),
        mine,
    ]


@pytest.mark.parametrize(
    ("paths", "toml", "package", "opened"),
    [
        ([], {}, False, []),
        ([], {}, True, ["package"]),
        ([], {"asn": "asn"}, True, ["package", "asn"]),
        ([], {"database": "city", "asn": "asn"}, True, ["city", "asn"]),
        (["asn"], {}, True, ["asn", "package"]),
        (["asn"], {"database": "city"}, True, ["asn", "city"]),
        (["city"], {"database": "both", "asn": "asn"}, True, ["city", "asn"]),
        (["both"], {"database": "city", "asn": "asn"}, True, ["both"]),
        ([], {"database": "both", "asn": "asn"}, True, ["both"]),
        (["city", "both"], {}, True, ["city", "both"]),
    ],
)
def test_which_databases_are_asked(
    paths: list[str],
    toml: dict[str, str],
    package: bool,
    opened: list[str],
    tmp_path: Path,
    city_mmdb: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, data in (("city", city_mmdb), ("package", city_mmdb), ("asn", ASN_MMDB)):
        (tmp_path / name).write_bytes(Path(data).read_bytes())
    (tmp_path / "both").write_bytes(mmdb({ip_network("0.0.0.0/1"): BOTH}))
    monkeypatch.setattr(module, "default_database", lambda: str(tmp_path / "package") if package else None)
    text = "".join(f'{key} = "{name}"\n' for key, name in toml.items())
    geo = open_geo([str(tmp_path / name) for name in paths], parse_config(f"[geo]\n{text}", str(tmp_path / "x.toml")))
    assert [Path(one.path).name for one in (geo.databases if geo is not None else ())] == opened


def test_a_database_that_lacks_what_it_is_named_for_is_refused(city_mmdb: str) -> None:
    with pytest.raises(GeoFault, match=r"City-Test\.mmdb: holds no AS numbers; name another database in \[geo\]"):
        open_geo([], parse_config(f'[geo]\ndatabase = "{city_mmdb}"\nasn = "{city_mmdb}"', "/x.toml"))


DBIP, MAXMIND = (
    "IP geolocation by DB-IP (db-ip.com), CC BY 4.0",
    "This product includes GeoLite2 data created by MaxMind",
)


@pytest.mark.parametrize(
    ("build", "line"),
    [
        ("DBIP-City-Lite 2023-04-01", DBIP),
        ("GeoLite2-City 2026-01-06 + GeoLite2-ASN 2026-01-07", MAXMIND),
        ("GeoLite2-City 2026-01-06 + DBIP-ASN-Lite (compat=GeoLite2-ASN) 2026-11-01", f"{MAXMIND}; {DBIP}"),
        ("GeoIP2-City 2026-01-06 + mine 2026-01-06", ""),
    ],
)
def test_each_database_is_attributed_once(build: str, line: str) -> None:
    assert attribution_of(build) == line


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_database_is_one_line_with_the_next_step(path: Path) -> None:
    with pytest.raises(GeoFault) as caught:
        Geo(str(path))
    line = str(caught.value)
    assert str(path) in line
    assert "\n" not in line
    assert "--no-geo" in line or "name a country or city database" in line


def test_the_toml_may_name_the_databases_from_its_own_folder() -> None:
    config = parse_config('[geo]\ndatabase = "city.mmdb"\nasn = "/var/asn.mmdb"\n', "/etc/whofrom/whofrom.toml")
    assert configured_databases(config) == {"database": "/etc/whofrom/city.mmdb", "asn": "/var/asn.mmdb"}
    assert configured_databases(parse_config("", "whofrom.toml")) == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[geo]\ndatabse = "x"', "x.toml [geo]: 'databse' is unknown; did you mean database?"),
        ("[geo]\nasn = []", "x.toml [geo] asn: must be a path"),
        ("[geo]\ndatabase = 7", "x.toml [geo] database: must be a path"),
        ("geo = 7", "x.toml [geo]: geo must be a table"),
    ],
)
def test_a_wrong_geo_table_names_the_key(text: str, fault: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        configured_databases(parse_config(text, "x.toml"))
    assert str(caught.value).startswith(fault)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vpn.mmdb"
    path.write_bytes(mmdb({ip_network("81.2.69.0/24"): {"is_vpn": "yes"}}))
    with pytest.raises(GeoFault, match="holds no places and no AS numbers, its type is 'Test-City'"):
        Geo(str(path))


def test_a_file_that_is_missing_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(GeoFault, match="no such file"):
        Geo(str(tmp_path / "none.mmdb"))
    (tmp_path / "text.mmdb").write_text("hello")
    with pytest.raises(GeoFault, match="not a MaxMind DB"):
        Geo(str(tmp_path / "text.mmdb"))
