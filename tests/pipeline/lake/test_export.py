"""Rows of a period to a file, whole or not at all."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.lake import Lake
from pipeline.lake import export as module
from pipeline.lake.export import EXPORTS, rows_between
from pipeline.rows import ROW_SCHEMA
from tests.pipeline.lake.conftest import WHOFROM, Said

Put = Callable[..., None]


@pytest.fixture
def full(put: Put) -> None:
    put([1, 2, 2, 3])
    put([3], peer="=cmd", forwarded="1.1.1.1, 10.0.0.1")


@pytest.mark.usefixtures("full")
def test_each_form_has_all_rows_and_columns(whofrom: Callable[..., Said], tmp_path: Path) -> None:
    for form in EXPORTS:
        assert "5 rows" in whofrom("export", str(tmp_path / f"all.{form}")).words
    parquet = pq.read_table(tmp_path / "all.parquet")
    assert parquet.schema.names == ROW_SCHEMA.names
    targets = sorted(parquet["target"].to_pylist())
    assert pa.ipc.open_file(tmp_path / "all.arrow").read_all().equals(parquet)
    lines = [orjson.loads(line) for line in (tmp_path / "all.ndjson").read_bytes().splitlines()]
    assert sorted(line["target"] for line in lines) == targets
    assert list(lines[0]) == ROW_SCHEMA.names
    assert lines[0]["headers"]["x-forwarded-for"] == ["81.2.69.160"]
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["target"] for row in rows) == targets
    assert orjson.loads(rows[0]["headers"])["x-forwarded-for"] == ["81.2.69.160"]
    assert not any(value.startswith("=") for row in rows for value in row.values())


@pytest.mark.usefixtures("full")
def test_a_period_takes_its_rows_alone(lake: Lake, whofrom: Callable[..., Said], tmp_path: Path) -> None:
    moment = datetime(2015, 5, 2, 10, 5, 3, tzinfo=UTC)
    after = datetime(2015, 5, 2, 10, 5, 4, tzinfo=UTC)
    assert sum(batch.num_rows for batch in rows_between(lake, moment, after)) == 2
    assert sum(batch.num_rows for batch in rows_between(lake, after, None)) == 2
    assert sum(batch.num_rows for batch in rows_between(lake, None, moment)) == 1
    out = tmp_path / "some.ndjson"
    assert "1 row\n" in whofrom("export", "--since", "2015-05-01", "--until", "2015-05-02", str(out)).words
    assert len(out.read_bytes().splitlines()) == 1


@pytest.mark.usefixtures("full")
def test_it_streams(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a few batches are held at once, whatever the lake holds."""
    monkeypatch.setattr(module, "BATCH_ROWS", 1)
    alive: list[int] = []
    batches = rows_between(lake, None, None)

    def watched() -> object:
        for batch in batches:
            alive.append(batch.num_rows)
            yield batch

    sink = pa.BufferOutputStream()
    assert EXPORTS["parquet"](watched(), sink) == 5
    assert alive == [1] * 5


@pytest.mark.usefixtures("full")
def test_a_file_that_is_there_stays_and_a_failed_export_leaves_none(
    whofrom: Callable[..., Said], tmp_path: Path, lake: Lake
) -> None:
    out = tmp_path / "all.csv"
    out.write_text("mine")
    assert "is there already; name another file, or say --force" in whofrom("export", str(out), code=2).words
    assert out.read_text() == "mine"
    whofrom("export", str(out), "--force")
    assert out.read_text().startswith("ts,peer_ip")
    assert "say -o parquet|arrow|csv|ndjson" in whofrom("export", str(tmp_path / "x.txt"), code=2).words
    assert "cannot write it" in whofrom("export", str(tmp_path / "no" / "x.csv"), code=1).words
    assert not list(tmp_path.glob(".*"))
    done = subprocess.run(
        [WHOFROM, "lake", "export", "-", "-o", "ndjson", "--lake", lake.path], capture_output=True, check=True
    )
    assert len(done.stdout.splitlines()) == 5


@pytest.mark.usefixtures("full")
def test_a_file_that_is_not_of_the_lake_is_named(whofrom: Callable[..., Said], lake: Lake, tmp_path: Path) -> None:
    (path, *_) = lake.files()["requests"]
    pq.write_table(pa.table({"x": [1]}), path)
    said = whofrom("export", str(tmp_path / "x.csv"), code=1).words
    assert f"{path}: a file of the lake is damaged: it has no times; restore it from a copy" in said
