"""
Takes a log from standard input, reads each line as JSON, and writes at its end which requests have a record.

    python -m benchmarks.soak.checker FOLDER <log

It stands where a log shipper would, so it can be stopped and go on. FOLDER gets `ids`, a byte a request number: how
many records it has; and `found.json`, the rest.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path

import orjson

DROPPED = re.compile(r"(\d+) records before this one were dropped")
GROWTH = 1 << 20
PIECE_BYTES = 1 << 18
TORN_KEPT = 100


@dataclass(slots=True)
class Found:
    """
    What was in a log.

    malformed  "address port" -> records of malformed requests
    scrapes    records of /metrics
    slow       records of heads that were not complete in time
    dropped    records that the log says were dropped
    torn       the first pieces of what is no JSON
    """

    lines: int = 0
    malformed: Counter[str] = field(default_factory=Counter)
    scrapes: int = 0
    slow: int = 0
    dropped: int = 0
    others: int = 0
    torn: list[str] = field(default_factory=list)


class Checker:
    """Reads lines."""

    def __init__(self) -> None:
        self.found = Found()
        self.ids = bytearray(GROWTH)

    def take(self, line: bytes) -> None:
        """Read a line."""
        found = self.found
        try:
            record = orjson.loads(line)
        except ValueError:
            if len(found.torn) < TORN_KEPT:
                found.torn.append(line[:80].decode("latin-1"))
            return
        found.lines += 1
        name = record["request_id"]
        if name is not None and name.startswith("s-"):
            number = int(name[2:])
            while number >= len(self.ids):
                self.ids += bytes(GROWTH)
            self.ids[number] = min(255, self.ids[number] + 1)
        elif record["status"] == 0 and (told := DROPPED.match(record["error"] or "")):
            found.dropped += int(told[1])
        elif record["method"] is None and record["status"] == 408:
            found.slow += 1
        elif record["method"] is None:
            found.malformed[f"{record['peer_ip']} {record['peer_port']}"] += 1
        elif record["target"] == "/metrics":
            found.scrapes += 1
        else:
            found.others += 1


def main() -> None:
    folder, checker, rest = Path(sys.argv[1]), Checker(), b""
    while piece := sys.stdin.buffer.read1(PIECE_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            checker.take(line)
    if rest:
        checker.take(rest)
    (folder / "ids").write_bytes(checker.ids)
    (folder / "found.json").write_text(
        json.dumps({one.name: getattr(checker.found, one.name) for one in fields(Found)}), encoding="utf-8"
    )


def read(folder: Path) -> tuple[Found, bytes]:
    """Return what a checker has found."""
    found = Found(**json.loads((folder / "found.json").read_text(encoding="utf-8")))
    found.malformed = Counter(found.malformed)
    return found, (folder / "ids").read_bytes()


if __name__ == "__main__":
    main()
