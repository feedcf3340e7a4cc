"""Files take their place, links stay links, and devices stay devices: also for root, who could exchange them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.commands.results import destination
from pipeline.exports.files import replace
from pipeline.targets import in_place


@pytest.mark.parametrize(
    "path", ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/1", "/dev/full"]
)
def test_devices_and_descriptors_are_written_in_place(path: str, tmp_path: Path) -> None:
    """Where standard output is a plain file, /dev/stdout looks like one."""
    with (tmp_path / "out").open("w") as out:
        code = f"from pathlib import Path\nfrom pipeline.targets import in_place\nassert in_place(Path({path!r}))"
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)


def test_a_plain_file_is_exchanged_also_in_shared_memory(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    assert not in_place(tmp_path / "x")
    assert not in_place(tmp_path / "new")
    assert not in_place(Path("/dev/shm/x"))


def test_a_pipe_is_written_in_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert in_place(tmp_path / "pipe")


def test_standard_output_that_is_a_file_is_added_to(tmp_path: Path) -> None:
    """As `>> FILE` asks. (Through /proc: a mistake here shall not exchange the machine's /dev/stdout.)"""
    log = tmp_path / "log"
    log.write_text("before\n")
    code = (
        "from pipeline.commands.results import destination\nfrom pipeline.exports.files import replace\n"
        "with destination('/proc/self/fd/1') as out: out.write('one\\n')\nreplace('/proc/self/fd/1', 'two\\n')"
    )
    with log.open("a") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert log.read_text() == "before\none\ntwo\n"


def test_a_link_stays_one_and_what_it_leads_to_is_exchanged(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("real")
    with destination(str(tmp_path / "current")) as out:
        out.write("one")
    assert (tmp_path / "current").is_symlink()
    assert (tmp_path / "real").read_text() == "one"
    replace(str(tmp_path / "current"), "two")
    assert (tmp_path / "current").is_symlink()
    assert (tmp_path / "real").read_text() == "two"
