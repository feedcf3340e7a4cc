"""`whofrom attacks`."""

from __future__ import annotations

import click

from echo.clientip import load_config
from pipeline.attacks import COLUMNS, GROUPS, TABLE_COLUMNS, Known, find, judge_of, sources
from pipeline.commands.options import (
    config_option,
    lake_option,
    open_engine,
    output_option,
    period,
    period_options,
    say_if_empty,
)
from pipeline.output import write_rows

WHY = 'whofrom sql "SELECT client_reason, count(*) FROM requests WHERE client_ip IS NULL GROUP BY 1"'


@click.command()
@lake_option
@config_option
@period_options
@click.option("--by", type=click.Choice(list(GROUPS)), default="ip", show_default=True, help="What is one source.")
@output_option
def attacks(
    lake_path: str, config_path: str | None, since: str | None, until: str | None, by: str, form: str | None
) -> None:
    """Who is attacking? Sources that break a rule, the worst first, with the evidence."""
    moments = period(since, until)
    config = load_config(config_path)
    known = Known(config)
    engine = open_engine(lake_path)
    rows = sources(find(engine, moments["since"], moments["until"], judge_of(config), known=known), by)
    write_rows(rows, COLUMNS, form, table_columns=TABLE_COLUMNS)
    say_if_empty(engine, rows, moments)
    unresolved = engine.query("SELECT count(*) AS n FROM requests WHERE client_ip IS NULL").to_pylist()[0]["n"]
    if unresolved:
        click.echo(f"{unresolved:,} requests have no client and were not judged; see why: {WHY}", err=True)
