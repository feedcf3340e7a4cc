"""
Spark over a lake: the same SQL as DuckDB's, on a cluster.

Rules:

1. A DuckDB over the same relations without their rows, the shadow, sees each statement first. It says what is no SQL,
   what more than reads and what is not there, in the words that it has for it when it runs alone; no function that it
   does not know reaches Spark; and the types of its result are those of Spark's.
2. `dialect` makes Spark's text of DuckDB's. What Spark cannot say the same is refused.
3. Spark reads the files of the snapshot that was newest when this was opened, by their names.
4. A result is streamed, in order: `query` gives what fits into memory anyway, `stream` a part of the result at a time.
5. What is materialised is what Spark may compute again: an executor that is lost takes nothing with it.
6. Parts of a statement's WITH that are read more than once are made once, before it (`cuts`); EXPLAIN makes nothing,
   and shows the plan without that.
"""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.engine import duckdb
from pipeline.engine.base import Result, Statement
from pipeline.engine.collecting import collected
from pipeline.engine.dialect import stepped, translated
from pipeline.engine.session import SMALL_MIB, Session
from pipeline.engine.views import views
from pipeline.errors import QueryFault
from pipeline.lake import REQUESTS, TABLES, Lake
from pipeline.rows import schema_of

GLOB = re.compile(r"[{}\\]")  # of what Spark takes for patterns; Lake refuses the others
SCHEME = "file://"  # whatever file system is Spark's default
PARTITION = "/date="
PLAN_SCHEMA = pa.schema([("explain_key", pa.string()), ("explain_value", pa.string())])
# of the tree: what DuckDB's catalog says of itself
CATALOG = re.compile(r'"function_name":"(?:duckdb|pragma)_|"schema_name":"(?:information_schema|pg_catalog)"')
PACKED = "part binary"
PART_BYTES = 32 << 20  # of what is kept, as it is kept: packed, by columns
SMALL = "broadcast"  # which is sent to whoever joins with it, as Spark says
LITTLE_BYTES = 32 << 20  # some million rows: logins of as many took a fifth of the time so


class _NoRows(Lake):
    """A lake without rows."""

    def __init__(self) -> None:
        """Of nowhere."""

    def files(self) -> dict[str, list[str]]:
        """Return no file."""
        return {name: [] for name in TABLES}


class _Part(NamedTuple):
    """Rows of a materialised relation: what Spark keeps, and what stands for it in what is asked later."""

    kept: Any
    shown: Any


