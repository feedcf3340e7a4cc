"""What was measured → Markdown."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.http.machine import machine, revision, said
from benchmarks.http.report import spread, table
from benchmarks.ingest.candidates import CLICKHOUSE, CSV, GEO, OURS, PATTERN, PLAIN, Taken
from benchmarks.ingest.memory import Piped
from benchmarks.ingest.queries import Asked

MIB = 1 << 20
MICRO = 1_000_000
AIM_LINES = 300_000  # a second, end to end on two idle cores
TARGET_TIMES = 5  # GoAccess's lines a second
LIMIT_MIB = 1536
METHOD = """\
Logs are made by `benchmarks.ingest.generator`, whose docstring says what is in them; they, and all that is written, lie
on {disk} and are read from the page cache. Every run is a process from its start to its end, `whofrom ingest` into a
new lake each time; it counts only if it took every line. CPU is user and system time of the process and its children,
memory what the kernel booked as the most resident in one of them, the mapped geo database included. Candidates go
in turns, {rounds} of them, slow variants in one; a number is the median (least–most), a ratio the median of those
within a turn."""
WHAT = {
    OURS: "parses, resolves, places, commits all fields to a Delta lake, with what it could not read",
    GEO: "parses, counts its panels in memory, browsers and systems among them, places; a JSON report",
    PLAIN: "the same without places",
    CSV: "parses to typed columns, one zstd Parquet file; no client, no place, no rejects",
    PATTERN: "the same with one regular expression for the line",
    CLICKHOUSE: "as DuckDB, by CustomSeparated with CSV's quotes",
}


class Ended(NamedTuple):
    """One log, ingested in some rounds; `packed` has bytes by plain, gzip and zstd."""

    name: str
    lines: int
    taken: Sequence[Taken]
    packed: Mapping[str, int]


class Staged(NamedTuple):
    """One log, ingested in one thread: stage -> [wall, CPU] seconds."""

    name: str
    rows: int
    spent: Mapping[str, Sequence[float]]


def head(now: datetime, database: str, chdb: Path | None) -> str:
    """Return the title, and what it ran on."""
    parts = [f"whofrom {version('whofrom')} ({revision()})", f"Python {sys.version.split()[0]}"]
    parts += [f"{name} {version(name)}" for name in ("pyarrow", "deltalake", "duckdb", "maxminddb")]
    if shutil.which("goaccess"):
        parts.append(said("goaccess", "--version", r"GoAccess - ([\d.]+\d)"))
    if chdb is not None:
        command = [str(chdb), "-c", "import chdb; print(chdb.__version__)"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        parts.append(f"chdb {found or '?'}")
    return f"# {now:%Y-%m-%d}, ingest\n\n{machine()}. {', '.join(parts)}. Geo: {database or 'none'}.\n"


def method(rounds: int, scratch: Path) -> str:
    """Return how it was measured."""
    return _paragraph(METHOD.format(rounds=rounds, disk=_filesystem(scratch)))


def summary(results: Iterable[str]) -> str:
    """Return what came out against the targets."""
    words = "; ".join(results)
    return f"**{words}.**\n" if words else ""


def peers(
    found: Mapping[str, Sequence[Taken]], faults: Mapping[str, str], lines: int, plain: int
) -> tuple[str, list[str]]:
    """Return the section of all on one combined log, and what to put on top."""
    ours = found[OURS]
    rows = []
    for name, runs in found.items():
        rates = [lines / one.run.wall for one in runs]
        cpu = [one.run.cpu / lines * MICRO for one in runs]
        faster = [other.run.wall / mine.run.wall for mine, other in zip(ours, runs, strict=False)]
        cheaper = [other.run.cpu / mine.run.cpu for mine, other in zip(ours, runs, strict=False)]
        rows.append(
            (
                name,
                spread(rates, ",.0f"),
                f"{median(faster):.2f} ×",
                spread(cpu, ".2f"),
                f"{median(cheaper):.2f} ×",
                f"{max(one.run.peak for one in runs) / MIB:,.0f}",
                f"{runs[0].written / lines:.1f}",
            )
        )
    titles = (
        "",
        "lines/s",
        "its time to ours",
        "CPU µs a line",
        "its CPU to ours",
        "peak MiB",
        "bytes a line",
    )
    said = []
    if GEO in found:
        times = median(other.run.wall / mine.run.wall for mine, other in zip(ours, found[GEO], strict=True))
        said.append(f"{times:.1f} × GoAccess's lines/s with the same geo database (target {TARGET_TIMES} ×)")
    if CSV in found:
        times = median(mine.run.wall / other.run.wall for mine, other in zip(ours, found[CSV], strict=False))
        said.append(f"{times:.1f} × the time of DuckDB's bare read_csv to Parquet")
    words = f"One combined log of {lines:,} lines, {plain / 1e9:.2f} GB. `bytes a line` is what is left on the disk.\n"
    whats = "".join(f"- {name}: {WHAT[name]}\n" for name in found)
    failed = "".join(f"- {name} FAILED: {' '.join(fault.split())}\n" for name, fault in faults.items())
    return f"## Beside others\n\n{words}\n{table(titles, rows)}\n{whats}{failed}", said


def ends(found: Iterable[Ended]) -> tuple[str, list[str]]:
    """Return the section of our ingest from end to end, and what to put on top."""
    rows, said = [], []
    for log in found:
        rates = [log.lines / one.run.wall for one in log.taken]
        cpu = [one.run.cpu / log.lines * MICRO for one in log.taken]
        busy = median(one.run.cpu / one.run.wall for one in log.taken)
        lake = log.taken[0].written
        rows.append(
            (
                log.name,
                f"{log.lines:,}",
                spread(rates, ",.0f"),
                f"{median(rates) * log.packed['plain'] / log.lines / 1e6:,.0f}",
                spread(cpu, ".2f"),
                f"{busy:.2f}",
                f"{max(one.run.peak for one in log.taken) / MIB:,.0f}",
                *(f"{log.packed[kind] / log.lines:.1f}" for kind in ("plain", "gzip", "zstd")),
                f"{lake / log.lines:.1f}",
                f"{lake / log.packed['gzip']:.2f} ×",
            )
        )
        aim = f" (aim {AIM_LINES:,})" if not said else ""
        said.append(f"{median(rates):,.0f} {log.name} lines/s end to end{aim}")
    titles = (
        "", "lines", "lines/s", "MB/s", "CPU µs a line", "cores busy", "peak MiB", "bytes a line", "gzip -6", "zstd -3",
        "lake", "lake to gzip",
    )  # fmt: skip
    words = "`whofrom ingest LOG`, geo database and all. The lake's bytes are all files of it, Delta's log included.\n"
    return f"## End to end\n\n{words}\n{table(titles, rows)}", said


def stages(found: Sequence[Staged]) -> str:
    """Return the section of where the time goes."""
    rows = []
    for stage in found[0].spent:
        cells = [stage]
        for log in found:
            wall, cpu = log.spent[stage]
            whole = sum(one for _, one in log.spent.values())
            rate = f"{log.rows / wall:,.0f}" if wall > 0 else ""
            cells += [f"{cpu / log.rows * MICRO:.2f}", f"{cpu / whole:.0%}", rate]
        rows.append(cells)
    cells = ["all"]
    for log in found:
        wall, cpu = (sum(one[place] for one in log.spent.values()) for place in range(2))
        cells += [f"{cpu / log.rows * MICRO:.2f}", "100%", f"{log.rows / wall:,.0f}"]
    rows.append(cells)
    titles = [""]
    for log in found:
        titles += [f"{log.name}, CPU µs a line", "part", "lines/s"]
    lines = " and ".join(f"{log.rows:,} {log.name} lines" for log in found)
    words = f"""\
