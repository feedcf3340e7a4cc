"""Sources read into a lake, one after the other, and what is said of each: one that fails does not stop the others."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import click

from echo.clientip import Fault, printable
from pipeline.commands.options import lake_flag
from pipeline.counted import counted
from pipeline.errors import Gone, NoLog, Rejected, Unreachable
from pipeline.ingest import Outcome, ingest_source
from pipeline.lake import Lake
from pipeline.progress import Progress, watching
from pipeline.settings import Settings
from pipeline.sources.folders import STDIN, Found, age
from pipeline.sources.stores import source_of, store_of
from pipeline.spread import Spread
from pipeline.spread.driver import Driver

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

    def take(self, found: Sequence[Found], settings: Settings, spread: Spread | None = None) -> None:
        """Ingest what was found, by tasks if there is what runs them, and say what it adds up to."""
        rotations = Counter(age(one.name)[:2] for one in found)
        for one, result in self._results(found, settings, spread):
            if result is None:
                self._untried += 1
            elif isinstance(result, Outcome):
                self._say(result)
                if result.format:
                    self._formats.setdefault(age(one.name)[:2], result.format.partition(" in ")[0])
            elif isinstance(result, Rejected):
                self.refuse(result)
                break
            elif isinstance(result, NoLog) and one.name not in self._last and rotations[age(one.name)[:2]] > 1:
                self._last.add(one.name)
            else:
                self._failed(one, result)
        if self._untried:
            more = f"{self._untried:,} more of it not tried; run again: what is in the lake is not added twice"
            click.echo(more, err=True)
        if len(found) > 1:
            click.echo(f"total: {counted(self.rows, 'row')}, {counted(self.rejects, 'reject')}", err=True)

    def _results(
        self, found: Sequence[Found], settings: Settings, spread: Spread | None
    ) -> Iterator[tuple[Found, Outcome | Fault | None]]:
        """Yield what becomes of each source, then of those that were put last; None of those that were not tried."""
        here = partial(_here, self._lake, settings, watching(found, sys.stderr))
        for todo in (found, self._again(found)):
            for elsewhere, some in groupby(todo, lambda one: one.name != STDIN):
                asked = self._asked_of(some, settings)
                if elsewhere and spread is not None:
                    yield from _elsewhere(Driver(self._lake, settings, spread), asked)
                else:
                    yield from map(here, asked)

    def _asked_of(self, found: Iterable[Found], settings: Settings) -> Iterator[tuple[Found, str | None]]:
        """Yield sources, each with its format if that is known, but none of a store that does not answer."""
        for one in found:
            if store_of(one.name) in self._unreachable:
                self._untried += 1
            else:
                yield one, settings.format or self._known(one)

    def _again(self, found: Sequence[Found]) -> Iterator[Found]:
        """Yield the sources that were put last, once the others are done."""
        yield from [one for one in found if one.name in self._last]

    def _known(self, one: Found) -> str | None:
        """Return the format of a source's rotations, if it was put last."""
        return self._formats.get(age(one.name)[:2]) if one.name in self._last else None

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


def _here(
    lake: Lake, settings: Settings, progress: Progress | None, asked: tuple[Found, str | None]
) -> tuple[Found, Outcome | Fault]:
    """Ingest a source on this machine; whatever comes of it, the terminal's line is free behind it."""
    one, form = asked
    if progress is not None:
        progress.begin(one.name)
    try:
        return one, ingest_source(one.name, lake, replace(settings, format=form), progress)
    except Fault as fault:
        return one, fault
    except KeyboardInterrupt:
        if progress is not None:
            progress.clear()
        _say_interrupted(one.name)
        raise
    finally:
        if progress is not None:
            progress.clear()


def _elsewhere(
    driver: Driver, asked: Iterator[tuple[Found, str | None]]
) -> Iterator[tuple[Found, Outcome | Fault | None]]:
    """Ingest sources by the tasks of an engine."""
    try:
        yield from driver.ingest(asked)
    except KeyboardInterrupt:
        _say_interrupted("ingest")
        raise


def _say_interrupted(name: str) -> None:
    click.echo(f"{printable(name)}: interrupted: run again, it goes on behind what is in the lake", err=True)
