"""Requests by region: pick the query, bind, shape typed results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline import query
from pipeline.engine.duckdb import Engine

LEVELS = ("country", "region", "city")
PERIODS = ("hour", "day", "week")
MEASURES = ("requests", "clients", "bytes", "error_share", "p50_ms", "p99_ms")


@dataclass(frozen=True, slots=True)
class Regions:
    """Rows and the columns to show, in order."""

    rows: list[dict[str, Any]]
    columns: tuple[str, ...]


def by_place(engine: Engine, level: str, places: int, since: datetime | None, until: datetime | None) -> Regions:
    """Return one row a place at a level of LEVELS, the most requests first."""
    rows = query.load("regions/by_place").run(engine, level=level, places=places, since=since, until=until).to_pylist()
    return Regions(rows, (*LEVELS[: LEVELS.index(level) + 1], *MEASURES))


def over_time(engine: Engine, every: str, places: int, since: datetime | None, until: datetime | None) -> Regions:
    """Return one row a period of PERIODS and country; beyond the first `places` countries, 'other'."""
    rows = query.load("regions/over_time").run(engine, every=every, places=places, since=since, until=until).to_pylist()
    return Regions(rows, ("period", "country", *MEASURES))
