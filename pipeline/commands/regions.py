"""`whofrom regions`: where requests come from, as a table, a map or a page."""

from __future__ import annotations

import sys

import click

from echo.clientip import load_config, printable
from pipeline.commands.options import (
    config_option,
    engine_options,
    geo_option,
    lake_option,
    open_engine,
    output_option,
    period,
    period_options,
    say_if_empty,
)
from pipeline.commands.results import destination
from pipeline.engine import Choice, Engine
from pipeline.errors import UsageFault
from pipeline.geo import Geo, attribution_of, open_geo
from pipeline.output import default_form, write_rows
from pipeline.regions import answers
from pipeline.regions.levels import CHANGES, LEVELS, MEASURES, PERIODS, columns_of
from pipeline.regions.periods import PREVIOUS, Period, compared
from pipeline.report.words import LANGS

EVERY_PLACES = 10  # of --every, where --places is not said: more lines a period than people read
BUILDS = "SELECT DISTINCT geo_build FROM requests WHERE geo_build IS NOT NULL ORDER BY 1"
TABLE_CHANGES = ("trend", "requests", "requests_before", "difference", "growth", "clients", "clients_before")
STDOUT = "-"
MAP_PLACES = 1000  # all countries


class Language(click.Choice[str]):
    """One of the languages, or the beginning of its tag, such as zh."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the language's tag. Raises click's BadParameter."""
        whole = value.lower().replace("_", "-")
        begun = [lang for lang in self.choices if lang.lower().startswith(f"{whole}-")]
        return super().convert(begun[0] if begun else whole, param, ctx)


@click.command()
@lake_option
@period_options
@click.option("--by", "level", type=click.Choice(list(LEVELS)), help="How fine places are; country if it is not said.")
@click.option("--every", type=click.Choice(PERIODS), help="Over time: one row a period and place.")
@click.option(
    "--versus",
    metavar="TIME",
    help="Beside what was that long before, 7d or 24h: what grew, what fell. Without --since, the last 7d beside the 7d"
    f" before; {PREVIOUS} is the period of equal length before --since.",
)
@click.option(
    "--places", type=click.IntRange(1, 100_000), help=f"Places at most: 50, with --every {EVERY_PLACES} if not said."
)
@click.option(
    "--lang",
    type=Language(LANGS, case_sensitive=False),
    help="Names of places, and the words of tables and pages. JSON and CSV have names if it is said; codes, always.",
)
@click.option(
    "--html",
    "html_path",
    metavar="FILE",
    help="Write a page with a map, columns over time and tables of all levels, which needs nothing else; - is standard"
    " output. With --versus it says what has changed; --every is how finely time is drawn.",
)
@click.option("--map", "show_map", is_flag=True, help="Draw the countries on a map above the table.")
@output_option
@config_option
@geo_option
@engine_options
def regions(
    lake_path: str,
    since: str | None,
    until: str | None,
    level: str | None,
    every: str | None,
    versus: str | None,
    places: int | None,
    lang: str | None,
    html_path: str | None,
    show_map: bool,
    form: str | None,
    config_path: str | None,
    geo_paths: tuple[str, ...],
    choice: Choice,
) -> None:
    """
    Where do requests come from? Requests, clients, users, bytes, errors and response times by place.

    What is no place is shown as itself: unresolved (no client was found), private, loopback, …; unknown is a public
    address that the geo database lacks. --config and --geo name the database that has the names of regions and cities
    for --lang.
    """
    if html_path is not None and (level or places or show_map or form):
        raise UsageFault("has all levels, as a page", "--html", "leave --by, --places, --map and -o away")
    if every is not None and versus is not None and html_path is None:
        raise UsageFault("are two questions", "--every, --versus", "ask one after the other")
    shown = form or default_form(sys.stdout)
    if show_map and (shown != "table" or every is not None or versus is not None):
        raise UsageFault("stands above a table of places", "--map", "with -o table, and without --every and --versus")
    moments = period(since, until)
    level = level or "country"
    engine = open_engine(lake_path, choice)
    asked = Period(**moments)
    if versus is not None:
        asked = compared(moments["since"], moments["until"], versus, answers.span_of(engine))
    if html_path is not None:
        geo = _names_database(config_path, geo_paths, "city", lang)
        _write_page(engine, asked, every, lang, geo, html_path)
        return
    geo = _names_database(config_path, geo_paths, level, lang)
    answers.prepare(engine, asked, every)
    columns: tuple[str, ...]
    if versus is not None:
        rows = answers.versus(engine, level, places or 50) if asked.before_since is not None else []
        columns = CHANGES
    elif every is not None:
        rows = answers.over_time(engine, level, every, places or EVERY_PLACES, asked)
        columns = MEASURES
    else:
        rows = answers.by_place(engine, level, places or 50, asked)
        columns = MEASURES
    rows = answers.with_names(engine, rows, level, lang or LANGS[0], geo)
    if show_map:
        _map(engine, asked)
    _write(rows, level, columns, form, shown, lang, over_time=every is not None)
    say_if_empty(engine, rows, moments)
    if versus is not None and rows:
        _say_periods(engine, asked)
    say_databases(engine)


