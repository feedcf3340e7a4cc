"""What was measured → Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

from benchmarks.http.machine import machine, revision
from benchmarks.signatures.cases import FAMILIES, HALVES, Case, Count
from docs.pages.markdown import table
from pipeline.signatures import BY_ID, SIGNATURES, Signature

METHOD = """\
The cases are GET requests of the regression tests of the OWASP CRS (`tests/data/attacks/`): {attacks} that one
of its rules must find, at any of its paranoia levels, and {others} that a rule must not find. `found` has a
signature of the family; `high, medium` has one of these severities. What *a rule* must not find need be no
innocent request: of many the test says that another rule takes care of them. So the share of these that is
found is no rate of false alarms; the quiet logs below give that.

Cases were halved by a hash of rule and number, and patterns were written by the half that is `seen`. The other
half was scored several times on the way; once, when 185 of its 229 attacks were found, the titles of the tests
that were missed were read, and later one of the requests. So what is said of it is better than of what nobody
has seen.
"""


class Hit(NamedTuple):
    """A signature that matches rows of a log: how many, and the target (or agent) that does most often."""

    signature: Signature
    rows: int
    most: str


class Measured(NamedTuple):
    """
    What is told.

    counts   (family, attack, half) -> how many
    misses   rule of the CRS -> how many of its attacks were missed
    quiet    log -> rows, rows that match, hits
    hostile  the same
    cost     log -> CPU µs a row, of values new and known
    ingest   CPU µs a line without and with signatures
    lines    of the ingest
    """

    counts: Mapping[tuple[str, bool, str], Count]
    misses: Mapping[str, int]
    quiet: Mapping[str, tuple[int, int, list[Hit]]]
    hostile: Mapping[str, tuple[int, int, list[Hit]]]
    cost: Mapping[str, tuple[float, float]]
    ingest: tuple[float, float]
    lines: int


def misses(rows: Sequence[Case], answers: Sequence[Sequence[str]]) -> Counter[str]:
    """Return for each rule how many of its attacks no signature of the family finds."""
    return Counter(
        row.rule
        for row, ids in zip(rows, answers, strict=True)
        if row.attack and not any(BY_ID[one].family in FAMILIES[row.family] for one in ids)
    )


def share(part: int, whole: int) -> str:
    """Return part/whole and the percentage."""
    return f"{part}/{whole} ({100 * part / whole:.0f} %)" if whole else "–"


def _sum(found: Iterable[Count]) -> Count:
    columns = list(zip(*found, strict=True))
    return Count(*(sum(column) for column in columns)) if columns else Count(0, 0, 0)


def written(measured: Measured, now: datetime) -> str:
    """Return the report."""
    every = _sum(count for (_, attack, _), count in measured.counts.items() if attack)
    held = _sum(count for (_, attack, half), count in measured.counts.items() if attack and half == HALVES[1])
    others = _sum(count for (_, attack, _), count in measured.counts.items() if not attack)
    without, with_them = measured.ingest
    told = (
        f"**{share(every.found, every.all)} of the CRS's attacks found, {share(held.found, held.all)} of the half held "
        f"out; {len(SIGNATURES)} signatures cost an ingest {100 * (with_them / without - 1):.0f} % "
        f"({without:.2f} → {with_them:.2f} CPU µs a line).**\n"
    )
    columns = [f"{half}: {what}" for half in HALVES for what in ("found", "high, medium")]
    missed = ", ".join(f"{rule} ({count})" for rule, count in sorted(measured.misses.items()))
    parts = [
        f"# {now:%Y-%m-%d}, signatures\n",
        f"{machine()}. whofrom {revision()}, Python {platform.python_version()}, pyarrow {pa.__version__}.\n",
        told,
        METHOD.format(attacks=every.all, others=others.all),
        "## Requests of the OWASP CRS\n",
        table(("family", *columns, "not by a rule: found"), (_row(family, measured.counts) for family in FAMILIES)),
        f"\nMissed, by the CRS's rule: {missed}.\n",
    ]
    for title, logs in (("Quiet logs: every signature that hit", measured.quiet), ("Scans", measured.hostile)):
        for name, (rows, matching, found) in logs.items():
            parts.append(f"## {title}: {name}\n\n{rows:,} rows, {matching:,} of which match.\n")
            parts.append(table(("signature", "severity", "rows", "most often"), map(_hit, found)))
    parts.append("## Cost\n")
    parts.append("CPU µs a row of `signatures_of` alone: all values new to it, and all known.\n")
    parts.append(
        table(("log", "new", "known"), ((name, f"{a:.2f}", f"{b:.2f}") for name, (a, b) in measured.cost.items()))
    )
    parts.append(
        f"\nOf `whofrom ingest` of {measured.lines:,} combined lines of the log of `benchmarks.ingest`, in one "
        f"process, interleaved: {without:.2f} without, {with_them:.2f} with signatures.\n"
    )
    return "\n".join(parts)


def _row(family: str, found: Mapping[tuple[str, bool, str], Count]) -> list[str]:
    """Return a line of the table: attacks of each half, and what a rule must not find."""
    cells = [family]
    for half in HALVES:
        count = found.get((family, True, half), Count(0, 0, 0))
        cells += [share(count.found, count.all), share(count.sure, count.all)]
    others = _sum(found.get((family, False, half), Count(0, 0, 0)) for half in HALVES)
    return [*cells, share(others.found, others.all)]


def _hit(hit: Hit) -> tuple[str, str, str, str]:
    most = "".join(char if char.isprintable() and char not in "`|<>" else "·" for char in hit.most[:90])
    return hit.signature.id, hit.signature.severity, f"{hit.rows:,}", f"`{most}`"
