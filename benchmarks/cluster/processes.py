"""
CPU and memory of a command and all that it started, by kind of process, from outside.

Spark counts the CPU of its executors' JVMs and nothing of Python's. The kernel counts all: each process of the
command's session is looked at as long as it lives. What one takes after the last look at it, at most LOOK_SECONDS of
time, is not counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 0.25
END_SECONDS = 20  # for what a command leaves behind to end by itself
SHOWN_CHARS = 2_000  # of what a command that failed has said
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
COMMAND, DRIVER, EXECUTOR, PYTHON = KINDS = ("command", "driver", "executors", "Python workers")
# what stands in a process's command line -> its kind; the command itself and what it else starts has none of them
MARKS = (
    (b"executor.CoarseGrainedExecutorBackend", EXECUTOR),
    (b"org.apache.spark.deploy.SparkSubmit", DRIVER),
    (b"benchmarks.cluster.daemon", PYTHON),
    (b"pyspark.daemon", PYTHON),
)


class Spent(NamedTuple):
    """
    What a command took.

    wall  seconds from its start to its end
    cpu   kind of process -> seconds of CPU, user and system, of all of that kind
    peak  kind of process -> most bytes resident in one of that kind
    said  its standard output
    told  its standard error
    """

    wall: float
    cpu: Mapping[str, float]
    peak: Mapping[str, int]
    said: str
    told: str

    @property
    def whole(self) -> float:
        """Seconds of CPU of all."""
        return sum(self.cpu.values())


class _Look:
    """One process as it was last seen."""

    def __init__(self) -> None:
        self.cpu, self.peak, self.kind = 0.0, 0, COMMAND


def spent(command: Sequence[str], environment: Mapping[str, str], limit: float | None = None) -> Spent:
    """
    Run a command to its end in a session of its own, for so many seconds at most.

    Raises RuntimeError with what it said if it fails, or has not ended by then.
    """
    seen: dict[tuple[int, bytes], _Look] = {}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environment), start_new_session=True
        )
        done = threading.Event()
        looking = threading.Thread(target=_watch, args=(process.pid, seen, done), daemon=True)
        looking.start()
        try:
            process.wait(limit)
            wall = time.monotonic() - start
        except subprocess.TimeoutExpired:
            for pid in members(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise RuntimeError(f"{' '.join(command)}: not done after {limit:,.0f} s") from None
        finally:
            _end(process.pid)
            done.set()
            looking.join()
            process.wait()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}: {texts[1][-SHOWN_CHARS:]}")
    cpu, peak = dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0)
    for one in seen.values():
        cpu[one.kind] += one.cpu
        peak[one.kind] = max(peak[one.kind], one.peak)
    return Spent(wall, cpu, peak, *texts)


def _watch(session: int, seen: dict[tuple[int, bytes], _Look], done: threading.Event) -> None:
    while True:
        for pid in members(session):
            _look(pid, seen)
        if done.wait(LOOK_SECONDS):
            return


def _look(pid: int, seen: dict[tuple[int, bytes], _Look]) -> None:
    place = Path(f"/proc/{pid}")
    with suppress(OSError, IndexError, ValueError):  # it has ended
        fields = _fields(place)
        one = seen.setdefault((pid, fields[19]), _Look())  # a number is given again, with another time of start
        one.cpu = max(one.cpu, (int(fields[11]) + int(fields[12])) / TICK)
        one.peak = max(one.peak, int(fields[21]) * PAGE)
        words = (place / "cmdline").read_bytes()
        # a process is what it was last: it is forked as one and becomes another
        one.kind = next((kind for mark, kind in MARKS if mark in words), COMMAND) if words else one.kind


def members(session: int) -> list[int]:
    """Return the processes of a session."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                if int(_fields(place)[3]) == session:
                    found.append(int(place.name))
    return found


def _fields(place: Path) -> list[bytes]:
    """Return the fields of /proc/PID/stat from the state on; the name before it may hold anything."""
    return (place / "stat").read_bytes().rpartition(b")")[2].split()


def _end(session: int) -> None:
    """Wait for all of a session to end, then make them."""
    deadline = time.monotonic() + END_SECONDS
    while left := [pid for pid in members(session) if not dead(pid)]:
        if time.monotonic() > deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)


def dead(pid: int) -> bool:
    """Return whether a process has ended, heard by its parent or not."""
    try:
        return _fields(Path(f"/proc/{pid}"))[0] == b"Z"
    except (OSError, IndexError):
        return True
