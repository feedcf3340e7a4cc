"""
What a process that opens a lake holds of each file of it, and how long it takes: the driver's, whatever executors are.

    python -m benchmarks.cluster.snapshot LAKE

The lake's log names files that are not there: opening a lake looks at no file.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple

from deltalake.transaction import AddAction, RemoveAction

from benchmarks.ingest.process import KIB, run
from pipeline.lake import Lake
from pipeline.lake.table import PARTITIONS

FILES = 200_000
STATISTICS = {
    "numRecords": 1_000_000,
    "minValues": {"ts": "2026-10-05T00:00:00Z", "status": 200, "source_offset": 0},
    "maxValues": {"ts": "2026-10-05T23:59:59Z", "status": 599, "source_offset": 1 << 40},
    "nullCount": {"ts": 0, "status": 0, "source_offset": 0},
}


class Snapshot(NamedTuple):
    """Seconds to open, and bytes that the process grew by, a file of the table; bytes of the log a file."""

    seconds: float
    held: float
    logged: float


def measured(scratch: Path, files: int = FILES) -> Snapshot:
    """Make a log of so many files, open it in a process of its own, and in another one that has hardly any."""
    with tempfile.TemporaryDirectory(prefix="snapshot-", dir=scratch) as place:
        few, many = (_lake(Path(place) / str(count), count) for count in (1, files))
        command = [sys.executable, "-m", "benchmarks.cluster.snapshot"]
        opened = [json.loads(run([*command, str(one)]).said) for one in (few, many)]
        logged = sum(path.stat().st_size for path in (many / "requests" / "_delta_log").iterdir())
    seconds, held = ((opened[1][name] - opened[0][name]) / files for name in ("seconds", "peak"))
    return Snapshot(seconds, held, logged / files)


def _lake(folder: Path, files: int) -> Path:
    lake = Lake(str(folder))
    table = lake._create("requests")
    days = [f"2026-{month:02}-{day:02}" for month in (8, 9, 10) for day in range(1, 31)]
    actions: list[AddAction | RemoveAction] = []
    for number in range(files):
        day = days[number % len(days)]
        path = f"date={day}/part-00000-{uuid.uuid4()}-c000.zstd.parquet"
        actions.append(AddAction(path, 256_000_000, {"date": day}, 0, True, json.dumps(STATISTICS)))
    table.create_write_transaction(actions, "append", table.schema(), PARTITIONS["requests"])
    return folder


def main() -> None:
    """Open a lake as every command does, and print what that took, as JSON."""
    start = time.perf_counter()
    lake = Lake(sys.argv[1])
    files = lake.files()
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="ascii")  # rusage's is its parent's, if that was larger
    peak = next(int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"files": len(files["requests"]), "seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main()
