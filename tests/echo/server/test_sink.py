"""The log: whole lines at intervals, bounded, from many processes, through full disks, slow readers and rotation."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from echo import sink as sinks
from echo.sink import MAX_WRITE_BYTES, Sink, line_end, open_sink

ROOT = Path(__file__).parents[3]


@pytest.fixture
def started():
    """Start sinks; they are closed with the test."""
    made = []

    def start(sink):
        sink.start()
        made.append(sink)
        return sink

    yield start
    for sink in made:
        sink.close(0.1)


def run(steps):
    """Run a coroutine function in a loop of its own, as a worker would."""
    return asyncio.run(steps())


def until(happened, seconds=5):
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_whole_lines_at_intervals(tmp_path, started):
    """Lines are joined and appended after the interval, without being asked."""
    log = tmp_path / "log"
    log.write_bytes(b"old\n")

    async def write():
        sink = started(open_sink(str(log), flush_seconds=0.5))
        sink.write(b"one\n")
        sink.write(b"two\n")
        await asyncio.sleep(0.03)
        assert log.read_bytes() == b"old\n"
        await asyncio.sleep(0.6)
        until(lambda: sink.written)
        assert log.read_bytes() == b"old\none\ntwo\n"
        sink.write(b"three\n")
        assert sink.close() == 0

    run(write)
    assert log.read_bytes() == b"old\none\ntwo\nthree\n"


def test_off():
    """`--log off` writes nothing."""
    assert not open_sink("off").on


@pytest.mark.parametrize(
    ("batch", "start", "end"),
    [
        (b"a\nb\n", 0, 4),
        (b"x" * MAX_WRITE_BYTES + b"\nb\n", 0, MAX_WRITE_BYTES + 1),
        (b"a\n" + b"x" * MAX_WRITE_BYTES + b"\n", 0, 2),
        (b"a\n" + b"x" * MAX_WRITE_BYTES + b"\n", 2, MAX_WRITE_BYTES + 3),
    ],
    ids=["all", "one long line", "before a long line", "the long line"],
)
def test_batches_are_cut_between_lines(batch, start, end):
    """What is written at once is whole lines, and no more than MAX_WRITE_BYTES unless one line is."""
    assert line_end(batch, start) == end


def test_full_log_blocks_and_lets_go(started):
    """Beyond the limit nobody should read requests; half of it written, they may. Nothing is lost."""
    reader, writer = os.pipe()
    room = threading.Event()

    async def write():
        sink = started(Sink(writer, "pipe", limit=300_000, flush_seconds=0.01))
        sink.when_room = room.set
        for number in range(1000):
            sink.write(b"%09d\n" % number + b"x" * 400 + b"\n")
        assert sink.full
        assert sink.pending > 300_000
        await asyncio.sleep(0.05)
        assert not room.is_set()
        return sink

    sink = run(write)
    taken = bytearray()
    while len(taken) < 1000 * 411:
        taken += os.read(reader, 1 << 16)
    until(room.is_set)
    assert not sink.full
    assert [int(line) for line in taken.split(b"\n")[:-1:2]] == list(range(1000))
    os.close(reader)


def test_full_log_drops_the_newest_and_says_how_many(started):
    """Under `drop` what does not fit is lost, counted, and told of in a line once there is room."""
    reader, writer = os.pipe()

    async def write():
        sink = started(Sink(writer, "pipe", limit=200_000, drops=True, flush_seconds=0.01))
        sink.about_dropped = lambda count: b"dropped %d\n" % count
        for number in range(1000):
            sink.write(b"%09d " % number + b"x" * 489 + b"\n")
        await asyncio.sleep(0.05)
        assert not sink.full
        assert sink.dropped == 1000 - 400
        taken = b""
        while taken.count(b"\n") < 400:
            taken += os.read(reader, 1 << 16)
        until(lambda: not sink.pending)  # the reader may have them before the thread says so
        sink.write(b"after\n")
        await asyncio.sleep(0.1)
        return taken + os.read(reader, 1 << 16)

    lines = run(write).splitlines()
    assert [int(line[:9]) for line in lines[:400]] == list(range(400))
    assert sorted(lines[400:]) == [b"after", b"dropped 600"]
    os.close(reader)


def test_a_failing_write_is_said_once_and_tried_again(monkeypatch, capsys, started, tmp_path):
    """A full disk loses nothing: the lines are written when there is room."""
    log, tries = tmp_path / "log", []
    real = os.write

    def failing(descriptor, data):
        tries.append(len(data))
        if len(tries) in (1, 2, 4):
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:3] if len(tries) == 3 else data)  # a disk that fills up takes a part

    monkeypatch.setattr(sinks, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(sinks.os, "write", failing)

    async def write():
        sink = started(open_sink(str(log), flush_seconds=0.01))
        sink.write(b"first\nsecond\n")
        sink.flush()
        until(lambda: sink.written)
        assert sink.failures == 3

    run(write)
    assert log.read_bytes() == b"first\nsecond\n"
    assert capsys.readouterr().err.count("No space left on device") == 1


def test_the_end_does_not_wait_for_ever(started):
    """Where nobody reads the log, the end comes all the same, and says how much is lost."""
    reader, writer = os.pipe()

    async def write():
        sink = started(Sink(writer, "pipe", flush_seconds=0.01))
        sink.write(b"x" * 200_000 + b"\n")
        await asyncio.sleep(0.05)
        return sink.close(0.1)

    assert run(write) == 200_001
    os.close(reader)


def test_reopened_after_rotation(tmp_path, started):
    """What is logged after the log was moved away and opened again is in the new file."""
    log = tmp_path / "log"

    async def write():
        sink = started(open_sink(str(log), flush_seconds=0.01))
        sink.write(b"old\n")
        sink.flush()
        until(lambda: sink.written == 1)
        log.rename(tmp_path / "log.1")
        sink.write(b"still old\n")
        sink.flush()
        until(lambda: sink.written == 2)
        sink.reopen()
        until(log.exists)
        sink.write(b"new\n")
        sink.flush()
        until(lambda: sink.written == 3)

    run(write)
    assert (tmp_path / "log.1").read_bytes() == b"old\nstill old\n"
    assert log.read_bytes() == b"new\n"


def test_a_fifo_waits_for_its_reader(tmp_path, started):
    """A FIFO opens without a reader, and one that comes later gets what was written before."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def write():
        sink = started(open_sink(str(fifo), flush_seconds=0.01))
        sink.write(b"early\n")
        sink.flush()
        until(lambda: sink.written)

    run(write)
    with open_reader(fifo) as reader:
        assert reader.readline() == b"early\n"


