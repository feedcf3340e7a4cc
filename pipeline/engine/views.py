"""
The tables that SQL users see: `requests` and `rejects` as ingest wrote them, and views over them in pure SQL.

A view is `pipeline/engine/NAME.sql`; its header says what it means, its grain, and each column.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import NamedTuple

from pipeline.sqlfile import header_lines

NAMES = ("sessions",)
COLUMN = re.compile(r"column (?P<name>[a-z_]+) (?P<type>[a-z]+): (?P<meaning>.+)")


class View(NamedTuple):
    """One view; `columns` are (name, type, meaning), `sql` is its SELECT."""

    name: str
    meaning: str
    grain: str
    columns: tuple[tuple[str, str, str], ...]
    sql: str


def views() -> list[View]:
    """Return all views."""
    folder = files("pipeline").joinpath("engine")
    return [parse(name, folder.joinpath(f"{name}.sql").read_text("utf-8")) for name in NAMES]


def parse(name: str, text: str) -> View:
    """Parse the text of a file. Raises ValueError naming the line that is no header line."""
    texts = {}
    columns = []
    for line in header_lines(text):
        found = COLUMN.fullmatch(line)
        key, _, value = line.partition(": ")
        if found:
            columns.append((found["name"], found["type"], found["meaning"]))
        elif key in ("meaning", "grain"):
            texts[key] = value
        else:
            raise ValueError(f"{name}: {line!r} is no header line; keys are meaning, grain, column")
    return View(name, texts["meaning"], texts["grain"], tuple(columns), text)
