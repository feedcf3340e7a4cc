"""Measures → Markdown."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.http.idle import Idle
from benchmarks.http.rate import Latency
from benchmarks.http.start import Start
from benchmarks.http.throughput import Series

MEASURE = "nginx, JSON log"
ORIGINAL = "whoami"
METHOD = """\
The server has one core and one worker, the load the other; {idle}. CPU is what the scheduler booked for all processes
of a candidate during a run, over the requests that wrk counted. Candidates take turns, {rounds} rounds of {seconds} s
with {connections} connections; a number is the median of the rounds (least–most), a ratio the median of the ratios
within a round. All requests differ in X-Request-Id, X-Forwarded-For and User-Agent and have 8 headers. nginx answers
bytes of the length that whofrom answers, and logs with one write a request where it does not say buffered. Logs lie in
{scratch}; a run counts when they have a line for each request.

`busy` is the part of the time that the candidate ran, `waited` that it was ready to run while others had its core.
Where both together are less than 95 %, it had no work: the load was the limit, or others had the load's core. Then
requests/s say less than could be had; `to whoami, by CPU`, requests a second of CPU, is moved much less.
"""


IDLE = {
    True: "idle cores poll (PM QoS)",
    False: "idle cores halt, and a slow server pays for waking the load with each answer",
}


def method(*, rounds: int, seconds: int, connections: int, scratch: str, polls: bool) -> str:
    """Return how it was measured."""
    text = METHOD.format(rounds=rounds, seconds=seconds, connections=connections, scratch=scratch, idle=IDLE[polls])
    return "\n\n".join(textwrap.fill(part, 120) for part in text.split("\n\n")) + "\n"


def summary(root: Mapping[str, Series], mine: str) -> str:
    """Return what came out against the targets, at `/`."""
    measure, original, runs = root[MEASURE], root.get(ORIGINAL), root[mine].runs
    cpu = statistics.median(run.cpu / other.cpu for run, other in zip(runs, measure.runs, strict=True))
    text = f"`/` with a record: {cpu:.2f} × the CPU of nginx with a JSON log (target 1.3 ×, goal 1.0 ×)"
    if original:
        rate = statistics.median(run.rate / other.rate for run, other in zip(runs, original.runs, strict=True))
        used = statistics.median(other.cpu / run.cpu for run, other in zip(runs, original.runs, strict=True))
        text += f"; {rate:.1f} × whoami's requests a second, {used:.1f} × by CPU (target 10 ×)"
    return f"**{text}.**\n"


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table, all but the first column to the right."""
    heads = list(titles)
    lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    return "\n".join([*lines, *(_line(row) for row in rows)]) + "\n"


def throughput(target: str, found: Mapping[str, Series]) -> str:
    """Return the section of one target."""
    body = next(iter(found.values())).body
    titles = ["", "CPU µs a request", "to nginx, JSON log", "requests/s", "busy", "waited", "log bytes"]
    titles += ["to whoami, requests/s", "to whoami, by CPU"] if ORIGINAL in found else []
    measure, original = found[MEASURE], found.get(ORIGINAL)
    rows = []
    for name, series in found.items():
        cpu, rate = [run.cpu for run in series.runs], [run.rate for run in series.runs]
        cpu_ratio = [mine / other.cpu for mine, other in zip(cpu, measure.runs, strict=True)]
        busy, waited, written = (
            statistics.median(getattr(run, name) for run in series.runs) for name in ("busy", "waited", "log_bytes")
        )
        row = [name, spread(cpu, ".1f"), f"{spread(cpu_ratio, '.2f')} ×", spread(rate, ",.0f")]
        row += [f"{busy:.0%}", f"{waited:.0%}", f"{written:.0f}" if written else ""]
        if original:
            by_rate = [mine / other.rate for mine, other in zip(rate, original.runs, strict=True)]
            by_cpu = [other.cpu / mine for mine, other in zip(cpu, original.runs, strict=True)]
            row += [f"{spread(by_rate, '.1f')} ×", f"{spread(by_cpu, '.1f')} ×"]
        rows.append(row)
    return f"## `{target}`, a body of {body} bytes\n\n{table(titles, rows)}"


def latencies(found: Mapping[str, Sequence[Latency]], part: float, connections: int) -> str:
    """Return the section of latency at a constant rate."""
    rows = []
    for name, turns in found.items():
        reached, *times = min(turns, key=lambda turn: turn.waited + turn.away)
        rows.append((name, f"{reached:,.0f}", *(f"{us / 1000:.2f}" for us in times)))
    count = max(map(len, found.values()), default=0)
    words = (
        f"`/` at {part:.0%} of the requests/s that whofrom with its log reached, {connections} connections, open loop: "
        "from when a request was due to its last byte, milliseconds. "
        f"Of {count} turns the least disturbed: all that the server waited for its core, while others had it, and the "
        "longest that the load was away from its own.\n"
    )
    titles = ("", "requests/s", "p50", "p99", "p99.9", "most", "server waited", "load away")
    return f"## Latency at a constant rate\n\n{words}\n{table(titles, rows)}"


def memories(found: Mapping[str, Idle]) -> str:
    """Return the section of idle connections."""
    rows = [
        (
            name,
            f"{one.connections:,}",
            *(f"{size / 2**20:.1f}" for size in (one.before.rss, one.after.rss, one.before.pss, one.after.pss)),
            f"{(one.after.pss - one.before.pss) / one.connections:,.0f}",
        )
        for name, one in found.items()
    ]
    words = "Each has made one request. Memory of all processes, without the kernel's for sockets.\n"
    titles = ("", "connections", "RSS MiB before", "after", "PSS MiB before", "after", "bytes a connection (PSS)")
    return f"## Idle connections\n\n{words}\n{table(titles, rows)}"


def starts(found: Mapping[str, Start], times: int) -> str:
    """Return the section of starting."""
    rows = [(name, f"{one.listening:.0f}", f"{one.answered:.0f}") for name, one in found.items()]
    titles = ("", "listens after ms", "first answer after ms")
    return f"## Start\n\nFrom exec, median of {times}, caches warm.\n\n{table(titles, rows)}"


def spread(values: Sequence[float], form: str) -> str:
    """Return a median with the least and the most."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
