"""
Rejects parsed again, after a fix of whofrom or with the right `--format`: those that are rows now move to the rows.

Two tables cannot change in one commit, so a move has three, and whatever instant it is killed at, each line ends up in
one table, once:

1. rejects: the lines of a chunk that are rows now are marked with an id that is used once (`retry`).
2. requests: the rows of the chunk, under that id as a Delta application transaction.
3. rejects: the lines with that id are deleted.

The next run first deletes the lines whose id the requests know: step 3 that was missing. Ids that they do not know are
of a run that died before step 2: those lines are rejects as all others. Marks are columns, so compaction and expiry
carry them along.

A line is parsed as when it was refused: by its format and, for other lines within, by formats that cannot be forged;
with `--format` by that one alone. What was cut when it was kept, or is anonymized, is no longer what the log had: it
stays.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
from deltalake import Field
from deltalake.schema import PrimitiveType

from echo.clientip import printable
from pipeline.engine import open_engine
from pipeline.enrich import enrich
from pipeline.errors import LakeFault, UsageFault
from pipeline.lake import REJECTS, REQUESTS, WRITER, Lake, parts, rows_of
from pipeline.lake.files import exchange, files_of, opened, path_of
from pipeline.lake.keeper import keeping
from pipeline.lake.parts import File
from pipeline.rows import MAX_RAW_BYTES, REJECT_SCHEMA, ROW_SCHEMA
from pipeline.settings import Settings
from pipeline.sources import Format, named, parse_mixed

CHUNK_ROWS = 10_000  # lines of up to 4 KiB in memory at once, and the rows of one commit
ID = "whofrom-retry-"
NEW_COLUMNS = ("format", "anonymized", "retry")  # which the rejects of an older whofrom lack


class Retried(NamedTuple):
    """What became of the rejects: moved to the rows, refused again, or left and why."""

    rows: int = 0
    rejects: int = 0
    cut: int = 0
    anonymized: int = 0
    unknown: int = 0

    def plus(self, other: Retried) -> Retried:
        """Return the sum of two."""
        return Retried(*map(sum, zip(self, other, strict=True)))


class Chunk(NamedTuple):
    """What some rejects are: the rows, whether each line is one of them, and the counts."""

    rows: pa.Table
    taken: list[bool]
    counts: Retried


def retry(lake: Lake, settings: Settings) -> Iterator[Retried]:
    """Move what is a row now, file by file of the rejects; yields the counts of each. Raises LakeFault."""
    with keeping(lake, "--retry-rejects", command="ingest"):
        _finish(lake)
        table = lake.table(REJECTS)
        if table is None:
            return
        for file in files_of(lake, REJECTS, table):
            yield _retry(lake, file, settings)


def parse(lines: Sequence[dict[str, Any]], settings: Settings) -> Chunk:
    """Parse rejects again, each source and format by itself."""
    taken = [False] * len(lines)
    parts = [rows_of({field.name: pa.nulls(0, field.type) for field in ROW_SCHEMA})]
    groups: dict[tuple[str, str], list[int]] = {}
    cut = anonymized = unknown = 0
    for index, line in enumerate(lines):
        wanted = settings.format or line["format"]
        if line["anonymized"] is not None:
            anonymized += 1
        elif len(line["raw"].encode()) >= MAX_RAW_BYTES:
            cut += 1
        elif wanted is None:
            unknown += 1
        else:
            groups.setdefault((line["source"], wanted), []).append(index)
    for (source, wanted), indices in groups.items():
        form = _named(wanted)
        if form is None:
            unknown += len(indices)
            continue
        raws = [lines[index]["raw"].encode() for index in indices]
        parsed = form.parse(raws) if settings.format else parse_mixed(form, raws)
        which = [indices[at] for at in parsed.lines.to_pylist()]
        if which:
            offsets = pa.array([lines[index]["source_offset"] for index in which], pa.int64())
            parts.append(
                rows_of(enrich(parsed.batch, source, offsets, settings, [raws[at] for at in parsed.lines.to_pylist()]))
            )
        for index in which:
            taken[index] = True
    rows = sum(taken)
    left = len(lines) - rows - cut - anonymized - unknown
    return Chunk(pa.concat_tables(parts), taken, Retried(rows, left, cut, anonymized, unknown))


def _named(text: str) -> Format | None:
    """Return a format that was written down, None if this whofrom does not know it any more."""
    try:
        return named(text)
    except UsageFault:
        return None


def _finish(lake: Lake) -> None:
    """Do the third step of moves that were killed before it."""
    marked = open_engine(lake).query("SELECT DISTINCT retry FROM rejects WHERE retry IS NOT NULL").column("retry")
    table = lake.table(REQUESTS)
    moved = [one for one in marked.to_pylist() if table is not None and table.transaction_version(one) is not None]
    _delete(lake, moved)


def _retry(lake: Lake, file: File, settings: Settings) -> Retried:
    """Move what is a row now out of one file."""
    run = f"{ID}{uuid.uuid4().hex}"
    new, counts = _marked(lake, file, settings, run)
    if new is None:
        return counts
    try:
        lake.committed(partial(_add_columns, lake))
        lake.committed(partial(_replace, lake, file, new))
    except BaseException:
        with suppress(OSError, LakeFault):
            if not _holds(lake, new):
                path_of(lake, REJECTS, new.path).unlink(missing_ok=True)
        raise
    ids = []
    with opened(path_of(lake, REJECTS, new.path)) as parquet:
        for number in range(parquet.num_row_groups):
            lines = parquet.read_row_group(number).to_pylist()
            chunk, once = parse(lines, settings), _id(run, number)
            # the same lines in the same order: if they were other rows now, lines would be lost
            assert chunk.taken == [line["retry"] == once for line in lines]
            if chunk.counts.rows:
                lake.add(chunk.rows, once)
                ids.append(once)
    _delete(lake, ids)
    return counts


def _id(run: str, number: int) -> str:
    return f"{run}-{number}"


def _marked(lake: Lake, file: File, settings: Settings, run: str) -> tuple[File | None, Retried]:
    """Write a file's lines with those marked that are rows now, chunk by chunk; None if none is."""
    counts = Retried()
    try:
        with (
            opened(path_of(lake, REJECTS, file.path)) as parquet,
            parts.writing(path_of(lake, REJECTS, ""), REJECT_SCHEMA, None) as part,
        ):
            for number, batch in enumerate(parquet.iter_batches(CHUNK_ROWS, use_threads=False)):
                lines = [dict.fromkeys(REJECT_SCHEMA.names) | line for line in batch.to_pylist()]
                chunk = parse(lines, settings)
                counts = counts.plus(chunk.counts)
                for line, taken in zip(lines, chunk.taken, strict=True):
                    line["retry"] = _id(run, number) if taken else None
                part.add(pa.Table.from_pylist(lines, REJECT_SCHEMA), CHUNK_ROWS)
            if not counts.rows:
                part.drop()
                return None, counts
            return part.close(), counts
    except OSError as error:
        raise LakeFault(
            f"cannot write: {error.strerror or error}", printable(lake.path), "free space or mend the folder"
        ) from None


