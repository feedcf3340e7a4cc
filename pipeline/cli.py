"""
The command `whofrom`: a table of subcommands, each loaded when it is called.

This module imports click alone, so that `whofrom --help` does not wait for pyarrow, and it is the one place that knows
both halves. A subcommand whose packages are not installed says which extra brings them.
"""

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from pipeline.completion import VARIABLE

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXIT_FAILED, EXIT_USAGE = 1, 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


class Subcommand(NamedTuple):
    """Where a subcommand lives, the extra that it needs ("" for none), and its line in the list of commands."""

    module: str
    extra: str
    help: str


SUBCOMMANDS: dict[str, Subcommand] = {
    "serve": Subcommand("echo.cli", "", "Answer requests like whoami, judge them, log them."),
    "health": Subcommand("echo.health.command", "", "Is the server here able to take requests?"),
    "explain": Subcommand("echo.explain.command", "", "Say who the client of a request is, and why."),
    "probe": Subcommand("echo.probe.command", "", "Does my address arrive? Ask a server from here."),
    "topology": Subcommand("echo.topology.command", "", "Write whofrom.toml from what kubectl says."),
    "ingest": Subcommand("pipeline.commands.ingest", "pipeline", "Read logs into a lake."),
    "regions": Subcommand("pipeline.commands.regions", "pipeline", "Where do requests come from?"),
    "logins": Subcommand("pipeline.commands.logins", "pipeline", "Did a user sign in from an unusual place?"),
    "attacks": Subcommand("pipeline.commands.attacks", "pipeline", "Who is attacking?"),
    "trace": Subcommand("pipeline.commands.trace", "pipeline", "What did one source do, and what to block?"),
    "alerts": Subcommand("pipeline.commands.alerts", "pipeline", "What should somebody act on? Each alert told once."),
    "watch": Subcommand("pipeline.commands.watch", "pipeline", "Follow logs, and tell within seconds what is in them."),
    "blocklist": Subcommand("pipeline.commands.blocklist", "pipeline", "Whom to block? A list for nginx, nftables, …"),
    "sql": Subcommand("pipeline.commands.sql", "pipeline", "Ask the lake in SQL."),
    "rejects": Subcommand("pipeline.commands.rejects", "pipeline", "Which lines are no rows, and why?"),
    "lake": Subcommand("pipeline.commands.lake", "pipeline", "Look after the lake: status, compact, expire, …"),
    "completion": Subcommand("pipeline.completion.command", "", "Complete whofrom in bash, zsh or fish."),
}


# what people try before they look -> what it is here
GUESSED = {"help": "--help", "version": "--version"}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module when the subcommand is called, not to list it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `whofrom help serve` and `whofrom version` as well."""
        guessed = GUESSED.get(args[0]) if args else None
        return super().parse_args(ctx, [*args[1:], guessed] if guessed else args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called. Raises click.UsageError that names the nearest one."""
        if args[0] in SUBCOMMANDS or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches  # noqa: PLC0415  # it costs 10 ms

        near = get_close_matches(args[0], SUBCOMMANDS, 1)
        raise click.UsageError(f"No such command {args[0]!r}.{f' Did you mean {near[0]!r}?' if near else ''}", ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command. Raises click.ClickException naming a package of it that is missing, broken or too old."""
        entry = SUBCOMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.extra:
            from pipeline.installed import outdated  # noqa: PLC0415  # the server need not wait for it

            words = outdated(f"whofrom {cmd_name}", entry.extra)
            if words:
                raise click.ClickException(words)
        with _packages_named(lambda: cmd_name), _no_garbage():
            command = getattr(importlib.import_module(entry.module), cmd_name)
        assert isinstance(command, click.Command)
        if ctx.resilient_parsing:  # a shell asks what may come next
            from pipeline.completion.words import prepare  # noqa: PLC0415

            prepare(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it imports only now may be missing, too."""
        with _packages_named(lambda: ctx.invoked_subcommand or ""):
            return super().invoke(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the names that go on from `incomplete`, from the table: no command is imported for its name."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # a shell asks seldom

        found = [
            CompletionItem(name, help=entry.help) for name, entry in SUBCOMMANDS.items() if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands from the table, so that --help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in SUBCOMMANDS.items()])


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no garbage: among modules that are imported there is none, and looking takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.contextmanager
def _packages_named(name: Callable[[], str]) -> Iterator[None]:
    """Have a package that a subcommand of this name cannot import named, with what to install."""
    try:
        yield
    except ImportError as error:
        from pipeline.installed import unloadable  # noqa: PLC0415  # the server need not wait for it

        entry = SUBCOMMANDS.get(name())
        words = unloadable(f"whofrom {name()}".rstrip(), entry.extra if entry else "", error)
        if not words:
            raise
        raise click.ClickException(words) from None


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Say the version, with -v all that a report of a bug needs, and end."""
    verbose = ctx.params["verbose"]
    if wanted and not ctx.resilient_parsing:
        from pipeline.about import about, version_line  # noqa: PLC0415

        click.echo(about() if verbose else version_line())
        ctx.exit()
    if verbose and not ctx.resilient_parsing:
        raise click.UsageError("-v tells more of --version: whofrom --version -v", ctx)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, callback=_version, help="Show the version and exit.")
@click.option("-v", "--verbose", is_flag=True, is_eager=True, help="With --version: what a report of a bug needs.")
def whofrom(verbose: bool) -> None:  # _version has read it
    """Who is this request from? For one request, or for a log of a billion."""


def main() -> None:
    """
    Run the command line; what goes wrong becomes one line on stderr and an exit code.

    click's own `main` is passed over: it would end with 1 where the reader of a pipe has gone away, which is no error.
    """
    _prepare_streams()
    asked = os.environ.get(VARIABLE)  # a script of `whofrom completion`
    if asked:
        from pipeline.completion.scripts import complete  # noqa: PLC0415  # a shell asks seldom

        sys.exit(complete(whofrom, asked))
    code = EXIT_FAILED
    try:
        with whofrom.make_context("whofrom", sys.argv[1:]) as context:
            whofrom.invoke(context)
        sys.stdout.flush()
        code = 0
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = EXIT_USAGE
    except click.ClickException as error:
        words = error.format_message().removesuffix(".")
        if isinstance(error, click.UsageError) and error.ctx is not None:
            words += f"{' See' if words.endswith('?') else '; see'} {error.ctx.command_path} --help"
        _complain(words)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        code = 0  # head or less has seen enough
    except Exception as error:
        from echo.clientip.faults import Fault  # noqa: PLC0415  # --help must not wait for it

        if isinstance(error, Fault):
            _complain(str(error))
            code = error.exit_code
        elif isinstance(error, OSError):
            _complain(f"{error.strerror or error}; the output or a file went away")
        else:
            raise
    finally:
        _silence_stdout()
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End, at once where a store does not answer: at the interpreter's end S3's client would go on waiting for it."""
    calls = sys.modules.get("pipeline.sources.calls")
    if calls is not None and not calls.ended():
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _prepare_streams() -> None:
    """Make every stream take every text: closed ones go nowhere, what an encoding lacks is written as an escape."""
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # until the end
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _complain(text: str) -> None:
    click.echo("whofrom: error: " + text.replace("\n\t", " ").replace("\n", " "), err=True)


def _silence_stdout() -> None:
    """Flush stdout, or give up on it: the interpreter would complain at its end about a reader that went away."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
