"""Outcomes → Markdown."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.http.report import table
from benchmarks.soak.faults import Outcome
from benchmarks.soak.verdict import FLAT_BYTES, FLAT_PART, Drift, Match, quantiles

METHOD = """\
Open loop: an exchange is due when the clock says so, over {connections} connections of 127.0.0.x. A latency counts from
then, or from when it was sent: the difference is the generator's own lateness, which shares the cores. The reachable
rate is that of the same generator and mix where each answer is followed by the next request, with generator, server and
the log's reader on the same cores. Each request has a number that its record repeats; malformed ones are matched by
address and port. The log goes through a pipe to a process that reads each line as JSON. Memory, open files and the
log's queue are looked at {samples} times; what grows by no more than {part:.0%} and {bytes} MiB from the median of the
first quarter to that of the last counts as flat. The workers' RSS must be; PSS is for information, since it moves with
whoever else on the machine maps the same pages."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """
    What a soak has shown.

    cpu      cores that the server was busy with
    waited   cores that it waited for, while others had them
    first, last  "due" or "sent" -> seconds from then to the answer, in the first and in the last quarter
    scrapes  answers to /metrics, records of them
    counted  requests and records as /metrics has them at the end
    """

    workers: int
    minutes: float
    part: float
    reach: float
    reached: float
    cpu: float
    waited: float
    failed: int
    code: int
    scrapes: tuple[int, int]
    counted: tuple[float, float]
    counts: Counter[str]
    matched: Match
    drifts: dict[str, Drift]
    first: Mapping[str, Sequence[float]]
    last: Mapping[str, Sequence[float]]
    samples: int
    good: bool


def head(now: datetime, machine: str, versions: str) -> str:
    """Return the title, and what it ran on."""
    return f"# {now:%Y-%m-%d}, soak and faults\n\n{machine}. {versions}.\n"


def soaked(one: Soaked) -> str:
    """Return the section of the soak."""
    found = one.matched
    verdict = "as it must be" if one.good else "NOT AS IT MUST BE"
    words = (
        f"{one.workers} workers, {one.minutes:g} minutes at {one.part:.0%} of {one.reach:,.0f} requests/s: "
        f"{one.reached:,.0f} reached, the server busy on {one.cpu:.2f} cores and waiting for {one.waited:.2f} "
        f"that others had. {found.answered:,} requests answered, "
        f"{found.logged:,} records; answers without a record {len(found.missing)}, records without an answer "
        f"{found.unasked}, records twice {found.twice}, torn lines {found.torn}, malformed ones that do not match "
        f"{found.malformed}, requests without an answer {one.failed}; exit code {one.code}. Of /metrics itself "
        f"{one.scrapes[0]} answers were taken by the sampler."
    )
    kinds = table(("kind", "answers"), [(name, f"{count:,}") for name, count in one.counts.most_common()])
    moved = table(
        ("", "first quarter", "last quarter", "most"),
        [(name, *(_spelled(name, value) for value in change)) for name, change in one.drifts.items()],
    )
    times = table(
        ("latency, ms", "p50", "p99", "p99.9"),
        [
            (f"{name}, from when it was {since}", *(f"{1000 * value:.1f}" for value in quantiles(values[since])))
            for name, values in (("first quarter", one.first), ("last quarter", one.last))
            for since in values
        ],
    )
    method = METHOD.format(connections=64, samples=one.samples, part=FLAT_PART, bytes=FLAT_BYTES >> 20)
    parts = (f"## Soak: {verdict}", textwrap.fill(words, 120), textwrap.fill(method, 120), kinds, moved, times)
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def faults(outcomes: Sequence[Outcome]) -> str:
    """Return the section of the faults."""
    rows = [f"| {one.name} | {'yes' if one.good else 'NO'} | {one.words} |" for one in outcomes]
    return "\n".join(["## Faults", "", "| fault | as it must be | |", "| --- | --- | --- |", *rows, ""])


def _spelled(name: str, value: float) -> str:
    return f"{value:,.0f}" if name == "open files" else f"{value / 2**20:.2f} MiB"
