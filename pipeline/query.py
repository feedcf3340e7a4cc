"""
Questions as files: `queries/<use case>/<name>.sql`.

A file opens with a header of comment lines, `-- key: text`, and its parameters,
`-- parameter NAME TYPE = DEFAULT: meaning`. The header is the one declaration: docs are generated from it, defaults are
taken from it, and a test runs every file. A text continues on lines that start with `--   `.

A file with `-- makes: NAME` is a stage: what it finds is kept as the relation NAME, which other files read.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.engine import Engine
from pipeline.sqlfile import header_lines

KEYS = ("question", "makes", "grain", "reads", "false positives", "attack", "source")
TYPES: dict[str, Any] = {"int": int, "float": float, "text": str, "timestamp": datetime}
PARAMETER = re.compile(r"parameter (?P<name>[a-z_]+) (?P<type>[a-z]+)(?: = (?P<default>[^:]+))?: (?P<meaning>.+)")


class Parameter(NamedTuple):
    """One parameter; `default` is None where NULL is the default."""

    name: str
    type: str
    default: Any
    meaning: str


class Query(NamedTuple):
    """One question. `name` is `use case/file`; `header` maps the KEYS that the file has to their text."""

    name: str
    header: dict[str, str]
    parameters: tuple[Parameter, ...]
    sql: str

    def run(self, engine: Engine, **values: Any) -> pa.Table:
        """Run it; values that are not given take their defaults. Raises QueryFault."""
        return engine.query(self.sql, self.bound(**values))

    def bound(self, **values: Any) -> dict[str, Any]:
        """Return parameter -> its value: the one given, else its default."""
        known = {parameter.name for parameter in self.parameters}
        assert known >= values.keys(), f"{self.name} has no parameter {values.keys() - known}"
        return {parameter.name: values.get(parameter.name, parameter.default) for parameter in self.parameters}


@cache
def load(name: str) -> Query:
    """Load `use case/file`."""
    return parse(name, files("pipeline").joinpath("queries", f"{name}.sql").read_text("utf-8"))


def names() -> list[str]:
    """Return the names of all queries."""
    folder = files("pipeline").joinpath("queries")
    return sorted(
        f"{use.name}/{file.name.removesuffix('.sql')}"
        for use in folder.iterdir()
        if use.is_dir()
        for file in use.iterdir()
        if file.name.endswith(".sql")
    )


@cache
def makers() -> dict[str, str]:
    """Return relation -> name of the query that makes it."""
    headers = {name: load(name).header for name in names()}
    return {header["makes"]: name for name, header in headers.items() if "makes" in header}


def parse(name: str, text: str) -> Query:
    """Parse the text of a file. Raises ValueError naming the line that is no header line."""
    header: dict[str, str] = {}
    parameters = []
    for line in header_lines(text):
        found = PARAMETER.fullmatch(line)
        key, _, value = line.partition(": ")
        if found:
            default = found["default"]
            kind = TYPES[found["type"]]
            parameters.append(
                Parameter(
                    found["name"], found["type"], None if default in (None, "null") else kind(default), found["meaning"]
                )
            )
        elif key in KEYS:
            header[key] = value
        else:
            raise ValueError(f"{name}: {line!r} is no header line; keys are {', '.join(KEYS)}")
    return Query(name, header, tuple(parameters), text)
