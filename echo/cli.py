"""`whofrom serve`: its options to settings, and the server run by them."""

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from echo.clientip import Fault
from echo.errors import EXIT_STARTUP
from echo.settings import SETTINGS, Environment, Settings, options, rewrite_go_flags

AUTHORITIES = "SSL_CERT_FILE"  # OpenSSL's variable: the file of the authorities that are believed


class GoCommand(click.Command):
    """A command whose flags may be written in Go's style, as whoami's are; its help lists them by group."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse Go's style by rewriting it to click's."""
        try:
            rewritten = rewrite_go_flags(args)
        except click.UsageError as error:
            if ctx.resilient_parsing:  # a shell asks what may come next: the flag at the end has no value yet
                return super().parse_args(ctx, args)
            error.ctx = ctx
            raise
        return super().parse_args(ctx, rewritten)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the flags under the groups of the settings."""
        records = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
        for group in dict.fromkeys(setting.group for setting in SETTINGS):
            names = [setting.name.replace("-", "_") for setting in SETTINGS if setting.group == group]
            with formatter.section(group):
                formatter.write_dl([record for name in names if (record := records[name]) is not None])


@contextlib.contextmanager
def _light_imports() -> Iterator[None]:
    """
    Import without what costs a quarter of the start and serves nobody.

    Collections of garbage find none among modules, which stay. aiohttp makes a TLS context for clients, with all the
    authorities of the machine, when it is imported: the server is no client, and verifies by --cacert alone.
    """
    before = os.environ.get(AUTHORITIES)
    os.environ[AUTHORITIES] = os.devnull
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if before is None:
            del os.environ[AUTHORITIES]
        else:
            os.environ[AUTHORITIES] = before


def run(**values: Any) -> None:
    """Start the server; end the process with what it ended with."""
    with _light_imports():
        from echo.server import serve_forever  # noqa: PLC0415  # aiohttp and uvloop load when the server starts
    try:
        code = serve_forever(Settings(**values))
    except Fault as fault:
        sys.stderr.write(f"whofrom: error: {fault}\n")
        code = EXIT_STARTUP
    if code:
        sys.exit(code)


serve = GoCommand(
    "serve",
    callback=run,
    params=options(),
    help="Answer like traefik/whoami, say at /explain who the client is, log one JSON record a request.",
    epilog="Exit codes: 0 stopped by a signal, 2 wrong usage, 3 could not start.",
)


def read_settings(arguments: Sequence[str], environ: Mapping[str, str]) -> Settings | None:
    """
    Return the settings that `serve` with these arguments and this environment runs with, None if it only shows help.

    Raises click.UsageError as `serve` does.
    """
    flags = rewrite_go_flags(arguments)
    if "--help" in flags:
        return None
    with serve.make_context("serve", flags, obj=Environment(environ)) as context:
        return Settings(**context.params)
