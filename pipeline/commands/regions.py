"""`whofrom regions`."""

from __future__ import annotations

import click

from pipeline.commands.options import lake_option, open_engine, output_option, period, period_options, say_if_empty
from pipeline.geo import attribution_of
from pipeline.output import write_rows
from pipeline.regions import LEVELS, PERIODS, by_place, over_time


@click.command()
@lake_option
@period_options
@click.option(
    "--by", "level", type=click.Choice(LEVELS), default="country", show_default=True, help="How fine places are."
)
@click.option("--every", type=click.Choice(PERIODS), help="Over time, by country: one row a period and country.")
@click.option("--places", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Places at most.")
@output_option
def regions(
    lake_path: str, since: str | None, until: str | None, level: str, every: str | None, places: int, form: str | None
) -> None:
    """Where do requests come from? Requests, clients, bytes, errors and response times by place."""
    if every is not None and level != "country":
        raise click.UsageError("--every goes with --by country only")
    moments = period(since, until)
    engine = open_engine(lake_path)
    if every is None:
        answer = by_place(engine, level, places, **moments)
    else:
        answer = over_time(engine, every, places, **moments)
    write_rows(answer.rows, answer.columns, form)
    say_if_empty(engine, answer.rows, moments)
    for row in engine.query(
        "SELECT DISTINCT geo_build FROM requests WHERE geo_build IS NOT NULL ORDER BY 1"
    ).to_pylist():
        line = attribution_of(row["geo_build"])
        click.echo(f"places by {row['geo_build']}{f': {line}' if line else ''}", err=True)
