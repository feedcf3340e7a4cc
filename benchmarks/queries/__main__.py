"""
Measure the questions over lakes; write benchmarks/results/DATE-queries.md.

    python -m benchmarks.queries [--rows N,…] [--lake ROWS=FOLDER] [--only PART,…] [--no-follow] [--rounds N]
                                [--output FILE] [--scratch FOLDER]

Lakes that are named with --lake are read as they are, others are made in the scratch folder and removed. 100 million
rows take a quarter of an hour to make, 3.5 GB of disk, and no log is written: it goes through a pipe.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ingest import report as ingest_report
from benchmarks.ingest.__main__ import _geo
from benchmarks.ingest.candidates import WHOFROM, rows_said, size
from benchmarks.ingest.process import run
from benchmarks.queries import generator, networks, report
from benchmarks.queries.following import followed
from benchmarks.queries.questions import Asked, asked

RESULTS = Path(__file__).parents[1] / "results"
ROWS, DAYS = (10_000_000, 100_000_000), 30


def main() -> None:
    """Measure, write the report, exit with 1 if something has failed."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    head = ingest_report.head(datetime.now(UTC), _geo()[1], None).replace(", ingest", ", queries", 1)
    rounds = f"{options.rounds} rounds in turns, the median (least–most)" if options.rounds > 1 else "once"
    lakes: list[report.Lake] = []
    parts: list[str] = []
    for rows in options.rows:
        with _lake(rows, options.lake.get(rows), options.scratch) as folder:
            found = []
            for one in asked(folder, options.rounds, options.only):
                found.append(one)
                _say(one if isinstance(one, str) else f"{one.question.name}: {one.run.wall:.2f} s")
            lakes.append(
                report.Lake(
                    rows, size(folder), sum(1 for _ in folder.rglob("*.parquet")),
                    [one for one in found if isinstance(one, Asked)], [one for one in found if isinstance(one, str)],
                )
            )  # fmt: skip
        parts.append(report.section(lakes[-1]))
        text = "\n".join([head, report.summary(lakes), report.METHOD.format(rounds=rounds), *parts])
        options.output.write_text(text, encoding="utf-8")
    if options.follow:
        _say("watch")
        text = f"{text}\n{followed(options.scratch)}"
        options.output.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(int(any(lake.failed for lake in lakes)))


@contextmanager
def _lake(rows: int, given: Path | None, scratch: Path) -> Iterator[Path]:
    """Yield a lake of so many rows: the one given, or one that is made and removed."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="whofrom-queries-", dir=scratch) as name:
        folder = Path(name)
        _say(f"a lake of {rows:,} rows")
        make(rows, DAYS, folder, folder / "lake")
        yield folder / "lake"


def make(rows: int, days: int, folder: Path, lake: Path) -> None:
    """Make a lake of generated lines. Raises RuntimeError if they are not all rows."""
    database, _ = _geo()
    networks.write(folder / "asn.mmdb")
    (folder / "whofrom.toml").write_text(generator.TOML, encoding="utf-8")
    geo = [] if database is None else ["--geo", str(database)]
    taken = run(
        [
            str(WHOFROM), "ingest", "--lake", str(lake), "--config", str(folder / "whofrom.toml"), *geo,
            "--geo", str(folder / "asn.mmdb"), "--format", generator.LOG_FORMAT, "-",
        ],
        [sys.executable, "-m", "benchmarks.queries.generator", "--lines", str(rows), "--days", str(days)],
    )  # fmt: skip
    if rows_said(taken.said) != rows:
        raise RuntimeError(f"not {rows:,} rows: {taken.said[-500:]}")


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "--rows", type=lambda text: tuple(int(one) for one in text.split(",")), default=ROWS, metavar="N,…",
        help="of the lakes (default: 10000000,100000000)",
    )  # fmt: skip
    parser.add_argument(
        "--lake", type=_given, action="append", default=[], metavar="ROWS=FOLDER", help="a lake that there is"
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=(), metavar="PART,…", help="of the questions' names"
    )
    parser.add_argument("--no-follow", dest="follow", action="store_false", help="without whofrom watch")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-queries.md",
        help="(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--scratch", type=Path, metavar="FOLDER", default=Path(tempfile.gettempdir()),
        help="where lakes are made and removed, 4 GB (default: %(default)s)",
    )  # fmt: skip
    options = parser.parse_args()
    options.lake = dict(options.lake)
    return options


def _given(text: str) -> tuple[int, Path]:
    rows, _, folder = text.partition("=")
    return int(rows), Path(folder)


if __name__ == "__main__":
    main()
