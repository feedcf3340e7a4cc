"""The threads of a watch, by themselves: what fails is said, and what is not told is not lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from echo.clientip import Config
from pipeline.alerts import Alert
from pipeline.alerts.deliver import Delivery
from pipeline.alerts.settings import NDJSON, AlertSettings, Sink
from pipeline.errors import LakeFault, QueryFault
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from pipeline.watch import watcher as module
from pipeline.watch.days import Days
from pipeline.watch.memory import Memory
from pipeline.watch.watcher import Watcher
from tests.pipeline.alerts.test_alert import ALERT
from tests.pipeline.conftest import NOON, table_of
from tests.pipeline.watch.test_memory import refused

SECONDS = 60.0


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lake is asked again at once, however long it took on a busy machine."""
    monkeypatch.setattr(module, "ASK_SHARE", 1000)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def watcher_of(folder: Path, said: list[str], fast: float = 0.05, slow: float = 0.05) -> Iterator[Watcher]:
    lake = Lake(str(folder / "lake"))
    delivery = Delivery([Sink(NDJSON, "file", str(folder / "out"))], lake.path, "test", said.append)
    watcher = Watcher(lake, Config(), AlertSettings(fast=fast, slow=slow), delivery, said.append)
    watcher.start()
    try:
        yield watcher
    finally:
        try:
            watcher.close()
            delivery.drain(SECONDS)
        finally:
            delivery.close()


def give(watcher: Watcher, folder: Path, rows: list[dict[str, Any]], mark: int = 1) -> None:
    """Rows as an ingest commits them."""
    table = table_of(rows)
    lake = Lake(str(folder / "lake"))
    watcher.coming(table)
    empty = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table), empty, f"test-{mark}", Mark(mark, 0), None)
    watcher.added(table.num_rows)


def told(folder: Path) -> str:
    return (folder / "out").read_text() if (folder / "out").exists() else ""


def test_a_look_that_fails_is_said_and_the_lake_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> list[Alert]:
        raise QueryFault("out of memory", "SQL", "ask for less")

    monkeypatch.setattr(module.Memory, "look", fails)
    said: list[str] = []
    with watcher_of(tmp_path, said) as watcher:
        give(watcher, tmp_path, refused("203.0.113.9", 40))
        until(lambda: '"rule":"probing"' in told(tmp_path))
    assert any("what is new was not looked at: SQL: out of memory" in one for one in said)


def test_a_question_that_fails_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def fails_at_first(*_: object) -> list[Alert]:
        asked.append(1)
        if len(asked) <= module.TRIES:
            raise QueryFault("gone", "SQL", "again")
        return [ALERT]

    monkeypatch.setattr(module, "find", fails_at_first)
    said: list[str] = []
    with watcher_of(tmp_path, said, fast=60) as watcher:
        give(watcher, tmp_path, refused("203.0.113.9", 1))
        until(lambda: ALERT.fingerprint in told(tmp_path))
    assert [one for one in said if "the lake did not answer: SQL: gone" in one]
    assert not watcher.failed


def test_rows_that_come_while_the_lake_is_asked_are_asked_about_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    periods: list[tuple[Any, Any]] = []
    watchers: list[Watcher] = []

    def slow(_: object, since: Any, until_: Any, __: object) -> list[Alert]:
        periods.append((since, until_))
        if len(periods) == 1:
            give(watchers[0], tmp_path, refused("203.0.113.9", 1), 2)
        return []

    monkeypatch.setattr(module, "find", slow)
    with watcher_of(tmp_path, [], fast=60) as watcher:
        watchers.append(watcher)
        give(watcher, tmp_path, refused("203.0.113.9", 1))
        until(lambda: len(periods) >= 2)
        until(lambda: Days(str(tmp_path / "lake")).open() == {})
    day = NOON.replace(hour=0)
    assert set(periods) == {(day, day + timedelta(days=1))}


def test_a_journal_that_cannot_be_written_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise LakeFault("cannot write: No space left on device", "journal", "free space")

    monkeypatch.setattr("pipeline.alerts.journal.Journal.add", full)
    with pytest.raises(LakeFault, match="No space"):
        _fill(tmp_path)


def _fill(folder: Path) -> None:
    with watcher_of(folder, [], slow=60) as watcher:
        give(watcher, folder, refused("203.0.113.9", 40))
        until(lambda: watcher.failed)


def test_an_end_waits_for_no_look_that_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def long(self: Memory, _: object) -> list[Alert]:
        begun.set()
        self._engine.query(
            "SELECT count(*) AS n FROM range(1000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 8"
        )
        raise AssertionError

    monkeypatch.setattr(module.Memory, "look", long)
    monkeypatch.setattr(module, "END_SECONDS", 0.2)
    with watcher_of(tmp_path, [], slow=60) as watcher:
        give(watcher, tmp_path, refused("203.0.113.9", 40))
        assert begun.wait(SECONDS)
        before = time.monotonic()
        watcher.close()
        assert time.monotonic() - before < SECONDS / 2
    assert Days(str(tmp_path / "lake")).open().keys() == {NOON.date()}


def test_reading_waits_while_too_much_is_to_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_ROWS", 50)
    most = 0
    with watcher_of(tmp_path, [], slow=60) as watcher:
        for number in range(4):
            give(watcher, tmp_path, refused(f"203.0.113.{number}", 40), number + 1)
            most = max(most, watcher.figures().waiting)
    assert most <= 50 + 40
    assert told(tmp_path).count('"rule":"probing"') == 4
