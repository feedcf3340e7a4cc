"""A command is measured whole: its time, its memory, what it says; and one that fails is no measurement."""

from __future__ import annotations

import sys

import pytest

from benchmarks.ingest.process import Run, run


def python(code: str, feed: str = "") -> Run:
    return run([sys.executable, "-c", code], [sys.executable, "-c", feed] if feed else None)


def test_time_and_what_is_said() -> None:
    taken = python("import time, sys; time.sleep(0.3); print('out'); print('err', file=sys.stderr)")
    assert 0.3 < taken.wall < 30
    assert taken.cpu < taken.wall
    assert sorted(taken.said.split()) == ["err", "out"]


def test_cpu_time_is_that_of_children_too() -> None:
    busy = "import time\nwhile time.process_time() < 0.4: pass"
    assert python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])").cpu > 0.4


def test_memory_is_the_most_there_was() -> None:
    code = "import time; x = b'1' * (200 << 20); time.sleep(0.6); del x; time.sleep(0.4)"
    measured = f"""
from benchmarks.ingest.process import run
taken = run([{sys.executable!r}, "-c", {code!r}])
print(taken.peak, max(taken.samples), taken.samples[-1])
"""
    peak, most, last = map(int, python(measured).said.split())
    assert min(peak, most) > 200 << 20
    assert max(peak, most) < 300 << 20
    assert last < 200 << 20


def test_one_command_feeds_another_that_may_leave() -> None:
    assert python("import sys; print(len(sys.stdin.read()))", "print('x' * 99)").said == "100\n"
    endless = (
        "import itertools\ntry:\n  for n in itertools.count(): print(n)\nexcept BrokenPipeError: raise SystemExit(0)"
    )
    assert python("print(input())", endless).said == "0\n"


@pytest.mark.parametrize(
    ("code", "feed"), [("raise SystemExit('no!')", ""), ("input()", "print(1); raise SystemExit('no!')")]
)
def test_a_command_that_fails_is_told(code: str, feed: str) -> None:
    with pytest.raises(RuntimeError, match="exit code 1"):
        python(code, feed)
