"""
Spark's own daemon for Python workers, in which each worker says what it took, stage by stage.

`spark.python.daemon.module` names it. The functions of ingest are timed as they are called, as in
`benchmarks.ingest.stages`; after each task a worker writes what it has taken so far into a file of its own, in the
folder that the variable STAGES names.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark import daemon

from benchmarks.cluster.shapes import STAGES

if TYPE_CHECKING:
    from benchmarks.ingest.stages import Clock

OUTSIDE = "outside"  # of a task's own functions: Spark's worker, its start and imports

plain = daemon.worker
clock: Clock | None = None


def worker(sock: socket.socket, authenticated: bool) -> int:  # as Spark calls it
    """Do one task as Spark's worker does, in a process that was forked for it or for the one before."""
    global clock  # noqa: PLW0603  # of the process
    from benchmarks.ingest import stages  # noqa: PLC0415  # not before the fork: it starts threads

    if clock is None:
        clock = stages.Clock()
        _watch(clock)
    clock.enter(stages.REST)
    try:
        return int(plain(sock, authenticated))
    finally:
        clock.leave()
        used = os.times()
        spent = {stage: cpu for stage, (_, cpu) in clock.spent.items()}
        spent[OUTSIDE] = used.user + used.system - sum(spent.values())
        path = Path(os.environ[STAGES]) / f"{os.getpid()}.json"
        path.write_text(json.dumps(spent), encoding="utf-8")


def _watch(clock: Clock) -> None:
    """Time the functions of an ingest, and those by which a task has them read a slice and write its files."""
    from benchmarks.ingest import stages  # noqa: PLC0415  # as above
    from pipeline import ingest  # noqa: PLC0415
    from pipeline.spread import draft, slices  # noqa: PLC0415

    stages.watch(clock)
    for stage, owner, name in ((stages.PARSE, ingest.Run, "_made"), (stages.WRITE, draft.Draft, "close")):
        setattr(owner, name, clock.timed(stage, getattr(owner, name)))
    slices.blocks = clock.drawn(stages.READ, slices.blocks)  # type: ignore[assignment]


if __name__ == "__main__":
    daemon.worker = worker
    daemon.manager()
