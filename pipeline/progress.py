"""
How far an ingest is, on one line of a terminal.

The line is for standard error, and for a terminal alone. It is written over itself in one piece, a few times a second,
and never wider than the terminal: on a narrow one the parts that matter less are left out. Whoever writes anything else
to the terminal clears it first.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import pyarrow as pa
from rich.cells import cell_len, set_cell_size

from echo.clientip import printable
from pipeline.sources.folders import Found
from pipeline.sources.stores import source_of

EVERY = 0.2  # seconds between two lines
FIRST_AFTER = 0.5  # a run that is done sooner needs no line
WINDOW = 10.0  # seconds that rates are measured over: commits come in bursts
CLEAR = "\r\x1b[K"
NAME_CELLS = 40
UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Watch:
    """
    Is told how far an ingest is; this one does nothing with it.

    wants_rows  whether it is to be shown the rows themselves
    """

    wants_rows = False

    def coming(self, rows: pa.Table) -> None:
        """See rows before they are committed, where it wants to; they are if `added` follows."""

    def read(self, position: int) -> None:
        """Hear up to which byte a source was read, as it lies on the disk."""

    def added(self, rows: int) -> None:
        """Hear that rows were committed."""


class State(NamedTuple):
    """How far it is; `total` is 0 where nobody knows it (standard input), rates are 0 until they can be told."""

    name: str
    done: int
    total: int
    rows: int
    row_rate: float
    byte_rate: float


def line(state: State, width: int) -> str:
    """Return the line for a terminal of that width; parts in the order of their place, left out by their weight."""
    left = (state.total - state.done) / state.byte_rate if state.total and state.byte_rate else None
    size = size_of(state.done) + (f" of {size_of(state.total)}" if state.total else "")
    parts = [  # weight, text; the lightest goes first
        (1, set_cell_size(state.name, NAME_CELLS).rstrip() if cell_len(state.name) > NAME_CELLS else state.name),
        (6, f"{min(100, 100 * state.done // state.total)} %" if state.total else ""),
        (3, size),
        (2, f"{state.rows:,} rows"),
        (4, f"{state.row_rate:,.0f} rows/s" if state.row_rate else ""),
        (5, f"{clock(left)} left" if left is not None else ""),
    ]
    parts = [part for part in parts if part[1]]
    while len(parts) > 1 and cell_len("  ".join(text for _, text in parts)) >= width:
        parts.remove(min(parts))
    text = "  ".join(text for _, text in parts)
    return set_cell_size(text, max(0, width - 1)) if cell_len(text) >= width else text


def size_of(number: int) -> str:
    """Return bytes for people, three digits."""
    size, unit = float(number), 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if size >= 99.5 or not unit else f"{size:.1f} {UNITS[unit]}"


def clock(seconds: float) -> str:
    """Return a time for people: 4:05, 1:04:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress(Watch):
    """Writes the line of all sources of a run."""

    def __init__(
        self, found: Sequence[Found], out: TextIO, now: Callable[[], float] = time.monotonic, width: int | None = None
    ) -> None:
        """Take all sources in their order; the width is the terminal's unless one is given."""
        sizes = [_size(one.name) if one.size is None else one.size for one in found]
        self._sizes = {one.name: size or 0 for one, size in zip(found, sizes, strict=True)}
        self._total = 0 if None in sizes else sum(self._sizes.values())
        self._out, self._now, self._width = out, now, width
        self._name = ""
        self._before = self._position = self._rows = 0
        self._shown = False
        self._next = now() + FIRST_AFTER
        self._past: deque[tuple[float, int, int]] = deque([(now(), 0, 0)])

    def begin(self, name: str) -> None:
        """Begin a source; the ones before are done."""
        self._before += self._sizes.get(self._name, 0)
        self._name, self._position = name, 0

    def read(self, position: int) -> None:
        """Show it, if it is time."""
        self._position = position
        self._show()

    def added(self, rows: int) -> None:
        """Show it, if it is time."""
        self._rows += rows
        self._show()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._out.write(CLEAR)
            self._out.flush()
            self._shown = False

    def _show(self) -> None:
        now = self._now()
        if now < self._next:
            return
        self._next = now + EVERY
        done = self._before + self._position
        self._past.append((now, done, self._rows))
        while len(self._past) > 2 and now - self._past[1][0] > WINDOW:
            self._past.popleft()
        since, done_then, rows_then = self._past[0]
        span = max(now - since, EVERY)
        rates = (self._rows - rows_then) / span, (done - done_then) / span
        state = State(printable(Path(source_of(self._name)).name), done, self._total, self._rows, *rates)
        self._out.write(CLEAR + line(state, self._width or _width(self._out)))
        self._out.flush()
        self._shown = True


def watching(found: Sequence[Found], out: TextIO) -> Progress | None:
    """Return what shows the progress, None where nobody could see it or a line cannot be written over."""
    return Progress(found, out) if out.isatty() and os.environ.get("TERM") != "dumb" else None


def _size(name: str) -> int | None:
    try:
        return Path(name).stat().st_size if Path(name).is_file() else None
    except OSError:
        return None


def _width(out: TextIO) -> int:
    try:
        return os.get_terminal_size(out.fileno()).columns or 80
    except OSError:
        return 80
