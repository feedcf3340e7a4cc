"""`whofrom attacks`: who is attacking, and how that was told."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from echo.clientip import load_config, printable
from pipeline.alerts import SEVERITIES, Alert
from pipeline.alerts.document import ALERT_KEYS, TABLE_KEYS, as_row
from pipeline.attacks import COLUMNS, GROUPS, TABLE_COLUMNS, Known, find, judge_of, sources
from pipeline.attacks.find import group_of
from pipeline.attacks.sentences import Count
from pipeline.commands.options import (
    config_option,
    engine_options,
    lake_flag,
    lake_option,
    open_engine,
    output_option,
    period,
    period_options,
    say_if_empty,
)
from pipeline.engine import Choice
from pipeline.output import write_rows

UNRESOLVED_WHY = '"SELECT client_reason, count(*) FROM requests WHERE client_ip IS NULL GROUP BY 1"'


UNRESOLVED = """
SELECT count(*) AS n FROM requests
WHERE client_ip IS NULL AND (ts >= $since OR $since IS NULL) AND (ts < $until OR $until IS NULL)
"""
TRACED = ("ip", "prefix", "network", "asn")  # what `whofrom trace` takes
EXIT_FOUND = 4


@click.command()
@lake_option
@config_option
@period_options
@click.option("--by", type=click.Choice(list(GROUPS)), default="ip", show_default=True, help="What is one source.")
@click.option(
    "--severity", type=click.Choice(SEVERITIES), default="low", show_default=True, help="Leave out what is less bad."
)
@click.option("--alerts", "flat", is_flag=True, help="A row a rule, source and day, as alerts are delivered.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES[:-1]), help="End with 4 if something is found that bad, or worse."
)
@output_option
@engine_options
def attacks(
    lake_path: str,
    config_path: str | None,
    since: str | None,
    until: str | None,
    by: str,
    severity: str,
    flat: bool,
    fail_on: str | None,
    form: str | None,
    choice: Choice,
) -> None:
    """
    Who is attacking? Sources that break a rule, the worst first, with the evidence.

    A source is ranked by its worst alert and by how far it came, not by how much it asks. JSON has all alerts of each.
    """
    moments = period(since, until)
    config = load_config(config_path)
    known = Known(config)
    engine = open_engine(lake_path, choice)
    found = find(engine, moments["since"], moments["until"], judge_of(config), known=known)
    shown = [one for one in found if at_least(one, severity)]
    if flat:
        write_rows([as_row(one) for one in shown], tuple(ALERT_KEYS), form, table_columns=("id", *TABLE_KEYS))
    else:
        rows = sources(shown, by)
        write_rows(rows, COLUMNS, form, table_columns=TABLE_COLUMNS)
        if rows and by in TRACED:
            first = printable(rows[0]["source"])
            click.echo(f"what the first of them did: whofrom trace {lake_flag(lake_path)}{first}", err=True)
    say_if_empty(engine, shown, moments)
    left = {group_of(one, by) for one in found} - {group_of(one, by) for one in shown}
    if left:
        click.echo(f"{Count(len(left)):source} with less than that: --severity {least(found)}", err=True)
    unresolved = engine.query(UNRESOLVED, moments).to_pylist()[0]["n"]
    if unresolved:
        why = f"whofrom sql {lake_flag(lake_path)}{UNRESOLVED_WHY}"
        click.echo(f"{unresolved:,} requests have no client and were not judged; see why: {why}", err=True)
    if fail_on is not None and any(at_least(one, fail_on) for one in found):
        sys.exit(EXIT_FOUND)


def at_least(alert: Alert, severity: str) -> bool:
    """Return whether an alert is as bad as that or worse; that of an address from inside by what is behind it."""
    own = alert.details.get("severity_if_client", alert.severity)
    return SEVERITIES.index(own) <= SEVERITIES.index(severity)


def least(alerts: Iterable[Alert]) -> str:
    """Return the severity that shows all alerts."""
    return max((str(one.details.get("severity_if_client", one.severity)) for one in alerts), key=SEVERITIES.index)
