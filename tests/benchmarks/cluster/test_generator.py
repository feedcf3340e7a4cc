"""Logs of several servers are together the log of one, whatever their number; a proxy has the share it is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cluster.generator import Logs, write
from benchmarks.ingest.generator import CHUNK
from benchmarks.queries.generator import PROXY, generate

ROWS = 3 * CHUNK + 10


def lines(skew: float = 0.0) -> list[bytes]:
    return b"".join(generate(ROWS, 30, 1, skew)).splitlines()


def test_files_hold_what_one_would(tmp_path: Path) -> None:
    paths = write(tmp_path / "logs", Logs(ROWS))
    assert [path.name for path in paths] == ["web-1.log", "web-2.log"]
    found = [path.read_bytes().splitlines() for path in paths]
    assert [len(each) for each in found] == [2 * CHUNK, CHUNK + 10]
    assert sorted(found[0] + found[1]) == sorted(lines())


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_one_proxy_has_its_share_and_all_else_is_as_it_was(share: float) -> None:
    plain, skewed = lines(), lines(share)
    of_proxy = [line.startswith(PROXY.encode() + b" ") for line in skewed]
    assert sum(of_proxy) / ROWS == pytest.approx(share, abs=0.01)
    assert not any(line.startswith(PROXY.encode()) for line in plain)
    for before, after, proxied in zip(plain, skewed, of_proxy, strict=True):
        assert before.split(b" ", 1)[1] == after.split(b" ", 1)[1]
        assert proxied or before == after


@pytest.mark.parametrize("module", ["benchmarks.cluster", "benchmarks.cluster.generator"])
def test_a_command_tells_its_options(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True)
    assert "--rows N" in done.stdout
