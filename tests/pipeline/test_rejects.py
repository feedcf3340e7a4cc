"""Rejects: shown, refused by --strict, and moved to the rows once they are rows, whatever that is killed at."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from deltalake import DeltaTable, write_deltalake

from pipeline import retry as retry_module
from pipeline.anonymize import TRUNCATE, Anonymizer
from pipeline.cli import whofrom
from pipeline.commands.rejects import glob_pattern
from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault, Rejected
from pipeline.ingest import ingest_source
from pipeline.lake import REJECTS, Lake
from pipeline.lake.keeper import keeping
from pipeline.retry import NEW_COLUMNS, Retried, retry
from pipeline.rows import MAX_RAW_BYTES
from pipeline.settings import Settings

WRONG = Settings(format="ndjson")
LINE = '203.0.113.7 - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "%s"\n'


def write(path: Path, count: int, more: str = "", first: int = 0) -> Path:
    path.write_text("".join(LINE % (number, "x") for number in range(first, first + count)) + more)
    return path


def retried(lake: Lake, settings: Settings = Settings()) -> Retried:  # noqa: B008  # frozen
    total = Retried()
    for done in retry(lake, settings):
        total = total.plus(done)
    return total


def counts(lake: Lake) -> tuple[int, int, int]:
    """Rows, distinct rows, rejects."""
    (row,) = (
        Engine(lake)
        .query(
            "SELECT (SELECT count(*) FROM requests) AS n, (SELECT count(DISTINCT target) FROM requests) AS d, "
            "(SELECT count(*) FROM rejects) AS r"
        )
        .to_pylist()
    )
    return row["n"], row["d"], row["r"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(whofrom, ["rejects", *arguments])


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_module, "CHUNK_ROWS", 7)


@pytest.mark.usefixtures("small_chunks")
def test_what_is_a_row_now_moves_once(tmp_path: Path, lake: Lake) -> None:
    ingest_source(str(write(tmp_path / "log", 40, "junk\n")), lake, WRONG)
    assert counts(lake) == (0, 0, 41)
    assert retried(lake, Settings(format="combined")) == Retried(40, 1)
    assert counts(lake) == (40, 40, 1)
    assert retried(lake, Settings(format="combined")) == Retried(0, 1)
    rows = Engine(lake).query("SELECT source, source_offset, client_ip FROM requests ORDER BY source_offset LIMIT 2")
    length = len(LINE % (0, "x"))
    assert rows.to_pylist() == [
        {"source": str(tmp_path / "log"), "source_offset": offset, "client_ip": "203.0.113.7"} for offset in (0, length)
    ]
    assert ingest_source(str(tmp_path / "log"), lake, WRONG).rejects == 0  # the log's mark has stayed


def test_without_a_format_lines_are_parsed_as_when_they_were_refused(tmp_path: Path, lake: Lake) -> None:
    ingest_source(str(write(tmp_path / "log", 5, "junk\n")), lake, WRONG)
    assert retried(lake) == Retried(5, 1)


def test_a_line_that_a_narrow_format_doubts_is_not_believed_by_a_retry(tmp_path: Path, lake: Lake) -> None:
    """An error of nginx that quotes what a client sent, which looks like another program's line."""
    forged = (
        "2015/05/17 [error] 1#1: *1 open() /Nov 22 20:32:25 lb haproxy[7]: 203.0.113.9:33317 "
        '[22/Nov/2026:20:32:25.655] in app/a 10/0/30/69/109 200 5 - - ---- 1/1/1/1/1 0/0 "GET / HTTP/1.1" failed\n'
    )
    ingest_source(str(write(tmp_path / "log", 9, forged)), lake, Settings())
    assert retried(lake) == Retried(0, 1)


def test_what_was_cut_or_anonymized_stays_and_is_told(tmp_path: Path, lake: Lake) -> None:
    ingest_source(str(write(tmp_path / "a", 3, LINE % (3, "y" * MAX_RAW_BYTES))), lake, WRONG)
    ingest_source(
        str(write(tmp_path / "b", 2, first=7)), lake, Settings(format="ndjson", anonymizer=Anonymizer(TRUNCATE, b""))
    )
    assert retried(lake) == Retried(3, 0, cut=1, anonymized=2)
    done = CliRunner().invoke(whofrom, ["ingest", "--retry-rejects", "--no-geo", "--lake", lake.path])
    assert done.exit_code == 0
    assert "0 rejects are rows now, 0 are not" in done.stderr
    assert "1 were cut to 4,096 bytes" in done.stderr
    assert "2 have no whole addresses any more" in done.stderr
    assert counts(lake) == (3, 3, 3)