def _names_database(config_path: str | None, geo_paths: tuple[str, ...], level: str, lang: str | None) -> Geo | None:
    """Return the database of regions' and cities' names in another language than English, None if it is not needed."""
    if lang in (None, LANGS[0]) or "region" not in LEVELS[level]:
        return None
    return open_geo(geo_paths, load_config(config_path))


def _write_page(engine: Engine, asked: Period, every: str | None, lang: str | None, geo: Geo | None, path: str) -> None:
    from pipeline.regions.page import page  # noqa: PLC0415  # the other forms need not wait for jinja2

    text = page(engine, asked, lang or LANGS[0], geo, every)
    with destination(None if path == STDOUT else path) as out:
        out.write(text)
    if path != STDOUT:
        click.echo(f"{printable(path)}: a page of {len(text.encode()) // 1000 + 1:,} kB", err=True)


def _write(
    rows: answers.Rows,
    level: str,
    measures: tuple[str, ...],
    form: str | None,
    shown: str,
    lang: str | None,
    *,
    over_time: bool,
) -> None:
    first = ("period",) if over_time else ()
    if shown != "table":
        write_rows(rows, (*first, *columns_of(level, names=lang is not None), *measures), form)
        return
    from pipeline.regions.table import write_places  # noqa: PLC0415  # the other forms need not wait for rich

    names = columns_of(level, names=True)
    if level in ("region", "city"):  # one name of a region is enough, and the country's code is
        names = tuple(name for name in names if name not in ("country_name", "region", "city"))
    if measures is CHANGES:
        write_places(rows, (*names, *TABLE_CHANGES), sys.stdout, lang or LANGS[0])
        return
    write_places(rows, (*first, *names, *measures), sys.stdout, lang or LANGS[0], bar="requests")


def _map(engine: Engine, asked: Period) -> None:
    from pipeline.regions.table import write_map  # noqa: PLC0415  # the other forms need not wait for rich

    rows = answers.by_place(engine, "country", MAP_PLACES, asked, times=False)
    write_map({row["country"]: row["requests"] for row in rows}, sys.stdout)
    click.echo()


def _say_periods(engine: Engine, asked: Period) -> None:
    """Say which periods were compared, and if the lake does not hold all of the earlier one."""
    moments = [asked.since, asked.until, asked.before_since, asked.before_until]
    begin, end, before, until = (f"{moment:%Y-%m-%d %H:%M}" for moment in moments if moment is not None)
    click.echo(f"{begin} to {end}, beside {before} to {until} UTC", err=True)
    first = answers.span_of(engine).first
    if first is not None and asked.before_since is not None and first > asked.before_since:
        click.echo(f"the lake begins at {first:%Y-%m-%d %H:%M} UTC: the earlier period is not whole", err=True)


def say_databases(engine: Engine) -> None:
    """Say by which databases rows were placed, with the lines that their terms ask for."""
    for row in engine.query(BUILDS).to_pylist():
        line = attribution_of(row["geo_build"])
        click.echo(f"places by {row['geo_build']}{f': {line}' if line else ''}", err=True)
