"""The lake as a task sees it: nothing is committed, what would be comes back, and files are few."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.errors import LakeFault, Overtaken
from pipeline.ingest import ingest_source
from pipeline.lake import REJECTS, REQUESTS, Lake, Turn
from pipeline.lake.parts import Part
from pipeline.marks import namesakes
from pipeline.spread import draft as draft_module
from pipeline.spread.draft import Draft
from tests.pipeline.conftest import table_of
from tests.pipeline.spread.beside import PLAIN
from tests.pipeline.test_ingest import log_of

DAYS = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in range(1, 6)]


def written(lake: Lake) -> list[Path]:
    return sorted(Path(lake.path).rglob("*.parquet"))


def test_several_logs_are_one_file_a_date_and_none_is_in_the_lake(tmp_path: Path, lake: Lake) -> None:
    draft = Draft(lake)
    for number in range(4):
        path = tmp_path / f"{number}.log"
        path.write_bytes(log_of(5, first=9 * number) + b"junk\n")
        assert ingest_source(str(path), draft, PLAIN, threads=0).rows == 5
    files = draft.close()
    assert [(file.day, file.rows) for file in files[REQUESTS]] == [(date(2015, 5, 17), 20)]
    assert [(file.day, file.rows) for file in files[REJECTS]] == [(None, 4)]
    assert written(lake) == sorted(lake.folder(name) / file.path for name in files for file in files[name])
    assert lake.table(REQUESTS) is None
    assert all(pq.ParquetFile(path).num_row_groups == 1 for path in written(lake))


def test_marks_are_as_if_all_were_committed(tmp_path: Path, lake: Lake) -> None:
    path = tmp_path / "log"
    path.write_bytes(log_of(30))
    ingest_source(str(path), lake, PLAIN)
    before = namesakes(lake, log_of(30)[:1024])[0]
    path.write_bytes(log_of(40))
    draft = Draft(lake)
    ingest_source(str(path), draft, PLAIN, threads=0)
    path.write_bytes(log_of(50))
    assert ingest_source(str(path), draft, PLAIN, threads=0).skipped == len(log_of(40))
    after = namesakes(draft, log_of(30)[:1024])[0]
    assert before.mark is not None
    assert after.mark is not None
    assert after.mark.offset == len(log_of(50))
    assert draft.turned[REQUESTS] == {before.id: Turn(before.id, before.mark.pack(), after.mark.pack())}
    assert draft.touched == {before.id}
    assert namesakes(lake, log_of(30)[:1024])[0].mark == before.mark
    draft.drop()


def test_a_turn_that_begins_elsewhere_is_none(lake: Lake) -> None:
    with pytest.raises(Overtaken):
        Draft(lake).append(REQUESTS, [], [Turn("x", 7, 8)])


def test_files_that_are_open_are_bounded(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_module, "MAX_OPEN", 2)
    draft = Draft(lake)
    for _ in range(2):
        draft.append(REQUESTS, draft.write(table_of({"ts": day} for day in DAYS)), [])
    files = draft.close()[REQUESTS]
    assert sum(file.rows for file in files) == 10
    assert {file.day for file in files} == {day.date() for day in DAYS}


def test_rows_are_written_when_there_are_enough(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_module, "GROUP_ROWS", 3)
    draft = Draft(lake)
    for day in DAYS[:2]:
        for _ in range(2):
            draft.append(REQUESTS, draft.write(table_of([{"ts": day}] * 2)), [])
    files = draft.close()[REQUESTS]
    assert [(file.rows, pq.ParquetFile(lake.folder(REQUESTS) / file.path).num_row_groups) for file in files] == [
        (4, 1), (4, 1),
    ]  # fmt: skip


def test_what_is_discarded_is_not_written(lake: Lake) -> None:
    draft = Draft(lake)
    draft.discard(draft.write(table_of([{"ts": DAYS[0]}])))
    assert draft.close() == {REQUESTS: [], REJECTS: []}
    assert written(lake) == []


def test_where_the_disk_is_full_nothing_is_left(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Draft(lake)
    close = Part.close

    def full(part: Part) -> None:
        close(part)
        raise OSError(28, "No space left on device")

    draft.append(REQUESTS, draft.write(table_of({"ts": day} for day in DAYS)), [])
    monkeypatch.setattr(Part, "close", full)
    with pytest.raises(LakeFault, match="cannot write: No space left on device"):
        draft.close()
    assert written(lake) == []
