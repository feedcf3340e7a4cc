"""Run a command and see what it takes: wall and CPU time, and memory at its peak."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SHOWN_CHARS = 2_000  # of what a command that failed has said
SAMPLE_SECONDS = 0.25
FEED_SECONDS = 60  # for the one that feeds to end when its reader has ended
KIB = 1024


class Run(NamedTuple):
    """
    What a command took.

    wall, cpu  seconds; user and system, of it and of the processes that it waited for
    peak       bytes resident at most, in the largest of its processes; never less than of this process, from which it
               was forked: one that measures imports little
    samples    bytes resident each SAMPLE_SECONDS, of the command alone; the kernel rounds them
    said       its standard output and error
    """

    wall: float
    cpu: float
    peak: int
    samples: tuple[int, ...]
    said: str


def run(command: Sequence[str], feed: Sequence[str] | None = None) -> Run:
    """
    Run a command to its end, its standard input from another command if one is given.

    Raises RuntimeError with what it said if it fails.
    """
    with tempfile.TemporaryFile() as said:
        start = time.monotonic()
        source = subprocess.Popen(feed, stdout=subprocess.PIPE) if feed else None
        given = source.stdout if source else subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=given, stdout=said, stderr=subprocess.STDOUT)
        try:
            if source and source.stdout:
                source.stdout.close()  # so that the feed hears when its reader ends
            samples, done = _sampled(process.pid)
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            done.set()
            process.returncode = os.waitstatus_to_exitcode(status)
            if source:
                with suppress(subprocess.TimeoutExpired):
                    source.wait(FEED_SECONDS)
        finally:
            for one in (process, source):
                if one is not None and one.returncode is None:
                    one.kill()
                    one.wait()
        said.seek(0)
        words = said.read().decode("utf-8", "replace")
    for one in (process, source):
        if one is not None and one.returncode:
            named = " ".join(map(str, command if one is process else feed or ()))[:SHOWN_CHARS]
            raise RuntimeError(f"{named}: exit code {one.returncode}: {words[-SHOWN_CHARS:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * KIB, tuple(samples), words)


def _sampled(pid: int) -> tuple[list[int], threading.Event]:
    """Return a list that grows by the process's resident bytes until the event is set or it is gone."""
    samples: list[int] = []
    done = threading.Event()
    path = Path(f"/proc/{pid}/statm")
    page = os.sysconf("SC_PAGE_SIZE")

    def look() -> None:
        while not done.wait(SAMPLE_SECONDS):
            try:
                samples.append(int(path.read_text(encoding="ascii").split()[1]) * page)
            except (OSError, IndexError):
                return

    threading.Thread(target=look, daemon=True).start()
    return samples, done


def module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", f"benchmarks.ingest.{name}", *map(str, arguments)]
