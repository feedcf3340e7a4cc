"""`whofrom ingest --engine spark`: what needs no cluster starts none, and what cannot be spread is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.commands import ingest as command
from tests.command import whofrom
from tests.pipeline.spread.beside import Here
from tests.pipeline.test_ingest import log_of

SPARK = ("--engine", "spark", "--master", "local[1]")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The masters of the clusters that were asked for; tasks run in this process."""
    masters: list[str] = []

    def open_spread(choice: command.Choice) -> Here | None:
        if not choice.cluster:
            return None
        masters.append(choice.master)
        return Here()

    monkeypatch.setattr(command, "open_spread", open_spread)
    return masters


def test_logs_are_read_by_tasks(opened: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(log_of(9))
    done = whofrom("ingest", "--no-geo", *SPARK, "a.log", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "a.log: combined, 9 rows, 0 rejects\n")
    assert opened == ["local[1]"]
    again = whofrom("ingest", "--no-geo", "a.log", cwd=tmp_path)
    assert again.stderr.startswith("a.log: nothing new: all of it is in the lake")
    assert opened == ["local[1]"]


def test_standard_input_and_rejects_are_read_here(opened: list[str], tmp_path: Path) -> None:
    done = whofrom("ingest", "--no-geo", *SPARK, "-", cwd=tmp_path, stdin=log_of(3) + b"junk\n")
    assert done.stderr.splitlines()[0] == "-: combined, 3 rows, 1 reject"
    done = whofrom("ingest", "--no-geo", *SPARK, "--retry-rejects", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "0 rejects are rows now, 1 are not\n")
    assert opened == []
    (tmp_path / "a.log").write_bytes(log_of(9, first=50))
    (tmp_path / "b.log").write_bytes(log_of(9, first=70))
    done = whofrom("ingest", "--no-geo", *SPARK, "a.log", "-", "b.log", cwd=tmp_path, stdin=log_of(1, first=40))
    assert done.stderr == (
        "a.log: combined, 9 rows, 0 rejects\n-: combined, 1 row, 0 rejects\nb.log: combined, 9 rows, 0 rejects\n"
        "total: 19 rows, 0 rejects\n"
    )


def test_where_there_is_nothing_to_read_no_cluster_starts(opened: list[str], tmp_path: Path) -> None:
    done = whofrom("ingest", "--no-geo", *SPARK, "gone.log", cwd=tmp_path)
    assert (done.returncode, opened) == (1, [])
    assert done.stderr.startswith("whofrom: error: gone.log: no such file; ")


def test_logs_are_followed_on_this_machine_alone(opened: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(log_of(9))
    done = whofrom("ingest", "--no-geo", *SPARK, "--follow", "a.log", cwd=tmp_path)
    assert (done.returncode, opened) == (2, [])
    assert done.stderr == (
        "whofrom: error: --follow: is for files of this machine, and Spark runs; add --engine duckdb; or leave --follow"
        " away, and run again when there is more\n"
    )
