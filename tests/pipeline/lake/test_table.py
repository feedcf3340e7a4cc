"""Commits beside other commits: nothing lost, nothing twice, and late rows where they belong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from echo.clientip import make_policy
from pipeline import ingest as ingest_module
from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault
from pipeline.geo import Geo
from pipeline.ingest import ingest_source
from pipeline.lake import REQUESTS, Lake
from pipeline.lake import table as table_module
from pipeline.settings import Settings

WHOFROM = str(Path(sys.executable).parent / "whofrom")
LINE = '203.0.113.%d - - [%02d/May/2015:10:05:03 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'


def rows_of(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return Engine(lake).query(sql).to_pylist()


def test_a_commit_that_lost_against_an_expiry_is_made_again(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delta refuses an append on a snapshot whose rows were deleted since: that is no reason to end an ingest."""
    log = tmp_path / "one.log"
    log.write_text(LINE % (1, 1, 1))
    ingest_source(str(log), lake, Settings())
    before = lake.table(REQUESTS)
    assert before is not None
    asked: list[str] = []
    waits: list[float] = []

    def stale(self: Lake, name: str) -> DeltaTable | None:
        asked.append(name)  # of requests first to look the log up, then to commit on
        return before if name == REQUESTS and asked.count(REQUESTS) == 2 else newest(self, name)

    newest = Lake.newest
    deleting = lake.table(REQUESTS)
    assert deleting is not None
    deleting.delete("date <= '2015-05-01'")
    other = tmp_path / "two.log"
    other.write_text(LINE % (2, 2, 2))
    monkeypatch.setattr(Lake, "newest", stale)
    monkeypatch.setattr(table_module.time, "sleep", waits.append)
    ingest_source(str(other), lake, Settings())
    monkeypatch.undo()
    assert len(waits) == 1, "the commit lost once"
    assert rows_of(lake, "SELECT target FROM requests") == [{"target": "/2"}]


