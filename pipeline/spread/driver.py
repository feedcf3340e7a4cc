"""
Waves of items: what they read is committed at once, in the order of the sources, and then it is said what became of
each source.

1. A wave is so many items that each worker has a few, so that a slow one holds nobody up for long, and no more, since
   what a wave has read is lost where the driver is killed in it.
2. Large plain logs are looked at first, and cut. Others are read in one piece: small ones several in an item, so that
   there are no more files than need be.
3. An item that does not begin where the lake's marks stand by now is dropped, and its sources are read again: another
   ingest was there, or another item that began with the same line. Those then go into one item.
4. A slice does not know the numbers of its lines. Where it has rejects, which name them, their file is written again
   once the lines before are counted.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from echo.clientip import Fault, printable
from pipeline.errors import LakeFault, Overtaken, Rejected
from pipeline.ingest import LONGEST_WAIT, MAX_OVERTAKEN, Outcome, summed
from pipeline.lake import REJECTS, REQUESTS, Lake
from pipeline.lake.parts import File, delete
from pipeline.settings import Settings
from pipeline.sources.folders import PACKED_SUFFIX, Found
from pipeline.sources.stores import source_of
from pipeline.spread import Spread, Task
from pipeline.spread.chain import Chain
from pipeline.spread.recipe import Recipe
from pipeline.spread.slices import SLICE_BYTES, Looked, Slice, places, slices_of
from pipeline.spread.work import Drafted, Item, Range, Read, Shift, Source, Told, counted, drafted, looked, shifted

ITEMS_A_WORKER = 8  # in a wave
PACKED = 8  # bytes of text in one of a compressed log, about
COUNTED_BYTES = 1 << 30  # of newlines counted in one task: a second of work
LEAST_ITEM = 8  # parts of a slice: a smaller item is not worth a task
LOGS_A_SLICE = 500  # as long as a slice takes to be read, so many logs take to be told apart: 10 to 20 ms each


@dataclass(slots=True)
class _Log:
    """
    A source on its way.

    number    in the order of all
    format    what it is to be read as, None to find out
    together  logs that have the same here are to be read one after the other
    weight    how many bytes of text take as long to be read as it
    tries     how often it was read in vain
    log       what is known of it, if it is cut
    left      its slices that were not read yet
    whole     whether it is not to be cut
    lines     of the slices that are in the lake
    before    lines in front of the first slice, None if those were not counted
    outcomes  of what is in the lake of it
    """

    number: int
    found: Found
    format: str | None
    weight: int
    tries: int = 0
    together: str = ""
    log: Looked | None = None
    left: list[Slice] = field(default_factory=list)
    whole: bool = False
    lines: int = 0
    before: int | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def again(self, together: str = "") -> None:
        """Have it read again from where the lake stands then."""
        self.tries, self.together = self.tries + 1, together
        self.log, self.left, self.whole, self.lines, self.before = None, [], False, 0, None


@dataclass(slots=True)
class _Work:
    """
    An item of a wave, and what came of it.

    first     number of its first line, if it is a slice and that is known
    rejected  whether its rejects are in the lake
    """

    logs: list[_Log]
    item: Item
    draft: Drafted
    first: int | None = None
    rejected: bool = False

    @property
    def part(self) -> Slice | None:
        """The slice that it is, if it is one."""
        return self.item[0].part

    @property
    def ends(self) -> bool:
        """Whether nothing behind it is to be read."""
        return any(isinstance(read.fault, Rejected) for read in self.draft.reads)

    @property
    def broken(self) -> bool:
        """Whether a source of it did not come to its end."""
        return any(read.again or read.fault is not None for read in self.draft.reads)


Result = Outcome | Fault | None  # None: not tried, since its store does not answer
NOTHING, CHANGED = Drafted((), {}, {}), Drafted((Read(again=True),), {}, {})


class Driver:
    """Ingests sources by a `Spread` into a lake."""

    def __init__(self, lake: Lake, settings: Settings, spread: Spread) -> None:
        """`settings` without a format: each source has its own."""
        self._lake, self._spread, self._slice_bytes = lake, spread, SLICE_BYTES
        self._told = Told(lake.path, Recipe.of(settings), str(Path.cwd()))
        self._most = ITEMS_A_WORKER * max(1, spread.width)  # items of a wave
        self._done: dict[int, tuple[Found, Result]] = {}

    def ingest(self, asked: Iterable[tuple[Found, str | None]]) -> Iterator[tuple[Found, Result]]:
        """
        Ingest sources, each in a format if one is given, and yield what became of each, in their order.

        Nothing became of one whose store did not answer for another. A Rejected is the last that is yielded. Raises
        Fault where tasks cannot be run.
        """
        least = self._slice_bytes // LOGS_A_SLICE
        logs = (_Log(number, one, form, least + _weight(one)) for number, (one, form) in enumerate(asked))
        waiting: list[_Log] = []
        told = 0
        while True:
            wave = self._wave(waiting, logs)
            if not wave:
                return
            self._read(wave)
            while told in self._done:
                result = self._done.pop(told)
                yield result
                if isinstance(result[1], Rejected):
                    return
                told += 1
            waiting = [log for log in wave if log.number >= told and log.number not in self._done]

    def _wave(self, waiting: list[_Log], logs: Iterator[_Log]) -> list[_Log]:
        """Return the logs of the next wave: those that wait, and more while there is room."""
        wave = list(waiting)
        weight = sum(len(log.left) * self._slice_bytes or log.weight for log in wave)
        while weight < self._most * self._slice_bytes:
            log = next(logs, None)
            if log is None:
                break
            wave.append(log)
            weight += log.weight
        return wave

    def _read(self, wave: Sequence[_Log]) -> None:
        """Read what is next of the logs of a wave, and commit it."""
        self._look(wave)
        works = self._works(wave)
        read = partial(drafted, self._told)
        for work, draft in zip(works, self._run(read, [work.item for work in works]), strict=True):
            work.draft = draft
        self._say_where(works)
        try:
            taken, lost = self._committed(works)
        except LakeFault as fault:
            for work in works:
                self._drop(work)
                self._done |= {log.number: (log.found, fault) for log in work.logs}
            return
        for work in works:
            if any(work is one for one in taken):
                self._took(work)
            else:
                self._drop(work)
        self._lost(works, lost)

    def _run(self, task: Task, items: Sequence[Any]) -> Iterator[Any]:
        return self._spread(task, items, self._told.recipe.geo) if items else iter(())

    def _look(self, wave: Sequence[_Log]) -> None:
        """Find out which of the large logs of a wave are to be cut, and where."""
        large = [log for log in wave if not log.left and not log.whole and self._is_large(log)]
        count = -(-len(large) // self._most) or 1
        groups = [large[at : at + count] for at in range(0, len(large), count)]
        items = [tuple(Source(log.found.name, log.format) for log in group) for group in groups]
        begun = {log.log.known.line for log in wave if log.log is not None}
        for group, found in zip(groups, self._run(partial(looked, self._told), items), strict=True):
            for log, one in zip(group, found, strict=True):
                log.whole = one is None
                if one is not None and one.known.line not in begun:  # of several that begin alike, the first
                    begun.add(one.known.line)
                    log.log, log.left = one, slices_of(one, places(one.start, one.size, self._slice_bytes))
                    log.before = 0 if not one.start else None

    def _is_large(self, log: _Log) -> bool:
        return log.weight > self._slice_bytes and not PACKED_SUFFIX.search(log.found.name)

    def _works(self, wave: Sequence[_Log]) -> list[_Work]:
        """Return the items of a wave, in the order of their first logs."""
        small = [log for log in wave if not log.left and (log.whole or not self._is_large(log))]
        share = sum(log.weight for log in small) // max(1, self._spread.width)
        enough = min(self._slice_bytes, max(self._slice_bytes // LEAST_ITEM, share))
        groups: list[list[tuple[_Log, Slice | None]]] = []
        together: dict[str, list[tuple[_Log, Slice | None]]] = {}
        weight = enough  # of the last group, or that it takes no more
        for log in wave:
            if log.left:
                groups += [[(log, part)] for part in log.left]
                weight = enough
            elif self._is_large(log) and not log.whole:  # it begins like another large one: that one comes first
                continue
            elif log.together:
                if log.together not in together:
                    groups.append(together.setdefault(log.together, []))
                    weight = enough
                together[log.together].append((log, None))
            else:
                if weight >= enough:
                    groups.append([])
                    weight = 0
                groups[-1].append((log, None))
                weight += log.weight
        works = []
        for group in groups[: self._most]:
            item = tuple(Source(log.found.name, log.format, part) for log, part in group)
            works.append(_Work([log for log, _ in group], item, NOTHING))
        return works

    def _say_where(self, works: Sequence[_Work]) -> None:
        """Have a slice that ends the run read again, now that the number of its first line can be told."""
        ending = next((work for work in works if work.ends), None)
        if ending is None or ending.part is None or ending.part.first == 0:
            return
        (number,) = self._firsts(works, [ending])
        self._drop(ending)
        if number is None:
            ending.draft = CHANGED
            return
        (source,) = ending.item
        ending.item = (source._replace(part=ending.part._replace(number=number)),)
        (ending.draft,) = self._run(partial(drafted, self._told), [ending.item])
        ending.first = number

    def _committed(self, works: Sequence[_Work]) -> tuple[list[_Work], list[_Work]]:
        """
        Commit what can be of a wave; return that, and what begins elsewhere than where the lake's marks stand.

        Raises LakeFault.
        """
        for _ in range(MAX_OVERTAKEN):
            self._renumber(works, self._chain(works)[0])
            taken, lost, chain = self._chain(works)
            try:
                self._append(REJECTS, chain, [work for work in taken if not work.rejected])
                for work in taken:
                    work.rejected = True
                self._append(REQUESTS, chain, taken)
            except Overtaken:  # by another ingest, since the chain was begun
                continue
            return taken, lost
        return [], list(works)

    def _chain(self, works: Sequence[_Work]) -> tuple[list[_Work], list[_Work], Chain]:
        """Return the items that follow one another and the lake, and those that do not."""
        chain = Chain(self._lake)
        taken: list[_Work] = []
        lost: list[_Work] = []
        stopped: set[int] = set()  # logs of which no more slices can follow
        for work in works:
            number = work.logs[0].number
            if work.part is not None and number in stopped:
                continue
            takes = chain.takes(work.draft, rejects=not work.rejected)
            (taken if takes else lost).append(work)
            if not takes or work.broken:
                stopped.add(number)
            again = not takes or any(read.again for read in work.draft.reads)
            if work.ends or (self._told.recipe.strict and again):
                break
        return taken, lost, chain

    def _append(self, name: str, chain: Chain, works: Sequence[_Work]) -> None:
        turns = chain.turns(name)
        if turns:
            files = [file for work in works for file in work.draft.files.get(name, ())]
            self._check_here(name, files)
            try:
                self._lake.append(name, files, turns)
            except Overtaken:
                raise
            except LakeFault:
                self._lake.discard(files, name)
                raise

    def _check_here(self, name: str, files: Sequence[File]) -> None:
        """Raise LakeFault if what was written elsewhere is not here: a commit that names it would break the lake."""
        for file in files:
            path = self._lake.folder(name) / file.path
            try:
                size = path.stat().st_size
            except OSError:
                size = -1
            if size != file.bytes:
                raise LakeFault(
                    "what a machine wrote to the lake is not there for this one",
                    printable(str(path)),
                    "put the lake on a file system that all machines share, at the same path",
                )

    def _renumber(self, works: Sequence[_Work], taken: Sequence[_Work]) -> None:
        """Have the rejects of slices written again with the numbers of their lines. Raises LakeFault."""
        refused = [
            work
            for work in taken
            if work.part is not None and work.first is None and not work.rejected and work.draft.files.get(REJECTS)
        ]
        shifts: list[tuple[_Work, Shift]] = []
        for work, number in zip(refused, self._firsts(works, refused), strict=True):
            if number is None:
                self._drop(work)
                work.draft = CHANGED
                continue
            work.first = number
            if number > 1:
                shifts += [(work, Shift(file, number - 1)) for file in work.draft.files[REJECTS]]
        move = partial(shifted, self._told)
        moved: dict[int, list[File]] = defaultdict(list)
        fault = None
        for (work, _), made in zip(shifts, self._run(move, [shift for _, shift in shifts]), strict=True):
            if isinstance(made, File):
                moved[id(work)].append(made)
            else:
                fault = made
        for work, shift in shifts:
            delete(self._lake.folder(REJECTS), [shift.file])
            work.draft = work.draft._replace(files={**work.draft.files, REJECTS: moved[id(work)]})
        if fault is not None:
            raise fault

    def _firsts(self, works: Sequence[_Work], wanted: Sequence[_Work]) -> list[int | None]:
        """Return the number of the first line of slices, None where the log in front of it has changed."""
        ranges: list[tuple[_Log, Range]] = []
        for log in {id(work.logs[0]): work.logs[0] for work in wanted}.values():
            if log.before is None and log.log is not None:
                steps = range(0, log.log.start, COUNTED_BYTES)
                ranges += [(log, Range(log.found.name, at, min(at + COUNTED_BYTES, log.log.start))) for at in steps]
        count = partial(counted, self._told)
        sums: dict[int, list[Any]] = defaultdict(list)
        for (log, _), number in zip(ranges, self._run(count, [one for _, one in ranges]), strict=True):
            sums[log.number].append(number)
        for log, _ in ranges:
            if all(isinstance(one, int) for one in sums[log.number]):
                log.before = sum(sums[log.number])
        firsts: list[int | None] = []
        for work in wanted:
            log = work.logs[0]
            number = None if log.before is None else 1 + log.before + log.lines
            for one in works:
                if one is work or number is None:
                    break
                if one.logs[0] is log:
                    number += one.draft.reads[0].lines
            firsts.append(number)
        return firsts

    def _took(self, work: _Work) -> None:
        """Note what became of the sources of an item that is in the lake."""
        for log, read in zip(work.logs, work.draft.reads, strict=False):  # none of those behind a Rejected
            if read.again:
                self._again(log)
                continue
            if read.untried or read.fault is not None:
                self._done[log.number] = log.found, read.fault
                continue
            assert read.outcome is not None
            if work.part is None or read.lines or not log.outcomes:
                log.outcomes.append(read.outcome)
            log.lines += read.lines
            log.left = log.left[1:]
            if not log.left:
                self._done[log.number] = log.found, summed(log.outcomes)

    def _lost(self, works: Sequence[_Work], lost: Sequence[_Work]) -> None:
        """Have sources read again; together those that begin with the same line."""
        lines = Counter(line for work in works for line in {one for read in work.draft.reads for one in _lines(read)})
        for work in lost:
            for log, read in zip(work.logs, work.draft.reads, strict=False):
                self._again(log, next((line for line in sorted(_lines(read)) if lines[line] > 1), ""))
        if lost and len(lost) == len(works):
            time.sleep(LONGEST_WAIT)

    def _again(self, log: _Log, together: str = "") -> None:
        log.again(together)
        if log.tries > MAX_OVERTAKEN:
            fault = "another ingest took the same log at the same time, or its writer changes it all the time"
            self._done[log.number] = (
                log.found,
                Overtaken(fault, printable(source_of(log.found.name)), "run again: it goes on from there"),
            )

    def _drop(self, work: _Work) -> None:
        """Delete what was written and will not be committed."""
        delete(self._lake.folder(REQUESTS), work.draft.files.get(REQUESTS, ()))
        if not work.rejected:
            delete(self._lake.folder(REJECTS), work.draft.files.get(REJECTS, ()))


def _lines(read: Read) -> set[str]:
    """Return the ids of the first lines of what was read."""
    return {"-".join(one.split("-")[:2]) for one in read.touched}


def _weight(found: Found) -> int:
    """Return about how many bytes of text a source has."""
    size = found.size
    if size is None:
        try:
            size = os.stat(found.name).st_size  # noqa: PTH116
        except OSError:  # whoever reads it says so
            size = 0
    return size * (PACKED if PACKED_SUFFIX.search(found.name) else 1)
