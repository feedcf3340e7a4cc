"""Small files become few, no row changes, and a file goes only when nobody can be reading it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault, UsageFault
from pipeline.ingest import ingest_source
from pipeline.lake import REJECTS, REQUESTS, Lake
from pipeline.lake.compact import MIN_RETENTION, RETENTION, Compacted, Returned, compact, give_back
from pipeline.lake.files import disk_bytes, files_of
from pipeline.lake.keeper import keeping
from pipeline.lake.parts import File
from pipeline.settings import Settings
from tests.pipeline.lake.conftest import Said

ALL = "SELECT * FROM requests ORDER BY target"


def count_of(lake: Lake, name: str) -> int:
    table = lake.table(name)
    return 0 if table is None else len(files_of(lake, name, table))


@pytest.fixture
def small(put: Callable[..., None]) -> None:
    for _ in range(4):
        put([1, 1, 2], junk=1)
    put([3])


@pytest.mark.usefixtures("small")
def test_small_files_are_put_together_date_by_date_and_no_row_changes(lake: Lake) -> None:
    before = Engine(lake).query(ALL)
    assert count_of(lake, REQUESTS) == 9
    done = list(compact(lake, RETENTION, dry_run=False))
    assert [
        (one.table, str(one.date), one.files_before, one.files_after) for one in done if isinstance(one, Compacted)
    ] == [
        (REQUESTS, "2015-05-01", 4, 1),
        (REQUESTS, "2015-05-02", 4, 1),
        (REJECTS, "None", 4, 1),
    ]
    assert (count_of(lake, REQUESTS), count_of(lake, REJECTS)) == (3, 1)
    assert Engine(lake).query(ALL).equals(before)
    assert Engine(lake).query("SELECT count(*) AS n FROM rejects").to_pylist() == [{"n": 4}]
    assert list(compact(lake, RETENTION, dry_run=False)) == []


@pytest.mark.usefixtures("small")
def test_a_dry_run_says_the_same_and_changes_nothing(lake: Lake) -> None:
    planned = [one[:4] for one in compact(lake, RETENTION, dry_run=True)]
    assert count_of(lake, REQUESTS) == 9
    assert planned == [one[:4] for one in compact(lake, RETENTION, dry_run=False)]


@pytest.mark.usefixtures("small")
def test_a_query_that_runs_keeps_its_files_until_the_retention_has_passed(lake: Lake) -> None:
    running = Engine(lake)
    before = disk_bytes(lake, REQUESTS)
    done = list(compact(lake, MIN_RETENTION, dry_run=False))
    assert not any(isinstance(one, Returned) for one in done)
    assert disk_bytes(lake, REQUESTS) > before
    assert running.query("SELECT count(*) AS n FROM requests").to_pylist() == [{"n": 13}]


@pytest.mark.usefixtures("small")
def test_what_was_replaced_longer_ago_than_the_retention_is_given_back(lake: Lake) -> None:
    list(compact(lake, RETENTION, dry_run=False))
    table = lake.table(REQUESTS)
    assert table is not None
    old = [Path(path) for path in table.vacuum(0, dry_run=True, enforce_retention_duration=False, full=True)]
    assert len(old) == 8
    assert list(give_back(lake, RETENTION, dry_run=False)) == []
    returned = list(give_back(lake, timedelta(0), dry_run=True))
    assert [(one.table, one.files) for one in returned] == [(REQUESTS, 8), (REJECTS, 4)]
    assert list(give_back(lake, timedelta(0), dry_run=False)) == returned
    assert Engine(lake).query("SELECT count(*) AS n FROM requests").to_pylist() == [{"n": 13}]
    table = lake.table(REQUESTS)
    assert table is not None
    assert disk_bytes(lake, REQUESTS) == sum(file.bytes for file in files_of(lake, REQUESTS, table))


@pytest.mark.usefixtures("small")
def test_what_a_killed_run_left_goes_when_it_is_old_and_what_an_ingest_is_writing_stays(lake: Lake) -> None:
    folder = Path(lake.path) / REQUESTS / "date=2015-05-01"
    left, written = folder / "left.parquet", folder / "written.parquet"
    left.write_bytes(b"x" * 100)
    written.write_bytes(b"y" * 100)
    os.utime(left, (time.time() - 90_000,) * 2)
    assert list(give_back(lake, RETENTION, dry_run=False)) == [Returned(REQUESTS, 1, 100)]
    assert written.exists()
    assert not left.exists()


def test_a_retention_that_would_take_files_from_whoever_runs_is_refused(
    lake: Lake, whofrom: Callable[..., Said]
) -> None:
    with pytest.raises(UsageFault, match="too short"):
        list(compact(lake, timedelta(minutes=59), dry_run=False))
    assert "give at least 1h" in whofrom("compact", "--retain", "0h", code=2).words
    assert "is no time" in whofrom("compact", "--retain", "soon", code=2).words
    assert "is no time" in whofrom("compact", "--retain", "999999999w", code=2).words


def test_where_no_lake_is_nothing_is_made(lake: Lake, whofrom: Callable[..., Said]) -> None:
    for command in (
        ["compact"],
        ["expire", "--keep", "9d"],
        ["status"],
        ["re-resolve", "--trust", "private", "--no-geo"],
    ):
        assert "no lake here" in whofrom(*command, code=1).words
    assert not Path(lake.path).exists()


@pytest.mark.usefixtures("small")
def test_one_keeps_the_lake_at_a_time_and_the_other_is_told_which(lake: Lake) -> None:
    expected = r"whofrom lake expire \(process \d+\) is at work on it; run again"
    with keeping(lake, "expire"), pytest.raises(LakeFault, match=expected), keeping(lake, "compact", wait=0.3):
        pass
    with keeping(lake, "compact", wait=0.0):
        pass


def test_large_files_are_left_alone() -> None:
    from pipeline.lake.compact import TARGET_BYTES, small

    def files(*sizes: int) -> list[File]:
        return [File(str(size), None, 1, size) for size in sizes]

    assert small(files(TARGET_BYTES, TARGET_BYTES + 1)) == []
    assert small(files(TARGET_BYTES - 1, TARGET_BYTES - 2)) == []  # two that do not fit in one
    assert small(files(5)) == []
    assert len(small(files(5, 6, TARGET_BYTES))) == 2


@pytest.mark.usefixtures("small")
def test_the_command_says_what_it_did_and_when_space_comes_back(whofrom: Callable[..., Said]) -> None:
    said = whofrom("compact")
    assert [row["files_after"] for row in said.rows] == [1, 1, 1]
    assert "requests 2015-05-01: 4 files" in said.words
    assert "is given back by the first compact or expire after 20" in said.words
    assert "nothing to do" in whofrom("compact").words


@pytest.mark.usefixtures("small")
def test_status_counts(whofrom: Callable[..., Said]) -> None:
    (row,) = whofrom("status").rows
    shown: dict[str, Any] = {name: row[name] for name in ("rows", "rejects", "dates", "files", "small_files")}
    assert shown == {"rows": 13, "rejects": 4, "dates": 3, "files": 13, "small_files": 12}
    assert row["bytes"] > 0 < row["bytes_a_row"]
    assert [one["rows"] for one in row["policies"]] == [13]
    assert row["geo_builds"] == [{"geo_build": None, "rows": 13}]
    assert [(one["rows"], one["rejects"]) for one in row["sources"]] == [(3, 1)] * 4 + [(1, 0)]
    assert (row["first"], row["last"]) == ("2015-05-01T10:05:03Z", "2015-05-03T10:05:03Z")
    whofrom("compact")
    (row,) = whofrom("status").rows
    assert (row["files"], row["small_files"], row["last_operation"]) == (4, 0, "optimize")
    assert row["unused_bytes"] > 0


@pytest.mark.usefixtures("small")
def test_how_far_sources_were_read_stays_known(lake: Lake, tmp_path: Path) -> None:
    """Compaction writes a checkpoint, from which readers begin: the marks must be in it."""
    list(compact(lake, RETENTION, dry_run=False))
    assert list((Path(lake.path) / REQUESTS / "_delta_log").glob("*.checkpoint*.parquet"))
    for path in (Path(lake.path) / REQUESTS / "_delta_log").glob("*.json"):
        path.unlink()  # as their clean-up does after a month
    for log in tmp_path.glob("*.log"):
        outcome = ingest_source(str(log), lake, Settings())
        assert (outcome.rows, outcome.rejects) == (0, 0)
        assert outcome.skipped
    assert Engine(lake).query("SELECT count(*) AS n FROM requests").to_pylist() == [{"n": 13}]
