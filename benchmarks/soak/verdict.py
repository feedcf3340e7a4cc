"""Answers beside records: what has no record, what has no answer, what memory did."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.soak.checker import Found
from benchmarks.soak.generator import Generator
from benchmarks.soak.server import Sample

FLAT_PART, FLAT_BYTES = 0.03, 1 << 20  # memory counts as flat within both together


class Match(NamedTuple):
    """
    answered   answers, malformed requests included
    logged     records of requests
    missing    numbers of answers without a record
    unasked    records whose request had no answer; there are some only where connections broke
    twice      numbers with more than one record
    malformed  malformed requests whose answers and records do not match
    """

    answered: int
    logged: int
    missing: list[int]
    unasked: int
    twice: int
    malformed: int
    torn: int
    dropped: int

    @property
    def whole(self) -> bool:
        """Return whether each answer has its record and each record its answer."""
        return not (self.missing or self.unasked or self.twice or self.malformed or self.torn or self.dropped)


def match(load: Generator, found: Found, ids: bytes) -> Match:
    """Match answers and records, one to one."""
    count = len(load.answered)
    ids = ids.ljust(count, b"\0")
    missing = [number for number, at in enumerate(load.answered) if at and not ids[number]]
    unasked = sum(1 for number, at in enumerate(load.answered) if ids[number] and not at) + sum(map(bool, ids[count:]))
    unlike = (load.malformed - found.malformed) + (found.malformed - load.malformed)
    return Match(
        sum(map(bool, load.answered)) + load.malformed.total(),
        sum(map(bool, ids)) + found.malformed.total(),
        missing,
        unasked,
        sum(records > 1 for records in ids),
        unlike.total(),
        len(found.torn),
        found.dropped,
    )


class Drift(NamedTuple):
    """Medians of the first and of the last quarter of the samples, and the most."""

    first: float
    last: float
    most: float

    @property
    def flat(self) -> bool:
        """Return whether it did not grow."""
        return self.last - self.first <= FLAT_PART * self.first + FLAT_BYTES


def drift(values: Sequence[float]) -> Drift:
    """Return how values changed."""
    quarter = max(1, len(values) // 4)
    return Drift(statistics.median(values[:quarter]), statistics.median(values[-quarter:]), max(values))


def drifts(samples: Sequence[Sample]) -> dict[str, Drift]:
    """Return how each measure of a server changed."""
    return {
        "RSS of the workers": drift([sum(one.rss[1:]) for one in samples]),
        "RSS of all": drift([sum(one.rss) for one in samples]),
        "PSS of all": drift([sum(one.pss) for one in samples]),
        "open files": drift([one.files for one in samples]),
        "log queue": drift([one.queue for one in samples]),
    }


def quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, the 99th and the 99.9th percentile."""
    ordered = sorted(values)
    return tuple(ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99, 0.999))  # type: ignore[return-value]
