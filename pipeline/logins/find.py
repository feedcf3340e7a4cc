"""
Run the rules; make of each row an alert that says why it is one, or why it is kept back.

    stages.prepare → queries/logins/*.sql → rows → Judged(alert, silent)

1. `find` returns what someone should act on. `judge` returns what was kept back, too, with the reason: a rule that is
   silent is only to be trusted if one can look at what it did not say.
2. An alert's sentences are of figures in its `details`; nothing is said that is not there.
3. Alerts rest on the logins before and of their day alone, so that they are the same when asked day by day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline import query
from pipeline.alerts import Alert, worst_first
from pipeline.counted import counted, duration
from pipeline.engine import Engine
from pipeline.logins.rules import RULES, UNUSUAL, Rule
from pipeline.logins.settings import Settings
from pipeline.logins.stages import ASKED, prepare, values
from pipeline.logins.words import moment, network, where

QUESTION = "logins"
NAMED_PLACES = 4  # of a history, in one sentence; details have more
KEPT_PLACES = 20

Row = Mapping[str, Any]
Places = Sequence[Row]
NO_PLACES: Places = ()
DOUBT = "the user is known with the network's operator: the place may be the database's mistake"


class Judged(NamedTuple):
    """An alert, and why it is kept back: a key of rules.SILENT, "" if it is not."""

    alert: Alert
    silent: str


class Looked(NamedTuple):
    """What the rules found, oldest first, and how many of all were kept back, shown or not."""

    judged: list[Judged]
    kept_back: int


class _Said(NamedTuple):
    """What a row says; severity and confidence "" are the rule's."""

    title: str
    evidence: list[str]
    severity: str = ""
    confidence: str = ""
    silent: str = ""


def find(
    engine: Engine, settings: Settings, since: datetime | None = None, until: datetime | None = None
) -> list[Alert]:
    """Return the alerts of logins from `since` on and before `until`, the worst first. Raises QueryFault."""
    return worst_first(one.alert for one in look(engine, settings, since, until).judged)


def judge(
    engine: Engine, settings: Settings, since: datetime | None = None, until: datetime | None = None
) -> list[Judged]:
    """Return all that the rules found, what is kept back included, oldest first. Raises QueryFault."""
    return look(engine, settings, since, until, silent=True).judged


def look(
    engine: Engine,
    settings: Settings,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    silent: bool = False,
) -> Looked:
    """Return what the rules found, with what is kept back or how much that is. Raises QueryFault."""
    prepare(engine, settings, until)
    rows = _rows(engine, settings, since, until)
    wanted = [(code, row) for code, row in rows if silent or not row.get("silent")]
    places = _histories(engine, settings, [row for _, row in wanted])
    judged = [
        _alert(RULES[code], row, places.get((row.get("user", ""), row.get("nth", 0)), NO_PLACES), settings)
        for code, row in wanted
    ]
    shown = [one for one in judged if silent or not one.silent]
    shown.sort(key=lambda one: (one.alert.began, one.alert.subject, one.alert.rule, one.alert.key, one.silent))
    return Looked(shown, len(rows) - sum(not one.silent for one in judged))


def _rows(engine: Engine, settings: Settings, since: datetime | None, until: datetime | None) -> list[tuple[str, Row]]:
    """Return (rule, row) of all rules."""
    rows: list[tuple[str, Row]] = []
    for name in dict.fromkeys(rule.query for rule in RULES.values()):
        loaded = query.load(name)
        found = engine.query(loaded.sql, values(loaded, settings, since=since, until=until)).to_pylist()
        rows += [(row["rule"] if name == UNUSUAL else name.partition("/")[2], row) for row in found]
    return rows


def _histories(engine: Engine, settings: Settings, rows: Sequence[Row]) -> dict[tuple[str, int], Places]:
    """Return (user, nth) -> where that user had signed in before that login, of the rows that are about one."""
    asked = {(row["user"], row["nth"]) for row in rows if "nth" in row}
    if not asked:
        return {}
    users, numbers = zip(*sorted(asked), strict=True)
    engine.register("login_asked", pa.table([users, numbers], schema=ASKED))
    loaded = query.load("logins/history")
    found: dict[tuple[str, int], list[Row]] = {}
    for row in engine.query(loaded.sql, values(loaded, settings)).to_pylist():
        found.setdefault((row["user"], row["nth"]), []).append(row)
    return dict(found)


