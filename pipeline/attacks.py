"""
Attack tracing: run the rules, join what they say of each source, rank.

Rules and their numbers are in `queries/attacks/`. A source is ranked by its worst rule, then by how many rules it
broke, then by requests: volume alone does not make an attacker. An address from inside is never called an attacker:
it is a proxy that was not resolved, or one of your own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from echo.clientip import classify, parse_address
from pipeline import query
from pipeline.engine.duckdb import Engine
from pipeline.logins import duration
from pipeline.resolve import INSIDE

COLUMNS = ("rank", "source", "country", "severity", "rules", "requests", "first_ts", "last_ts", "evidence")
TABLE_COLUMNS = ("rank", "source", "country", "severity", "rules", "requests", "evidence")
SEVERITIES = ("high", "medium", "low", "info")


class Rule(NamedTuple):
    """A rule: its query is `attacks/<code>`; `says` is filled with a row of it."""

    code: str
    severity: str
    says: str


RULES = (
    Rule("bruteforce", "high", "{requests:,} failed logins in {span}, {samples}"),
    Rule("sensitive", "high", "{paths:,} paths that no page links to in {span}, {samples}"),
    Rule("probing", "medium", "{paths:,} paths refused in {span}, {samples}"),
    Rule("burst", "low", "{requests:,} requests for {paths:,} paths, bucket {level:,.0f} over {capacity}"),
)
IS_INSIDE = (
    "is a {kind} address: a proxy of yours, or a client inside. If a proxy, name it in [trust] ranges, ingest "
    "into a new --lake, and the rows resolve to the clients behind it"
)


def sources(engine: Engine, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """Return one row a source that broke a rule, the worst first; keys are COLUMNS."""
    broken: dict[str, list[tuple[Rule, Mapping[str, Any]]]] = {}
    for rule in RULES:
        for row in query.load(f"attacks/{rule.code}").run(engine, since=since, until=until).to_pylist():
            broken.setdefault(row["source"], []).append((rule, row))
    countries = _countries(engine, list(broken))
    found = [_source(source, hits, countries.get(source)) for source, hits in broken.items()]
    found.sort(key=lambda row: (SEVERITIES.index(row["severity"]), -len(row["rules"]), -row["requests"], row["source"]))
    return [{**row, "rank": rank} for rank, row in enumerate(found, 1)]


def _source(source: str, hits: list[tuple[Rule, Mapping[str, Any]]], country: str | None) -> dict[str, Any]:
    evidence = [f"{rule.code}: {_sentence(rule, row)}" for rule, row in hits]
    severity = min((rule.severity for rule, _ in hits), key=SEVERITIES.index)
    address = parse_address(source)
    kind = classify(address.packed) if address is not None else ""
    if kind in INSIDE:
        severity = "info"
        evidence.insert(0, IS_INSIDE.format(kind=kind))
    return {
        "source": source,
        "country": country,
        "severity": severity,
        "rules": [rule.code for rule, _ in hits],
        "requests": max(row["requests"] for _, row in hits),
        "first_ts": min(row["first_ts"] for _, row in hits),
        "last_ts": max(row["last_ts"] for _, row in hits),
        "evidence": "; ".join(evidence),
    }


def _sentence(rule: Rule, row: Mapping[str, Any]) -> str:
    capacity = next(one.default for one in query.load(f"attacks/{rule.code}").parameters if one.name == "capacity")
    names = [row["sample"]] + ([row["other_sample"]] if row["other_sample"] != row["sample"] else [])
    samples = "for example " + " and ".join(str(name)[:80] for name in names)
    span = duration((row["last_ts"] - row["first_ts"]).total_seconds())
    return rule.says.format(**row, capacity=capacity, samples=samples, span=span)


def _countries(engine: Engine, names: list[str]) -> dict[str, str]:
    sql = "SELECT client_ip, max(country) AS country FROM requests WHERE list_contains($names, client_ip) GROUP BY 1"
    return {row["client_ip"]: row["country"] for row in engine.query(sql, {"names": names}).to_pylist()}
