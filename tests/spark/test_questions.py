"""The commands over one lake: what they print on Spark is what they print on DuckDB, but for the last digits."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.engine import Choice
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.command import whofrom
from tests.pipeline.conftest import table_of
from tests.pipeline.queries.cases import cases, numbered
from tests.spark.close import close
from tests.spark.cluster import SPARK

pytestmark = SPARK
FINDINGS = ("logins", "--all", "-o", "ndjson")
COMMANDS = (
    ("regions",),
    ("regions", "--by", "asn", "--every", "day", "-o", "csv"),
    ("regions", "--by", "city", "--versus", "7d", "-o", "json"),
    FINDINGS,
    ("logins", "explain", "ID"),
    ("attacks",),
    ("trace", "203.0.113.9", "--full"),
    ("trace", "alice", "--no-alerts"),
    ("blocklist", "nftables", "--at", "2026-03-02T16:00:00Z"),
    ("alerts", "--dry-run", "--all", "-o", "ndjson"),
    ("rejects",),
    ("rejects", "--raw", "-o", "csv"),
    ("sql", "-o", "csv", "SELECT * FROM sessions ORDER BY ALL"),
)


FRACTION = re.compile(r"(?<=[:,\[])(\d+\.\d+)(?=[,}\]\n])")  # of JSON and of CSV


def texts_and_numbers(text: str) -> list[str | float]:
    """Return a text in parts: what is between numbers with a fraction, and these."""
    return [float(part) if number % 2 else part for number, part in enumerate(FRACTION.split(text))]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """What all examples of queries have, side by side, and lines that are no rows."""
    lake = Lake(str(tmp_path_factory.mktemp("questions") / "lake"))
    rows = [{**row, "source": str(case)} for case in cases() for row in numbered(case.rows)]
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    rejected = [
        {
            "source": f"log-{number % 2}", "source_offset": 100 * number, "line": number + 1,
            "reason": f"field {number % 3}: no number", "raw": '"\\x1b[31m" é ' + "x" * number,
            "ingested_at": moment + timedelta(seconds=number), "format": "combined",
        }
        for number in range(12)
    ]  # fmt: skip
    rejects = rejects_of({field.name: [row.get(field.name) for row in rejected] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of(rows)), rejects, "log", Mark(1, 0), None)
    return lake


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_prints_on_spark_what_it_prints_on_duckdb(
    words: tuple[str, ...], lake: Lake, cluster: Choice, tmp_path: Path
) -> None:
    def run(words: tuple[str, ...], *engine: str) -> tuple[str, str, int]:
        done = whofrom(*words, "--lake", lake.path, *engine, cwd=tmp_path)
        return done.stdout, done.stderr, done.returncode

    if "ID" in words:
        found = json.loads(run(FINDINGS)[0].splitlines()[0])
        words = tuple(found["id"] if word == "ID" else word for word in words)
    printed, *rest = run(words)
    assert printed, rest
    on_spark, *rest_on_spark = run(words, "--engine", "spark", "--master", cluster.master)
    assert texts_and_numbers(on_spark) == close(texts_and_numbers(printed))
    assert rest_on_spark == rest
