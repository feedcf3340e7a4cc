"""A shell at a terminal: what is typed, with a TAB at its end, to the line that the shell makes of it."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path

READY, LINE, END = "READY>", "LINE=", "=END"  # shown; what is typed has quotes within, so that its echo is not taken
SECONDS = 30  # a machine may have much else to do


def completed(command: list[str], setup: str, typed: str, folder: Path, environ: dict[str, str]) -> str:
    """Return the line after a TAB."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "wb", buffering=0) as end:
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdin=end, stdout=end, stderr=end, start_new_session=True
        )
    try:
        _send(ours, f"PS1='RE''ADY>'; {setup}\n")
        _read(ours, READY)
        _send(ours, f"{typed}\t")
        time.sleep(0.2)
        # to the start of the line, and have it printed
        _send(ours, "\x01printf 'LI''NE=%s=E''ND\\n' '\x05'\n")
        return _read(ours, END).rpartition(LINE)[2]
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _send(terminal: int, text: str) -> None:
    os.write(terminal, text.encode())


def _read(terminal: int, end: str) -> str:
    """Return what is shown up to an end."""
    shown, deadline = "", time.monotonic() + SECONDS
    while end not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace").replace("\r", "")
    return shown.partition(end)[0]
