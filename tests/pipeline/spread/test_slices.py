"""A log is cut behind newlines, each line is in one slice, whatever the places; and what cannot be cut is not."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Gone, SourceFault
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.lake.mark import Mark
from pipeline.settings import Settings
from pipeline.sources.plain import opened_plain
from pipeline.sources.reader import BLOCK_BYTES, blocks, read_head
from pipeline.spread import driver, slices
from pipeline.spread.draft import Draft
from pipeline.spread.slices import Changed, Looked, Slice, count, extent, ingest_slice, look, places, slices_of
from tests.pipeline.spread.beside import PLAIN, Here, held, ingest
from tests.pipeline.test_ingest import log_of

ANY = Looked(None, b"", "combined", 0)  # type: ignore[arg-type]  # not asked for


def extents(text: bytes, where: list[int]) -> list[tuple[int, int]]:
    """What each slice of a text reads; those that read nothing are left out."""
    found = [
        extent(lambda offset, size: text[offset : offset + size], part, len(text)) for part in slices_of(ANY, where)
    ]
    return [(first, len(text) if last is None else last) for first, last in filter(None, found)]


@given(st.text("a\n\0", max_size=40), st.data())
def test_slices_follow_one_another_and_each_begins_behind_a_newline(text: str, data: st.DataObject) -> None:
    log = text.encode()
    start = data.draw(st.integers(0, len(log)))
    more = data.draw(st.sets(st.integers(start + 1, max(start + 1, len(log))), max_size=6))
    found = extents(log, [start, *sorted(more)])
    assert b"".join(log[first:last] for first, last in found) == log[start:]
    assert [last for _, last in found[:-1]] == [first for first, _ in found[1:]]
    assert all(log[first - 1 : first] == b"\n" for first, _ in found[1:])


def test_a_newline_far_in_front_of_a_place_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "LOOK_BACK", 3)
    assert extents(b"a\nbbbbbbbb\nc\n", [0, 6]) == [(0, 11), (11, 13)]
    assert extents(b"a\nbbbbbbbb\nc\n", [0, 4]) == [(0, 2), (2, 13)]


def test_places_are_where_blocks_begin(tmp_path: Path) -> None:
    line = b"x" * 999 + b"\n"
    size = 5 * BLOCK_BYTES
    path = tmp_path / "log"
    path.write_bytes(line * (size // len(line)))
    with path.open("rb") as stream:
        ends = [block.end for block in blocks(stream, read_head(stream), 0, growing=True)]
    with opened_plain(str(path)) as plain:
        assert plain is not None
        where = places(0, plain.size, 2 * BLOCK_BYTES)
        firsts = [extent(plain.at, part, plain.size) for part in slices_of(ANY, where)]
    assert len(where) == 3
    assert {one[0] for one in firsts if one is not None} <= set(ends)


@pytest.mark.parametrize("place", [1, 40, 74, 75, 76, 77, 140, 150, 151, 226, 300, 307])
def test_a_log_cut_in_two_is_the_same_log(
    place: int, tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 100)
    monkeypatch.setattr(driver, "places", lambda start, size, _: [start, start + place])
    log, other = tmp_path / "log", Lake(str(tmp_path / "other"))
    log.write_bytes(log_of(2) + b"junk\n" + log_of(2, first=2)[:-1])
    assert ingest([log], other, spread=Here()) == ingest([log], lake)
    assert held(other, cut=True) == held(lake, cut=True)


def test_what_is_wrapped_compressed_or_of_no_format_is_read_in_one_piece(tmp_path: Path, lake: Lake) -> None:
    path = tmp_path / "log"
    stamp = b"2022-01-28T16:04:05.413656027Z stdout F "
    for text in (
        gzip.compress(log_of(9)),
        b"".join(stamp + one + b"\n" for one in log_of(9).splitlines()),
        b"x\n",
        b"",
    ):
        path.write_bytes(text)
        assert look(str(path), lake, PLAIN) is None
    os.mkfifo(tmp_path / "pipe")
    assert look(str(tmp_path / "pipe"), lake, PLAIN) is None
    assert look("-", lake, PLAIN) is None


@pytest.mark.parametrize(
    "form", [None, "combined", '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent']
)
def test_a_log_is_looked_at_as_it_is_read(form: str | None, tmp_path: Path, lake: Lake) -> None:
    path = tmp_path / "log"
    path.write_bytes(log_of(30))
    settings = Settings(format=form)
    found = look(str(path), lake, settings)
    assert found is not None
    assert (found.start, found.size, found.known.alike) == (0, path.stat().st_size, 0)
    ingest_source(str(path), lake, settings)
    found = look(str(path), lake, settings)
    assert found is not None
    assert found.known.mark == Mark.of(path.stat().st_size, log_of(30)[-1024:])
    path.write_bytes(log_of(20))  # shorter than what is in the lake of it
    assert look(str(path), lake, settings) is None


def test_a_log_that_is_another_one_by_now_is_not_read(tmp_path: Path, lake: Lake) -> None:
    path = tmp_path / "log"
    path.write_bytes(log_of(60))
    log = look(str(path), lake, PLAIN)
    assert log is not None
    second = slices_of(log, [0, 2000])[1]
    path.write_bytes(log_of(60, first=1))
    with pytest.raises(Changed):
        ingest_slice(str(path), Draft(lake), PLAIN, second)
    with pytest.raises(Changed):
        count(str(path), 0, path.stat().st_size + 1)
    path.unlink()
    with pytest.raises(Gone, match=r"cannot read it: No such file or directory; check the path and its mode"):
        ingest_slice(str(path), Draft(lake), PLAIN, second)


def test_newlines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(log_of(30))
    assert count(str(path), 0, len(log_of(30))) == 30
    assert count(str(path), len(log_of(3)), len(log_of(9)) + 5) == 6


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with opened_plain(str(tmp_path)) as plain:
        assert plain is None
    with pytest.raises(SourceFault), opened_plain(str(tmp_path / "nothing")):
        pass


def test_a_slice_says_where_it_may_begin_and_end() -> None:
    assert slices_of(ANY, [5, 9, 20]) == [Slice(ANY, 5, 9, 5), Slice(ANY, 9, 20, 5), Slice(ANY, 20, None, 9)]
