"""`whofrom rejects`: lines that are no rows, with the reason; and the same tried again."""

from __future__ import annotations

import os
import re

import click

from pipeline.commands.options import engine_options, lake_option, open_engine, output_option, period
from pipeline.engine import Choice
from pipeline.errors import UsageFault
from pipeline.output import write_rows
from pipeline.timespec import HELP

DEFAULT_LIMIT = 100
# what follows the colon of a reason is of the line, and differs from line to line
CHOSEN = """
    FROM rejects
    WHERE ($source IS NULL OR source = $source OR regexp_matches(source, $pattern) OR ends_with(source, '/' || $source))
      AND ($since IS NULL OR ingested_at >= $since)
"""
REASONS = f"""
    SELECT
        split_part(reason, ': ', 1) AS reason, count(*) AS rejects, count(DISTINCT source) AS sources,
        min(ingested_at) AS first_at, max(ingested_at) AS last_at,
        arg_max(source, (ingested_at, source_offset)) AS last_source,
        arg_max(line, (ingested_at, source_offset)) AS last_line
    {CHOSEN}
    GROUP BY 1 ORDER BY rejects DESC, 1
"""
LINES = f"""
    SELECT ingested_at, source, line, source_offset, format, reason, raw
    {CHOSEN}
    ORDER BY ingested_at DESC, source, source_offset DESC
    LIMIT $number
"""
REASON_COLUMNS = ("reason", "rejects", "sources", "first_at", "last_at", "last_source", "last_line")
LINE_COLUMNS = ("ingested_at", "source", "line", "source_offset", "format", "reason", "raw")
LINE_TABLE = ("source", "line", "reason", "raw")
GLOB = re.compile(r"(?P<any>\*)|(?P<one>\?)|\[(?P<but>!?)(?P<some>\][^\]]*|[^\]]+)\]|\\?(?P<plain>.)", re.DOTALL)


def glob_pattern(text: str) -> str:
    """Return a glob as a regular expression, which every engine reads alike."""
    parts = []
    for found in GLOB.finditer(text):
        if found["some"]:
            inside = re.sub(r"[\\\[\]^&~|]", r"\\\g<0>", found["some"])
            parts.append(f"[{'^' if found['but'] else ''}{inside}]")
        else:
            parts.append(".*" if found["any"] else "." if found["one"] else re.escape(found["plain"]))
    return rf"(?s)^{''.join(parts)}\z"


@click.command()
@lake_option
@click.option("--source", metavar="NAME", help="Of this source alone: its path, the end of it, or a glob in quotes.")
@click.option("--since", metavar="TIME", help=f"Rejected at this time or after: {HELP}.")
@click.option("--raw", is_flag=True, help="The lines themselves, the newest first.")
@click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help=f"Of --raw: lines at most, 0 for all. [default: {DEFAULT_LIMIT}]",
)
@output_option
@engine_options
def rejects(
    lake_path: str,
    source: str | None,
    since: str | None,
    raw: bool,
    limit: int | None,
    form: str | None,
    choice: Choice,
) -> None:
    """
    Which lines are no rows, and why? Counted by reason, the most frequent first.

    After a fix, or where the format was guessed wrong: whofrom ingest --retry-rejects [--format FORMAT].
    """
    if limit is not None and not raw:
        raise UsageFault("is for lines", "--limit", "add --raw")
    engine = open_engine(lake_path, choice)
    if source is not None:  # as ingest writes what is no UTF-8
        source = os.fsencode(source).decode("utf-8", "backslashreplace")
    pattern = None if source is None else glob_pattern(source)
    chosen = {"source": source, "pattern": pattern, "since": period(since, None)["since"]}
    total = engine.query(f"SELECT count(*) AS n {CHOSEN}", chosen).to_pylist()[0]["n"]
    if raw:
        number = DEFAULT_LIMIT if limit is None else limit or total
        rows = engine.query(LINES, chosen | {"number": number}).to_pylist()
        write_rows(rows, LINE_COLUMNS, form, table_columns=LINE_TABLE)
        if len(rows) < total:
            click.echo(f"the newest {len(rows):,} of {total:,}; all of them: --limit 0", err=True)
    else:
        write_rows(engine.query(REASONS, chosen).to_pylist(), REASON_COLUMNS, form)
    if not total:
        click.echo("no line was rejected" if not any(chosen.values()) else "no such line was rejected", err=True)
