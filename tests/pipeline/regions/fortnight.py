"""
Two weeks of a small site, as our own records: whose numbers docs/how-to/regions.md shows.

    python -m tests.pipeline.regions.fortnight FILE
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

START = datetime(2026, 10, 4, tzinfo=UTC)  # the Sunday before both weeks
DAYS = 15


class Visitor(NamedTuple):
    """An address of MaxMind's test databases: its requests a day in the first and in the second week, and its times."""

    address: str
    before: int
    after: int
    user: str = ""
    milliseconds: int = 40


VISITORS = (
    Visitor("81.2.69.160", 20, 19, "alice"),  # London
    Visitor("81.2.69.192", 9, 9),
    Visitor("89.160.20.128", 12, 30, "bob", 25),  # Linköping, AS29518
    Visitor("175.16.199.1", 8, 8, "chen", 180),  # Changchun
    Visitor("2001:218::1", 6, 0, milliseconds=220),  # Japan
    Visitor("216.160.83.56", 0, 5, milliseconds=120),  # Milton
    Visitor("67.43.156.1", 1, 0, milliseconds=300),  # Bhutan, AS35908
    Visitor("10.0.0.7", 2, 2),
    Visitor("203.0.113.9", 1, 1),
)


def records() -> Iterator[bytes]:
    """Yield a line of NDJSON a request, in the order of time."""
    for day in range(DAYS):
        moment = START + timedelta(days=day, hours=8)
        for visitor in VISITORS:
            for number in range(visitor.before if day <= DAYS // 2 else visitor.after):
                moment += timedelta(seconds=20)
                status = 404 if number % 10 == 9 else 200
                yield orjson.dumps({
                    "v": 1, "ts": moment.isoformat().replace("+00:00", "Z"), "peer_ip": visitor.address,
                    "method": "GET", "target": "/", "headers": {}, "client_ip": visitor.address,
                    "client_source": "peer", "client_reason": "peer", "user": visitor.user or None,
                    "status": status, "response_bytes": 4200, "request_bytes": 0,
                    "duration_us": visitor.milliseconds * 1000 * (10 if number % 20 == 0 else 1),
                    "connection_id": "a", "connection_request": 1,
                }) + b"\n"  # fmt: skip


def write(path: Path) -> None:
    """Write the log."""
    path.write_bytes(b"".join(records()))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
