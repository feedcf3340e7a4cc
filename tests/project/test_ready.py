"""What is ready to be called does what whofrom does that is started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ready import ROOT, install

STARTED = [sys.executable, "-m", "pipeline.cli"]
LINE = '203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "LINE": LINE}
CALLS = {
    "help": "whofrom sql --help",
    "a fault": "whofrom regions --lake none",
    "of usage": "whofrom ingest --nonsense",
    "no command": "whofrom",
    "in a pipe": "echo '{}' | whofrom ingest --lake made - 2>&1; echo $?",
    "an environment of its own": "WHOFROM_LAKE=elsewhere whofrom sql 'SELECT 1'",
    "a folder and a mask": "mkdir in; cd in; umask 077; whofrom ingest --no-geo - <<<$LINE; ls -l --time-style=+",
    "no reader": "whofrom ingest --help | head -n 1",
    "what is not ready": "whofrom completion bash",
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    return install(folder)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_prints_and_ends_as_a_start(call: str, program: Path, tmp_path: Path) -> None:
    found = []
    for number, words in enumerate(([str(program)], STARTED)):
        folder = tmp_path / str(number)
        folder.mkdir()
        script = f'whofrom() {{ {" ".join(words)} "$@"; }}; {CALLS[call]}'
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        found.append((done.returncode, done.stdout, done.stderr))
    assert found[0] == found[1]
    assert found[0] != (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_a_call_as_a_start(number: signal.Signals, program: Path, tmp_path: Path) -> None:
    codes = []
    for words in ([str(program)], STARTED):
        with subprocess.Popen(
            [*words, "ingest", "-"], cwd=tmp_path, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"junk\n" * 100_000)  # more than a pipe holds: it reads
            process.stdin.flush()
            process.send_signal(number)
            if number is signal.SIGINT:  # it ends when its input goes on or ends
                process.stdin.close()
            assert process.stdout.read() == b""  # until nobody has it any more
            codes.append(process.wait())
            process.stdin.close()
    assert codes[0] == codes[1]
