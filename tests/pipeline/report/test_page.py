"""The base of all pages: what strangers wrote is text, and a browser has nothing to complain of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from pipeline.report import page as module
from pipeline.report.page import render
from pipeline.report.timeline import timeline
from pipeline.report.words import LANGS, WORDS, Words
from tests.browser import DARK, LIGHT, Browse, corner
from tests.echo.explain.pages import HOSTILE
from tests.pipeline.report.pages import Page

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEMPLATE = """
{% extends "report/base.html" %}
{% import "report/parts.html" as parts with context %}
{% block title %}{{ name }}{% endblock %}
{% block main %}
{{ parts.facts([("Requests", 12345|number, name), ("Clients", name, "")]) }}
{{ parts.timeline(chart, "hours", name, name) }}
{% set columns = [("name", name, ""), ("requests", "Requests", "number"), ("ms", "p50", "ms")] %}
{{ parts.table(name, columns, rows, measure="requests") }}
{% endblock %}
"""


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that uses all parts, and stands nowhere."""
    source = module._source
    monkeypatch.setattr(
        module._environment().loader, "load_func", lambda name: TEMPLATE if name == "t" else source(name)
    )
    module._environment().cache.clear()


def made(name: str, lang: str = "en") -> str:
    chart = timeline({name: {NOW: 3}, "other": {NOW: 2}}, "hour")
    rows = [{"name": name, "requests": 12345, "ms": 1.25}, {"name": None, "requests": None, "ms": None}]
    return render("t", Words(WORDS, lang=lang), now=NOW, name=name, chart=chart, rows=rows)


@pytest.mark.parametrize("name", [one for one in HOSTILE if one])
def test_a_name_is_never_more_than_text(name: str) -> None:
    plain, hostile = (Page(made(one).encode("utf-8", "backslashreplace")) for one in ("plain", name))
    hostile.check()
    assert hostile.elements == plain.elements or any(
        key.startswith("aria-") for _, one in hostile.elements for key in one
    )
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]


def test_values_are_shown_as_people_read_them() -> None:
    page = Page(made("Berlin").encode())
    assert "Berlin 12,345 1.25 ms – – –" in page.text
    assert page.by["title"][0] == "Berlin · whofrom"
    assert "Made 2026-01-01 12:00 UTC by whofrom" in page.text
    assert [bar["width"] for bar in page.named("rect")][-2:] == ["100.0", "0.0"]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_is_in_a_language(lang: str) -> None:
    page = Page(made("x", lang).encode())
    assert page.named("html") == [{"lang": lang}]
    assert WORDS["all_utc"][LANGS.index(lang)] in page.text


def test_a_misspelt_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("t", name="x", rows=[])


def test_a_browser_shows_it_light_and_dark_and_has_nothing_to_say(browse: Browse, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(made("<script>document.title='run'</script><b onclick=x>"))
    corners = []
    for scheme in (LIGHT, DARK):
        picture = tmp_path / f"{scheme}.png"
        _, said = browse(path.as_uri(), f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
        assert said == []
        corners.append(corner(picture.read_bytes()))
    assert corners == [(0xFF, 0xFF, 0xFF), (0x0F, 0x13, 0x18)]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_texts_have_contrast_and_marks_enough() -> None:
    """WCAG 2.2: 4.5 for text, 3 for what is drawn."""
    blocks = re.findall(r":root \{(.*?)\}", module._source("report/page.css"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))

        def contrast(one: str, other: str, colours: dict[str, str] = colours) -> float:
            low, high = sorted(luminance(colours[name]) for name in (one, other))
            return (high + 0.05) / (low + 0.05)

        for text in ("text", "muted", "link", "good", "bad", "beware"):
            assert min(contrast(text, "page"), contrast(text, "box")) >= 4.5, text
        for mark in ("c1", "c2", "c3", "c4", "c5", "c6"):
            assert contrast(mark, "page") >= 3, mark
