"""
Campaigns: sources that belong together, by what they ask for, what they say they are, where they are, when they come.

1. No pair of sources is compared that shares nothing telling. What tells is a group: sources of one network with one
   program (GROUPINGS), or those that ask for a path that few ask for (`campaign_items.sql`). Within a group each source
   is compared with the one before it in time, and with the first.
2. Two sources are tied if their score (`score`) reaches TIED. No single thing suffices: not the same network (tenants
   of a hoster are strangers to each other), not the same program (anybody runs it), not the same paths (lists of them
   are public). What is asked for from everywhere in the same way, as by a worm, tells half as much. Each tie keeps why.
3. Tied sources are one campaign, by union-find; it takes LEAST sources. It has the name of its first source and that
   one's first day, so that it keeps its name while it grows. It may lose it when its beginning is forgotten: what is
   known is the period and the 211 days before (`hostile.sql`).
4. Verified crawlers and addresses from inside are no members.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from pipeline import query
from pipeline.alerts import Alert
from pipeline.attacks.inside import Inside, judge_of
from pipeline.attacks.rules import BY_CODE
from pipeline.attacks.sentences import shown
from pipeline.attacks.stages import prepare
from pipeline.counted import counted, duration
from pipeline.engine import Engine

CODE = "campaign"
LEAST = 3  # sources: two that look alike are chance
SURE = 5  # paths: the same list, in the same hands
MAX_MEMBERS = 200  # named in an alert; `source_count` says how many there are
MAX_GROUP = 5_000  # sources of a group that are compared: a group larger than that tells nothing

# What ties, and how strongly; the weights are such that it takes three of them, or two and all of the paths
TIED = 0.7
PATHS = 0.4  # times the similarity of the paths (Jaccard); half of it for one path of sources far apart
AGENTS = 0.2  # the same programs, all of them
NETWORK = 0.35  # the same /24 or /48
NEIGHBOURS = 0.25  # the same /20 or /40
SYSTEM = 0.15  # the same autonomous system
DAY = 0.15  # a day on which both came
SEVERAL, SEVERAL_PATHS = 3, 0.1  # paths in common, and what that many add: one path may be chance
EVERYWHERE = 30  # /20s from which the same programs ask for the same paths: by fewer than SEVERAL, that is no tie

WEIGHT = 10  # requests for what attacks ask for: a campaign with fewer is information

# stages of a campaign, by what was seen of its sources
RECON, ATTEMPT = "recon", "attempt"


class Source(NamedTuple):
    """One source: a row of campaign_sources.sql."""

    ip: str
    prefix: str
    neighbourhood: str
    asn: int | None
    first_day: date
    paths: frozenset[str]
    agents: frozenset[str]
    days: frozenset[date]
    row: Mapping[str, Any]


class Tie(NamedTuple):
    """Why two sources belong together."""

    first: str
    second: str
    score: float
    why: tuple[str, ...]


class Campaign(NamedTuple):
    """
    One campaign.

    name     its first source and that one's first day: '203.0.113.9@2026-03-02'
    sources  all of its sources, the first one first
    why      what they have in common, the strongest first
    """

    name: str
    sources: tuple[str, ...]
    why: tuple[str, ...]
    began: datetime
    ended: datetime
    requests: int
    stages: tuple[str, ...]
    members: tuple[Source, ...]


Profile = tuple[frozenset[str], frozenset[str]]  # programs and paths of a source

# what a group has in common -> its key for a source, None if it is in none
GROUPINGS: dict[str, Callable[[Source], Any]] = {
    "network and programs": lambda one: (one.prefix, one.agents),
    "neighbourhood, programs and paths": lambda one: (one.neighbourhood, one.agents, one.paths),
    "system and paths": lambda one: (one.asn, one.paths) if one.asn is not None and len(one.paths) > 1 else None,
    "programs and several paths": lambda one: (one.agents, one.paths) if len(one.paths) >= SEVERAL else None,
}


def find(
    engine: Engine, since: datetime | None, until: datetime | None, judge: Callable[[str], Inside | None]
) -> list[Alert]:
    """Return an alert a campaign that was seen in the period. Raises QueryFault."""
    return [alert_of(one) for one in campaigns(engine, since, until, judge) if since is None or one.ended >= since]


def campaigns_of(
    engine: Engine, source: str, since: datetime | None = None, until: datetime | None = None
) -> list[Campaign]:
    """Return the campaigns that a source takes part in, none or one. Raises QueryFault."""
    return [one for one in campaigns(engine, since, until, judge_of(None)) if source in one.sources]


def campaigns(
    engine: Engine, since: datetime | None, until: datetime | None, judge: Callable[[str], Inside | None]
) -> list[Campaign]:
    """Return the campaigns of a period and the days before it, the largest first. Raises QueryFault."""
    prepare(engine, since, until, ["hostile"])
    rows = query.load("attacks/campaign_sources").run(engine).to_pylist()
    sources = [source_of(row) for row in rows if judge(row["client_ip"]) is None]
    items: dict[str, list[str]] = {}
    for row in query.load("attacks/campaign_items").run(engine).to_pylist():
        items.setdefault(row["path"], []).append(row["client_ip"])
    return tied(sources, items.values())


def source_of(row: Mapping[str, Any]) -> Source:
    """Return the source of a row of campaign_sources.sql."""
    return Source(
        row["client_ip"],
        row["prefix"],
        row["neighbourhood"],
        row["asn"],
        row["first_day"],
        frozenset(path for path in row["paths"] or () if path is not None),
        frozenset(agent for agent in row["agents"] or () if agent is not None),
        frozenset(row["days"]),
        row,
    )


def tied(sources: Sequence[Source], shared: Iterable[Sequence[str]] = ()) -> list[Campaign]:
    """
    Return the campaigns among sources, the largest first.

    shared  the sources of each path that few ask for
    """
    by_ip = {one.ip: one for one in sources}
    leader = {one.ip: one.ip for one in sources}
    ties: list[Tie] = []
    popular = popular_profiles(sources)

    def find_leader(ip: str) -> str:
        while leader[ip] != ip:
            leader[ip] = leader[leader[ip]]
            ip = leader[ip]
        return ip

    for first, second in pairs(sources, by_ip, shared):
        one, other = find_leader(first.ip), find_leader(second.ip)
        if one != other:
            points, why = score(first, second, popular)
            if points >= TIED:
                leader[other] = one
                ties.append(Tie(first.ip, second.ip, points, why))
    members: dict[str, list[Source]] = {}
    for source in sources:
        members.setdefault(find_leader(source.ip), []).append(source)
    reasons: dict[str, Counter[str]] = {}
    for tie in ties:
        reasons.setdefault(find_leader(tie.first), Counter()).update(tie.why)
    found = [
        campaign_of(group, [why for why, _ in reasons[leading].most_common()])
        for leading, group in members.items()
        if len(group) >= LEAST
    ]
    return sorted(found, key=lambda one: (-len(one.sources), one.name))


def pairs(
    sources: Sequence[Source], by_ip: Mapping[str, Source], shared: Iterable[Sequence[str]]
) -> Iterator[tuple[Source, Source]]:
    """Yield pairs that are worth a comparison: neighbours in time within groups, and each with the group's first."""
    for key in GROUPINGS.values():
        groups: dict[Any, list[Source]] = {}
        for one in sources:
            value = key(one)
            if value is not None:
                groups.setdefault(value, []).append(one)
        for group in groups.values():
            yield from _compared(group)
    for ips in shared:
        yield from _compared([by_ip[ip] for ip in ips if ip in by_ip])


