"""`whofrom logins` and `whofrom logins explain`: who signed in from an unusual place, and why that is said."""

from __future__ import annotations

import sys
from typing import Any

import click

from echo.clientip import load_config, printable
from pipeline.alerts import SEVERITIES, worst_first
from pipeline.alerts.document import ALERT_KEYS, TABLE_KEYS, as_row
from pipeline.commands.options import (
    config_option,
    engine_options,
    lake_option,
    open_engine,
    output_option,
    period,
    period_options,
    say_if_empty,
)
from pipeline.engine import Choice
from pipeline.logins import SILENT, judge, look, parse_settings
from pipeline.logins.explain import chosen, steps, written
from pipeline.output import json_text, write_rows

EXIT_FOUND = 4
NO_LOGINS = (
    "no row is a login: say where logins are in [[login]] of the TOML, and ingest with --config into a new --lake"
)
SILENT_KEYS = (*ALERT_KEYS, "silent")
SILENT_TABLE = ("silent", *TABLE_KEYS)
INHERITED = "lake_path", "config_path"  # of the group, where the subcommand was not told otherwise


@click.group(invoke_without_command=True)
@lake_option
@config_option
@period_options
@click.option("--all", "everything", is_flag=True, help="What is kept back as well, with the reason.")
@click.option("--learning", is_flag=True, help="What is kept back since the user is still learned, as well.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES[:-1]), help="End with 4 if something is found that bad, or worse."
)
@output_option
@engine_options
@click.pass_context
def logins(
    context: click.Context,
    lake_path: str,
    config_path: str | None,
    since: str | None,
    until: str | None,
    everything: bool,
    learning: bool,
    fail_on: str | None,
    form: str | None,
    choice: Choice,
) -> None:
    """
    Did a user sign in from an unusual place? And is somebody trying accounts?

    New countries, regions and networks, impossible travel, dormant accounts that come back, many accounts from one
    place, many places for one account, and logins after a burst of failures.
    """
    if context.invoked_subcommand is not None:
        return
    moments = period(since, until)
    settings = parse_settings(load_config(config_path))
    engine = open_engine(lake_path, choice)
    looked = look(engine, settings, moments["since"], moments["until"], silent=everything or learning)
    found = worst_first(one.alert for one in looked.judged if not one.silent)
    if everything or learning:
        shown = [one for one in looked.judged if everything or one.silent in ("", "learning")]
        rows: list[dict[str, Any]] = [as_row(one.alert) | {"silent": one.silent or None} for one in shown]
        write_rows(rows, SILENT_KEYS, form, table_columns=SILENT_TABLE)
    else:
        rows = [as_row(alert) for alert in found]
        several = any(row["requests"] > 1 for row in rows)
        keys = [key for key in ("id", *TABLE_KEYS) if several or key != "requests"]  # 1 and 1 and 1 tell nothing
        write_rows(rows, tuple(ALERT_KEYS), form, table_columns=keys)
    say_if_empty(engine, rows, moments)
    hidden = looked.kept_back + len(found) - len(rows)
    if hidden:
        click.echo(f"{hidden:,} kept back, which --all shows", err=True)
    if not rows and not engine.query("SELECT 1 AS one FROM requests WHERE login IS NOT NULL LIMIT 1").num_rows:
        click.echo(NO_LOGINS, err=True)
    if fail_on is not None and any(SEVERITIES.index(one.severity) <= SEVERITIES.index(fail_on) for one in found):
        sys.exit(EXIT_FOUND)


@logins.command()
@click.argument("wanted", metavar="ID")
@lake_option
@config_option
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@engine_options
@click.pass_context
def explain(context: click.Context, /, wanted: str, form: str, choice: Choice, **asked: Any) -> None:
    """Say of one finding why it is one, or why it was kept back, step by step; ID may be the beginning of an id."""
    for name in INHERITED:
        if context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT and context.parent is not None:
            asked[name] = context.parent.params[name]
    settings = parse_settings(load_config(asked["config_path"]))
    for number, one in enumerate(chosen(judge(open_engine(asked["lake_path"], choice), settings), wanted)):
        if form == "json":
            told = [{"step": step.heading, "lines": list(step.lines)} for step in steps(one, settings)]
            silent = {"silent": one.silent or None, "why": SILENT[one.silent] if one.silent else None, "steps": told}
            click.echo(json_text(as_row(one.alert) | silent))
            continue
        if number:
            click.echo()
        for line in written(one, settings):
            click.echo(printable(line))
