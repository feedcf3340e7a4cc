"""Requests in, alerts out: each rule's limits, and who is never called an attacker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline import attacks
from pipeline.engine.duckdb import Engine
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from tests.pipeline.conftest import DATA, NOON

Build = Callable[[Iterable[dict[str, Any]]], Engine]


def after(**delta: float) -> datetime:
    return NOON + timedelta(**delta)


def requests(source: str | None, count: int, step: float, **row: Any) -> list[dict[str, Any]]:
    """count requests of a source, step seconds apart; {n} in the target is the number."""
    target = row.pop("target", "/page/{n}")
    return [
        {
            "client_ip": source, "ts": after(seconds=n * step), "method": "GET", "status": 200,
            "source": "access.log", "source_offset": n, **row, "target": target.format(n=n),
        }
        for n in range(count)
    ]  # fmt: skip


def found(engine: Engine) -> list[tuple[str, str]]:
    return [(alert.rule, alert.severity) for alert in attacks.find(engine, None, None)]


@pytest.mark.parametrize(
    ("rows", "rules"),
    [
        (requests("9.9.9.9", 41, 0.0), [("crawling", "low")]),
        (requests("9.9.9.9", 40, 0.0), []),
        (requests("9.9.9.9", 2000, 0.5), []),  # two a second for a quarter of an hour: as fast as the bucket leaks
        (requests("9.9.9.9", 200, 0.3), [("crawling", "low")]),
        (requests("9.9.9.9", 500, 0.0, target="/img/{n}.png"), []),
        (requests("9.9.9.9", 12, 1.0, status=404), [("probing", "low")]),
        (requests("9.9.9.9", 12, 11.0, status=404), []),
        (requests("9.9.9.9", 40, 1.0, status=404, target="/one"), []),
        (requests("9.9.9.9", 12, 1.0, status=404, target="/{n}.css"), []),
        (requests("9.9.9.9", 7, 1.0, method="POST", status=401, target="/login"), [("bruteforce", "medium")]),
        (requests("9.9.9.9", 7, 60.0, method="POST", status=401, target="/login"), []),
        (requests("9.9.9.9", 7, 1.0, method="POST", status=401, target="/login", login="success"), []),
        (requests("9.9.9.9", 7, 1.0, login="failure", user="root"), [("bruteforce", "medium")]),
    ],
)  # fmt: skip
def test_rules_and_their_limits(rows: list[dict[str, Any]], rules: list[tuple[str, str]], engine_of: Build) -> None:
    assert found(engine_of(rows)) == rules


def test_a_proxy_is_never_called_an_attacker(engine_of: Build) -> None:
    (alert,) = attacks.find(engine_of(requests("10.0.0.1", 500, 0.0)), None, None)
    assert alert.severity == "info"
    assert alert.title.startswith("requests through 10.0.0.1: ")
    assert alert.evidence[0] == "10.0.0.1 is a private address: a proxy of yours, or a client inside"
    assert alert.details["inside"] == "private"
    assert alert.details["severity_if_client"] == "low"


def test_rows_without_a_client_name_nobody(engine_of: Build) -> None:
    assert attacks.find(engine_of(requests(None, 500, 0.0)), None, None) == []


def test_a_tool_that_hides_its_name_is_told_by_what_it_asks(lake: Lake) -> None:
    ingest_source(str(DATA / "attacks" / "sqlmap_hidden.log"), lake, Settings())
    told = {alert.rule: alert.details["severity_if_client"] for alert in attacks.find(Engine(lake), None, None)}
    assert told["sqli"] == "medium"
    assert "bad_agent" not in told
    assert "high" not in told.values()
