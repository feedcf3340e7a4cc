"""Commands run in this process, as `main` would run them: a tenth of the time of another process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import click
from click.testing import CliRunner

from echo.clientip import Fault
from pipeline.cli import whofrom


class Done(NamedTuple):
    stdout: str
    stderr: str


def run_command(command: click.Command, folder: Path, *words: str, code: int = 0, **environment: str) -> Done:
    """Run a command in a folder; its exit code is looked at."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(whofrom, [str(command.name), *words], env=environment)
    finally:
        os.chdir(before)
    error = result.exception
    fault = error if isinstance(error, Fault) else None
    if error is not None and fault is None and not isinstance(error, SystemExit):
        raise error
    said = result.stderr + (f"whofrom: error: {fault}\n" if fault is not None else "")
    actual = fault.exit_code if fault is not None else result.exit_code
    assert actual == code, said
    return Done(result.stdout, said)
