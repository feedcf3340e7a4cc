"""A full disk: a clear error, a lake that is read as before, and a next run that goes on."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pipeline.lake.conftest import TOML, WHOFROM

DISK_BYTES = 24 << 20
LINES = 240_000  # two blocks of an ingest, each some 4 MB in the lake
FIRST = 1000  # which are there before the disk is full
SAID = "cannot write: "


class Disk:
    """A small file system of its own, which the processes see that enter the one that mounted it."""

    def __init__(self, where: Path, holder: int) -> None:
        self.where, self._holder = where, holder
        self.inside = Path(f"/proc/{holder}/root{where}")

    def run(self, *args: str | Path) -> subprocess.CompletedProcess[str]:
        inside = ["nsenter", "-t", str(self._holder), "-m"]
        command = [*inside, WHOFROM, *map(str, args), "--lake", str(self.where / "lake")]
        return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)

    def rows(self) -> dict[str, int]:
        said = self.run("sql", "SELECT count(*) AS n, count(DISTINCT target) AS d FROM requests", "-o", "ndjson")
        assert said.returncode == 0, said.stderr
        found: dict[str, int] = json.loads(said.stdout)
        return found


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    where = tmp_path / "disk"
    where.mkdir()
    script = f"mount -t tmpfs -o size={DISK_BYTES} none '{where}' && echo ready && exec sleep 300"
    holder = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            pytest.skip("this system lets nobody mount: " + holder.communicate()[1][:200])
        yield Disk(where, holder.pid)
    finally:
        holder.kill()
        holder.communicate()


def test_a_full_disk(disk: Disk, tmp_path: Path) -> None:
    chance = random.Random(1)
    log, toml, ballast = tmp_path / "access.log", tmp_path / "new.toml", disk.inside / "ballast"
    toml.write_text(TOML)
    line = '10.0.0.7 - - [01/May/2015:10:05:03 +0000] "GET /%d/%x HTTP/1.1" 200 5 "-" "x" "81.2.69.160"\n'
    for begin, end in ((0, FIRST), (FIRST, LINES)):
        with log.open("a") as file:
            for number in range(begin, end):
                file.write(line % (number, chance.getrandbits(200)))
        if not begin:
            assert disk.run("ingest", "--no-geo", log).returncode == 0
    # room for one of the blocks that are left, not for all; two are written at once, and it may be that neither fits
    ballast.write_bytes(bytes(DISK_BYTES - (6 << 20)))
    full = disk.run("ingest", "--no-geo", log)
    assert full.returncode == 1
    assert SAID in full.stderr
    assert "free space or mend the folder, then run again" in full.stderr
    assert "Traceback" not in full.stderr
    first = disk.rows()
    assert FIRST <= first["n"] == first["d"] < LINES
    assert disk.run("ingest", "--no-geo", log).returncode == 1
    before = disk.rows()
    assert first["n"] <= before["n"] == before["d"] < LINES

    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):  # to the last block
            pass
    for change in (("compact",), ("re-resolve", "--no-geo", "--config", toml)):
        changed = disk.run("lake", *change)
        assert changed.returncode == 1
        assert SAID + "No space left on device; free space" in changed.stderr
        assert disk.rows() == before
    assert disk.run("lake", "status").returncode == 0

    ballast.unlink()
    again = disk.run("ingest", "--no-geo", log)
    assert again.returncode == 0, again.stderr
    assert disk.rows() == {"n": LINES, "d": LINES}
