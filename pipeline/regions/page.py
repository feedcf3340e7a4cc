"""
Where requests come from, as a page: a map, columns over time, and tables of all levels.

Everything comes out of one reading (`visitors`) and three more of what it has not: times, errors, the lake's span.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pipeline.engine import Engine
from pipeline.geo import Geo, attribution_of
from pipeline.regions import answers
from pipeline.regions.levels import TIMES, TOTAL
from pipeline.regions.periods import MOMENT, Period, Span, step_of
from pipeline.regions.table import limits
from pipeline.regions.words import TREND_WORDS
from pipeline.report.figures import change, milliseconds, number, share, size
from pipeline.report.page import render
from pipeline.report.timeline import timeline
from pipeline.report.words import WORDS, Words, table_of
from pipeline.world import shapes
from pipeline.world.names import country_codes, country_name

TEMPLATE, STYLE, PAGE_WORDS = "regions/page.html", "regions/page.css", "regions/page_words.toml"
SHADES = 5  # s1 … s5 of the style
LAYERS = 5  # countries that have a colour of their own over time
ROWS = 30  # of a table: what people read
COUNTRIES = 300  # all of them: the table is the map's other form
CHANGES = 20
BUILDS = "SELECT DISTINCT geo_build FROM requests WHERE geo_build IS NOT NULL ORDER BY 1"
ANONYMIZED = "SELECT count(*) AS n FROM requests WHERE anonymized IS NOT NULL"
MAX_BUILDS = 5
Column = tuple[str, str, str]  # key of a row, head, name of a filter


class Area(NamedTuple):
    """A country on the map: its path, or the middle of its circle; `shade` is 0 without requests."""

    name: str
    path: str
    x: int
    y: int
    shade: int
    requests: int
    share: float


class Section(NamedTuple):
    """A table of the page."""

    id: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: answers.Rows


def page(
    engine: Engine, period: Period, lang: str, geo: Geo | None, every: str | None = None, now: datetime | None = None
) -> str:
    """
    Return the page for a period, with what has changed if it has an earlier one.

    every  how finely time is drawn; by the length of the period if it is not said

    Raises QueryFault or GeoFault.
    """
    words = Words(WORDS, TREND_WORDS, table_of(PAGE_WORDS), lang=lang)
    span = answers.span_of(engine)
    step = every or step_of(period.since, period.until, span)
    answers.prepare(engine, period, step)
    countries = _named(engine, "country", COUNTRIES, period, lang, geo)
    total = answers.by_place(engine, TOTAL, 1, period)
    compared = _changes(engine, words, period, lang, span)
    moments = answers.over_time(engine, TOTAL, step, 1, period) if total else []
    sections = (*compared, *_sections(engine, words, countries, period, lang, geo))
    return render(
        TEMPLATE,
        words,
        [STYLE],
        now,
        total=total[0] if total else None,
        facts=_facts(words, total[0], countries, engine, period) if total else [],
        period=_words_of(words, period, span),
        areas=list(_areas(countries, lang)),
        most=", ".join(row["country_name"] for row in _places(countries)[:3]),
        legend=_legend(words, countries),
        map_width=shapes.WIDTH,
        map_height=shapes.HEIGHT,
        chart=_chart(engine, step, lang),
        step=step,
        moments=moments,
        moment_columns=_columns(words, ("period",), moments, "minute" if step == "hour" else "day"),
        sections=[section for section in sections if section.rows],
        notes=_notes(engine, words),
    )


def _named(engine: Engine, level: str, places: int, period: Period, lang: str, geo: Geo | None) -> answers.Rows:
    times = level == "country"  # the other levels would be another reading each
    rows = answers.by_place(engine, level, places, period, times=times)
    return answers.with_names(engine, rows, level, lang, geo)


def _places(countries: answers.Rows) -> answers.Rows:
    """Return the rows that are countries."""
    codes = set(country_codes())
    return [row for row in countries if row["country"] in codes]


def _facts(
    words: Words, total: Mapping[str, Any], countries: answers.Rows, engine: Engine, period: Period
) -> list[tuple[str, str, str]]:
    placed = _places(countries)
    beside = ""
    if period.before_since is not None:
        (row,) = answers.versus(engine, TOTAL, 1)
        beside = words("beside", growth=change(row["growth"])) if row["growth"] is not None else ""
    facts = [
        (words("requests"), number(total["requests"]), beside),
        (words("clients"), number(total["clients"]), words("distinct")),
    ]
    if total["users"]:
        facts.append((words("users"), number(total["users"]), ""))
    facts += [
        (words("bytes"), size(total["bytes"]), ""),
        (words("error_share"), share(total["error_share"]), words("status_400")),
    ]
    if total["p50_ms"] is not None:
        facts += [
            (words("p50_ms"), milliseconds(total["p50_ms"]), words("half")),
            (words("p95_ms"), milliseconds(total["p95_ms"]), words("of_twenty")),
        ]
    elsewhere = 1 - sum(row["requests"] for row in placed) / total["requests"]
    facts += [
        (words("places"), number(len(placed)), ""),
        (words("not_placed"), share(max(0.0, elsewhere)), words("not_placed_note")),
    ]
    return facts


def _words_of(words: Words, period: Period, span: Span) -> str:
    first = period.since or span.first
    last = period.until - MOMENT if period.until is not None else span.last
    if first is None or last is None:
        return ""
    if first > last:  # asked for what is yet to come
        return words("from", first=f"{first:%Y-%m-%d %H:%M}")
    return words("from_to", first=f"{first:%Y-%m-%d %H:%M}", last=f"{last:%Y-%m-%d %H:%M}")


def _areas(countries: answers.Rows, lang: str) -> Iterable[Area]:
    """Yield what is drawn: shapes first, circles of small countries with requests upon them."""
    found = {row["country"]: row for row in countries}
    steps = limits([row["requests"] for row in _places(countries)], SHADES)

    def area(code: str, path: str, x: int = 0, y: int = 0) -> Area:
        row = found.get(code)
        name = country_name(code, lang) or ""
        if row is None:
            return Area(name, path, x, y, 0, 0, 0.0)
        return Area(name, path, x, y, 1 + sum(row["requests"] > one for one in steps), row["requests"], row["share"])

    for code, path in shapes.paths().items():
        if path:
            yield area(code, path)
    for code, x, y in shapes.circles():
        if code in found:
            yield area(code, "", x, y)


def _legend(words: Words, countries: answers.Rows) -> list[tuple[int, str]]:
    """Return (shade, which numbers of requests it stands for)."""
    counts = [row["requests"] for row in _places(countries)]
    steps = limits(counts, SHADES)
    if not steps:
        return []
    lows, highs = [1, *(one + 1 for one in steps)], [*steps, max(counts)]
    return [(0, words("no_requests"))] + [
        (shade, number(low) if low == high else f"{number(low)} – {number(high)}")
        for shade, (low, high) in enumerate(zip(lows, highs, strict=True), 1)
        if low <= high
    ]


def _chart(engine: Engine, step: str, lang: str) -> Any:
    rows = answers.over_time(engine, "country", step, LAYERS, Period(), times=False)
    layers: dict[str, dict[datetime, float]] = {}
    for row in sorted(rows, key=lambda row: row["country"] == "other"):
        name = country_name(row["country"], lang) or ""
        layers.setdefault(name, {})[row["period"]] = row["requests"]
    return timeline(layers, step)


def _columns(words: Words, keys: Iterable[str], rows: answers.Rows, period: str = "") -> tuple[Column, ...]:
    """Return the columns of a table, those left out that have nothing to tell; `period` is the filter of a time."""
    measures = [("requests", "number"), ("share", "share"), ("clients", "number")]
    if any(row["users"] for row in rows):
        measures.append(("users", "number"))
    measures += [("bytes", "size"), ("error_share", "share")]
    measures += [(name, "ms") for name in TIMES if any(row.get(name) is not None for row in rows)]
    heads: list[Column] = [(key, words(key), period) for key in keys]
    return (*heads, *((key, words(key), shown) for key, shown in measures))


def _sections(
    engine: Engine, words: Words, countries: answers.Rows, period: Period, lang: str, geo: Geo | None
) -> Iterable[Section]:
    """Yield the tables by place, the errors last."""
    yield _section(words, "countries", ("country_name", "country"), countries, COUNTRIES)
    levels = (
        ("continents", "continent", ("continent_name",)),
        ("regions", "region", ("region_name", "country_name")),
        ("cities", "city", ("city_name", "region_name", "country_name")),
        ("networks", "asn", ("network", "asn")),
        ("versions", "version", ("version",)),
    )
    for name, level, keys in levels:
        rows = _named(engine, level, ROWS, period, lang, geo)
        if level == "asn":
            rows = [_network(row, lang) for row in rows]
        if level == "region":
            rows = [row for row in rows if row["region"] is not None]
        if level == "city":
            rows = [row for row in rows if row["city"] is not None]
        if level == "version":
            rows = [row | {"version": country_name(row["version"], lang)} for row in rows]
        yield _section(words, name, keys, rows, ROWS)
    failed = [
        row | {"top_country": country_name(row["top_country"], lang)} for row in answers.errors(engine, ROWS, period)
    ]
    yield Section(
        "errors", words("errors"), "",
        (
            ("status", words("status"), ""), ("requests", words("requests"), "number"),
            ("clients", words("clients"), "number"), ("top_country", words("top_country"), ""),
            ("top_share", words("top_share"), "share"),
        ),
        failed,
    )  # fmt: skip


def _section(words: Words, name: str, keys: Iterable[str], rows: answers.Rows, most: int) -> Section:
    note = words("first_rows", count=most) if len(rows) >= most else ""
    return Section(name, words(name), note, _columns(words, keys, rows), rows)


def _network(row: dict[str, Any], lang: str) -> dict[str, Any]:
    """Return a row of a network as the table shows it: a word where there is none."""
    if row["asn"] is None:
        return row | {"network": country_name(row["as_org"], lang)}
    return row | {"network": row["as_org"] or f"AS{row['asn']}", "asn": f"AS{row['asn']}"}


def _changes(engine: Engine, words: Words, period: Period, lang: str, span: Span) -> Iterable[Section]:
    """Yield the table of what has changed, if there is an earlier period."""
    if period.before_since is None:
        return
    rows = answers.with_names(engine, answers.versus(engine, "country", CHANGES), "country", lang, None)
    rows = [row | {"trend": words(row["trend"])} for row in rows]
    note = words("changes_note", **{name: f"{moment:%Y-%m-%d %H:%M}" for name, moment in period._asdict().items()})
    if span.first is not None and span.first > period.before_since:
        note += " " + words("not_whole", first=f"{span.first:%Y-%m-%d %H:%M}")
    columns = (
        ("country_name", ""), ("trend", ""), ("requests", "number"), ("requests_before", "number"),
        ("difference", "signed"), ("growth", "change"), ("clients", "number"), ("clients_before", "number"),
    )  # fmt: skip
    yield Section("changes", words("changes"), note, tuple((key, words(key), shown) for key, shown in columns), rows)


def _notes(engine: Engine, words: Words) -> list[str]:
    builds = [row["geo_build"] for row in engine.query(BUILDS).to_pylist()]
    notes = [words("note_geo", builds=", ".join(builds[:MAX_BUILDS])) if builds else words("note_no_geo")]
    notes += list(dict.fromkeys(filter(None, map(attribution_of, builds))))
    notes += [words("note_none"), words("note_clients"), words("note_times")]
    if engine.query(ANONYMIZED).to_pylist()[0]["n"]:
        notes.append(words("note_anonymized"))
    return [*notes, words("note_map")]
