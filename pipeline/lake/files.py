"""
The Parquet files of a table's snapshot, and the exchange of some of them for others in one commit.

An exchange is made on exactly the snapshot that was looked at: if anything at all was committed since, Delta refuses
it. So a file that is exchanged is one that is in the table, and what it holds is in the table once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.transaction import RemoveAction

from echo.clientip import printable
from pipeline.errors import LakeFault
from pipeline.lake import parts
from pipeline.lake.parts import File
from pipeline.lake.table import EXACTLY, PARTITIONS, Lake, words

RESTORE = "restore it from a copy"
PLAIN_PROTOCOL = (1, 2)  # reader, writer: what ingest makes; beyond, a file may not be all that its rows are


def files_of(lake: Lake, name: str, table: DeltaTable) -> list[File]:
    """Return the files of a snapshot in the order of their dates."""
    found = []
    for action in pa.table(table.get_add_actions(flatten=True)).to_pylist():
        rows = action["num_records"]
        if rows is None:  # another writer left it out
            rows = pq.read_metadata(path_of(lake, name, action["path"])).num_rows
        found.append(File(action["path"], action.get("partition.date"), rows, action["size_bytes"]))
    return sorted(found, key=lambda file: (file.day or date.min, file.path))


def path_of(lake: Lake, name: str, path: str) -> Path:
    """Return where a file is."""
    return Path(lake.path).absolute() / name / path


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file of a snapshot; LakeFault if it is gone or damaged."""
    try:
        with pq.ParquetFile(path) as parquet:
            yield parquet
    except FileNotFoundError:
        raise LakeFault(
            "a file of the lake is gone",
            printable(str(path)),
            "run again, and with a longer --retain of compact if this took longer than that; else restore it",
        ) from None
    except pa.ArrowInvalid as error:
        raise LakeFault(f"a file of the lake is damaged: {words(error)}", printable(str(path)), RESTORE) from None


def disk_bytes(lake: Lake, name: str) -> int:
    """Return what all Parquet files of a table's folder take, in the snapshot or not."""
    total = 0
    for path in (Path(lake.path).absolute() / name).rglob("*.parquet"):
        if "_delta_log" not in path.parts:
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # given back just now
                continue
    return total


def exchange(lake: Lake, name: str, table: DeltaTable, gone: Sequence[File], come: Sequence[File], why: str) -> None:
    """
    Commit that the files `come`, which are there, take the place of `gone`.

    Raises CommitFailedError if `table` is not the newest snapshot any more.
    """
    protocol = table.protocol()
    features = [*(protocol.reader_features or ()), *(protocol.writer_features or ())]
    if features or (protocol.min_reader_version, protocol.min_writer_version) > PLAIN_PROTOCOL:
        raise LakeFault(
            f"the table has features of another writer ({printable(', '.join(features))[:100] or 'a newer protocol'})",
            printable(str(path_of(lake, name, ""))),
            "change its rows with that writer's tools",
        )
    now = int(time.time() * 1000)
    added = [parts.added(one) for one in come]
    removed = [RemoveAction(one.path, True, now, one.bytes, parts.partition_of(one)) for one in gone]
    table.create_write_transaction(
        [*added, *removed],
        "append",
        table.schema(),
        PARTITIONS[name],
        commit_properties=CommitProperties(max_commit_retries=EXACTLY, custom_metadata={"whofrom": why}),
    )