def _add_columns(lake: Lake) -> None:
    table = lake.table(REJECTS)
    assert table is not None  # it has files
    known = {field.name for field in table.schema().fields}
    missing = [Field(name, PrimitiveType("string")) for name in NEW_COLUMNS if name not in known]
    if missing:
        table.alter.add_columns(missing)


def _replace(lake: Lake, old: File, new: File) -> None:
    table = lake.table(REJECTS)
    if table is None or old.path not in {file.path for file in files_of(lake, REJECTS, table)}:
        raise LakeFault("the rejects were changed by another program", printable(lake.path), "run again")
    exchange(lake, REJECTS, table, [old], [new], "retry")


def _holds(lake: Lake, file: File) -> bool:
    table = lake.table(REJECTS)
    return table is not None and file.path in {one.path for one in files_of(lake, REJECTS, table)}


def _delete(lake: Lake, ids: Sequence[str]) -> None:
    """Take the lines of these ids, which are ours and need no escaping, out of the rejects."""
    if ids:
        predicate = f"retry IN ({', '.join(repr(one) for one in ids)})"
        lake.committed(partial(_delete_once, lake, predicate))


def _delete_once(lake: Lake, predicate: str) -> None:
    table = lake.table(REJECTS)
    if table is not None:
        table.delete(predicate, writer_properties=WRITER)
