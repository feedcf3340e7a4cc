"""Spark's event log is counted: attempts that failed, and those of a lost executor, of which nothing else is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cluster.events import Tasks, counted, tasks

SUCCESS = {"Reason": "Success"}


def end(stage: int, milliseconds: int, reason: dict[str, str] | None = None, **metrics: int) -> dict[str, Any]:
    """An event as Spark 4.3 writes it, as far as it is read."""
    return {
        "Event": "SparkListenerTaskEnd", "Stage ID": stage, "Stage Attempt ID": 0, "Task End Reason": reason or SUCCESS,
        "Task Metrics": {
            "Executor Run Time": milliseconds, "Executor CPU Time": 1_000_000 * milliseconds // 2, "JVM GC Time": 10,
            "Result Size": 100, "Disk Bytes Spilled": metrics.get("spilled", 0),
            "Input Metrics": {"Bytes Read": metrics.get("read", 0)},
            "Shuffle Write Metrics": {"Shuffle Bytes Written": metrics.get("shuffled", 0)},
        },
    }  # fmt: skip


LOST = {
    "Event": "SparkListenerTaskEnd", "Stage ID": 1, "Stage Attempt ID": 0,
    "Task End Reason": {"Reason": "ExecutorLostFailure"},
}  # fmt: skip
EVENTS = [
    {"Event": "SparkListenerApplicationStart"},
    end(0, 1_000, read=5_000, shuffled=300),
    end(0, 1_000, read=5_000, shuffled=500),
    end(1, 200),
    end(1, 7_000, spilled=9),
    end(1, 300, {"Reason": "TaskKilled"}),
    LOST,
]


def test_all_attempts_are_counted_and_the_widest_stage_tells_of_skew() -> None:
    found = counted(EVENTS)
    assert found._replace(busy=0, jvm=0, collecting=0) == Tasks(
        6, 2, 0, 0, 0, read=10_000, shuffled=800, spilled=9, returned=500, longest=7.0, usual=0.3
    )
    assert (found.busy, found.jvm) == (pytest.approx(9.5), pytest.approx(4.75))
    assert found.collecting == pytest.approx(0.05)


def test_a_log_is_lines(tmp_path: Path) -> None:
    assert tasks(tmp_path) == counted([])
    text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in EVENTS)
    (tmp_path / "app-1").write_text(text, encoding="utf-8")
    (tmp_path / ".app-1.crc").write_bytes(b"\xff")
    assert tasks(tmp_path) == counted(EVENTS)
