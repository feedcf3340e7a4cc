"""
Run all rules over a period and say what they found, as alerts and as a table of sources.

An address that cannot be an attacker's is never called one: one from inside (private, loopback, …), one of [network] or
[trust], one of a CDN. Its alert stays, since something came through it, but is worth information alone, says what the
address is, and how to see who is behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline import query
from pipeline.alerts import SEVERITIES, Alert, worst_first
from pipeline.alerts.document import as_row
from pipeline.attacks import campaigns, crawlers, floods
from pipeline.attacks.inside import Inside, judge_of
from pipeline.attacks.rules import BY_CODE, COLUMNS_OF_QUERY, RULES, STAGES, Rule
from pipeline.attacks.sentences import Count, examples
from pipeline.attacks.stages import prepare, stages_read
from pipeline.attacks.steps import Period, steps
from pipeline.counted import duration
from pipeline.engine import Engine

BUCKETS = "attacks/buckets"
Finder = Callable[..., list[Alert]]  # (engine, since, until, judge), and `known` for crawlers
# Rule.found_by -> what makes its alerts
FINDERS: dict[str, Finder] = {"floods": floods.find, "campaigns": campaigns.find, "crawlers": crawlers.find}
MAX_SAMPLES = 2
# what a source can be grouped by -> the alert's detail that says it; ip and rule are of the alert itself
GROUPS = {
    "ip": "client address",
    "prefix": "/24 of IPv4, /48 of IPv6",
    "network": "/24 of IPv4, /64 of IPv6",
    "asn": "autonomous system",
    "country": "country",
    "fingerprint": "user agent and order of headers",
    "rule": "rule",
}
COLUMNS = (
    "rank", "source", "country", "asn", "as_org", "severity", "confidence", "stage", "rules", "requests", "first_ts",
    "last_ts", "why", "evidence", "techniques", "remedies", "alerts",
)  # fmt: skip
# a terminal has no room for all: `last` is to the minute, `broke` has the worst rule, and how many more
TABLE_COLUMNS = ("severity", "source", "country", "requests", "last", "broke", "why")
# columns of the buckets that every alert's details hold, where they are known
DETAILS = (
    "values", "paths", "clients", "level", "capacity", "answered", "signatures", "country", "asn", "as_org", "prefix",
    "network", "fingerprint", "client_class",
)  # fmt: skip


def find(
    engine: Engine,
    since: datetime | None,
    until: datetime | None,
    judge: Callable[[str], Inside | None] | None = None,
    rules: Sequence[Rule] = RULES,
    known: crawlers.Known | None = None,
) -> list[Alert]:
    """
    Return the alerts of a period, the worst first.

    judge  what an address is that is no attacker's, from `inside.judge_of`; without one, by its class alone
    known  the crawlers that are spared from rules of speed, from the TOML; without one, those of the lists shipped

    Raises QueryFault.
    """
    judge = judge or judge_of(None)
    found: list[Alert] = []
    buckets = any(rule.kinds for rule in rules)
    asked: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.query and not rule.found_by:
            asked.setdefault(rule.query, []).append(rule)
    daily = [name for name, of in asked.items() if of[0].daily]
    if buckets or daily:
        for step in steps(engine, since, until):
            if buckets:
                found += alerts_of_buckets(rows_of(engine, BUCKETS, *step), judge, rules)
            found += [alert for name in daily for alert in _asked(engine, name, asked[name], step, judge)]
    for name in asked.keys() - set(daily):
        found += _asked(engine, name, asked[name], (since, until), judge)
    for name, finder in FINDERS.items():
        wanted = {rule.code for rule in rules if rule.found_by == name}
        if wanted:
            arguments = (known,) if name == "crawlers" else ()
            found += [alert for alert in finder(engine, since, until, judge, *arguments) if alert.rule in wanted]
    return worst_first(crawlers.spared(found, engine, known))


def _asked(
    engine: Engine, name: str, rules: Sequence[Rule], period: Period, judge: Callable[[str], Inside | None]
) -> list[Alert]:
    """Return the alerts of a query; where several rules ask it, its rows say of which they are."""
    by_code = {rule.code: rule for rule in rules}
    rows = [(by_code.get(row.get("rule", rules[0].code)), row) for row in rows_of(engine, name, *period)]
    return [alert_of(rule, row, judge) for rule, row in rows if rule is not None]


def rows_of(engine: Engine, name: str, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """Return the rows of a query, its stages made before. Raises QueryFault."""
    prepare(engine, since, until, stages_read(name))
    rows: list[dict[str, Any]] = query.load(name).run(engine, since=since, until=until).to_pylist()
    return rows


def alerts_of_buckets(
    rows: Iterable[Mapping[str, Any]], judge: Callable[[str], Inside | None], rules: Sequence[Rule] = RULES
) -> list[Alert]:
    """Return the alerts that rows of BUCKETS are, of those rules."""
    wanted = {rule.code: rule for rule in rules if rule.kinds}
    return [
        alert_of(wanted[row["rule"]], _of_bucket(wanted[row["rule"]], row), judge)
        for row in rows
        if row["rule"] in wanted and row["clients"] >= wanted[row["rule"]].clients
    ]


def _of_bucket(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a row of the buckets with what a query's row may have beside.

    Who looks around and is given everything does not guess: those are names that the site has.
    """
    severity = rule.severity if row["over"] else rule.lone
    if rule.stage == "recon" and severity == "medium" and row["answered"] == row["requests"]:
        severity = "low"
    return {
        **row,
        "severity": severity,
        "samples": [row["answered_example"], row["example"], row["other_example"]],
        "agents": examples([row["agent"], row["other_agent"]]),
        "sources": None if row["subject_kind"] == "ip" else row["sources"],
    }


