"""
Floods: minutes far louder than the seven days before, and the narrowest thing that they have in common.

1. `queries/attacks/floods.sql` finds values (the site, a host, path, country, network, agent, client) that were louder
   than their own learned baseline, however many sources it took. A site that is loud makes its country, its network and
   its agent loud with it: that is one flood, not four.
2. So the requests of a run of loud minutes are split by the loud values that they have. Of the values that hold
   EXPLAINS of what was too much, the one with the fewest requests is what the alert is about; those that it explains
   and those that are parts of it are named in it, and what is left is explained in the same way.
3. A flash crowd is as loud, but it comes from links, loads images and style sheets, with many programs, for many pages.
   It is told as such, as information.
4. Where fewer than KNOWN_DAYS days of history are known, the day was held against itself: the alert says so, and its
   confidence is low.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline import query
from pipeline.alerts import Alert
from pipeline.attacks.inside import Inside
from pipeline.attacks.relations import LOUD as LOUD_VALUES
from pipeline.attacks.relations import RELATIONS
from pipeline.attacks.rules import BY_CODE
from pipeline.attacks.sentences import shown
from pipeline.attacks.stages import prepare
from pipeline.counted import counted, duration
from pipeline.engine import Engine

EXPLAINS = 0.8  # of what was too much: then this is what the flood is
COVERED = 0.6  # of what was too much in a value: then it was loud because of the other
PART = 0.8  # of a value's requests within another: then it is a part of that
ALONE = 0.8  # of a set's requests by one source: then it is that source's flood, and the set says nothing
SEVERAL = 3  # clients that are named one by one, rather than by what they have in common
FEW = 10  # sources of a set: each is seen by the rules for sources, unless together they are as loud as ALONE_LOUD
ALONE_LOUD = 600  # requests a minute, as floor_ip of floods.sql
KNOWN_DAYS = 3  # of history, as floods.sql has it
CERTAIN_DAYS = 7  # of history: a whole week, with its weekend
LOUD = 300  # requests a minute: five a second; below, a flood is a nuisance
STRONG = 5  # times the threshold: nobody grows so fast
FAILING = 0.1  # of the answers are 5xx: the site is hurt
MAX_LOUD = 40  # values of one flood that are told apart, the loudest; a flood has one or two
MAX_FLOODS = 30  # looked at closely a run, the loudest: each reads some minutes of the lake
APART_MINUTES = 10  # between loud minutes of two floods, as floods.sql has it
DAY_SECONDS = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# dimension -> subject_kind of the alert; hosts and paths are parts of the site
KINDS = {
    "ip": "ip", "prefix": "prefix", "asn": "asn", "country": "country", "agent": "fingerprint", "path": "site",
    "host": "site", "site": "site",
}  # fmt: skip
WORDS = {
    "ip": "", "prefix": "", "asn": "", "country": "country ", "agent": "program ", "path": "path ", "host": "host ",
    "site": "the site",
}  # fmt: skip
# where two hold equally many, the earlier one is named: a host with all requests is the site
NARROW = ("ip", "prefix", "asn", "country", "agent", "path", "site", "host")
FLOOD, DISTRIBUTED, CROWD = "flood", "distributed_flood", "flash_crowd"

# what makes a crowd of people, and how much of it: two are needed where two are known, else one of them is no proof
CROWD_REFERRED = 0.2  # of requests have a referrer
CROWD_STATICS = 0.2  # of requests are for images, style sheets, scripts
CROWD_AGENT = 0.5  # at most, of requests by the commonest program
CROWD_PATH = 0.5  # at most, of requests for the commonest path
CROWD_SIGNS = 3  # of these four


class Loud(NamedTuple):
    """A run of loud minutes of a value: a row of floods.sql."""

    dimension: str
    value: str
    day: date
    first: int
    last: int
    row: Mapping[str, Any]

    @property
    def name(self) -> tuple[str, str]:
        """Return what tells values apart."""
        return self.dimension, self.value


class Part(NamedTuple):
    """Requests of one minute that have the same loud values: a row of flood_parts.sql."""

    minute: int
    names: frozenset[tuple[str, str]]
    requests: int


class Flood(NamedTuple):
    """One flood: the value that it is about, the values that it explains, and those that are parts of it."""

    about: Loud
    explains: tuple[Loud, ...]
    parts: tuple[Loud, ...]


def find(
    engine: Engine, since: datetime | None, until: datetime | None, judge: Callable[[str], Inside | None]
) -> list[Alert]:
    """Return an alert a flood. Raises QueryFault."""
    prepare(engine, since, until, ["traffic"])
    rows = query.load("attacks/floods").run(engine, since=since, until=until).to_pylist()
    loud = [
        Loud(row["dimension"], row["value"], _day(row["day_number"]), row["first_minute"], row["last_minute"], row)
        for row in rows
    ]
    found: dict[str, Alert] = {}
    for run in runs(loud)[:MAX_FLOODS]:
        for flood in floods(run, _parts(engine, run)):
            alert = _alert(engine, flood, judge)
            if alert is not None:
                _keep(found, alert)
    return list(found.values())


def runs(loud: Iterable[Loud]) -> list[list[Loud]]:
    """Return values that were loud at about the same time together, the loudest first."""
    found: list[list[Loud]] = []
    ends = 0
    for one in sorted(loud, key=lambda one: (one.day, one.first)):
        if found and found[-1][0].day == one.day and one.first <= ends + APART_MINUTES:
            found[-1].append(one)
            ends = max(ends, one.last)
        else:
            found.append([one])
            ends = one.last
    found.sort(key=lambda run: -max(one.row["requests"] for one in run))
    return [sorted(run, key=lambda one: (-one.row["requests"], one.name))[:MAX_LOUD] for run in found]


def floods(run: Sequence[Loud], parts: Sequence[Part]) -> list[Flood]:
    """
    Return the floods of a run: the fewest values that explain all loud ones, each the narrowest there is.

    Of all loud values the one with the most that is too much stands for the whole; `EXPLAINS` of it must be in the
    value that is named. It always is in the whole itself.
    """
    left = {one.name: one for one in run}
    found = []
    while left:
        whole = max(left.values(), key=lambda one: (_excess(one, parts), one.row["requests"], one.name))
        loud = _minutes(whole, parts)
        too_much = _excess(whole, parts)
        clients = sorted(
            (one for one in left.values() if one.dimension == "ip"), key=lambda one: (-_excess(one, parts), one.value)
        )[:SEVERAL]
        if clients and sum(_shared(one, whole, parts, loud) for one in clients) >= EXPLAINS * too_much:
            found += _by_clients(clients, left, parts)
            continue
        narrow = [
            one
            for one in left.values()
            if min(_shared(one, whole, parts, loud), _excess(one, parts)) >= EXPLAINS * too_much
        ]
        about = min(
            [*narrow, whole], key=lambda one: (_requests(one, parts, loud), NARROW.index(one.dimension), one.value)
        )
        others = [one for one in left.values() if one.name != about.name]
        minutes = {one.name: _minutes(one, parts) for one in others}
        within = [
            one
            for one in others
            if _requests(one, parts, minutes[one.name]) < _requests(about, parts, loud)
            and _shared(about, one, parts, minutes[one.name]) >= PART * _requests(one, parts, minutes[one.name])
        ]
        explained = [
            one
            for one in others
            if one not in within and _shared(about, one, parts, minutes[one.name]) >= COVERED * _excess(one, parts)
        ]
        found.append(Flood(about, tuple(explained), tuple(within)))
        for one in (about, *explained, *within):
            del left[one.name]
    return found


def _by_clients(clients: Sequence[Loud], left: dict[tuple[str, str], Loud], parts: Sequence[Part]) -> list[Flood]:
    """Take clients that together are the flood from what is left, with what they explain."""
    explained = []
    for one in [one for one in left.values() if one.dimension != "ip"]:
        minutes = _minutes(one, parts)
        if sum(_shared(client, one, parts, minutes) for client in clients) >= COVERED * _excess(one, parts):
            explained.append(left.pop(one.name))
    for client in clients:
        del left[client.name]
    return [
        Flood(client, tuple(one for one in explained if _shared(client, one, parts, _minutes(one, parts))), ())
        for client in clients
    ]


def is_crowd(shape: Mapping[str, Any]) -> bool:
    """Return whether a shape is that of people: CROWD_SIGNS of four signs."""
    requests = int(shape["requests"])
    signs: int = sum((
        shape["referred"] >= CROWD_REFERRED * requests,
        shape["statics"] >= CROWD_STATICS * requests,
        shape["top_agent_requests"] <= CROWD_AGENT * requests,
        shape["top_path_requests"] <= CROWD_PATH * requests,
    ))  # fmt: skip
    return signs >= CROWD_SIGNS


def _minutes(one: Loud, parts: Iterable[Part]) -> set[int]:
    """Return the minutes in which a value was loud."""
    counts: dict[int, int] = {}
    for part in parts:
        if one.first <= part.minute <= one.last and (one.dimension == "site" or one.name in part.names):
            counts[part.minute] = counts.get(part.minute, 0) + part.requests
    return {minute for minute, requests in counts.items() if requests >= one.row["threshold"]}


def _requests(one: Loud, parts: Iterable[Part], minutes: set[int]) -> int:
    return sum(
        part.requests
        for part in parts
        if part.minute in minutes and (one.dimension == "site" or one.name in part.names)
    )


def _shared(one: Loud, other: Loud, parts: Iterable[Part], minutes: set[int]) -> int:
    """Return the requests of some minutes that are of both."""
    return sum(
        part.requests
        for part in parts
        if part.minute in minutes and all(each.dimension == "site" or each.name in part.names for each in (one, other))
    )


def _excess(one: Loud, parts: Sequence[Part]) -> float:
    """Return how many requests of its loud minutes a value has beyond its usual minute."""
    minutes = _minutes(one, parts)
    return _requests(one, parts, minutes) - float(one.row["middle"] or 0) * len(minutes)


def _parts(engine: Engine, run: Sequence[Loud]) -> list[Part]:
    values = [{"dimension": one.dimension, "value": one.value} for one in run]
    engine.register(LOUD_VALUES, pa.Table.from_pylist(values, RELATIONS[LOUD_VALUES]))
    began = _time(min(one.first for one in run))
    ended = _time(max(one.last for one in run) + 1)
    rows = query.load("attacks/flood_parts").run(engine, began=began, ended=ended).to_pylist()
    return [
        Part(
            row["minute"],
            frozenset((name, row[name]) for name in KINDS if row.get(name) is not None),
            row["requests"],
        )
        for row in rows
    ]


def _alert(engine: Engine, flood: Flood, judge: Callable[[str], Inside | None]) -> Alert | None:
    """Return the alert of a flood; None if it is a set's and is loud for a set only, while few sources made it."""
    about = flood.about
    shape = query.load("attacks/flood_shape").run(
        engine,
        began=_time(about.first),
        ended=_time(about.last + 1),
        dimension=about.dimension,
        value=about.value,
    ).to_pylist()  # fmt: skip
    if not shape:
        return None
    few = shape[0]["sources"] < FEW or shape[0]["most_of_one"] >= ALONE * shape[0]["requests"]
    if about.dimension != "ip" and few and about.row["peak"] < ALONE_LOUD:
        return None
    return alert_of(flood, shape[0], judge)


