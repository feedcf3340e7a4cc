"""What was measured, and what is planned with it → Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from benchmarks.cluster.measuring import INGEST, QUESTIONS, START, Measured
from benchmarks.cluster.model import HOUR, KEPT_DAYS, Choices, Costs, Plan, plan
from benchmarks.cluster.processes import COMMAND, DRIVER, EXECUTOR, PYTHON
from benchmarks.cluster.results import Results, stages
from benchmarks.cluster.snapshot import FILES, Snapshot
from benchmarks.http.report import table

MIB, MICRO = 1 << 20, 1e6
TERA = 1e12
DAYS = (1 * TERA, 100 * TERA)
METHOD = """
The logs are two files of the lines of `benchmarks.queries.generator`, whose docstring says what is in them: 30 days of
people who sign in, robots, scanners, guessing, spraying and a flood. Each measure is one command as a person types it,
once, from its start to its end: a driver, and executors of one core with their Python workers, all processes of this
machine, which started for this command; the start alone, `sql 'SELECT 1'`, is a row of its own. CPU is the kernel's, by
kind of process; what is shuffled and spilled is from Spark's event log. Efficiency is t1 / (2 × t2) of seconds without
the start: 100 % would be half of the time on two executors. Both cores work for the driver, too, which on one executor
has the other core for itself. `same` says whether an answer is that of DuckDB: byte for byte, and numbers with long
fractions to 9 digits.
"""


def head(first: str) -> str:
    """Return the title and what it ran on, from ingest's."""
    return first.replace(", ingest", ", cluster", 1)


def summary(found: Sequence[Results]) -> str:
    """Return the efficiency of all that was measured, in a sentence."""
    said = []
    for one in found:
        parts = [
            f"{name} {value:.0%}" for name in (INGEST, *QUESTIONS) if (value := one.efficiency(name)) and name != START
        ]
        if parts:
            said.append(f"{one.rows:,} rows on two executors, efficiency: {', '.join(parts)}")
    return f"**{_paragraph('; '.join(said)).rstrip()}.**\n" if said else ""


def method() -> str:
    """Return how it was measured."""
    return _paragraph(METHOD)


def section(one: Results) -> str:
    """Return the section of one log."""
    title = f"## {one.rows:,} rows" + (f", {one.skew:.0%} of them of one client" if one.skew else "")
    ingested = [taken for taken in one.found if taken.name == INGEST]
    parts = [title + "\n"]
    if ingested:
        parts += [_ingest(one, ingested), _stages(one, ingested)]
    parts += [_questions(one), *(f"FAILED: {' '.join(fault.split())}\n" for fault in one.failed)]
    return "\n".join(part for part in parts if part)


def _ingest(one: Results, found: Sequence[Measured]) -> str:
    rows = []
    for taken in found:
        wall, tasks = taken.spent.wall, taken.tasks
        rows.append(
            (
                taken.shape.name, f"{wall:.1f}", f"{one.rows / wall:,.0f}", _efficiency(one, taken),
                *(f"{taken.spent.cpu[kind] / one.rows * MICRO:.2f}" for kind in (COMMAND, DRIVER, EXECUTOR, PYTHON)),
                *(f"{taken.spent.peak[kind] / MIB:,.0f}" for kind in (COMMAND, DRIVER, EXECUTOR, PYTHON)),
                *((f"{tasks.attempts:,}", f"{tasks.longest:.1f} / {tasks.usual:.1f}") if tasks.attempts else ("", "")),
            )
        )  # fmt: skip
    kinds = ("command", "driver", "JVMs", "Python")
    titles = (
        "ingest", "s", "rows/s", "efficiency", *(f"{kind}, µs a row" for kind in kinds),
        *(f"{kind}, peak MiB" for kind in kinds), "tasks", "longest / usual, s",
    )  # fmt: skip
    words = f"""\
{one.text / 1e9:.2f} GB of text, {one.text / one.rows:.0f} bytes a line; the lake has {one.lake / 1e9:.2f} GB,
{one.lake / one.rows:.1f} bytes a row, in {one.files:,} files as ingest leaves them."""
    return f"{_paragraph(words)}\n{table(titles, rows)}"


def _stages(one: Results, found: Sequence[Measured]) -> str:
    spread = {taken.shape.name: stages(taken, one) for taken in found if taken.stages}
    if not spread:
        return ""
    names = list(dict.fromkeys(name for each in spread.values() for name in each))
    rows = [(name, *(f"{each.get(name, 0) * MICRO:.2f}" for each in spread.values())) for name in names]
    rows.append(("all", *(f"{sum(each.values()) * MICRO:.2f}" for each in spread.values())))
    return table(("CPU of executors, µs a row", *spread), rows)


