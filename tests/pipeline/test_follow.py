"""`--follow`: every line once and soon, through rotations of each kind, kills and restarts."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault
from pipeline.lake import Lake

WHOFROM = str(Path(sys.executable).parent / "whofrom")
LINE = '10.%d.%d.%d - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'
DEADLINE = 40.0


class Writer:
    """A program that logs, and what rotates its log."""

    def __init__(self, path: Path, written: int = 0) -> None:
        self.path, self.written, self.rotations = path, written, 0
        self.file = path.open("a")

    def write(self, count: int) -> None:
        for number in range(self.written, self.written + count):
            self.file.write(LINE % (number >> 16 & 255, number >> 8 & 255, number & 255, number))
        self.file.flush()
        self.written += count

    def _shift(self) -> None:
        for number in range(self.rotations, 0, -1):
            for suffix in ("", ".gz"):
                old = self.path.with_name(f"{self.path.name}.{number}{suffix}")
                if old.exists():
                    old.rename(self.path.with_name(f"{self.path.name}.{number + 1}{suffix}"))
        self.rotations += 1

    def rename(self) -> None:
        """The writer reopens late: it writes on into the renamed file."""
        self._shift()
        self.path.rename(f"{self.path}.1")
        self.path.touch()
        self.write(3)
        self.file.close()
        self.file = self.path.open("a")

    def copy_truncate(self) -> None:
        self._shift()
        shutil.copyfile(self.path, f"{self.path}.1")
        with self.path.open("r+") as file:
            file.truncate(0)

    def compress(self) -> None:
        old = self.path.with_name(f"{self.path.name}.{self.rotations}")
        if old.exists() and self.rotations > 1:
            old.with_name(f"{old.name}.gz").write_bytes(gzip.compress(old.read_bytes()))
            old.unlink()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    one = Writer(tmp_path / "access.log")
    yield one
    one.file.close()


@contextmanager
def following(lake: Lake, *sources: str) -> Iterator[subprocess.Popen[str]]:
    command = [WHOFROM, "ingest", "--follow", "--no-geo", "--lake", lake.path, *sources]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        process.stderr.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def counts(lake: Lake) -> tuple[int, int, int]:
    try:
        sql = "SELECT count(*) AS n, count(DISTINCT target) AS d, (SELECT count(*) FROM rejects) AS r FROM requests"
        (row,) = Engine(lake).query(sql).to_pylist()
    except LakeFault:
        return 0, 0, 0
    return row["n"], row["d"], row["r"]


def wait_for(lake: Lake, rows: int) -> float:
    """Wait until there are that many rows, none twice; return how long that took."""
    begun, seen = time.monotonic(), set[Path]()
    while time.monotonic() - begun < DEADLINE:
        commits = set(Path(lake.path).glob("*/_delta_log/*.json"))
        if commits != seen and counts(lake)[0] >= rows:
            break
        seen = commits
        time.sleep(0.1)
    assert counts(lake) == (rows, rows, 0)
    return time.monotonic() - begun


def ended(process: subprocess.Popen[str], number: int) -> str:
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    return said


@pytest.mark.timeout(150)
@pytest.mark.parametrize("rotate", [Writer.rename, Writer.copy_truncate])
def test_a_log_is_followed_through_rotations(rotate: Callable[[Writer], None], writer: Writer, lake: Lake) -> None:
    writer.write(20)
    with following(lake, str(writer.path)) as process:
        wait_for(lake, 20)
        for _ in range(3):
            writer.write(5)
            rotate(writer)
            writer.write(30)
            wait_for(lake, writer.written)
        said = ended(process, signal.SIGTERM)
    assert f"total: {writer.written} rows, 0 rejects" in said


@pytest.mark.timeout(60)
def test_lines_are_there_soon_and_whole(writer: Writer, tmp_path: Path, lake: Lake) -> None:
    two = tmp_path / "two.log"
    writer.write(20)
    with following(lake, str(tmp_path)) as process:
        wait_for(lake, 20)
        writer.write(1)
        assert wait_for(lake, 21) < 3.0
        line = LINE % (99, 9, 9, 999_999)
        two.write_text(line + line.replace("/999999", "/1000000")[:60])  # a new log, and the writer in the middle
        wait_for(lake, 22)
        time.sleep(1.5)
        with two.open("a") as file:
            file.write(line.replace("/999999", "/1000000")[60:])
        wait_for(lake, 23)
        ended(process, signal.SIGINT)


@pytest.mark.timeout(60)
def test_what_was_rotated_while_nobody_followed_is_read_to_its_end(writer: Writer, tmp_path: Path, lake: Lake) -> None:
    writer.write(20)
    old = tmp_path / "access.log.7"  # never followed, and not named: left alone
    old.write_text(LINE % (8, 8, 8, 8_000_000))
    os.utime(old, (0, 0))
    with following(lake, str(writer.path)) as process:
        wait_for(lake, 20)
        process.kill()
    writer.write(10)
    for _ in range(3):  # of which two came and went with nobody there
        writer.rename()
        writer.write(20)
    for path in tmp_path.glob("access.log.?"):
        os.utime(path, (0, 0))
    with following(lake, str(writer.path)) as process:
        wait_for(lake, writer.written)
        ended(process, signal.SIGTERM)


@pytest.mark.timeout(60)
def test_a_log_that_is_away_keeps_nothing_from_the_others(writer: Writer, tmp_path: Path, lake: Lake) -> None:
    """At the start, between the names of a rotation, and for good."""
    gone = tmp_path / "gone.log"
    gone.write_text(LINE % (9, 9, 9, 999_999))
    writer.write(20)
    writer.path.rename(f"{writer.path}.1")
    with following(lake, str(gone), str(writer.path)) as process:
        wait_for(lake, 21)  # the rotation was written to until now
        gone.unlink()
        writer.file.close()
        writer.file = writer.path.open("a")
        writer.write(20)
        wait_for(lake, 41)
        writer.rename()
        writer.write(20)
        wait_for(lake, writer.written + 1)
        ended(process, signal.SIGTERM)


@pytest.mark.timeout(60)
def test_a_link_to_a_log_is_followed_with_the_rotations_beside_the_log(tmp_path: Path, lake: Lake) -> None:
    """As a node's /var/log/containers has them."""
    pods, link = tmp_path / "pods" / "0.log", tmp_path / "containers" / "echo.log"
    for folder in (pods.parent, link.parent):
        folder.mkdir()
    link.symlink_to(pods)
    writer = Writer(pods)
    writer.write(20)
    with following(lake, str(link)) as process:
        wait_for(lake, 20)
        process.kill()
    writer.write(10)
    pods.rename(f"{pods}.20261126-041707")
    os.utime(f"{pods}.20261126-041707", (0, 0))
    writer.file.close()
    writer = Writer(pods, writer.written)
    writer.write(5)
    with following(lake, str(link)) as process:
        wait_for(lake, 35)
        ended(process, signal.SIGTERM)
    writer.file.close()


