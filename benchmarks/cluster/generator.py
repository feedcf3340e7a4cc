"""
Write logs as servers behind one balancer would: files of lines, one a server, all of the same days and people.

    python -m benchmarks.cluster.generator FOLDER [--rows N] [--files N] [--days N] [--skew PART] [--seed N]

The lines are those of `benchmarks.queries.generator`. `--skew 0.5` makes half of them one proxy's: who groups by client
has a group of half of the rows.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from benchmarks.queries.generator import generate

DAYS = 30
FILES = 2


class Logs(NamedTuple):
    """What is written; `skew` is the share of one client."""

    rows: int
    files: int = FILES
    days: int = DAYS
    skew: float = 0.0
    seed: int = 1


def write(folder: Path, logs: Logs) -> list[Path]:
    """Write the logs, a process for each file; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(logs.files) as pool:
        return list(pool.map(partial(_write, folder, logs), range(logs.files)))


def _write(folder: Path, logs: Logs, part: int) -> Path:
    pa.set_cpu_count(1)
    path = folder / f"web-{part + 1}.log"
    with path.open("wb") as file:
        for piece in generate(logs.rows, logs.days, logs.seed, logs.skew, part, logs.files):
            file.write(piece)
    return path


def main() -> None:
    """Write what is asked for and print the paths."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster.generator", description=(__doc__ or "").strip().split("\n\n")[0]
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--rows", type=int, default=10_000_000, metavar="N", help="(default: %(default)s)")
    for name, what in (("files", FILES), ("days", DAYS), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=what, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--skew", type=float, default=0.0, metavar="PART", help="of one proxy (default: none)")
    options = parser.parse_args()
    folder = options.folder
    del options.folder
    print(*write(folder, Logs(**vars(options))), sep="\n")


if __name__ == "__main__":
    main()
