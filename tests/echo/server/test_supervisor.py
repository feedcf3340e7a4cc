"""The process that starts the workers; each in a process of its own, as it forks."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# A supervisor whose only worker does what the argument says; it writes a line for each worker that begins.
SCRIPT = """
import os, signal, sys, time
from echo import supervisor

supervisor.LATE_SECONDS = 0.3

def run(index, alive):
    ends = signal.SIG_IGN if sys.argv[1] == "hangs" else lambda *_: os._exit(0)
    signal.signal(signal.SIGTERM, ends)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
    os.write(1, b"worker %d\\n" % os.getpid())
    if sys.argv[1] == "waits":
        os.read(alive, 1)  # ends with the supervisor
        os.write(1, b"alone\\n")
    time.sleep(60)
    return 0

restarted = lambda index: os.write(1, b"restarted\\n")
one = supervisor.Supervisor(1, run, restarted, lambda: None, lambda: None, patience=0.2)
one.start()
sys.exit(one.wait())
"""


@pytest.fixture
def start():
    """Start a supervisor; return its process and the pid of its first worker."""
    processes = []

    def begin(how):
        command = [sys.executable, "-c", SCRIPT, how]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        processes.append(process)
        return process, int(process.stdout.readline().split()[1])

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_a_worker_that_died_is_started_again(start):
    """Another takes its place, and that is said."""
    process, worker = start("serves")
    os.kill(worker, signal.SIGKILL)
    assert process.stdout.readline() == b"restarted\n"
    assert process.stdout.readline().startswith(b"worker ")
    process.terminate()
    assert process.wait(10) == 0
    assert f"Worker 0 (process {worker}) died of signal 9; another is started".encode() in process.stderr.read()


def test_a_worker_that_hangs_at_the_end_is_killed(start):
    """The end comes all the same, with exit code 1, and that is said."""
    process, worker = start("hangs")
    started = time.monotonic()
    process.terminate()
    assert process.wait(10) == 1
    assert time.monotonic() - started < 8
    assert f"Worker 0 (process {worker}) does not end; it is killed".encode() in process.stderr.read()


def test_workers_notice_that_the_supervisor_died(start):
    """The pipe that they share with it ends."""
    process, worker = start("waits")
    process.kill()
    assert process.stdout.readline() == b"alone\n"
    os.kill(worker, signal.SIGKILL)
