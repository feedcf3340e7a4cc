"""`whofrom sql`."""

from __future__ import annotations

import sys

import click

from pipeline.commands.options import lake_option, open_engine, output_option
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
    write_rows(table.rename_columns(names).to_pylist(), names, form)


def unique(names: list[str]) -> list[str]:
    """Return names with a number behind those that come again: rows are keyed by name."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        count = seen[name] = seen.get(name, 0) + 1
        out.append(name if count == 1 else f"{name}_{count}")
    return out
