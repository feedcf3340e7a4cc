"""
What Spark counts of tasks, read from its event log.

A log is lines of JSON, one an event, as `spark.eventLog.enabled` has the driver write it
(https://spark.apache.org/docs/latest/monitoring.html): of each attempt at a task what it read, shuffled and spilled.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

MILLI, NANO = 1e-3, 1e-9


class Tasks(NamedTuple):
    """
    All tasks of a run.

    attempts, failed  all, and those of them that failed
    busy             seconds that executors ran tasks
    jvm              seconds of CPU of the JVM's own threads in them, Python's not among them
    collecting       seconds of the JVM's garbage collection meanwhile
    read             bytes read of files, as Spark counts them: those of Python workers are not among them
    shuffled         bytes written for other tasks to read
    spilled          bytes written since memory was short
    returned         bytes of results sent to the driver
    longest          seconds of the longest task of the stage that ran the longest
    usual            seconds of the median task of that stage
    """

    attempts: int
    failed: int
    busy: float
    jvm: float
    collecting: float
    read: int
    shuffled: int
    spilled: int
    returned: int
    longest: float
    usual: float


def tasks(folder: Path) -> Tasks:
    """Return what the event logs in a folder count; all zero where there is none."""
    return counted(_events(folder))


def counted(events: Iterable[Mapping[str, Any]]) -> Tasks:
    """Return what events count."""
    attempts = failed = read = shuffled = spilled = returned = 0
    busy = jvm = collecting = 0.0
    stages: dict[tuple[int, int], list[float]] = defaultdict(list)
    for event in events:
        if event.get("Event") != "SparkListenerTaskEnd":
            continue
        attempts += 1
        failed += event["Task End Reason"]["Reason"] != "Success"
        metrics = event.get("Task Metrics")
        if metrics is None:  # of one whose executor was lost
            continue
        seconds = metrics["Executor Run Time"] * MILLI
        stages[event["Stage ID"], event["Stage Attempt ID"]].append(seconds)
        busy += seconds
        jvm += metrics["Executor CPU Time"] * NANO
        collecting += metrics["JVM GC Time"] * MILLI
        read += metrics["Input Metrics"]["Bytes Read"]
        shuffled += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        spilled += metrics["Disk Bytes Spilled"]
        returned += metrics["Result Size"]
    widest = max(stages.values(), key=sum, default=[0.0])
    return Tasks(
        attempts, failed, busy, jvm, collecting, read, shuffled, spilled, returned, max(widest), median(widest)
    )


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith((".", "appstatus")):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    if line.startswith('{"Event":"SparkListenerTaskEnd"'):
                        yield json.loads(line)
