"""
Where the time of an ingest goes, stage by stage, in one thread.

    python -m benchmarks.ingest.stages LOG LAKE

It is the product's own ingest, whose functions are timed as they are called: each has the time that it took without
that of the others it called. Work that is usually done ahead by other threads is done in the one that reads.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from echo.clientip import make_policy
from pipeline import enrich, ingest
from pipeline.geo import Geo, default_database
from pipeline.lake import Lake
from pipeline.settings import Settings

TRUSTED = ("10.0.0.0/8",)  # the proxies of the generator's records
READ, PARSE, RESOLVE, GEO, COLUMNS, WRITE, REST = "read", "parse", "resolve", "geo", "other columns", "write", "rest"
STAGES = (READ, PARSE, RESOLVE, GEO, COLUMNS, WRITE, REST)


class Clock:
    """Adds up wall and CPU seconds of stages; a stage inside another is not counted as the outer one's."""

    def __init__(self) -> None:
        self.spent = {stage: [0.0, 0.0] for stage in STAGES}
        self._stack = [REST]
        self._since = (time.perf_counter(), time.process_time())

    def _turn(self) -> None:
        now = (time.perf_counter(), time.process_time())
        spent = self.spent[self._stack[-1]]
        for place in range(2):
            spent[place] += now[place] - self._since[place]
        self._since = now

    def enter(self, stage: str) -> None:
        self._turn()
        self._stack.append(stage)

    def leave(self) -> None:
        self._turn()
        self._stack.pop()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed."""

        def call(*arguments: Any, **named: Any) -> Any:
            self.enter(stage)
            try:
                return function(*arguments, **named)
            finally:
                self.leave()

        return call

    def drawn(self, stage: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Return the generator function; the time is what its values take to come."""

        def call(*arguments: Any, **named: Any) -> Iterator[Any]:
            values = function(*arguments, **named)
            while True:
                self.enter(stage)
                try:
                    value = next(values)
                except StopIteration:
                    return
                finally:
                    self.leave()
                yield value

        return call


def watch(clock: Clock) -> None:
    """Have a clock time the functions of ingest from now on."""
    for stage, owner, name in (
        (PARSE, ingest, "parse_mixed"),
        (RESOLVE, enrich, "resolve"),
        (COLUMNS, ingest, "enrich"),
        (GEO, Geo, "columns"),
        (WRITE, Lake, "write"),
        (WRITE, Lake, "commit"),
    ):
        setattr(owner, name, clock.timed(stage, getattr(owner, name)))
    ingest.blocks = clock.drawn(READ, ingest.blocks)  # type: ignore[assignment]


def stages(log: str, lake: str) -> dict[str, Any]:
    """Ingest a log; return rows, and stage -> [wall, CPU] seconds."""
    clock = Clock()
    path = default_database()
    settings = Settings(make_policy(trusted=TRUSTED), geo=Geo(path) if path is not None else None)
    watch(clock)
    ingest.threads_allowed = lambda: 0
    clock.enter(REST)
    outcome = ingest.ingest_source(log, Lake(lake), settings)
    clock.leave()
    return {"rows": outcome.rows, "spent": clock.spent}


def main() -> None:
    """Print what `stages` finds, as JSON."""
    pa.set_cpu_count(1)
    print(json.dumps(stages(sys.argv[1], sys.argv[2])))


if __name__ == "__main__":
    main()
