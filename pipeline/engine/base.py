"""
What an engine is: how the queries reach what runs them. Nothing above this folder knows which engine that is.

SQL is DuckDB's in the portable subset (`pipeline.portable`), on every engine. Relations are the tables of the lake
(`requests`, `rejects`), views over them (`sessions`), and what `register` and `materialise` add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

MAX_STATEMENT_CHARS = 1 << 20  # a list of 50,000 addresses has room; parsing costs a hundred times its text


class Limits(NamedTuple):
    """What a statement may use; `memory` in bytes, 0 of both is what DuckDB takes: 80 % of the memory, every core."""

    memory: int = 0
    threads: int = 0
    files: bool = False


class Statement(NamedTuple):
    """One statement of a text, and where it is in it."""

    sql: str
    place: str
    line: int  # of the text on which it begins, from 1


class Result(NamedTuple):
    """A result on its way; `batches` can be read once, and raises QueryFault."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class Engine(Protocol):
    """An open engine on the snapshots of now; a later commit is not seen."""

    def statements(self, text: str, place: str = "SQL") -> list[Statement]:
        """
        Return the statements of a text that are separated by `;`, each of which only reads.

        place  what the text is called in faults

        Raises QueryFault for a text that is no SQL, and for the first statement that does more than read.
        """

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one reading statement. Raises QueryFault if it is not one, or fails."""

    def stream(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        """
        Begin to run a statement of `statements`, which ends the one before, read or not.

        Raises QueryFault if it fails, now or when batches are read.
        """

    def register(self, name: str, table: pa.Table) -> None:
        """Make a table of ours, such as one of rules, a relation for queries, in place of one of that name."""

    def materialise(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """
        Make a temporary table of what a reading statement says, in place of one of that name. Raises QueryFault.

        For steps that several queries read: what is read once need not be looked for again.
        """

    def append(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Add what a reading statement says to a temporary table of `materialise`, by position. Raises QueryFault."""

    def remove(self, name: str, condition: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Delete from a temporary table of `materialise` where a condition of ours holds. Raises QueryFault."""

    def interrupt(self) -> None:
        """End what another thread has this do, with a QueryFault there."""

    def knows(self, name: str) -> bool:
        """Return whether there is a relation of a name of ours."""

    def tables(self) -> dict[str, list[tuple[str, str]]]:
        """Return table or view -> its columns as (name, type)."""

    def memory(self) -> int:
        """Return the limit of memory in this process, in bytes."""

    def keywords(self) -> list[str]:
        """Return the words of SQL."""
