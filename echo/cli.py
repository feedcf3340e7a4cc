"""The server's command: `whofrom serve`."""

import sys
from typing import Any

import click

from echo.clientip import Fault
from echo.errors import EXIT_STARTUP
from echo.settings import Settings, options, rewrite_go_flags


class GoCommand(click.Command):
    """A command whose flags may be written in Go's style, as whoami's are."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse Go's style by rewriting it to click's."""
        try:
            rewritten = rewrite_go_flags(args)
        except click.UsageError as error:
            error.ctx = ctx
            raise
        return super().parse_args(ctx, rewritten)


def run(**values: Any) -> None:
    """Start the server; end the process with what it ended with."""
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