def _questions(one: Results) -> str:
    rows = []
    for name in QUESTIONS:
        for taken in (each for each in one.found if each.name == name):
            tasks, own = taken.tasks, one.of(name, 0)
            same = "" if own is None or own is taken else "yes" if own.answer == taken.answer else "NO"
            cpu = taken.spent.cpu
            spark = (
                f"{cpu[EXECUTOR] + cpu[PYTHON]:.1f}", f"{tasks.shuffled / 1e6:,.1f}", f"{tasks.spilled / 1e6:,.1f}",
                f"{tasks.attempts:,}", f"{tasks.longest:.1f} / {tasks.usual:.1f}",
            )  # fmt: skip
            rows.append(
                (
                    name, taken.shape.name, f"{taken.spent.wall:.1f}", _efficiency(one, taken),
                    f"{cpu[COMMAND] + cpu[DRIVER]:.1f}", *(spark if taken.shape.executors else [""] * len(spark)),
                    f"{taken.answer[1]:,}", same,
                )
            )  # fmt: skip
    titles = (
        "question", "on", "s", "efficiency", "driver's CPU s", "executors' CPU s", "shuffled MB", "spilled MB", "tasks",
        "longest / usual, s", "lines", "same",
    )  # fmt: skip
    return table(titles, rows) if rows else ""


def _efficiency(one: Results, taken: Measured) -> str:
    value = one.efficiency(taken.name) if taken.shape.executors == 2 and taken.name != START else None
    return f"{value:.0%}" if value is not None else ""


def driving(found: Snapshot) -> str:
    """Return the section of what a driver holds."""
    words = f"""\
Whatever executors are, one process opens the lake and commits to it. A lake whose log names {FILES:,} files takes
{found.seconds * FILES:.1f} s to open, and {found.held * FILES / MIB:,.0f} MiB: {found.held:,.0f} bytes a file in
memory, {found.logged:,.0f} in the log."""
    return f"## The driver\n\n{_paragraph(words)}"


def planned(costs: Costs, rows: int, choices: Choices | None = None) -> str:
    """Return the section of the plan, from what was measured with so many rows."""
    chosen = choices or Choices()
    plans = [plan(day, costs, chosen) for day in DAYS]
    lines = [(name, *(each(one) for one in plans)) for name, each in LINES.items()]
    for name in costs.asked:
        for what, each in ASKED.items():
            lines.append((f"{name}: {what}", *(each(one, name) for one in plans)))
    skew = "No client has a large part of all rows; one that has makes a task that more executors do not make shorter."
    if costs.skew:
        skew = (
            f"The longest task has a client with {costs.skew:.0%} of all rows: more executors do not make it shorter."
        )
    words = f"""\
`benchmarks.cluster.model` makes this table of the numbers of the {rows:,} rows above. Chosen: executors of
{chosen.cores} cores; a day's logs are read within {chosen.window / HOUR:.0f} hours, a question is answered within
{chosen.answer / 60:.0f} minutes; {chosen.headroom:.1f} × the cores that the arithmetic says; files of
{chosen.file / 1e6:.0f} MB after `whofrom lake compact`, partitions of a shuffle of {chosen.partition / 1e6:.0f} MB;
rows are kept for {KEPT_DAYS} days. {skew} Networks and object stores are not in these numbers, nor is what hundreds of
executors lose to each other: they are of two, on one machine. All is in proportion to rows, also what a stage costs
that has none, so that the questions' lines say too much: the more, the fewer rows were measured."""
    return f"## A terabyte a day, and a hundred\n\n{_paragraph(words)}\n{table(('a day', '1 TB', '100 TB'), lines)}"


# what a line of the table says -> how it is written
LINES: dict[str, Callable[[Plan], str]] = {
    "rows": lambda one: _short(one.rows),
    "core-hours of ingest": lambda one: f"{one.core_hours:,.1f}",
    "executors for ingest": lambda one: f"{one.executors:,}",
    "tasks of ingest": lambda one: f"{one.tasks:,}",
    "lake": lambda one: f"{_short(one.lake)}B",
    "files as ingest leaves them": lambda one: f"{one.files:,} of {_short(one.file)}B",
    "files after compaction": lambda one: f"{one.compacted:,}",
    "driver: results of tasks": lambda one: f"{_short(one.told)}B",
    "driver: CPU, minutes": lambda one: f"{one.commit / 60:,.1f}",
    "driver: Delta's log grows by": lambda one: f"{_short(one.logged)}B",
    f"files of {KEPT_DAYS} days, compacted": lambda one: f"{one.kept:,}",
    "driver: memory for these": lambda one: f"{_short(one.held)}B",
    "driver: seconds to open them": lambda one: f"{one.opened:,.1f}",
}
ASKED: dict[str, Callable[[Plan, str], str]] = {
    "rows read": lambda one, name: _short(one.questions[name].rows),
    "executors": lambda one, name: f"{one.questions[name].executors:,}",
    "shuffled": lambda one, name: f"{_short(one.questions[name].shuffled)}B",
    "partitions": lambda one, name: f"{one.questions[name].partitions:,}",
    "longest task, minutes": lambda one, name: f"{one.questions[name].longest / 60:,.1f}",
}


def _short(number: float) -> str:
    """Return a number with three digits and a decimal prefix."""
    for sign, unit in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= unit:
            return f"{number / unit:.3g} {sign}"
    return f"{number:.3g} "


def _paragraph(words: str) -> str:
    return textwrap.fill(" ".join(words.split()), 120, break_on_hyphens=False) + "\n"
