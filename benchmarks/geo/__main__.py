"""
Measure how far geo databases agree; write benchmarks/results/DATE-geo.md.

    python -m benchmarks.geo --routed V4.mmdb,V6.mmdb NAME=FILE[,FILE] NAME=FILE[,FILE]… [--log LOG…] [--output FILE]

routed  a database whose networks are those that are announced: addresses are drawn from them
NAME    as the report calls a database, whose IPv4 and IPv6 may be two files
log     whose distinct clients are looked up as well
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random

from benchmarks.geo import report
from benchmarks.geo.compare import Database, agreement, answers, routed_v4, routed_v6
from pipeline.engine.duckdb import Engine
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings

RESULTS = Path(__file__).parents[1] / "results"
SEED, V4_COUNT, V6_COUNT = 8, 100_000, 20_000
CLIENTS = "SELECT DISTINCT client_ip FROM requests WHERE client_class = 'public' ORDER BY client_ip"


def clients(log: Path) -> list[str]:
    """Return the distinct public clients of a log."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        ingest_source(str(log), lake, Settings())
        return [str(row["client_ip"]) for row in Engine(lake).query(CLIENTS, {}).to_pylist()]


def samples(routed: Sequence[str], logs: Sequence[Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield what the report calls a sample, and its addresses."""
    random = Random(SEED)
    yield "IPv4, drawn", routed_v4(Database("routed", routed[:1]), V4_COUNT, random)
    yield "IPv6, drawn", routed_v6(routed[-1], V6_COUNT, random)
    for log in logs:
        yield f"clients of {log.name}", clients(log)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.geo")
    parser.add_argument("databases", nargs="+", metavar="NAME=FILE[,FILE]")
    parser.add_argument("--routed", required=True, metavar="V4,V6")
    parser.add_argument("--log", type=Path, nargs="*", default=[])
    now = datetime.now(UTC)
    parser.add_argument("--output", type=Path, default=RESULTS / f"{now:%Y-%m-%d}-geo.md")
    asked = parser.parse_args()
    databases = [Database(name, paths.split(",")) for name, _, paths in (one.partition("=") for one in asked.databases)]
    rows = []
    for sample, addresses in samples(asked.routed.split(","), asked.log):
        found = answers(databases, addresses)
        rows += [(sample, a, b, agreement(found[a], found[b])) for a, b in combinations(found, 2)]
    asked.output.write_text(report.written(databases, rows, now), encoding="utf-8")


if __name__ == "__main__":
    main()
