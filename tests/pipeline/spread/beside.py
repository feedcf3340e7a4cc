"""An ingest by tasks beside one without: a runner of tasks in this process, and all that a lake holds, to compare."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.commands.reading import Reading, say_skipped
from pipeline.lake import REJECTS, REQUESTS, TABLES, Lake
from pipeline.settings import Settings
from pipeline.sources.folders import expand
from pipeline.spread import Spread, Task

PLAIN = Settings()
ORDERED = {REQUESTS: ("source", "source_offset", "target"), REJECTS: ("source", "source_offset", "line", "reason")}
WHEN = "ingested_at"  # which differs


class Here:
    """Runs tasks in this process, one after the other; what goes in and out is pickled, as it would be."""

    def __init__(self, width: int = 2) -> None:
        self.width = width
        self.calls: list[tuple[str, int]] = []  # name of the task, how many items
        self.files: list[str] = []

    def __call__(self, task: Task, items: Sequence[Any], files: Sequence[str]) -> Iterator[Any]:
        """Yield what comes of each item."""
        self.calls.append((name_of(task), len(items)))
        self.files = list(files)
        for item in items:
            yield _pickled(self.run(task, _pickled(item), {one: one for one in files}))

    def run(self, task: Task, item: Any, paths: Mapping[str, str]) -> Any:
        """Run one task."""
        return task(item, paths)


def name_of(task: Task) -> str:
    """Return which of `pipeline.spread.work` a task is."""
    name: str = getattr(task, "func", task).__name__
    return name


def _pickled(what: Any) -> Any:
    return pickle.loads(pickle.dumps(what))  # our own


def ingest(
    names: Sequence[str | Path], lake: Lake, settings: Settings = PLAIN, spread: Spread | None = None
) -> list[str]:
    """Ingest as the command does; return what it says, and whether it failed."""
    said = io.StringIO()
    asked = [str(name) for name in names]
    with redirect_stderr(said):
        reading = Reading(asked, lake)
        reading.take(expand(asked, say_skipped, reading.refuse), settings, spread)
    return [*said.getvalue().replace(lake.path, "LAKE").splitlines(), f"failed: {reading.failed}"]


def held(lake: Lake, *, cut: bool = False) -> dict[str, Any]:
    """
    Return the rows of a lake, its rejects, and its marks.

    cut  whether logs were read in blocks that are not those of the other way: rejects are marked behind the block that
         they are in, and that mark is left out
    """
    files = lake.files() if any(lake.table(name) is not None for name in TABLES) else {}
    rows, rejects = (_rows(name, files.get(name, [])) for name in (REQUESTS, REJECTS))
    found: dict[str, Any] = {name: marks(lake, name) for name in TABLES}
    if cut:
        found["rejects"] = sorted(found["rejects"])
    return {"rows": rows, "refused": rejects, **found}


def _rows(name: str, files: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for path in files:
        day = Path(path).parent.name
        found += [{**row, "date": day} for row in pq.ParquetFile(path).read().to_pylist()]
    if name == REJECTS:
        found = [{column: value for column, value in row.items() if column != WHEN} for row in found]
    return sorted(found, key=lambda row: [(row[column] is None, row[column]) for column in ORDERED[name]])


def marks(lake: Lake, name: str) -> dict[str, int]:
    """Return the application transactions of a table, as its log has them."""
    found = {}
    for path in sorted(Path(lake.path, name, "_delta_log").glob("*.json")):
        for line in path.read_text("utf-8").splitlines():
            turn = json.loads(line).get("txn")
            if turn is not None:
                found[turn["appId"]] = turn["version"]
    return found
