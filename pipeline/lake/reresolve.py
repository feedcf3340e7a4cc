"""
Client, place and signatures of the rows of the lake worked out again, by a corrected policy or a newer database.

Rows hold the peer and the headers as they came, so that this needs no log. Each date is one commit, in which its files
are exchanged for files with the new columns; readers see a date before or after, never between. What is in a file is
read and written in batches, whatever its size.

Rules:

1. A row is done when it carries the policy's id and the database's build; files whose rows are all done are passed
   over. So a run that was killed goes on where it ended, and a second run has nothing to do.
2. With a policy every row is resolved by it, those too whose verdict came with the record (policy 'record'), as
   `ingest --config` does; `keep_verdicts` leaves these their client, and renews their place. Where the verdict is all
   there is (no peer, no header), it stays in any case.
3. Without a policy only the place is renewed, from the client that a row has.
4. Rows whose addresses were made unrecognisable (`anonymized`) stay as they are: what they hold is not the evidence.
5. User and login stay as they are, and so does the server's finding.
6. Rows that no attack signature was tried on (`signatures` is null, as an older whofrom left it) are judged in any run;
   with `signatures` all rows are, and those are renewed that are judged otherwise now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from echo.clientip import Policy, printable
from pipeline.errors import LakeFault
from pipeline.geo import Geo, no_geo
from pipeline.lake import parts
from pipeline.lake.files import exchange, files_of, opened, path_of
from pipeline.lake.keeper import keeping
from pipeline.lake.kinds import Kinds
from pipeline.lake.parts import File
from pipeline.lake.table import REQUESTS, Lake, widen
from pipeline.resolve import POLICY_OF_RECORD, resolve, stands_alone
from pipeline.rows import GEO_COLUMNS, ROW_SCHEMA, SIGNATURE_COLUMNS
from pipeline.signatures import signatures_of

BATCH_ROWS = 1 << 16  # with all columns some tens of megabytes; row groups of this size are what DuckDB scans well
WHY = "re-resolve"
EVIDENCE = ("peer_ip", "proxied_ip", "headers", "client_source")
RESOLVED = ("client_ip", "client_ip_num", "client_class", "client_source", "client_reason")
PLACED = tuple(column.name for column in GEO_COLUMNS)
MARKS = ("policy", "geo_build", "anonymized", "signatures")  # what tells whether a row is done
JUDGED = ("method", "target", "protocol", "user_agent", "headers")  # what signatures look at
ADDED = (*PLACED, *(column.name for column in SIGNATURE_COLUMNS))  # what files of an older whofrom may lack


@dataclass(frozen=True, slots=True)
class Task:
    """
    What is to be done.

    policy         resolve by it; None leaves the client as it is
    geo            the open database; None takes the places away
    kinds          what addresses are called in the report
    keep_verdicts  rows with policy 'record' keep their client
    signatures     judge all rows, not only those that were not judged
    places         False leaves the place of rows whose client stays, and `geo` is not used for them
    """

    policy: Policy | None
    geo: Geo | None
    kinds: Kinds
    keep_verdicts: bool = False
    signatures: bool = False
    places: bool = True


@dataclass(slots=True)
class Report:
    """
    What became of rows.

    rows       rows looked at
    renewed    rows that carry the new policy and build now
    done       rows that carried them before
    left       rows that stay because their addresses are anonymized
    judged     rows of those renewed whose signatures are others, or that had not been judged
    clients    (kind before, kind after) -> rows whose client is another
    countries  (country before, country after) -> rows whose country is another
    """

    rows: int = 0
    renewed: int = 0
    done: int = 0
    left: int = 0
    judged: int = 0
    clients: Counter[tuple[str, str]] = field(default_factory=Counter)
    countries: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Add another report's rows."""
        self.rows += other.rows
        self.renewed += other.renewed
        self.done += other.done
        self.left += other.left
        self.judged += other.judged
        self.clients.update(other.clients)
        self.countries.update(other.countries)


def reresolve(lake: Lake, task: Task, *, dry_run: bool) -> Iterator[tuple[date | None, Report]]:
    """
    Renew the rows of all dates, oldest first; yields each date with what became of its rows, once that is committed.

    Rows that an ingest adds meanwhile to a date that is done stay as that ingest made them; run again for those.
    Raises LakeFault or GeoFault; the dates before stay done.
    """
    with keeping(lake, WHY):
        table = lake.table(REQUESTS)
        if table is None:
            return
        for day, _ in groupby(files_of(lake, REQUESTS, table), key=lambda file: file.day):
            run = _Date(lake, task, day, dry_run=dry_run)
            try:
                yield day, lake.committed(run.attempt)
            finally:
                run.tidy()


