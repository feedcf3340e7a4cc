"""
The lake as a task sees it: what it would commit is kept, for the driver to commit.

Rows of many blocks and of several sources become one file a date: files are few then, and each is worth reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import count
from typing import NamedTuple

import pyarrow as pa

from echo.clientip import printable
from pipeline.errors import Overtaken
from pipeline.lake import REQUESTS, TABLES, Lake, Turn
from pipeline.lake.parts import File, Part, by_day, delete
from pipeline.marks import Known

# Rows that are held back for a row group, over all dates: some 100 MB, as the block has that they come from.
GROUP_ROWS = 128 << 10
# Files that are open at once: a log has a date or two, and the rows of an attacker's log any number.
MAX_OPEN = 32


class Draft(Lake):
    """
    A lake to which nothing is committed.

    turned   table -> id of each application transaction that would have changed -> that change
    touched  ids of those, for whoever clears it before
    """

    def __init__(self, lake: Lake) -> None:
        """Begin with what the lake holds now."""
        super().__init__(lake.path)
        self._before: dict[str, Callable[[str], int | None]] = {name: lake.numbers(name) for name in TABLES}
        self.turned: dict[str, dict[str, Turn]] = {name: {} for name in TABLES}
        self.touched: set[str] = set()
        self._assumed: dict[str, int] = {}
        self._held: dict[str, pa.Table] = {}  # written, as its writer sees it, and not committed
        self._numbers = count()
        self._gatherers = {name: _Gatherer(self, name) for name in TABLES}

    def numbers(self, name: str) -> Callable[[str], int | None]:
        """Return what tells the integer of a transaction, as if all were committed."""
        before, turned = self._before[name], self.turned[name]
        assumed = self._assumed if name == REQUESTS else {}

        def number(one: str) -> int | None:
            if one in turned:
                return turned[one].after
            return assumed[one] if one in assumed else before(one)

        return number

    def assume(self, known: Known) -> None:
        """Take a log for read up to a mark: by another task, which is committed before this one, or this one is not."""
        if known.mark is not None:
            self._assumed[known.id] = known.mark.pack()

    def _write(self, name: str, rows: pa.Table) -> list[File]:
        if not rows.num_rows:
            return []
        file = File(str(next(self._numbers)), None, rows.num_rows, 0)
        self._held[file.path] = rows
        return [file]

    def _discard(self, name: str, files: Sequence[File]) -> None:
        for file in files:
            self._held.pop(file.path, None)

    def _append(self, name: str, files: Sequence[File], turns: Sequence[Turn]) -> None:
        numbers, turned = self.numbers(name), self.turned[name]
        if any(numbers(turn.id) != turn.before for turn in turns):
            raise Overtaken("its marks have changed meanwhile", printable(self.path), "run again")
        for file in files:
            self._gatherers[name].add(self._held.pop(file.path))
        self.touched.update(turn.id for turn in turns)
        for turn in turns:
            before = turned[turn.id].before if turn.id in turned else turn.before
            turned[turn.id] = Turn(turn.id, before, turn.after)

    def close(self) -> Mapping[str, list[File]]:
        """Return the files of each table, which are on the disk now. Raises LakeFault; then none is left."""
        try:
            return {name: gatherer.close() for name, gatherer in self._gatherers.items()}
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Delete what was written."""
        for gatherer in self._gatherers.values():
            gatherer.drop()


class _Open(NamedTuple):
    part: Part
    held: list[pa.Table]


class _Gatherer:
    """The files of one table."""

    def __init__(self, draft: Draft, name: str) -> None:
        self._draft, self._folder = draft, draft.folder(name)
        self._open: dict[date | None, _Open] = {}  # the one that was begun first comes first
        self._held = 0  # rows
        self._done: list[File] = []

    def add(self, rows: pa.Table) -> None:
        try:
            for day, some in by_day(rows):
                if day not in self._open:
                    if len(self._open) == MAX_OPEN:
                        self._end(next(iter(self._open)))
                    self._open[day] = _Open(Part(self._folder, some.schema, day), [])
                self._open[day].held.append(some)
                self._held += some.num_rows
                if self._held >= GROUP_ROWS:
                    self._flush()
        except OSError as error:
            raise self._draft.unwritable(error) from None

    def _flush(self) -> None:
        for part, held in self._open.values():
            if held:
                part.add(pa.concat_tables(held))
                held.clear()
        self._held = 0

    def _end(self, day: date | None) -> None:
        part, held = self._open[day]
        if held:
            part.add(pa.concat_tables(held))
            self._held -= sum(one.num_rows for one in held)
            held.clear()
        self._done.append(part.close())
        del self._open[day]

    def close(self) -> list[File]:
        try:
            for day in list(self._open):
                self._end(day)
        except OSError as error:
            raise self._draft.unwritable(error) from None
        return self._done

    def drop(self) -> None:
        for part, _ in self._open.values():
            part.drop()
        delete(self._folder, self._done)
