"""The progress line: on a terminal alone, never wider than it, and gone when anything else is written."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pipeline.progress import CLEAR, EVERY, FIRST_AFTER, Progress, State, clock, line, size_of
from pipeline.sources.folders import Found

STATE = State("access.log.2.gz", 412_000_000, 1_100_000_000, 1_203_000, 310_000.4, 9_500_000.0)
LINE = b'203.0.113.7 - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (100, "access.log.2.gz  37 %  412 MB of 1.1 GB  1,203,000 rows  310,000 rows/s  1:12 left"),
        (70, "37 %  412 MB of 1.1 GB  1,203,000 rows  310,000 rows/s  1:12 left"),
        (60, "37 %  412 MB of 1.1 GB  310,000 rows/s  1:12 left"),
        (40, "37 %  310,000 rows/s  1:12 left"),
        (20, "37 %  1:12 left"),
        (5, "37 %"),
        (4, "37 "),
    ],
)
def test_a_narrow_terminal_sees_what_matters_most(width: int, expected: str) -> None:
    assert line(STATE, width) == expected


def test_of_standard_input_no_end_is_known() -> None:
    assert line(State("-", 5_000, 0, 10, 0.0, 100.0), 80) == "-  5.0 kB  10 rows"


@given(st.text(), st.integers(0, 10**15), st.integers(0, 10**15), st.integers(1, 200))
def test_it_fits(name: str, done: int, total: int, width: int) -> None:
    name = "".join(char for char in name if char.isprintable())
    assert cell_len(line(State(name, done, total, done, 1.0, 1.0), width)) < width


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_400, "99.4 kB"), (999_600, "1.0 MB")]
)
def test_sizes(number: int, text: str) -> None:
    assert size_of(number) == text


def test_times() -> None:
    assert [clock(seconds) for seconds in (0, 65, 3_845)] == ["0:00", "1:05", "1:04:05"]


def test_it_is_shown_a_few_times_a_second_over_all_sources(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(1000))
    out, time = io.StringIO(), [0.0]
    progress = Progress([Found(str(tmp_path / "a")), Found(str(tmp_path / "b"))], out, lambda: time[0], 80)
    progress.begin(str(tmp_path / "a"))
    progress.read(500)
    assert not out.getvalue()
    progress.begin(str(tmp_path / "b"))
    time[0] = FIRST_AFTER
    progress.read(0)
    assert out.getvalue() == f"{CLEAR}b  50 %  1.0 kB of 2.0 kB  0 rows  0:00 left"
    time[0] += EVERY / 2
    progress.added(100)
    assert out.getvalue().count(CLEAR) == 1
    time[0] += EVERY
    progress.read(500)
    assert "75 %" in out.getvalue()
    assert "100 rows  125 rows/s" in out.getvalue()
    progress.clear()
    progress.clear()
    assert out.getvalue().endswith(CLEAR)
    assert out.getvalue().count(CLEAR) == 3


def on_terminal(columns: int, *command: str) -> str:
    """What a command writes to standard error that is a terminal."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    said = b""
    with subprocess.Popen(command, stderr=follower, env=environment) as process:
        os.close(follower)
        try:
            while data := os.read(leader, 65536):
                said += data
        except OSError:  # the other side is closed
            pass
    os.close(leader)
    assert process.returncode == 0
    return said.decode()


SLOWLY = """
import sys
from pipeline import progress
from pipeline.cli import main
progress.FIRST_AFTER = progress.EVERY = 0.0
sys.argv[0] = "whofrom"
main()
"""


def test_on_a_terminal(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(LINE % number for number in range(30_000)))
    command = [sys.executable, "-c", SLOWLY, "ingest", "--no-geo", str(log), "--lake"]
    said = on_terminal(50, *command, str(tmp_path / "lake"))
    *shown, last = said.split(CLEAR)
    assert len(shown) > 2
    assert "100 %" in said
    assert all(cell_len(one) < 50 and "\n" not in one for one in shown)
    assert re.fullmatch(rf"{log}: combined, 30,000 rows, 0 rejects\r\n", last)
    piped = subprocess.run([*command, str(tmp_path / "other")], capture_output=True, check=True)
    assert b"\r" not in piped.stderr