def test_a_commit_that_always_loses_ends_with_a_message(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(table_module.time, "sleep", waits.append)

    def lost() -> None:
        raise CommitFailedError("a concurrent transaction")

    with pytest.raises(LakeFault, match="times in a row another commit came first; run again when it is quieter"):
        lake.committed(lost)
    assert len(waits) == table_module.MAX_TRIES
    assert 10 < sum(waits) < 60


def test_ingests_of_different_logs_at_once_all_succeed(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for number in range(6):
        lines = [LINE % (number, 1 + n % 3, 1000 * number + n) for n in range(200)] + ["junk\n"]
        (tmp_path / f"{number}.log").write_text("".join(lines))
    runs = [
        subprocess.Popen(
            [WHOFROM, "ingest", "--no-geo", "--lake", str(lake), str(tmp_path / f"{number}.log")],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    ends = [(run.communicate()[1], run.returncode) for run in runs]
    assert all(code == 0 for _, code in ends), ends
    assert rows_of(Lake(str(lake)), "SELECT count(*) AS n, count(DISTINCT target) AS d FROM requests") == [
        {"n": 1200, "d": 1200}
    ]
    assert rows_of(Lake(str(lake)), "SELECT count(*) AS n FROM rejects") == [{"n": 6}]


def test_late_rows_and_rows_out_of_order_land_in_their_own_date(lake: Lake, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(LINE % (1, day, day) for day in (9, 3, 27, 3)))
    ingest_source(str(log), lake, Settings())
    with log.open("a") as file:
        file.write(LINE % (1, 9, 100))  # weeks late
    ingest_source(str(log), lake, Settings())
    table = lake.table(REQUESTS)
    assert table is not None
    days: dict[str, int] = {}
    for action in table.get_add_actions(flatten=True).to_struct_array().to_pylist():
        day = str(action["partition.date"])
        days[day] = days.get(day, 0) + action["num_records"]
    assert days == {"2015-05-03": 2, "2015-05-09": 2, "2015-05-27": 1}
    found = rows_of(lake, "SELECT date, CAST(ts AS DATE) AS day, target FROM requests ORDER BY target")
    assert all(row["date"] == row["day"] for row in found)
    assert {row["date"] for row in found if row["target"] == "/100"} == {date(2015, 5, 9)}


def test_every_row_knows_the_policy_and_the_geo_build_that_made_it(lake: Lake, tmp_path: Path, city_mmdb: str) -> None:
    policies = [make_policy(), make_policy(trusted=["203.0.113.0/24"])]
    for number, policy in enumerate(policies):
        log = tmp_path / f"{number}.log"
        log.write_text(LINE % (1, 1, number))
        ingest_source(str(log), lake, Settings(policy, geo=Geo(city_mmdb) if number else None))
    rows = rows_of(lake, "SELECT target, policy, geo_build FROM requests ORDER BY target")
    assert [row["policy"] for row in rows] == [policy.id for policy in policies]
    assert policies[0].id != policies[1].id
    assert [row["geo_build"] for row in rows] == [None, Geo(city_mmdb).build]


def test_rows_made_by_hand_are_in_the_lake_as_they_are(
    engine_of: Callable[[Iterable[dict[str, Any]]], Engine],
) -> None:
    moment = datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC)
    engine = engine_of([{"ts": moment, "client_ip": "203.0.113.9", "policy": "record"}])
    (row,) = engine.query("SELECT ts, date, policy FROM requests").to_pylist()
    assert (row["ts"], row["date"], row["policy"]) == (moment, date(2026, 3, 4), "record")


def test_a_lake_of_an_older_whofrom_is_read_and_added_to(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables and files lack the columns that came since; its rows have null there."""
    log = tmp_path / "one.log"
    log.write_text(LINE % (1, 1, 1))
    old = tuple(column for column in table_module.ROW_COLUMNS if column.name != "anonymized")
    schema = table_module.schema_of(old)
    with monkeypatch.context() as patched:
        patched.setitem(table_module.TABLES, REQUESTS, old)
        patched.setattr(ingest_module, "rows_of", lambda columns: pa.table(columns).select(schema.names).cast(schema))
        ingest_source(str(log), lake, Settings())
    assert rows_of(lake, "SELECT target, anonymized FROM requests") == [{"target": "/1", "anonymized": None}]
    table = lake.table(REQUESTS)
    assert table is not None
    assert "anonymized" not in {field.name for field in table.schema().fields}
    log.write_text(LINE % (1, 1, 1) + LINE % (2, 2, 2))
    ingest_source(str(log), lake, Settings())
    assert rows_of(lake, "SELECT count(*) AS n, count(anonymized) AS a FROM requests") == [{"n": 2, "a": 0}]


@pytest.mark.parametrize("way", ["lake", "link/lake", "plain/../lake"])
def test_a_commit_that_was_made_but_fails_behind_keeps_its_files(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up when the checkpoint is written: the rows are in the lake, whatever the lake is called."""
    for name in ("plain", "real"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    log, lake = tmp_path / "one.log", Lake(str(tmp_path / way))
    log.write_text(LINE % (1, 1, 1) + "junk\n")
    commit = DeltaTable.create_write_transaction

    def failing(*arguments: Any, **options: Any) -> None:
        commit(*arguments, **options)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(DeltaTable, "create_write_transaction", failing)
        for _ in range(2):  # rejects, then rows
            with pytest.raises(LakeFault, match="cannot write: No space left on device; free space"):
                ingest_source(str(log), lake, Settings())
    counts = "SELECT (SELECT count(*) FROM requests) AS n, (SELECT count(*) FROM rejects) AS r"
    assert rows_of(lake, counts) == [{"n": 1, "r": 1}]
    assert ingest_source(str(log), Lake(lake.path), Settings()).rows == 0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Generic LocalFileSystem error \x1b[31m-\x1b[0m Unable to copy data to file: No space left (os error 28)",
            "No space left on device",
        ),
        ("Kernel error: \n  no such \x1b[1mcolumn", "Kernel error: no such column"),
        ("x" * 999, "x" * table_module.NAME_LIMIT),
    ],
)
def test_what_delta_says_is_told_in_few_words(said: str, told: str) -> None:
    assert table_module.words(OSError(said)) == told
