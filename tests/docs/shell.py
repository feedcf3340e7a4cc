"""
The terminal at which a page's commands are typed: one bash, so that `cd`, `export` and `$?` last, and for each command
a pseudo-terminal of 100 columns, so that programs print what a reader sees, in that order.

What ends with ` &` keeps its terminal and runs until the shell is closed, which ends it as a reader would, by SIGTERM.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROWS, COLUMNS = 40, 100
SECONDS = 60  # that a command may take
START_SECONDS = 30  # in which a program in the background says what the page says
END_SECONDS = 30  # in which all of them end
PAUSE = 0.15  # between commands when a server runs: it writes its log each 50 ms, and readers type slower than that
ENDINGS = {0, 128 + signal.SIGTERM, 127}  # 127: the page has ended it itself, and waited for it
ERASED = re.compile(r"[^\n]*\r(?:\x1b\[2?K)?")  # written over, as by bars that come and go
STYLED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """A pseudo-terminal, and what has been printed on it."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.name = os.ttyname(self._slave)
        self._printed = b""
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master], [], [], 0.02)
            if ready:
                self._printed += os.read(self._master, 1 << 16)
            elif self._over:
                return

    def text(self) -> str:
        """Return what a reader sees of what was printed so far: not what a line held before it was erased."""
        lines = re.sub(r"\r+\n", "\n", self._printed.decode("utf-8", "replace"))
        return STYLED.sub("", ERASED.sub("", lines))

    def close(self) -> str:
        """Return all that was printed."""
        self._over = True
        self._reader.join()
        os.close(self._master)
        os.close(self._slave)
        return self.text()


class Shell:
    """A bash in a folder; commands are run one after the other."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._files = tempfile.TemporaryDirectory()
        self._background: list[tuple[str, Screen, int]] = []
        done, end = os.pipe()
        self._done = os.fdopen(done)
        told = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20)  # not 9, which it becomes in the shell
        os.close(end)
        # not a session of its own: its leader would take the first terminal that is opened for its controlling one
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-s"],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            pass_fds=[told], process_group=0,
        )  # fmt: skip
        os.close(told)
        self._type(f"exec 9>&{told} {told}>&-; trap : TERM; code=0")

    def run(self, command: str) -> tuple[int, str]:
        """Run a command and return its exit code and what it printed."""
        if self._background:
            time.sleep(PAUSE)
        screen = Screen()
        try:
            code = self._run(command, screen)
        finally:
            printed = screen.close()
        return code, printed

    def start(self, command: str, said: Callable[[str], bool]) -> str:
        """Start what ends with ` &`, and return what it printed until it had said so, or too much time had passed."""
        screen = Screen()
        self._run(command, screen)
        self._type("echo $! >&9")
        self._background.append((command, screen, int(self._answer())))
        end = time.monotonic() + START_SECONDS
        while not said(screen.text()) and time.monotonic() < end:
            time.sleep(0.02)
        return screen.text()

    def printed(self) -> str:
        """Return what the programs in the background have printed."""
        return "\n".join(f"$ {command}\n{screen.text()}" for command, screen, _ in self._background)

    def close(self) -> list[str]:
        """End all, and return the commands in the background that did not end well: each with its exit code."""
        bad = []
        try:
            for _, _, pid in self._background:
                self._type(f"kill {pid} 2>/dev/null")
            for command, screen, pid in self._background:
                self._type(f"wait {pid}; echo $? >&9")
                code = int(self._answer(END_SECONDS))
                if code not in ENDINGS:
                    bad.append(f"{command} ended with {code}\n{screen.text()}")
        finally:
            try:
                os.killpg(self._bash.pid, signal.SIGKILL)  # what a command has left behind as well
            finally:
                self._bash.wait()
                for _, screen, _ in self._background:
                    screen.close()
                self._bash.stdin.close()  # type: ignore[union-attr]
                self._done.close()
                self._files.cleanup()
        return bad

    def _run(self, command: str, screen: Screen) -> int:
        file = Path(self._files.name) / "command"
        file.write_text(command + "\n", encoding="utf-8")
        here = shlex.quote(str(file))
        self._type(f'(exit "$code"); source {here} >{screen.name} 2>&1 </dev/null 9>&-; code=$?; echo $code >&9')
        return int(self._answer())

    def _type(self, line: str) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.write(line + "\n")
        self._bash.stdin.flush()

    def _answer(self, seconds: float | None = None) -> str:
        seconds = SECONDS if seconds is None else seconds
        ready, _, _ = select.select([self._done], [], [], seconds)
        if not ready:
            raise TimeoutError(f"no end after {seconds} s")
        return self._done.readline() or "255"
