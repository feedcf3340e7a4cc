"""
The command as a process runs it, in the process of the tests: what it prints, and its exit code.

A process of its own loads DuckDB, Arrow and Delta each time, which takes longer than most of what is asked. Processes
that are killed or measured, or whose own streams matter, are started where that is tested.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, chdir
from pathlib import Path
from unittest import mock

from pipeline.cli import main

NAMES = ("stdin", "stdout", "stderr")


def whofrom(
    *args: str | Path, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `whofrom ARGS` in a folder; `env` is added to the environment. Streams are files, as in a redirection."""
    words = ["whofrom", *map(str, args)]
    code: str | int | None = 0
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in NAMES]
        files[0].write(stdin)
        files[0].seek(0)
        for name, file in zip(NAMES, files, strict=True):
            text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            stack.callback(text.detach)
            stack.enter_context(mock.patch.object(sys, name, text))
        stack.enter_context(mock.patch.object(sys, "argv", words))
        stack.enter_context(mock.patch.dict(os.environ, env or {}))
        stack.enter_context(chdir(cwd))
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.getsignal(number))
        # a bound for all that this process ever allocates
        stack.enter_context(mock.patch("pipeline.commands.sql.bound_process"))
        # a call of a store that another test has left unanswered would end this process
        stack.enter_context(mock.patch("pipeline.cli._leave", sys.exit))
        try:
            main()
        except SystemExit as end:
            code = end.code
        said = []
        for name, file in zip(NAMES[1:], files[1:], strict=True):
            getattr(sys, name).flush()
            file.seek(0)
            said.append(file.read().decode())
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, *said)
