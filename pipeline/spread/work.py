"""
What a task does with an item, on whatever machine; what it gives back is small, whatever the item's size.

What a user can mend comes back as a fault beside what was done before it, the very one that an ingest without tasks
would raise; anything else is raised, and the task is run again elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import pyarrow.compute as pc

from echo.clientip import Fault, printable
from pipeline.errors import GeoFault, LakeFault, Overtaken, Rejected, Unreachable
from pipeline.ingest import Outcome, ingest_source
from pipeline.lake import REJECTS, Lake, Turn, parts
from pipeline.lake import files as lake_files
from pipeline.lake.parts import File
from pipeline.settings import Settings
from pipeline.sources.stores import is_store, store_of
from pipeline.spread.draft import Draft
from pipeline.spread.recipe import Recipe
from pipeline.spread.slices import Changed, Looked, Slice, count, ingest_slice, look

RENUMBERED_ROWS = 128 << 10  # of rejects at once, each of 4 KiB at most


class Source(NamedTuple):
    """A log, in which format if that is said, and which part of it if not all."""

    name: str
    format: str | None = None
    part: Slice | None = None


class Told(NamedTuple):
    """What all tasks of an ingest are told; relative paths, the lake's too, are from `folder`."""

    lake: str
    recipe: Recipe
    folder: str


Item = tuple[Source, ...]  # what one task reads, one after the other


class Read(NamedTuple):
    """
    What became of one source of an item.

    lines    of a slice
    again    whether it is to be looked at again: it was another log meanwhile
    untried  whether it was not tried, since its store does not answer
    touched  ids of the transactions that it would change
    """

    outcome: Outcome | None = None
    fault: Fault | None = None
    lines: int = 0
    again: bool = False
    untried: bool = False
    touched: frozenset[str] = frozenset()


class Drafted(NamedTuple):
    """
    What an item would add to the lake: by table files, which are written, and turns; and what became of its sources.

    There are fewer of those than sources where one of them ends the run (`Rejected`).
    """

    reads: tuple[Read, ...]
    files: Mapping[str, Sequence[File]]
    turns: Mapping[str, Sequence[Turn]]


class Range(NamedTuple):
    """A part of a log whose newlines are to be counted."""

    name: str
    first: int
    last: int


class Shift(NamedTuple):
    """A file of rejects whose lines have higher numbers."""

    file: File
    by: int


@lru_cache(1)
def _lake(path: str, folder: str) -> Lake:
    return Lake(path)  # which keeps its tables open


@contextmanager
def _in(told: Told, names: Sequence[str]) -> Iterator[Lake]:
    """Be where the user is, so that names mean the same and are kept as they were given. Raises LakeFault."""
    with ExitStack() as back:
        try:
            back.enter_context(chdir(told.folder))
        except OSError as error:
            if any(not os.path.isabs(name) and not is_store(name) for name in (told.lake, *names)):  # noqa: PTH117
                raise LakeFault(
                    f"a machine that reads has no such folder: {error.strerror}",
                    printable(told.folder),
                    "name lake and sources by paths that all machines have",
                ) from None
        yield _lake(told.lake, told.folder)


def looked(told: Told, item: Item, paths: Mapping[str, str]) -> list[Looked | None]:
    """Look at the sources of an item; None for those to be read in one piece."""
    found: list[Looked | None] = []
    for source in item:
        try:
            settings = replace(told.recipe.settings(paths), format=source.format)
            with _in(told, [source.name]) as lake:
                found.append(look(source.name, lake, settings))
        except Fault:  # whoever reads it says so
            found.append(None)
    return found


def drafted(told: Told, item: Item, paths: Mapping[str, str]) -> Drafted:
    """Read the sources of an item, and write their rows and rejects."""
    draft = None
    try:
        settings = told.recipe.settings(paths)
        with _in(told, [source.name for source in item]) as lake:
            draft = Draft(lake)
            reads = _reads(item, draft, settings)
            files = draft.close()
    except (GeoFault, LakeFault) as fault:
        if draft is not None:
            draft.drop()
        return Drafted(tuple(Read(fault=fault) for _ in item), {}, {})
    except BaseException:
        if draft is not None:
            draft.drop()
        raise
    return Drafted(tuple(reads), files, {name: list(turned.values()) for name, turned in draft.turned.items()})


def _reads(sources: Sequence[Source], draft: Draft, settings: Settings) -> list[Read]:
    """Read sources one after the other. Raises LakeFault where the lake cannot be written."""
    reads: list[Read] = []
    unreachable: set[str] = set()
    for source in sources:
        if store_of(source.name) in unreachable:
            reads.append(Read(untried=True))
            continue
        draft.touched.clear()
        read = _read(source, draft, replace(settings, format=source.format))
        reads.append(read._replace(touched=frozenset(draft.touched)))
        if isinstance(read.fault, Rejected):
            break
        if isinstance(read.fault, Unreachable):
            unreachable.add(store_of(source.name))
    return reads


def _read(source: Source, draft: Draft, settings: Settings) -> Read:
    try:
        if source.part is None:
            return Read(ingest_source(source.name, draft, settings, threads=0))
        outcome, lines = ingest_slice(source.name, draft, settings, source.part)
        return Read(outcome, lines=lines)
    except (Overtaken, Changed):
        return Read(again=True)
    except (GeoFault, LakeFault):
        raise
    except Fault as fault:
        return Read(fault=fault)


def counted(told: Told, item: Range, paths: Mapping[str, str]) -> int | None:
    """Return how many newlines a part of a log has; None if the log is not there as it was."""
    try:
        with _in(told, [item.name]):
            return count(*item)
    except (Changed, Fault):
        return None


def shifted(told: Told, item: Shift, paths: Mapping[str, str]) -> File | LakeFault:
    """Return a file as the given one, with the numbers of its lines moved; both are there then."""
    try:
        with (
            _in(told, []) as lake,
            lake_files.opened(lake_files.path_of(lake, REJECTS, item.file.path)) as parquet,
            parts.writing(lake.folder(REJECTS), parquet.schema_arrow, None) as part,
        ):
            for batch in parquet.iter_batches(RENUMBERED_ROWS, use_threads=False):
                at = batch.schema.get_field_index("line")
                part.add(batch.set_column(at, batch.schema.field(at), pc.add(batch.column(at), item.by)))
            return part.close()
    except OSError as error:
        return Lake(told.lake).unwritable(error)
    except LakeFault as fault:
        return fault
