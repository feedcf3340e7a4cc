"""Blocks of whole lines: whatever the block size and wherever a run resumes, the same lines at the same offsets."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import reader
from pipeline.sources.reader import blocks, read_head

texts = st.lists(st.binary(max_size=30).map(lambda line: line.translate(None, b"\n\r\0\xef")), max_size=20)


def lines_of(
    data: bytes, start: int = 0, *, growing: bool = False, size: int = 1 << 20
) -> list[tuple[int, int, bytes]]:
    """(number, offset, line) of all blocks."""
    stream = io.BytesIO(data)
    found = []
    for block in blocks(stream, read_head(stream), start, growing=growing, block_bytes=size):
        found += list(zip(block.numbers, block.offsets, block.lines, strict=True))
    return found


@settings(max_examples=200, deadline=None)
@given(texts, st.booleans(), st.integers(1, 64))
def test_lines_are_whole_and_know_their_place(lines: list[bytes], ended: bool, size: int) -> None:
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    found = lines_of(data, size=size)
    for _, offset, line in found:
        assert data[offset : offset + len(line)] == line
    expected = data.split(b"\n")
    assert [line for _, _, line in found] == (expected[:-1] if not expected[-1] else expected)
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))


@settings(max_examples=200, deadline=None)
@given(texts.filter(bool), st.data())
def test_a_run_that_resumes_sees_the_rest(lines: list[bytes], data: st.DataObject) -> None:
    text = b"\n".join(lines) + b"\n"
    whole = lines_of(text)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert lines_of(text, whole[cut][1]) == whole[cut:]


class Coming:
    """A stream that is followed: pieces, None between them where nothing more is there for now."""

    def __init__(self, pieces: list[bytes | None]) -> None:
        self.pieces = iter([piece for piece in pieces if piece != b""])

    def read(self, size: int = -1) -> bytes | None:
        return next(self.pieces, b"")


@settings(max_examples=200, deadline=None)
@given(texts.filter(bool), st.data())
def test_a_followed_stream_gives_the_same_lines_as_soon_as_they_are_whole(
    lines: list[bytes], data: st.DataObject
) -> None:
    text = b"\n".join(lines) + b"\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    start = data.draw(st.sampled_from([0, *(offset for _, offset, _ in lines_of(text)[1:])]))
    ends = [start, *(cut for cut in cuts if cut > start), len(text)]
    pieces: list[bytes | None] = [text[: ends[0]]]
    for before, after in itertools.pairwise(ends):
        pieces += [None, text[before:after]]
    found, seen = [], start
    for block in blocks(Coming([*pieces, None]), b"", start, growing=True):  # type: ignore[arg-type]
        found += list(zip(block.numbers, block.offsets, block.lines, strict=True))
        assert block.end >= seen
        seen = block.end
    assert found == [line for line in lines_of(text) if line[1] >= start]
    assert seen == len(text)


def test_a_followed_stream_that_is_shorter_than_its_mark_ends() -> None:
    assert list(blocks(Coming([b"one\n", None]), b"", 100, growing=True)) == []  # type: ignore[arg-type]


def test_carriage_returns_are_line_ends() -> None:
    assert [line for _, _, line in lines_of(b"a\r\nb\r\n")] == [b"a", b"b"]


def test_an_unterminated_line_of_a_growing_file_comes_last_and_alone() -> None:
    stream = io.BytesIO(b"a\nb\nhalf")
    found = list(blocks(stream, read_head(stream), 0, growing=True))
    assert [(block.lines, block.final) for block in found] == [([], True), ([b"a", b"b"], True), ([b"half"], False)]
    assert [block.end for block in found] == [0, 4, 8]


def test_a_line_that_was_taken_without_its_end_does_not_leave_an_empty_one() -> None:
    assert lines_of(b"a\nb\nc\n", start=3) == [(3, 4, b"c")]


def test_a_line_too_long_is_set_aside_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE_BYTES", 100)
    stream = io.BytesIO(b"a\n" + b"x" * 5000 + b"\nb\n")
    found = list(blocks(stream, read_head(stream), 0, growing=False, block_bytes=64))
    assert [line for block in found for line in block.lines] == [b"a", b"b"]
    assert [(long.offset, long.number) for block in found for long in block.overlong] == [(2, 2)]


def test_a_byte_order_mark_and_the_hole_of_a_truncated_log_are_no_text() -> None:
    assert lines_of(b"\xef\xbb\xbfone\n\0\0\0two\r\nthree\n") == [(1, 3, b"one"), (2, 10, b"two"), (3, 15, b"three")]


def test_a_block_is_bounded_in_lines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BLOCK_LINES", 10)
    stream = io.BytesIO(b"\n" * 100 + b"end")
    found = list(blocks(stream, read_head(stream), 0, growing=False))
    assert max(len(block.lines) for block in found) <= 11
    assert [number for block in found for number in block.numbers] == list(range(1, 102))
    assert found[-1].lines[-1] == b"end"
