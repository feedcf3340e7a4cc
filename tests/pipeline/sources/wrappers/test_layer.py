"""Wrapped lines: each line of the program once, at the place of its first piece, wherever blocks and runs end."""

from __future__ import annotations

import io
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import reader
from pipeline.sources.reader import TAIL_BYTES, blocks, read_head
from pipeline.sources.wrappers import CRI, Unwrapper, layer, unwrapped

STAMP = b"2022-01-28T16:04:05.413656027Z"


def piece(text: bytes, stream: bytes = b"stdout", tag: bytes = b"F") -> bytes:
    return b"%s %s %s %s" % (STAMP, stream, tag, text)


class Slow(io.BytesIO):
    """A stream that gives a few bytes at a time, so that there are many blocks."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.size if size is None or size < 0 else min(size, self.size))


class Read(NamedTuple):
    """What a run took: (offset, line number, text) of each line, and where the next one starts."""

    lines: list[tuple[int, int, bytes]]
    end: int


def run(data: bytes, start: int = 0, *, growing: bool = False, size: int = 1 << 20) -> Read:
    """Read data from start on as ingest does; a text that ends with a quote is a whole one."""
    stream = Slow(data, size)
    layer = Unwrapper(CRI)
    lines, end = [], start
    source = blocks(stream, read_head(stream), start, growing=growing, block_bytes=size)
    taken = [layer.take(block) for block in source if block.lines]
    taken.append(None if growing else layer.rest())
    for block in taken:
        if block is None or not (block.final or block.lines[0].endswith(b'"')):
            continue
        assert block.tail == data[: block.end][-TAIL_BYTES:]
        assert block.end > end
        end = block.end
        lines += list(zip(block.offsets, block.numbers, block.lines, strict=True))
    return Read(lines, end)


class Case(NamedTuple):
    """A log, and the lines in it."""

    data: bytes
    lines: list[tuple[int, int, bytes]]


@st.composite
def logs(draw: st.DrawFn) -> Case:
    """Lines of two streams in pieces, one among the others, and some that are not wrapped."""
    data, lines, number = b"", [], 1
    queues: dict[bytes, list[list[bytes]]] = {
        stream: draw(st.lists(st.lists(st.text("ab ", max_size=4).map(str.encode), min_size=1, max_size=4), max_size=4))
        for stream in (b"stdout", b"stderr")
    }
    opened: dict[bytes, tuple[int, int, list[bytes]]] = {}
    while any(queues.values()):
        stream = draw(st.sampled_from([stream for stream, queue in queues.items() if queue]))
        if draw(st.integers(0, 9)) == 0:
            lines.append((len(data), number, b'bare"'))
            data += b'bare"\n'
            number += 1
        pieces = queues[stream][0]
        text = pieces.pop(0)
        first, first_number, parts = opened.pop(stream, (len(data), number, []))
        if pieces:
            opened[stream] = (first, first_number, [*parts, text])
        else:
            queues[stream].pop(0)
            text += b'"'
            lines.append((first, first_number, b"".join([*parts, text])))
        data += piece(text, stream, b"P" if pieces else b"F") + b"\n"
        number += 1
    return Case(data, sorted(lines))


@settings(max_examples=300, deadline=None)
@given(logs(), st.integers(1, 200))
def test_each_line_once_whatever_the_size_of_blocks(case: Case, size: int) -> None:
    assert sorted(run(case.data, size=size).lines) == case.lines


@settings(max_examples=300, deadline=None)
@given(logs(), st.integers(1, 200), st.data())
def test_each_line_once_whenever_the_log_was_read_as_it_grew(case: Case, size: int, data: st.DataObject) -> None:
    lines, end = [], 0
    for cut in sorted(data.draw(st.lists(st.integers(0, len(case.data)), max_size=5))):
        if cut > end:
            read = run(case.data[:cut], end, growing=True, size=size)
            lines, end = lines + read.lines, read.end
    lines += run(case.data, end, size=size).lines
    assert sorted(lines) == case.lines


def test_a_block_ends_in_front_of_an_open_line_and_of_all_that_overlaps_it() -> None:
    rows = [
        piece(b"one"),
        piece(b"a", b"stderr", b"P"),
        piece(b"c", b"stdout", b"P"),
        piece(b"b", b"stderr"),
        piece(b"two", b"stderr"),
    ]
    data = b"\n".join(rows) + b"\n"
    read = run(data, growing=True)
    assert read == Read([(0, 1, b"one")], len(rows[0]) + 1)
    more = data + piece(b"d") + b"\n"
    assert [text for _, _, text in run(more, read.end, growing=True).lines] == [b"ab", b"cd", b"two"]


def test_what_never_ends_is_passed_on_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "MAX_JOIN_LINES", 3)
    expected = [b"lost", b"0", b"1", b"2", b"3", b"4", b"5", b"late"]
    rows = [piece(b"lost", tag=b"P"), *(piece(text, b"stderr") for text in expected[1:-1]), piece(b"late")]
    for count, size in product((7, 8), (60, 150, 300, 1 << 20)):
        data = b"\n".join(rows[:count]) + b"\n"
        assert [text for _, _, text in run(data, growing=True, size=size).lines] == expected[:count]


def test_lines_that_overlap_without_end_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "MAX_HELD_LINES", 4)
    rows = [piece(b"%d" % (n // 2), (b"stdout", b"stderr")[n // 2 % 2], b"P" if n % 2 else b"F") for n in range(1, 41)]
    data = b"\n".join(rows) + b"\n"
    stream, unwrapper = Slow(data, 100), Unwrapper(CRI)
    texts = []
    for block in blocks(stream, read_head(stream), 0, growing=True, block_bytes=100):
        taken = unwrapper.take(block) if block.lines else None
        texts += taken.lines if taken is not None else []
        assert len(unwrapper.lines) <= 4
    rest = unwrapper.rest()
    texts += rest.lines if rest is not None else []
    assert sorted(b"".join(texts)) == sorted(b"".join(row.rpartition(b" ")[2] for row in rows))


def test_a_line_too_long_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "MAX_LINE_BYTES", 10)
    data = b"\n".join([piece(b"12345678", tag=b"P"), piece(b"12345678", tag=b"P"), piece(b"9"), piece(b"x")]) + b"\n"
    stream = io.BytesIO(data)
    taken = [Unwrapper(CRI).take(block) for block in blocks(stream, read_head(stream), 0, growing=False) if block.lines]
    (block,) = [block for block in taken if block is not None]
    assert [(long.offset, long.number) for long in block.overlong] == [(0, 1)]
    assert block.lines == [b"x"]


def test_lines_too_long_to_be_read_wait_with_the_open_line_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE_BYTES", 100)
    rows = [piece(b"a", tag=b"P"), b"x" * 500, piece(b"c", b"stderr"), piece(b"b")]
    data = b"\n".join(rows) + b"\n"
    for size in (1 << 20, 64):
        stream, unwrapper = Slow(data, size), Unwrapper(CRI)
        source = blocks(stream, read_head(stream), 0, growing=False, block_bytes=size)
        taken = [unwrapper.take(block) for block in source if block.lines or block.overlong]
        kept = [block for block in taken if block is not None]
        assert [(block.lines, [long.number for long in block.overlong]) for block in kept] == [([b"ab", b"c"], [2])]
        assert kept[0].end == len(data)


def test_a_hole_of_nuls_before_an_open_line_stays_before_the_mark() -> None:
    first = piece(b"one") + b"\n"
    data = first + b"\0" * 40 + piece(b"a", tag=b"P") + b"\n"
    read = run(data, growing=True)
    assert read.end == len(first)
    more = data + piece(b"b") + b"\n"
    assert run(more, read.end).lines == [(len(first) + 40, 2, b"ab")]


def test_a_sample_is_unwrapped_with_what_is_open_in_it() -> None:
    assert unwrapped([piece(b"one"), piece(b"a", tag=b"P")], CRI) == [b"one", b"a"]
