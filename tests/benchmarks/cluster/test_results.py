"""What was measured becomes the model's numbers and a page: without the start, and honest about what is missing."""

from __future__ import annotations

import pytest

from benchmarks.cluster import report
from benchmarks.cluster.events import Tasks, counted
from benchmarks.cluster.measuring import INGEST, START, Measured
from benchmarks.cluster.processes import COMMAND, DRIVER, EXECUTOR, KINDS, PYTHON, Spent
from benchmarks.cluster.results import JVM, WORKER, Results, costs
from benchmarks.cluster.shapes import Shape
from benchmarks.cluster.snapshot import Snapshot
from pipeline.spread.slices import SLICE_BYTES

ROWS = 3_000_000
SNAPSHOT = Snapshot(seconds=1e-5, held=1_000.0, logged=600.0)
NONE = counted([])


def took(name: str, executors: int, wall: float, tasks: Tasks = NONE, answer: str = "x", **cpu: float) -> Measured:
    seconds = dict.fromkeys(KINDS, 0.0) | {
        kind: cpu.get(key, 0.0)
        for key, kind in (("command", COMMAND), ("driver", DRIVER), ("jvm", EXECUTOR), ("python", PYTHON))
    }
    stages = {"parse": 6.0, "outside": 3.0} if name == INGEST and executors else {}
    spent = Spent(wall, seconds, dict.fromkeys(KINDS, 1 << 20), "", "")
    return Measured(name, Shape(executors), spent, tasks, stages, (answer, 1))


def results(skew: float = 0.0, longest: float = 2.0) -> Results:
    reading = NONE._replace(attempts=10, returned=60_000)
    asking = NONE._replace(attempts=20, shuffled=9_000_000, longest=longest, usual=1.0)
    found = [
        took(INGEST, 0, 9), took("regions", 0, 1),
        took(INGEST, 1, 50, reading, jvm=12), took(START, 1, 10, jvm=3), took("regions", 1, 22, asking),
        took(INGEST, 2, 35, reading, command=4, driver=5, jvm=9), took(START, 2, 10, command=1, driver=2, jvm=3),
        took("regions", 2, 18, asking, answer="y", jvm=8, python=1),
    ]  # fmt: skip
    return Results(ROWS, 750_000_000, skew, 75_000_000, 30, found)


def test_a_start_is_in_no_efficiency() -> None:
    found = results()
    assert found.efficiency(INGEST) == pytest.approx(40 / 50)
    assert found.efficiency("regions") == pytest.approx(12 / 16)
    assert found.efficiency("trace") is None


def test_the_model_gets_what_was_measured() -> None:
    known = costs(results(), results(0.5, longest=9.0), SNAPSHOT)
    assert known is not None
    assert (known.line, known.row, known.task) == (250, 25, SLICE_BYTES)
    assert known.files == pytest.approx(30 * SLICE_BYTES / 750_000_000)
    assert known.ingest == {"parse": 2e-6, WORKER: 1e-6, JVM: 3e-6}
    assert (known.told, known.commit) == (2_000, pytest.approx(0.2))
    assert known.skew == 0.5
    (regions,) = known.asked.values()
    assert (regions.core_seconds, regions.shuffled, regions.longest) == (pytest.approx(2e-6), 3.0, 3e-6)
    assert costs(Results(ROWS, 1), None, SNAPSHOT) is None


def row(text: str, *names: str) -> list[str]:
    """The cells of the line of a table that begins with these."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {' | '.join(names)} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][len(names) :]


def test_the_page_says_where_answers_differ_and_what_failed() -> None:
    found = results()
    found.failed.append("logins on x: exit\ncode 1")
    text = report.section(found)
    assert row(text, "regions", "local-cluster[2,1,1024]")[1] == "75%"
    assert row(text, "regions", "local-cluster[2,1,1024]")[-1] == "NO"
    assert row(text, "regions", "local-cluster[1,1,1024]")[-1] == "yes"
    assert row(text, "parse") == ["2.00", "2.00"]
    assert row(text, "all") == ["6.00", "5.00"]
    assert "FAILED: logins on x: exit code 1\n" in text
    assert "ingest 80%, regions 75%" in report.summary([found])


def test_the_plan_is_written_for_both_sizes() -> None:
    known = costs(results(), None, SNAPSHOT)
    assert known is not None
    text = report.planned(known, ROWS)
    assert row(text, "rows") == ["4 G", "400 G"]
    assert row(text, "tasks of ingest") == ["7,451", "745,059"]
    assert row(text, "regions: rows read") == ["4 G", "400 G"]
    words = [line for line in text.splitlines() if not line.startswith("|")]
    assert max(map(len, words)) <= 120
