"""
Faults at full size: a killed worker, a stopped reader of the log, a full disk, the end under load, slow connections.

Each has a server of its own under the soak's mix at a moderate rate, and is judged by matching answers and records.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.http import client
from benchmarks.soak import server
from benchmarks.soak.generator import SOURCES, Generator
from benchmarks.soak.verdict import Match, match

FLUSH_SECONDS = 0.05  # --log-flush by default
SLACK_SECONDS = 0.25  # the client sees an answer later than the server sent it, on a busy machine
STOPPED_SECONDS = 30.0
AROUND_SECONDS = 5.0  # before and after a fault
CONNECTIONS = 64
SLOW = 5_000
SLOW_SECONDS = 30  # --header-timeout
DISK_BYTES, ROOM_BYTES = 256 << 20, 2 << 20


class Outcome(NamedTuple):
    """A fault: what was done, what came out, and whether that is what must."""

    name: str
    words: str
    good: bool


def faults(folder: Path, workers: int, rate: float, say: Callable[[str], None]) -> list[Outcome]:
    """Run all faults."""
    outcomes = []
    for name, fault in (
        ("workers killed", killed),
        ("reader stopped, block", partial(reader, "block")),
        ("reader stopped, drop", partial(reader, "drop")),
        ("disk full, block", partial(disk, "block")),
        ("disk full, drop", partial(disk, "drop")),
        ("SIGTERM", terminated),
        (f"{SLOW:,} slow connections", slow),
    ):
        say(name)
        inside = folder / name.replace(" ", "-").replace(",", "")
        try:
            words, good = fault(inside, max(2, workers), rate)
        except (OSError, TimeoutError, subprocess.SubprocessError) as error:
            words, good = f"could not be judged: {error}", False
        outcomes.append(Outcome(name, words, good))
        say(f"{name}: {'good' if good else 'NOT GOOD'}: {words}")
    return outcomes


def killed(folder: Path, workers: int, rate: float) -> tuple[str, bool]:
    """Kill a worker every two seconds."""
    deaths: list[float] = []

    def kill() -> None:
        deaths.append(time.monotonic())
        os.kill(running.workers()[len(deaths) % workers], signal.SIGKILL)

    with server.serving(folder, workers) as running:
        load = Generator(running.port, CONNECTIONS)
        load.run(15, rate, [(3.0 + 2 * number, kill) for number in range(5)])
        restarts = running.metric("whofrom_worker_restarts_total")
        load.close()
        code = running.stop()
        found = match(load, *running.found())
    ages = [min((abs(at - load.answered[number]) for at in deaths), default=99.0) for number in found.missing]
    good = (
        restarts == len(deaths)
        and code == 0
        and not found.twice
        and found.torn <= len(deaths)
        and max(ages, default=0.0) <= FLUSH_SECONDS + SLACK_SECONDS
    )
    words = (
        f"{len(deaths)} killed, {restarts:.0f} started again; {_sums(found)}; {len(found.missing)} answers lost their "
        f"record, all within {1000 * max(ages, default=0.0):.0f} ms of a kill, "
        f"and {found.malformed} malformed ones; {found.torn} torn lines; "
        f"{load.failed} requests without an answer"
    )
    return words, good


def reader(full: str, folder: Path, workers: int, rate: float) -> tuple[str, bool]:
    """Stop the reader of the pipe for STOPPED_SECONDS."""
    with server.serving(folder, workers, "--log-full", full, "--log-buffer", "1MiB") as running:
        assert running.reader is not None
        load = Generator(running.port, CONNECTIONS)
        stop, go_on = (partial(running.reader.send_signal, one) for one in (signal.SIGSTOP, signal.SIGCONT))
        resident: list[int] = []
        look = partial(_look, running, resident)
        stopped = AROUND_SECONDS + STOPPED_SECONDS
        actions = [(AROUND_SECONDS, stop), (stopped, go_on), *((AROUND_SECONDS + at, look) for at in range(1, 30))]
        load.run(stopped + AROUND_SECONDS, rate, actions)
        time.sleep(1.5)  # counts are put where /metrics reads them once a second
        counted = running.metric("whofrom_log_dropped_total")
        load.close()
        code = running.stop()
        found = match(load, *running.found())
    return _judged(full, found, counted, code, f"for {STOPPED_SECONDS:.0f} s", resident)


def disk(full: str, folder: Path, workers: int, rate: float) -> tuple[str, bool]:
    """Fill the disk of the log for STOPPED_SECONDS / 3."""
    where = folder / "disk"
    where.mkdir(parents=True)
    script = (
        f"mount -t tmpfs -o size={DISK_BYTES} none '{where}' && "
        f"head -c {DISK_BYTES - ROOM_BYTES} /dev/zero >'{where}/ballast' && exec \"$@\""
    )
    before = ("unshare", "-m", "sh", "-c", script, "sh")
    flags = ("--log-full", full, "--log-buffer", "1MiB")
    with server.serving(folder, workers, *flags, log=where / "log", before=before) as running:
        inside = Path(f"/proc/{running.process.pid}/root{where}")
        with (inside / "log").open("rb") as kept:
            load = Generator(running.port, CONNECTIONS)
            resident: list[int] = []
            look = partial(_look, running, resident)
            seconds = STOPPED_SECONDS / 3
            actions = [(seconds, (inside / "ballast").unlink), *((float(at), look) for at in range(2, int(seconds)))]
            load.run(seconds + AROUND_SECONDS, rate, actions)
            time.sleep(1.5)
            counted = running.metric("whofrom_log_dropped_total")
            failures = running.metric("whofrom_log_write_failures_total")
            load.close()
            code = running.stop()
            running.log = folder / "log"
            running.log.write_bytes(kept.read())
        found = match(load, *running.found())
    return _judged(full, found, counted, code, f"{failures:.0f} tries failed", resident)


def terminated(folder: Path, workers: int, rate: float) -> tuple[str, bool]:
    """Send SIGTERM under load, with the drain of 5 s that is the default."""
    ready: list[bytes] = []
    with server.serving(folder, workers) as running:
        load = Generator(running.port, CONNECTIONS)

        def look() -> None:
            for path in (b"/readyz", b"/livez"):
                with client.connect(running.port) as connection:
                    request = b"GET %b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % path
                    ready.append(b"%d" % client.ask(connection, request).status)

        actions = [(AROUND_SECONDS, running.process.terminate), (AROUND_SECONDS + 2, look)]
        load.run(60, rate, actions, gone=lambda: running.process.poll() is not None)
        code = running.stop()
        load.close()
        found = match(load, *running.found())
    words = f"exit code {code}; ready, alive in the drain: {b', '.join(ready).decode()}; {_sums(found)}; {load.failed} "
    return words + "cut off without answer or record", found.whole and code == 0 and ready == [b"503", b"200"]


def slow(folder: Path, workers: int, rate: float) -> tuple[str, bool]:
    """Open SLOW connections that never finish their heads."""
    opened: list[socket.socket] = []
    with server.serving(folder, workers, "--header-timeout", f"{SLOW_SECONDS}s") as running:
        load = Generator(running.port, CONNECTIONS)
        load.run(2, rate)
        quiet = max(load.latencies)
        try:
            for number in range(SLOW):
                opened.append(client.connect(running.port, f"127.0.0.{2 + number % SOURCES}"))
                opened[-1].sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\nX-Slow: ")
            told: list[bytes] = []
            taker = threading.Thread(target=lambda: told.extend(map(_last, opened)))
            taker.start()
            reached = load.run(SLOW_SECONDS + AROUND_SECONDS, rate)
            taker.join()
        finally:
            for connection in opened:
                connection.close()
        timeouts = running.metric("whofrom_timeouts_total")
        load.close()
        code = running.stop()
        records, ids = running.found()
        found = match(load, records, ids)
    refused = sum(answer.startswith(b"HTTP/1.1 408 ") for answer in told)
    words = (
        f"{refused:,} told 408, {records.slow:,} recorded, {timeouts:,.0f} counted; meanwhile "
        f"{reached:,.0f} exchanges/s, the slowest {1000 * max(load.latencies):.0f} ms (before: {1000 * quiet:.0f} ms); "
        f"{_sums(found)}"
    )
    return words, found.whole and code == 0 and refused == records.slow == timeouts == SLOW


def _last(connection: socket.socket) -> bytes:
    connection.settimeout(2.0 * SLOW_SECONDS)
    try:
        return b"".join(iter(lambda: connection.recv(1 << 12), b""))
    except OSError:
        return b""


def _look(running: server.Server, resident: list[int]) -> None:
    resident.append(sum(server.accounts.memory_of(pid).rss for pid in running.workers()))


def _judged(full: str, found: Match, counted: float, code: int, how: str, resident: list[int]) -> tuple[str, bool]:
    """Judge a log that was full: nothing is lost under block; under drop what is lost was counted, twice."""
    grown = (resident[-1] - resident[0]) / 2**20
    words = f"{how}; {_sums(found)}; workers' RSS grew by {grown:.1f} MiB meanwhile"
    if full == "block":
        return words, found.whole and code == 0 and not counted
    words += f"; {counted:,.0f} dropped by /metrics, {found.dropped:,} by the log's own records"
    added = found.logged + found.dropped == found.answered
    good = added and counted == found.dropped > 0 and code == 0 and not (found.torn or found.twice or found.unasked)
    return words, good


def _sums(found: Match) -> str:
    return f"{found.answered:,} answered, {found.logged:,} logged"
