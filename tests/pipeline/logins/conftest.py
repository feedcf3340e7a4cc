"""Logins from places, and what is found of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.logins import Settings, judge
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.conftest import NOON, table_of

BERLIN = {
    "client_ip": "2.125.160.216", "country": "DE", "region": "Berlin", "city": "Berlin",
    "latitude": 52.5, "longitude": 13.4, "accuracy_km": 20.0,
}  # fmt: skip
TOKYO = {
    "client_ip": "2.125.161.217", "country": "JP", "region": "Tokyo", "city": "Tokyo",
    "latitude": 35.7, "longitude": 139.7, "accuracy_km": 20.0,
}  # fmt: skip
PARIS = {
    "client_ip": "2.125.162.1", "country": "FR", "region": "Île-de-France", "city": "Paris",
    "latitude": 48.9, "longitude": 2.4, "accuracy_km": 20.0,
}  # fmt: skip
POTSDAM = {**BERLIN, "client_ip": "2.125.163.218", "region": "Brandenburg", "city": "Potsdam", "latitude": 52.4}
Row = dict[str, Any]
Found = Callable[..., list[tuple[str, str]]]


def after(**delta: float) -> datetime:
    return NOON + timedelta(**delta)


def login(place: Row, when: datetime, user: str = "alice", outcome: str = "success") -> Row:
    return {**place, "ts": when, "user": user, "login": outcome, "status": 200 if outcome == "success" else 401}


def history(place: Row, count: int = 12, user: str = "alice", before: datetime = NOON) -> list[Row]:
    """Logins from a place, one a day, up to the day before."""
    return [login(place, before - timedelta(days=count - n), user) for n in range(count)]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine whose requests are what `requests_are` says."""
    lake = Lake(str(tmp_path_factory.mktemp("logins") / "lake"))
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of([])), rejects, "test", Mark(1, 0), None)
    return Engine(lake)


def requests_are(engine: Engine, rows: Iterable[Row]) -> Engine:
    """Rows in place of an empty lake's, in a millisecond."""
    engine.register("requests", table_of(rows))
    return engine


@pytest.fixture
def found(engine: Engine) -> Found:
    """What is found in rows: (rule, user), or (rule: why it is kept back, user) where that is asked for."""

    def run(rows: Iterable[Row], settings: Settings | None = None, *, silent: bool = False, **period: datetime) -> Any:
        asked = settings or Settings()
        judged = judge(requests_are(engine, rows), asked, period.get("since"), period.get("until"))
        return [
            (f"{one.alert.rule}: {one.silent}" if one.silent else one.alert.rule, one.alert.subject)
            for one in judged
            if silent or not one.silent
        ]

    return run