def _alert(rule: Rule, row: Row, places: Places, settings: Settings) -> Judged:
    said = SAYS[rule.code](row, places, settings)
    kind = row.get("kind", "user")
    details = {key: value for key, value in row.items() if key not in ("day", "rule", "silent")}
    details["history"] = [
        {key: value for key, value in place.items() if key not in ("user", "nth")} for place in places[:KEPT_PLACES]
    ]
    began = row["ts"] if "ts" in row else row["first_ts"]
    ended = row["ts"] if "ts" in row else row["last_ts"]
    sources = dict.fromkeys(
        row[name] for name in ("client_ip", "last_client_ip", "other_client_ip") if row.get(name) is not None
    )
    alert = Alert(
        QUESTION, rule.code, said.severity or rule.severity, said.confidence or rule.confidence, kind,
        row["source"] if kind != "user" else row["user"], row["day"], began, ended, _requests(row), said.title,
        tuple(said.evidence), rule.techniques, rule.remedy, tuple(sources), row.get("pair") or row.get("net") or "",
        details,
    )  # fmt: skip
    return Judged(alert, row.get("silent") or said.silent)


def _requests(row: Row) -> int:
    return int(row.get("repeats") or row.get("failures") or row.get("logins") or 1)


def _history(row: Row, places: Places) -> str:
    """Return what is known of a user before a login."""
    if not places:
        return f"history: {counted(row['logins_before'], 'login')}, none with a place"
    by_place: dict[str, list[Row]] = {}
    for place in places:
        if place["recent"] and place["remembered"]:
            by_place.setdefault(where(place), []).append(place)
    told = [
        f"{name} {sum(one['logins'] for one in rows)} × since {min(one['first_ts'] for one in rows):%Y-%m-%d}"
        for name, rows in list(by_place.items())[:NAMED_PLACES]
    ]
    more = len(by_place) - len(told)
    span = duration((row["ts"] - row["first_ts"]).total_seconds())
    listed = ", ".join(told) or "no place within it"
    return (
        f"history: {counted(row['logins_before'], 'login')} in {span}; {listed}"
        f"{f' and {more} more' if more > 0 else ''}"
    )


def _why_not_silent(row: Row, settings: Settings) -> str:
    others = row.get("others") or 0
    most = settings.numbers["shared_users"]
    net = network(row)
    return (
        f"not kept back: {row['client_ip']} is in no network of [logins]"
        f"{f', {net} is of no silent class' if net else ', its ASN is not known'}, "
        f"{counted(others, 'other user')} signed in from there ({most:g} would make it shared)"
    )


def _new(row: Row) -> list[str]:
    """Return what else is new about a login."""
    told = {
        "new_country": f"country {row.get('country')}",
        "new_region": f"region {row.get('region')} ({row.get('country')})",
        "new_asn": f"network {network(row)}",
    }
    news = [words for name, words in told.items() if row.get(name) and name != row.get("rule")]
    return [f"new as well: {', '.join(news)}"] if news else []


def _travel_sentence(row: Row) -> str:
    places = "both places are as wrong as they may be"
    if not row["measured"]:
        places = "measured between the nearest points of both, since a city is not known"
    return (
        f"{row['distance_km']:,.0f} km in {duration(row['seconds'])}: {row['net_km']:,.0f} km and "
        f"{row['speed_kmh']:,.0f} km/h even if {places} ({row['last_radius_km']:,.0f} and {row['radius_km']:,.0f} km)"
    )


def _travel(row: Row, places: Places, settings: Settings) -> _Said:
    unknown = [where(row, prefix) for prefix, key in (("last_", "last_known"), ("", "place_known")) if not row[key]]
    title = f"{row['user']} signed in from {where(row)} {duration(row['seconds'])} after {where(row, 'last_')}"
    new = f"not in the user's history by then: {' and '.join(unknown)}" if unknown else "both places are known"
    evidence = [_travel_sentence(row), new, _history(row, places), *_new(row), _why_not_silent(row, settings)]
    if row["doubted"]:
        return _Said(title, [*evidence, DOUBT], severity="medium", confidence="low")
    return _Said(title, evidence, confidence="" if row["measured"] else "high")


