"""
Relations that several rules read, made once: `queries/attacks/<file>.sql` with `-- makes: NAME`.

A stage holds what is interesting of a period, a small part of the requests, as a temporary table of the engine. What a
stage reads (`-- reads:`) may be other stages, which are made before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from pipeline import query
from pipeline.attacks import relations
from pipeline.attacks.rules import rules_table, signature_kinds
from pipeline.attacks.steps import Period, steps
from pipeline.engine import Engine
from pipeline.signatures import catalogue_table
from pipeline.trace.relations import RELATIONS

WEEK = timedelta(days=7)  # what a flood is held against
EARLIER = timedelta(hours=1)  # no bucket takes longer to leak: those of a period are right from its beginning
# relation -> what makes it: the tables in the code that queries read
TABLES = {"rules": rules_table, "signatures_known": catalogue_table, "signature_kinds": signature_kinds}

_made: WeakKeyDictionary[Engine, dict[str, Period]] = WeakKeyDictionary()


def prepare(engine: Engine, since: datetime | None, until: datetime | None, names: Iterable[str]) -> None:
    """
    Make the stages named, and those that they read, for the rows from since to until; None is without end.

    A stage with a parameter `early` gets the time EARLIER than since, for what is still felt when the period begins;
    one with `week` that WEEK before it, and is made some days at a time, as its rows are those of its days.
    What an engine has for the period already is left as it is. Raises QueryFault.
    """
    if engine not in _made:
        register_tables(engine)
    made = _made.setdefault(engine, {})
    for name in in_order(names):
        if made.get(name) != (since, until):
            made.pop(name, None)
            loaded = query.load(query.makers()[name])
            early, week = (since - before if since is not None else None for before in (EARLIER, WEEK))
            known = {one.name for one in loaded.parameters}
            given = {"since": since, "until": until, "early": early, "week": week}
            values = {parameter: value for parameter, value in given.items() if parameter in known}
            parts = steps(engine, week, until) if "week" in known else ()
            first = {"week": parts[0][0], "until": parts[0][1]} if parts else {}
            engine.materialise(name, loaded.sql, loaded.bound(**values | first))
            for start, end in parts[1:]:
                engine.append(name, loaded.sql, loaded.bound(**values | {"week": start, "until": end}))
            made[name] = (since, until)


def register_tables(engine: Engine) -> None:
    """Make TABLES, and what queries are given, relations, where the engine has none of that name."""
    beside = {name: schema.empty_table for name, schema in {**RELATIONS, **relations.RELATIONS}.items()}
    for name, table in {**TABLES, **beside}.items():
        if not engine.knows(name):
            engine.register(name, table())


def in_order(names: Iterable[str]) -> Iterator[str]:
    """Yield stages, each after those that it reads."""
    done: set[str] = set()
    for name in names:
        if name not in done:
            for one in (*in_order(stages_read(query.makers()[name])), name):
                if one not in done:
                    done.add(one)
                    yield one


def stages_read(name: str) -> list[str]:
    """Return the stages that a query reads."""
    reads = query.load(name).header["reads"]
    return [made for made in sorted(query.makers()) if re.search(rf"\b{made}\b", reads)]
