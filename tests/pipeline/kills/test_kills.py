"""A few kills of each kind; `make kills` has hundreds, in every way to rotate a log and to read it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from tests.pipeline.kills.check import wrongs
from tests.pipeline.kills.log import ROTATIONS, Writer
from tests.pipeline.kills.moments import Folder
from tests.pipeline.kills.shapes import SHAPES, run

QUICK = (
    "compress, glob",
    "kubelet, follow folder",
    "copytruncate, follow",
    "two ingests of one log",
    "ingest beside upkeep",
    "retry of rejects",
)
KILLS = 2


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", QUICK)
def test_every_line_is_there_once_whatever_was_killed(name: str, tmp_path: Path) -> None:
    assert set(QUICK) <= SHAPES.keys()
    assert run(name, tmp_path, KILLS, random.randrange(1 << 30)) >= KILLS


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_the_judge_sees_what_is_lost_twice_or_misplaced(rotation: str, tmp_path: Path, lake: Lake) -> None:
    writer = Writer(tmp_path / "logs" / "access.log", wrapped=rotation == "kubelet", appends="holes" not in rotation)
    writer.write(90)
    ROTATIONS[rotation](writer)
    writer.write(60)
    writer.close()
    logs = sorted((tmp_path / "logs").iterdir(), key=lambda path: -len(path.name))
    for path in logs:
        assert not wrongs(lake, writer.where, ended=False)
        assert wrongs(lake, writer.where, ended=True)
        ingest_source(str(path), lake, Settings())
    assert not wrongs(lake, writer.where, ended=True)
    one = next(iter(writer.where))
    told = {
        "never written": {serial: at for serial, at in writer.where.items() if serial != one},
        "lost": writer.where | {999_999: writer.where[one]},
        "at another offset": writer.where | {one: writer.where[one]._replace(offset=7)},
    }
    for what, where in told.items():
        assert [what in wrong for wrong in wrongs(lake, where, ended=True)] == [True]
    twice = tmp_path / "twice.log"
    twice.write_text('1.2.3.4 - - [06/Nov/2026:10:05:03 +0000] "GET /1 HTTP/1.1" 200 5 "-" "x"\n')
    ingest_source(str(twice), lake, Settings())
    assert "1 lines twice: [1]" in wrongs(lake, writer.where, ended=True, places=False)[0]


def test_each_new_file_is_seen_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "lake")
    assert folder.new() == []
    for number in range(300):
        name = f"requests/date={number % 7}/{number}"
        path = tmp_path / "lake" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        assert folder.new() == [name]
        assert folder.new() == []
