"""The scripts, and what they ask for."""

import click
from click.shell_completion import get_completion_class, shell_complete

from pipeline.completion import VARIABLE

PROGRAM = "whofrom"


def script(command: click.Command, shell: str) -> str:
    """Return the script that a shell reads."""
    made = get_completion_class(shell)
    assert made is not None, shell
    one = made(command, {}, PROGRAM, VARIABLE)
    return one.source_template % one.source_vars()  # `source()` would start a bash to ask for its version


def complete(command: click.Command, instruction: str) -> int:
    """Print what may come next; return the exit code. What cannot be loaded has nothing to offer."""
    try:
        return shell_complete(command, {}, PROGRAM, VARIABLE, instruction)
    except click.ClickException:
        return 0
