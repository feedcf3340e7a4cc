"""`whofrom logins`."""

from __future__ import annotations

import click

from pipeline.commands.options import lake_option, open_engine, output_option, period, period_options, say_if_empty
from pipeline.logins import COLUMNS, TABLE_COLUMNS, findings
from pipeline.output import write_rows


@click.command()
@lake_option
@period_options
@output_option
def logins(lake_path: str, since: str | None, until: str | None, form: str | None) -> None:
    """Did a user sign in from an unusual place? New countries and impossible travel."""
    moments = period(since, until)
    engine = open_engine(lake_path)
    rows = findings(engine, **moments)
    write_rows(rows, COLUMNS, form, table_columns=TABLE_COLUMNS)
    say_if_empty(engine, rows, moments)
    if not rows and not engine.query("SELECT 1 FROM requests WHERE login IS NOT NULL LIMIT 1").num_rows:
        click.echo(
            "no row is a login: say where logins are in [[login]] of the TOML, "
            "and ingest with --config into a new --lake",
            err=True,
        )