def _compared(group: Sequence[Source]) -> Iterator[tuple[Source, Source]]:
    ordered = sorted(group, key=lambda one: (one.first_day, one.ip))[:MAX_GROUP]
    for number, one in enumerate(ordered[1:], 1):
        yield ordered[number - 1], one
        if number > 1:
            yield ordered[0], one


def popular_profiles(sources: Iterable[Source]) -> frozenset[Profile]:
    """Return what is asked for in the same way from EVERYWHERE."""
    places: dict[Profile, set[str]] = {}
    for one in sources:
        places.setdefault((one.agents, one.paths), set()).add(one.neighbourhood)
    return frozenset(profile for profile, found in places.items() if len(found) >= EVERYWHERE)


def score(one: Source, other: Source, popular: frozenset[Profile] = frozenset()) -> tuple[float, tuple[str, ...]]:
    """Return how strongly two sources are tied, 0 to above 1, and why."""
    points, why = 0.0, []
    common = one.paths & other.paths
    if common:
        points += PATHS * len(common) / len(one.paths | other.paths)
        alone = len(common) == 1 and one.neighbourhood != other.neighbourhood
        if alone or (len(common) < SEVERAL and (one.agents, one.paths) in popular):
            points /= 2
        why.append("the same paths" if one.paths == other.paths else "paths in common")
        if len(common) >= SEVERAL:
            points += SEVERAL_PATHS
    if one.agents == other.agents:
        points += AGENTS
        why.append("the same programs" if one.agents else "no user agent at all")
    for weight, reason, same in (
        (NETWORK, "the same network", one.prefix == other.prefix),
        (NEIGHBOURS, "networks side by side", one.neighbourhood == other.neighbourhood),
        (SYSTEM, "the same autonomous system", one.asn is not None and one.asn == other.asn),
    ):
        if same:
            points += weight
            why.append(reason)
            break
    if one.days & other.days:
        points += DAY
        why.append("the same days")
    return points, tuple(why)


