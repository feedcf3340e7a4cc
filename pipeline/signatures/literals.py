"""
The literals of all signatures (`hints`), as `make docs` has worked them out.

To work them out takes a quarter of a second, and every process that ingests would: `literals.json` has them. A test
holds it against the patterns.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.signatures.signature import Area

NAME = "literals.json"


class Prefilter(NamedTuple):
    """
    What tells values that may match by ordinary characters alone.

    literals  hints of the patterns that have some
    common    hints of patterns whose hints half the targets of a site may have
    rest      patterns of RE2 that match what these do, and what those do that have no hints
    """

    literals: tuple[str, ...]
    common: tuple[str, ...]
    rest: tuple[str, ...]


class Literals(NamedTuple):
    """
    What was worked out of all signatures.

    prefilters  of each area that has one; `line` is the target's
    needed      of each signature, by its id: what `hints.needed` says
    """

    prefilters: dict[Area, Prefilter]
    needed: dict[str, tuple[str, ...] | None]


@cache
def literals() -> Literals:
    """Return what the package brings."""
    found = json.loads(files("pipeline").joinpath("signatures", NAME).read_text("utf-8"))
    return Literals(
        {area: Prefilter(*map(tuple, patterns)) for area, patterns in found["prefilters"].items()},
        {one: None if texts is None else tuple(texts) for one, texts in found["needed"].items()},
    )


def text_of(made: Literals) -> str:
    """Return what stands in the file: an area or a signature a line."""
    parts = []
    for name, table in made._asdict().items():
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items()]
        parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