def test_the_rejects_of_an_older_lake_need_a_format(tmp_path: Path, lake: Lake) -> None:
    ingest_source(str(write(tmp_path / "log", 4)), lake, WRONG)
    folder = Path(lake.path) / REJECTS
    old = Engine(lake).query("SELECT * FROM rejects").drop_columns(list(NEW_COLUMNS))
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    (folder / "_delta_log").rmdir()
    write_deltalake(folder.as_uri(), old)
    assert retried(lake) == Retried(unknown=4)
    assert retried(lake, Settings(format="combined")) == Retried(4)
    assert counts(lake) == (4, 4, 0)
    assert {*NEW_COLUMNS} < {field.name for field in DeltaTable(folder.as_uri()).schema().fields}


class Killed(BaseException):
    """As SIGKILL: nothing that runs catches it."""


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("where", "call"), [("_replace", 0), ("add", 0), ("add", 2), ("_delete_once", 0)])
@pytest.mark.parametrize("between", ["nothing", "compact", "other format"])
def test_a_retry_that_was_killed_is_gone_on_with(
    where: str, call: int, after: bool, between: str, tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_source(str(write(tmp_path / "log", 20, "junk\n")), lake, WRONG)
    owner: Any = Lake if where == "add" else retry_module
    whole, calls = getattr(owner, where), iter(range(1000))

    def dying(*arguments: Any) -> None:
        dies = next(calls) == call
        if dies and not after:
            raise Killed
        whole(*arguments)
        if dies:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, where, dying)
        with pytest.raises(Killed):
            retried(lake)
    if between == "compact":
        ingest_source(str(write(tmp_path / "log", 20, "junk\njunk too\n")), lake, WRONG)
        table = lake.table(REJECTS)
        assert table is not None
        table.optimize.compact()
    more = between == "compact"
    if between == "other format":  # the second run may take other lines than the one that was killed
        retried(lake, Settings(format="traefik"))
    retried(lake)
    assert counts(lake) == (20, 20, 1 + more)
    assert Engine(lake).query("SELECT count(retry) AS n FROM rejects").to_pylist() == [{"n": 0}]


RETRY = """
import sys
from pipeline import retry
from pipeline.settings import Settings
from pipeline.lake import Lake
retry.CHUNK_ROWS = 50
print("ready", flush=True)
for done in retry.retry(Lake(sys.argv[1]), Settings()): pass
"""


