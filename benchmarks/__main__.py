"""
Run the benchmarks and write benchmarks/results/DATE.md.

Machines are shared and noisy, so each measure is CPU time per unit, the runs of all candidates are interleaved, the
median of ROUNDS is taken, and what is compared is the ratio within this one run.
"""

from __future__ import annotations

import ipaddress
import platform
import re
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pyarrow as pa

from echo.clientip import make_policy
from pipeline.geo import Geo, default_database
from pipeline.ingest import Settings, enrich
from pipeline.resolve import resolve
from pipeline.sources import combined

ROUNDS = 5
ROWS = 200_000
DISTINCT_HOPS = 10_000
LINES = 50_000
RESULTS = Path(__file__).parent / "results"
TRUSTED = ["10.0.0.0/8", *(f"172.16.{n}.0/24" for n in range(23))]  # 24 ranges
LINE_PATTERN = re.compile(
    rb'(\S+) \S+ (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?'
)


def naive_resolve(networks: list[ipaddress.IPv4Network], peer: str, value: str) -> str | None:
    """What a careful programmer writes with the standard library: the same answer for IPv4 without ports."""
    for text in [peer, *reversed(value.split(","))]:
        address = ipaddress.IPv4Address(text.strip())
        if not any(address in network for network in networks):
            return str(address)
    return None


def resolving() -> dict[str, Callable[[], int]]:
    """Return name -> a run that resolves and returns how many rows."""
    random = Random(1)
    hops = [f"{random.randrange(11, 100)}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(DISTINCT_HOPS)]
    chains = [f"{random.choice(hops)}, 10.0.0.{n % 50 + 1}, 10.0.1.{n % 20 + 1}" for n in range(ROWS)]
    policy = make_policy(trusted=TRUSTED)
    networks = [ipaddress.IPv4Network(text) for text in TRUSTED]
    few = chains[: ROWS // 20]
    peers, column = pa.repeat(pa.scalar("10.0.0.1"), ROWS), pa.array(chains)

    def scalar() -> int:
        for chain in few:
            policy.resolve("10.0.0.1", [chain])
        return len(few)

    def naive() -> int:
        for chain in few:
            naive_resolve(networks, "10.0.0.1", chain)
        return len(few)

    def vectorised() -> int:
        resolve(peers, column, policy)
        return ROWS

    return {"ipaddress, row by row": naive, "scalar": scalar, "vectorised": vectorised}


def ingesting() -> dict[str, Callable[[], int]]:
    """Return name -> a run over combined lines that returns how many lines."""
    random = Random(2)
    lines = [
        b'%d.%d.%d.%d - - [17/May/2015:10:%02d:%02d +0000] "GET /page/%d HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11)"'
        % (*(random.randrange(1, 224) for _ in range(4)), n // 60 % 60, n % 60, n % 997, n)
        for n in range(LINES)
    ]
    batch = combined.parse(lines).batch
    offsets = pa.array(range(LINES), pa.int64())
    path = default_database()
    geo = Geo(path) if path is not None else None

    def pattern() -> int:
        for line in lines:
            found = LINE_PATTERN.match(line)
            assert found is not None
            found.groups()
        return LINES

    def parse() -> int:
        return combined.parse(lines).batch.num_rows

    def enriched() -> int:
        enrich(batch, "bench", offsets, Settings(make_policy(trusted=TRUSTED), geo=geo), own=False)
        return LINES

    return {"re, groups only": pattern, "parse to typed columns": parse, "resolve and geo": enriched}


def measure(runs: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Return name -> CPU microseconds a unit, the median of interleaved rounds."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.process_time()
            units = run()
            taken[name].append((time.process_time() - start) / units * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    now = datetime.now(UTC)
    parts = [
        f"# {now:%Y-%m-%d}\n",
        f"Python {platform.python_version()}, {platform.machine()}, pyarrow {pa.__version__}.\n",
        f"CPU µs a unit, median of {ROUNDS} interleaved rounds; ratios are to the first line of a table.\n",
    ]
    for title, unit, runs in (
        ("Resolve: three hops, 24 trusted ranges", "row", resolving()),
        ("Ingest: combined lines", "line", ingesting()),
    ):
        found = measure(runs)
        first = next(iter(found.values()))
        parts.append(f"## {title}\n\n| what | µs a {unit} | ratio |\n| --- | ---: | ---: |")
        parts += [f"| {name} | {value:.2f} | {value / first:.2f} |" for name, value in found.items()]
        parts.append("")
    text = "\n".join(parts)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{now:%Y-%m-%d}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
