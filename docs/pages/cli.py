"""docs/reference/cli.md: the help of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pipeline.cli import SUBCOMMANDS, whofrom

# code -> what it says, of every command
EXITS = {0: "done", 1: "failed", 2: "usage", 3: "could not start", 4: "found what should not be"}
WIDTH = 100  # of help texts, whatever terminal the page is made on


def page() -> str:
    """Return the help of every command."""
    exits = ", ".join(f"{code} {what}" for code, what in EXITS.items())
    head = ["# Commands\n", f"Exit codes: {exits}.\n"]
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
