"""
Numbers that all workers count together: 64-bit integers in memory that is shared over a fork, a row a worker.

A worker adds to its own row alone, so nothing is locked and no count is lost; who is asked reads all rows and adds them
up. A row outlives its worker: what a dead one counted stays counted; what it held at the moment (gauges) is set to 0 by
`forget`.
"""

import mmap
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

_BYTES = 8


class Metric(NamedTuple):
    """
    One metric.

    kind    "counter", "gauge" or "histogram"
    labels  label -> the values it can take: a metric has a number for each combination, made before the first request
    bounds  upper bounds of a histogram's buckets, in its unit
    scale   what a counted integer is multiplied by when it is shown
    """

    name: str
    kind: str
    help: str
    labels: Mapping[str, Sequence[str]] = {}
    bounds: Sequence[int] = ()
    scale: float = 1

    @property
    def series(self) -> list[tuple[str, ...]]:
        """Return the label values of each series, in the order of their slots."""
        return list(product(*self.labels.values()))

    @property
    def size(self) -> int:
        """Return how many slots it takes: a histogram has one a bucket, one beyond, and the sum."""
        return len(self.series) * (len(self.bounds) + 2 if self.kind == "histogram" else 1)


class Counters:
    """The rows of all workers, and where each metric's slots are."""

    def __init__(self, metrics: Sequence[Metric], workers: int) -> None:
        self.metrics = tuple(metrics)
        self.start: dict[str, int] = {}
        size = 0
        for metric in metrics:
            self.start[metric.name] = size
            size += metric.size
        self.size = size
        self.workers = workers
        self._all = memoryview(mmap.mmap(-1, size * workers * _BYTES)).cast("q")

    def row(self, worker: int) -> memoryview:
        """Return a worker's own numbers."""
        return self._all[worker * self.size : (worker + 1) * self.size]

    def slot(self, name: str, *values: str) -> int:
        """Return where a series of a metric is in a row. Raises ValueError for values that were not declared."""
        metric = next(one for one in self.metrics if one.name == name)
        return self.start[name] + metric.series.index(values)

    def slots(self, name: str) -> dict[str, int]:
        """Return value -> slot of a metric with one label."""
        return {
            values[0]: self.slot(name, *values) for values in next(m for m in self.metrics if m.name == name).series
        }

    def total(self, slot: int) -> int:
        """Return the sum of a slot over all workers."""
        return sum(self._all[slot :: self.size])

    def forget(self, worker: int) -> None:
        """Set the gauges of a worker that died to 0."""
        row = self.row(worker)
        for metric in self.metrics:
            if metric.kind == "gauge":
                for slot in range(self.start[metric.name], self.start[metric.name] + metric.size):
                    row[slot] = 0


def observe(row: memoryview, start: int, bounds: Sequence[int], value: int) -> None:
    """Count a value in the histogram whose slots begin at start: its bucket, and the sum."""
    row[start + bisect_left(bounds, value)] += 1
    row[start + len(bounds) + 1] += value
