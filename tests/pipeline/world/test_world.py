"""The world is whole: each country has a name in each language, and a shape or a point that is where it is."""

from __future__ import annotations

import json
import math
import re
from importlib.resources import files
from pathlib import Path

import maxminddb
import pytest

from pipeline.report.words import LANGS
from pipeline.world.names import NO_PLACES, continent_name, country_codes, country_name
from pipeline.world.projection import equal_earth
from pipeline.world.shapes import HEIGHT, WIDTH, cells, circles, drawn, paths, world

MMDB = Path(__file__).parents[2] / "data" / "mmdb"
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("code", "en", "zh"),
    [
        ("CN", "China", "中国"),
        ("TW", "Taiwan", "台湾"),
        ("HK", "Hong Kong SAR China", "中国香港特别行政区"),
        ("MO", "Macao SAR China", "中国澳门特别行政区"),
        ("CI", "Côte d’Ivoire", "科特迪瓦"),
        ("TR", "Türkiye", "土耳其"),
        ("unresolved", "client not resolved", "客户端未解析"),
        ("ZZ", "ZZ", "ZZ"),
        ("<b>", "<b>", "<b>"),
        (None, None, None),
    ],
)
def test_names_are_cldrs(code: str | None, en: str | None, zh: str | None) -> None:
    assert (country_name(code, "en"), country_name(code, "zh-CN")) == (en, zh)


def test_every_country_of_iso_has_a_name_in_each_language() -> None:
    codes = country_codes()
    assert len(codes) == 250  # ISO 3166-1 has 249; and Kosovo
    for code in codes:
        assert re.fullmatch("[A-Z]{2}", code)
        assert country_name(code, "en") != code
        assert HAN.search(country_name(code, "zh-CN") or "")
    for code in ("AF", "AN", "AS", "EU", "NA", "OC", "SA"):
        assert continent_name(code, "en") != code
        assert HAN.search(continent_name(code, "zh-CN") or "")
    assert all(len(texts) == len(LANGS) for texts in NO_PLACES.values())


def test_every_country_has_a_shape_or_a_point() -> None:
    placed = {code for code, path in paths().items() if path} | {code for code, _, _ in circles()}
    assert set(country_codes()) - placed == set()


def test_every_country_of_a_database_is_on_the_map() -> None:
    placed = paths().keys() | world().points.keys()
    with maxminddb.open_database(str(MMDB / "GeoIP2-Country-Test.mmdb")) as reader:
        codes = {record.get("country", {}).get("iso_code") for _, record in reader}
    assert len(codes - {None}) > 30
    assert codes - {None} - placed == set()


def test_shapes_lie_on_the_map_and_do_not_cross_its_edge() -> None:
    for code, rings in world().rings.items():
        for ring in rings:
            xs = [x for x, _ in ring]
            assert -180 <= min(xs) <= max(xs) <= 180, code
    numbers = [int(text) for path in paths().values() for text in re.findall(r"M(\d+ \d+)", path)[0].split()]
    assert min(numbers) >= 0
    assert max(numbers) <= WIDTH
    for code, x, y in circles():
        assert 0 < x < WIDTH, code
        assert 0 < y < HEIGHT, code
    assert not any(
        len(ring) > 3 and max(x for x, _ in ring) - min(x for x, _ in ring) > 180 for ring in world().rings["FJ"]
    )


@pytest.mark.parametrize(
    ("code", "longitude", "latitude"),
    [
        ("CN", 105, 35),
        ("US", -100, 40),
        ("RU", 100, 62),
        ("RU", -175, 66),
        ("BR", -52, -10),
        ("GF", -53, 4),
        ("AU", 134, -25),
    ],
)
def test_a_country_is_where_it_is(code: str, longitude: float, latitude: float) -> None:
    rings = world().rings[code]
    inside = sum(
        (ay > latitude) != (by > latitude) and longitude < (bx - ax) * (latitude - ay) / (by - ay) + ax
        for ring in rings
        for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True)
    )
    assert inside % 2 == 1


@pytest.mark.parametrize("code", ["SG", "HK", "MO", "MT", "BH", "LI", "AD", "MC", "VA", "MV", "GI"])
def test_small_countries_are_points(code: str) -> None:
    assert code in world().points


def test_the_projection_is_as_its_authors_say() -> None:
    """Half of the equator, half of the meridian, and how long the poles' lines are beside the equator."""
    (equator, _), (pole, height) = equal_earth(180, 0), equal_earth(180, 90)
    assert (equator, height) == pytest.approx((2.7066, 1.3173), abs=1e-4)
    assert pole / equator == pytest.approx(0.5924, abs=1e-3)


@pytest.mark.parametrize("latitude", [0, 30, 60, 80])
def test_areas_are_as_large_as_they_are(latitude: float) -> None:
    (left, low), (right, high) = equal_earth(10, latitude - 0.5), equal_earth(11, latitude + 0.5)
    _, middle = equal_earth(10, latitude)
    width = equal_earth(11, latitude)[0] - equal_earth(10, latitude)[0]
    assert width * (high - low) == pytest.approx(math.radians(1) ** 2 * math.cos(math.radians(latitude)), rel=1e-3)
    assert low < middle < high
    assert left < right


def test_a_text_map_shows_a_small_country_that_has_requests() -> None:
    grid = cells(60, 15, {"SG": 1, "MY": 5})
    flat = [code for line in grid for code in line]
    assert len(grid) == 15
    assert {len(line) for line in grid} == {60}
    assert {"US", "CN", "BR", "AU", "RU"} <= set(flat)
    assert "SG" in [code for line in cells(60, 15, {"SG": 1}) for code in line]
    assert None in flat


def test_what_is_bundled_says_where_it_is_from_and_is_small() -> None:
    folder = files("pipeline").joinpath("world")
    notice = folder.joinpath("NOTICE.md").read_text("utf-8")
    for words in ("Natural Earth", "public\ndomain", "Michael Bostock", "UNICODE LICENSE V3", "de facto"):
        assert words in notice
    assert len(folder.joinpath("shapes.json").read_text("utf-8")) < 100_000
    assert sum(map(len, paths().values())) < 60_000
    assert json.loads(folder.joinpath("names.json").read_text("utf-8")).keys() == {"continents", "countries"}
    assert drawn(0, 0)[0] == WIDTH / 2
