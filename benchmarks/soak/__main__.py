"""
Soak the server and match every answer with its record; write benchmarks/results/DATE-soak.md.

    python -m benchmarks.soak [--minutes N] [--workers N] [--load PART] [--faults] [--output FILE] [--scratch FOLDER]
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.http import accounts
from benchmarks.http.candidates import open_files
from benchmarks.http.machine import machine, versions
from benchmarks.soak import report
from benchmarks.soak.faults import CONNECTIONS, Outcome, faults
from benchmarks.soak.generator import Generator
from benchmarks.soak.server import Sampler, serving
from benchmarks.soak.traffic import KINDS
from benchmarks.soak.verdict import drifts, match

RESULTS = Path(__file__).parents[1] / "results"
LOAD_PART = 0.7
PROBE_SECONDS, WARM_SECONDS = 5.0, 10.0
FAULTS_PART = 0.3  # of the reachable rate: what is stopped or killed there has to be made up for
AS_FAST_AS_IT_GOES = 1e9  # exchanges a second; no more are sent than answers come
PER_EXCHANGE = sum(kind.weight * max(1, kind.requests) for kind in KINDS) / sum(kind.weight for kind in KINDS)


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    open_files()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="whofrom-soak-", dir=options.scratch) as name:
        folder = Path(name)
        reach = reachable(folder / "probe", options.workers)
        _say(f"reachable: {reach:,.0f} requests/s")
        text = [report.head(now, machine(), versions(None))]
        soaked, good = "", True
        if options.minutes:
            soaked, good = soak(folder / "soak", options.workers, reach, options.load, options.minutes)
        text.append(soaked)
        outcomes: list[Outcome] = []
        if options.faults:
            outcomes = faults(folder, options.workers, reach * FAULTS_PART / PER_EXCHANGE, _say)
            text.append(report.faults(outcomes))
    whole = "\n".join(part for part in text if part)
    print(whole)
    output = options.output or RESULTS / f"{now:%Y-%m-%d}-soak.md"
    output.write_text(whole, encoding="utf-8")
    sys.exit(0 if good and all(one.good for one in outcomes) else 1)


def reachable(folder: Path, workers: int) -> float:
    """Return how many requests a second the mix reaches where each answer is followed by the next request."""
    with serving(folder, workers) as running:
        load = Generator(running.port, CONNECTIONS)
        load.run(1, 1000)
        rate = load.run(PROBE_SECONDS, AS_FAST_AS_IT_GOES)
        load.close()
    return rate


def soak(folder: Path, workers: int, reach: float, part: float, minutes: float) -> tuple[str, bool]:
    """Run the load for some minutes; return the report and whether all is as it must be."""
    rate, seconds = reach * part / PER_EXCHANGE, minutes * 60
    with serving(folder, workers) as running:
        load = Generator(running.port, CONNECTIONS)
        load.run(WARM_SECONDS, rate)
        warm = len(load.latencies)
        before = accounts.usage(running.process.pid)
        _say(f"{minutes:g} minutes at {reach * part:,.0f} requests/s")
        with Sampler(running, max(0.5, min(5.0, seconds / 100))) as sampler:
            reached = load.run(seconds, rate)
        used = accounts.usage(running.process.pid).since(before)
        requests, records = (running.metric(f"whofrom_{name}_total") for name in ("requests", "log_records"))
        load.close()
        code = running.stop()
        found, ids = running.found()
    matched, moved = match(load, found, ids), drifts(sampler.samples)
    good = matched.whole and not load.failed and code == 0 and moved["RSS of the workers"].flat
    quarter = (len(load.latencies) - warm) // 4
    times = {"due": load.latencies, "sent": load.services}
    soaked = report.Soaked(
        workers=workers,
        minutes=minutes,
        part=part,
        reach=reach,
        reached=reached,
        cpu=used.ran / 1e9 / seconds,
        waited=used.waited / 1e9 / seconds,
        failed=load.failed,
        code=code,
        scrapes=(sampler.scrapes, found.scrapes),
        counted=(requests, records),
        counts=load.counts,
        matched=matched,
        drifts=moved,
        first={since: values[warm : warm + quarter] for since, values in times.items()},
        last={since: values[-quarter:] for since, values in times.items()},
        samples=len(sampler.samples),
        good=good,
    )
    return report.soaked(soaked), good


def _say(words: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {words}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.split("\n")[1])
    parser.add_argument(
        "--minutes", type=float, default=10.0, metavar="N", help="of the soak; 0 for none (default: 10)"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="of the server (default: 2)")
    parser.add_argument(
        "--load", type=float, default=LOAD_PART, metavar="PART", help="of the reachable rate (default: 0.7)"
    )
    parser.add_argument("--faults", action="store_true", help="then run the faults at full size, some 3 minutes")
    parser.add_argument("--output", type=Path, metavar="FILE", help="in place of benchmarks/results/DATE-soak.md")
    parser.add_argument("--scratch", type=Path, metavar="FOLDER", help="where logs are written and removed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
