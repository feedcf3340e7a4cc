"""Requests with a label: those of the OWASP CRS's regression tests."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from pipeline.rows import HEADERS_TYPE
from pipeline.signatures import BY_ID, signatures_of

CASES = Path(__file__).parents[2] / "tests" / "data" / "attacks" / "crs_requests.jsonl"
# What the CRS puts into one file we tell apart, and the other way round
FAMILIES: dict[str, frozenset[str]] = {
    "sqli": frozenset({"sqli", "nosql"}),
    "xss": frozenset({"xss"}),
    "lfi": frozenset({"traversal", "sensitive", "rfi", "cve", "wordpress"}),
    "rfi": frozenset({"rfi", "ssrf", "traversal"}),
    "php": frozenset({"rce", "rfi", "deserialization", "sensitive"}),
    "rce": frozenset({"rce", "log4shell", "crlf", "traversal"}),
    "generic": frozenset({"rce", "ssrf", "prototype", "nosql", "rfi", "ldap", "xss", "sqli"}),
}
SURE = frozenset({"high", "medium"})  # severities that are told to somebody
HALVES = ("seen", "held out")


class Case(NamedTuple):
    """
    One request.

    attack  it is one of its family; else the test says that a rule of the family must not find it
    half    `seen` when patterns were written, or `held out`
    """

    rule: str
    family: str
    attack: bool
    half: str
    method: str
    target: str
    headers: dict[str, str]


class Count(NamedTuple):
    """How many of some cases: all, found as of the family, found by a signature of the family worth telling."""

    all: int
    found: int
    sure: int


def cases(path: Path = CASES) -> list[Case]:
    """Return the requests of a file, halved by a hash of rule and number."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        half = HALVES[zlib.crc32(f"{row['rule_id']}-{row['test']}".encode()) % 2]
        headers = {name.lower(): value for name, value in (row["headers"] or {}).items()}
        attack = bool(row["expect_ids"])
        found.append(Case(row["rule_id"], row["family"], attack, half, row["method"], row["uri"], headers))
    return found


def judged(rows: Sequence[Case]) -> list[list[str]]:
    """Return the ids that each case matches, as an ingest of them would."""
    headers = [[(name, [value]) for name, value in row.headers.items() if name != "user-agent"] for row in rows]
    return signatures_of(
        {
            "method": pa.array([row.method for row in rows], pa.string()),
            "target": pa.array([row.target for row in rows], pa.string()),
            "protocol": pa.array(["HTTP/1.1"] * len(rows), pa.string()),
            "user_agent": pa.array([row.headers.get("user-agent") for row in rows], pa.string()),
            "headers": pa.array(headers, HEADERS_TYPE),
        }
    ).to_pylist()


def counts(rows: Sequence[Case], answers: Sequence[Sequence[str]]) -> dict[tuple[str, bool, str], Count]:
    """Return (family, attack, half) -> how many."""
    found: dict[tuple[str, bool, str], Count] = {}
    for row, ids in zip(rows, answers, strict=True):
        mine = [one for one in ids if BY_ID[one].family in FAMILIES[row.family]]
        old = found.get((row.family, row.attack, row.half), Count(0, 0, 0))
        sure = any(BY_ID[one].severity in SURE for one in mine)
        found[row.family, row.attack, row.half] = Count(old.all + 1, old.found + bool(mine), old.sure + sure)
    return found
