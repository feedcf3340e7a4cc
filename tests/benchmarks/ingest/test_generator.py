"""The logs that ingest is measured with: the same each time, whole, and as skewed as they say they are."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks.ingest.generator import CHUNK, FORMATS, generate
from echo.clientip import make_policy
from pipeline.resolve import resolve
from pipeline.sources import FORMATS as KNOWN
from pipeline.sources import sniff

LINES = 2 * CHUNK + 1_000


def log(form: str, lines: int = LINES, days: int = 7, seed: int = 1) -> bytes:
    return b"".join(generate(lines, form, days, seed))


@pytest.fixture(scope="module")
def whole() -> Callable[[str], bytes]:
    """Return what makes a log of LINES of a format, once."""
    return cache(log)


@pytest.fixture(scope="module")
def rows(whole: Callable[[str], bytes]) -> pa.RecordBatch:
    return KNOWN["combined"].parse(whole("combined").splitlines()).batch


def share(column: pa.Array) -> float:
    return pc.mean(pc.cast(pc.fill_null(column, fill_value=False), pa.float64())).as_py()


@pytest.mark.parametrize("form", FORMATS)
def test_a_seed_gives_one_log(form: str) -> None:
    assert log(form, 5_000) == log(form, 5_000) != log(form, 5_000, seed=2)


@pytest.mark.parametrize("lines", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_there_are_as_many_lines_as_asked_for(lines: int) -> None:
    text = log("combined", lines, days=1)
    assert text.count(b"\n") == lines
    assert text.endswith(b"\n" if lines else b"")


@pytest.mark.parametrize("form", FORMATS)
def test_every_line_is_a_row_of_its_format(form: str, whole: Callable[[str], bytes]) -> None:
    lines = whole(form).splitlines()
    assert sniff(lines[:100]).name == form
    parsed = KNOWN[form].parse(lines)
    assert (parsed.batch.num_rows, parsed.rejects) == (LINES, [])


def test_records_have_the_client_that_our_resolver_finds(whole: Callable[[str], bytes]) -> None:
    batch = KNOWN["ndjson"].parse(whole("ndjson").splitlines()).batch
    found = resolve(batch, make_policy(trusted=["10.0.0.0/8"]))
    asked = batch.column("method").is_valid()
    assert found.column("client_ip").filter(asked) == batch.column("client_ip").filter(asked)
    assert set(found.column("client_source").filter(asked).to_pylist()) == {"x-forwarded-for"}


def test_lines_are_as_long_and_as_packable_as_a_real_sites(whole: Callable[[str], bytes]) -> None:
    text = whole("combined")
    assert 180 < len(text) / LINES < 230
    assert 5 < len(text) / len(gzip.compress(text, 6)) < 12


@pytest.mark.parametrize(
    ("what", "expected", "within"),
    [
        (lambda rows: pc.match_substring(rows["peer_ip"], ":"), 0.10, 0.03),
        (lambda rows: pc.match_substring(rows["target"], "/assets/"), 0.26, 0.03),
        (lambda rows: pc.match_substring(rows["target"], "?"), 0.37, 0.03),
        (lambda rows: pc.match_substring(rows["target"], "%C3"), 0.07, 0.02),
        (lambda rows: pc.equal(pc.map_lookup(rows["headers"], "referer", "first").is_null(), True), 0.65, 0.01),
        (lambda rows: pc.match_substring(rows["user_agent"], "\\x22"), 0.003, 0.003),
        (lambda rows: rows["user"].is_valid(), 0.004, 0.004),
        (lambda rows: rows["error"].is_valid(), 0.001, 0.0005),
        (lambda rows: pc.equal(rows["status"], 200), 0.80, 0.01),
        (lambda rows: pc.equal(rows["status"], 304), 0.08, 0.01),
        (lambda rows: pc.equal(rows["status"], 404), 0.05, 0.01),
        (lambda rows: pc.equal(rows["status"], 301), 0.025, 0.005),
        (lambda rows: pc.equal(rows["status"], 302), 0.015, 0.005),
    ],
)
def test_shares_are_as_told(
    rows: pa.RecordBatch, what: Callable[[pa.RecordBatch], pa.Array], expected: float, within: float
) -> None:
    assert share(what(rows)) == pytest.approx(expected, abs=within)


def test_clients_paths_and_agents_are_few_and_many(rows: pa.RecordBatch) -> None:
    counts = Counter(rows["peer_ip"].to_pylist())
    assert 0.02 < max(counts.values()) / LINES < 0.05
    assert len(counts) > LINES / 15
    assert sum(sorted(counts.values())[: len(counts) // 2]) < 0.2 * LINES  # of whom half come about once
    assert 10_000 < pc.count_distinct(rows["target"]).as_py() < 30_100
    assert 1_500 < pc.count_distinct(rows["user_agent"]).as_py() < 3_100


def test_times_follow_the_day_and_the_week(rows: pa.RecordBatch) -> None:
    hours = Counter(pc.hour(rows["ts"]).to_pylist())
    assert max(hours, key=hours.get) == 20
    assert 5 < hours[20] / hours[4] < 8
    days = Counter(pc.day_of_week(rows["ts"]).to_pylist())
    assert days[5] / days[0] == pytest.approx(0.7, abs=0.01)


def test_times_are_in_order_but_for_a_few() -> None:
    text = bytes(next(generate(10_000_000, "combined", 1, 1)))
    seconds = pc.cast(
        pc.cast(KNOWN["combined"].parse(text.splitlines()).batch["ts"], pa.timestamp("s", "UTC")), pa.int64()
    )
    steps = pc.subtract(seconds[1:], seconds[:-1])
    assert 0.01 < share(pc.less(steps, 0)) < 0.03
    assert pc.min(steps).as_py() >= -4


def test_it_is_a_command_that_a_reader_may_leave() -> None:
    made = subprocess.run(
        f"{sys.executable} -m benchmarks.ingest.generator --lines 200000 | head -n 2; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=True,
    )  # fmt: skip
    *lines, code = made.stdout.splitlines()
    assert len(lines) == 2
    assert (made.stderr, code) == ("", "0")
