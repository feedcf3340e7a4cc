"""
Parts of a statement that Spark is to make once: those of its WITH that are read more than once.

Spark writes the text of each into each place that reads it. A query of ten such parts, each reading two others, becomes
a plan of hundreds of scans and shuffles, and the driver ends before it does. What is cut off is made once and kept as
long as the statement runs; the rest reads what is kept.

Rules:

1. Not cut is what has as many rows and columns as a table of the lake: to keep these costs more than to read some of
   them twice. A part is small where it groups, or where all that it reads is small.
2. What a name means is not changed: where a name of WITH is given twice, or with names for its columns, or is read
   before it is given (and so means a table), nothing is cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlglot import exp

from pipeline.engine.views import NAMES
from pipeline.lake import TABLES

LARGE = frozenset({*TABLES, *NAMES})
PREFIX = "whofrom_once_"  # of the name of what is kept, before its number; what the user has named may be no name there


def cut(tree: exp.Expr) -> tuple[list[tuple[str, exp.Expr]], exp.Expr]:
    """
    Return name -> a query, to be made in this order and kept by that name, and what is left of a statement.

    A query reads what was kept before it. Without WITH nothing is kept. Changes the tree.
    """
    ctes = {one.alias.lower(): one for one in getattr(tree, "ctes", [])}
    if not ctes or not _plain(tree, ctes):
        return [], tree
    units = {**{name: one.this for name, one in ctes.items()}, "": tree}
    tree.set("with_", None)
    read = {name: [one for one in _tables(unit) if one.name.lower() in ctes] for name, unit in units.items()}
    small: set[str] = set()
    for name in ctes:
        if _is_small(units[name], small):
            small.add(name)
    times = dict.fromkeys(units, 0)  # a unit -> how often it is made as Spark does it
    times[""] = 1
    once: set[str] = set()
    for name in reversed(units):
        if times[name] > 1 and name in small:
            once.add(name)
        for table in read[name]:
            times[table.name.lower()] += 1 if name in once else times[name]
    names = {name: f"{PREFIX}{number}" for number, name in enumerate(ctes) if name in once}
    for tables in read.values():
        for table in tables:
            if table.name.lower() in names:
                _rename(table, names[table.name.lower()])
    left = {name: one for name, one in ctes.items() if name not in once}
    return [(named, _with(units[name], left, read)) for name, named in names.items()], _with(tree, left, read)


def _plain(tree: exp.Expr, ctes: dict[str, exp.CTE]) -> bool:
    """Return whether names of WITH mean one thing each."""
    names = [one.alias.lower() for one in tree.find_all(exp.CTE)]
    columns = any(one.args["alias"].columns for one in ctes.values())
    order = list(ctes)
    early = any(one.name.lower() in order[at:] for at, name in enumerate(order) for one in _tables(ctes[name].this))
    return len(set(names)) == len(names) and not (columns or early)


def _tables(unit: exp.Expr) -> Iterator[exp.Table]:
    return (one for one in unit.find_all(exp.Table) if not one.db)


def _is_small(query: exp.Expr, small: Collection[str]) -> bool:
    """Return whether a query has few rows beside the lake's tables, `small` being names that have."""
    if isinstance(query, exp.Subquery):
        return _is_small(query.this, small)
    if isinstance(query, exp.SetOperation):
        return _is_small(query.this, small) and _is_small(query.expression, small)
    if not isinstance(query, exp.Select):
        return False
    if query.args.get("group") or query.args.get("distinct"):
        return True
    sources = [one.this for one in (query.args.get("from_"), *query.args.get("joins", ())) if one is not None]
    return all(_is_small_source(one, small) for one in sources)


def _is_small_source(source: exp.Expr, small: Collection[str]) -> bool:
    if isinstance(source, exp.Table):
        return source.name.lower() in small or source.name.lower() not in LARGE
    return not isinstance(source, exp.Subquery) or _is_small(source, small)


def _rename(table: exp.Table, name: str) -> None:
    """Have a table be what is kept, under the name that it has here."""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=table.this.copy()))
    table.set("this", exp.to_identifier(name))


def _with(query: exp.Expr, left: dict[str, exp.CTE], read: dict[str, list[exp.Table]]) -> exp.Expr:
    """Return a query with those parts in front of it that it reads, directly or by others."""
    wanted: set[str] = set()
    waiting = [one.name.lower() for one in _tables(query)]
    while waiting:
        name = waiting.pop()
        if name in left and name not in wanted:
            wanted.add(name)
            waiting += [one.name.lower() for one in read[name]]
    if wanted:
        ctes = [left[name].copy() for name in left if name in wanted]
        query = query.copy()
        query.set("with_", exp.With(expressions=ctes))
    return query
