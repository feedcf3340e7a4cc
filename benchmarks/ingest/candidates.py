"""Who reads the log: whofrom, GoAccess, DuckDB alone, ClickHouse (as chdb), each as a command on a file."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.ingest.process import Run, module, run

WHOFROM = Path(sys.executable).with_name("whofrom")
OURS, GEO, PLAIN = "whofrom ingest", "GoAccess, geo", "GoAccess, no geo"
CSV, PATTERN, CLICKHOUSE = "DuckDB, read_csv", "DuckDB, regexp_extract", "ClickHouse"


class Candidate(NamedTuple):
    """
    One that reads a log.

    command  (log, where it may write) -> the command
    counted  (what it took, where it wrote) -> how many lines it has taken
    once     it is measured in the first turn alone: a variant, and slow
    """

    name: str
    command: Callable[[Path, Path], list[str]]
    counted: Callable[[Run, Path], int]
    once: bool = False


def candidates(database: Path | None, chdb: Path | None) -> list[Candidate]:
    """Return all that can run here; the database for whofrom and GoAccess, chdb's Python."""
    found = [Candidate(OURS, lambda log, place: ingesting(log, place, database), _rows_said)]
    if shutil.which("goaccess"):
        if database is not None:
            found.append(Candidate(GEO, lambda log, place: _goaccess(log, place, database), _requests))
        found.append(Candidate(PLAIN, lambda log, place: _goaccess(log, place, None), _requests, once=True))
    for name, way in ((CSV, "csv"), (PATTERN, "pattern")):
        command = partial(_duckdb, way)
        found.append(Candidate(name, command, _last_number, once=name == PATTERN))
    if chdb is not None:
        script = str(Path(__file__).with_name("clickhouse.py"))
        found.append(Candidate(CLICKHOUSE, lambda log, place: [str(chdb), script, str(log), str(place)], _last_number))
    return found


class Taken(NamedTuple):
    """What a run over a log took, and how many bytes it wrote."""

    run: Run
    written: int


def measured(one: Candidate, log: Path, lines: int, place: Path) -> Taken:
    """Run a candidate in a fresh place, and remove what it wrote. Raises RuntimeError if it has not taken all lines."""
    try:
        taken = run(one.command(log, place))
        counted, written = one.counted(taken, place), size(place)
    finally:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    if counted != lines:
        raise RuntimeError(f"{one.name} has taken {counted:,} of {lines:,} lines: {taken.said[-500:]}")
    return Taken(taken, written)


def size(place: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    return sum(file.stat().st_size for file in (place, *place.rglob("*")) if file.is_file())


def ingesting(log: Path | str, lake: Path, database: Path | None) -> list[str]:
    """Return the command that ingests a log."""
    place = ["--no-geo"] if database is None else ["--geo", str(database)]
    return [str(WHOFROM), "ingest", "--lake", str(lake), *place, str(log)]


def rows_said(said: str) -> int:
    """Return how many rows ingest says it has added, none of them refused; -1 if it says something else."""
    found = re.search(r": \w+, ([\d,]+) rows, 0 rejects", said)
    return int(found[1].replace(",", "")) if found else -1


def _rows_said(taken: Run, _: Path) -> int:
    return rows_said(taken.said)


def _goaccess(log: Path, place: Path, database: Path | None) -> list[str]:
    geo = [f"--geoip-database={database}"] if database is not None else []
    plain = ["--no-global-config", "--no-progress", "--log-format=COMBINED"]
    return ["goaccess", str(log), *plain, *geo, f"--output={place}.json"]


def _duckdb(way: str, log: Path, place: Path) -> list[str]:
    return module("duck", way, log, place)


def _requests(_: Run, place: Path) -> int:
    report = Path(f"{place}.json")
    found = json.loads(report.read_bytes())["general"]
    report.unlink()
    return int(found["valid_requests"])


def _last_number(taken: Run, _: Path) -> int:
    return int(taken.said.split()[-1])
