"""
A long story in few lines: like requests of a short time become one run, `37 × GET /wp-* 404 in 12 s`.

Rules:

1. Nothing is lost: the requests of all runs add up to those of all rows, the first begins with the first, the last
   ends with the last.
2. Runs are folded no further than the number of lines asks. LEVELS says what is alike, from nearly the same to all of
   one stage; at last neighbours with the smallest gap between them are joined, whatever they are.
3. What is ordinary loses detail first, then stage after stage; those that matter most (`stages.LOUD`) at last: a web
   shell among 100,000 probes has a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.trace.stages import LOUD, RANKS

SEVERAL = "*"  # in place of what a run has more than one of
MAX_HELD = 20_000  # runs in memory while they arrive; beyond, those that are there are folded a level further
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday
QUIET_FIRST = ("", *(stage for stage in RANKS if stage not in LOUD))  # the order in which stages lose detail
MOST_STATUSES = 6  # of a run that are told apart


@dataclass(frozen=True, slots=True)
class Run:
    """
    Requests that are told in one line.

    client    who sent them; SEVERAL for more than one, None for nobody known
    stage     of the kill chain, "" for none; the highest of those folded into it
    method    as sent; SEVERAL for more than one
    statuses  in order
    heads     how their paths begin, without what varies
    lowest, highest  path, first and last in order: what both begin with, all do
    paths     different ones, at least so many
    users     who signed in with them
    """

    began: datetime
    ended: datetime
    requests: int
    client: str | None
    stage: str
    method: str | None
    statuses: tuple[int, ...]
    heads: str
    lowest: str
    highest: str
    paths: int
    users: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """Return what all of its paths begin with, `*` behind it where they go on differently."""
        if self.lowest == self.highest:
            return self.lowest
        size = 0
        for one, other in zip(self.lowest, self.highest, strict=False):
            if one != other:
                break
            size += 1
        return self.lowest[:size] + "*"


def run_of(row: dict[str, Any]) -> Run:
    """Return a run of a row of trace/runs."""
    return Run(
        row["first_ts"],
        row["last_ts"],
        row["requests"],
        row["client_ip"],
        row["stage"],
        row["method"],
        () if row["status"] is None else (row["status"],),
        row["head"] or "",
        row["lowest_path"] or "",
        row["highest_path"] or "",
        row["paths"],
        () if row["signed_in"] is None else (row["signed_in"],),
    )


def joined(one: Run, other: Run) -> Run:
    """Return two runs as one, whose order does not matter."""
    return Run(
        min(one.began, other.began),
        max(one.ended, other.ended),
        one.requests + other.requests,
        one.client if one.client == other.client else SEVERAL,
        max(one.stage, other.stage, key=lambda stage: RANKS.get(stage, 0)),
        one.method if one.method == other.method else SEVERAL,
        tuple(sorted({*one.statuses, *other.statuses})),
        one.heads if one.heads == other.heads else SEVERAL,
        min(one.lowest, other.lowest),
        max(one.highest, other.highest),
        # paths that begin alike may be the same ones again
        max(one.paths, other.paths) if one.heads == other.heads else one.paths + other.paths,
        tuple(sorted({*one.users, *other.users})),
    )


def _slots(size: timedelta, *, each_client: bool = False) -> tuple[Callable[[Run], Hashable], timedelta]:
    """Return the level of all of a stage that began in one slot of time."""
    return lambda run: (run.client if each_client else "", run.stage, (run.began - EPOCH) // size), timedelta.max


def _class_of(run: Run) -> tuple[int, ...]:
    return tuple(sorted({status // 100 for status in run.statuses}))


# (what is alike, and how long may pass between two that are)
Level = tuple[Callable[[Run], Hashable], timedelta]
LEVELS: tuple[Level, ...] = (
    (lambda run: (run.client, run.stage, run.method, run.statuses, run.heads), timedelta(minutes=2)),
    (lambda run: (run.client, run.stage, run.method, run.statuses), timedelta(minutes=2)),
    (lambda run: (run.client, run.stage, _class_of(run)), timedelta(minutes=10)),
    *(_slots(timedelta(**size), each_client=True) for size in ({"hours": 1}, {"days": 1})),
    *(_slots(timedelta(**size)) for size in ({"hours": 1}, {"hours": 6}, {"days": 1}, {"days": 7}, {"days": 30})),
)


def fold(runs: Iterable[Run], most: int) -> list[Run]:
    """
    Return at most `most` runs, in the order of their beginnings.

    runs  in the order of their beginnings; they are read one after the other, and not all held
    """
    held: list[Run] = []
    reached = 0
    for run in runs:
        held.append(run)
        if len(held) >= MAX_HELD:
            while reached < len(LEVELS) and len(held) > MAX_HELD // 2:
                held = alike(held, LEVELS[reached])
                reached += len(held) > MAX_HELD // 2
            if len(held) > MAX_HELD // 2:
                held = squeezed(held, MAX_HELD // 2)
    for level in LEVELS[: max(reached, 1)]:
        held = alike(held, level)
    for stages in (QUIET_FIRST, tuple(RANKS)):
        for level in LEVELS[1:]:
            for stage in stages:
                if len(held) <= most:
                    return held
                these = [run for run in held if run.stage == stage]
                others = [run for run in held if run.stage != stage]
                held = sorted([*others, *alike(these, level)], key=lambda run: (run.began, run.ended))
    return squeezed(held, most)


def alike(runs: Sequence[Run], level: Level) -> list[Run]:
    """Return runs with those joined that are alike by a level of LEVELS."""
    key_of, gap = level
    found: list[Run] = []
    open_runs: dict[Hashable, int] = {}
    for run in runs:
        key = key_of(run)
        place = open_runs.get(key)
        if place is not None and run.began - found[place].ended <= gap:
            # a key says what is alike, so that the one in its place keeps it
            found[place] = joined(found[place], run)
        else:
            open_runs[key] = len(found)
            found.append(run)
    return found


def squeezed(runs: Sequence[Run], most: int) -> list[Run]:
    """Return at most `most` runs, joining neighbours: first those of the smallest gaps."""
    left = len(runs) - most
    if left <= 0:
        return list(runs)
    gaps = sorted(range(1, len(runs)), key=lambda n: (_weight(runs[n - 1], runs[n]), n))
    closed = set(gaps[:left])
    found = [runs[0]]
    for number, run in enumerate(runs[1:], 1):
        if number in closed:
            found[-1] = joined(found[-1], run)
        else:
            found.append(run)
    return found


def _weight(one: Run, other: Run) -> tuple[bool, timedelta]:
    """Return how much would be lost with the boundary of two neighbours."""
    return one.stage != other.stage and not LOUD.isdisjoint((one.stage, other.stage)), other.began - one.ended


def shortened(run: Run) -> Run:
    """Return a run with no more statuses than are worth telling."""
    return replace(run, statuses=run.statuses[:MOST_STATUSES])
