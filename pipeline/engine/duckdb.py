"""
DuckDB over a lake: `requests` and `rejects` on the Parquet files of the newest snapshots, views over them, and macros.

Rules:

1. Only what reads is let through: by the statement's kind, and inside it, since a WITH may hold a COPY or an INSERT,
   and a function may run a text that is one.
2. DuckDB may open the lake's own files and its own temporary ones, and nothing else: SQL from anywhere cannot read
   /etc/passwd or write a file. `Limits.files` opens local files to reading; rule 1 still stands. No extension is loaded
   from anywhere, no variable of this program is a table, and the configuration is locked.
3. Memory is bounded: DuckDB's own by its limit, beyond which it spills to a temporary folder, and what it does not
   count (one huge value) by `bound_process`.
4. A statement runs in a thread beside, so that Ctrl-C ends it at once.
"""

from __future__ import annotations

import re
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb
import pyarrow as pa

from echo.clientip import printable
from pipeline.engine.base import MAX_STATEMENT_CHARS, Limits, Result, Statement
from pipeline.engine.macros import Macro, named_in
from pipeline.engine.spill import Spill, make_spill
from pipeline.engine.views import views
from pipeline.errors import LakeFault, QueryFault
from pipeline.lake import TABLES, Lake
from pipeline.rows import schema_of

READING = "SELECT"  # DESCRIBE, SHOW, SUMMARIZE and VALUES are SELECT to DuckDB's parser
EXPLAIN = re.compile(r"\s*EXPLAIN(\s*\([A-Za-z, ]*\)|\s+ANALYZE)?\s", re.IGNORECASE)
# What DuckDB's parse tree names the parts of a statement that read; a COPY or an INSERT inside a WITH is another.
# Quotes within a text are escaped in the tree.
NODE = re.compile(r'"type":"([A-Z_]+)_NODE"')
READING_NODES = {"SELECT", "SET_OPERATION", "RECURSIVE_CTE", "CTE"}
# Functions that run what is in a text, where no tree shows it
RUNS_TEXT = re.compile(r'"function_name":"(query|json_execute_serialized_sql)"', re.IGNORECASE)
SURROGATE = re.compile("[\ud800-\udfff]")
LINE = re.compile(r"\n\nLINE (\d+):")
# types that DuckDB hands over as other numbers, as bare bytes or without their zone
UNFAITHFUL = re.compile(r"\b(UHUGEINT|BIGNUM|BIT|TIME WITH TIME ZONE)\b")
# what DuckDB says -> what to do; the last fits all
NEXT_STEPS = tuple((re.compile(pattern), step) for pattern, step in (
    (r"\"[a-z][a-z0-9+.-]*://|^File [a-z0-9]+://", "nothing is fetched from a network here: name local files"),
    (r"No magic bytes|[Pp]arquet file", "a file is damaged: restore it from a copy"),
    (r"^Permission Error", "whofrom sql --allow-files reads local files"),
    (
        r"the (\w+) extension|extension (\w+) to be loaded",
        "no extension is loaded here; docs/how-to/sql.md has what there is",
    ),
    (r'^Binder Error: Referenced column "[^"]*[^\w"]', "text stands in single quotes: 'text'"),
    ("", "correct the statement; DESCRIBE requests lists the columns"),
))  # fmt: skip
# a file that is not there is looked for as a folder, which nothing allows
MISSING = re.compile(r"^(Permission|IO) Error")
# DuckDB's advice on how to load an extension, which is refused here
ADVICE = re.compile(r"\.?\s*Please try installing and loading .*", re.DOTALL)
OUT_OF_MEMORY = "Out of Memory Error: "
MAX_MESSAGE_CHARS = 400  # DuckDB adds the statement and candidates; the first lines say it
BATCH_ROWS = 2048  # of a result, at a time: one of DuckDB's vectors; more would be much where values are long
MEMORY_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
SPILL_SHARE = 0.5  # of the free space: an ingest beside must not find the disk full
INTERRUPT_SECONDS = 0.1  # a statement that was about to start when it was interrupted is interrupted again

Answer = TypeVar("Answer")
Key = TypeVar("Key")


class Needs(NamedTuple):
    """What a statement names: parameters, and macros that have to be there."""

    parameters: frozenset[str]
    macros: tuple[Macro, ...]


# What was found out of texts before: our questions are the same texts each time, and to read one takes as long as to
# answer it over a few thousand rows. What is refused is not kept.
READ: dict[tuple[str, str], tuple[Statement, ...]] = {}  # of a text and what it is called
NEEDS: dict[str, Needs] = {}
MAX_KNOWN, MAX_KNOWN_CHARS = 512, 1 << 14  # texts, and characters of one: all questions of ours, and 8 MiB at most