def alert_of(flood: Flood, shape: Mapping[str, Any], judge: Callable[[str], Inside | None]) -> Alert:
    """
    Return the alert of a flood.

    shape  the row of flood_shape.sql
    """
    about, row = flood.about, flood.about.row
    learning = row["history_days"] < KNOWN_DAYS
    one_source = shape["most_of_one"] >= ALONE * shape["requests"]
    crowd = not one_source and is_crowd(shape)
    rule = BY_CODE[CROWD if crowd else FLOOD if one_source else DISTRIBUTED]
    strong = row["peak"] >= STRONG * row["threshold"]
    hurt = shape["failed"] >= FAILING * shape["requests"]
    severity = rule.severity
    if not crowd and (learning or row["peak"] < LOUD or (row["loud_minutes"] == 1 and not strong)):
        severity = "low"
    elif not crowd and (hurt or strong):
        severity = "high"
    confidence = "low" if learning else "high" if row["history_days"] >= CERTAIN_DAYS and not crowd else "medium"
    subject = about.value if about.dimension != "site" else "site"
    sources = tuple((shape["sources_listed"] or "").split())
    title = _title(about, shape, crowd=crowd)
    evidence = tuple(_evidence(flood, shape, crowd=crowd))
    remedy = rule.remedy
    details: dict[str, Any] = {
        name: shape[name]
        for name in (
            "sources", "new_sources", "evenness", "most_of_one", "agents", "top_agent", "top_agent_requests", "paths",
            "targets", "top_path", "top_path_requests", "countries", "asns", "referrers", "referred", "statics",
            "refused", "failed", "bytes_each", "signed",
        )
    }  # fmt: skip
    details |= {
        "stage": rule.stage, "dimension": about.dimension, "loud_minutes": row["loud_minutes"],
        "peak_a_minute": row["peak"], "threshold_a_minute": row["threshold"],
        "usual_maximum": row["usual"], "usual_minute": row["middle"], "spread": row["mad"],
        "history_days": row["history_days"], "samples": [shape["top_path"]],
        "explains": [" ".join(one.name) for one in flood.explains],
        "parts": [" ".join(one.name) for one in flood.parts],
    }  # fmt: skip
    inside = judge(about.value) if about.dimension == "ip" else None
    if inside is not None:
        details |= {"severity_if_client": severity, "inside": inside.kind}
        severity, title = "info", f"requests through {title}"
        evidence, remedy = (f"{subject} {inside.says}", *evidence), inside.remedy
    return Alert(
        question="attacks", rule=rule.code, severity=severity, confidence=confidence,
        subject_kind=KINDS[about.dimension], subject=subject, day=about.day,
        key=about.dimension if about.dimension in ("path", "host") else "", began=shape["began"],
        ended=shape["ended"], requests=shape["requests"], title=title, evidence=evidence,
        techniques=rule.techniques, remedy=remedy, sources=() if about.dimension == "ip" else sources, details=details,
    )  # fmt: skip


