"""The page of regions: whole, small, in two languages, and inert whatever is in the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.geo import Geo
from pipeline.regions import answers
from pipeline.regions.page import PAGE_WORDS, page
from pipeline.regions.periods import Period, compared
from pipeline.report.words import LANGS, table_of
from pipeline.world.names import country_codes
from tests.browser import DARK, LIGHT, browser, corner
from tests.echo.explain.pages import HOSTILE
from tests.pipeline.conftest import NOON
from tests.pipeline.report.pages import Page

Build = Callable[[Iterable[dict[str, Any]]], Engine]

BUILD = "DBIP-City-Lite 2023-04-01 + GeoLite2-ASN 2026-01-01"
LONDON = {
    "client_ip": "81.2.69.160", "continent": "EU", "country": "GB", "region": "England", "city": "London",
    "asn": 20712, "as_org": "Andrews & Arnold Ltd", "geo_build": BUILD, "status": 200, "response_bytes": 1500,
    "duration_us": 12_000, "user": "alice",
}  # fmt: skip
SINGAPORE = LONDON | {
    "client_ip": "2001:218::1", "continent": "AS", "country": "SG", "region": None, "city": "Singapore", "status": 404
}  # fmt: skip
ROWS = [
    *([LONDON] * 40), *([SINGAPORE] * 9), {"client_ip": "10.0.0.1", "ts": NOON + timedelta(hours=3)}, {"status": 400},
    LONDON | {"ts": NOON - timedelta(days=7)},
]  # fmt: skip


def made(engine: Engine, lang: str = "en", period: Period = Period(), geo: Geo | None = None) -> Page:  # noqa: B008
    found = Page(page(engine, period, lang, geo).encode())
    found.check()
    return found


def test_the_page_says_what_the_answers_say(engine_of: Build) -> None:
    found = made(engine_of(ROWS))
    for words in (
        "2025-12-25 12:00 to 2026-01-01 15:00 UTC",
        "United Kingdom GB 41 78.8 % 1 1 61.5 kB 0 %",
        "Singapore SG 9 17.3 %",
        "private network private 1",
        "client not resolved unresolved 1",
        "London England United Kingdom 41",
        "Andrews & Arnold Ltd AS20712 50",
        "IPv6 9",
        "404 9 1 Singapore 100 %",
        "IP geolocation by DB-IP (db-ip.com), CC BY 4.0",
        "This product includes GeoLite2 data created by MaxMind",
        "Natural Earth",
    ):
        assert words in found.text, words
    assert "What has changed" not in found.text


def test_the_map_has_every_country_once_and_shades_those_with_requests(engine_of: Build) -> None:
    found = made(engine_of(ROWS))
    titles = found.by["title"]
    assert "United Kingdom: 41 (78.8 %)" in titles
    assert "Singapore: 9 (17.3 %)" in titles  # a circle
    assert "France" in titles
    assert len(titles) > 170
    shades = [one["class"] for one in found.named("path") if re.fullmatch("s[0-5]", one.get("class") or "")]
    assert shades.count("s5") == 1
    assert [one["class"] for one in found.named("circle")] == ["s3"]


def test_an_earlier_period_stands_beside(engine_of: Build) -> None:
    engine = engine_of(ROWS)
    period = compared(None, None, "7d", answers.span_of(engine))
    found = made(engine, period=period)
    assert "What has changed" in found.text
    assert "United Kingdom grew 40 1 +39" in found.text
    assert "the earlier period is not whole" in found.text


def test_the_page_is_in_chinese_too(engine_of: Build, city_mmdb: str) -> None:
    sweden = LONDON | {
        "client_ip": "89.160.20.128",
        "country": "SE",
        "region": "Östergötland County",
        "city": "Linköping",
    }
    found = made(engine_of([*ROWS, sweden]), "zh-CN", geo=Geo(city_mmdb))
    assert found.named("html") == [{"lang": "zh-CN"}]
    for words in ("请求来自哪里", "英国 GB 41", "专用网络", "客户端未解析", "林雪平 Östergötland County 瑞典", "欧洲"):
        assert words in found.text, words
    assert not re.search(r"\b(requests|clients|unresolved networks)\b", " ".join(found.by["th"]))


def test_words_are_there_in_each_language() -> None:
    for key, texts in table_of(PAGE_WORDS).items():
        assert len(texts) == len(LANGS)
        holes = [sorted(re.findall(r"\{\w+\}", text)) for text in texts]
        assert holes[0] == holes[1], key


def test_an_empty_lake_is_a_page_that_says_so(engine_of: Build) -> None:
    assert "Nothing in this period." in made(engine_of([])).text


def test_a_period_that_is_yet_to_come_is_none(engine_of: Build) -> None:
    found = made(engine_of(ROWS), period=Period(NOON + timedelta(days=365)))
    assert "from 2027-01-01 12:00 UTC Nothing in this period." in found.text


def test_what_strangers_wrote_is_text(engine_of: Build) -> None:
    """Cities and networks of a hostile database, users and agents of a hostile client."""
    evil = [text.encode("utf-8", "replace").decode() for text in HOSTILE if text]
    rows = [
        LONDON | {
            "client_ip": f"81.2.{number}.1", "continent": text[:2], "country": text[:2], "region": text, "city": text,
            "asn": number + 1, "as_org": text, "user": text, "user_agent": text, "geo_build": text,
        }
        for number, text in enumerate(evil)
    ]  # fmt: skip
    found = made(engine_of(rows))
    assert "<script>alert(1)</script>" in found.by["bdi"]


def test_the_page_of_a_whole_world_is_small(engine_of: Build) -> None:
    rows = [
        LONDON | {"client_ip": f"81.{number}.1.1", "country": code, "city": f"City {number}", "asn": number,
                  "ts": NOON + timedelta(hours=number)}
        for number, code in enumerate(country_codes() * 2)
    ]  # fmt: skip
    engine = engine_of(rows)
    text = page(engine, Period(), "zh-CN", None)
    assert len(text.encode()) < 400_000
    found = Page(text.encode())
    found.check()
    assert len(found.named("circle")) > 60


@pytest.mark.parametrize("lang", LANGS)
def test_a_browser_has_nothing_to_say_and_prints_it(engine_of: Build, tmp_path: Path, lang: str) -> None:
    browse = browser(tmp_path)
    path = tmp_path / "regions.html"
    path.write_text(
        page(engine_of([*ROWS, LONDON | {"city": "<script>document.title='run'</script>"}]), Period(), lang, None)
    )
    if lang == LANGS[0]:
        corners = []
        for scheme in (LIGHT, DARK):
            picture = tmp_path / f"{scheme}.png"
            _, said = browse(
                path.as_uri(), f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}"
            )
            assert said == []
            corners.append(corner(picture.read_bytes()))
        assert corners == [(0xFF, 0xFF, 0xFF), (0x0F, 0x13, 0x18)]
        return
    pdf = tmp_path / "regions.pdf"
    _, said = browse(path.as_uri(), f"--print-to-pdf={pdf}")
    assert said == []
    assert pdf.read_bytes().startswith(b"%PDF")