@pytest.mark.timeout(120)
def test_kill_9_at_random_instants_beside_an_ingest(tmp_path: Path, lake: Lake) -> None:
    log = tmp_path / "log"
    written = 0
    for turn in range(6):
        with log.open("a") as file:
            file.writelines(LINE % (number, "x") for number in range(written, written + 400))
        written += 400
        ingest_source(str(log), lake, WRONG)
        with subprocess.Popen([sys.executable, "-c", RETRY, lake.path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.Random(turn).uniform(0.02, 0.6))
            process.kill()
        rows, distinct, left = counts(lake)
        assert rows == distinct
        assert rows + left >= written
    retried(lake)
    assert counts(lake) == (written, written, 0)


def test_a_retry_waits_for_who_keeps_the_lake(tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest_source(str(write(tmp_path / "log", 1)), lake, WRONG)
    monkeypatch.setattr(retry_module, "keeping", lambda *a, **k: keeping(*a, wait=0.0, **k))
    with keeping(lake, "compact"), pytest.raises(LakeFault, match="whofrom lake compact"):
        retried(lake)


def test_strict_stops_at_the_first_line_that_is_no_row(tmp_path: Path, lake: Lake) -> None:
    log = write(tmp_path / "log", 3, "junk\nmore junk\n")
    with pytest.raises(Rejected, match=r"log: line 4, at byte 231: no "):
        ingest_source(str(log), lake, Settings(strict=True))
    assert not Path(lake.path).exists()
    other = write(tmp_path / "other", 2)
    done = CliRunner().invoke(whofrom, ["ingest", str(log), str(other), "--strict", "--no-geo", "--lake", lake.path])
    assert done.exit_code == 1
    assert "whofrom: error: " in done.stderr
    assert not Path(lake.path).exists()


@pytest.mark.parametrize("arguments", [[], ["--retry-rejects", "x.log"], ["--retry-rejects", "--strict"]])
def test_a_retry_reads_no_source(arguments: list[str], lake: Lake) -> None:
    done = CliRunner().invoke(whofrom, ["ingest", *arguments, "--lake", lake.path])
    assert getattr(done.exception, "exit_code", 0) == 2


@pytest.fixture
def shown(tmp_path: Path, lake: Lake) -> str:
    ingest_source(str(write(tmp_path / "a.log", 2, "junk\n\x1b[31mred\n\n")), lake, Settings())
    ingest_source(str(write(tmp_path / "b.log", 2, first=10)), lake, WRONG)
    return lake.path


def lines_of(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def test_rejects_are_counted_by_reason(shown: str, tmp_path: Path) -> None:
    rows = lines_of(run("--lake", shown))
    assert sum(row["rejects"] for row in rows) == 5
    assert rows == sorted(rows, key=lambda row: (-row["rejects"], row["reason"]))
    assert not any(": " in row["reason"] for row in rows)
    (row,) = lines_of(run("--lake", shown, "--source", "b.log"))
    assert (row["rejects"], row["sources"], row["last_source"], row["last_line"]) == (2, 1, f"{tmp_path}/b.log", 2)


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ([], 5),
        (["--source", "*/a.log"], 3),
        (["--source", "a.log"], 3),
        (["--source", "log"], 0),
        (["--since", "1h"], 5),
        (["--since", "2100-01-01"], 0),
        (["--limit", "2"], 2),
        (["--limit", "0"], 5),
    ],
)
def test_the_lines_themselves(shown: str, arguments: list[str], number: int) -> None:
    done = run("--lake", shown, "--raw", *arguments)
    rows = lines_of(done)
    assert len(rows) == number
    assert ("the newest 2 of 5" in done.stderr) == (number == 2)
    assert ("no such line was rejected" in done.stderr) == (number == 0)
    assert all(row["format"] in ("combined", "ndjson") for row in rows)


def test_no_terminal_obeys_a_rejected_line(shown: str) -> None:
    for form in ("table", "json", "csv", "ndjson"):
        done = run("--lake", shown, "--raw", "-o", form)
        assert "red" in done.stdout
        assert "\x1b" not in done.stdout


def test_limit_is_for_lines(shown: str) -> None:
    assert getattr(run("--lake", shown, "--limit", "3").exception, "exit_code", 0) == 2


def test_a_lake_without_rejects(tmp_path: Path, lake: Lake) -> None:
    ingest_source(str(write(tmp_path / "log", 2)), lake, Settings())
    done = run("--lake", lake.path)
    assert lines_of(done) == []
    assert "no line was rejected" in done.stderr
    assert retried(lake) == Retried()
    assert isinstance(Engine(lake).query("SELECT * FROM rejects"), pa.Table)


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("*.log", {"a.log", "x y.log", "é\n.log"}),
        ("?.log", {"a.log"}),
        ("[a-c].l?g", {"a.log"}),
        ("*[!.]log", {"a+log", "a[log"}),
        ("a[[]log", {"a[log"}),
        ("a[+]log", {"a+log"}),
        (r"\*", set()),
        ("", set()),
        ("a.log", {"a.log"}),
    ],
)
def test_a_glob_means_what_it_does_in_a_shell(glob: str, found: set[str]) -> None:
    names = {"a.log", "x y.log", "é\n.log", "a+log", "a[log"}
    connection = duckdb.connect()
    for sql, value in (("SELECT regexp_matches($1, $2)", glob_pattern(glob)), ("SELECT $1 GLOB $2", glob)):
        assert {name for name in names if connection.execute(sql, [name, value]).fetchall()[0][0]} == found


def test_a_source_whose_name_is_no_utf_8_is_found_by_it(tmp_path: Path, lake: Lake) -> None:
    log = tmp_path / os.fsdecode(b"caf\xe9.log")
    write(log, 3)
    ingest_source(str(log), lake, WRONG)
    assert len(lines_of(run("--lake", lake.path, "--raw", "--source", str(log)))) == 3
