"""`whofrom watch`: logs are followed, and what is found is told within seconds."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from echo.clientip import load_config, printable
from echo.record import parse_login_rules
from pipeline.alerts.deliver import Delivery
from pipeline.alerts.find import check
from pipeline.alerts.settings import PRINTED, parse_alerts
from pipeline.commands.alerts import to_option
from pipeline.commands.options import config_option, geo_option, lake_option
from pipeline.commands.reading import say_fault, say_skipped
from pipeline.counted import counted
from pipeline.errors import UsageFault
from pipeline.follow import Follower
from pipeline.geo import open_geo
from pipeline.lake import Lake
from pipeline.lake.promise import check_whole
from pipeline.progress import CLEAR
from pipeline.settings import Settings
from pipeline.sources import FORMATS, named
from pipeline.sources.folders import STDIN
from pipeline.sources.stores import is_store
from pipeline.timespec import length_of
from pipeline.watch.watcher import Figures, Watcher

WHAT = "whofrom watch"
DRAIN_SECONDS = 5.0  # at the end, for sinks to be told; what they are not told waits for the next run
STATUS_EVERY = 1.0
WINDOW = 10.0  # seconds that the rate is measured over


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@lake_option
@config_option
@click.option(
    "--trust", multiple=True, metavar="CIDR", help="Believe the hops of this range, or of a named one. Repeatable."
)
@geo_option
@click.option("--no-geo", is_flag=True, help="Place no address.")
@click.option(
    "--format", "form", metavar="FORMAT", help=f"{', '.join(FORMATS)}, or an nginx log_format. Default: found out."
)
@to_option
@click.option("--fast", metavar="TIME", help="How often what is new is looked at, in place of [alerts] fast.")
@click.option("--slow", metavar="TIME", help="How often the lake is asked, in place of [alerts] slow.")
def watch(
    sources: tuple[str, ...],
    lake_path: str,
    config_path: str | None,
    trust: tuple[str, ...],
    geo_paths: tuple[str, ...],
    no_geo: bool,
    form: str | None,
    to: tuple[str, ...],
    fast: str | None,
    slow: str | None,
) -> None:
    """
    Follow logs into a lake, and tell attacks and odd logins within seconds, each once.

    SOURCE is a file, a folder or a glob in quotes, which are followed as ingest --follow does. Alerts go where
    [[alerts.to]] and --to say, or to standard output as NDJSON. It ends with SIGINT or SIGTERM, may be killed, and goes
    on from there.
    """
    if STDIN in sources or any(map(is_store, sources)):
        raise UsageFault("follows files", "watch", "name a log file, a folder or a glob")
    if form is not None:
        named(form)
    config = load_config(config_path, trust)
    settings = parse_alerts(config.tables, config.path, to)
    settings = replace(
        settings,
        fast=settings.fast if fast is None else _seconds(fast, "--fast"),
        slow=settings.slow if slow is None else _seconds(slow, "--slow"),
    )
    check(config)
    lake = Lake(lake_path)
    check_whole(lake)
    rules = parse_login_rules(config.tables.get("login"), config.path)
    said = config_path is not None or bool(trust)
    geo = None if no_geo else open_geo(geo_paths, config)
    ingested = Settings(config.policy if said else None, rules, geo, form)

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    status = Status()
    delivery = Delivery(settings.sinks or (PRINTED,), lake.path, WHAT, status.say)
    try:
        watcher = Watcher(lake, config, settings, delivery, status.say)
        follower = Follower(
            sources, lake, ingested, lambda _, fault: status.aside(lambda: say_fault(fault)),
            lambda name, why: status.aside(lambda: say_skipped(name, why)), watcher,
        )  # fmt: skip
        status.say("watching; end with Ctrl-C")
        watcher.start()
        try:
            follower.run(lambda: status.show(watcher) or stopped.is_set() or watcher.failed or delivery.failed)
        finally:
            status.clear()
            watcher.close()
            rows, rejects = follower.totals()
            told = watcher.figures().alerts
            click.echo(
                f"total: {counted(rows, 'row')}, {counted(rejects, 'reject')}, {counted(told, 'alert')}", err=True
            )
        delivery.drain(DRAIN_SECONDS)
        for name, count in delivery.counts().items():
            if count.waiting:
                click.echo(f"{name}: {count.waiting:,} wait for the next run", err=True)
    finally:
        delivery.close()


class Status:
    """The line on a terminal, and what is said beside it; from any thread."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.RLock()
        self._next = 0.0
        self._shown = False
        self._past: deque[tuple[float, int]] = deque()

    def say(self, words: str) -> None:
        """Say something on a line of its own."""
        self.aside(lambda: click.echo(printable(words), err=True))

    def aside(self, call: Callable[[], None]) -> None:
        """Call what writes to standard error."""
        with self._lock:
            self.clear()
            call()

    def clear(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._shown:
                sys.stderr.write(CLEAR)
                sys.stderr.flush()
                self._shown = False

    def show(self, watcher: Watcher) -> bool:
        """Show how far a watch is, if it is time; returns False."""
        now = time.monotonic()
        if self._on and now >= self._next:
            self._next = now + STATUS_EVERY
            figures = watcher.figures()
            self._past.append((now, figures.rows))
            while len(self._past) > 2 and now - self._past[0][0] > WINDOW:
                self._past.popleft()
            (since, then), span = self._past[0], max(now - self._past[0][0], STATUS_EVERY)
            assert since <= now
            with self._lock:
                sys.stderr.write(CLEAR + line(figures, (figures.rows - then) / span, datetime.now(UTC)))
                sys.stderr.flush()
                self._shown = True
        return False


def line(figures: Figures, rate: float, now: datetime) -> str:
    """Return the line: rows, rows a second, how far behind the newest row is, alerts."""
    parts = [f"{figures.rows:,} rows", f"{rate:,.0f} rows/s"]
    if figures.waiting:
        parts.append(f"{figures.waiting:,} to look at")
    if figures.newest is not None:
        lag = max(timedelta(), now - figures.newest)
        parts.append(f"{_length(lag)} behind")
    parts.append(counted(figures.alerts, "alert"))
    if figures.asking:
        parts.append("asking the lake")
    return "  ".join(parts)


def _length(lag: timedelta) -> str:
    seconds = lag.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _seconds(text: str, option: str) -> float:
    length = length_of(text)
    if not length:
        raise UsageFault("is no length of time", option, "write 5s, 10m or 1h")
    return length.total_seconds()
