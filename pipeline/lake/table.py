"""
Two Delta tables under one folder, `requests` (partitioned by date) and `rejects`.

A batch of a source is committed with the source's mark (how far it was read) as a Delta application transaction, so
rows and mark are in the table together or not at all: that is what makes ingest exactly-once. Rejects are a table of
their own and are committed first, under the same marks; after a crash between the two, the rejects that are already
there are passed over. Two ingests of one log at once cannot both win: a commit names the mark that it follows, and
Delta refuses it if another has moved that mark. A commit that lost against anything else (a re-resolve, an expiry, the
ingest of another log) is made again on the lake as it is then.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import ColumnProperties, CommitProperties, DeltaTable, Schema, Transaction, WriterProperties
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from echo.clientip import printable
from pipeline.errors import LakeFault, Overtaken
from pipeline.lake import parts
from pipeline.lake.mark import Mark
from pipeline.lake.parts import COMPRESSION_LEVEL, File
from pipeline.rows import REJECT_COLUMNS, REJECT_SCHEMA, ROW_COLUMNS, ROW_SCHEMA, Column, schema_of

# DuckDB would look for files that match a pattern, Delta would decode an escape
UNREADABLE = re.compile(r"[*?\[\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # which delta-rs puts between an error and its cause
SYSTEM_ERROR = re.compile(r"\(os error (\d{1,4})\)")
REQUESTS, REJECTS = "requests", "rejects"
TABLES: dict[str, tuple[Column, ...]] = {REQUESTS: ROW_COLUMNS, REJECTS: REJECT_COLUMNS}
PARTITIONS = {REQUESTS: [parts.PARTITION], REJECTS: None}
WRITER = WriterProperties(
    compression="ZSTD",
    compression_level=COMPRESSION_LEVEL,
    column_properties={
        name: ColumnProperties(dictionary_enabled=False, encoding=parts.RISING_ENCODING) for name in parts.RISING
    },
)
# A commit fails against one other commit, and each other one takes some hundredths of a second: this many in a row mean
# that something else is wrong. The waits add up to half a minute.
MAX_TRIES = 40
EXACTLY = 0  # retries: Delta would try again on a newer snapshot, past a compaction of what is to be exchanged
# Commits between two checkpoints. Whoever opens the table reads the commits since the last one, each a file; at Delta's
# own 100, opening a lake in the middle of a long ingest takes 20 times as long as at its beginning.
CHECKPOINT_EVERY = 20
LOG_KEPT = "interval 1 days"  # of commits behind a checkpoint; by default a month, which --follow fills with millions
PROPERTIES = {
    name: {
        # of a file, what the log says beside its name: see pipeline.lake.log
        "delta.dataSkippingStatsColumns": ",".join(
            column.name for column in columns if column.name in parts.STATISTICS
        ),
        "delta.checkpointInterval": str(CHECKPOINT_EVERY),
        "delta.logRetentionDuration": LOG_KEPT,
    }
    for name, columns in TABLES.items()
}
FIRST_WAIT, LONGEST_WAIT = 0.02, 1.0  # seconds between tries, doubled each time; each shortened at random
NAME_LIMIT = 200  # of a message that delta-rs gives, which may hold whole paths and plans

Result = TypeVar("Result")


class Turn(NamedTuple):
    """A change of an application transaction: its id, the integer that it must have before (None: none), and after."""

    id: str
    before: int | None
    after: int


class Lake:
    """A lake at a folder; nothing is made on disk before the first commit."""

    def __init__(self, path: str) -> None:
        """Raises LakeFault if the path is a file, or no path that every reader of the lake can take."""
        self.path = path
        self._opened: dict[str, tuple[DeltaTable, int]] = {}  # by table: what commits are made on, inode of its log
        self.properties: dict[str, str] = {}  # of a table that is made, beside PROPERTIES
        place = printable(path) or "--lake"
        if not path or "://" in path:
            raise LakeFault("is no folder", place, "name a local folder with --lake")
        if UNREADABLE.search(str(Path(path).absolute())):
            raise LakeFault(
                "holds what readers take for a pattern or an escape (* ? [ %20)", place, "name another folder"
            )
        if Path(path).exists() and not Path(path).is_dir():
            raise LakeFault("is a file, and a lake is a folder", place, "name another folder with --lake")

    def _uri(self, name: str) -> str:
        return (Path(self.path).absolute() / name).as_uri()  # Delta would read a % in a plain path as an escape

    def table(self, name: str) -> DeltaTable | None:
        """Return the newest snapshot of a table, None if it does not exist yet."""
        try:
            return DeltaTable(self._uri(name))
        except TableNotFoundError:
            return None
        except (DeltaError, OSError, ValueError) as error:
            raise LakeFault(words(error), printable(self.path), "name a folder that whofrom ingest has made") from None

    def files(self) -> dict[str, list[str]]:
        """
        Return table -> the paths of the Parquet files of its newest snapshot, none where it does not exist.

        Raises LakeFault if there is no lake here.
        """
        tables = {name: self.table(name) for name in TABLES}
        if all(table is None for table in tables.values()):
            step = f"make one: whofrom ingest --lake {shlex.quote(self.path)} access.log"
            raise LakeFault("no lake here", printable(self.path), step)
        return {
            name: [unquote(urlsplit(uri).path) for uri in table.file_uris()] if table is not None else []
            for name, table in tables.items()
        }

    def write(self, rows: pa.Table) -> list[File]:
        """
        Write rows as files that are no part of the lake yet; any number of threads may at once.

        Raises LakeFault; then none is left.
        """
        return self._write(REQUESTS, rows)

    def discard(self, written: Sequence[File], name: str = REQUESTS) -> None:
        """Delete files that were written and will not be committed."""
        self._discard(name, written)

    def commit(
        self,
        written: Sequence[File],
        rejects: pa.Table,
        source_id: str,
        mark: Mark,
        after: Mark | None,
        more: Sequence[Turn] = (),
    ) -> None:
        """
        Commit the written rows and the rejects of a block, and the source's mark behind it.

        after  the mark that the source had when the block was read
        more   what else has to change with it

        Raises LakeFault; then no row of the block is in the lake, and ingesting again goes on from the last mark.
        """
        try:
            number = self.numbers(REJECTS)(source_id)
            rejected = None if number is None else Mark.unpack(number)
            if rejected is not None:  # a run died between the two commits: the rejects up to here are in already
                rejects = rejects.filter(pc.greater_equal(rejects["source_offset"], rejected.offset))
            if rejects.num_rows:
                self._add(REJECTS, rejects, [_turn(source_id, rejected, mark)])
            self._append(REQUESTS, written, [_turn(source_id, after, mark), *more])
        except BaseException:
            self.discard(written)
            raise

    def add(self, rows: pa.Table, once: str) -> None:
        """Commit rows under a name that is used once. Raises LakeFault, also if it was used before."""
        self._add(REQUESTS, rows, [_turn(once, None, Mark(1, 0))])

    def _add(self, name: str, rows: pa.Table, turns: Sequence[Turn]) -> None:
        written = self._write(name, rows)
        try:
            self._append(name, written, turns)
        except BaseException:
            self._discard(name, written)
            raise

    def folder(self, name: str) -> Path:
        """Return where a table is."""
        return Path(self.path).absolute() / name

    def _write(self, name: str, rows: pa.Table) -> list[File]:
        try:
            return parts.write(self.folder(name), rows)
        except OSError as error:
            raise self.unwritable(error) from None

    def _discard(self, name: str, files: Sequence[File]) -> None:
        """Delete files that no commit names; where that cannot be told, they stay for compaction."""
        if files:
            with suppress(DeltaError, OSError, ValueError, LakeFault):  # what went wrong before is what is told
                table = self.table(name)
                # by their paths in the table: where links or `..` are in the lake's own, Delta calls it otherwise
                named = set() if table is None else set(pa.table(table.get_add_actions())["path"].to_pylist())
                parts.delete(self.folder(name), [file for file in files if file.path not in named])

    def _append(self, name: str, files: Sequence[File], turns: Sequence[Turn]) -> None:
        """Append on a snapshot in which all is as it was before the turns; Delta refuses if that has changed since."""
        properties = CommitProperties(app_transactions=[Transaction(turn.id, turn.after) for turn in turns])
        actions = [parts.added(file) for file in files]

        def append() -> None:
            table = self.newest(name) or self._create(name)
            if any(table.transaction_version(turn.id) != turn.before for turn in turns):
                raise Overtaken(
                    "another ingest took the same log at the same time",
                    printable(self.path),
                    "run again: it goes on from there",
                )
            widen(name, table)
            table.create_write_transaction(
                list(actions), "append", table.schema(), PARTITIONS[name], commit_properties=properties
            )

        self.committed(append)

    def numbers(self, name: str) -> Callable[[str], int | None]:
        """Return what tells the integer of an application transaction in the newest snapshot of a table, by its id."""
        table = self.newest(name)
        return (lambda _: None) if table is None else table.transaction_version

    def append(self, name: str, files: Sequence[File], turns: Sequence[Turn]) -> None:
        """
        Commit files that are written, and the turns of all that they are of, in one commit.

        Raises Overtaken if one of the turns does not begin where the table is; LakeFault. The files stay.
        """
        self._append(name, files, turns)

    def newest(self, name: str) -> DeltaTable | None:
        """Return the newest snapshot of a table, None if it does not exist yet; an open one is brought up to now."""
        try:
            inode = (self.folder(name) / "_delta_log").stat().st_ino
        except FileNotFoundError:
            return None
        opened = self._opened.get(name)
        try:
            if opened is not None and opened[1] == inode:
                opened[0].update_incremental()
                return opened[0]
        except (DeltaError, OSError, ValueError):  # what it read is gone; as it is now, it may well be read
            pass
        table = self.table(name)
        if table is not None:
            self._opened[name] = table, inode
        return table

    def committed(self, commit: Callable[[], Result]) -> Result:
        """
        Return what commit gives, calling it again, for a new look at the lake, where another commit came first.

        Raises LakeFault where that goes on and on, and where the disk or the folder is at fault.
        """
        try:
            for number in range(MAX_TRIES):
                try:
                    return commit()
                except CommitFailedError:
                    time.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2**number) * random.uniform(0.5, 1.0))  # noqa: S311
        except (DeltaError, OSError, ValueError, pa.ArrowException) as error:
            raise self.unwritable(error) from None
        raise LakeFault(
            f"{MAX_TRIES} times in a row another commit came first",
            printable(self.path),
            "run again when it is quieter",
        )

    def unwritable(self, error: Exception) -> LakeFault:
        """Return what is said where the disk or the folder is at fault."""
        what = error.strerror if isinstance(error, OSError) and error.strerror else words(error)
        return LakeFault(f"cannot write: {what}", printable(self.path), "free space or mend the folder, then run again")

    def _create(self, name: str) -> DeltaTable:
        """Create a table, or take the one that another ingest has just created."""
        (Path(self.path) / name).mkdir(parents=True, exist_ok=True)
        try:
            return DeltaTable.create(
                self._uri(name),
                _schema(name),
                partition_by=PARTITIONS[name],
                configuration=PROPERTIES[name] | self.properties,
                raise_if_key_not_exists=False,  # of a key that is ours
            )
        except DeltaError:
            table = self.table(name)
            if table is None:
                raise
            return table


def _turn(source_id: str, before: Mark | None, after: Mark) -> Turn:
    return Turn(source_id, None if before is None else before.pack(), after.pack())


def widen(name: str, table: DeltaTable) -> None:
    """Give the table of an older whofrom the columns that it lacks."""
    known = {field.name for field in table.schema().fields}
    missing = [field for field in _schema(name).fields if field.name not in known]
    if missing:
        table.alter.add_columns(missing)


def _schema(name: str) -> Schema:
    """Return the columns that a table should have, as Delta names their types."""
    return Schema.from_arrow(schema_of(TABLES[name]))


def rows_of(columns: dict[str, pa.Array]) -> pa.Table:
    """Return a table of ROW_SCHEMA."""
    return pa.table([columns[field.name] for field in ROW_SCHEMA], schema=ROW_SCHEMA)


def rejects_of(columns: dict[str, list[Any]]) -> pa.Table:
    """Return a table of REJECT_SCHEMA."""
    return pa.table([pa.array(columns[field.name], field.type) for field in REJECT_SCHEMA], schema=REJECT_SCHEMA)


def words(error: Exception) -> str:
    """Return what delta-rs said, on one line of bounded length; of an error of the system, the system's words alone."""
    said = COLOURS.sub("", str(error))
    system = SYSTEM_ERROR.search(said)
    return os.strerror(int(system[1])) if system else printable(" ".join(said.split()))[:NAME_LIMIT]
