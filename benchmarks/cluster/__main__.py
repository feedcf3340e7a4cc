"""
Measure ingest and the questions on one executor and on two; write benchmarks/results/DATE-cluster.md.

    python -m benchmarks.cluster [--rows N,…] [--executors N,…] [--memory MIB] [--limit SECONDS] [--only PART,…]
                                 [--skewed N] [--output FILE] [--scratch FOLDER]

A log's section is in the file as soon as a command has ended; of one that fails it says why, and the others go on. 100
million rows are 23 GB of text, and 3 GB of lake at a time.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.cluster import generator, report
from benchmarks.cluster.measuring import INGEST, QUESTIONS, Measured, Sources, ask, ingest, rows, scanner
from benchmarks.cluster.results import Results, costs
from benchmarks.cluster.shapes import Shape
from benchmarks.cluster.snapshot import measured
from benchmarks.ingest import report as ingest_report
from benchmarks.ingest.__main__ import _geo
from benchmarks.ingest.candidates import size
from benchmarks.queries import generator as lines
from benchmarks.queries import networks

RESULTS = Path(__file__).parents[1] / "results"
ROWS, EXECUTORS, MEMORY = (10_000_000, 100_000_000), (0, 1, 2), 2_048
SKEW, SKEWED = 0.5, 10_000_000


class Bench:
    """What is measured, and the report so far."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.rows, self.only, self.skewed, self.output = options.rows, options.only, options.skewed, options.output
        self.shapes = [Shape(count, options.memory, options.limit) for count in options.executors]
        self.scratch = scratch
        database, build = _geo()
        self.head = report.head(ingest_report.head(datetime.now(UTC), build, None))
        self.found: list[Results] = []
        self.geo = [scratch / "asn.mmdb"] if database is None else [database, scratch / "asn.mmdb"]
        self.config = scratch / "whofrom.toml"
        networks.write(scratch / "asn.mmdb")
        self.config.write_text(lines.TOML, encoding="utf-8")
        self.snapshot = measured(scratch)

    def all(self) -> None:
        """Measure all that was asked for."""
        for count in self.rows:
            self._log(count, 0.0, self.shapes)
        if self.skewed:
            self._log(self.skewed, SKEW, dict.fromkeys((self.shapes[0], self.shapes[-1])))

    def text(self) -> str:
        """Return the report."""
        plain = [one for one in self.found if not one.skew]
        skewed = next((one for one in self.found if one.skew), None)
        parts = [self.head, report.summary(plain), report.method(), *map(report.section, self.found)]
        parts.append(report.driving(self.snapshot))
        taken = [(one, known) for one in plain if (known := costs(one, skewed, self.snapshot)) is not None]
        if taken:
            parts.append(report.planned(taken[-1][1], taken[-1][0].rows))
        return "\n".join(part for part in parts if part)

    def _log(self, count: int, skew: float, shapes: Iterable[Shape]) -> None:
        """Measure one log on all shapes."""
        _say(f"a log of {count:,} rows")
        with tempfile.TemporaryDirectory(prefix="log-", dir=self.scratch) as name:
            folder = Path(name)
            logs = generator.write(folder / "logs", generator.Logs(count, skew=skew))
            sources = Sources(logs, self.config, self.geo)
            one = Results(count, sum(path.stat().st_size for path in logs), skew)
            self.found.append(one)
            asked: Path | None = None
            for shape in shapes:
                lake = folder / f"lake-{shape.executors}"
                if self._try(one, f"{INGEST} on {shape.name}", partial(self._ingest, one, shape, sources, lake)):
                    if asked is not None:
                        shutil.rmtree(asked)
                    asked = lake
                if asked is not None:  # the one of another shape has the same rows
                    self._ask(one, shape, asked)

    def _ingest(self, one: Results, shape: Shape, sources: Sources, lake: Path) -> Measured:
        taken = ingest(shape, sources, lake, self.scratch)
        known = rows(lake, self.scratch)
        if known != one.rows:
            raise RuntimeError(f"{known:,} rows in the lake, and {one.rows:,} in the log")
        one.lake, one.files = size(lake), sum(1 for _ in lake.rglob("*.parquet"))
        return taken

    def _ask(self, one: Results, shape: Shape, lake: Path) -> None:
        source = scanner(lake, self.scratch)
        for name in QUESTIONS:
            if not self.only or name in self.only:
                self._try(one, f"{name} on {shape.name}", partial(ask, name, shape, lake, self.scratch, source))

    def _try(self, one: Results, what: str, step: Callable[[], Measured]) -> bool:
        """Measure something, and return whether that went well; whatever fails, the run goes on by itself."""
        taken = None
        try:
            taken = step()
        except Exception as error:
            traceback.print_exc()
            one.failed.append(f"{what}: {error}")
        else:
            one.found.append(taken)
            _say(f"  {what}: {taken.spent.wall:.1f} s")
        self.output.write_text(self.text(), encoding="utf-8")
        return taken is not None


def main() -> None:
    """Measure, write the report, exit with 1 if something has failed."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    with tempfile.TemporaryDirectory(prefix="whofrom-cluster-", dir=options.scratch) as scratch:
        bench = Bench(options, Path(scratch))
        bench.all()
    print(bench.text())
    sys.exit(int(any(one.failed for one in bench.found)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "--rows", type=_numbers, default=ROWS, metavar="N,…", help="of the logs (default: 10000000,100000000)"
    )
    parser.add_argument(
        "--executors", type=_numbers, default=EXECUTORS, metavar="N,…", help="0 is DuckDB (default: 0,1,2)"
    )
    parser.add_argument(
        "--memory", type=int, default=MEMORY, metavar="MIB", help="of an executor's heap (default: %(default)s)"
    )
    parser.add_argument(
        "--limit", type=float, default=1_800, metavar="SECONDS", help="for one command (default: %(default)s)"
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=(), metavar="NAME,…", help=f"of {', '.join(QUESTIONS)}"
    )
    parser.add_argument(
        "--skewed", type=int, default=SKEWED, metavar="N",
        help=f"rows of a log of which one client has {SKEW}, 0 for none (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-cluster.md",
        help="(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--scratch", type=Path, metavar="FOLDER", default=Path(tempfile.gettempdir()),
        help="where logs and lakes are made and removed, 30 GB for 100 million rows (default: %(default)s)",
    )  # fmt: skip
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(","))


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
