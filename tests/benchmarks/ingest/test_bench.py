"""The benchmark of ingest, on a few lines: it measures what it says it measures, and its report is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.ingest.candidates import CSV, OURS, PATTERN, Candidate, candidates, measured, size
from benchmarks.ingest.generator import generate
from benchmarks.ingest.process import module, run
from benchmarks.ingest.stages import PARSE, REST, STAGES, Clock
from pipeline.sources import FORMATS

LINES = 3_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "access.log"
    path.write_bytes(b"".join(generate(LINES, "combined")))
    return path


def one(name: str) -> Candidate:
    return next(candidate for candidate in candidates(None, None) if candidate.name == name)


@pytest.mark.parametrize("name", [OURS, CSV, PATTERN])
def test_a_candidate_takes_every_line_and_leaves_nothing(name: str, log: Path, tmp_path: Path) -> None:
    taken = measured(one(name), log, LINES, tmp_path / "place")
    assert 3 * LINES < taken.written < 300 * LINES
    assert list(tmp_path.iterdir()) == []


def test_a_candidate_that_takes_too_few_lines_is_no_measurement(log: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="has taken 3,000 of 3,001 lines"):
        measured(one(OURS), log, LINES + 1, tmp_path / "place")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["csv", "pattern"])
def test_duckdb_reads_what_we_read(way: str, log: Path, tmp_path: Path) -> None:
    run(module("duck", way, log, tmp_path / "out"))
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("ours", FORMATS["combined"].parse(log.read_bytes().splitlines()).batch)
    columns = 'peer_ip, "user", method, target, protocol, status, response_bytes, user_agent'
    theirs = f"SELECT {columns}, ts FROM read_parquet('{tmp_path}/out') WHERE method <> '' AND status < 400"
    mine = f"SELECT {columns}, ts::TIMESTAMP FROM ours WHERE method IS NOT NULL AND status < 400"
    same = f"SELECT count(*) FROM (({theirs}) INTERSECT ALL ({mine}))"
    counts = [connection.execute(f"SELECT count(*) FROM ({query})").fetchone()[0] for query in (theirs, mine)]
    assert counts == [connection.execute(same).fetchone()[0]] * 2
    assert counts[0] > 0.9 * LINES


def test_stages_are_all_there_is(log: Path, tmp_path: Path) -> None:
    found = json.loads(run(module("stages", log, tmp_path / "lake")).said)
    assert found["rows"] == LINES
    assert tuple(found["spent"]) == STAGES
    assert all(cpu > 0 for _, cpu in found["spent"].values())
    assert size(tmp_path / "lake") > 0


def test_a_stage_is_timed_without_those_that_it_calls() -> None:
    clock = Clock()
    inner = clock.timed(PARSE, lambda: sum(range(2_000_000)))
    clock.timed(STAGES[0], inner)()
    list(clock.drawn(STAGES[1], lambda: iter(()))())
    clock.enter(REST)
    assert clock.spent[PARSE][1] > 10 * clock.spent[STAGES[0]][1]


@pytest.mark.timeout(300)
def test_it_runs_by_itself_and_writes_its_report(tmp_path: Path) -> None:
    output, scratch = tmp_path / "report.md", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "benchmarks.ingest", "--lines", "2000", "--rounds", "1"]
    command += ["--only", "end-to-end,stages,memory,queries", "--output", str(output), "--scratch", str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = output.read_text(encoding="utf-8")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        "End to end", "Stages", "Memory", "Queries",
    ]  # fmt: skip
    assert "combined lines/s end to end (aim 300,000)" in text
    assert "20,000 combined lines, 0.0 GB, piped" in text
    assert max(map(len, text.split("## ")[1].splitlines()[1:3])) <= 120
    assert list(scratch.iterdir()) == []


def test_a_part_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    output, scratch = tmp_path / "report.md", tmp_path / "a*b"  # a lake may not lie there
    scratch.mkdir()
    command = [sys.executable, "-m", "benchmarks.ingest", "--lines", "100", "--rounds", "1"]
    command += ["--only", "stages,memory", "--output", str(output), "--scratch", str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = output.read_text(encoding="utf-8")
    assert done.returncode == 1
    assert "## stages: FAILED" in text
    assert "## memory: FAILED" in text