The product's own ingest of {lines}, its functions timed as they are called, each without those that it calls; in one
thread, where a usual run makes blocks ready in one a core; with `--trust 10.0.0.0/8`, the proxies of the NDJSON.
`lines/s` is what the stage would do alone. `read` cuts the bytes into lines; `write` makes and compresses Parquet files
and commits them; `other columns` is what a row has besides; `rest` is what stands between."""
    return f"## Stages\n\n{_paragraph(words)}\n{table(titles, rows)}"


def memory(found: Piped) -> tuple[str, list[str]]:
    """Return the section of a large input, and what to put on top."""
    used = found.run
    words = f"""\
{found.lines:,} combined lines, {found.read / 1e9:.1f} GB, piped from the generator, which has its part of the same
cores, into `whofrom ingest -`: at most {used.peak / MIB:,.0f} MiB resident (limit {LIMIT_MIB:,}); median
{found.early / MIB:,.0f} MiB in the second tenth of the run, {found.late / MIB:,.0f} in the last. {used.wall:,.0f} s,
{found.lines / used.wall:,.0f} lines/s, {used.cpu / found.lines * MICRO:.2f} µs of CPU a line. The lake has
{found.lake / 1e9:.2f} GB, {found.lake / found.lines:.1f} bytes a row."""
    said = f"{used.peak / MIB:,.0f} MiB at most for {found.read / 1e9:.1f} GB (limit {LIMIT_MIB:,})"
    return f"## Memory\n\n{_paragraph(words)}", [said]


def queries(found: Sequence[Asked], rows: int, files: int) -> str:
    """Return the section of what the lake was asked."""
    lines = []
    for name in dict.fromkeys(one.name for one in found):
        asked = [one for one in found if one.name == name]
        ours, plain = [one.ours.wall for one in asked], [one.plain.wall for one in asked]
        ratio = median(mine / other for mine, other in zip(ours, plain, strict=True))
        lines.append(
            (
                name,
                f"{asked[0].rows:,}",
                spread(ours, ".2f"),
                f"{max(one.ours.peak for one in asked) / MIB:,.0f}",
                spread(plain, ".2f"),
                f"{max(one.plain.peak for one in asked) / MIB:,.0f}",
                f"{ratio:.2f} ×",
            )
        )
    words = f"""\
Over the lake of {rows:,} rows as ingest has left it, in {files:,} files, not compacted: seconds from the start of the
process to its end. `alone` is DuckDB's `read_parquet` over the same files, whose answers must be the same."""
    titles = ("", "rows", "whofrom sql, s", "peak MiB", "alone, s", "peak MiB", "ours to alone")
    return f"## Queries\n\n{_paragraph(words)}\n{table(titles, lines)}"


def _filesystem(folder: Path) -> str:
    """Return the type of the file system that holds a folder."""
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    above = {str(one) for one in (folder, *folder.parents)}
    return max(((len(place), kind) for place, kind in mounts if place in above), default=(0, "?"))[1]


def _paragraph(words: str) -> str:
    return textwrap.fill(" ".join(words.split()), 120, break_on_hyphens=False) + "\n"
