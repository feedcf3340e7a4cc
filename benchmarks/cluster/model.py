"""
From what a row costs to what a cluster needs: a model, and what it leaves out.

Rules: numbers in are measured (`Costs`) or chosen (`Choices`), numbers out are arithmetic on them; nothing is read or
printed here. What a row costs is taken to stay as it is as rows grow: sorts grow by a logarithm more, and networks and
object stores are not in it. The efficiency of two executors is applied once: what hundreds lose to each other was not
measured, and is what `headroom` is for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

HOUR = 3_600
KEPT_DAYS = 90


class Asked(NamedTuple):
    """
    One question, measured.

    core_seconds  of executors, a row that it reads
    shuffled      bytes, a row that it reads
    longest       seconds of its longest task, a row that it reads, where one client has `Costs.skew` of the rows
    efficiency    t1 / (2 × t2), both without the cluster's start
    days          that it reads, as it is asked each day
    """

    core_seconds: float
    shuffled: float
    longest: float
    efficiency: float
    days: int


class Costs(NamedTuple):
    """
    What was measured.

    line        bytes of text a row
    row         bytes in the lake a row
    ingest      stage -> core-seconds of executors a row
    efficiency  of ingest, as of a question
    task        bytes of text that one task reads
    files       that one task writes
    told        bytes of results a file, that its task sends to the driver
    commit      the driver's core-seconds a file
    logged      bytes of Delta's log a file
    held        bytes that the driver holds a file of the lake
    opened      seconds that it takes to open the lake, a file
    skew        the share of the one client in `Asked.longest`
    asked       question -> what a row of it costs
    """

    line: float
    row: float
    ingest: Mapping[str, float]
    efficiency: float
    task: float
    files: float
    told: float
    commit: float
    logged: float
    held: float
    opened: float
    skew: float
    asked: Mapping[str, Asked]


class Choices(NamedTuple):
    """
    What is chosen.

    cores      of one executor
    window     seconds within which a day is to be read
    answer     seconds within which a question is to be answered
    headroom   more cores than the arithmetic says, for lost executors and for what is not in the model
    file       bytes of a file of the lake after compaction
    partition  bytes of one partition of a shuffle
    """

    cores: int = 4
    window: float = 8 * HOUR
    answer: float = HOUR / 2
    headroom: float = 1.5
    file: float = 256e6
    partition: float = 128e6


class Question(NamedTuple):
    """
    A question over a lake that grows by so much a day.

    rows        that it reads
    executors   so that it is answered in time, if no task is longer than that
    shuffled    bytes
    partitions  of the shuffle, so that each is as large as was chosen
    longest     seconds of the task that has the one large client, however many executors there are
    """

    rows: float
    executors: int
    shuffled: float
    partitions: int
    longest: float


class Plan(NamedTuple):
    """
    What so many bytes a day need; all but `executors` and what is kept is of one day.

    rows, lake   rows, and bytes of them in the lake
    core_hours   of ingest
    executors    so that ingest ends within the window
    tasks        of ingest
    files, file  as ingest leaves them: how many, and bytes of one
    compacted    files after compaction
    told         bytes of results that reach the driver
    commit       core-seconds of the driver
    logged       bytes of Delta's log, before compaction
    kept         files of KEPT_DAYS, compacted
    held         bytes that the driver holds of those
    opened       seconds until it has
    """

    rows: float
    lake: float
    core_hours: float
    executors: int
    tasks: int
    files: int
    file: float
    compacted: int
    told: float
    commit: float
    logged: float
    kept: int
    held: float
    opened: float
    questions: Mapping[str, Question]


def plan(day: float, costs: Costs, choices: Choices | None = None) -> Plan:
    """Return what `day` bytes of logs a day need."""
    chosen = choices or Choices()
    rows = day / costs.line
    lake = rows * costs.row
    core_seconds = rows * sum(costs.ingest.values()) / costs.efficiency
    tasks = math.ceil(day / costs.task)
    files = math.ceil(tasks * costs.files)
    compacted = math.ceil(lake / chosen.file)
    kept = compacted * KEPT_DAYS
    return Plan(
        rows=rows,
        lake=lake,
        core_hours=core_seconds / HOUR,
        executors=_executors(core_seconds, chosen.window, chosen),
        tasks=tasks,
        files=files,
        file=lake / files,
        compacted=compacted,
        told=files * costs.told,
        commit=files * costs.commit,
        logged=files * costs.logged,
        kept=kept,
        held=kept * costs.held,
        opened=kept * costs.opened,
        questions={name: _question(one, rows * one.days, chosen) for name, one in costs.asked.items()},
    )


def _question(one: Asked, rows: float, chosen: Choices) -> Question:
    shuffled = rows * one.shuffled
    return Question(
        rows=rows,
        executors=_executors(rows * one.core_seconds / one.efficiency, chosen.answer, chosen),
        shuffled=shuffled,
        partitions=max(1, math.ceil(shuffled / chosen.partition)),
        longest=rows * one.longest,
    )


def _executors(core_seconds: float, seconds: float, chosen: Choices) -> int:
    return max(1, math.ceil(core_seconds * chosen.headroom / seconds / chosen.cores))
