"""
Measure the signatures; write benchmarks/results/DATE-signatures.md.

    python -m benchmarks.signatures [--quiet LOG…] [--hostile LOG…] [--lines N] [--output FILE]

quiet    logs in combined format in which nobody attacks: every hit is listed
hostile  logs of scans, for speed
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pyarrow as pa

from benchmarks.ingest import generator
from benchmarks.signatures import report
from benchmarks.signatures.cases import cases, counts, judged
from pipeline import enrich
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import DEFAULT_POLICY, Settings
from pipeline.signatures import BY_ID, IDS_TYPE, batch, signatures_of
from pipeline.sources import combined

RESULTS = Path(__file__).parents[1] / "results"
ROUNDS = 3
Columns = dict[str, pa.Array]


def read(path: Path) -> Columns:
    """Return the columns of a log in combined format; lines in another pair of quotes lose these."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = [line.removeprefix(b'"') if line.endswith(b'""') else line for line in data.splitlines()]
    rows = combined.parse(lines).batch
    return {name: rows.column(name) for name in rows.schema.names}


def hits(columns: Columns) -> tuple[int, list[report.Hit]]:
    """Return how many rows match anything, and for each signature how many do and the most frequent target."""
    ids = signatures_of(columns).to_pylist()
    rows: Counter[str] = Counter(one for row in ids for one in row)
    targets: dict[str, Counter[str]] = {}
    for row, target, agent in zip(ids, columns["target"].to_pylist(), columns["user_agent"].to_pylist(), strict=True):
        for one in row:
            said = agent if BY_ID[one].family == "agent" else target
            targets.setdefault(one, Counter())[said or "–"] += 1
    found = [report.Hit(BY_ID[one], count, targets[one].most_common(1)[0][0]) for one, count in rows.most_common()]
    return sum(map(bool, ids)), found


def forget() -> None:
    """Forget what was seen, as a new process has."""
    for table in (*batch.TABLES.values(), batch.REFERERS, batch.HEADERS):
        table.known.clear()
        table.ordinary = table.ordinary.slice(0, 0)


def cost(columns: Columns) -> tuple[float, float]:
    """Return CPU µs a row, for values that were not seen before and for those that were."""
    taken: dict[str, list[float]] = {"new": [], "known": []}
    for _ in range(ROUNDS):
        forget()
        for which in taken.values():
            start = time.process_time()
            signatures_of(columns)
            which.append((time.process_time() - start) / len(columns["target"]) * 1e6)
    return median(taken["new"]), median(taken["known"])


def nothing(columns: Columns) -> pa.Array:
    """Return what an ingest would write without signatures."""
    rows = len(columns["target"])
    return pa.ListArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows + 1), pa.array([], pa.string())).cast(
        IDS_TYPE
    )


def ingesting(lines: int) -> tuple[float, float]:
    """Return CPU µs a line of an ingest without signatures and with them, interleaved."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "access.log"
        with log.open("wb") as out:
            for piece in generator.generate(lines, "combined", 3):
                out.write(piece)
        ways: dict[str, Callable[[Columns], pa.Array]] = {"without": nothing, "with": signatures_of}
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                forget()
                enrich.signatures_of = way  # type: ignore[assignment]
                folder = Path(scratch) / "lake"
                start = time.process_time()
                ingest_source(str(log), Lake(str(folder)), Settings(DEFAULT_POLICY))
                taken[name].append((time.process_time() - start) / lines * 1e6)
                shutil.rmtree(folder)
        enrich.signatures_of = signatures_of
    return median(taken["without"]), median(taken["with"])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quiet", nargs="*", type=Path, default=[])
    parser.add_argument("--hostile", nargs="*", type=Path, default=[])
    parser.add_argument("--lines", type=int, default=1_000_000)
    now = datetime.now(UTC)
    parser.add_argument("--output", type=Path, default=RESULTS / f"{now:%Y-%m-%d}-signatures.md")
    options = parser.parse_args()
    pa.set_cpu_count(1)
    rows = cases()
    answers = judged(rows)
    logs = {path.name: read(path) for path in (*options.quiet, *options.hostile)}
    text = report.written(
        report.Measured(
            counts(rows, answers),
            report.misses(rows, answers),
            {path.name: (len(logs[path.name]["target"]), *hits(logs[path.name])) for path in options.quiet},
            {path.name: (len(logs[path.name]["target"]), *hits(logs[path.name])) for path in options.hostile},
            {name: cost(columns) for name, columns in logs.items()},
            ingesting(options.lines),
            options.lines,
        ),
        now,
    )
    print(text)
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
