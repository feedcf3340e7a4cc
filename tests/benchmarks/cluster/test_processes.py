"""CPU and memory are counted of all that a command starts, by what each process is, and nothing is left running."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.cluster.processes import COMMAND, EXECUTOR, PYTHON, Spent, dead, spent

BUSY = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass\ntime.sleep(0.6)"


def python(code: str) -> Spent:
    return spent([sys.executable, "-c", code], os.environ)


def test_each_process_is_counted_as_what_it_is() -> None:
    children = (
        f"import subprocess, sys\n"
        f"def start(code, name): return subprocess.Popen([sys.executable, '-c', code, name])\n"
        f"one = start({BUSY.format(0.5)!r}, 'org.apache.spark.executor.CoarseGrainedExecutorBackend')\n"
        f"two = start({BUSY.format(0.2)!r}, 'pyspark.daemon')\n"
        f"one.wait(), two.wait(); print('out'); print('err', file=sys.stderr)"
    )
    found = python(children)
    assert 0.4 < found.cpu[EXECUTOR] < 3
    assert 0.1 < found.cpu[PYTHON] < found.cpu[EXECUTOR]
    assert found.cpu[COMMAND] < found.whole
    assert found.peak[EXECUTOR] > 1 << 20
    assert (found.said, found.told) == ("out\n", "err\n")


def test_what_a_command_leaves_behind_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.cluster.processes.END_SECONDS", 0.2)
    code = (
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], stdout=subprocess.DEVNULL)\n"
        "print(left.pid)"
    )
    found = python(code)
    assert found.wall < 60
    assert dead(int(found.said))


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(RuntimeError, match=r"not done after 1 s"):
        spent([sys.executable, "-c", "import time; time.sleep(600)"], os.environ, 1)


def test_a_command_that_fails_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"exit code 1: no!"):
        python("raise SystemExit('no!')")