class Engine:
    """An open engine on the snapshots of now; a later commit is not seen."""

    def __init__(self, files: Mapping[str, Sequence[str]], session: Session) -> None:
        """
        Open.

        files  of each table, those of a snapshot
        """
        self._session, self._spark = session, session.spark
        self._little = all(size < LITTLE_BYTES for size in accumulate(map(_size, files[REQUESTS])))
        session.run(partial(session.expect, little=self._little), REQUESTS)
        self._shadow = duckdb.Engine(_NoRows())
        self._kept: dict[str, list[_Part]] = {}
        self._defined: set[str] = set()
        weakref.finalize(self, _release, self._kept).atexit = False
        for name, columns in TABLES.items():
            self._session.run(partial(self._table, name, files[name], schema_of(columns)), name)

    def statements(self, text: str, place: str = "SQL") -> list[Statement]:
        """As `base.Engine`."""
        return self._shadow.statements(text, place)

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """As `base.Engine`."""
        statements = self.statements(sql)
        if len(statements) != 1:
            raise QueryFault(f"{len(statements)} statements", "SQL", "give exactly one")
        return self._answer(statements[0], parameters, whole=True)

    def stream(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        """As `base.Engine`; several may be read side by side."""
        table = self._answer(statement, parameters, whole=False)
        return Result(table.schema, iter(table.to_batches())) if isinstance(table, pa.Table) else table

    def register(self, name: str, table: pa.Table) -> None:
        """As `base.Engine`."""
        self._shadow.register(name, table.schema.empty_table())
        self._session.run(lambda: self._made(table).createOrReplaceTempView(name), name)

    def materialise(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """As `base.Engine`."""
        made = self._kept_part(name, sql, parameters)
        self._shadow.materialise(name, sql, parameters)
        old = self._kept.pop(name, [])
        self._show(name, [made])
        self._session.run(lambda: [one.kept.unpersist() for one in old], name)

    def append(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """As `base.Engine`."""
        self._show(name, [*self._kept[name], self._kept_part(name, sql, parameters, self._schema(name))])

    def remove(self, name: str, condition: str, parameters: Mapping[str, Any] | None = None) -> None:
        """As `base.Engine`."""
        left = f"SELECT * FROM {name} WHERE NOT coalesce(({condition}), false)"  # noqa: S608  # ours
        made, old = self._kept_part(name, left, parameters, self._schema(name)), self._kept.pop(name)
        self._show(name, [made])
        self._session.run(lambda: [made.kept.count(), *(one.kept.unpersist() for one in old)], name)

    def interrupt(self) -> None:
        """As `base.Engine`."""
        self._shadow.interrupt()
        self._session.interrupt()

    def knows(self, name: str) -> bool:
        """As `base.Engine`."""
        return self._shadow.knows(name)

    def tables(self) -> dict[str, list[tuple[str, str]]]:
        """As `base.Engine`."""
        return self._shadow.tables()

    def memory(self) -> int:
        """As `base.Engine`; that of DuckDB, which holds no more here."""
        return self._shadow.memory()

    def keywords(self) -> list[str]:
        """As `base.Engine`."""
        return self._shadow.keywords()

    def _table(self, name: str, files: Sequence[str], schema: pa.Schema) -> None:
        if not files:
            self._made(schema.empty_table()).createOrReplaceTempView(name)
            return
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  # of the extra `spark`

        reader = self._spark.read.schema(from_arrow_schema(schema))
        if PARTITION in files[0]:  # the date is in the folders' names alone
            reader = reader.option("basePath", SCHEME + files[0].rpartition(PARTITION)[0])
        rows = reader.parquet(*map(_uri, files)).select(*schema.names)
        self._at_hand(rows).createOrReplaceTempView(name)

    def _at_hand(self, rows: Any) -> Any:
        """Return rows in one part where they are few: then a question is one task, and none of its steps a shuffle."""
        return rows.coalesce(1) if self._little else rows

    def _made(self, table: pa.Table) -> Any:
        """Return what Spark knows of a table of ours, which may have no rows."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  # of the extra `spark`

        rows = table if table.num_rows else []
        made = self._spark.createDataFrame(rows, from_arrow_schema(table.schema)).coalesce(1)
        return made if self._little else made.hint(SMALL)

    def _answer(self, statement: Statement, parameters: Mapping[str, Any] | None, *, whole: bool) -> Any:
        """Return a table or, where it need not be whole, a result."""
        explained = duckdb.EXPLAIN.match(statement.sql)
        sql = duckdb.EXPLAIN.sub("", statement.sql, count=1) if explained else statement.sql
        place = duckdb.place_of(statement)
        told = not explained and self._told_by_shadow(statement, sql)
        shadow = self._shadow.stream(statement, parameters)
        if told:
            return pa.Table.from_batches(list(shadow.batches), shadow.schema)
        bound = self._shadow.prepared(statement, parameters)
        if explained:
            plan = self._session.run(
                lambda: self._sql(f"EXPLAIN FORMATTED {self._text(sql, place)}", bound).collect()[0][0], place
            )
            return pa.Table.from_pylist([{"explain_key": "physical_plan", "explain_value": plan}], PLAN_SCHEMA)

        def find() -> tuple[Any, list[Any]]:
            rows, once = self._found(sql, place, bound)
            return self._conformed(rows, shadow.schema), once

        found, once = self._session.run(find, place)
        if not whole:
            batches = self._batches(found, shadow.schema, place)
            weakref.finalize(batches, _forget, once).atexit = False  # read or not
            return Result(shadow.schema, batches)
        try:
            rows = self._session.run(partial(collected, self._session, found, place), place)
        finally:
            self._session.run(partial(_forget, once), place)
        return pa.Table.from_batches([_exact(one, shadow.schema, place) for one in rows], shadow.schema)

    def _told_by_shadow(self, statement: Statement, sql: str) -> bool:
        """Return whether a statement is about the catalog, which the shadow knows. Raises QueryFault for half of it."""
        tree = self._shadow.tree(statement, sql)
        shows = '"type":"SHOW_REF"' in tree
        if not shows and not CATALOG.search(tree):
            return False
        node = json.loads(tree)["statements"][0]["node"]
        alone = node.get("from_table", {}).get("type") == "SHOW_REF" and tree.count('_NODE"') <= 1 + tree.count(
            '"SHOW_REF"'
        )
        if shows and '"show_type":"SUMMARY"' in tree:
            raise QueryFault(
                "SUMMARIZE is DuckDB's alone", duckdb.place_of(statement),
                "ask for what it sums up: min(x), max(x), approx_count_distinct(x)",
            )  # fmt: skip
        if (shows and not alone) or ('"type":"BASE_TABLE"' in tree and not shows):
            raise QueryFault(
                "what DuckDB says of itself does not go with rows of Spark",
                duckdb.place_of(statement),
                "ask for it alone",
            )
        return True

    def _define(self, sql: str) -> None:
        """Make the views that a statement names."""
        for view in views():
            if view.name not in self._defined and re.search(rf"\b{view.name}\b", sql, re.IGNORECASE):
                self._spark.sql(translated(view.sql)).createOrReplaceTempView(view.name)
                self._defined.add(view.name)

    def _text(self, sql: str, place: str) -> str:
        """Return Spark's text, what it names made."""
        self._define(sql)
        return translated(sql, place)

    def _found(self, sql: str, place: str, bound: Mapping[str, Any]) -> tuple[Any, list[Any]]:
        """Return what a statement finds, and what is kept until that has been read."""
        self._define(sql)
        steps = stepped(sql, place, whole=self._session.connected)  # a client has no `_leaf`
        once: list[Any] = []
        try:
            for name, text in steps[:-1]:
                once.append(self._sql(text, bound).persist())
                self._leaf(once[-1]).createOrReplaceTempView(name)
            found = self._sql(steps[-1][1], bound)
        except BaseException:
            _forget(once)
            raise
        finally:
            for name, _ in steps[:-1]:
                self._spark.catalog.dropTempView(name)
        return found, once

    def _sql(self, text: str, bound: Mapping[str, Any]) -> Any:
        return self._spark.sql(text, args=dict(bound)) if bound else self._spark.sql(text)

    def _conformed(self, found: Any, schema: pa.Schema) -> Any:
        """Return what was found with the columns' names and types that DuckDB gives."""
        from pyspark.errors import PySparkException  # noqa: PLC0415  # of the extra `spark`
        from pyspark.sql.functions import col  # noqa: PLC0415
        from pyspark.sql.pandas.types import from_arrow_type  # noqa: PLC0415

        names = [f"c{number}" for number in range(len(schema))]  # a result may have a name twice
        columns = []
        for name, field, had in zip(names, schema, found.schema, strict=True):
            column = col(name)
            with suppress(PySparkException):  # what Spark has no type for is made of its own here: `_exact`
                wanted = from_arrow_type(field.type)
                column = column if wanted.simpleString() == had.dataType.simpleString() else column.cast(wanted)
            columns.append(column.alias(name))
        return found.toDF(*names).select(*columns)

    def _kept_part(
        self, name: str, sql: str, parameters: Mapping[str, Any] | None, schema: pa.Schema | None = None
    ) -> _Part:
        """Return what a statement says, kept where it is made, as DuckDB names and types it or as a schema does."""
        (statement,) = self.statements(sql)
        if schema is None:
            schema = self._shadow.stream(statement, parameters).schema
        bound = self._shadow.prepared(statement, parameters)

        def make() -> _Part:
            found, once = self._found(sql, name, bound)
            kept = self._conformed(found, schema).toDF(*schema.names).persist()
            try:
                return _Part(kept, self._leaf(kept, now=bool(once)))
            finally:
                _forget(once)

        return self._session.run(make, name)

    def _schema(self, name: str) -> pa.Schema:
        return self._shadow.query(f"SELECT * FROM {name} LIMIT 0").schema  # noqa: S608  # ours

    def _leaf(self, kept: Any, *, now: bool = False) -> Any:
        """
        Return the same rows as a relation that stands for itself.

        Else whoever reads it would carry the plan of all that it was made of, and Spark would look through that plan at
        each step: minutes for what takes seconds. Its parts are still made again where an executor is lost. A client of
        Spark Connect has no way to it.

        now  whether it is made at once, as it is over more, whose size counts; else when it is read
        """
        if self._session.connected:
            return self._at_hand(kept)
        from pyspark.sql import DataFrame  # noqa: PLC0415  # of the extra `spark`

        if now or not self._little:
            kept.count()
        size = 0 if self._little else kept._jdf.queryExecution().withCachedData().stats().sizeInBytes()
        rows = kept._jdf.queryExecution().toRdd()
        leaf = DataFrame(
            self._spark._jsparkSession.internalCreateDataFrame(rows, kept._jdf.schema(), False), self._spark
        )
        leaf = leaf.coalesce(1 + size // PART_BYTES)
        return leaf if self._little or size > SMALL_MIB << 20 else leaf.hint(SMALL)

    def _show(self, name: str, parts: list[_Part]) -> None:
        """Have a name mean all rows of some parts."""
        self._kept[name] = parts

        def show() -> None:
            whole = parts[0].shown
            for part in parts[1:]:
                whole = whole.union(part.shown)
            whole.createOrReplaceTempView(name)

        self._session.run(show, name)

    def _batches(self, found: Any, schema: pa.Schema, place: str) -> Iterator[pa.RecordBatch]:
        """Yield a result, the parts that Spark has of it one after the other."""
        names = [f"c{number}" for number in range(len(schema))]
        parts = self._session.run(lambda: iter(found.mapInArrow(_packer(), PACKED).toLocalIterator()), place)
        while (part := self._session.run(lambda: next(parts, None), place)) is not None:
            with pa.ipc.open_stream(part[0]) as reader:
                for batch in reader:
                    yield _exact(batch.select(names) if names else batch, schema, place)


def _packer() -> Any:
    """Return a function that packs batches; one that is made here goes as it is, so that executors need no whofrom."""

    def pack(batches: Any) -> Any:
        import pyarrow  # noqa: PLC0415

        for batch in batches:
            sink = pyarrow.BufferOutputStream()
            with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            yield pyarrow.RecordBatch.from_pydict({"part": [sink.getvalue().to_pybytes()]})

    return pack


def _exact(batch: pa.RecordBatch, schema: pa.Schema, place: str) -> pa.RecordBatch:
    """Return a batch with the very types of a schema. Raises QueryFault."""
    try:
        columns = [
            column if column.type == field.type else column.cast(field.type)
            for column, field in zip(batch.columns, schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)
    except (pa.ArrowException, ValueError) as error:
        raise QueryFault(
            f"a value of Spark's is no such value of DuckDB's: {str(error)[:200]}", place, "CAST it to VARCHAR"
        ) from None


def _size(path: str) -> int:
    """Return a file's bytes, 0 where it is gone, which is told where it is read."""
    with suppress(OSError):
        return Path(path).stat().st_size
    return 0


def _uri(path: str) -> str:
    """Return a path of every machine as Spark takes it: none of another file system, and no pattern."""
    return SCHEME + GLOB.sub(r"\\\g<0>", path)


def _forget(kept: Iterable[Any]) -> None:
    """Have Spark forget what it keeps; where it is gone, it has."""
    for one in kept:
        with suppress(Exception):
            one.unpersist()


def _release(kept: Mapping[str, list[_Part]]) -> None:
    """Forget all relations."""
    for parts in kept.values():
        _forget(part.kept for part in parts)
