"""CPU time a request and requests a second: all candidates in turn, round after round."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.http import accounts, client
from benchmarks.http.candidates import Candidate
from benchmarks.http.cores import Cores
from benchmarks.http.load import run_wrk, write_script
from benchmarks.http.traffic import requests, write_requests

SAMPLE = 20
PORT_DIGITS = 1  # a body that names the client's port may be longer or shorter by this
FLUSH_SECONDS = 0.12  # after a run, for records that are written later: their cost counts
LOG_SECONDS = 5.0  # until all of them must be there


@dataclass(frozen=True, slots=True)
class Run:
    """
    cpu        microseconds a request
    rate       requests a second
    busy       part of the time that the candidate ran
    waited     part of the time that it would have run, had its core not been taken; what is left to 1, it had no work
    log_bytes  a request
    """

    cpu: float
    rate: float
    busy: float
    waited: float
    log_bytes: float


@dataclass(slots=True)
class Series:
    """The runs of one candidate at one target, a run a round."""

    body: int
    runs: list[Run] = field(default_factory=list)


def check(candidates: list[Candidate], target: str) -> dict[str, int]:
    """Return name → length of the body; all must be 200 and of one length. Raises RuntimeError."""
    lengths: dict[str, int] = {}
    for candidate in candidates:
        assert candidate.pid  # it runs
        with client.connect(candidate.port) as connection:
            replies = [client.ask(connection, request) for request in requests(target, 0, SAMPLE)]
        lengths[candidate.name] = len(replies[0].body)
        first = next(iter(lengths.values()))
        for reply in replies:
            if reply.status != 200 or abs(len(reply.body) - first) > PORT_DIGITS:
                raise RuntimeError(f"{candidate.name} {target}: {reply.status}, {len(reply.body)} bytes, not {first}")
    return lengths


def measure(
    candidates: list[Candidate], target: str, rounds: range, connections: int, seconds: int, cores: Cores, folder: Path
) -> dict[str, Series]:
    """Return name → its runs. Each round asks other requests, the same ones of every candidate."""
    asked = [candidate for candidate in candidates if target in candidate.targets]
    series = {name: Series(body) for name, body in check(asked, target).items()}
    script, path = write_script(folder), folder / "requests"
    for number in rounds:
        length = write_requests(path, target, number + 1)
        for candidate in asked:
            if candidate.log:
                os.truncate(candidate.log, 0)
            before = accounts.usage(candidate.pid)
            load = run_wrk(script, path, length, candidate.port, connections, seconds, cores)
            time.sleep(FLUSH_SECONDS)
            written = logged(candidate.log, load.requests) if candidate.log else 0
            used = accounts.usage(candidate.pid).since(before)
            busy, waited = (ns / 1000 / load.microseconds for ns in used)
            run = Run(used.ran / 1000 / load.requests, load.rate, busy, waited, written / load.requests)
            series[candidate.name].runs.append(run)
    path.unlink()
    return series


def logged(log: Path, lines: int) -> int:
    """Return the bytes of a log once it has so many lines. Raises RuntimeError where it does not get them."""
    end = time.monotonic() + LOG_SECONDS
    while True:
        size, found = log.stat().st_size, 0
        with log.open("rb") as file:
            while chunk := file.read(1 << 20):
                found += chunk.count(b"\n")
        if found >= lines:
            return size
        if time.monotonic() > end:
            raise RuntimeError(f"{log.name} has {found:,} lines of {lines:,} requests")
        time.sleep(FLUSH_SECONDS)
