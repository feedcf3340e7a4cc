"""Sources read into a lake, one after the other, and what is said of each: one that fails does not stop the others."""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

import click

from echo.clientip import Fault, printable
from pipeline.commands.options import lake_flag
from pipeline.counted import counted
from pipeline.errors import Gone, NoLog, Rejected, Unreachable
from pipeline.ingest import Outcome, ingest_source
from pipeline.lake import Lake
from pipeline.progress import Progress, watching
from pipeline.settings import Settings
from pipeline.sources.folders import Found, age
from pipeline.sources.stores import source_of, store_of

NOTHING_NEW = "nothing new: all of it is in the lake (new trust or geo: whofrom lake re-resolve; else a new --lake)"
MAX_REASONS_SHOWN = 5  # of a source's kinds of rejects; `whofrom rejects` has them all


class Reading:
    """
    A run of `whofrom ingest`.

    failed  whether something that was asked for was not done
    rows, rejects  what was added
    """

    def __init__(self, asked: Sequence[str], lake: Lake) -> None:
        """`asked` is what the user has named, word by word."""
        self._asked, self._lake = asked, lake
        self.failed = False
        self.rows = self.rejects = 0
        self._unreachable: set[str] = set()  # stores: each object of one that is not there would wait as long again
        self._untried = 0
        self._formats: dict[tuple[str, ...], str] = {}  # of logs and their rotations
        self._last: set[str] = set()  # nothing but junk as yet: of their rotations' format, once those are read

    def refuse(self, fault: Fault) -> None:
        """Say what is not done, and why."""
        say_fault(fault)
        self.failed = True

    def take(self, found: Sequence[Found], settings: Settings) -> None:
        """Ingest what was found, and say what it adds up to."""
        progress = watching(found, sys.stderr)
        queue = deque(found)
        rotations = Counter(age(one.name)[:2] for one in found)
        while queue:
            one = queue.popleft()
            if store_of(one.name) in self._unreachable:
                self._untried += 1
                continue
            known = self._formats.get(age(one.name)[:2]) if one.name in self._last else None
            try:
                outcome = _ingested(one.name, self._lake, replace(settings, format=settings.format or known), progress)
            except Rejected as fault:
                self.refuse(fault)
                break
            except Fault as fault:
                alone = rotations[age(one.name)[:2]] == 1
                if isinstance(fault, NoLog) and one.name not in self._last and not alone:
                    self._last.add(one.name)
                    queue.append(one)
                else:
                    self._failed(one, fault)
            else:
                self._say(outcome)
                if outcome.format:
                    self._formats.setdefault(age(one.name)[:2], outcome.format.partition(" in ")[0])
        if self._untried:
            more = f"{self._untried:,} more of it not tried; run again: what is in the lake is not added twice"
            click.echo(more, err=True)
        if len(found) > 1:
            click.echo(f"total: {counted(self.rows, 'row')}, {counted(self.rejects, 'reject')}", err=True)

    def _failed(self, one: Found, fault: Fault) -> None:
        if isinstance(fault, NoLog) and one.listed:
            say_skipped(one.name, fault.fault)
        elif isinstance(fault, Gone) and one.name not in self._asked:
            say_skipped(one.name, "gone meanwhile: renamed or deleted by a rotation")
        else:
            self.refuse(fault)
        if isinstance(fault, Unreachable):
            self._unreachable.add(store_of(one.name))

    def _say(self, outcome: Outcome) -> None:
        self.rows += outcome.rows
        self.rejects += outcome.rejects
        shown = printable(outcome.source)
        if not outcome.rows and not outcome.rejects and not outcome.pending:
            what = NOTHING_NEW if outcome.skipped else "empty: nothing to read"
            click.echo(f"{shown}: {what}", err=True)
            return
        form = outcome.format + ", " if outcome.format else ""
        line = f"{shown}: {form}{counted(outcome.rows, 'row')}, {counted(outcome.rejects, 'reject')}"
        if outcome.skipped:
            line += f", after {outcome.skipped:,} bytes that were in the lake"
        if outcome.pending:
            line += ", 1 unfinished line left for the next run"
        click.echo(line, err=True)
        for reason, count in outcome.reasons[:MAX_REASONS_SHOWN]:
            click.echo(f"  {count:,} × {reason}", err=True)
        if outcome.rejects:
            click.echo(f"  see them: whofrom rejects {lake_flag(self._lake.path)}--raw", err=True)


def say_fault(fault: Fault) -> None:
    """Say a fault, and go on."""
    click.echo(f"whofrom: error: {fault}", err=True)


def say_skipped(name: str, why: str) -> None:
    """Say what is passed over."""
    click.echo(f"{printable(source_of(name))}: skipped: {why}", err=True)


def _ingested(name: str, lake: Lake, settings: Settings, progress: Progress | None) -> Outcome:
    """Ingest a source; whatever comes of it, the terminal's line is free behind it."""
    if progress is not None:
        progress.begin(name)
    try:
        return ingest_source(name, lake, settings, progress)
    except KeyboardInterrupt:
        if progress is not None:
            progress.clear()
        click.echo(f"{printable(name)}: interrupted: run again, it goes on behind what is in the lake", err=True)
        raise
    finally:
        if progress is not None:
            progress.clear()
