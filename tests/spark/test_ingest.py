"""Ingest on a cluster: the same lake as without one, each line once, whatever is killed meanwhile."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.engine import Choice, open_spread
from pipeline.lake import REQUESTS, Lake
from pipeline.spread import driver
from tests.command import whofrom
from tests.pipeline.sources.servers import STORES
from tests.pipeline.spread.beside import held, ingest
from tests.pipeline.spread.test_driver import log, tree
from tests.spark.cluster import MASTER, ROOT, SPARK

pytestmark = SPARK

SECONDS = 300.0  # a cluster that starts takes ten on a machine that has nothing else to do
EXECUTOR = b"CoarseGrainedExecutorBackend"
# the command with small slices, so that a log of some MB is many tasks
COMMAND = "from pipeline.spread import driver; driver.SLICE_BYTES = 1 << 18; from pipeline.cli import main; main()"


def below(pid: int) -> Iterator[int]:
    """Yield the processes below one, those of its JVM included."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text("ascii").split()):
            yield child
            yield from below(child)


def executors(pid: int) -> list[int]:
    """Return the executors of a driver."""
    return sorted(one for one in below(pid) if EXECUTOR in Path(f"/proc/{one}/cmdline").read_bytes())


def parquet(lake: Lake) -> list[Path]:
    return list(Path(lake.path, REQUESTS).glob("date=*/*.parquet"))


def wait(until: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_cluster_makes_the_same_lake_and_either_way_goes_on(
    cluster: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 1 << 20)
    names, large = tree(tmp_path), tmp_path / "large.log"
    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    text = log(20_000) + b"junk\n" + log(9, first=20_000)
    with open_spread(cluster) as spread:
        for spreads in (spread, spread, None, spread):
            large.write_bytes(text)
            said = [ingest([*names, large], lake, spread=one) for lake, one in zip(lakes, (None, spreads), strict=True)]
            assert said[0] == said[1]
            assert held(lakes[0], cut=True) == held(lakes[1], cut=True)
            text += log(12_000, first=90_000 + len(text)) + b"junk\n"


@pytest.mark.parametrize("kind", STORES)
def test_executors_read_stores_by_themselves(
    kind: str, cluster: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 1 << 19)
    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    with STORES[kind]() as store, open_spread(cluster) as spread:
        store.used(monkeypatch)
        for name, value in store.environ.items():  # as `--conf spark.executorEnv.NAME=VALUE` does
            monkeypatch.setitem(spread._session.spark.sparkContext.environment, name, value)
        store.put("2026/large.log", log(20_000))
        store.put("2026/small.log.gz", gzip.compress(log(900, first=70_000) + b"junk\n"))
        for _ in range(2):
            said = [
                ingest([store.name("2026/")], lake, spread=one) for lake, one in zip(lakes, (None, spread), strict=True)
            ]
            assert said[0] == said[1]
            assert held(lakes[0], cut=True) == held(lakes[1], cut=True)
            store.put("2026/late.log", log(800, first=90_000))
    assert len(held(lakes[1])["rows"]) == 21_700


def test_an_executor_that_is_killed_costs_no_line(
    cluster: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 1 << 19)
    (tmp_path / "large.log").write_bytes(log(40_000) + b"junk\n")
    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    killed: list[int] = []

    def kill() -> None:
        wait(lambda: parquet(lakes[1]))
        killed.append(executors(os.getpid())[0])
        os.kill(killed[0], signal.SIGKILL)

    with open_spread(cluster) as spread:
        assert len(executors(os.getpid())) == 2
        killer = threading.Thread(target=kill)
        killer.start()
        said = ingest([tmp_path / "large.log"], lakes[1], spread=spread)
        killer.join()
    assert killed
    assert said[0].startswith("spark: Lost executor ")
    assert said[1:] == ingest([tmp_path / "large.log"], lakes[0])
    assert held(lakes[0], cut=True) == held(lakes[1], cut=True)
    assert killed[0] not in executors(os.getpid())


def test_a_driver_that_is_killed_is_run_again_and_each_line_is_there_once(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_bytes(log(40_000) + b"junk\n")
    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    first = Path(lakes[1].path, REQUESTS, "_delta_log", f"{1:020}.json")  # the first wave; there are two
    words = ["ingest", "--lake", lakes[1].path, "--no-geo", "--engine", "spark", "--master", MASTER, str(path)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "SPARK_WORKER_DIR": str(tmp_path / "workers")}
    with subprocess.Popen([sys.executable, "-c", COMMAND, *words], env=env, stderr=subprocess.PIPE) as process:
        try:
            wait(lambda: process.poll() is not None or first.exists())
            machines = list(below(process.pid))
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    wait(lambda: not any(Path(f"/proc/{one}").exists() for one in machines))
    assert 0 < len(held(lakes[1])["rows"]) < 40_000
    assert whofrom("ingest", "--lake", lakes[1].path, "--no-geo", path, cwd=tmp_path).returncode == 0
    ingest([path], lakes[0])
    assert held(lakes[0]) == held(lakes[1])
