"""Folders that statements spill to: gone in the end, and gone at the next start where there was no end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipeline.engine.spill import LOCK, PREFIX, UNLOCKED_SECONDS, is_left, make_spill
from tests.pipeline import shop

WHOFROM = str(Path(sys.executable).parent / "whofrom")
ENDLESS = "SELECT count(*) FROM requests a, requests b, requests c WHERE a.target > b.target AND b.target > c.target"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "tmp"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


def folders(temporary: Path) -> list[Path]:
    return [path for path in temporary.iterdir() if path.name.startswith(PREFIX)]


def test_what_a_killed_process_left_is_removed_by_the_next_one_and_nothing_else(
    temporary: Path, tmp_path: Path
) -> None:
    shop.make(str(tmp_path / "lake"))
    mine = make_spill()
    assert mine is not None
    (mine.path / "duckdb_temp_storage-0.tmp").write_bytes(b"x" * 1000)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / LOCK).touch()
    (temporary / f"{PREFIX}link").symlink_to(precious)
    (temporary / f"{PREFIX}file").write_text("no folder")
    young = temporary / f"{PREFIX}young"
    young.mkdir()
    old = temporary / f"{PREFIX}old"
    old.mkdir()
    os.utime(old, (time.time() - UNLOCKED_SECONDS - 60,) * 2)
    kept = {mine.path, young, temporary / f"{PREFIX}link", temporary / f"{PREFIX}file"}

    for number in (signal.SIGKILL, signal.SIGTERM):
        before = set(folders(temporary))
        with subprocess.Popen([WHOFROM, "sql", "--lake", str(tmp_path / "lake"), ENDLESS]) as process:
            deadline = time.monotonic() + 60
            while not any((path / LOCK).exists() for path in set(folders(temporary)) - before):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(0.5)
            process.send_signal(number)
        if number == signal.SIGKILL:
            assert len(set(folders(temporary)) - kept) == 1, "old is gone, that of the killed one is not"
        else:
            assert process.returncode == 128 + signal.SIGTERM
            assert set(folders(temporary)) == kept
    assert (precious / LOCK).exists()
    mine.remove()
    assert not mine.path.exists()


def test_without_a_folder_statements_run_in_memory(temporary: Path) -> None:
    temporary.rmdir()
    assert make_spill() is None


def test_a_folder_that_goes_while_it_is_looked_at_is_none_of_ours(temporary: Path) -> None:
    """Another process ends, or sweeps, at the same time."""
    (temporary / f"{PREFIX}gone").mkdir()
    with os.scandir(temporary) as found:
        (entry,) = found
    (temporary / f"{PREFIX}gone").rmdir()
    assert not is_left(entry)
