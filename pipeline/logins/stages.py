"""
The tables that the rules read, made once a run: `login_events`, then `login_visits`.

    requests ── events.sql → login_events ── visits.sql → login_visits
    login_networks, login_asns: what [logins] says        country_extents: how large countries are
    login_asked: whose history is asked for

All logins before `until` are read, however long ago: a history begins with the first login.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline import query
from pipeline.engine import Engine
from pipeline.logins.extents import extents
from pipeline.logins.settings import Settings

ASKED = pa.schema([("user", pa.string()), ("nth", pa.int64())])  # whose history before which login is asked for
STAGES = {"login_events": "logins/events", "login_visits": "logins/visits"}


def prepare(engine: Engine, settings: Settings, until: datetime | None) -> None:
    """Make the tables of the logins before `until`. Raises QueryFault."""
    register(engine, settings)
    for table, name in STAGES.items():
        loaded = query.load(name)
        engine.materialise(table, loaded.sql, values(loaded, settings, until=until))


def register(engine: Engine, settings: Settings) -> None:
    """Make what the settings say, and what is known of countries, tables for the queries."""
    engine.register("login_networks", _networks(settings))
    engine.register("login_asns", _asns(settings))
    engine.register("country_extents", extents())
    engine.register("login_asked", ASKED.empty_table())


def values(loaded: query.Query, settings: Settings, **given: Any) -> dict[str, Any]:
    """Return the values of a query's parameters: those given, else the settings', else the query's own."""
    return {one.name: given.get(one.name, settings.numbers.get(one.name, one.default)) for one in loaded.parameters}


def _networks(settings: Settings) -> pa.Table:
    spans = [(name, *span) for name, ranges in settings.networks for span in ranges.spans()]
    names, firsts, lasts = ([one[at] for one in spans] for at in range(3))
    return pa.table({
        "name": pa.array(names, pa.string()),
        "first_num": pa.array(firsts, pa.binary()),
        "last_num": pa.array(lasts, pa.binary()),
    })  # fmt: skip


def _asns(settings: Settings) -> pa.Table:
    return pa.table({
        "asn": pa.array(list(settings.asns), pa.int64()),
        "kind": pa.array([one.kind for one in settings.asns.values()], pa.string()),
        "name": pa.array([one.name for one in settings.asns.values()], pa.string()),
    })  # fmt: skip
