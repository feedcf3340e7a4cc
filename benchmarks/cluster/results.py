"""What was measured of one log, and the numbers that the model takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.cluster.measuring import INGEST, QUESTIONS, START, Measured
from benchmarks.cluster.model import Asked, Costs
from benchmarks.cluster.processes import COMMAND, DRIVER, EXECUTOR, PYTHON
from benchmarks.cluster.snapshot import Snapshot
from pipeline.spread.slices import SLICE_BYTES

JVM, WORKER = "the executor's JVM, behind its start", "Spark's worker, and imports"
OUTSIDE = "outside"  # as the daemon calls the worker


@dataclass
class Results:
    """
    One log on all shapes.

    rows, text   of the log, and its bytes
    skew         the share of one client
    lake, files  bytes of the lake and its Parquet files, as the last ingest has left it
    found        what was measured, in order
    failed       what was not, and why
    """

    rows: int
    text: int
    skew: float = 0.0
    lake: int = 0
    files: int = 0
    found: list[Measured] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def of(self, name: str, executors: int) -> Measured | None:
        """Return one measure, if there is one."""
        return next((one for one in self.found if (one.name, one.shape.executors) == (name, executors)), None)

    def start(self, executors: int) -> float:
        """Return the seconds that a command takes which does nothing."""
        one = self.of(START, executors)
        return one.spent.wall if one is not None else 0.0

    def net(self, one: Measured) -> float:
        """Return the seconds of a command without those of a start."""
        return max(one.spent.wall - self.start(one.shape.executors), 0.0)

    def efficiency(self, name: str) -> float | None:
        """Return t1 / (2 × t2), both without the start; None if one of them is missing."""
        one, two = self.of(name, 1), self.of(name, 2)
        if one is None or two is None or not self.net(two):
            return None
        return self.net(one) / (2 * self.net(two))


def stages(one: Measured, of: Results) -> Mapping[str, float]:
    """Return stage of ingest -> core-seconds of executors a row, their JVMs' start left out."""
    idle = of.of(START, one.shape.executors)
    started = 0.0 if idle is None else idle.spent.cpu[EXECUTOR]
    python = {WORKER if stage == OUTSIDE else stage: seconds for stage, seconds in one.stages.items()}
    jvm = max(one.spent.cpu[EXECUTOR] - started, 0.0)
    return {stage: seconds / of.rows for stage, seconds in [*python.items(), (JVM, jvm)]}


def costs(plain: Results, skewed: Results | None, snapshot: Snapshot) -> Costs | None:
    """Return what the model needs; None where ingest was not measured on one and on two executors."""
    ingested, wide = plain.of(INGEST, 1), plain.of(INGEST, 2)
    efficiency = plain.efficiency(INGEST)
    if ingested is None or wide is None or efficiency is None:
        return None
    idle = plain.of(START, 2)
    before = 0.0 if idle is None else idle.spent.cpu[COMMAND] + idle.spent.cpu[DRIVER]
    driving = max(wide.spent.cpu[COMMAND] + wide.spent.cpu[DRIVER] - before, 0.0)
    return Costs(
        line=plain.text / plain.rows,
        row=plain.lake / plain.rows,
        ingest=stages(ingested, plain),
        efficiency=efficiency,
        task=SLICE_BYTES,
        files=plain.files * SLICE_BYTES / plain.text,
        told=wide.tasks.returned / plain.files,
        commit=driving / plain.files,
        logged=snapshot.logged,
        held=snapshot.held,
        opened=snapshot.seconds,
        skew=skewed.skew if skewed is not None else plain.skew,
        asked={name: asked for name in QUESTIONS if name != START and (asked := _asked(name, plain, skewed))},
    )


def _asked(name: str, plain: Results, skewed: Results | None) -> Asked | None:
    two, idle, efficiency = plain.of(name, 2), plain.of(START, 2), plain.efficiency(name)
    if two is None or efficiency is None:
        return None
    question = QUESTIONS[name]
    whole = next(iter(QUESTIONS.values())).days
    part = question.days / whole
    before = 0.0 if idle is None else idle.spent.cpu[EXECUTOR] + idle.spent.cpu[PYTHON]
    used = max(two.spent.cpu[EXECUTOR] + two.spent.cpu[PYTHON] - before, 0.0)
    large = skewed.of(name, 2) if skewed is not None else None
    longest = two.tasks.longest / plain.rows
    if large is not None and skewed is not None:
        longest = large.tasks.longest / skewed.rows
    rows = plain.rows * part
    return Asked(used / rows, two.tasks.shuffled / rows, longest / part, efficiency, question.usual)
