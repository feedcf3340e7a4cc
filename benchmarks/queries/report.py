"""Results to Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.ingest.report import table
from benchmarks.queries.questions import Asked

MIB = 1 << 20
METHOD = """
The log is that of `benchmarks.queries.generator`, whose docstring says what is in it: people who sign in, robots,
scanners, guessing, spraying, slow sources and a flood over 30 days. It was ingested by `whofrom ingest` with places,
networks, a login rule and signatures. Each question is a command as a person types it, a fresh process from its start
to its end, on both cores, the files in the page cache; {rounds}. `peak` is what the kernel booked as the most resident
of the process. `printed` is what the answer has, in NDJSON unless it is a list.
"""


class Lake(NamedTuple):
    """A lake, what it was asked, and what failed."""

    rows: int
    bytes: int
    files: int
    found: Sequence[Asked]
    failed: Sequence[str]


def section(lake: Lake) -> str:
    """Return the table of a lake."""
    names = list(dict.fromkeys(one.question for one in lake.found))
    rows = []
    for question in names:
        runs = [one for one in lake.found if one.question == question]
        walls = [one.run.wall for one in runs]
        rows.append(
            (
                question.name, f"`{question.arguments}`",
                f"{median(walls):.2f}" + (f" ({min(walls):.2f}–{max(walls):.2f})" if len(walls) > 1 else ""),
                f"{median(one.run.cpu for one in runs):.2f}",
                f"{max(one.run.peak for one in runs) / MIB:,.0f}",
                f"{runs[0].bytes / 1024:,.0f}",
            )
        )  # fmt: skip
    head = ("question", "whofrom …", "seconds", "CPU s", "peak MiB", "printed KiB")
    failed = "".join(f"\nFAILED {one}\n" for one in lake.failed)
    return (
        f"## {lake.rows:,} rows\n\n{lake.bytes / 1e9:.2f} GB in {lake.files:,} files, as ingest has left them.\n\n"
        f"{table(head, rows)}{failed}"
    )


def summary(lakes: Sequence[Lake]) -> str:
    """Return the slowest and the largest of each lake."""
    said = []
    for lake in lakes:
        if lake.found:
            slow = max(lake.found, key=lambda one: one.run.wall)
            large = max(lake.found, key=lambda one: one.run.peak)
            said.append(
                f"{lake.rows:,} rows: {slow.run.wall:.1f} s at most ({slow.question.name}), "
                f"{large.run.peak / MIB:,.0f} MiB at most ({large.question.name})"
            )
    return f"**{'; '.join(said)}.**\n" if said else ""
