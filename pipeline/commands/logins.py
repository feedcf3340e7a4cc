"""`whofrom logins`."""

from __future__ import annotations

import click

from echo.clientip import load_config
from pipeline.alerts.document import ALERT_KEYS, TABLE_KEYS, as_row
from pipeline.commands.options import (
    config_option,
    lake_option,
    open_engine,
    output_option,
    period,
    period_options,
    say_if_empty,
)
from pipeline.logins import find, parse_settings
from pipeline.output import write_rows


@click.command()
@lake_option
@config_option
@period_options
@output_option
def logins(lake_path: str, config_path: str | None, since: str | None, until: str | None, form: str | None) -> None:
    """Did a user sign in from an unusual place? New countries and impossible travel."""
    moments = period(since, until)
    settings = parse_settings(load_config(config_path))
    engine = open_engine(lake_path)
    rows = [as_row(alert) for alert in find(engine, settings, **moments)]
    write_rows(rows, tuple(ALERT_KEYS), form, table_columns=TABLE_KEYS)
    say_if_empty(engine, rows, moments)
    if not rows and not engine.query("SELECT 1 FROM requests WHERE login IS NOT NULL LIMIT 1").num_rows:
        click.echo(
            "no row is a login: say where logins are in [[login]] of the TOML, "
            "and ingest with --config into a new --lake",
            err=True,
        )