def campaign_of(group: Iterable[Source], why: Sequence[str]) -> Campaign:
    """Return the campaign of sources."""
    members = tuple(sorted(group, key=lambda one: (one.first_day, one.row["began"], one.ip)))
    sharp = any(one.row["sharp"] for one in members)
    return Campaign(
        f"{members[0].ip}@{members[0].first_day}",
        tuple(one.ip for one in members),
        tuple(why),
        min(one.row["began"] for one in members),
        max(one.row["ended"] for one in members),
        sum(one.row["requests"] for one in members),
        (RECON, ATTEMPT) if sharp else (RECON,),
        members,
    )


def commonest(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    """Return the commonest with their numbers, those of one number by name: the same in every run."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]


def alert_of(campaign: Campaign) -> Alert:
    """Return the alert of a campaign."""
    rule, members = BY_CODE[CODE], campaign.members
    paths = Counter(path for one in members for path in one.paths)
    agents = Counter(agent for one in members for agent in one.agents)
    networks = Counter(one.prefix for one in members)
    signatures = Counter(one.row["signature"] for one in members if one.row["signature"])
    days = {day for one in members for day in one.days}
    count = len(members)
    ((largest, of_it),) = commonest(networks, 1)
    evidence = [
        "tied by " + ", ".join(campaign.why),
        f"{sum(one.row['signed'] for one in members):,} of its requests match signatures"
        + (f", as {', '.join(code for code, _ in commonest(signatures, 3))}" if signatures else ""),
        "asked for by most of them: " + ", ".join(f"{shown(path)} ({n:,})" for path, n in commonest(paths, 3)),
        f"{counted(len(networks), 'network')}, the most in {largest} ({of_it:,})",
    ]
    if agents:
        evidence.append("programs: " + ", ".join(f"{shown(agent)} ({n:,})" for agent, n in commonest(agents, 3)))
    span = duration((campaign.ended - campaign.began).total_seconds())
    asns = {one.asn for one in members}
    asn = asns.pop() if len(asns) == 1 else None
    sharp = sum(one.row["sharp"] for one in members)
    severity = rule.severity if sharp >= WEIGHT else "low" if campaign.requests >= WEIGHT else "info"
    details: dict[str, Any] = {
        "stage": campaign.stages[-1], "stages": list(campaign.stages), "source_count": count, "why": list(campaign.why),
        "days": len(days), "samples": [path for path, _ in commonest(paths, 2)],
        "paths": [path for path, _ in commonest(paths, 20)], "agents": [agent for agent, _ in commonest(agents, 10)],
        "networks": [network for network, _ in commonest(networks, 50)],
        "signatures": [code for code, _ in commonest(signatures, 20)],
    }  # fmt: skip
    if asn is not None:
        details["asn"] = asn
    return Alert(
        question="attacks", rule=CODE, severity=severity,
        confidence="high" if len(networks) == 1 or len(paths) >= SURE else "medium",
        subject_kind="campaign", subject=campaign.name, day=members[0].first_day, began=campaign.began,
        ended=campaign.ended, requests=campaign.requests,
        title=f"campaign {campaign.name}: {count:,} sources in {span}, {campaign.requests:,} requests: "
        f"{' and '.join(campaign.why[:2])}",
        evidence=tuple(evidence), techniques=rule.techniques, remedy=rule.remedy,
        sources=campaign.sources[:MAX_MEMBERS], details=details,
    )  # fmt: skip
