"""An input of any size, through a pipe: how much memory does ingest take?"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.ingest.candidates import WHOFROM, ingesting, rows_said, size
from benchmarks.ingest.process import Run, module, run


class Piped(NamedTuple):
    """
    An ingest of generated lines.

    read          bytes of the log, without its last line
    lake          bytes of the lake
    early, late   bytes resident: median of the second tenth of the run, and of its last tenth
    """

    run: Run
    lines: int
    read: int
    lake: int
    early: int
    late: int


def piped(lines: int, days: int, lake: Path, database: Path | None) -> Piped:
    """Ingest lines from the generator into a lake, which stays. Raises RuntimeError if they are not all rows."""
    feed = module("generator", "--lines", lines, "--days", days)
    taken = run(ingesting("-", lake, database), feed)
    if rows_said(taken.said) != lines:
        raise RuntimeError(f"not {lines:,} rows: {taken.said[-500:]}")
    tenth = max(1, len(taken.samples) // 10)
    early, late = taken.samples[tenth : 2 * tenth], taken.samples[-tenth:]
    last = run([str(WHOFROM), "sql", "--lake", str(lake), "-o", "csv", "SELECT max(source_offset) FROM requests"])
    return Piped(
        taken, lines, int(last.said.split()[-1]), size(lake), int(median(early or (0,))), int(median(late or (0,)))
    )
