"""One cluster for all tests: it takes ten seconds and as many of CPU to start."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pipeline.engine import Choice, Engine, open_engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.conftest import table_of
from tests.pipeline.queries.cases import cases, numbered
from tests.spark.cluster import MASTER, ROOT


@pytest.fixture(scope="session", autouse=True)
def conf() -> Iterator[None]:
    """Settings of all that is started here."""
    with mock.patch.dict(os.environ, {"SPARK_CONF_DIR": str(ROOT / "tests" / "spark" / "conf")}):
        yield


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, conf: None) -> Iterator[Choice]:
    """What `--engine spark --master …` is; it starts with the first engine, and ends with the tests."""
    set_up = {
        "SPARK_WORKER_DIR": str(tmp_path_factory.mktemp("workers")),  # of executors, whose logs stand there
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    with mock.patch.dict(os.environ, set_up):
        yield Choice("spark", MASTER)


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """What all examples of queries have, side by side, and lines that are no rows."""
    lake = Lake(str(tmp_path_factory.mktemp("examples") / "lake"))
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


Rows = Iterable[dict[str, Any]]


@pytest.fixture
def lake_of(tmp_path: Path) -> Callable[[Rows], Lake]:
    """A lake that holds the rows given, in a folder whose name is what few programs expect."""

    numbers = count()

    def build(rows: Rows) -> Lake:
        lake = Lake(str(tmp_path / f"a lake {{{next(numbers)},2}} of=x"))
        nothing = rejects_of({field.name: [] for field in REJECT_SCHEMA})
        lake.commit(lake.write(table_of(rows)), nothing, "test", Mark(1, 0), None)
        return lake

    return build


@pytest.fixture
def engines_of(cluster: Choice, lake_of: Callable[[Rows], Lake]) -> Callable[[Rows], tuple[Engine, Engine]]:
    """DuckDB and Spark over a lake that holds the rows given."""

    def build(rows: Rows) -> tuple[Engine, Engine]:
        lake = lake_of(rows)
        return open_engine(lake), open_engine(lake, cluster)

    return build