def open_reader(path):
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")


# Forks from a process without threads: each child writes lines of one letter, of growing length.
WRITERS = """
import asyncio, os
from echo.sink import Sink

sink, children = Sink(1, "pipe", flush_seconds=0.001), []
async def write(letter):
    sink.start()
    for number in range(60):
        sink.write(letter * (500 * number) + b"\\n")
        if number % 7 == 0:
            await asyncio.sleep(0.002)
    assert sink.close() == 0
for letter in (b"a", b"b", b"c"):
    pid = os.fork()
    if not pid:
        asyncio.run(write(letter))
        os._exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
"""

# A child dies in the middle of a line; then the parent writes.
MURDER = """
import asyncio, os, signal
from echo.sink import Sink

sink = Sink(1, "stdout", flush_seconds=0.01)
if not (pid := os.fork()):
    sink._lock.acquire()
    os.write(1, b"torn")
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(pid, 0)
async def write():
    sink.start()
    sink.write(b"whole\\n")
    await asyncio.sleep(0.05)
    sink.write(b"whole too\\n")
    sink.close()
asyncio.run(write())
"""


def output(script):
    """Run a script in a process of its own and return what it wrote."""
    return subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, check=True, timeout=60, cwd=ROOT
    ).stdout


def test_lines_of_processes_do_not_mix():
    """Several processes on one pipe, lines longer than PIPE_BUF: each line arrives whole."""
    lines = output(WRITERS).splitlines()
    assert len(lines) == 3 * 60
    assert all(len(set(line)) <= 1 for line in lines)


def test_a_line_torn_by_a_death_stands_alone():
    """Who writes after a process that was killed in the middle of a line ends that line first."""
    assert output(MURDER) == b"torn\nwhole\nwhole too\n"
