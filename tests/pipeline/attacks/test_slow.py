"""Two months of a made-up site: who comes day after day, who polls, and who only looks like it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import attacks
from pipeline.alerts import Alert
from pipeline.attacks.rules import BY_CODE
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from pipeline.signatures import catalogue_table
from tests.pipeline.attacks.scenes import MIDNIGHT, Row, numbered, request
from tests.pipeline.conftest import table_of

DAYS = 60
DOCKER, PORTSCAN = ["admin-docker-api"], ["agent-portscan"]
RULES = [BY_CODE[code] for code in ("low_and_slow", "low_and_slow_set", "beaconing")]


def on(day: int, dice: random.Random) -> Any:
    return MIDNIGHT + timedelta(days=day, seconds=dice.randrange(86_400))


def daily(dice: random.Random, ip: str, targets: Callable[[int], str], every: int = 2, **row: Any) -> Iterator[Row]:
    """One request on each `every`-th day."""
    for day in range(0, DAYS, every):
        yield request(ip, on(day, dice), targets(day), **{"signatures": [], "user_agent": "x", **row})


def polled(
    dice: random.Random, ip: str, target: str, every: float, count: int, jitter: float, **row: Any
) -> Iterator[Row]:
    """Requests each `every` seconds, `jitter` of that earlier or later."""
    at = MIDNIGHT + timedelta(days=7, seconds=30)
    for _ in range(count):
        yield request(ip, at, target, **{"signatures": [], "user_agent": "x", **row})
        at += timedelta(seconds=every * (1 + jitter * (2 * dice.random() - 1)))


def population(dice: random.Random) -> Iterator[Row]:
    """All of them in one log; the address says who it is."""
    yield from daily(dice, "9.0.0.1", lambda day: "/v1.24/containers/json", signatures=DOCKER)
    yield from daily(dice, "9.0.0.2", lambda day: f"/old/{day}.php", status=404)
    for day in range(0, DAYS, 2):  # one network, another address each time
        yield request(f"9.0.1.{day}", on(day, dice), "/", user_agent="zgrab/0.x", signatures=PORTSCAN)
    for number in range(40):  # one program, from everywhere
        yield request(f"{60 + number}.0.0.1", on(number, dice), "/_ping", user_agent="docker/1", signatures=DOCKER)
    yield from polled(dice, "9.0.0.3", "/uploads/up.php", 600, 60, 0.3, method="POST")
    yield from polled(dice, "9.0.0.4", "/v1.24/info", 3600, 30, 0.1, signatures=DOCKER)
    # and who is none of these
    yield from daily(dice, "1.0.0.1", lambda day: "/health", every=1)
    yield from daily(dice, "1.0.0.2", lambda day: "/feed.xml", status=404, every=1)
    yield from daily(dice, "1.0.0.3", lambda day: f"/page/{day}", every=1)
    yield from daily(dice, "1.0.0.4", lambda day: ("/a", "/b")[day % 2], status=404, every=1)
    yield from daily(dice, "1.0.0.5", lambda day: "/v1.24/info", every=5, signatures=DOCKER)  # twelve days
    yield from polled(dice, "1.0.0.6", "/", 600, 60, 0.0, user_agent="Uptime-Kuma/1.23")
    yield from polled(dice, "1.0.0.7", "/page", 600, 60, 1.0)  # a person, or chance
    yield from polled(dice, "1.0.0.8", "/page", 600, 9, 0.0)
    yield from polled(dice, "10.0.0.1", "/page", 600, 60, 0.0)  # from inside


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_over(tmp_path_factory.mktemp("slow"), population(random.Random(3)))


def engine_over(place: Path, rows: Iterable[Row]) -> Engine:
    lake = Lake(str(place / "lake"))
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of(numbered(list(rows)))), rejects, "test", Mark(1, 0), None)
    engine = Engine(lake)
    engine.register("signatures_known", catalogue_table())
    return engine


def told(alerts: Iterable[Alert]) -> set[tuple[str, str, str]]:
    return {(one.rule, one.severity, one.subject) for one in alerts}


def test_who_is_slow_and_who_polls_and_nobody_else(engine: Engine) -> None:
    assert told(attacks.find(engine, None, None, rules=RULES)) == {
        ("low_and_slow", "medium", "9.0.0.1"),
        ("low_and_slow", "low", "9.0.0.2"),
        ("low_and_slow_set", "low", "9.0.1.0/24"),
        ("low_and_slow_set", "medium", "docker/1"),
        ("beaconing", "low", "9.0.0.3"),
        ("beaconing", "medium", "9.0.0.4"),
    }


def test_one_alert_a_month_however_often_it_is_asked(engine: Engine) -> None:
    """An alert of a day's run is that of the whole lake's, and is delivered once."""
    rule = [BY_CODE["low_and_slow"]]
    whole = [one for one in attacks.find(engine, None, None, rules=rule) if one.subject == "9.0.0.1"]
    assert [one.day.month for one in whole] in ([3, 4], [4, 3])
    for day in (36, 50, 58):
        since = MIDNIGHT + timedelta(days=day)
        (found,) = (
            one
            for one in attacks.find(engine, since, since + timedelta(days=1), rules=rule)
            if one.subject == "9.0.0.1"
        )
        assert found.fingerprint in {one.fingerprint for one in whole}


def test_an_alert_says_why(engine: Engine) -> None:
    alerts = {(one.rule, one.subject): one for one in attacks.find(engine, None, None, rules=RULES)}
    beacon = alerts["beaconing", "9.0.0.3"]
    assert 550 <= beacon.details["every_seconds"] <= 650
    assert beacon.details["score"] >= 0.7
    assert "/uploads/up.php" in beacon.title
    network = alerts["low_and_slow_set", "9.0.1.0/24"]
    assert network.subject_kind == "prefix"
    assert network.details["source_count"] == 30
    assert len(network.sources) == 30
