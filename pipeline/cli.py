"""
The command `whofrom`: a table of subcommands, each loaded when it is called.

This module imports click alone, so that `whofrom --help` does not wait for pyarrow, and it is the one place that knows
both halves. A subcommand whose packages are not installed says which extra brings them.
"""

import importlib
import os
import sys
from typing import NamedTuple

import click

EXIT_FAILED, EXIT_USAGE = 1, 2


class Subcommand(NamedTuple):
    """Where a subcommand lives, the extra that it needs ("" for none), and its line in the list of commands."""

    module: str
    extra: str
    help: str


SUBCOMMANDS: dict[str, Subcommand] = {
    "serve": Subcommand("echo.cli", "", "Answer requests like whoami, judge them, log them."),
    "ingest": Subcommand("pipeline.commands.ingest", "pipeline", "Read logs into a lake."),
    "regions": Subcommand("pipeline.commands.regions", "pipeline", "Where do requests come from?"),
    "logins": Subcommand("pipeline.commands.logins", "pipeline", "Did a user sign in from an unusual place?"),
    "attacks": Subcommand("pipeline.commands.attacks", "pipeline", "Who is attacking?"),
    "sql": Subcommand("pipeline.commands.sql", "pipeline", "Ask the lake in SQL."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module when the subcommand is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; UsageError naming the extra if one of its packages is missing."""
        entry = SUBCOMMANDS.get(cmd_name)
        if entry is None:
            return None
        try:
            command = getattr(importlib.import_module(entry.module), cmd_name)
        except ModuleNotFoundError as error:
            if not entry.extra or (error.name or "").partition(".")[0] in ("echo", "pipeline"):
                raise
            raise click.ClickException(
                f"whofrom {cmd_name} needs the package {error.name}; pip install 'whofrom[{entry.extra}]'"
            ) from None
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands from the table, so that --help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in SUBCOMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="whofrom", message="%(prog)s %(version)s")
def whofrom() -> None:
    """Who is this request from? For one request, or for a log of a billion."""


def main() -> None:
    """Run the command line; a Fault becomes one line on stderr and its exit code."""
    try:
        code = whofrom.main(standalone_mode=False)
    except click.Abort:
        code = 130  # interrupted by SIGINT, as a shell reports it
    except click.ClickException as error:
        hint = ""
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"; see {error.ctx.command_path} --help"
        click.echo(f"whofrom: error: {error.format_message().replace(chr(10), ' ')}{hint}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        # the reader (head, less) went away: not an error, and the interpreter must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        from echo.clientip.faults import Fault  # noqa: PLC0415  # --help must not wait for it

        if not isinstance(error, Fault):
            raise
        click.echo(f"whofrom: error: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)
