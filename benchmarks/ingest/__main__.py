"""
Measure ingest, beside others and stage by stage, its memory, and queries; write benchmarks/results/DATE-ingest.md.

    python -m benchmarks.ingest [--lines N] [--only PART,…] [--rounds N] [--chdb PYTHON] [--output FILE]
                                [--scratch FOLDER]

A part's section is in the file as soon as the part has ended; of a part that fails it says why, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from benchmarks.ingest import report
from benchmarks.ingest.candidates import OURS, Taken, candidates, measured
from benchmarks.ingest.memory import piped
from benchmarks.ingest.process import module, run
from benchmarks.ingest.queries import asked

RESULTS = Path(__file__).parents[1] / "results"
PEERS, ENDS, STAGES, MEMORY, QUERIES = PARTS = ("peers", "end-to-end", "stages", "memory", "queries")
LINES, DAYS = 10_000_000, 7
# A record of ours is five times as long as a combined line, so that this makes two files of one size.
RECORDS_PART = 5
STAGES_PART = 10  # of the lines, for what is measured in one thread
MEMORY_TIMES = 10  # 100 million lines are 22.6 GB
ROUNDS, QUERY_ROUNDS = 3, 3
GEO = """
import json
from pipeline.geo import Geo, default_database
path = default_database()
print(json.dumps([path, Geo(path).build] if path else None))
"""


class Bench:
    """What is measured, and the report so far."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.lines, self.rounds, self.parts, self.chdb = options.lines, options.rounds, options.only, options.chdb
        self.output: Path = options.output
        self.folder, self.failed = folder, False
        self.log, self.records, self.lake = folder / "access.log", folder / "records.ndjson", folder / "lake"
        self.database, build = _geo()
        self.head = report.head(datetime.now(UTC), build, self.chdb)
        self.method = report.method(self.rounds, options.scratch)
        self.sections: list[str] = []
        self.results: list[str] = []
        self.ours: list[Taken] = []

    def all(self) -> None:
        """Measure every part that was asked for."""
        steps: dict[str, Callable[[], str]] = {
            PEERS: self._peers, ENDS: self._ends, STAGES: self._stages, MEMORY: self._memory, QUERIES: self._queries,
        }  # fmt: skip
        for part, step in steps.items():
            if part in self.parts:
                _say(part)
                try:
                    self.sections.append(step())
                except Exception as error:  # whatever it is: the run goes on by itself
                    traceback.print_exc()
                    self.failed = True
                    self.sections.append(f"## {part}: FAILED\n\n{error}\n")
                self.output.write_text(self.text(), encoding="utf-8")

    def text(self) -> str:
        """Return the report."""
        return "\n".join([self.head, report.summary(self.results), self.method, *self.sections])

    def _peers(self) -> str:
        """Measure all who can read the log, in turns."""
        self._make(self.log, "combined", self.lines)
        found: dict[str, list[Taken]] = {}
        faults: dict[str, str] = {}
        for number in range(self.rounds):
            for one in candidates(self.database, self.chdb):
                if one.once and number:
                    continue
                _say(f"  round {number + 1}: {one.name}")
                try:
                    found.setdefault(one.name, []).append(measured(one, self.log, self.lines, self.folder / "place"))
                except Exception as error:
                    if one.name == OURS:
                        raise
                    faults[one.name] = str(error)
        for name in faults:
            del found[name]
        self.ours = found[OURS]
        text, said = report.peers(found, faults, self.lines, self.log.stat().st_size)
        self.results += said
        return text

    def _ends(self) -> str:
        """Measure our own, from end to end."""
        found = []
        ours = candidates(self.database, None)[0]
        for name, log, lines, known in (
            ("combined", self.log, self.lines, self.ours),
            ("NDJSON", self.records, self.lines // RECORDS_PART, []),
        ):
            self._make(log, name.lower(), lines)
            taken = known or [measured(ours, log, lines, self.folder / "place") for _ in range(self.rounds)]
            found.append(report.Ended(name, lines, taken, json.loads(run(module("sizes", log)).said)))
        text, said = report.ends(found)
        self.results = said + self.results
        return text

    def _stages(self) -> str:
        """Measure our own, stage by stage."""
        found = []
        for name, log in (("combined", self.log), ("NDJSON", self.records)):
            log.unlink(missing_ok=True)
            self._make(log, name.lower(), self.lines // STAGES_PART)
            place = self.folder / "place"
            said = json.loads(run(module("stages", log, place)).said)
            shutil.rmtree(place)
            found.append(report.Staged(name, said["rows"], said["spent"]))
        return report.stages(found)

    def _memory(self) -> str:
        """Measure the memory for a large input."""
        self.log.unlink(missing_ok=True)
        self.records.unlink(missing_ok=True)
        found = piped(self.lines * MEMORY_TIMES, DAYS, self.lake, self.database)
        text, said = report.memory(found)
        self.results += said
        return text

    def _queries(self) -> str:
        """Measure queries over the lake of the large input."""
        lines = self.lines * MEMORY_TIMES
        if not self.lake.exists():
            piped(lines, DAYS, self.lake, self.database)
        files = sum(1 for _ in (self.lake / "requests").glob("date=*/*.parquet"))
        return report.queries(list(asked(self.lake, QUERY_ROUNDS)), lines, files)

    def _make(self, log: Path, form: str, lines: int) -> None:
        """Make a log, if it is not there yet."""
        if not log.exists():
            _say(f"  {lines:,} lines of {form}")
            with log.open("wb") as file:
                command = module("generator", "--lines", lines, "--format", form, "--days", DAYS)
                subprocess.run(command, stdout=file, check=True)


def main() -> None:
    """Measure, write the report, exit with 1 if a part has failed."""
    options = _options()
    options.scratch = options.scratch.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    with tempfile.TemporaryDirectory(prefix="whofrom-ingest-", dir=options.scratch) as name:
        bench = Bench(options, Path(name))
        bench.all()
    print(bench.text())
    sys.exit(int(bench.failed))


def _geo() -> tuple[Path | None, str]:
    """Return the geo database and its build, as another process finds them: what this one holds is booked to others."""
    found = json.loads(run([sys.executable, "-c", GEO]).said)
    return (Path(found[0]), found[1]) if found else (None, "")


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    for part in parts:
        if part not in PARTS:
            raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(PARTS)}")
    return parts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=LINES, metavar="N", help="of the log (default: %(default)s)")
    parser.add_argument("--only", type=_parts, default=PARTS, metavar="PART,…", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--chdb",
        type=Path,
        metavar="PYTHON",
        default=Path(sys.executable) if find_spec("chdb") else None,
        help="a Python that has chdb, for ClickHouse (default: this one, if it has)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        default=RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-ingest.md",
        help="(default: %(default)s)",
    )
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="FOLDER",
        default=Path(tempfile.gettempdir()),
        help="where logs and lakes are written and removed, up to 6 GB (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
