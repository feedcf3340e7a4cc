"""The memory of a watch: what is found in rows as they come is what the lake answers about all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from pipeline.attacks import find, judge_of
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake
from pipeline.watch import memory as module
from pipeline.watch.memory import COLUMNS, KEPT_SECONDS, MAX_OF_A_CLIENT, Memory
from tests.pipeline.conftest import NOON, table_of

Rows = list[dict[str, Any]]


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(client: str, count: int, every: float = 1.0, begin: float = 0.0, status: int = 404) -> Rows:
    return [
        {"ts": NOON + timedelta(seconds=begin + number * every), "client_ip": client, "method": "GET",
         "target": f"/{number}.php", "status": status, "source": client, "source_offset": number}
        for number in range(count)
    ]  # fmt: skip


def logins(client: str, count: int) -> Rows:
    return [row | {"method": "POST", "target": "/login", "status": 401} for row in refused(client, count)]


def batches(rows: Rows, size: int) -> list[pa.Table]:
    table = table_of(sorted(rows, key=lambda row: row["ts"])).select(COLUMNS)
    return [table.slice(begin, size) for begin in range(0, table.num_rows, size)]


def told(memory: Memory, tables: Iterable[pa.Table]) -> set[str]:
    return {one.fingerprint for table in tables for one in memory.look([table])}


ATTACKS = [
    *refused("203.0.113.9", 40),
    *refused("2001:db8::9", 40, 0.5),
    *logins("198.51.100.7", 20),
    *refused("192.0.2.1", 8),  # too few
    *refused("192.0.2.2", 40, 15.0),  # too slow
    *refused("192.0.2.3", 200, 0.5, status=200),
]


@pytest.mark.parametrize("size", [40, 1000])
def test_what_is_found_as_it_comes_is_what_the_lake_answers(
    size: int, engine_of: Callable[[Iterable[dict[str, Any]]], Engine]
) -> None:
    lake = {one.fingerprint: (one.rule, one.subject) for one in find(engine_of(ATTACKS), None, None)}
    early = told(Memory(judge_of(None)), batches(ATTACKS, size))
    assert early <= lake.keys()
    rules = {lake[one] for one in early}
    assert {("probing", "203.0.113.9"), ("probing", "2001:db8::9"), ("bruteforce", "198.51.100.7")} <= rules
    assert not {subject for _, subject in rules} & {"192.0.2.1", "192.0.2.2"}


def test_rows_that_come_late_and_out_of_order_count() -> None:
    tables = batches(refused("203.0.113.9", 12), 4)
    assert told(Memory(judge_of(None)), reversed(tables))
    assert not told(Memory(judge_of(None)), tables[:2])


def test_only_what_is_new_is_looked_at_again() -> None:
    memory = Memory(judge_of(None))
    assert told(memory, batches(refused("203.0.113.9", 40), 40))
    assert memory.look(batches(refused("198.51.100.7", 3), 3)) == []
    assert memory.look([]) == []


def test_it_is_remembered_for_as_long_as_a_bucket_may_take() -> None:
    clock = Clock()
    memory = Memory(judge_of(None), now=clock)
    first, second = batches(refused("203.0.113.9", 6), 6), batches(refused("203.0.113.9", 6, begin=6), 6)
    second = [
        table.set_column(COLUMNS.index("target"), "target", pa.array([f"/x{n}" for n in range(6)])) for table in second
    ]
    assert not told(memory, first)
    clock.now = KEPT_SECONDS - 1
    assert told(memory, second)
    clock.now = 2 * KEPT_SECONDS
    assert not told(memory, first)
    assert memory.size == 6


def test_a_flood_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(judge_of(None))
    memory.look(batches(refused("203.0.113.9", 5000, 0.001), 5000))
    kinds = memory.size / MAX_OF_A_CLIENT
    assert kinds == int(kinds)
    assert kinds <= 4  # missing, and what its speed makes it
    monkeypatch.setattr(module, "MAX_SIGNALS", 500)
    for number in range(6):
        memory.look(batches(refused(f"198.51.100.{number}", 100), 100))
    assert memory.size <= 500 + 4 * MAX_OF_A_CLIENT


def test_addresses_of_ones_own_are_information() -> None:
    alerts = Memory(judge_of(None)).look(batches(refused("10.0.0.1", 40), 40))
    assert {one.severity for one in alerts} == {"info"}


def test_after_a_restart_the_lake_is_remembered(
    engine_of: Callable[[Iterable[dict[str, Any]]], Engine], lake: Lake
) -> None:
    engine_of([*refused("203.0.113.9", 6), *refused("198.51.100.7", 6, begin=-7200)])
    memory = Memory(judge_of(None))
    memory.remember(lake)
    more = [row | {"target": f"/more{n}"} for n, row in enumerate(refused("203.0.113.9", 6, begin=6))]
    late = [row | {"target": f"/more{n}"} for n, row in enumerate(refused("198.51.100.7", 6, begin=6))]
    alerts = memory.look(batches([*more, *late], 12))
    assert {one.subject for one in alerts} == {"203.0.113.9"}


def test_an_empty_lake_has_nothing_to_remember(
    engine_of: Callable[[Iterable[dict[str, Any]]], Engine], lake: Lake
) -> None:
    engine_of([])
    memory = Memory(judge_of(None))
    memory.remember(lake)
    assert memory.size == 0


def test_what_was_found_is_found_again_only_if_it_is_more_by_then() -> None:
    memory = Memory(judge_of(None))
    first = memory.look(batches(refused("203.0.113.9", 40), 40))
    assert [one.rule for one in first] == ["probing"]
    assert memory.look(batches(refused("203.0.113.9", 40, begin=40), 40)) == []


def test_a_crawler_that_is_one_is_spared_and_one_that_only_says_so_is_not() -> None:
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    rows = [row | {"user_agent": agent} for client in ("66.249.66.1", "203.0.113.9") for row in refused(client, 40)]
    assert {one.subject for one in Memory(judge_of(None)).look(batches(rows, 80))} == {"203.0.113.9"}
