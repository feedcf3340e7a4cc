"""What was measured → Markdown."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime

import maxminddb

from benchmarks.geo.compare import FAR_KM, Agreement, Database
from benchmarks.http.machine import machine, revision
from docs.pages.markdown import table

METHOD = """\
Each row compares two databases over one sample. Neither is the truth: where they differ, at least one is wrong, so that
half of what differs is the least that they are wrong on average. *Drawn* of IPv4 are addresses drawn evenly from all
that are announced, of IPv6 one address of each network drawn from those that are announced. Distances are great circles
between the places of both, where both have one, whatever that place stands for: a city, or the middle of a country.
"""
LEAST = 20  # distances, below which their percentiles mean little


def written(databases: Sequence[Database], rows: Iterable[tuple[str, str, str, Agreement]], now: datetime) -> str:
    """Return the report; a row is the sample, two databases' names and how far they agree."""
    head = ("sample", "databases", "addresses", "both know the country", "the same one", "km, median", "km, 90 %")
    reader = f"maxminddb {maxminddb.__version__}"
    return "\n".join(
        (
            f"# {now:%Y-%m-%d}, geo databases beside each other\n",
            f"{machine()}. whofrom {revision()}, Python {platform.python_version()}, {reader}.\n",
            METHOD,
            table(("database", "files, and when they were built"), ((one.name, one.files()) for one in databases)),
            table((*head, *(f"> {one} km" for one in FAR_KM)), (_row(*row) for row in rows)),
        )
    )


def _row(sample: str, one: str, other: str, found: Agreement) -> list[str]:
    far = ["–"] * (2 + len(FAR_KM))
    if len(found.distances) >= LEAST:
        far = [f"{value:,.0f}" for value in found.middle()] + [f"{found.farther(at):.1%}" for at in FAR_KM]
    same = f"{found.same / found.both:.1%}" if found.both else "–"
    return [sample, f"{one} · {other}", f"{found.asked:,}", f"{found.both / found.asked:.1%}", same, *far]
