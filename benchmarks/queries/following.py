"""
`whofrom watch` on a log that grows by so many records a second: does it keep up, and when does it tell?

Records of our own, from `benchmarks.ingest.generator`, are appended to a file every tenth of a second, as many as are
due by the clock; their times are those of the generator's days. In the middle a scanner asks for 40 paths within
seconds: how long until its alert is told is what an operator waits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, NamedTuple

from benchmarks.http.report import table
from benchmarks.ingest.candidates import WHOFROM
from benchmarks.ingest.generator import generate
from benchmarks.ingest.process import KIB, run

RATE, SECONDS = 50_000, 60
TICK = 0.1
LAG_SECONDS = 120  # for what was written to be in the lake
SCANNER = "45.9.20.5"
PATHS = ("/.env", "/.git/config", "/wp-config.php.bak", "/backup.sql", "/.aws/credentials")
MIB = 1 << 20


class Followed(NamedTuple):
    """
    What watch did.

    rate     records a second that were written
    late     seconds after the last record until all were in the lake
    told     seconds after the scanner's last record until its alert was told; -1 if it was not
    cpu      seconds of watch
    peak     bytes resident at most
    """

    rate: float
    late: float
    told: float
    cpu: float
    peak: int
    records: int


def followed(scratch: Path, rate: int = RATE, seconds: int = SECONDS) -> str:
    """Measure, and return the section."""
    with tempfile.TemporaryDirectory(prefix="whofrom-watch-", dir=scratch) as name:
        found = _followed(Path(name), rate, seconds)
    keeps_up = found.late < seconds / 2
    told = f"{found.told:.1f}" if found.told >= 0 else "–"
    rows = [
        (f"{found.rate:,.0f}", f"{found.records:,}", f"{found.late:.1f}", told, f"{found.cpu:.1f}",
         f"{found.peak / MIB:,.0f}", "yes" if keeps_up else "no"),
    ]  # fmt: skip
    head = ("records a second", "records", "all in the lake after, s", "scanner told after, s", "CPU s", "peak MiB",
            "keeps up")  # fmt: skip
    return f"## Watch\n\n{(__doc__ or '').strip()}\n\n{table(head, rows)}"


def _followed(folder: Path, rate: int, seconds: int) -> Followed:
    log, lake = folder / "records.ndjson", folder / "lake"
    log.touch()
    pieces = folder / "pieces.ndjson"
    with pieces.open("wb") as file:
        for piece in generate(rate * seconds, "ndjson"):
            file.write(piece)
    command = [str(WHOFROM), "watch", "--lake", str(lake), "--trust", "10.0.0.0/8", "--format", "ndjson", str(log)]
    told: list[float] = []
    with (
        (folder / "errors").open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as watch,
    ):
        assert watch.stdout is not None
        listener = threading.Thread(target=_listen, args=(watch.stdout, told), daemon=True)
        listener.start()
        start = time.monotonic()
        written, scanned = _write(pieces, log, rate, seconds)
        took = time.monotonic() - start
        end = time.monotonic()
        while _rows(lake) < written and time.monotonic() - end < LAG_SECONDS:
            time.sleep(0.5)
        late = time.monotonic() - end
        deadline = time.monotonic() + LAG_SECONDS
        while not told and time.monotonic() < deadline:
            time.sleep(0.2)
        peak = _peak(watch.pid)
        cpu = _cpu(watch.pid)
        watch.kill()  # which it bears
    return Followed(written / took, late, told[0] - scanned if told else -1, cpu, peak, written)


def _write(pieces: Path, log: Path, rate: int, seconds: int) -> tuple[int, float]:
    """Write the records by the clock; return how many, and when the scanner had asked."""
    written, scanned = 0, 0.0
    with pieces.open("rb") as source, log.open("ab", buffering=0) as file:
        last = b""
        start = time.monotonic()
        while written < rate * seconds:
            due = min(rate * seconds, int((time.monotonic() - start) * rate)) - written
            lines = [line for _ in range(due) if (line := source.readline())]
            if not lines and due:
                break
            file.write(b"".join(lines))
            written += len(lines)
            last = lines[-1] if lines else last
            if not scanned and written > rate * seconds // 2:
                scan = b"".join(_scan(last, number) for number in range(40))
                file.write(scan)
                written += 40
                scanned = time.monotonic()
            time.sleep(TICK)
    return written, scanned


def _scan(line: bytes, number: int) -> bytes:
    """Return a record of the scanner, of the time of another."""
    record = json.loads(line)
    target = f"/{number}{PATHS[number % len(PATHS)]}"
    record |= {"method": "GET", "target": target, "status": 404, "client_ip": SCANNER, "request_id": f"{number:032x}"}
    record["headers"] = {**record["headers"], "x-forwarded-for": [f"{SCANNER}, 10.0.0.1"]}
    return json.dumps(record).encode() + b"\n"


def _listen(lines: IO[bytes], told: list[float]) -> None:
    """Note when the scanner is told of."""
    told.extend(time.monotonic() for line in lines if SCANNER.encode() in line)


def _rows(lake: Path) -> int:
    try:
        said = run([str(WHOFROM), "sql", "--lake", str(lake), "-o", "csv", "SELECT count(*) AS n FROM requests"]).said
        return int(said.split()[-1])
    except (RuntimeError, ValueError):  # no lake yet
        return 0


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmHWM"))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    print(followed(Path(tempfile.gettempdir()), *(int(one) for one in sys.argv[1:3])))
