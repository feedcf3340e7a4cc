"""
The layer between the reader's lines and a format: blocks of wrapped lines to blocks of what the program wrote.

1. A line that was cut into pieces is joined again, each stream (stdout, stderr) by itself. It has the offset and the
   number of its first piece.
2. A line that is not wrapped is passed on as it is: the format takes it or says why not.
3. A block must end where no line is open, since its end is the mark that the next run starts from: lines from the
   first piece of an open one on are held back for the next block, whole lines of another stream between them too.
4. What never ends must not hold a run back: a line that is still open MAX_JOIN_LINES lines behind its first piece is
   passed on as it stands, so is one that is open at the end of a source that cannot grow. In a file that may grow it
   waits for the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pyarrow as pa

from pipeline.sources.columns import Column
from pipeline.sources.reader import MAX_LINE_BYTES, TAIL_BYTES, Block, Overlong

MAX_JOIN_LINES = 10_000  # 16 MiB, the longest line that is read, in pieces of 16 KiB are 1,024; others come between
MAX_HELD_LINES = 4 * MAX_JOIN_LINES  # open lines of two streams can overlap without end; then they are cut
MAX_HELD_BYTES = 4 * MAX_LINE_BYTES


class Piece(NamedTuple):
    """
    What a wrapped line holds.

    stream  lines of one stream follow one another, their pieces are joined
    text    what the program wrote, without its line end
    ends    False if the line goes on in the next piece of the stream
    """

    stream: bytes
    text: bytes
    ends: bool = True


class Wrapper(NamedTuple):
    """
    A form of wrapped lines.

    read    the piece that a line is, None if it is not of this form
    closed  a line of this form shows its own end: it is whole even if no newline is behind it yet
    whole   what lines (binary array) hold if each of them is of this form and whole, else None; where there is no such
            function they are read one by one
    """

    name: str
    meaning: str
    read: Callable[[bytes], Piece | None]
    closed: bool = False
    whole: Callable[[pa.Array], pa.Array | None] | None = None


def within(outer: Wrapper, inner: Wrapper) -> Wrapper:
    """Return the form of lines that inner has wrapped, and outer again."""

    def read(line: bytes) -> Piece | None:
        piece = outer.read(line)
        held = inner.read(piece.text) if piece is not None and piece.ends else None
        if piece is None or held is None:
            return piece
        return Piece(piece.stream + b" " + held.stream, held.text, held.ends)

    return Wrapper(f"{inner.name} in {outer.name}", f"{inner.meaning}; in {outer.meaning}", read, closed=outer.closed)


class Line(NamedTuple):
    """One line out of pieces: the index of the first and of the last, and the text; None if it was too long."""

    first: int
    last: int
    text: bytes | None


class _Open:
    """A line whose end was not seen yet."""

    def __init__(self, first: int) -> None:
        self.first = self.last = first
        self.size = 0
        self.parts: list[bytes] = []

    def add(self, index: int, text: bytes) -> None:
        self.last = index
        self.size += len(text)
        if self.size > MAX_LINE_BYTES:
            self.parts.clear()
        else:
            self.parts.append(text)

    def line(self) -> Line:
        """Return the line as it stands."""
        return Line(self.first, self.last, b"".join(self.parts) if self.size <= MAX_LINE_BYTES else None)


def join(lines: Sequence[bytes], wrapper: Wrapper) -> tuple[list[Line], list[Line]]:
    """Return the lines that wrapped lines hold, and those that are open, as they stand."""
    joined: list[Line] = []
    opened: dict[bytes, _Open] = {}
    for index, raw in enumerate(lines):
        piece = wrapper.read(raw)
        if piece is None:
            joined.append(Line(index, index, raw))
            continue
        one = opened.pop(piece.stream, None)
        if one is not None and index - one.first > MAX_JOIN_LINES:
            joined.append(one.line())
            one = None
        if one is None and piece.ends:
            joined.append(Line(index, index, piece.text))
            continue
        one = one or _Open(index)
        one.add(index, piece.text)
        if piece.ends:
            joined.append(one.line())
        else:
            opened[piece.stream] = one
    late = [one.line() for one in opened.values() if len(lines) - one.first > MAX_JOIN_LINES]
    left = [one.line() for one in opened.values() if len(lines) - one.first <= MAX_JOIN_LINES]
    return sorted(joined + late), left


def unwrapped(lines: Sequence[bytes], wrapper: Wrapper) -> list[bytes]:
    """Return what wrapped lines hold, to tell its format: open lines as they stand."""
    joined, opened = join(lines, wrapper)
    return [line.text for line in joined + opened if line.text is not None]


class Unwrapper:
    """Unwraps the blocks of one source, one after the other."""

    def __init__(self, wrapper: Wrapper) -> None:
        self.wrapper = wrapper
        self.lines: list[bytes] = []  # held back, with what belongs to them
        self.offsets: list[int] = []
        self.numbers: list[int] = []
        self.overlong: list[Overlong] = []
        self.blocks: list[Block] = []  # those that the lines held back are of, for the bytes in front of them

    def take(self, block: Block) -> Block | None:
        """Return what can be committed of the blocks so far, None if that is nothing."""
        if not block.final:
            return self._unfinished(block)
        return self._take(block, last=False)

    def rest(self) -> Block | None:
        """Return what was held back, as it stands, None if that is nothing."""
        if not self.waiting:
            return None
        return self._take(self.blocks[-1]._replace(lines=[], offsets=[], numbers=[], overlong=[]), last=True)

    @property
    def waiting(self) -> bool:
        """Return whether lines are held back."""
        return bool(self.lines)

    def _unfinished(self, block: Block) -> Block | None:
        """Return a last line without a newline, None if it must wait: its end, or that of a line before, is to come."""
        (line,) = block.lines
        piece = self.wrapper.read(line)
        if self.waiting or (piece is not None and not piece.ends):
            self._hold([*self.lines, line], [*self.offsets, *block.offsets], [*self.numbers, *block.numbers], 0)
            self.blocks.append(block)
            return None
        if piece is None:
            return block
        return block._replace(lines=[piece.text], final=self.wrapper.closed)

    def _take(self, block: Block, *, last: bool) -> Block | None:
        if self.wrapper.whole is not None and not self.waiting and isinstance(block.lines, Column):
            texts = self.wrapper.whole(block.lines.array)
            if texts is not None:
                return block._replace(lines=Column(texts))
        lines = [*self.lines, *block.lines]
        offsets, numbers = [*self.offsets, *block.offsets], [*self.numbers, *block.numbers]
        overlong = self.overlong + block.overlong
        self.blocks.append(block)
        joined, opened = join(lines, self.wrapper)
        cut = _cut(joined, opened, len(lines))
        if last or len(lines) - cut > MAX_HELD_LINES or sum(map(len, lines[cut:])) > MAX_HELD_BYTES:
            joined, cut = sorted(joined + opened), len(lines)
        end, tail = self._before(offsets[cut]) if cut < len(lines) else (block.end, block.tail)
        self.overlong = [one for one in overlong if one.offset >= end]
        self._hold(lines, offsets, numbers, cut)
        taken = [line for line in joined if line.first < cut]
        overlong = [one for one in overlong if one.offset < end]
        overlong += [
            Overlong(offsets[line.first], numbers[line.first], lines[line.first]) for line in taken if line.text is None
        ]
        if not taken and not overlong:
            return None
        whole = [line for line in taken if line.text is not None]
        return Block(
            [line.text or b"" for line in whole],
            [offsets[line.first] for line in whole],
            [numbers[line.first] for line in whole],
            end,
            overlong,
            tail,
            b"",
        )

    def _hold(self, lines: list[bytes], offsets: list[int], numbers: list[int], cut: int) -> None:
        self.lines, self.offsets, self.numbers = lines[cut:], offsets[cut:], numbers[cut:]
        self.blocks = [one for one in self.blocks if self.offsets and one.end >= self.offsets[0]]

    def _before(self, offset: int) -> tuple[int, bytes]:
        """Return where the line at offset starts, NULs that the reader took from it included, and the bytes before."""
        block = next(one for one in self.blocks if one.end >= offset)
        read = block.before + block.data
        before = read[: len(read) - (block.end - offset)]
        start = before.rstrip(b"\0")
        return offset - (len(before) - len(start)), start[-TAIL_BYTES:]


def _cut(joined: list[Line], opened: list[Line], count: int) -> int:
    """Return the index of the first line to hold back: in front of it, no line is open and none has a piece behind."""
    cut = min((line.first for line in opened), default=count)
    if cut < count:
        for line in reversed(joined):
            if line.last >= cut:
                cut = min(cut, line.first)
    return cut
