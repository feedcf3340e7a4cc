"""The commands over one lake: what they print on Spark is what they print on DuckDB, but for the last digits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.engine import Choice
from pipeline.lake import Lake
from tests.command import whofrom
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


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_prints_on_spark_what_it_prints_on_duckdb(
    words: tuple[str, ...], examples: Lake, cluster: Choice, tmp_path: Path
) -> None:
    def run(words: tuple[str, ...], *engine: str) -> tuple[str, str, int]:
        done = whofrom(*words, "--lake", examples.path, *engine, cwd=tmp_path)
        return done.stdout, done.stderr, done.returncode

    if "ID" in words:
        found = json.loads(run(FINDINGS)[0].splitlines()[0])
        words = tuple(found["id"] if word == "ID" else word for word in words)
    printed, *rest = run(words)
    assert printed, rest
    on_spark, *rest_on_spark = run(words, "--engine", "spark", "--master", cluster.master)
    assert texts_and_numbers(on_spark) == close(texts_and_numbers(printed))
    assert rest_on_spark == rest
