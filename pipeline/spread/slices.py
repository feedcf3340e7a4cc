"""
Where a large log is cut, and what is known of it before it is.

A slice is named by where it may begin and where the next one may. It begins behind the newline that comes last before
its place, or else behind the first one from there on, and ends where the next one begins; both find the same. Where a
line is longer than a slice, the slices within it are empty. The places are those where blocks begin when the log is
read from its start on, so that a slice is a number of the very same blocks, unless lines are short or very long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import IO, NamedTuple, cast

from pipeline.ingest import Outcome, Run, summed
from pipeline.lake import Lake
from pipeline.lake.mark import Mark
from pipeline.marks import Known, namesakes
from pipeline.settings import Settings
from pipeline.sources import FORMATS, named
from pipeline.sources.opening import READ_BYTES
from pipeline.sources.plain import Plain, opened_plain
from pipeline.sources.reader import HEAD_BYTES, TAIL_BYTES, Place, beginning, blocks
from pipeline.sources.stores import source_of
from pipeline.spread.draft import Draft

# Of text: some seconds of work, and a file of some 10 MB a date. A whole number of blocks. Spark's own scans take as
# much (spark.sql.files.maxPartitionBytes).
SLICE_BYTES = 128 << 20
LOOK_BACK = READ_BYTES  # in front of a place, for a newline: lines are shorter

At = Callable[[int, int], bytes]


class Changed(Exception):
    """A log is not the one any more that it was when it was looked at."""


class Looked(NamedTuple):
    """
    What is known of a log that can be cut.

    known   which one of the lake it is
    head    what tells it from others
    format  its name
    size    bytes of it
    """

    known: Known
    head: bytes
    format: str
    size: int

    @property
    def start(self) -> int:
        """Where what is new begins."""
        return self.known.mark.offset if self.known.mark is not None else 0


class Slice(NamedTuple):
    """
    A part of a log.

    first   the place of its beginning: of a log's first one, the very offset
    last    the place of the next one; None if it goes to the end of the log
    floor   the place of the one before; its own, if there is none
    number  of its first line, from 1, where that is known; 1 if not
    """

    log: Looked
    first: int
    last: int | None
    floor: int
    number: int = 1


def places(start: int, size: int, slice_bytes: int) -> list[int]:
    """Return where the slices of a log begin that is new from `start` on: where blocks do, for large ones."""
    count = max(1, -(-(size - start) // slice_bytes))
    step = READ_BYTES if slice_bytes >= READ_BYTES else 1
    base = HEAD_BYTES if step > 1 else 0
    nominal = [start + number * slice_bytes for number in range(1, count)]
    return [start, *(base + -(-(place - base) // step) * step for place in nominal)]


def slices_of(log: Looked, where: Sequence[int]) -> list[Slice]:
    """Return the slices of a log that begin at these places."""
    ends = [*where[1:], None]
    floors = [where[0], *where[:-1]]
    return [Slice(log, first, last, floor) for first, last, floor in zip(where, ends, floors, strict=True)]


def cut(at: At, place: int, floor: int, last: int) -> int | None:
    """
    Return the offset of the line that begins at a place, or next; None if none does before `last`.

    floor  the place before, which is not looked behind
    """
    since = max(floor, place - LOOK_BACK)
    before = at(since, place - since).rfind(b"\n")
    if before >= 0:
        return since + before + 1
    while place < last:
        data = at(place, min(READ_BYTES, last - place))
        if not data:
            break
        found = data.find(b"\n")
        if found >= 0:
            return place + found + 1
        place += len(data)
    return None


def extent(at: At, part: Slice, size: int) -> tuple[int, int | None] | None:
    """
    Return where a slice of a log of that size begins and ends, None for the end of the log.

    None if no line begins in it.
    """
    first: int | None = part.first
    if part.first != part.floor:
        first = cut(at, part.first, part.floor, size if part.last is None else part.last)
    if first is None:
        return None
    return first, None if part.last is None else cut(at, part.last, part.first, size)


def look(name: str, lake: Lake, settings: Settings) -> Looked | None:
    """Look at a log; None if it is one to be read in one piece, by which is said what is wrong with it, too."""
    with opened_plain(name) as plain:
        if plain is None:
            return None
        head = beginning(plain.head())
        known = _chosen(namesakes(lake, head), plain)
        start = known.mark.offset if known.mark is not None else 0
        if start > plain.size or not head:
            return None
        form = Run(source_of(name), lake, settings, known).plain_format(head, partial(_first_lines, plain, start))
        return Looked(known, head, form.name, plain.size) if form is not None else None


def _first_lines(plain: Plain, start: int) -> Sequence[bytes]:
    """Return the lines of the first block from an offset on."""
    stream = cast("IO[bytes]", _Until(plain, start, None))
    read = blocks(stream, b"", start, growing=plain.growing, place=Place(start, _tail(plain, start)))
    return next((one.lines for one in read if one.lines), [])


def _chosen(candidates: Sequence[Known], plain: Plain) -> Known:
    """Return which of the candidates a log is, as `pipeline.marks.choose` does."""
    longer = None
    for one in candidates:
        if one.mark is None:
            return longer or one
        offset = one.mark.offset
        if offset > plain.size:
            longer = longer or one
        elif Mark.of(offset, _tail(plain, offset)) == one.mark:
            return one
    raise AssertionError("a new log is always a candidate")


def _tail(plain: Plain, offset: int) -> bytes:
    """Return the last bytes before an offset."""
    return plain.at(max(0, offset - TAIL_BYTES), min(offset, TAIL_BYTES))


def ingest_slice(name: str, draft: Draft, settings: Settings, part: Slice) -> tuple[Outcome, int]:
    """
    Read one slice into the lake; return what became of it, and how many lines it has.

    Raises Changed where the log is another one by now; SourceFault, LakeFault.
    """
    log = part.log
    with opened_plain(name) as plain:
        if plain is None or not beginning(plain.head()).startswith(log.head):
            raise Changed
        found = extent(plain.at, part, plain.size)
        if found is None:
            return Outcome(source_of(name)), 0
        first, last = found
        tail = _tail(plain, first)
        known = log.known
        if part.first != part.floor:
            known = known.after(log.head, Mark.of(first, tail))
            draft.assume(known)
        run = Run(source_of(name), draft, settings, known)
        stream = cast("IO[bytes]", _Until(plain, first, last))
        form = named(settings.format) if settings.format is not None else FORMATS[log.format]
        run.read_from(Place(first, tail, part.number), stream, log.head, form, growing=plain.growing)
        if run.other:
            raise Changed
        return summed([run.result], form.name), max(0, run.lines - part.number + 1)


class _Until:
    """The bytes of a log up to an offset, or to its end, in the pieces in which one that reads from its start reads."""

    def __init__(self, plain: Plain, first: int, last: int | None) -> None:
        self._stream = plain.between(first, plain.size if last is None else last)
        self._position, self._last = first, last

    def read(self, size: int) -> bytes:
        piece = READ_BYTES - (self._position - HEAD_BYTES) % READ_BYTES
        size = min(size, piece if self._last is None else min(piece, self._last - self._position))
        data = self._stream.read(size)
        self._position += len(data)
        return data


def count(name: str, first: int, last: int) -> int:
    """Return how many newlines are between two offsets of a log. Raises Changed where it has become shorter."""
    found = 0
    with opened_plain(name) as plain:
        stream = None if plain is None else plain.between(first, last)
        while stream is not None and first < last:
            data = stream.read(min(READ_BYTES, last - first))
            if not data:
                break
            found += data.count(b"\n")
            first += len(data)
    if first < last:
        raise Changed
    return found
