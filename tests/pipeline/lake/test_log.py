"""What rows held is not to be read in Delta's log when the rows have gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from deltalake import DeltaTable

from pipeline.ingest import ingest_source
from pipeline.lake import REJECTS, REQUESTS, TABLES, Lake
from pipeline.lake.compact import RETENTION, compact
from pipeline.lake.expire import expire
from pipeline.lake.table import PARTITIONS, PROPERTIES
from pipeline.rows import schema_of
from pipeline.settings import Settings
from tests.pipeline.lake.conftest import CLIENT, NODE

OLD_CLIENT = "89.160.20.112"
Sql = Callable[[str], list[dict[str, Any]]]


def remembered(lake: Lake, name: str) -> str:
    """All that the log of a table says, commits and checkpoints."""
    found = []
    for path in sorted((Path(lake.path) / name / "_delta_log").iterdir()):
        whole = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_text()
        found.append(str(whole))
    return "\n".join(found)


def commits(lake: Lake, name: str) -> int:
    return len(list((Path(lake.path) / name / "_delta_log").glob("*.json")))


def age(lake: Lake) -> None:
    """Two days go by for the log."""
    for path in Path(lake.path).glob("*/_delta_log/*"):
        os.utime(path, (time.time() - 2 * 86_400,) * 2)


def test_the_log_holds_no_value_of_a_row_whoever_wrote_the_file(lake: Lake, put: Callable[..., None]) -> None:
    put([1, 2], forwarded=OLD_CLIENT, junk=2)
    put([1, 2], junk=2)
    list(compact(lake, RETENTION, dry_run=False))
    expire(lake, 7, date(2015, 5, 9), dry_run=False)
    for name, said in ((REQUESTS, "2015-05-02"), (REJECTS, "numRecords")):
        text = remembered(lake, name)
        assert said in text
        for value in (NODE, CLIENT, OLD_CLIENT, "junk", "/1000"):
            assert value not in text, (name, value)


def test_a_lake_of_before_forgets_what_its_log_knew(lake: Lake, put: Callable[..., None], sql: Sql) -> None:
    for name, columns in TABLES.items():
        path = Path(lake.path) / name
        path.mkdir(parents=True)
        DeltaTable.create(str(path), schema_of(columns), partition_by=PARTITIONS[name])
    put([1, 1], peer=OLD_CLIENT)
    put([9, 9])
    first = Path(lake.path) / REQUESTS / "_delta_log" / f"{1:020}.json"  # as older ones wrote it
    least = '\\"minValues\\": {'
    assert least in first.read_text()
    first.write_text(first.read_text().replace(least, f'{least}\\"local_ip\\":\\"{OLD_CLIENT}\\",'))
    assert OLD_CLIENT in remembered(lake, REQUESTS)
    age(lake)
    expire(lake, 7, date(2015, 5, 9), dry_run=False)
    age(lake)
    expire(lake, 7, date(2015, 5, 9), dry_run=False)
    assert OLD_CLIENT not in remembered(lake, REQUESTS)
    assert [row["n"] for row in sql("SELECT count(*) AS n FROM requests")] == [2]
    for name in TABLES:
        table = lake.table(name)
        assert table is not None
        assert PROPERTIES[name].items() <= table.metadata().configuration.items()


def test_commits_that_a_checkpoint_made_needless_go_and_marks_stay(
    lake: Lake, put: Callable[..., None], sql: Sql, tmp_path: Path
) -> None:
    for _ in range(5):
        put([1])
    assert commits(lake, REQUESTS) > 5
    list(compact(lake, timedelta(days=1), dry_run=False))
    assert commits(lake, REQUESTS) > 5, "who has just begun may read them"
    age(lake)
    list(compact(lake, timedelta(days=1), dry_run=False))
    assert commits(lake, REQUESTS) == 1
    for log in sorted(tmp_path.glob("*.log")):
        assert ingest_source(str(log), lake, Settings()).rows == 0
    assert [row["n"] for row in sql("SELECT count(*) AS n FROM requests")] == [5]
