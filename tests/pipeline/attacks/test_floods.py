"""Days of a made-up site with a flood, or what looks like one: what is said of whom."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts import Alert
from pipeline.attacks import floods, judge_of
from pipeline.attacks.floods import Loud, Part
from pipeline.engine.duckdb import Engine
from tests.pipeline.attacks.scenes import AGENTS, MIDNIGHT, Row, numbered, request, stranger, visitors, week

Build = Callable[[Iterable[dict[str, Any]]], Engine]
DAY = 7  # the day that is looked at, after a week
AT = MIDNIGHT + timedelta(days=DAY, hours=14)


def found(engine: Engine) -> list[Alert]:
    return floods.find(engine, None, None, judge_of(None))


def told(engine: Engine) -> list[tuple[str, str, str, str]]:
    return [(one.rule, one.severity, one.subject_kind, one.subject) for one in found(engine)]


def botnet(dice: random.Random, sources: int = 2000, each: int = 3, seconds: float = 600, **row: Any) -> list[Row]:
    """A few requests of many sources, all of one program for one path."""
    return [
        request(
            stranger(number), AT + timedelta(seconds=dice.random() * seconds), f"/search?q={dice.randrange(10**6)}",
            country=dice.choice(["BR", "RU", "VN", "ID"]), asn=dice.randrange(65_000, 65_300),
            **{"user_agent": "python-requests/2.28", **row},
        )
        for number in range(sources)
        for _ in range(each)
    ]  # fmt: skip


def one_source(client: str, count: int = 4000, step: float = 0.05) -> list[Row]:
    return [
        request(client, AT + timedelta(seconds=number * step), "/search", country="RU", asn=65_000, user_agent="ab")
        for number in range(count)
    ]


def one_network(dice: random.Random, count: int = 4000) -> list[Row]:
    return [
        request(
            f"9.9.9.{number % 200}", AT + timedelta(seconds=number * 0.05), "/search", country="RU", asn=65_000,
            user_agent=dice.choice(AGENTS),
        )
        for number in range(count)
    ]  # fmt: skip


def scene(name: str, dice: random.Random) -> list[Row]:
    crowd = visitors(dice, DAY, 900, first=5000, spread=600, start=50_000)
    quiet = week(dice)
    return {
        "quiet": quiet,
        "one source": quiet + one_source("9.9.9.9"),
        "slower than a flood": quiet + one_source("9.9.9.9", 900, 0.2),
        "one network": quiet + one_network(dice),
        "botnet": quiet + botnet(dice),
        "botnet that hurts": quiet + botnet(dice, status=503),
        "botnet over a day": quiet + botnet(dice, seconds=36_000),
        "crowd": quiet + list(crowd),
        "first day": [*visitors(dice, DAY, 60), *botnet(dice)],
    }[name]


@pytest.mark.parametrize(
    ("name", "alerts"),
    [
        ("quiet", []),
        ("one source", [("flood", "medium", "ip", "9.9.9.9")]),
        ("slower than a flood", []),
        ("one network", [("distributed_flood", "high", "prefix", "9.9.9.0/24")]),
        ("botnet", [("distributed_flood", "high", "fingerprint", "python-requests/2.28")]),
        ("botnet that hurts", [("distributed_flood", "high", "fingerprint", "python-requests/2.28")]),
        ("botnet over a day", []),
        ("crowd", [("flash_crowd", "info", "site", "site")]),
        ("first day", [("distributed_flood", "low", "fingerprint", "python-requests/2.28")]),
    ],
)
def test_what_is_said_of_a_day(name: str, alerts: list[tuple[str, ...]], engine_of: Build) -> None:
    """One alert for what has it in common: not one for its country, its path and the site too."""
    assert told(engine_of(numbered(scene(name, random.Random(5))))) == alerts


def test_a_flood_as_loud_as_the_week_before_is_no_news(engine_of: Build) -> None:
    """A client that comes every day as fast, such as a backup, is part of the baseline, once it was learnt."""
    dice = random.Random(1)
    backups = [
        {**row, "ts": row["ts"] - timedelta(days=back)}
        for back in range(DAY + 1)
        for row in one_source("9.9.9.9", 1500)
    ]
    engine = engine_of(numbered([*week(dice, 20), *backups]))
    assert [(one.day, one.confidence) for one in found(engine)] == [(MIDNIGHT.date(), "low")]
    assert floods.find(engine, MIDNIGHT + timedelta(days=DAY), None, judge_of(None)) == []


def test_an_alert_says_what_it_was_held_against_and_what_it_looks_like(engine_of: Build) -> None:
    dice = random.Random(5)
    engine = engine_of(numbered([*week(dice, 30), *botnet(dice, status=503)]))
    (alert,) = found(engine)
    day = MIDNIGHT + timedelta(days=DAY)
    (of_its_day,) = floods.find(engine, day, day + timedelta(days=1), judge_of(None))
    assert (of_its_day.fingerprint, of_its_day.details) == (alert.fingerprint, alert.details), "whatever the period"
    assert alert.title.startswith("program python-requests/2.28: a flood: 6,000 requests by 2,000 sources")
    assert alert.techniques == ("T1498", "T1499.002")
    said = "\n".join(alert.evidence)
    assert "7 days before had no busy minute of it" in said
    assert "2,000 sources, 2,000 of them not seen in the seven days before" in said
    assert "100% of the requests for /search" in said
    assert "unlike visitors" in said
    assert "100% failed with 5xx" in said
    assert alert.details["evenness"] == pytest.approx(1.0)
    assert "path /search" in alert.details["explains"]
    assert len(alert.sources) == 100, "bounded"


def test_a_proxy_is_not_called_a_flooder(engine_of: Build) -> None:
    (alert,) = found(engine_of(numbered([*week(random.Random(1), 20), *one_source("10.0.0.1", 2400)])))
    assert (alert.severity, alert.details["severity_if_client"], alert.details["inside"]) == (
        "info",
        "medium",
        "private",
    )
    assert alert.title.startswith("requests through 10.0.0.1")


def test_two_floods_at_once_are_two_alerts(engine_of: Build) -> None:
    rows = [*week(random.Random(1), 20), *one_source("9.9.9.9", 1500), *one_source("7.7.7.7", 1400)]
    rows = [{**row, "user_agent": row["client_ip"]} if row["user_agent"] == "ab" else row for row in rows]
    assert {one[3] for one in told(engine_of(numbered(rows)))} == {"9.9.9.9", "7.7.7.7"}


# the explanation by itself

NAMES = [("prefix", "9.9.9.0/24"), ("agent", "ab"), ("country", "RU"), ("site", "")]


def loud(name: tuple[str, str], threshold: float = 10.0, middle: float = 0.0) -> Loud:
    return Loud(*name, date(2026, 3, 9), 0, 9, {"threshold": threshold, "middle": middle, "requests": 1})


@given(
    st.lists(
        st.builds(
            Part, st.integers(0, 9), st.frozensets(st.sampled_from(NAMES[:3])), st.integers(1, 100_000)
        ),
        max_size=30,
    ),
    st.sets(st.sampled_from(NAMES), min_size=1),
)  # fmt: skip
def test_each_loud_value_is_told_once_and_by_what_explains_it(parts: list[Part], names: set[tuple[str, str]]) -> None:
    run = [loud(name) for name in sorted(names)]
    told = [one.name for flood in floods.floods(run, parts) for one in (flood.about, *flood.explains, *flood.parts)]
    assert sorted(told) == sorted(names)


def test_the_narrowest_value_that_holds_most_of_it_is_named() -> None:
    both = frozenset(NAMES[:3])
    run = [loud(name) for name in NAMES]
    (flood,) = floods.floods(run, [Part(0, both, 800), Part(0, frozenset(NAMES[1:3]), 100)])
    assert flood.about.name == ("prefix", "9.9.9.0/24"), "800 of 900 is enough"
    (flood,) = floods.floods(run, [Part(0, both, 500), Part(0, frozenset(NAMES[1:3]), 400)])
    assert flood.about.name == ("country", "RU"), "500 of 900 is not, and a network goes before a program"
    assert [one.name for one in flood.parts] == [("prefix", "9.9.9.0/24")]


def test_two_floods_of_a_subject_and_day_are_one_alert(engine_of: Build) -> None:
    rows = one_source("9.9.9.9", 1200)
    again = [{**row, "ts": row["ts"] + timedelta(hours=3)} for row in one_source("9.9.9.9", 1100)]
    (alert,) = found(engine_of(numbered([*week(random.Random(1), 20), *rows, *again])))
    assert alert.requests == 2300
    assert alert.evidence[-1].startswith("and again that day: 1,100 requests at 17:00")


@pytest.mark.parametrize(
    ("change", "crowd"),
    [
        ({}, True),
        ({"referred": 0}, True),
        ({"referred": 0, "statics": 0}, False),
        ({"top_path_requests": 90, "top_agent_requests": 90}, False),
    ],
)
def test_a_crowd_has_three_of_four_signs(change: dict[str, int], crowd: bool) -> None:
    shape = {"requests": 100, "referred": 50, "statics": 50, "top_agent_requests": 10, "top_path_requests": 20}
    assert floods.is_crowd({**shape, **change}) == crowd
