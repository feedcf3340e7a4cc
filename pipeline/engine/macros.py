"""
Macros for SQL users: `pipeline/macros/NAME.sql`, one each, with a header that docs and tests read.

A header has lines `-- meaning: …`, `-- parameter NAME TYPE: meaning`, `-- returns: …` and `-- example: …`, which is an
expression that a test finds to be true; a text continues on lines that start with `--   `.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.sqlfile import header_lines

# in this order: DuckDB looks up what a macro uses when it is made
NAMES = (
    "ip_num", "ip_text", "cidr_range", "ip_in", "is_private", "ip_prefix", "haversine_km", "unix_micros",
    "timestamp_micros", "percentile",
)  # fmt: skip
PARAMETER = re.compile(r"parameter (?P<name>[a-z0-9_]+) (?P<type>[a-z ]+): (?P<meaning>.+)")


class Macro(NamedTuple):
    """One macro; `parameters` are (name, type, meaning), `sql` makes it."""

    name: str
    meaning: str
    parameters: tuple[tuple[str, str, str], ...]
    returns: str
    examples: tuple[str, ...]
    sql: str

    @property
    def call(self) -> str:
        """Return how it is called: `ip_in(ip, cidr)`."""
        return f"{self.name}({', '.join(name for name, _, _ in self.parameters)})"

    @property
    def named(self) -> re.Pattern[str]:
        """Its name as a word, which SQL writes in any case."""
        return re.compile(rf"\b{self.name}\b", re.IGNORECASE)


@cache
def macros() -> tuple[Macro, ...]:
    """Return all macros, each after those that it uses."""
    folder = files("pipeline").joinpath("macros")
    return tuple(parse(name, folder.joinpath(f"{name}.sql").read_text("utf-8")) for name in NAMES)


def named_in(text: str) -> list[Macro]:
    """Return the macros that a text of SQL names, and those that these use, each after those that it uses."""
    found: list[Macro] = []
    for macro in reversed(macros()):
        if any(macro.named.search(one) for one in (text, *(_statement(other) for other in found))):
            found.append(macro)
    return found[::-1]


def _statement(macro: Macro) -> str:
    """Return what makes a macro, without the examples of its header, which name others."""
    return macro.sql[macro.sql.index("CREATE MACRO") :]


def parse(name: str, text: str) -> Macro:
    """Parse the text of a file. Raises ValueError naming the line that is no header line."""
    texts: dict[str, list[str]] = {"meaning": [], "returns": [], "example": []}
    parameters = []
    for line in header_lines(text):
        found = PARAMETER.fullmatch(line)
        key, _, value = line.partition(": ")
        if found:
            parameters.append((found["name"], found["type"], found["meaning"]))
        elif key in texts:
            texts[key].append(value)
        else:
            raise ValueError(f"{name}: {line!r} is no header line; keys are parameter, {', '.join(texts)}")
    (meaning,), (returns,) = texts["meaning"], texts["returns"]
    return Macro(name, meaning, tuple(parameters), returns, tuple(texts["example"]), text)
