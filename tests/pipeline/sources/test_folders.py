"""Which logs a folder holds, and in which order; what is compressed is known by its bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipeline.cli import whofrom
from pipeline.engine.duckdb import Engine
from pipeline.errors import SourceFault
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from pipeline.sources.folders import Found, age, expand
from pipeline.sources.opening import opened

LINE = '203.0.113.7 - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'


def log_of(first: int, count: int = 40) -> bytes:
    return "".join(LINE % number for number in range(first, first + count)).encode()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return bytes(sink.getvalue().to_pybytes())


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def test_sources_are_files_globs_and_standard_input(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c.txt"):
        (tmp_path / name).touch()
    found = expand([f"{tmp_path}/*.log", f"{tmp_path}/a.log", "-"])
    assert found == [Found(f"{tmp_path}/a.log"), Found(f"{tmp_path}/b.log"), Found("-")]
    with pytest.raises(SourceFault, match="no such file"):
        expand([f"{tmp_path}/*.gz"])


@pytest.mark.parametrize(
    "names",
    [
        ["access.log.10.gz", "access.log.2.gz", "access.log.1", "access.log", "error.log.1", "error.log"],
        ["access.2.log.zst", "access.1.log", "access.log"],
        ["access.log-20251231.gz", "access.log-20260101", "access.log"],
        ["access-2026-01-01.log", "access-2026-01-02.log", "access.log"],
        ["0.log.20261125-235959.gz", "0.log.20261126-030000.gz", "0.log"],
        ["access-2026-11-26T03-00-00.000.log.gz", "access-2026-11-26T04-00-00.000.log", "access.log"],
    ],
)
def test_the_oldest_rotation_comes_first(names: list[str]) -> None:
    assert sorted(sorted(names), key=age) == names


def test_what_is_no_log_is_passed_over_and_told(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "deep" / "er").mkdir(parents=True)
    for name in ("access.log", "access.log.1", "deep/er/site.log"):
        (logs / name).write_bytes(log_of(0))
    (logs / "hole.log").write_bytes(b"\0" * 100 + log_of(0))
    (logs / "wtmp").write_bytes(b"\7\0\0\0" * 300)
    (logs / "picture.gz").write_bytes(gzip.compress(b"\x89PNG\0\0"))
    (logs / "again.log").hardlink_to(logs / "access.log")
    (logs / "link.log").symlink_to("/nowhere")
    (logs / "round").symlink_to(logs)
    (logs / "lake" / "requests" / "_delta_log").mkdir(parents=True)
    (logs / "lake" / "maintenance.lock").write_bytes(b"whofrom lake compact\n")
    os.mkfifo(logs / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(logs / "socket"))
        told: dict[str, str] = {}
        found = expand([str(logs)], lambda name, why: told.update({os.path.relpath(name, logs): why}))
    names = [os.path.relpath(one.name, logs) for one in found]
    same = {"access.log", "again.log"} & told.keys()
    assert sorted([*names, *same]) == ["access.log", "access.log.1", "again.log", "deep/er/site.log", "hole.log"]
    assert all(one.listed for one in found)
    (one,) = same
    assert told == {
        one: "the same file as another of them",
        "wtmp": "binary",
        "picture.gz": "binary",
        "link.log": "a link to nothing",
        "round": "a link to a folder",
        "lake": "a lake, or a Delta table",
        "pipe": "no ordinary file",
        "socket": "no ordinary file",
    }


def test_a_folder_without_a_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceFault, match="no log in this folder"):
        expand([str(tmp_path)])


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_bytes(log_of(0))
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(SourceFault, match="closed: cannot read the folder: Permission denied"):
        expand([str(tmp_path)])


def test_a_folder_is_ingested_without_what_is_of_no_format(tmp_path: Path) -> None:
    logs = tmp_path / "nginx"
    logs.mkdir()
    (logs / "access.log").write_bytes(log_of(80))
    (logs / "access.log.1").write_bytes(log_of(40))
    (logs / "access.log.2.gz").write_bytes(gzip.compress(log_of(0)))
    (logs / "error.log").write_bytes(b"2015/05/17 10:05:00 [error] 1#1: *1 open() failed\n")
    arguments = [str(logs), "--no-geo", "--lake", str(logs / "lake")]
    done = CliRunner().invoke(whofrom, ["ingest", *arguments])
    assert done.exit_code == 0
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        *(str(logs / name) for name in ("access.log.2.gz", "access.log.1", "access.log", "error.log")),
        "total",
    ]
    assert f"{logs}/error.log: skipped: no known log format" in done.stderr
    rows = Engine(Lake(str(logs / "lake"))).query("SELECT count(DISTINCT target) AS n, count(*) AS m FROM requests")
    assert rows.to_pylist() == [{"n": 120, "m": 120}]
    again = CliRunner().invoke(whofrom, ["ingest", *arguments])
    assert again.exit_code == 0
    assert f"{logs}/lake: skipped: a lake" in again.stderr
    assert "total: 0 rows, 0 rejects" in again.stderr


@pytest.mark.parametrize("name", list(COMPRESSIONS))
def test_compressed_parts_one_behind_another_are_one_log(name: str, tmp_path: Path) -> None:
    pack = COMPRESSIONS[name]
    path = tmp_path / "access.log"
    path.write_bytes(pack(b"one\n") + pack(b"two\n"))
    with opened(str(path)) as (stream, growing):
        assert stream.read() == b"one\ntwo\n"
        assert not growing


@pytest.mark.parametrize("name", list(COMPRESSIONS))
def test_a_log_that_rotation_has_compressed_is_the_same_log(name: str, tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "access.log").write_bytes(log_of(0))
    ingest_source(str(tmp_path / "access.log"), lake, Settings())
    (tmp_path / "access.log.2").write_bytes(COMPRESSIONS[name](log_of(0, 41)))
    outcome = ingest_source(str(tmp_path / "access.log.2"), lake, Settings())
    assert (outcome.rows, outcome.rejects) == (1, 0)


@pytest.mark.parametrize("name", list(COMPRESSIONS))
def test_a_compressed_log_cut_short_or_broken_adds_nothing(name: str, tmp_path: Path, lake: Lake) -> None:
    path = tmp_path / "access.log"
    whole = COMPRESSIONS[name](log_of(0, 2000))
    path.write_bytes(whole[:-9])
    with pytest.raises(SourceFault, match=rf"the {name} ends before its end; fetch it again.*cat "):
        ingest_source(str(path), lake, Settings())
    path.write_bytes(whole[:40] + bytes(byte ^ 0x55 for byte in whole[40:60]) + whole[60:])
    with pytest.raises(SourceFault, match=rf"the {name} (is broken|ends before its end)"):
        ingest_source(str(path), lake, Settings())
    assert not Path(lake.path).exists()