class Engine:
    """An open engine on the snapshots of now; a later commit is not seen."""

    def __init__(self, lake: Lake, limits: Limits = Limits()) -> None:  # noqa: B008  # a tuple
        """Raises LakeFault if there is no lake."""
        files = lake.files()
        self._files = [path for paths in files.values() for path in paths]
        spill = make_spill()
        self._connection = duckdb.connect(config=_configuration(limits, spill))
        self._pool = ThreadPoolExecutor(1, "sql")
        self._reader: pa.RecordBatchReader | None = None  # a connection has one result at a time
        weakref.finalize(self, _close, self._connection, spill)
        self._connection.execute("SET TimeZone = 'UTC'")
        for name, columns in TABLES.items():
            self._view(name, files[name], schema_of(columns))
        self._defined: set[str] = set()
        for view in views():
            self._define(named_in(view.sql))
            self._connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
        if not limits.files:
            self._connection.execute("SET allowed_paths = $1", [self._files])
            self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def _define(self, macros: Iterable[Macro]) -> None:
        """Make macros that a text names: to make all that there are takes longer than most answers."""
        for macro in macros:
            if macro.name not in self._defined:
                made = Statement(macro.sql, macro.name, 1)
                self._run(lambda: self._connection.execute(made.sql), made)  # noqa: B023  # called at once
                self._defined.add(macro.name)

    def prepared(self, statement: Statement, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
        """Make what a statement names, and return those of the parameters that it has."""
        needs = NEEDS.get(statement.sql)
        if needs is None:
            (parsed,) = self._parse(statement.sql, statement.place)
            needs = Needs(frozenset(parsed.named_parameters), tuple(named_in(statement.sql)))
            _keep(NEEDS, statement.sql, needs, len(statement.sql))
        self._define(needs.macros)
        return {name: value for name, value in (parameters or {}).items() if name in needs.parameters}

    def _view(self, name: str, files: list[str], schema: pa.Schema) -> None:
        if not files:
            self._connection.register(name, schema.empty_table())
            return
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        # The partition's column is in the folders' names, so that a filter on it opens no file of another date. Where a
        # folder above is called x=y, names are not read: DuckDB would take any x for a column, a real one's place too.
        # Then it is made of ts without a cast of that, which asks for time zones in each row, at five times the cost.
        named = "date" in schema.names and all(path.count("=") == 1 for path in files)
        partition = "true, hive_types = {'date': DATE}" if named else "false"
        date = '"date"' if named else "CAST(make_timestamp(epoch_us(ts)) AS DATE) AS date"
        columns = ", ".join(date if one == "date" else f'"{one}"' for one in schema.names)
        found = f"SELECT * FROM read_parquet([{listed}], hive_partitioning = {partition}, union_by_name = true)"  # noqa: S608  # escaped, ours
        view = f"CREATE VIEW {name} AS SELECT {columns} FROM "  # noqa: S608
        try:
            try:
                self._connection.execute(f"{view}({found})")
            except duckdb.BinderException:  # an older whofrom's lake lacks a column
                self._connection.register(
                    f"{name}_columns", schema.empty_table().drop_columns([one for one in schema.names if one == "date"])
                )
                self._connection.execute(f"{view}({found} UNION ALL BY NAME FROM {name}_columns)")
        except duckdb.Error as error:
            raise LakeFault(_words(error), name, "the lake's files are gone or damaged; ingest again") from None

    def statements(self, text: str, place: str = "SQL") -> list[Statement]:
        """
        Return the statements of a text that are separated by `;`, each of which only reads.

        place  what the text is called in faults

        Raises QueryFault for a text that is no SQL, and for the first statement that does more than read.
        """
        if len(text) > MAX_STATEMENT_CHARS:
            raise QueryFault(
                f"{len(text):,} characters, of {MAX_STATEMENT_CHARS:,} at most", place,
                "split it, or read its values from a file with --allow-files",
            )  # fmt: skip
        if SURROGATE.search(text):  # bytes of the command line that are no UTF-8
            raise QueryFault("is not UTF-8", place, "write it in UTF-8")
        self._end()
        known = READ.get((text, place))
        if known is not None:
            return list(known)
        found = []
        position = 0
        for parsed in self._parse(text, place):
            begin = text.find(parsed.query.strip(), position)
            statement = Statement(parsed.query, place, text.count("\n", 0, max(begin, 0)) + 1)
            self._check(statement, _kind(parsed))
            found.append(statement)
            position = max(begin, 0) + len(parsed.query.strip())
        _keep(READ, (text, place), tuple(found), len(text))
        return found

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Run one reading statement. Raises QueryFault if it is not one, or fails."""
        statements = self.statements(sql)
        if len(statements) != 1:
            raise QueryFault(f"{len(statements)} statements", "SQL", "give exactly one")
        result = self.stream(statements[0], parameters)
        return pa.Table.from_batches(list(result.batches), result.schema)

    def stream(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        """
        Begin to run a statement of `statements`, which ends the one before, read or not.

        Raises QueryFault if it fails, now or when batches are read.
        """
        self._end()
        bound = self.prepared(statement, parameters)
        relation = self._run(lambda: self._begin(statement.sql, bound), statement)
        for name, kind in zip(relation.columns, relation.types, strict=True):
            if UNFAITHFUL.search(str(kind)):
                raise QueryFault(
                    f"{printable(name)[:40]} is a {str(kind)[:40]}, which would be shown wrong", place_of(statement),
                    "CAST it to VARCHAR",
                )  # fmt: skip
        reader = self._reader = self._run(lambda: relation.to_arrow_reader(BATCH_ROWS), statement)
        return Result(reader.schema, self._batches(reader, statement))

    def register(self, name: str, table: pa.Table) -> None:
        """Make a table of ours, such as one of rules, a relation for queries, in place of one of that name."""
        self._end()
        self._run(lambda: self._connection.register(name, table), Statement("", name, 1))

    def materialise(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """
        Make a temporary table of what a reading statement says, in place of one of that name. Raises QueryFault.

        For steps that several queries read: what is read once need not be looked for again. It spills as results do.
        """
        self._make(f"CREATE OR REPLACE TEMP TABLE {name} AS", sql, parameters)

    def append(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Add what a reading statement says to a temporary table of `materialise`, by position. Raises QueryFault."""
        self._make(f"INSERT INTO {name}", sql, parameters)

    def remove(self, name: str, condition: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Delete from a temporary table of `materialise` where a condition of ours holds. Raises QueryFault."""
        self._end()
        self._define(named_in(condition))
        statement = Statement(f"DELETE FROM {name} WHERE {condition}", name, 1)  # noqa: S608  # ours
        self._run(lambda: self._connection.execute(statement.sql, dict(parameters or {})).fetchall(), statement)

    def interrupt(self) -> None:
        """End what another thread has this do, with a QueryFault there."""
        self._connection.interrupt()

    def _make(self, head: str, sql: str, parameters: Mapping[str, Any] | None) -> None:
        (statement,) = self.statements(sql)
        bound = self.prepared(statement, parameters)
        # to its end: what is left of a result would be in the way of what comes next
        self._run(lambda: self._connection.execute(f"{head} {statement.sql}", bound).fetchall(), statement)

    def _end(self) -> None:
        """Let go of a result that was not read to its end."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _begin(self, sql: str, bound: dict[str, Any]) -> duckdb.DuckDBPyRelation:
        try:
            return self._connection.sql(sql, params=bound)
        except duckdb.ProgrammingError as error:  # a name that there is not; EXPLAIN says on which line
            try:
                self._connection.execute(f"EXPLAIN {sql}", bound)
            except type(error) as placed:
                raise placed from None
            except duckdb.Error:
                pass
            raise

    def knows(self, name: str) -> bool:
        """As `base.Engine`."""
        try:
            self.query(f"SELECT 1 AS known FROM {name} LIMIT 0")  # noqa: S608  # ours
        except QueryFault:
            return False
        return True

    def tables(self) -> dict[str, list[tuple[str, str]]]:
        """Return table or view -> its columns as (name, type)."""
        names = (*TABLES, *(view.name for view in views()))
        return {
            name: [(row[0], row[1]) for row in self._connection.execute(f"DESCRIBE {name}").fetchall()]
            for name in names
        }

    def memory(self) -> int:
        """Return the limit of memory in bytes, as rounded as DuckDB tells it."""
        text = self._connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
        number, _, unit = str(text).partition(" ")
        return int(float(number) * MEMORY_UNITS.get(unit, 1))

    def keywords(self) -> list[str]:
        """Return the words of SQL."""
        return [row[0] for row in self._connection.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall()]

    def _batches(self, reader: pa.RecordBatchReader, statement: Statement) -> Iterator[pa.RecordBatch]:
        while (batch := self._run(lambda: next(reader, None), statement)) is not None:
            yield batch

    def _run(self, call: Callable[[], Answer], statement: Statement) -> Answer:
        """Call in the thread beside; Ctrl-C interrupts what it does."""
        future = self._pool.submit(call)
        try:
            return future.result()
        except (KeyboardInterrupt, SystemExit):  # Ctrl-C, SIGTERM
            while not future.done():
                self._connection.interrupt()
                wait([future], INTERRUPT_SECONDS)
            raise
        except (duckdb.Error, pa.ArrowException, MemoryError, RuntimeError, OSError) as error:
            gone = sum(not Path(path).exists() for path in self._files)
            if gone and MISSING.search(str(error)):
                raise QueryFault(
                    f"the lake's files were replaced since it was opened, and deleted now ({gone:,})",
                    place_of(statement), "ask again; at the prompt, .reload before",
                ) from None  # fmt: skip
            raise _fault(error, statement) from None

    def _parse(self, text: str, place: str) -> list[duckdb.Statement]:
        return self._run(lambda: self._connection.extract_statements(text), Statement(text, place, 1))

    def tree(self, statement: Statement, sql: str) -> str:
        """Return the parse tree of a reading statement, or of what it explains, as JSON."""
        self._end()
        asked = "SELECT json_serialize_sql($1)"
        return str(self._run(lambda: self._connection.execute(asked, [sql]).fetchall()[0][0], statement))

    def _check(self, statement: Statement, kind: str) -> None:
        """Refuse what does more than read."""
        sql = statement.sql
        if kind == "EXPLAIN":  # EXPLAIN ANALYZE runs what it explains
            sql = EXPLAIN.sub("", sql, count=1)
            kind = _kind(self._parse(sql, statement.place)[0])
        if kind == "MULTI":
            raise QueryFault(
                "PIVOT that looks for its columns itself is refused", place_of(statement),
                "name them: PIVOT … ON country IN ('DE', 'FR') USING …",
            )  # fmt: skip
        if kind == READING:
            tree = self.tree(statement, sql)
            hidden = RUNS_TEXT.search(tree)
            if hidden:
                raise QueryFault(
                    f"{hidden[1]}() is refused: it runs a text, which cannot be looked into", place_of(statement),
                    "write that statement itself, as a subquery or a WITH",
                )  # fmt: skip
            others = set(NODE.findall(tree)) - READING_NODES
            if others:
                kind = min(others).removesuffix("_QUERY")
            elif tree.startswith('{"error":true'):
                kind = "a statement that cannot be looked into"
        if kind != READING:
            raise QueryFault(
                f"{kind} is refused: the lake is read-only here", place_of(statement),
                "use SELECT, DESCRIBE, SUMMARIZE or EXPLAIN",
            )  # fmt: skip


def _keep(known: dict[Key, Answer], key: Key, found: Answer, chars: int) -> None:
    """Keep what was found out of a text; of a full table nothing stays."""
    if chars <= MAX_KNOWN_CHARS:
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[key] = found


def _kind(parsed: duckdb.Statement) -> str:
    """Return what kind of statement DuckDB takes one for."""
    try:
        return parsed.type.name
    except ValueError:  # its Python side does not know all that its parser does, such as UPDATE EXTENSIONS
        return "a statement of this kind"


def _configuration(limits: Limits, spill: Spill | None) -> dict[str, Any]:
    """Return what can be set at the start alone, or should be true before a first statement."""
    found: dict[str, Any] = {
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        # "" is no folder: a statement beyond its memory then fails, and says so
        "temp_directory": str(spill.path) if spill is not None else "",
    }
    if spill is not None:
        found["max_temp_directory_size"] = f"{int(shutil.disk_usage(spill.path).free * SPILL_SHARE)}B"
    if limits.memory:
        found["memory_limit"] = f"{limits.memory}B"
    if limits.threads:
        found["threads"] = limits.threads
    return found


def _close(connection: duckdb.DuckDBPyConnection, spill: Spill | None) -> None:
    connection.interrupt()
    connection.close()
    if spill is not None:
        spill.remove()


def _fault(error: Exception, statement: Statement) -> QueryFault:
    """Return the fault of a statement, with a next step by what went wrong."""
    text = str(error)
    # what fails while a result is read comes from Arrow, as an OSError with DuckDB's words
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)) or text.startswith(OUT_OF_MEMORY):
        if "temp" in text.partition("Possible solutions")[0]:
            return QueryFault(
                f"too large for the temporary folder: {_words(error)}", place_of(statement),
                "free space there, name another folder with TMPDIR, or ask for less",
            )  # fmt: skip
        return QueryFault(
            f"out of memory: {_words(error).removeprefix(OUT_OF_MEMORY)}", place_of(statement),
            "ask for less (columns, LIMIT, a shorter period), or give whofrom sql more with --memory",
        )  # fmt: skip
    found = LINE.search(text)
    line = statement.line + int(found[1]) - 1 if found else 0
    step = next(step for pattern, step in NEXT_STEPS if pattern.search(text))
    return QueryFault(_words(error), place_of(statement, line), step)


def place_of(statement: Statement, line: int = 0) -> str:
    """Return how faults call a statement, or a line of its text."""
    line = line or statement.line
    return statement.place if line == 1 else f"{statement.place} line {line}"


def _words(error: Exception) -> str:
    text = re.sub(r"\s*\n\s*", " ", re.split(r"\n\n(?:LINE|Possible solutions)", str(error))[0])
    return printable(ADVICE.sub("", text))[:MAX_MESSAGE_CHARS]
