"""Sources that belong together are one campaign; strangers that have one thing in common are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.attacks import campaigns, judge_of
from pipeline.attacks.campaigns import Source, score, source_of, tied
from pipeline.engine.duckdb import Engine
from pipeline.signatures import catalogue_table
from tests.pipeline.attacks.scenes import MIDNIGHT, Row, numbered, request

Build = Callable[[Iterable[dict[str, Any]]], Engine]
KIT = ("/kit/a.php", "/kit/b.php", "/kit/c.php", "/kit/d.php")


def source(ip: str, paths: Iterable[str] = KIT, agents: Iterable[str] = ("kit/1",), day: int = 1, **row: Any) -> Source:
    octets = ip.split(".")
    first = date(2026, 3, day)
    at = datetime(2026, 3, day, 12, tzinfo=UTC)
    return source_of({
        "client_ip": ip, "prefix": f"{'.'.join(octets[:3])}.0/24",
        "neighbourhood": f"{octets[0]}.{octets[1]}.{int(octets[2]) // 16 * 16}.0/20", "asn": None, "first_day": first,
        "began": at, "ended": at, "requests": len(list(paths)), "signed": 1, "sharp": 1, "missing": 0,
        "signature": "x", "paths": list(paths), "agents": list(agents), "days": [first], **row,
    })  # fmt: skip


def groups(sources: Iterable[Source], shared: Iterable[list[str]] = ()) -> list[tuple[str, ...]]:
    return [one.sources for one in tied(list(sources), shared)]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (source("9.9.9.1"), source("9.9.9.2"), True),
        (source("9.9.9.1", day=1), source("9.9.9.2", day=9), True),  # they take turns
        (source("9.9.9.1"), source("7.7.7.7"), True),  # the same list with the same program on the same day
        (source("9.9.9.1", KIT[:1]), source("9.9.9.2", KIT[:1], day=9), True),  # one network, program and path
        (source("9.9.9.1", KIT[:1]), source("9.9.8.2", KIT[:1], day=9), True),  # networks side by side
        (source("9.9.9.1", asn=64500), source("7.7.7.7", asn=64500, day=9), True),  # one hoster, list and program
        (source("9.9.9.1"), source("7.7.7.7", day=9), True),  # the same list of several paths, and program
        (source("9.9.9.1", KIT[:2]), source("7.7.7.7", KIT[:2], day=9), False),  # a program and two paths, elsewhere
        (source("9.9.9.1"), source("9.9.9.2", ("/other",), day=9), False),  # a network and program alone
        (source("9.9.9.1"), source("9.9.9.2", ("/other",), ("other/1",)), False),  # neighbours, the same day
        (source("9.9.9.1"), source("7.7.7.7", KIT, ("other/1",), day=9), False),  # a public list
        (source("9.9.9.1"), source("7.7.7.7", ("/other",)), False),  # a public program
        (source("9.9.9.1", KIT[:1]), source("7.7.7.7", KIT[:1]), False),  # one path on the same day, far apart
    ],
)
def test_what_ties_two_sources(first: Source, second: Source, together: bool) -> None:
    points, why = score(first, second)
    assert (points >= campaigns.TIED) == together, (points, why)
    assert score(second, first) == (points, why), "whoever is named first"


def test_a_worm_that_comes_from_everywhere_does_not_tie_neighbours_by_one_path() -> None:
    everywhere = [source(f"{number}.1.1.1", ("/v1.16/version",), day=1 + number % 28) for number in range(1, 60)]
    neighbours = [source(f"70.1.{number}.1", ("/v1.16/version",), day=1 + number) for number in range(6)]
    assert groups([*everywhere, *neighbours]) == []
    assert groups(neighbours) == [tuple(one.ip for one in neighbours)]


def test_a_rare_path_brings_sources_together_that_no_group_holds() -> None:
    sources = [source(f"{number}.1.1.1", (*KIT, f"/own/{number}"), day=3) for number in (9, 7, 5)]
    assert groups(sources) == []
    assert groups(sources, [[one.ip for one in sources]]) == [("5.1.1.1", "7.1.1.1", "9.1.1.1")]


def test_two_alike_are_chance_and_three_are_a_campaign_named_by_the_first() -> None:
    sources = [source(f"9.9.9.{number}", day=number) for number in (3, 1, 2)]
    assert groups(sources[:2]) == []
    (found,) = tied(sources)
    assert found.name == "9.9.9.1@2026-03-01"
    assert found.sources == ("9.9.9.1", "9.9.9.2", "9.9.9.3")
    assert found.why[:3] == ("the same paths", "the same programs", "the same network")


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 4), st.integers(1, 9)), max_size=40))
def test_every_source_is_in_one_campaign_at_most_whatever_the_order(rows: list[tuple[int, int, int, int]]) -> None:
    sources = {ip: source(ip, KIT[:paths], day=day) for net, host, paths, day in rows if (ip := f"9.9.{net}.{host}")}
    found = groups(sources.values())
    members = [ip for group in found for ip in group]
    assert len(members) == len(set(members))
    assert groups(reversed(sources.values())) == found


# through the lake


def scan(ip: str, day: int, targets: Iterable[str] = KIT, agent: str = "kit/1", status: int = 404) -> list[Row]:
    at = MIDNIGHT + timedelta(days=day, hours=3)
    return [
        request(ip, at + timedelta(seconds=number), target, user_agent=agent, status=status, signatures=[])
        for number, target in enumerate(targets)
    ]


def test_a_campaign_is_an_alert_with_its_members(engine_of: Build) -> None:
    more = (*KIT, "/kit/e.php")
    rows = [row for number in range(5) for row in scan(f"9.9.9.{number}", number * 3, more)]
    rows += scan("7.7.7.7", 1, ("/x1", "/x2", "/x3", "/x4", "/x5"), "curl/8")
    rows += [row for number in range(3) for row in scan(f"10.0.0.{number}", 1, more)]
    engine = engine_of(numbered(rows))
    engine.register("signatures_known", catalogue_table())
    (alert,) = campaigns.find(engine, None, None, judge_of(None))
    assert (alert.rule, alert.subject_kind, alert.subject) == ("campaign", "campaign", "9.9.9.0@2026-03-02")
    assert (alert.severity, alert.day) == ("low", MIDNIGHT.date()), "what is only missing is no attempt yet"
    assert alert.sources == tuple(f"9.9.9.{number}" for number in range(5)), "and no private address"
    assert alert.requests == 25
    assert alert.details["networks"] == ["9.9.9.0/24"]
    assert alert.details["paths"] == sorted(more), "in the same order in every run"
    assert "1 network, the most in 9.9.9.0/24 (5)" in alert.evidence
    (of_member,) = campaigns.campaigns_of(engine, "9.9.9.3")
    assert of_member.name == alert.subject
    assert campaigns.campaigns_of(engine, "7.7.7.7") == []


def test_a_campaign_keeps_its_name_and_day_while_it_goes_on(engine_of: Build) -> None:
    more = (*KIT, "/kit/e.php")
    engine = engine_of(numbered([row for number in range(9) for row in scan(f"9.9.9.{number}", number * 3, more)]))
    engine.register("signatures_known", catalogue_table())
    (whole,) = campaigns.find(engine, None, None, judge_of(None))
    later = MIDNIGHT + timedelta(days=20)
    (last_days,) = campaigns.find(engine, later, None, judge_of(None))
    assert last_days.fingerprint == whole.fingerprint
    assert campaigns.find(engine, MIDNIGHT + timedelta(days=40), None, judge_of(None)) == []
