"""
Measure the server beside nginx and whoami; write benchmarks/results/DATE-http.md.

    python -m benchmarks.http [--quick] [--whoami PATH] [--seconds N] [--rounds N] [--connections N] [--output FILE]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.http import client, report
from benchmarks.http.candidates import Candidate, nginx, open_files, running, whoami, whofrom
from benchmarks.http.cores import Cores, awake, choose
from benchmarks.http.idle import idle
from benchmarks.http.machine import machine, versions
from benchmarks.http.nginx import Answer
from benchmarks.http.rate import Latency, latency
from benchmarks.http.start import starting
from benchmarks.http.throughput import Series, measure
from benchmarks.http.traffic import TARGETS, requests

RESULTS = Path(__file__).parents[1] / "results"
LOGGED = "whofrom, log to a file"
RATE_PART = 0.7
MEMORY_DISK = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    rounds: int
    seconds: int
    turns: int
    turn_seconds: float
    idle: int
    starts: int


USUAL = Amount(rounds=5, seconds=2, turns=5, turn_seconds=3, idle=10_000, starts=10)
QUICK = Amount(rounds=2, seconds=1, turns=2, turn_seconds=1, idle=2_000, starts=3)


def main() -> None:
    options = _options()
    amount = QUICK if options.quick else USUAL
    amount = replace(amount, rounds=options.rounds or amount.rounds, seconds=options.seconds or amount.seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    try:
        cores = choose()
    except ValueError as error:
        sys.exit(f"benchmarks.http: {error}")
    open_files()
    _wait_for_others()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="whofrom-bench-", dir=options.scratch) as name, awake() as polls:
        method = report.method(
            rounds=amount.rounds,
            seconds=amount.seconds,
            connections=options.connections,
            scratch=_kind(options.scratch),
            polls=polls,
        )
        folder = Path(name)
        candidates = _candidates(folder, options.whoami, cores)
        with ExitStack() as stack:
            for candidate in candidates:
                stack.enter_context(running(candidate, cores))
            found = _throughput(candidates, amount, options.connections, cores, folder)
            latencies = _latency(candidates, found["/"], amount, options.connections, cores)
        alone = [one for one in candidates if one.name in (LOGGED, report.MEASURE, report.ORIGINAL)]
        _say(f"{amount.idle:,} idle connections")
        memories = report.memories({one.name: idle(one, amount.idle, cores) for one in alone})
        _say("start")
        starts = report.starts({one.name: starting(one, amount.starts, cores) for one in alone}, amount.starts)
    head = f"# {now:%Y-%m-%d}, HTTP\n\n{machine()}. {versions(options.whoami)}.\n"
    sections = [report.throughput(target, series) for target, series in found.items()]
    text = "\n".join([head, report.summary(found["/"], LOGGED), method, *sections, latencies, memories, starts])
    print(text)
    output = options.output or (None if options.quick else RESULTS / f"{now:%Y-%m-%d}-http.md")
    if output:
        output.write_text(text, encoding="utf-8")


def _throughput(
    candidates: list[Candidate], amount: Amount, connections: int, cores: Cores, folder: Path
) -> dict[str, dict[str, Series]]:
    """Return target → name → runs."""
    measure(candidates, "/", range(-1, 0), connections, 1, cores, folder)  # to warm up
    found = {}
    for target in TARGETS:
        _say(f"{target}: {amount.rounds} rounds of {amount.seconds} s")
        found[target] = measure(candidates, target, range(amount.rounds), connections, amount.seconds, cores, folder)
    return found


def _latency(
    candidates: list[Candidate], root: dict[str, Series], amount: Amount, connections: int, cores: Cores
) -> str:
    """Return the section of latency at a part of the rate that our server has reached at `/`."""
    per_second = RATE_PART * median(run.rate for run in root[LOGGED].runs)
    _say(f"latency at {per_second:,.0f} requests/s")
    asked = [one for one in candidates if one.name in (LOGGED, report.MEASURE)]
    found: dict[str, list[Latency]] = {one.name: [] for one in asked}
    for _ in range(amount.turns):
        for one in asked:
            try:
                turn = latency(one, "/", per_second, amount.turn_seconds, connections, cores)
            except TimeoutError as error:  # others had the core; another turn may do
                _say(f"{one.name}: {error}")
            else:
                found[one.name].append(turn)
    return report.latencies({name: turns for name, turns in found.items() if turns}, RATE_PART, connections)


def _candidates(folder: Path, original: Path | None, cores: Cores) -> list[Candidate]:
    """Return all that are measured; nginx answers what whofrom answers now."""
    silent = whofrom("whofrom, log off", None)
    answers = {}
    with running(silent, cores), client.connect(silent.port) as connection:
        for target in TARGETS:
            reply = client.ask(connection, requests(target, 0, 1)[0])
            answers[target] = Answer(_content_type(reply.head), reply.body)
    logs = folder / "logs"
    logs.mkdir()
    buffered, first = logs / "nginx-buffered.log", {"/": answers["/"]}
    found = [
        nginx(report.MEASURE, folder / "json", logs / "nginx.log", "", answers),
        nginx("nginx, JSON log, buffered", folder / "buffered", buffered, "buffer=64k flush=100ms", first),
        nginx("nginx, log off", folder / "off", None, "", answers),
        whofrom(LOGGED, logs / "whofrom.log"),
        whofrom("whofrom, log to a pipe", logs / "whofrom-piped.log", piped=True, targets=("/",)),
        silent,
    ]
    return [*found, whoami(original)] if original else found


def _content_type(head: bytes) -> str:
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-type":
            return value.strip()
    return "text/plain"


def _wait_for_others() -> None:
    """Wait until no other run of these benchmarks is measuring; hold the place until this process ends."""
    folder = os.open(Path(__file__).parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("waiting for another run to end")
        fcntl.flock(folder, fcntl.LOCK_EX)


def _kind(scratch: Path) -> str:
    return "memory (tmpfs)" if scratch == MEMORY_DISK else f"{scratch}"


def _say(words: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {words}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=__doc__.split("\n")[1])
    parser.add_argument("--quick", action="store_true", help="less of everything, printed and not kept")
    parser.add_argument("--whoami", type=Path, metavar="PATH", help="traefik/whoami's program, to be measured too")
    parser.add_argument("--seconds", type=int, metavar="N", help="of each run")
    parser.add_argument("--rounds", type=int, metavar="N", help="runs of each candidate at each target")
    parser.add_argument("--connections", type=int, default=32, metavar="N", help="of the load (default: 32)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="in place of benchmarks/results/DATE-http.md")
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="FOLDER",
        default=MEMORY_DISK if MEMORY_DISK.is_dir() else Path(tempfile.gettempdir()),
        help="where logs are written and removed (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