class _Date:
    """One date, tried until no other commit comes between; a file is worked on once, however often that is."""

    def __init__(self, lake: Lake, task: Task, day: date | None, *, dry_run: bool) -> None:
        self.lake, self.task, self.day, self.dry_run = lake, task, day, dry_run
        self._worked: dict[str, tuple[File | None, Report]] = {}
        self._committed: set[str] = set()

    def attempt(self) -> Report:
        """Work on the files of the newest snapshot that are new to this run, and commit; CommitFailedError: again."""
        table = self.lake.table(REQUESTS)
        if table is None:
            raise LakeFault("a table is gone", printable(self.lake.path), "restore the folder")
        if not self.dry_run:
            widen(REQUESTS, table)
        report = Report()
        gone, come = [], []
        for file in files_of(self.lake, REQUESTS, table):
            if file.day != self.day:
                continue
            if file.path not in self._worked:
                self._worked[file.path] = self._work(file)
            new, part = self._worked[file.path]
            report.add(part)
            if new is not None:
                gone.append(file)
                come.append(new)
        if come:
            exchange(self.lake, REQUESTS, table, gone, come, WHY)
            self._committed = {file.path for file in come}
        return report

    def tidy(self) -> None:
        """Delete what was written and did not become part of the lake."""
        for new, _ in self._worked.values():
            if new is not None and new.path not in self._committed:
                path_of(self.lake, REQUESTS, new.path).unlink(missing_ok=True)

    def _work(self, file: File) -> tuple[File | None, Report]:
        """Return the file that is to take a file's place, written but not committed, or None; and the report."""
        source = path_of(self.lake, REQUESTS, file.path)
        with opened(source) as parquet:
            todo, left = _todo(parquet, self.task)
            report = Report(rows=file.rows, renewed=todo, left=left, done=file.rows - todo - left)
            if not todo:
                return None, report
            batches = _renewed(parquet, self.task, report)
            if self.dry_run:
                for _ in batches:
                    pass
                return None, report
            folder, path = path_of(self.lake, REQUESTS, ""), parts.new_path(file.path.rpartition("/")[0])
            with parts.writing(folder, renewed_schema(parquet), file.day, path) as part:
                for batch in batches:
                    part.add(batch, BATCH_ROWS)
                return part.close(), report


def parquet_schema(parquet: pq.ParquetFile) -> pa.Schema:
    """Return the columns of a file in the types of ROW_SCHEMA: writers differ in how they keep text in Arrow."""
    return pa.schema([ROW_SCHEMA.field(name) if name in ROW_SCHEMA.names else parquet.schema_arrow.field(name)
                      for name in parquet.schema_arrow.names])  # fmt: skip


def renewed_schema(parquet: pq.ParquetFile) -> pa.Schema:
    """Return the columns of a file that takes another's place: the other's, and what an older whofrom did not place."""
    schema = parquet_schema(parquet)
    return pa.schema([*schema, *(ROW_SCHEMA.field(name) for name in ADDED if name not in schema.names)])


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column, nulls where the file is older than the column."""
    if name in batch.schema.names:
        return batch.column(name)
    return pa.nulls(batch.num_rows, ROW_SCHEMA.field(name).type)


def _batches(parquet: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    schema = parquet_schema(parquet)
    names = [name for name in schema.names if columns is None or name in columns]
    kept = pa.schema([schema.field(name) for name in names])
    for batch in parquet.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
        yield pa.RecordBatch.from_arrays(
            [batch.column(name).cast(kept.field(name).type) for name in names], schema=kept
        )


def _masks(batch: pa.RecordBatch, task: Task) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return for each row whether it is anonymized, whether its client is to be renewed, and its place."""
    policy, build = _column(batch, "policy"), pc.fill_null(_column(batch, "geo_build"), "")
    fixed = _column(batch, "anonymized").is_valid()
    client = pa.repeat(pa.scalar(False), batch.num_rows)
    if task.policy is not None:
        client = pc.fill_null(pc.not_equal(policy, task.policy.id), fill_value=True)
        if task.keep_verdicts:
            client = pc.and_(client, pc.fill_null(pc.not_equal(policy, POLICY_OF_RECORD), fill_value=True))
    place = client
    if task.places:
        place = pc.or_(client, pc.not_equal(build, "" if task.geo is None else task.geo.build))
    free = pc.invert(fixed)
    return fixed, pc.and_(client, free), pc.and_(place, free)


def _unjudged(batch: pa.RecordBatch) -> pa.Array:
    """Return for each row whether no signature was tried on it, and can be."""
    return pc.and_(_column(batch, "signatures").is_null(), _column(batch, "anonymized").is_null())


