"""The commands of a run, each on a cluster of its own from its start to its end, and what each took."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.cluster.events import Tasks, tasks
from benchmarks.cluster.generator import DAYS
from benchmarks.cluster.processes import Spent, spent
from benchmarks.cluster.shapes import Shape, environment
from benchmarks.queries import generator
from benchmarks.queries.questions import SCANNER

WHOFROM = (sys.executable, "-m", "pipeline.cli")
START, INGEST = "start", "ingest"
# of an answer's numbers, since Java's and C's sines differ in the last one
DIGITS = 9
FRACTION = re.compile(r"\d+\.\d{9,}")


class Question(NamedTuple):
    """
    A command; `{source}` in its words is a scanner.

    days    of the log that it is asked for here
    usual   days that it reads where it is asked each day
    """

    words: tuple[str, ...]
    days: int = DAYS
    usual: int = 1


# What a cluster's start takes is in each of them; the first has nothing else.
QUESTIONS = {
    START: Question(("sql", "SELECT 1 AS one")),
    "regions": Question(("regions",)),
    "logins": Question(("logins",), usual=DAYS),
    "attacks of a day": Question(("attacks", "--since", "2026-10-29", "--until", "2026-10-30"), days=1),
    "trace": Question(("trace", "{source}"), usual=DAYS),
}


class Measured(NamedTuple):
    """
    One command on one shape.

    stages  stage of ingest -> seconds of CPU of Python workers
    answer  a digest of what it printed, and how many lines that were
    """

    name: str
    shape: Shape
    spent: Spent
    tasks: Tasks
    stages: dict[str, float]
    answer: tuple[str, int]


class Sources(NamedTuple):
    """What ingest is given: logs, and databases and settings beside them."""

    logs: Sequence[Path]
    config: Path
    geo: Sequence[Path]


def ingest(shape: Shape, sources: Sources, lake: Path, scratch: Path) -> Measured:
    """Ingest the logs into a lake. Raises RuntimeError if it fails."""
    places = [word for path in sources.geo for word in ("--geo", str(path))] or ["--no-geo"]
    words = ("--config", str(sources.config), *places, "--format", generator.LOG_FORMAT, *map(str, sources.logs))
    return _measured(INGEST, shape, ("ingest", "--lake", str(lake), *shape.options, *words), scratch)


def ask(name: str, shape: Shape, lake: Path, scratch: Path, source: str) -> Measured:
    """Ask one of QUESTIONS. Raises RuntimeError if it fails."""
    first, *words = QUESTIONS[name].words
    rest = [word.format(source=source) for word in words]
    return _measured(name, shape, (first, "--lake", str(lake), *shape.options, *rest), scratch)


def scanner(lake: Path, scratch: Path) -> str:
    """Return the source that `trace` is asked about."""
    said = _measured("", Shape(0), ("sql", "--lake", str(lake), "-o", "ndjson", SCANNER), scratch, keep=True)
    return str(json.loads(said.answer[0])["client_ip"])


def rows(lake: Path, scratch: Path) -> int:
    """Return how many rows a lake has."""
    counting = ("sql", "--lake", str(lake), "-o", "ndjson", "SELECT count(*) AS n FROM requests")
    return int(json.loads(_measured("", Shape(0), counting, scratch, keep=True).answer[0])["n"])


def _measured(name: str, shape: Shape, words: Sequence[str], scratch: Path, *, keep: bool = False) -> Measured:
    """`keep`: the answer itself in place of its digest."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=scratch) as place:
        folder = Path(place)
        taken = spent([*WHOFROM, *words], environment(shape, folder), shape.limit)
        counted, stages = tasks(folder / "events"), _stages(folder / "stages")
        shutil.rmtree(folder / "events")  # large
    said = FRACTION.sub(lambda found: f"{float(found[0]):.{DIGITS}g}", taken.said)
    digest = taken.said if keep else hashlib.sha256(said.encode()).hexdigest()[:12]
    return Measured(name, shape, taken, counted, stages, (digest, taken.said.count("\n")))


def _stages(folder: Path) -> dict[str, float]:
    """Return stage -> seconds of CPU of all Python workers that wrote into a folder."""
    whole: Counter[str] = Counter()
    for path in folder.glob("*.json"):
        whole.update(json.loads(path.read_text(encoding="utf-8")))
    return dict(whole)
