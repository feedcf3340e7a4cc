"""docs/reference/cli.md: the help of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docs.pages.markdown import table
from pipeline.cli import SUBCOMMANDS, whofrom

# code -> what it says, of every command
EXITS = {
    0: "done",
    1: "failed",
    2: "usage",
    3: "could not start",
    4: "found what should not be",
    130: "interrupted by Ctrl-C",
    143: "ended by SIGTERM",
}
# what commands heed beside the variables that their options name
ENVIRONMENT = {
    "NO_COLOR": "no colours, if it is set",
    "TERM": "with `dumb`, no line that shows progress, and no colours",
    "COLUMNS": "the width of tables; else the terminal's",
    "TMPDIR": "where temporary files go",
    "XDG_STATE_HOME": "where the prompt of `whofrom sql` keeps its history; else `~/.local/state`",
    "NODE_NAME NODE_IP POD_NAME POD_NAMESPACE POD_IP": "Kubernetes' downward API tells the server where it is",
    "AZURE_STORAGE_ACCOUNT": "and what else stores want, see [object stores](../how-to/stores.md)",
}
WIDTH = 100  # of help texts, whatever terminal the page is made on


def page() -> str:
    """Return the help of every command."""
    exits = ", ".join(f"{code} {what}" for code, what in EXITS.items())
    names_of = table(("variable", "what it does"), ((f"`{name}`", text) for name, text in ENVIRONMENT.items()))
    head = ["# Commands\n", f"Exit codes: {exits}.\n", f"Environment, beside what options name:\n\n{names_of}"]
    names = whofrom.context_settings["help_option_names"]
    context = click.Context(
        whofrom, info_name="whofrom", terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=names
    )
    return "\n".join([*head, *(part for name in SUBCOMMANDS for part in helps(whofrom, name, context))])


def helps(group: click.Group, name: str, context: click.Context) -> Iterator[str]:
    """Yield the help of a group's command, and of those that it groups."""
    command = group.get_command(context, name)
    assert command is not None
    with click.Context(command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH) as inner:
        yield f"## {inner.command_path}\n\n```text\n{command.get_help(inner).rstrip()}\n```\n"
        if isinstance(command, click.Group):
            for below in command.list_commands(inner):
                yield from helps(command, below, inner)