@pytest.mark.timeout(150)
def test_kill_9_under_rotation(writer: Writer, lake: Lake) -> None:
    chance = random.Random(7)
    writer.write(50)
    for _ in range(5):
        with following(lake, f"{writer.path}*") as process:
            until = time.monotonic() + chance.uniform(0.3, 2.5)
            while time.monotonic() < until:
                writer.write(chance.randrange(5, 60))
                time.sleep(0.05)
                if chance.random() < 0.15:
                    chance.choice((writer.rename, writer.copy_truncate, writer.compress))()
                    writer.write(40)
            process.kill()
        rows, distinct, rejected = counts(lake)
        assert rows == distinct <= writer.written
        assert rejected == 0
    with following(lake, f"{writer.path}*") as process:
        wait_for(lake, writer.written)
        ended(process, signal.SIGTERM)


@pytest.mark.timeout(60)
def test_strict_ends_it_and_what_is_no_log_is_told(writer: Writer, tmp_path: Path, lake: Lake) -> None:
    writer.write(20)
    (tmp_path / "error.log").write_text("2015/05/17 10:05:00 [error] 1#1: *1 open() failed\n")
    (tmp_path / "wtmp").write_bytes(b"\7\0\0\0" * 300)
    command = [WHOFROM, "ingest", "--follow", "--strict", "--no-geo", "--lake", lake.path, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lake, 20)
        writer.file.write("junk\n")
        writer.file.flush()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "error.log: skipped: no known log format" in said
    assert "wtmp: skipped: binary" in said
    assert "access.log: line 21, at byte" in said
    assert counts(lake) == (20, 20, 0)


@pytest.mark.timeout(60)
def test_strict_ends_it_at_what_is_compressed_too(writer: Writer, tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "old.gz").write_bytes(gzip.compress((LINE % (1, 1, 1, 1) + "junk\n").encode()))
    command = [WHOFROM, "ingest", "--follow", "--strict", "--no-geo", "--lake", lake.path, f"{tmp_path}/*.gz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "old.gz: line 2, at byte" in done.stderr


@pytest.mark.parametrize("arguments", [["-"], ["--retry-rejects"]])
def test_what_cannot_be_followed_is_refused(arguments: list[str], lake: Lake) -> None:
    command = [WHOFROM, "ingest", "--follow", "--lake", lake.path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--follow: is for files" in done.stderr


def test_nothing_to_follow_is_an_error(tmp_path: Path, lake: Lake) -> None:
    command = [WHOFROM, "ingest", "--follow", "--lake", lake.path, str(tmp_path / "no.log")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no such file" in done.stderr
