"""How long a server takes from exec until it listens, and until its first answer."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from benchmarks.http import client
from benchmarks.http.candidates import Candidate, start, stop
from benchmarks.http.cores import Cores
from benchmarks.http.traffic import requests


class Start(NamedTuple):
    """Milliseconds, medians."""

    listening: float
    answered: float


def starting(candidate: Candidate, times: int, cores: Cores) -> Start:
    """Start and stop a candidate, once more than `times`: the first leaves bytecode and pages in the caches."""
    request = requests("/", 5, 1)[0]
    taken: list[Start] = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        start(candidate, cores)
        try:
            with client.wait_for(candidate.port) as connection:
                listening = time.perf_counter()
                client.ask(connection, request)
                taken.append(Start((listening - begin) * 1000, (time.perf_counter() - begin) * 1000))
        finally:
            stop(candidate)
    return Start(*(statistics.median(column) for column in zip(*taken[1:], strict=True)))