def _judged(batch: pa.RecordBatch, task: Task) -> tuple[pa.Array, pa.Array]:
    """Return for each row whether its signatures are to be renewed, and the signatures that rows have then."""
    old = _column(batch, "signatures")
    other = _unjudged(batch)
    if task.signatures or other.true_count:
        new = signatures_of({name: _column(batch, name) for name in JUDGED})
        if task.signatures:
            other = pc.or_(other, _differ(pc.binary_join(old, " "), pc.binary_join(new, " ")))
            other = pc.and_(other, _column(batch, "anonymized").is_null())
        return other, pc.if_else(other, new, old)
    return other, old


def _todo(parquet: pq.ParquetFile, task: Task) -> tuple[int, int]:
    """Return how many rows of a file are to be renewed, and how many are left because they are anonymized."""
    todo = left = 0
    for batch in _batches(parquet, (*MARKS, *JUDGED) if task.signatures else MARKS):
        fixed, _, place = _masks(batch, task)
        other = _judged(batch, task)[0] if task.signatures else _unjudged(batch)
        todo += pc.sum(pc.or_(place, other)).as_py() or 0
        left += pc.sum(fixed).as_py() or 0
    return todo, left


def _renewed(parquet: pq.ParquetFile, task: Task, report: Report) -> Iterator[pa.RecordBatch]:
    for batch in _batches(parquet):
        yield renew(batch, task, report)


def renew(batch: pa.RecordBatch, task: Task, report: Report) -> pa.RecordBatch:
    """Return rows with what is to be renewed renewed, and count in the report what has changed."""
    rows = batch.num_rows
    _, client, place = _masks(batch, task)
    new: dict[str, pa.Array] = {}
    if task.policy is not None:
        evidence = pa.RecordBatch.from_pydict({name: _column(batch, name) for name in EVIDENCE})
        found = resolve(evidence, task.policy)
        mine = pc.and_(client, pc.invert(stands_alone(evidence, found)))
        new = {name: _chosen(mine, found[name], _column(batch, name)) for name in RESOLVED}
        new["policy"] = pc.if_else(client, pa.scalar(task.policy.id), _column(batch, "policy"))
    clients = new.get("client_ip", _column(batch, "client_ip"))
    places = no_geo(rows) if task.geo is None else task.geo.columns(clients)
    new |= {name: _chosen(place, places[name], _column(batch, name)) for name in PLACED}
    other, new["signatures"] = _judged(batch, task)
    report.judged += pc.sum(other).as_py() or 0
    if task.policy is not None:
        _count_clients(batch, new, task.kinds, report.clients)
    _count(_column(batch, "country"), new["country"], report.countries)
    fields = [*batch.schema, *(ROW_SCHEMA.field(name) for name in ADDED if name not in batch.schema.names)]
    return pa.RecordBatch.from_arrays(
        [new[field.name] if field.name in new else batch.column(field.name) for field in fields],
        schema=pa.schema(fields),
    )


def _chosen(mask: pa.Array, new: pa.Array, old: pa.Array) -> pa.Array:
    return pc.if_else(mask, new.cast(old.type), old)


def _differ(before: pa.Array, after: pa.Array) -> pa.Array:
    """Return for each row whether two texts differ, null being a value of its own."""
    return pc.not_equal(pc.fill_null(before, ""), pc.fill_null(after, ""))


def _count_clients(
    batch: pa.RecordBatch, new: dict[str, pa.Array], kinds: Kinds, counts: Counter[tuple[str, str]]
) -> None:
    old = {name: _column(batch, name) for name in ("client_ip", "client_class")}
    other = _differ(old["client_ip"], new["client_ip"])
    if pc.any(other).as_py():
        before, after = (
            kinds.of(side["client_ip"].filter(other), side["client_class"].filter(other)) for side in (old, new)
        )
        for pair, count in _pairs(before, after):
            counts[pair] += count


def _count(before: pa.Array, after: pa.Array, counts: Counter[tuple[str | None, str | None]]) -> None:
    other = _differ(before, after)
    if pc.any(other).as_py():
        for pair, count in _pairs(before.filter(other), after.filter(other)):
            counts[pair] += count


def _pairs(before: pa.Array, after: pa.Array) -> Iterator[tuple[tuple[Any, Any], int]]:
    table = pa.table({"before": before, "after": after})
    counted = table.group_by(["before", "after"]).aggregate([("before", "count", pc.CountOptions(mode="all"))])
    for row in counted.to_pylist():
        yield (row["before"], row["after"]), row["before_count"]
