"""Lakes out of combined lines with X-Forwarded-For behind them, and the command in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from echo.clientip import Policy
from pipeline.engine.duckdb import Engine
from pipeline.geo import Geo
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from tests import command

WHOFROM = str(Path(sys.executable).parent / "whofrom")
LINE = '%s - - [%02d/May/2015:10:05:03 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x" "%s"\n'
NODE, CLIENT = "10.0.0.7", "81.2.69.160"  # the client is in London by the test database
TOML = '[network]\nnodes = ["10.0.0.0/8"]\n[trust]\nranges = ["nodes"]\n'


class Said(NamedTuple):
    """What a command said and how it ended."""

    code: int
    rows: list[dict[str, Any]]
    words: str


@pytest.fixture
def sql(lake: Lake) -> Callable[[str], list[dict[str, Any]]]:
    return lambda statement: list(Engine(lake).query(statement).to_pylist())


@pytest.fixture
def whofrom(lake: Lake) -> Callable[..., Said]:
    def run(*args: str, code: int = 0) -> Said:
        done = command.whofrom("lake", *args, "--lake", lake.path, cwd=Path.cwd())
        assert done.returncode == code, done.stderr
        return Said(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)

    return run


@pytest.fixture
def put(lake: Lake, tmp_path: Path) -> Callable[..., None]:
    """Ingest lines of the days given, each with its day's number of the run; every call is a log, and a commit."""
    logs: list[Path] = []

    def add(
        days: Sequence[int],
        peer: str = NODE,
        forwarded: str = CLIENT,
        policy: Policy | None = None,
        geo: Geo | None = None,
        junk: int = 0,
    ) -> None:
        log = tmp_path / f"{len(logs)}.log"
        logs.append(log)
        lines = [LINE % (peer, day, 1000 * len(logs) + number, forwarded) for number, day in enumerate(days)]
        log.write_text("".join(lines) + "junk\n" * junk)
        ingest_source(str(log), lake, Settings(policy, geo=geo))

    return add


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "new.toml"
    path.write_text(TOML)
    return path