def alert_of(rule: Rule, row: Mapping[str, Any], judge: Callable[[str], Inside | None]) -> Alert:
    """
    Return the alert of a rule's row.

    row  COLUMNS_OF_QUERY, and of MORE_COLUMNS_OF_QUERY what there is; None is as if it were not there
    """
    kind, subject = row["subject_kind"], row["subject"]
    severity = row.get("severity") or rule.severity
    samples = [one for one in row.get("samples") or (row.get("example"), row.get("other_example")) if one]
    span = duration((row["ended"] - row["began"]).total_seconds())
    sentence = rule.says.format(
        **{name: Count(value) if type(value) is int else value for name, value in row.items()},
        span=span,
        within=f" in {span}" if row["requests"] > 1 else "",
        examples=examples(list(dict.fromkeys(samples))[:MAX_SAMPLES]),
    )
    details = {name: row[name] for name in DETAILS if row.get(name) is not None}
    details |= {name: value for name, value in row.items() if name not in _TOLD and value is not None}
    details |= {"stage": rule.stage, "samples": list(dict.fromkeys(samples))}
    inside = judge(subject) if kind == "ip" else None
    evidence = (*(row.get("evidence") or (sentence,)), *([row["note"]] if row.get("note") else ()))
    remedy, title = rule.remedy, f"{subject}: {sentence}"
    if inside is not None:
        details |= {"severity_if_client": severity, "inside": inside.kind}
        severity, title = "info", f"requests through {subject}: {sentence}"
        evidence, remedy = (f"{subject} {inside.says}", *evidence), inside.remedy
    return Alert(
        question="attacks", rule=rule.code, severity=severity, confidence=row.get("confidence") or rule.confidence,
        subject_kind=kind, subject=subject, day=row["day"], key=row.get("key") or "",
        began=row["began"], ended=row["ended"], requests=row["requests"], title=title, evidence=evidence,
        techniques=rule.techniques, remedy=remedy, sources=tuple(row.get("sources") or ()), details=details,
    )  # fmt: skip


_TOLD = frozenset(
    {*COLUMNS_OF_QUERY, *DETAILS, "rule", "severity", "confidence", "key", "sources", "samples", "evidence"}
    | {"example", "other_example", "answered_example", "over", "agent", "other_agent", "agents", "note"}
)


def sources(alerts: Iterable[Alert], by: str = "ip") -> list[dict[str, Any]]:
    """
    Return one row a source with alerts, the worst first; keys are COLUMNS.

    A source is ranked by the severity of its worst alert, then by how far it came (`STAGES`), then by how many rules it
    broke: volume alone does not make an attacker.

    by  one of GROUPS
    """
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(group_of(alert, by), []).append(alert)
    rows = [_source(name, sorted(worst_first(group), key=_furthest)) for name, group in groups.items()]
    rows.sort(key=lambda row: (
        SEVERITIES.index(row["severity"]), -STAGES.index(row["stage"]), -len(row["rules"]), -row["requests"],
        row["source"],
    ))  # fmt: skip
    return [{**row, "rank": rank} for rank, row in enumerate(rows, 1)]


def _furthest(alert: Alert) -> tuple[int, int]:
    """Return what sorts alerts by severity, and those of one by how far they came."""
    return SEVERITIES.index(alert.severity), -STAGES.index(str(alert.details.get("stage", STAGES[0])))


def group_of(alert: Alert, by: str) -> str:
    """Return the group that an alert belongs to."""
    if by == "rule":
        return alert.rule
    if by in ("ip", alert.subject_kind):
        return alert.subject
    value = alert.details.get(by)
    if value is None:
        return "unknown"
    return f"AS{value}" if by == "asn" else str(value)


def _source(name: str, alerts: Sequence[Alert]) -> dict[str, Any]:
    by_rule: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_rule.setdefault(alert.rule, []).append(alert)
    stages = [str(alert.details.get("stage", STAGES[0])) for alert in alerts]
    evidence = [f"{rule}: {_strip(group[0])}" for rule, group in by_rule.items()]
    asn = _common(alert.details.get("asn") for alert in alerts)
    told = [alert.evidence[0] for alert in alerts if "inside" in alert.details][:1]
    return {
        "source": name,
        "country": _common(alert.details.get("country") for alert in alerts),
        "asn": f"AS{asn}" if asn is not None else None,
        "as_org": _common(alert.details.get("as_org") for alert in alerts),
        "severity": alerts[0].severity,
        "confidence": alerts[0].confidence,
        "stage": max(stages, key=STAGES.index),
        "rules": list(by_rule),
        "broke": next(iter(by_rule)) + (f" +{len(by_rule) - 1}" if len(by_rule) > 1 else ""),
        "last": f"{max(alert.ended for alert in alerts):%m-%d %H:%M}",
        "requests": max(sum(alert.requests for alert in group) for group in by_rule.values()),
        "first_ts": min(alert.began for alert in alerts),
        "last_ts": max(alert.ended for alert in alerts),
        "why": "; ".join([*told, _strip(alerts[0])]),
        "evidence": "; ".join([*told, *evidence]),
        "techniques": sorted({one for alert in alerts for one in alert.techniques}),
        "remedies": list(dict.fromkeys(alert.remedy for alert in alerts if alert.remedy)),
        "alerts": [as_row(alert) for alert in alerts],
    }


def _strip(alert: Alert) -> str:
    """Return an alert's own sentences."""
    return ", ".join(alert.evidence[1 if "inside" in alert.details else 0 :])


def _common(values: Iterable[Any]) -> Any:
    """Return what all values agree on, None where they do not."""
    known = {value for value in values if value is not None}
    return known.pop() if len(known) == 1 else None


__all__ = ["BY_CODE", "COLUMNS", "GROUPS", "TABLE_COLUMNS", "find", "sources"]
