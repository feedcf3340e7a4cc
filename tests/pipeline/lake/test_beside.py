"""Whole processes at once: ingests, queries, a keeper that is killed at random instants. No row lost, none twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from echo.clientip import load_config
from pipeline.lake import Lake
from tests.pipeline.lake.conftest import TOML, WHOFROM, Said

INGESTS, ROUNDS, LINES = 2, 30, 20
KEEPERS, KILLED = 12, 8  # runs of a keeper beside them, how many of those are killed

INGEST = """
import sys, time
from pathlib import Path
from pipeline.ingest import ingest_source
from pipeline.settings import Settings
from pipeline.lake import Lake
lake, log, number, rounds, lines = Lake(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])
line = '10.0.0.%d - - [%02d/May/%d:10:05:03 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x" "81.2.69.160"\\n'
for turn in range(rounds):
    with log.open("a") as file:
        for n in range(lines):
            # every fourth row is of a date that is to expire
            file.write(line % (number, 1 + n % 3, 2015 - (n % 4 == 3), number * 1_000_000 + turn * lines + n))
    ingest_source(str(log), lake, Settings())
    time.sleep(0.05)
"""
QUERY = """
import sys
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake
last = 0
for line in iter(sys.stdin.readline, "stop\\n"):
    engine = Engine(Lake(sys.argv[1]))
    for _ in range(2):
        row, = engine.query(sys.argv[2]).to_pylist()
        assert row["n"] == row["d"] >= last, (row, last)
        last = row["n"]
    print(last, flush=True)
"""


COUNTED = "SELECT count(*) AS n, count(DISTINCT target) AS d FROM requests WHERE date >= DATE '2015-01-01'"


def started(code: str, *args: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], text=True, stderr=subprocess.PIPE, **options)


@pytest.mark.timeout(240)
def test_ingests_queries_and_a_keeper_that_is_killed(
    lake: Lake, tmp_path: Path, sql: Callable[[str], list[dict[str, Any]]], whofrom: Callable[..., Said]
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    configs = [tmp_path / "one.toml", tmp_path / "two.toml"]
    configs[0].write_text(TOML)
    configs[1].write_text(TOML.replace('"nodes"]', '"nodes", "81.2.69.0/24"]'))
    (tmp_path / "first.log").write_text(
        '10.0.0.9 - - [01/May/2015:10:05:03 +0000] "GET /first HTTP/1.1" 200 5 "-" "x"\n'
    )
    subprocess.run([WHOFROM, "ingest", "--no-geo", "--lake", lake.path, str(tmp_path / "first.log")], check=True)
    ingests = [started(INGEST, lake.path, tmp_path / f"{n}.log", n, ROUNDS, LINES) for n in range(INGESTS)]
    query = started(QUERY, lake.path, COUNTED, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert query.stdin is not None
    assert query.stdout is not None
    days = (datetime.now(UTC).date() - date(2015, 1, 1)).days
    old = ["expire", "--keep", f"{days}d"]
    kept = [*(["re-resolve", "--no-geo", "--config", str(config)] for config in configs), ["compact"], old]
    seen = []
    for number in range(KEEPERS):
        command = kept[number % len(kept)]
        keeper = subprocess.Popen(
            [WHOFROM, "lake", *command, "--lake", lake.path],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if number < KILLED:
            time.sleep(chance.uniform(0.3, 1.2))  # from before its first look at the lake until after its last commit
            keeper.kill()
        said = keeper.communicate()[1]
        assert keeper.returncode in ({0, -9} if number < KILLED else {0}), said
        query.stdin.write("again\n")
        query.stdin.flush()
        seen.append(int(query.stdout.readline() or -1))
    assert seen == sorted(seen), (seed, seen)
    assert seen[0] >= 0, query.communicate("stop\n")[1]
    for ingest in ingests:
        assert ingest.wait(60) == 0, ingest.communicate()[1]
        ingest.communicate()
    said = query.communicate("stop\n")[1]
    assert query.returncode == 0, (seed, said)

    expected = 1 + INGESTS * ROUNDS * LINES * 3 // 4
    assert sql(COUNTED) == [{"n": expected, "d": expected}], seed
    whofrom("re-resolve", "--no-geo", "--config", str(configs[0]))
    whofrom("compact")
    whofrom(*old)
    assert sql(COUNTED) == [{"n": expected, "d": expected}], seed
    policy = load_config(str(configs[0])).policy
    assert sql("SELECT policy, count(*) AS n FROM requests GROUP BY policy") == [{"policy": policy.id, "n": expected}]
    (row,) = whofrom("status").rows
    assert (row["rows"], row["small_files"], row["dates"]) == (expected, 0, 3)
