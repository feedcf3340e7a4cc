"""What a lake is asked, by `whofrom sql` and by DuckDB alone on the same files, in turns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.ingest.candidates import WHOFROM
from benchmarks.ingest.process import Run, module, run

QUERIES = {
    "country per hour": (
        "SELECT date_trunc('hour', ts) AS hour, country, count(*) AS requests "
        "FROM requests GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
    ),
    "top 100 clients": "SELECT client_ip, count(*) AS requests FROM requests GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100",
    "distinct clients a day": "SELECT date, count(DISTINCT client_ip) AS clients FROM requests GROUP BY 1 ORDER BY 1",
}


class Asked(NamedTuple):
    """One query in one round; `rows` of the result."""

    name: str
    ours: Run
    plain: Run
    rows: int


def asked(lake: Path, rounds: int) -> Iterator[Asked]:
    """Yield each query of each round. Raises RuntimeError where the two answers differ."""
    for _ in range(rounds):
        for name, statement in QUERIES.items():
            ours = run([str(WHOFROM), "sql", "--lake", str(lake), "-o", "ndjson", statement])
            plain = run(module("plain", lake, statement))
            mine, other = _numbers(ours), _numbers(plain)
            if mine != other:
                raise RuntimeError(
                    f"{name}: {len(mine):,} rows of whofrom sql are not the {len(other):,} of DuckDB alone"
                )
            yield Asked(name, ours, plain, len(mine))


def _numbers(answered: Run) -> list[int]:
    """Return the last column of an answer."""
    return [int(list(json.loads(line).values())[-1]) for line in answered.said.splitlines()]