def _title(about: Loud, shape: Mapping[str, Any], *, crowd: bool) -> str:
    what = WORDS[about.dimension] + (shown(about.value) if about.dimension != "site" else "")
    usual = max(float(about.row["usual"]), float(about.row["middle"]))
    times = f", {about.row['peak'] / usual:,.0f} times its usual maximum" if usual else ""
    by = f" by {shape['sources']:,} sources" if about.dimension != "ip" else ""
    says = "a crowd came, as from a link" if crowd else "a flood"
    return f"{what}: {says}: {shape['requests']:,} requests{by}, {about.row['peak']:,} in the loudest minute{times}"


def _evidence(flood: Flood, shape: Mapping[str, Any], *, crowd: bool) -> Iterable[str]:
    row, requests = flood.about.row, shape["requests"]
    if row["history_days"] < KNOWN_DAYS:
        yield (
            f"only {row['history_days']} days of history: held against the day itself, whose usual minute has "
            f"{row['middle']:,.0f}; a flood is {row['threshold']:,.0f} or more"
        )
    elif row["usual"]:
        yield (
            f"{row['history_days']} days before had at most {row['usual']:,.0f} a minute (95th percentile of the daily "
            f"maxima), {row['middle']:,.0f} in the usual one; a flood is {row['threshold']:,.0f} or more"
        )
    else:
        yield (
            f"{row['history_days']} days before had no busy minute of it; a flood is {row['threshold']:,.0f} or more"
        )
    span = duration((shape["ended"] - shape["began"]).total_seconds())
    yield f"{counted(row['loud_minutes'], 'loud minute')} in {span}"
    if flood.about.dimension != "ip":
        yield (
            f"{shape['sources']:,} sources, {shape['new_sources']:,} of them not seen in the seven days before; the "
            f"busiest made {shape['most_of_one'] / requests:.0%} of the requests"
        )
    yield f"{shape['top_path_requests'] / requests:.0%} of the requests for {shown(shape['top_path'] or '-')}"
    yield (
        f"{counted(shape['agents'], 'program')}; {shape['top_agent_requests'] / requests:.0%} of the requests by "
        f"{shown(shape['top_agent'])}"
    )
    yield (
        f"{shape['referred'] / requests:.0%} came from a link ({shape['referrers']:,} different), "
        f"{shape['statics'] / requests:.0%} were for images, style sheets and scripts"
        + ("" if crowd else ": unlike visitors" if shape["referred"] + shape["statics"] < requests / 10 else "")
    )
    if shape["failed"]:
        yield f"{shape['failed'] / requests:.0%} failed with 5xx"
    if flood.parts:
        yield "parts of it: " + ", ".join(f"{one.dimension} {shown(one.value)}" for one in flood.parts[:5])


def _keep(found: dict[str, Alert], alert: Alert) -> None:
    """Keep an alert; two floods of one subject and day are one alert, told by the louder one."""
    before = found.get(alert.fingerprint)
    if before is None:
        found[alert.fingerprint] = alert
        return
    first, second = sorted((before, alert), key=lambda one: -one.requests)
    found[alert.fingerprint] = _joined(first, second)


def _joined(first: Alert, second: Alert) -> Alert:
    return Alert(
        question=first.question, rule=first.rule, severity=first.severity, confidence=first.confidence,
        subject_kind=first.subject_kind, subject=first.subject, day=first.day, key=first.key,
        began=min(first.began, second.began), ended=max(first.ended, second.ended),
        requests=first.requests + second.requests, title=first.title,
        evidence=(*first.evidence, f"and again that day: {second.requests:,} requests at {second.began:%H:%M}"),
        techniques=first.techniques, remedy=first.remedy, sources=first.sources, details=first.details,
    )  # fmt: skip


def _time(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def _day(number: int) -> date:
    return (EPOCH + timedelta(days=number)).date()
