"""
Off-site logins: run the rules, and say of each finding why it is one.

Rules and their numbers are in `queries/logins/`; this module ranks them and writes the sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pipeline import query
from pipeline.engine.duckdb import Engine

COLUMNS = ("ts", "finding", "severity", "user", "client_ip", "country", "city", "last_country", "last_city", "why")

TABLE_COLUMNS = ("ts", "finding", "severity", "user", "client_ip", "country", "why")


class Rule(NamedTuple):
    """A rule: its query is `logins/<code>`."""

    code: str
    severity: str
    why: Callable[[Mapping[str, Any]], str]


def _travel(row: Mapping[str, Any]) -> str:
    return (
        f"{row['distance_km']:,.0f} km from {row['last_city']} in {duration(row['seconds'])}, which is "
        f"{row['speed_kmh']:,.0f} km/h even if both places are as wrong as they may be"
    )


def _country(row: Mapping[str, Any]) -> str:
    return f"first login from {row['country']} after {row['logins_before']} logins in {duration(row['known_seconds'])}"


RULES = (Rule("impossible_travel", "high", _travel), Rule("new_country", "medium", _country))


def findings(engine: Engine, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """Return the findings of all rules, oldest first; keys are COLUMNS."""
    found = []
    for rule in RULES:
        for row in query.load(f"logins/{rule.code}").run(engine, since=since, until=until).to_pylist():
            shown = {name: row.get(name) for name in COLUMNS}
            found.append({**shown, "finding": rule.code, "severity": rule.severity, "why": rule.why(row)})
    return sorted(found, key=lambda row: (row["ts"], row["user"], row["finding"]))


def duration(seconds: float) -> str:
    """Return seconds in the unit a person would use."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 1 else "less than a second"
