"""
`whofrom watch` as a process: followed, told within seconds, once, whatever it is killed at.

Clocks of the log are of the day that it is, since that is what a log that is followed holds.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import orjson
import pytest

from pipeline.alerts.journal import Journal
from pipeline.commands.watch import line, watch
from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault
from pipeline.lake import Lake
from pipeline.watch.watcher import Figures
from tests.pipeline.alerts.receivers import Receiver, receiving
from tests.pipeline.alerts.running import run_command

SECONDS = 60.0
MORNING = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def lines(client: str, count: int = 30, status: int = 404, path: str = "") -> str:
    """Requests, one a second, that probing finds."""
    times = [f"{MORNING + timedelta(seconds=number):%d/%b/%Y:%H:%M:%S} +0000" for number in range(count)]
    return "".join(
        f'{client} - - [{moment}] "GET /{path}{number}.php HTTP/1.1" {status} 5 "-" "curl/8"\n'
        for number, moment in enumerate(times)
    )


class Watching:
    """A watch of access.log in a folder, and of what it told."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder, self.words = folder, words
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "access.log").touch()

    def add(self, text: str, name: str = "access.log") -> None:
        with (self.folder / name).open("a") as out:
            out.write(text)

    def start(self) -> None:
        words = ["watch", "access.log", "--no-geo", "--fast", "1s", "--slow", "2s", *self.words]
        with (self.folder / "said").open("ab") as said, (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", *words], cwd=self.folder, stdout=out, stderr=said
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    @property
    def printed(self) -> list[str]:
        """Subjects, in their order; what is about probing alone."""
        documents = map(orjson.loads, (self.folder / "out").read_bytes().splitlines())
        return [one["subject"] for one in documents if one["rule"] == "probing"]


@contextmanager
def watching(folder: Path, *words: str) -> Iterator[Watching]:
    one = Watching(folder, *words)
    one.start()
    try:
        yield one
    finally:
        if one.process is not None and one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def rows(folder: Path) -> int:
    """Return how many rows there are; they are counted again where something was committed."""
    commits = tuple(sorted((folder / "lake").glob("*/_delta_log/*.json")))
    return _rows(folder, commits)


@cache
def _rows(folder: Path, _commits: tuple[Path, ...]) -> int:
    try:
        engine = Engine(Lake(str(folder / "lake")))
    except LakeFault:  # there is none yet
        return 0
    return int(engine.query("SELECT count(*) AS n FROM requests").to_pylist()[0]["n"])


def test_what_is_added_is_told_but_what_is_silenced_and_a_signal_ends_it(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text('[[alerts.silence]]\nsubject = "203.0.113.64/26"\nreason = "ours"\n')
    with watching(tmp_path, "--config", "w.toml") as seen:
        seen.add(lines("203.0.113.77"))
        seen.add(lines("203.0.113.9"))
        until(lambda: seen.printed == ["203.0.113.9"])
        seen.add(lines("198.51.100.7"))
        until(lambda: seen.printed == ["203.0.113.9", "198.51.100.7"])
        seen.add(lines("192.0.2.1"))
        until(lambda: rows(tmp_path) == 120)  # committed, and perhaps not looked at
        assert seen.end() == 0
    assert seen.printed == ["203.0.113.9", "198.51.100.7", "192.0.2.1"]
    assert "total: 120 rows, 0 rejects" in seen.said


def test_a_rotation_is_followed(tmp_path: Path) -> None:
    with watching(tmp_path) as seen:
        seen.add(lines("203.0.113.9", 6))
        until(lambda: rows(tmp_path) == 6)
        (tmp_path / "access.log").rename(tmp_path / "access.log.1")
        seen.add(lines("203.0.113.9", 6, path="x"))
        until(lambda: seen.printed == ["203.0.113.9"])
        assert seen.end(signal.SIGINT) == 0


def test_rows_that_nobody_looked_at_before_a_kill_are_asked_about_by_the_next_run(tmp_path: Path) -> None:
    """The dates that were committed are noted: here all that is known of the first run's rows."""
    with watching(tmp_path, "--fast", "1h") as seen:
        seen.add(lines("203.0.113.9"))
        until(lambda: rows(tmp_path) == 30)
        seen.end(signal.SIGKILL)
        assert seen.printed == []
        seen.start()
        until(lambda: seen.printed == ["203.0.113.9"])
        assert seen.end() == 0


def test_kills_lose_no_alert_and_no_row_and_tell_none_twice_but_what_was_on_its_way(tmp_path: Path) -> None:
    dice = random.Random(7)
    clients = [f"203.0.113.{number}" for number in range(12)]
    with (
        receiving(lambda _: (200, {}, 0.02)) as receiver,
        watching(tmp_path, "--to", f"webhook={receiver.url}") as seen,
    ):
        kills = 0
        for begin in range(0, len(clients), 4):
            for client in clients[begin : begin + 4]:
                seen.add(lines(client))
                time.sleep(dice.uniform(0, 0.2))
            time.sleep(dice.uniform(1.5, 3.0))
            seen.end(signal.SIGKILL)
            kills += 1
            seen.start()
        until(lambda: subjects(receiver).keys() == set(clients))
        time.sleep(2.5)
        assert seen.end() == 0
        counts = subjects(receiver)
    assert rows(tmp_path) == 30 * len(clients)
    twice = sum(count - 1 for count in counts.values())
    assert twice <= kills, "one that was on its way, a kill"
    ids = Counter(receiver.ids)
    assert all(len({one.body for one in receiver.got if one.headers["webhook-id"] == name}) == 1 for name in ids)


def subjects(receiver: Receiver) -> Counter[str]:
    data = [one.json["data"] for one in list(receiver.got)]
    return Counter(one["subject"] for one in data if one["rule"] == "probing")


@pytest.mark.parametrize("words", [("-",), ("s3://bucket/key",), ("access.log", "--fast", "soon"), ()])
def test_what_cannot_be_watched_is_said(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run_command(watch, tmp_path, *words, code=2).stderr


def test_a_second_one_is_told_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.alerts.journal.WAIT_SECONDS", 0.1)
    journal = Journal(str(tmp_path / "lake"), "stdout", "whofrom watch", wait=0)
    try:
        (tmp_path / "access.log").touch()
        said = run_command(watch, tmp_path, "access.log", "--no-geo", code=1).stderr
        assert "whofrom watch (process" in said
    finally:
        journal.close()


def test_the_line_on_a_terminal() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    figures = Figures(1_234_567, 0, 3, now - timedelta(seconds=2), asking=False)
    assert line(figures, 49_876.5, now) == "1,234,567 rows  49,876 rows/s  2 s behind  3 alerts"
    figures = Figures(1, 10, 1, now - timedelta(days=400), asking=True)
    assert line(figures, 0.0, now) == "1 rows  0 rows/s  10 to look at  400 d behind  1 alert  asking the lake"