def _unusual(what: Callable[[Row], str]) -> Callable[[Row, Places, Settings], _Said]:
    def said(row: Row, places: Places, settings: Settings) -> _Said:
        title = f"{row['user']} signed in from {what(row)}"
        evidence = [_history(row, places)]
        if row["last_ts"] is not None:
            ago = duration(row["seconds"])
            far = f", {row['distance_km']:,.0f} km" if row["measured"] and row["distance_km"] is not None else ""
            evidence.append(f"{ago} after {where(row, 'last_')}{far}")
        evidence += [*_new(row), _why_not_silent(row, settings)]
        if row["doubted"] and not row["new_asn"]:
            return _Said(title, [*evidence, DOUBT], severity="low" if row["new_country"] else "info", confidence="low")
        return _Said(title, evidence)

    return said


def _dormant(row: Row, places: Places, settings: Settings) -> _Said:
    title = f"{row['user']} signed in from {where(row)} after {duration(row['seconds'])} without a login"
    news = _new(row)
    strange = bool(news) and row["network"] is None and not row["shared"]
    silent = f"from a network that is no news: {row['network_name'] or 'shared'}"
    kept = [silent] if news and not strange else []
    evidence = [f"the last login was at {moment(row['last_ts'])}", *news, *kept, _history(row, places)]
    return _Said(title, evidence, severity="medium" if strange else "low")


def _spraying(row: Row, _places: Places, _settings: Settings) -> _Said:
    title = f"{row['source']} tried {counted(row['accounts'], 'account')}; {row['failed_accounts']:,} were not entered"
    span = f"{moment(row['first_ts'])} to {moment(row['last_ts'])}"
    names = f"such as {row['example']} and {row['other_example']}"
    evidence = [f"{counted(row['failures'], 'failure')} from {span}, {names}"]
    if row["entered"]:
        evidence.insert(0, f"{counted(row['entered'], 'account')} entered, such as {row['entered_example']}")
    net = network(row)
    if net and row["kind"] != "asn":
        evidence.append(f"the network is {net}" + (f", {row['country']}" if row["country"] else ""))
    return _Said(title, evidence, severity="high" if row["entered"] else "medium")


def _many(row: Row, _places: Places, _settings: Settings) -> _Said:
    title = (
        f"{row['user']} signed in from {row['countries']} countries and {row['networks']} networks in a day"
        if row["countries"] > 1
        else f"{row['user']} signed in from {row['networks']} networks in a day"
    )
    evidence = [
        f"{counted(row['logins'], 'login')} from {counted(row['addresses'], 'address')[:-1]}es"
        if row["addresses"] > 1
        else counted(row["logins"], "login"),
        f"among them {row['example']} and {row['other_example']}",
    ]
    return _Said(title, evidence)


def _guessing(row: Row, _places: Places, _settings: Settings) -> _Said:
    title = f"{row['user']} was tried from {row['places']:,} networks in a day"
    asns = f", {row['asns']:,} ASNs" if row["asns"] else ""
    evidence = [f"{counted(row['failures'], 'failure')} from {row['addresses']:,} addresses{asns}"]
    return _Said(title, evidence)


def _guessed(row: Row, _places: Places, _settings: Settings) -> _Said:
    title = f"{row['user']} signed in from {where(row)} after {counted(row['failures'], 'failure')}"
    evidence = [
        f"{row['failures_here']:,} of these failures from {row['net']}, the first at {moment(row['tried_ts'])}",
        f"the network is {network(row) or row['net']}",
    ]
    silent = ""
    if row["network"] == "own" or not row["outside"]:
        silent = "own_network"
        evidence.append("the address is inside" if not row["outside"] else f"the network is {row['network_name']}")
    familiar = row["used_before"] or row["used_near"]
    evidence.append(
        "the user has signed in from there before: a password remembered, more likely"
        if familiar
        else "the user had never signed in from there"
    )
    return _Said(title, evidence, severity="low" if familiar else "", silent=silent)


SAYS: dict[str, Callable[[Row, Places, Settings], _Said]] = {
    "impossible_travel": _travel,
    "new_country": _unusual(lambda row: f"{where(row)}: the first login from {row['country']}"),
    "new_region": _unusual(lambda row: f"{where(row)}: the first login from {row['region']}, {row['country']}"),
    "new_asn": _unusual(lambda row: f"{where(row)} by a new network, {network(row)}"),
    "dormant_return": _dormant,
    "spraying": _spraying,
    "many_places": _many,
    "guessing": _guessing,
    "guessed": _guessed,
}
