"""
Ask the lake: one reading makes the relation `visitors`, out of which every answer comes; times are read beside.

Rows are dicts of columns as `pipeline.regions.levels` has them; times are datetimes, in UTC.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline import query
from pipeline.engine import Engine
from pipeline.geo import Geo
from pipeline.regions.levels import LEVELS, NAMED, TIMES
from pipeline.regions.periods import Period, Span
from pipeline.world.names import continent_name, country_name, local_names

Rows = list[dict[str, Any]]
KEYS = ("continent", "country", "region", "city", "asn", "as_org", "version")  # what may name a place
# relation that queries read beside the lake's -> its columns
RELATIONS = {
    "shown": pa.schema(
        [*((name, pa.int64() if name == "asn" else pa.string()) for name in KEYS), ("number", pa.int64())]
    ),
    "wanted": pa.schema([(name, pa.string()) for name in ("country", "region", "city")]),
}
OTHERS = 1  # of times.sql: a row for what is not shown


def span_of(engine: Engine) -> Span:
    """Return when the first and the last request of the lake were."""
    row = engine.query("SELECT min(ts) AS first, max(ts) AS last FROM requests").to_pylist()[0]
    return Span(row["first"], row["last"])


def prepare(engine: Engine, period: Period, every: str | None = None) -> None:
    """Make `visitors` for a period; what is asked afterwards is asked of that."""
    loaded = query.load("regions/visitors")
    engine.materialise("visitors", loaded.sql, loaded.bound(**period._asdict(), every=every))


def by_place(engine: Engine, level: str, places: int, period: Period, *, times: bool = True) -> Rows:
    """Return one row a place at a level of LEVELS or TOTAL, the most requests first."""
    found = query.load("regions/by_place").run(engine, level=level, places=places)
    rows = found.to_pylist()
    numbers = range(1, len(rows) + 1)
    told = _times(engine, found, level, period) if times else {}
    return [row | told.get((None, number), NO_TIMES) for number, row in zip(numbers, rows, strict=True)]


def over_time(engine: Engine, level: str, every: str, places: int, period: Period, *, times: bool = True) -> Rows:
    """Return one row a period of PERIODS and place; beyond the first `places` places, 'other'."""
    rows = query.load("regions/over_time").run(engine, every=every, level=level, places=places).to_pylist()
    shown = query.load("regions/by_place").run(engine, level=level, places=places)
    numbers = {_key(row): number for number, row in enumerate(shown.to_pylist(), 1)}
    told = _times(engine, shown, level, period, every) if times else {}
    return [row | told.get((row["period"], numbers.get(_key(row))), NO_TIMES) for row in rows]


def versus(engine: Engine, level: str, places: int) -> Rows:
    """Return one row a place, what has changed most first. `visitors` was made with an earlier period."""
    return list(query.load("regions/versus").run(engine, level=level, places=places).to_pylist())


def errors(engine: Engine, places: int, period: Period) -> Rows:
    """Return one row a status of 400 and more."""
    found = query.load("regions/errors").run(engine, since=period.since, until=period.until, places=places)
    return list(found.to_pylist())


NO_TIMES = dict.fromkeys(TIMES)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEYS)


def _times(
    engine: Engine, shown: pa.Table, level: str, period: Period, every: str | None = None
) -> dict[tuple[Any, int | None], dict[str, Any]]:
    """Return (period, number of the place or None for the others) -> percentiles."""
    numbers = pa.array(range(1, len(shown) + 1), pa.int64())
    engine.register("shown", shown.select(KEYS).append_column("number", numbers).cast(RELATIONS["shown"]))
    rows = query.load("regions/times").run(
        engine, since=period.since, until=period.until, every=every, level=level, others=OTHERS if every else 0
    )
    return {(row["period"], row["number"]): {name: row[name] for name in TIMES} for row in rows.to_pylist()}


def with_names(engine: Engine, rows: Rows, level: str, lang: str, geo: Geo | None) -> Rows:
    """
    Return rows with the names of their places in a language, in columns of NAMED.

    Regions and cities have their names from the open database, and their English ones where it has none.
    """
    columns = LEVELS.get(level, ())
    local = {}
    if geo is not None and "region" in columns and lang != "en":
        places = {(row["country"], row["region"], row["city"]) for row in rows}
        wanted = [dict(zip(RELATIONS["wanted"].names, place, strict=True)) for place in places]
        engine.register("wanted", pa.Table.from_pylist(wanted, RELATIONS["wanted"]))
        local = local_names(geo, query.load("regions/samples").run(engine, level=level).to_pylist(), lang)
    named = []
    for row in rows:
        names: dict[str, Any] = {}
        if "continent" in columns:
            names[NAMED["continent"]] = continent_name(row["continent"], lang)
        if "country" in columns:
            names[NAMED["country"]] = country_name(row["country"], lang)
        if "region" in columns:
            region, city = local.get((row["country"], row["region"], row.get("city")), (None, None))
            names[NAMED["region"]] = region or row["region"]
            names[NAMED["city"]] = city or row.get("city")
        named.append(row | names)
    return named
