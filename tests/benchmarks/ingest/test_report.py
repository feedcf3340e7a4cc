"""The report of the bench of ingest: ratios are those within a turn, and a candidate that failed is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks.ingest import report
from benchmarks.ingest.candidates import CSV, GEO, OURS, PATTERN, PLAIN, Taken, candidates
from benchmarks.ingest.memory import Piped
from benchmarks.ingest.process import Run
from benchmarks.ingest.queries import Asked

GIB = 1 << 30


def run(wall: float, cpu: float = 1.0, peak: int = 100 << 20) -> Run:
    return Run(wall, cpu, peak, (), "")


def row(text: str, name: str) -> list[str]:
    """The cells of the line of a table that begins with a name."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_what_is_not_there_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    text = report.head(datetime(2026, 1, 2, tzinfo=UTC), "", None)
    assert text.startswith("# 2026-01-02, ingest\n")
    assert "duckdb " in text
    assert "goaccess" not in text
    assert text.endswith("Geo: none.\n")
    assert [one.name for one in candidates(None, None)] == [OURS, CSV, PATTERN]


def test_others_are_compared_within_a_turn() -> None:
    found = {
        OURS: [Taken(run(1, cpu=2), 200), Taken(run(10, cpu=20), 200)],
        GEO: [Taken(run(6, cpu=6), 0), Taken(run(40, cpu=40), 0)],
        PLAIN: [Taken(run(4, cpu=4), 0)],
        CSV: [Taken(run(0.5, cpu=1), 100), Taken(run(2, cpu=4), 100)],
    }
    text, said = report.peers(found, {"ClickHouse": "no\nsuch function"}, 10, 2000)
    assert row(text, OURS)[1:4] == ["1.00 ×", "1100000.00 (200000.00–2000000.00)", "1.00 ×"]
    assert [row(text, name)[1] for name in (GEO, PLAIN, CSV)] == ["5.00 ×", "4.00 ×", "0.35 ×"]
    assert [row(text, name)[3] for name in (GEO, PLAIN, CSV)] == ["2.50 ×", "2.00 ×", "0.35 ×"]
    assert row(text, OURS)[0] == "6 (1–10)"
    assert row(text, CSV)[-1] == "10.0"
    assert said[0].startswith("5.0 × GoAccess's lines/s")
    assert said[1].startswith("3.5 × the time of DuckDB's")
    assert "- ClickHouse FAILED: no such function" in text


def test_end_to_end_has_the_lake_beside_gzip() -> None:
    log = report.Ended(
        "combined", 1_000_000, [Taken(run(4, cpu=8), 25_000_000)], {"plain": 226e6, "gzip": 50e6, "zstd": 40e6}
    )
    text, said = report.ends([log])
    assert row(text, "combined") == [
        "1,000,000", "250,000 (250,000–250,000)", "56", "8.00 (8.00–8.00)", "2.00", "100", "226.0", "50.0", "40.0",
        "25.0", "0.50 ×",
    ]  # fmt: skip
    assert said == ["250,000 combined lines/s end to end (aim 300,000)"]


def test_stages_add_up() -> None:
    spent = {"read": [1.0, 1.0], "parse": [2.0, 3.0], "rest": [0.0, 0.0]}
    text = report.stages([report.Staged("combined", 1_000_000, spent)])
    assert row(text, "read") == ["1.00", "25%", "1,000,000"]
    assert row(text, "rest") == ["0.00", "0%", ""]
    assert row(text, "all") == ["4.00", "100%", "333,333"]


def test_memory_names_its_limit() -> None:
    text, said = report.memory(
        Piped(run(100, cpu=150, peak=GIB), 50_000_000, 11_000_000_000, 10**9, GIB // 2, GIB // 2)
    )
    assert "500,000 lines/s, 3.00 µs of CPU a line" in " ".join(text.split())
    assert said == ["1,024 MiB at most for 11.0 GB (limit 1,536)"]


def test_queries_are_compared_in_a_round() -> None:
    found = [Asked("top 100 clients", run(2, peak=GIB), run(1), 100), Asked("top 100 clients", run(9), run(3), 100)]
    text = report.queries(found, 100_000_000, 1_400)
    assert row(text, "top 100 clients") == ["100", "5.50 (2.00–9.00)", "1,024", "2.00 (1.00–3.00)", "100", "2.50 ×"]
    assert max(map(len, text.split("\n\n")[1].splitlines())) <= 120
