"""
Results of SQL, batch by batch, to a terminal, a pipe or a file: the forms of `pipeline.output`, Parquet and Arrow.

Nothing holds a whole result but a table, which is for people and ends after MAX_TABLE_ROWS.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import click
import pyarrow as pa
import pyarrow.parquet as pq

from echo.clientip import printable
from pipeline.batches import BATCH_FORMS
from pipeline.engine import Result
from pipeline.errors import QueryFault, UsageFault
from pipeline.output import FORMS, default_form, write_table
from pipeline.targets import in_place

MAX_TABLE_ROWS = 1000  # a table's widths are known when its last row is; nobody reads more on a terminal
GROUP_ROWS, GROUP_BYTES = 122_880, 64 << 20  # DuckDB's own size of a row group, less where rows are wide
COMPRESSION = "zstd"
PLAN = ["explain_key", "explain_value"]  # the columns of an EXPLAIN: drawings of several lines


def _parquet(result: Result, names: list[str], out: Any) -> None:
    with pq.ParquetWriter(out, _schema(result, names), compression=COMPRESSION) as writer:
        for group in _groups(result, names):
            writer.write_table(group)


def _ipc(new: Callable[..., Any], result: Result, names: list[str], out: Any) -> None:
    with new(out, _schema(result, names), options=pa.ipc.IpcWriteOptions(compression=COMPRESSION)) as writer:
        for group in _groups(result, names):
            writer.write_table(group.combine_chunks())


def _schema(result: Result, names: list[str]) -> pa.Schema:
    return pa.schema([field.with_name(name) for field, name in zip(result.schema, names, strict=True)])


def _groups(result: Result, names: list[str]) -> Iterator[pa.Table]:
    """Put batches together to groups of rows that are written, and later read, at once."""
    held: list[pa.RecordBatch] = []
    schema = _schema(result, names)
    rows = size = 0
    for batch in result.batches:
        held.append(batch.rename_columns(names))
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.Table.from_batches(held, schema)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held, schema)


# arrow is Arrow's stream, which can be read while it comes; a file whose name ends with .arrow is, by Arrow's own
# convention, in its file format
ARROW_FILE = "arrow file"
BINARY: dict[str, Callable[[Result, list[str], Any], None]] = {
    "parquet": _parquet,
    "arrow": partial(_ipc, pa.ipc.new_stream),
    ARROW_FILE: partial(_ipc, pa.ipc.new_file),
}
RESULT_FORMS = (*FORMS, "parquet", "arrow")
SUFFIXES = {
    ".csv": "csv", ".json": "json", ".jsonl": "ndjson", ".ndjson": "ndjson", ".txt": "table",
    ".parquet": "parquet", ".arrow": ARROW_FILE, ".arrows": "arrow",
}  # fmt: skip


def form_of(form: str | None, path: str | None) -> str:
    """Return the form asked for, else that of the file's name, else that of standard output. Raises UsageFault."""
    suffix = Path(path or "").suffix.lower()
    if form is None and suffix and suffix not in SUFFIXES:
        raise UsageFault(
            "its name does not tell the form", printable(path or ""), f"say -o {'|'.join(RESULT_FORMS)}, or name it "
            f"{', '.join(SUFFIXES)}",
        )  # fmt: skip
    found = form or SUFFIXES.get(suffix) or ("ndjson" if path else default_form(sys.stdout))
    if found == "arrow" and SUFFIXES.get(suffix) == ARROW_FILE:
        return ARROW_FILE
    if found in BINARY and path is None and sys.stdout.isatty():
        raise UsageFault(f"{found} is bytes that no terminal shows", "-o", "name a file with --output-file or > FILE")
    return found


def part_of(target: Path) -> Path:
    """Return a new name beside a file, under which it is written: process numbers come again, in containers at once."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")


@contextmanager
def destination(path: str | None) -> Iterator[TextIO]:
    """
    Yield where results go: standard output, or a file that is there whole or not at all.

    Raises UsageFault if the file cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    special = in_place(Path(path))
    target = Path(path) if special else Path(path).resolve()  # a link stays one
    part = target if special else part_of(target)
    try:
        out = part.open("a" if special else "x", encoding="utf-8", errors="backslashreplace", newline="")
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise UsageFault(f"cannot be written: {words}", printable(path), "name another file") from None
    try:
        with out:
            yield out
        if not special:
            part.replace(target)
    except BaseException:
        if not special:
            part.unlink(missing_ok=True)
        raise


def write_result(result: Result, form: str, out: TextIO) -> int:
    """Write a result in a form; return how many rows there were, as far as they were looked at. Raises QueryFault."""
    try:
        return _write(result, form, out)
    except MemoryError:
        raise QueryFault(
            "out of memory: some values are too long to be written", "SQL", "ask for a part of them: left(…, 1000)"
        ) from None
    except (pa.ArrowException, OverflowError, ValueError) as error:
        words = printable(str(error))[:200]
        raise QueryFault(f"a value cannot be shown: {words}", "SQL", "CAST it to VARCHAR") from None


def _write(result: Result, form: str, out: TextIO) -> int:
    names = unique(result.schema.names)
    if form in BINARY:
        BINARY[form](result, names, out.buffer if hasattr(out, "buffer") else out)
        return 0
    if form in BATCH_FORMS:
        return BATCH_FORMS[form](result.batches, names, out)
    first = list(islice(_rows(result, names), MAX_TABLE_ROWS + 1))
    if names == PLAN:
        out.writelines(printable(line) + "\n" for row in first for line in row[PLAN[1]].splitlines())
        return len(first)
    write_table(first[:MAX_TABLE_ROWS], names, out)
    if len(first) > MAX_TABLE_ROWS:
        out.flush()
        click.echo(f"the first {MAX_TABLE_ROWS:,} rows; -o csv or ndjson writes all, LIMIT fewer", err=True)
    return len(first)


def _rows(result: Result, names: list[str]) -> Iterator[dict[str, Any]]:
    for batch in result.batches:
        columns = [column.to_pylist(maps_as_pydicts="lossy") for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))


def unique(names: list[str]) -> list[str]:
    """Return names with a number behind those that come again: rows are keyed by name."""
    out: list[str] = []
    taken, given = set(), set(names)
    for name in names:
        number = 1
        fresh = name
        while fresh in taken or (number > 1 and fresh in given):
            number += 1
            fresh = f"{name}_{number}"
        out.append(fresh)
        taken.add(fresh)
    return out
