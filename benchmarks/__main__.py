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
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import pyarrow as pa
from forwarded import client_from_x_forwarded

from echo.clientip import make_policy
from pipeline.enrich import enrich
from pipeline.geo import Geo, default_database
from pipeline.resolve import resolve
from pipeline.settings import Settings
from pipeline.sources import combined

ROUNDS = 5
ROWS = 10_000
DISTINCT_HOPS = 5_000
BATCH = 2_000_000
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


def chains(rows: int, distinct: int, *, repeat: bool) -> list[str]:
    """
    Return lists of three hops, the last two of them trusted.

    repeat  the last two are one of 100 pairs, as proxies are; else they are drawn from `distinct` addresses as well
    """
    random = Random(1)
    clients = [f"{random.randrange(11, 100)}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(distinct)]
    proxies = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(1 if repeat else distinct)]
    picked = clients if distinct == rows else (random.choice(clients) for _ in range(rows))
    if repeat:
        return [f"{client}, 10.0.0.{n % 50 + 1}, 10.0.1.{n % 20 + 1}" for n, client in enumerate(picked)]
    return [f"{client}, {random.choice(proxies)}, {random.choice(proxies)}" for client in picked]


def requests(lists: list[str]) -> pa.RecordBatch:
    """Return a batch as the pipeline has it: one header a row, the peer trusted."""
    rows = len(lists)
    each = pa.array(range(rows + 1), pa.int32())
    values = pa.ListArray.from_arrays(each, pa.array(lists))
    names = pa.repeat(pa.scalar("x-forwarded-for"), rows)
    return pa.RecordBatch.from_pydict(
        {
            "peer_ip": pa.repeat(pa.scalar("10.0.0.1"), rows),
            "proxied_ip": pa.nulls(rows, pa.string()),
            "headers": pa.MapArray.from_arrays(each, names, values),
        }
    )


def resolving() -> dict[str, Callable[[], int]]:
    """Return name -> a run that resolves row by row and returns how many rows."""
    networks = [ipaddress.IPv4Network(text) for text in TRUSTED]
    few = chains(ROWS, DISTINCT_HOPS, repeat=True)
    never_twice = chains(ROWS, ROWS, repeat=False)

    def scalar(lists: list[str]) -> int:
        policy = make_policy(trusted=TRUSTED)
        for chain in lists:
            policy.resolve("10.0.0.1", {"x-forwarded-for": [chain]})
        return ROWS

    def naive() -> int:
        for chain in few:
            naive_resolve(networks, "10.0.0.1", chain)
        return ROWS

    def package() -> int:
        for chain in few:
            client_from_x_forwarded(chain, "10.0.0.1", trusted=networks)
        return ROWS

    return {
        "`ipaddress` and a loop": naive,
        "PyPI's `forwarded`": package,
        "scalar, proxies that come again": partial(scalar, few),
        "scalar, proxies that were not seen before": partial(scalar, never_twice),
    }


def vectorising() -> dict[str, Callable[[], int]]:
    """Return name -> a run that resolves a batch and returns how many rows."""
    policy = make_policy(trusted=TRUSTED)
    batches = {
        "100,000 clients behind 100 pairs of proxies": requests(chains(BATCH, 100_000, repeat=True)),
        "hops drawn from 200,000 addresses": requests(chains(BATCH, 100_000, repeat=False)),
        "every client another": requests(chains(BATCH, BATCH, repeat=True)),
    }

    def run(batch: pa.RecordBatch) -> int:
        resolve(batch, policy)
        return batch.num_rows

    return {name: partial(run, batch) for name, batch in batches.items()}


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
        enrich(batch, "bench", offsets, Settings(make_policy(trusted=TRUSTED), geo=geo))
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


def memory() -> str:
    """Return how much memory resolving takes beside the batch itself: Arrow's and Python's, each at its peak."""
    policy, pool, lines = make_policy(trusted=TRUSTED), pa.default_memory_pool(), []
    for rows in (BATCH // 8, BATCH // 2, BATCH):
        batch = requests(chains(rows, rows // 20, repeat=True))
        counting = pa.proxy_memory_pool(pool)
        pa.set_memory_pool(counting)
        tracemalloc.start()
        resolve(batch, policy)
        _, python = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        pa.set_memory_pool(pool)
        lines.append(f"| {rows:,} | {counting.max_memory() / rows:.0f} | {python / rows:.0f} |")
    return "\n".join(["| rows | Arrow, bytes a row | Python, bytes a row |", "| ---: | ---: | ---: |", *lines])


def main() -> None:
    pa.set_cpu_count(1)
    now = datetime.now(UTC)
    parts = [
        f"# {now:%Y-%m-%d}\n",
        f"Python {platform.python_version()}, {platform.machine()}, pyarrow {pa.__version__}, one core.\n",
        f"CPU µs a unit, median of {ROUNDS} interleaved rounds; ratios are to the first line of a table.\n",
    ]
    for title, unit, runs in (
        ("Resolve one request: three hops, 24 trusted ranges", "request", resolving()),
        (f"Resolve batches of {BATCH:,} rows: three hops, 24 trusted ranges", "row", vectorising()),
        ("Ingest: combined lines", "line", ingesting()),
    ):
        found = measure(runs)
        first = next(iter(found.values()))
        parts.append(f"## {title}\n\n| what | µs a {unit} | ratio |\n| --- | ---: | ---: |")
        parts += [f"| {name} | {value:.2f} | {value / first:.2f} |" for name, value in found.items()]
        parts.append("")
    parts.append(f"## Memory of the vectorised resolver, beside the batch's own\n\n{memory()}\n")
    text = "\n".join(parts)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{now:%Y-%m-%d}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
