"""Files of rows: one a date, each whole on the disk before a commit names it, none left where writing fails."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.lake import parts

DAYS = [date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 2)]
ROWS = pa.table(
    {
        "ts": pa.array(
            [datetime(day.year, day.month, day.day, 7, tzinfo=UTC) for day in DAYS], pa.timestamp("us", "UTC")
        ),
        "status": pa.array([200, None, 404], pa.int64()),
        "date": pa.array(DAYS, pa.date32()),
    }
)


def test_each_date_has_its_file_with_its_rows_in_their_order(tmp_path: Path) -> None:
    files = parts.write(tmp_path, ROWS)
    assert [(file.day, file.rows) for file in files] == [(date(2026, 3, 1), 1), (date(2026, 3, 2), 2)]
    for file in files:
        assert file.path.startswith(f"date={file.day}/")
        assert file.bytes == (tmp_path / file.path).stat().st_size
    assert pq.ParquetFile(tmp_path / files[1].path).read().to_pydict() == {
        "ts": [ROWS["ts"][0].as_py(), ROWS["ts"][2].as_py()],
        "status": [200, 404],
    }


def test_a_table_without_dates_is_one_file_and_no_rows_are_none(tmp_path: Path) -> None:
    rows = ROWS.drop_columns(["date"])
    (file,) = parts.write(tmp_path, rows)
    assert (file.day, file.rows) == (None, 3)
    assert parts.write(tmp_path, rows.slice(0, 0)) == []
    assert parts.write(tmp_path, ROWS.slice(0, 0)) == []


def test_a_commit_says_what_readers_pass_a_file_over_by(tmp_path: Path) -> None:
    action = parts.added(parts.write(tmp_path, ROWS)[1])
    assert action.partition_values == {"date": "2026-03-02"}
    assert json.loads(action.stats) == {
        "numRecords": 2,
        "minValues": {"ts": "2026-03-02T07:00:00Z", "status": 200},
        "maxValues": {"ts": "2026-03-02T07:00:00Z", "status": 404},
        "nullCount": {"ts": 0, "status": 0},
    }


def test_where_writing_fails_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = parts.Part.add
    written = []

    def second_fails(part: parts.Part, rows: pa.Table) -> None:
        add(part, rows)
        if written:
            raise OSError(28, "No space left on device")
        written.append(rows)

    monkeypatch.setattr(parts.Part, "add", second_fails)
    with pytest.raises(OSError, match="No space left"):
        parts.write(tmp_path, ROWS)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_columns_that_rise_are_kept_as_differences(tmp_path: Path) -> None:
    found = pq.ParquetFile(tmp_path / parts.write(tmp_path, ROWS)[1].path).metadata.row_group(0)
    encodings = {found.column(at).path_in_schema: found.column(at).encodings for at in range(found.num_columns)}
    assert parts.RISING_ENCODING in encodings["ts"]
    assert parts.RISING_ENCODING not in encodings["status"]
