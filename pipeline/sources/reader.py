"""
The text of a source to whole lines with their offsets.

A source is read in blocks that end at a line's end, so a block can be committed with the offset behind it. Offsets
are of the decompressed bytes: a log that rotation has compressed is still the same log.

A source is known by what it holds, not by its name (pipeline.marks): its beginning, and a check of the last bytes read
(`pipeline.lake.mark`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.columns import Column
from pipeline.sources.opening import READ_BYTES

BLOCK_BYTES = 16 << 20  # of text at once; with its columns and what Delta writes, a run stayed under half of 1.5 GiB
MAX_BLOCK_LINES = 200_000  # a line costs some hundred bytes of its own in memory, however short it is
BOM = b"\xef\xbb\xbf"  # what some editors put in front of UTF-8
ODD = (b"\r", b"\0")  # where a block holds one of these, its lines are looked at one by one
MAX_LINE_BYTES = 16 << 20  # a record of whoami's 1 MiB head, each byte escaped as \u00xx, and as much again for room
HEAD_BYTES = 1024  # what tells a source from others once it is this long; Filebeat's fingerprint takes as much
TAIL_BYTES = 1024  # what is checked before the offset, to tell a grown log from another one with the same head


class Overlong(NamedTuple):
    """A line that was not read because of its length."""

    offset: int
    number: int
    raw: bytes


class Block(NamedTuple):
    """
    Whole lines of a source.

    lines     without their line ends
    offsets   of each line's first byte
    numbers   of each line, from 1
    end       offset behind the last one: where the next block starts
    overlong  the lines too long to be read
    before    TAIL_BYTES bytes of what was before the block, fewer only at the start of all; or more
    data      the block's bytes as they were read, up to `end`
    final     False for an unterminated last line that may still be growing
    """

    lines: Sequence[bytes]
    offsets: Sequence[int]
    numbers: Sequence[int]
    end: int
    overlong: list[Overlong]
    before: bytes
    data: bytes
    final: bool = True

    @property
    def tail(self) -> bytes:
        """The last TAIL_BYTES bytes before `end`."""
        return (self.before + self.data[-TAIL_BYTES:])[-TAIL_BYTES:]


class Place(NamedTuple):
    """
    Where in a log a stream begins.

    offset  of the stream's first byte
    tail    the last TAIL_BYTES bytes before it, fewer only at the start of all
    number  of the line that begins there
    """

    offset: int = 0
    tail: bytes = b""
    number: int = 1


START = Place()


def blocks(
    stream: IO[bytes],
    head: bytes,
    start: int,
    *,
    growing: bool,
    block_bytes: int = BLOCK_BYTES,
    place: Place = START,
) -> Iterator[Block]:
    """
    Yield the lines from offset start on, in blocks of about block_bytes; first an empty block that ends at start.

    head     the bytes that were already read from the stream to identify it
    growing  the last line, if it has no end, comes in a block of its own that is not final
    place    where the head begins

    A stream that is followed gives None where there is nothing more for now: then the whole lines so far come, and a
    block without any.
    """
    buffer = bytearray(head)
    base, tail, number = place  # offset of buffer[0], what is before, line number at buffer[0]
    overlong: list[Overlong] = []
    reached = False
    skipping = False  # inside an overlong line whose end was not seen yet
    at_end = False
    while not at_end:
        chunk: bytes | None = stream.read(READ_BYTES)
        idle = chunk is None
        at_end = chunk == b""
        buffer += chunk or b""
        if not reached:  # committed before: drop it, but keep what tells whether this is the same log
            drop = min(len(buffer), start - base)
            dropped = bytes(buffer[:drop])
            tail = (tail + dropped)[-TAIL_BYTES:]
            number += dropped.count(b"\n")
            base += drop
            del buffer[:drop]
            reached = base == start and (bool(buffer) or at_end)
            if not reached:
                if idle and base < start:  # it is shorter than what was committed of it
                    return
                if idle:
                    yield Block([], [], [], start, [], tail, b"")
                continue
            yield Block([], [], [], start, [], tail, b"")
            if tail and not tail.endswith(b"\n"):  # the last line read had no end then; it may have one now
                number += 1
                line_end = next((end for end in (b"\n", b"\r\n") if buffer.startswith(end)), b"")
                tail = (tail + line_end)[-TAIL_BYTES:]
                base += len(line_end)
                del buffer[: len(line_end)]
        if skipping:
            newline = buffer.find(b"\n")
            drop = len(buffer) if newline < 0 else newline + 1
            tail = (tail + bytes(buffer[:drop]))[-TAIL_BYTES:]
            base += drop
            del buffer[:drop]
            if newline < 0:
                if idle:
                    yield Block([], [], [], base, [], tail, b"")
                continue
            number += 1
            skipping = False
        while buffer and (at_end or idle or len(buffer) >= block_bytes):
            cut, count = _block_end(buffer, at_end=at_end)
            if not cut:
                break
            with memoryview(buffer) as view:
                data = bytes(view[:cut])
            yield from _cut(data, base, number, overlong, tail, growing=growing)
            tail = (tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]
            overlong = []
            base += cut
            number += count
            del buffer[:cut]
        if len(buffer) > MAX_LINE_BYTES and b"\n" not in buffer:
            overlong.append(Overlong(base, number, bytes(buffer[:READ_BYTES])))
            skipping = True
            tail = bytes(buffer[-TAIL_BYTES:])
            base += len(buffer)
            buffer.clear()
        if idle:
            yield Block([], [], [], base, [], tail, b"")
    if overlong:
        yield Block([], [], [], base, overlong, tail, b"")


def _block_end(buffer: bytearray, *, at_end: bool) -> tuple[int, int]:
    """
    Return where the next block ends and how many newlines it has.

    It ends behind a newline, or at the end of all; at 0 if no line is whole yet.
    """
    end = len(buffer) if at_end else buffer.rfind(b"\n") + 1
    while (count := buffer.count(b"\n", 0, end)) > MAX_BLOCK_LINES:
        end = buffer.rfind(b"\n", 0, end // 2) + 1 or buffer.find(b"\n") + 1
    return end, count


def _cut(
    data: bytes, base: int, number: int, overlong: list[Overlong], tail: bytes, *, growing: bool
) -> Iterator[Block]:
    """Yield data as one block, and as a second one its last line if that has no end and may be growing."""
    last = data[data.rfind(b"\n") + 1 :] if growing else b""
    end = base + len(data) - len(last)
    whole = data[: -len(last)] if last else data
    odd = (not base and data.startswith(BOM)) or any(sign in data for sign in ODD)
    block = None if odd else _plain_lines(whole, base, number, overlong)
    if block is None:
        block = _odd_lines(whole, base, number, overlong)
    block = block._replace(end=end, before=tail, data=whole)
    yield block
    if last:
        number += whole.count(b"\n")
        previous = max(
            0, min(whole.rfind(b"\n", 0, -1) + 1, len(whole) - TAIL_BYTES)
        )  # what is before: a line at least
        before = whole[previous:] if previous else tail + whole
        yield Block([last], [end], [number], base + len(data), [], before, last, final=False)


def _plain_lines(data: bytes, base: int, number: int, overlong: list[Overlong]) -> Block | None:
    """Return the lines of data that holds nothing odd, all at once; None if one of them is too long."""
    lines = pc.split_pattern(pa.array([data], pa.binary()), b"\n").values
    if not data or data.endswith(b"\n"):
        lines = lines.slice(0, len(lines) - 1)  # behind the last newline there is nothing
    lengths = pc.binary_length(lines).cast(pa.int64())
    if len(data) > MAX_LINE_BYTES and pc.any(pc.greater(lengths, MAX_LINE_BYTES)).as_py():
        return None
    ends = pc.cumulative_sum(pc.add(lengths, 1))  # a line's newline belongs to it
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends]).slice(0, len(lines))
    numbers = range(number, number + len(lines))
    return Block(Column(lines), Column(pc.add(offsets, base)), numbers, base, overlong, b"", b"")


def _odd_lines(data: bytes, base: int, number: int, overlong: list[Overlong]) -> Block:
    """Return the lines of data one by one, without what does not belong to them, and without those too long."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    kept, offsets, numbers = [], [], []
    offset = base
    if base == 0 and lines:
        first = lines[0].removeprefix(BOM)
        offset += len(lines[0]) - len(first)
        lines[0] = first
    for line in lines:
        if len(line) > MAX_LINE_BYTES:
            overlong.append(Overlong(offset, number, line))
        else:
            # a log truncated under its writer's feet goes on behind a hole of NULs
            text = line.lstrip(b"\0")
            kept.append(text.removesuffix(b"\r"))
            offsets.append(offset + len(line) - len(text))
            numbers.append(number)
        offset += len(line) + 1
        number += 1
    return Block(kept, offsets, numbers, base, overlong, b"", b"")


def read_head(stream: IO[bytes]) -> bytes:
    """Return the first bytes up to HEAD_BYTES of text, fewer only at the end of the stream; see `beginning`."""
    hole, text = 0, b""
    while len(text) < HEAD_BYTES and hole < MAX_LINE_BYTES:
        chunk = stream.read(READ_BYTES if hole and not text else HEAD_BYTES - len(text))
        if not chunk:
            break
        if not text:
            text = chunk.lstrip(b"\0")
            hole += len(chunk) - len(text)
        else:
            text += chunk
    return bytes(hole) + text


def beginning(head: bytes) -> bytes:
    """
    Return the first HEAD_BYTES bytes of text of a log, fewer if it has no more as yet.

    Where a log was truncated under the feet of a writer that does not append, there is a hole of NULs in front of it,
    as in front of many others.
    """
    return head.lstrip(b"\0")[:HEAD_BYTES]
