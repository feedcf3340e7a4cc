"""`whofrom attacks`."""

from __future__ import annotations

import click

from pipeline.attacks import COLUMNS, TABLE_COLUMNS, sources
from pipeline.commands.options import lake_option, open_engine, output_option, period, period_options, say_if_empty
from pipeline.output import write_rows

WHY = 'whofrom sql "SELECT client_reason, count(*) FROM requests WHERE client_ip IS NULL GROUP BY 1"'


@click.command()
@lake_option
@period_options
@output_option
def attacks(lake_path: str, since: str | None, until: str | None, form: str | None) -> None:
    """Who is attacking? Sources that break a rule, the worst first, with the evidence."""
    moments = period(since, until)
    engine = open_engine(lake_path)
    rows = sources(engine, **moments)
    write_rows(rows, COLUMNS, form, table_columns=TABLE_COLUMNS)
    say_if_empty(engine, rows, moments)
    unresolved = engine.query("SELECT count(*) AS n FROM requests WHERE client_ip IS NULL").to_pylist()[0]["n"]
    if unresolved:
        click.echo(f"{unresolved:,} requests have no client and were not judged; see why: {WHY}", err=True)
