"""`whofrom sql`."""

from __future__ import annotations

import sys

import click

from pipeline.commands.options import lake_option, open_engine, output_option
from pipeline.errors import QueryFault
from pipeline.output import write_rows


@click.command()
@click.argument("statement")
@lake_option
@output_option
def sql(statement: str, lake_path: str, form: str | None) -> None:
    """
    Ask the lake in SQL (DuckDB's), read-only. Tables: requests, rejects.

    STATEMENT is one SELECT; `DESCRIBE requests` lists the columns, - reads the statement from standard input.
    """
    text = sys.stdin.read() if statement == "-" else statement
    table = open_engine(lake_path).query(text)
    names = unique(table.column_names)
    try:
        rows = table.rename_columns(names).to_pylist()
    except (OverflowError, ValueError) as error:
        raise QueryFault(f"a value cannot be shown: {error}", "SQL", "CAST it to VARCHAR") from None
    write_rows(rows, names, form)


def unique(names: list[str]) -> list[str]:
    """Return names with a number behind those that come again: rows are keyed by name."""
    out: list[str] = []
    for name in names:
        number = 1
        fresh = name
        while fresh in out or (number > 1 and fresh in names):
            number += 1
            fresh = f"{name}_{number}"
        out.append(fresh)
    return out
