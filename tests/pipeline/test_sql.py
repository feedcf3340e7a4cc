"""`whofrom sql` as a user meets it: what is tried first, what is refused, what is too much, and where results go."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.results import MAX_TABLE_ROWS, SUFFIXES, part_of, unique, write_result
from pipeline.engine import MAX_STATEMENT_CHARS, Limits, Result, views
from pipeline.engine.duckdb import Engine
from pipeline.errors import QueryFault
from pipeline.lake import Lake
from pipeline.output import FORMS
from tests.command import whofrom
from tests.pipeline import shop
from tests.pipeline.conftest import NOON, table_of

WHOFROM = str(Path(sys.executable).parent / "whofrom")
SECRET = "what-is-none-of-yours"
Build = Callable[[Iterable[dict[str, Any]]], Engine]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    shop.make(str(made / "lake"))
    (made / "secret.csv").write_text(f"word\n{SECRET}\n")
    return made


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    return Engine(Lake(str(folder / "lake")))


@pytest.fixture(scope="module")
def opened(folder: Path) -> Engine:
    """With --allow-files."""
    return Engine(Lake(str(folder / "lake")), Limits(files=True))


def sql(folder: Path, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[str]:
    return whofrom("sql", *args, cwd=folder, stdin=stdin, env=env)


def process(folder: Path, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, for what others in one would share: its memory, its stack, its streams."""
    return subprocess.run([WHOFROM, "sql", *args], cwd=folder, input=stdin, capture_output=True, text=True, check=False)


def shown(engine: Engine, statement: str, form: str) -> str:
    """What a statement prints."""
    out = io.StringIO()
    for one in engine.statements(statement):
        write_result(engine.stream(one), form, out)
    return out.getvalue()


# what is tried first


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT count(*) AS n FROM requests", [{"n": 3046}]),
        ("select COUNT(*) as n from REQUESTS;", [{"n": 3046}]),
        ("SELECT sum(response_bytes) AS n FROM requests WHERE client_ip = '203.0.113.66'", [{"n": 19 * 153}]),
        ("SELECT 1.5 AS x, 1e400 AS big, 0.1 + 0.2 AS y", [{"x": 1.5, "big": None, "y": 0.3}]),
        ("SELECT max(ts) - min(ts) > INTERVAL 1 DAY AS long FROM requests", [{"long": True}]),
        ("SELECT INTERVAL 14 MONTH + INTERVAL '1 day 1.5 seconds' AS i", [{"i": "1 year 2 months 1 day 00:00:01.5"}]),
        ("SELECT -INTERVAL 90 MINUTE AS i, INTERVAL 0 DAY AS none", [{"i": "-01:30:00", "none": "00:00:00"}]),
        ("SELECT [DATE '2026-01-01'] AS l, {'t': TIMESTAMP '2026-01-01 00:00:00'} AS s",
         [{"l": ["2026-01-01"], "s": {"t": "2026-01-01T00:00:00"}}]),
        ("SELECT headers['user-agent'] AS agent, map_keys(headers) AS k FROM requests WHERE target = '/.env'",
         [{"agent": ["Mozilla/5.0 zgrab/0.x"], "k": ["x-forwarded-for", "user-agent"]}]),
        ("SELECT MAP {'a': 1} AS m", [{"m": {"a": 1}}]),
        ("SELECT sum(9223372036854775807) AS n FROM range(3)", [{"n": "27670116110564327421"}]),
        ("SELECT 'x'::BLOB AS b, NULL AS n, true AS t", [{"b": "78", "n": None, "t": True}]),
        ("SELECT uuid() IS NOT NULL AS u, TIME '10:00' AS t", [{"u": True, "t": "10:00:00"}]),
        ("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS t, t AT TIME ZONE 'Asia/Tokyo' AS there",
         [{"t": "2026-01-01T00:00:00Z", "there": "2026-01-01T09:00:00"}]),
        ("VALUES (1), (2)", [{"col0": 1}, {"col0": 2}]),
        ("TABLE rejects LIMIT 0", []),
        ("SELECT 1 WHERE false", []),
    ],
)  # fmt: skip
def test_what_a_sql_user_tries_first(statement: str, rows: list[dict[str, Any]], engine: Engine) -> None:
    assert [json.loads(line) for line in shown(engine, statement, "ndjson").splitlines()] == rows


@pytest.mark.parametrize(
    "statement",
    ["DESCRIBE sessions", "SHOW TABLES", "SUMMARIZE requests", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE FROM requests",
     "EXPLAIN (FORMAT json) SELECT 1", "PIVOT requests ON country IN ('DE', 'FR') USING count(*)", "FROM sessions",
     "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 9) FROM t",
     "SELECT * FROM duckdb_settings()", "SELECT * FROM information_schema.columns"],
)  # fmt: skip
def test_what_only_reads_is_let_through_in_every_form(statement: str, engine: Engine) -> None:
    for form in FORMS:
        assert shown(engine, statement, form)


def test_statements_come_from_an_argument_a_file_or_standard_input(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.sql"
    path.write_bytes("\ufeff-- two\nSELECT 'a;b' AS x;\n\nSELECT 2 AS x\n;\n".encode())
    wanted = '{"x":"a;b"}\n{"x":2}\n'
    for args, stdin in (
        (["-f", str(path)], b""),
        ([f"@{path}"], b""),
        (["-"], path.read_bytes()),
        (["-f", "-"], path.read_bytes()),
        ([], path.read_bytes()),
        (["SELECT 'a;b' AS x; SELECT 2 AS x"], b""),
        (["-- two\nSELECT 'a;b' AS x; SELECT 2 AS x"], b""),
        (["--two\nSELECT 'a;b' AS x; SELECT 2 AS x"], b""),
    ):
        done = sql(folder, *args, stdin=stdin)
        assert (done.returncode, done.stdout, done.stderr) == (0, wanted, ""), args
    assert sql(folder, "-f", str(path), "-o", "json").stdout == '[{"x":"a;b"}]\n[{"x":2}]\n'
    assert sql(folder, "-f", str(path), "-o", "csv").stdout.splitlines() == ["x", "a;b", "", "x", "2"]
    assert sql(folder, "-f", str(path), "-o", "table").stdout.split() == ["x", "a;b", "x", "2"]


def test_nothing_is_run_of_a_file_whose_last_statement_is_refused(folder: Path) -> None:
    done = sql(folder, "SELECT 1; SELECT 2;\nDROP VIEW requests")
    assert (done.returncode, done.stdout) == (1, "")
    assert "SQL line 2: DROP is refused" in done.stderr


def test_a_filter_on_the_date_opens_no_file_of_another(engine_of: Build) -> None:
    engine = engine_of([{"ts": NOON + timedelta(days=number), "status": 200 + number} for number in range(3)])
    day = f"FROM requests WHERE date = DATE '{NOON + timedelta(days=1):%Y-%m-%d}'"
    plan = shown(engine, f"EXPLAIN {day}", "csv")
    assert "Scanning Files: 1/3" in plan
    assert json.loads(shown(engine, f"SELECT date, status {day}", "ndjson")) == {"date": "2026-01-02", "status": 201}


@pytest.mark.parametrize("above", ["date=1999-12-31", "status=7/client_ip=x", "a=b", "date=x/date=y"])
def test_a_lake_may_lie_in_folders_called_like_partitions(tmp_path: Path, above: str) -> None:
    lake = Lake(str(tmp_path / above / "lake"))
    rows = table_of([{"ts": NOON.replace(hour=0), "status": 200}, {"ts": NOON - timedelta(hours=12.1), "status": 404}])
    lake.add(rows, "once")
    found = shown(Engine(lake), "SELECT date, status, client_ip FROM requests ORDER BY ts", "ndjson").splitlines()
    assert [json.loads(line) for line in found] == [
        {"date": "2025-12-31", "status": 404, "client_ip": None},
        {"date": "2026-01-01", "status": 200, "client_ip": None},
    ]


# wrong


WRONG = {
    "SELEC 1": 'SQL: Parser Error: syntax error at or near "SELEC"; correct the statement',
    "SELECT\n  1,\n  nope\nFROM requests": 'SQL line 3: Binder Error: Referenced column "nope" not found',
    "SELECT 1;\nSELECT 2;\n\nSELECT nope": "SQL line 4: Binder Error",
    "SELECT * FROM request": 'Did you mean "requests"?',
    "SELECT ip_in(client_ip) FROM requests": "Macro ip_in() does not support",
    "SELECT 'x'::INT": "Could not convert string 'x'",
    "SELECT $name": "Values were not provided for the following parameters: name",
    "PIVOT requests ON country USING count(*)": "PIVOT that looks for its columns itself is refused",
    "SELECT 340282366920938463463374607431768211455::UHUGEINT AS big": "big is a UHUGEINT, which would be shown wrong",
    "SELECT '101'::BIT AS b": "b is a BIT, which would be shown wrong; CAST it to VARCHAR",
    "SELECT date '100000-01-01'": "a value cannot be shown",
    "SELECT '10:00:00+02'::TIMETZ AS t": "t is a TIME WITH TIME ZONE, which would be shown wrong; CAST it to VARCHAR",
    "SELECT host('1.2.3.4')": "exists in the inet extension; no extension is loaded here",
    "FROM read_csv('https://127.0.0.1:1/x')": "disabled by configuration; nothing is fetched from a network",
    'FROM requests WHERE client_ip = "1.2.3.4"': "text stands in single quotes: 'text'",
    "SELECT '\x1b[31m'::INT": r"\x1b[31m",
}  # fmt: skip


@pytest.mark.parametrize("statement", WRONG)
def test_a_fault_says_what_where_and_what_next(statement: str, engine: Engine) -> None:
    with pytest.raises(QueryFault) as caught:
        shown(engine, statement, "ndjson")
    said = str(caught.value)
    assert WRONG[statement] in said
    assert "; " in said
    assert said.isprintable()


@pytest.mark.parametrize(
    "statement", ["", " -- nothing", "SELECT\n 1,\n nope FROM requests", "SELECT date '100000-01-01'"]
)
def test_a_fault_is_one_line(statement: str, folder: Path) -> None:
    done = sql(folder, statement)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("whofrom: error: SQL")
    assert done.stderr.count("\n") == 1
    assert ("0 statements; give one" in done.stderr) == (len(statement) < 20)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["-f", "none.sql"], 2, "none.sql: cannot be read: No such file or directory; name a file of SQL"),
        (["@lake"], 2, "lake: cannot be read: Is a directory"),
        (["@"], 2, "cannot be read"),
        (["-f", "binary.sql"], 2, "binary.sql: is not UTF-8; save it as UTF-8"),
        (["SELECT 1", "-f", "x.sql"], 2, "-f: a statement and a file; give one of them"),
        (["--memory", "lots", "SELECT 1"], 2, "--memory: 'lots' is no size; write it as 512M or 4G"),
        (["--memory", "1M", "SELECT 1"], 2, "--memory: 1M is too little; give 64M or more"),
        (["--memory", "-1G", "SELECT 1"], 2, "is no size"),
        (["--threads", "0", "SELECT 1"], 2, "0 is not in the range"),
        (["--threads", "9999", "SELECT 1"], 2, "9999 is not in the range"),
        (["-o", "xml", "SELECT 1"], 2, "'xml' is not one of"),
        (["--output-file", "no/such/folder.csv", "SELECT 1"], 2, "no/such/folder.csv: cannot be written"),
        (["-o", "parquet", "SELECT 1; SELECT 2"], 1, "a file of parquet holds one result"),
        (["-o", "parquet", "SELECT INTERVAL 1 DAY AS i"], 1, "CAST it to VARCHAR"),
        (["x" * (MAX_STATEMENT_CHARS // 16)], 1, "Parser Error"),
        (["SELECT 'caf\udce9'"], 1, "SQL: is not UTF-8; write it in UTF-8"),
    ],
)  # fmt: skip
def test_wrong_options(args: list[str], code: int, said: str, folder: Path) -> None:
    (folder / "binary.sql").write_bytes(b"SELECT '\xff\xfe'")
    done = sql(folder, *args)
    assert (done.returncode, done.stdout if "parquet" not in args else "") == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


# refused


REFUSED = [
    "COPY requests TO '{out}'", "COPY (SELECT 1) TO '{out}' (FORMAT parquet)", "EXPORT DATABASE '{out}'",
    "WITH x AS (COPY (SELECT 1) TO '{out}') FROM x", "WITH x AS MATERIALIZED (COPY requests TO '{out}') SELECT 1",
    "EXPLAIN ANALYZE WITH x AS (COPY (SELECT 1) TO '{out}') FROM x",
    "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{out}'", "EXPLAIN/**/ANALYZE COPY (SELECT 1) TO '{out}'",
    "FROM query('WITH x AS (COPY (SELECT 1) TO ''{out}'') FROM x')",
    "FROM (WITH x AS (COPY (SELECT 1) TO '{out}') FROM x)",
    "/**/COPY/**/requests/**/TO/**/'{out}'", "SELECT 1; COPY requests TO '{out}'", "SELECT 1;; ATTACH '{out}'",
    "ATTACH '{out}' AS x", "DETACH memory", "INSTALL httpfs", "LOAD httpfs", "INSTALL inet FROM community",
    "SET memory_limit = '100GB'", "SET enable_external_access = true", "RESET lock_configuration", "USE memory",
    "PRAGMA enable_profiling", "PRAGMA database_list", "CALL enable_logging()",
    "FROM enable_logging(storage_path = '{out}')",
    "CREATE TABLE x AS SELECT 1", "CREATE MACRO ip_in(a, b) AS true", "CREATE OR REPLACE VIEW requests AS SELECT 1",
    "CREATE SECRET (TYPE s3)", "DROP VIEW requests", "ALTER VIEW requests RENAME TO x",
    "INSERT INTO requests VALUES (1)",
    "UPDATE requests SET status = 200", "DELETE FROM requests", "TRUNCATE requests", "VACUUM", "CHECKPOINT", "BEGIN",
    "WITH x AS (DELETE FROM requests RETURNING *) FROM x", "PREPARE x AS SELECT 1", "IMPORT DATABASE '{out}'",
    "COMMENT ON VIEW requests IS 'x'", "UPDATE EXTENSIONS",
    "MERGE INTO requests USING rejects ON true WHEN MATCHED THEN DELETE",
    "COPY FROM DATABASE memory TO x", "ANALYZE", "EXECUTE x", "DEALLOCATE x", "ROLLBACK", "FROM enable_profiling()",
]  # fmt: skip


@pytest.mark.parametrize("statement", REFUSED)
def test_what_does_more_than_read_is_refused_with_files_and_without(
    statement: str, engine: Engine, opened: Engine, tmp_path: Path
) -> None:
    for one in (engine, opened):
        with pytest.raises(QueryFault):
            shown(one, statement.format(out=tmp_path / "out"), "ndjson")
    assert list(tmp_path.iterdir()) == []


WRITE = "WITH x AS (COPY (SELECT 1) TO '{}' (FORMAT csv, USE_TMP_FILE false)) FROM x"
WAYS = [
    "{}", "FROM ({})", "SELECT ({})", "VALUES (({}))", "SELECT 1 UNION ALL ({})", "SELECT 1 WHERE EXISTS ({})",
    "SELECT * FROM requests, LATERAL ({})", "DESCRIBE {}", "SUMMARIZE {}", "SUMMARIZE ({})", "EXPLAIN ANALYZE {}",
    "WITH RECURSIVE r AS (SELECT 1 UNION ALL ({})) FROM r", "PIVOT ({}) ON a IN (1) USING count(*)",
    "FROM query($q${}$q$)", "FROM system.main.Query($q${}$q$)", "FROM query('FROM query($q${}$q$)')",
    "FROM query(concat('FROM json_exec', 'ute_serialized_sql(json_serialize_sql($q${}$q$))'))",
    "FROM json_execute_serialized_sql(json_serialize_sql($q${}$q$))",
    "FROM system.main.JSON_execute_serialized_sql(replace(json_serialize_sql($q${}$q$), 'x', 'x'))",
    "EXPLAIN ANALYZE FROM json_execute_serialized_sql(json_serialize_sql($q${}$q$))",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_way_writes_over_a_lakes_own_file_or_another(
    way: str, folder: Path, engine: Engine, opened: Engine, tmp_path: Path
) -> None:
    (path, *_) = Lake(str(folder / "lake")).files()["requests"]
    before = Path(path).read_bytes()
    for one in (engine, opened):
        for target in (path, tmp_path / "other"):
            with pytest.raises(QueryFault):
                one.query(way.format(WRITE.format(target)))
    assert Path(path).read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_column_may_have_the_name_of_a_function_that_is_refused(engine: Engine) -> None:
    assert engine.query("""SELECT query, '"function_name":"query"' AS x FROM (SELECT 1 AS query)""").num_rows == 1
    with pytest.raises(QueryFault, match="is refused: it runs a text, which cannot be looked into; write that"):
        engine.query("FROM query('SELECT 1')")


READERS = [
    "FROM '{}'", "FROM read_csv('{}')", "FROM read_text('{}')", "FROM read_blob('{}')", "FROM read_json('{}')",
    "FROM read_json_objects('{}')", "FROM read_parquet('{}')", "FROM parquet_metadata('{}')", "FROM sniff_csv('{}')",
    "FROM parquet_schema('{}')", "FROM glob('{}')", "FROM query('FROM ''{}''')", "FROM query_table('{}')",
    "FROM read_duckdb('{}')", "SELECT (FROM read_text('{}'))", "FROM parquet_kv_metadata('{}')", "FROM '{}*'",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''{}'')'))",
]  # fmt: skip


@pytest.mark.parametrize("statement", READERS)
def test_local_files_are_closed(statement: str, folder: Path, engine: Engine) -> None:
    with pytest.raises(QueryFault) as caught:
        engine.query(statement.format(folder / "secret.csv"))
    assert SECRET not in str(caught.value)


def test_every_table_function_that_takes_a_text_is_closed(folder: Path, engine: Engine) -> None:
    """Whatever DuckDB has learnt since."""
    names = engine.query("SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE function_type = 'table'")
    path = folder / "secret.csv"
    for name in names["name"].to_pylist():
        for arguments in (f"'{path}'", f"['{path}']", f"'{path}', 'word'", f"'{path}', ['{SECRET}']"):
            try:
                found = str(engine.query(f"SELECT * FROM {name}({arguments}) LIMIT 3").to_pylist())
            except QueryFault:
                continue
            assert SECRET not in found, name
            assert name not in ("glob", "read_text", "read_csv", "read_blob"), name


def test_files_that_went_while_a_prompt_was_open_are_told_as_that(engine_of: Build, lake: Lake) -> None:
    engine = engine_of([{"client_ip": "9.9.9.9"}])
    (path,) = lake.files()["requests"]
    Path(path).write_bytes(b"damaged" * 9)
    with pytest.raises(QueryFault, match="a file is damaged: restore it from a copy"):
        engine.query("SELECT count(user_agent) FROM requests")
    Path(path).unlink()
    with pytest.raises(QueryFault, match=r"since it was opened, and deleted now \(1\); ask again; at the prompt"):
        engine.query("SELECT count(user_agent) FROM requests")
    assert engine.query("SELECT 1 AS x").num_rows == 1


def test_variables_of_the_program_are_no_tables(folder: Path, engine: Engine) -> None:
    secret = pa.table({"word": [SECRET]})
    assert secret.num_rows == 1
    for name in ("secret", "statement", "bound", "files", "SECRET"):
        with pytest.raises(QueryFault, match="does not exist"):
            engine.query(f"FROM {name}")


def test_allow_files_opens_them_to_reading(folder: Path) -> None:
    for statement in ("SELECT word FROM 'secret.csv'", "SELECT word FROM read_csv('secret.csv')"):
        done = sql(folder, "--allow-files", statement)
        assert (done.returncode, done.stdout) == (0, json.dumps({"word": SECRET}, separators=(",", ":")) + "\n")
        closed = sql(folder, statement)
        assert closed.returncode == 1
        assert "whofrom sql --allow-files reads local files" in closed.stderr
    done = sql(folder, "--allow-files", "COPY requests TO 'x.csv'")
    assert (done.returncode, "COPY is refused" in done.stderr, (folder / "x.csv").exists()) == (1, True, False)
    assert "s3" not in sql(folder, "--allow-files", "FROM read_csv('https://127.0.0.1:1/x.csv')").stdout


# too much


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT range(3000000000)",
        "SELECT repeat('x', 3000000000)",
        "SELECT list(range) FROM range(100000000)",
        "SELECT length(string_agg(a.target)) FROM requests a, requests b",
        "SELECT repeat('x', 1000000) AS x FROM range(3000)",  # not until it is read
        "WITH RECURSIVE t AS (SELECT [1] AS l UNION ALL SELECT l || l FROM t) SELECT max(length(l)) FROM t",
    ],
)
def test_what_is_too_large_ends_with_a_clear_error(statement: str, folder: Path) -> None:
    done = process(folder, "--memory", "128M", "--threads", "2", statement)
    assert (done.returncode, done.stdout) == (1, "")
    assert "whofrom: error: SQL: out of memory: " in done.stderr
    assert "give whofrom sql more with --memory" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet", "arrow"])
def test_wide_rows_are_written_with_little_memory(form: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x"
    wide = "SELECT repeat('é', 20000) AS x FROM range(5000)"
    done = process(folder, "--memory", "128M", "--threads", "2", wide, "-o", form, "--output-file", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert form in ("parquet", "arrow") or path.stat().st_size > 5000 * 40000


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "1 + " * 20000 + "1",
        "SELECT " + "[" * 20000 + "]" * 20000,
        "SELECT " + "NOT " * 50000 + "true",
        "FROM " + "(FROM " * 3000 + "requests" + ")" * 3000,
    ],
    ids=["parentheses", "sums", "lists", "nots", "subqueries"],
)
def test_deep_statements_end_with_an_error(statement: str, folder: Path) -> None:
    done = process(folder, "-", stdin=statement)
    assert (done.returncode, done.stdout) == (1, "")
    assert "depth limit" in done.stderr


def test_a_statement_is_bounded(engine: Engine) -> None:
    with pytest.raises(QueryFault, match="characters, of"):
        engine.statements("SELECT 1 -- " + "x" * MAX_STATEMENT_CHARS)


def test_what_is_sorted_beyond_memory_goes_to_a_folder_that_is_gone_after(folder: Path, tmp_path: Path) -> None:
    numbered = "SELECT row_number() OVER (ORDER BY hash(a), a) AS r, * FROM range(9000000) t(a)"
    statement = f"SELECT count(*) AS n FROM ({numbered}) WHERE r % 2 = 0"
    done = sql(folder, "--memory", "128M", "--threads", "1", statement, TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"n":4500000}\n', "")
    assert list(tmp_path.iterdir()) == []


def test_limits_are_those_of_the_options(folder: Path) -> None:
    statement = "SELECT current_setting('threads') AS t, current_setting('memory_limit') AS m"
    done = sql(folder, "--memory", "256M", "--threads", "1", statement)
    assert json.loads(done.stdout) == {"t": 1, "m": "256.0 MiB"}
    for other in ("256MiB", "256 MB", "0.25g"):
        assert json.loads(sql(folder, "--memory", other, statement).stdout)["m"] == "256.0 MiB"


def test_the_limit_of_memory_is_known_in_bytes(folder: Path) -> None:
    lake = Lake(str(folder / "lake"))
    assert Engine(lake, Limits(memory=256 << 20)).memory() == 256 << 20
    assert 0 < Engine(lake).memory() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_memory_does_not_grow_with_the_result(folder: Path) -> None:
    """A million rows in little more memory than one; 5 million of seven columns took 181 MB as well."""
    peak = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    found = {}
    for rows in (1, 1_000_000):
        for form in ("ndjson", "parquet"):
            command = [
                WHOFROM,
                "sql",
                "--memory",
                "128M",
                "--threads",
                "1",
                "-o",
                form,
                f"SELECT a, 'x' || a AS b FROM range({rows}) t(a)",
            ]
            done = subprocess.run([sys.executable, "-c", peak, *command], cwd=folder, capture_output=True, check=True)
            found[form, rows] = int(done.stdout)
    assert found["ndjson", 1_000_000] < found["ndjson", 1] + 60
    assert found["parquet", 1_000_000] < found["parquet", 1] + 120


def used(pid: int) -> float:
    """Return the seconds that a process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def test_ctrl_c_ends_a_statement(folder: Path) -> None:
    statement = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE hash(a.range) + b.range = 3"
    with subprocess.Popen(
        [WHOFROM, "sql", statement], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while used(process.pid) < 2:  # seconds, of which one at most are its start
            time.sleep(0.05)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert (process.returncode, out, err) == (130, b"", b"")


def test_what_another_thread_interrupts_fails_as_a_query_whatever_it_was_about(engine: Engine) -> None:
    over = threading.Event()

    def interrupt() -> None:
        while not over.is_set():
            engine.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    failed = 0
    try:
        for number in range(300):
            with contextlib.suppress(QueryFault):
                failed += 1
                engine.register("beside", pa.table({"n": [number]}))
                engine.materialise("made", "SELECT ip_text(ip_num('::1')) AS ip, n FROM beside WHERE n >= $n", {"n": 0})
                engine.query("SELECT count(*) AS n FROM made WHERE is_private(ip)")
                failed -= 1
    finally:
        over.set()
        thread.join()
    assert failed
    assert engine.query("SELECT 42 AS n").to_pylist() == [{"n": 42}]


def test_the_first_rows_come_before_the_last_are_known(folder: Path) -> None:
    command = f"{shlex.quote(WHOFROM)} sql 'SELECT a.target FROM requests a, requests b, requests c' | head -n 2"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.count("\n"), done.stderr) == (2, "")


def test_a_result_that_was_not_read_to_its_end_is_in_nobodys_way(engine: Engine) -> None:
    for statement in ("SELECT a FROM range(1000000) t(a)", "SELECT date '100000-01-01' FROM range(100000)"):
        (one,) = engine.statements(statement)
        result = engine.stream(one)
        with contextlib.suppress(QueryFault, StopIteration):
            write_result(Result(result.schema, iter([next(result.batches)])), "ndjson", io.StringIO())
        assert engine.query("SELECT 42 AS n").to_pylist() == [{"n": 42}]
        with pytest.raises(QueryFault, match="closed"):
            next(result.batches)


# where results go


def test_parquet_and_arrow_hold_what_the_lake_holds(folder: Path, tmp_path: Path) -> None:
    stream: Callable[[str], pa.Table] = lambda path: pa.ipc.open_stream(path).read_all()  # noqa: E731
    for form, suffix, read in (("parquet", "parquet", pq.read_table), ("arrow", "arrows", stream)):
        path = tmp_path / f"x.{suffix}"
        assert sql(folder, "FROM requests", "--output-file", str(path)).returncode == 0
        table = read(str(path))
        assert table.num_rows == 3046
        assert table["client_ip_num"][0].as_py() is not None
        assert {len(row) for row in table["headers"].to_pylist()} == {2}
        done = subprocess.run(
            [WHOFROM, "sql", "-o", form, "SELECT 1 AS a, 2 AS a"], cwd=folder, capture_output=True, check=True
        )
        other = tmp_path / f"y.{suffix}"
        other.write_bytes(done.stdout)
        assert read(str(other)).to_pylist() == [{"a": 1, "a_2": 2}]
    assert read(str(path)).schema.field("ts").type == pa.timestamp("us", "UTC")


def test_an_empty_result_is_a_file_as_well(folder: Path, tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"x{suffix}"
        assert sql(folder, "SELECT 1 AS a WHERE false", "--output-file", str(path)).returncode == 0
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 0
    assert pa.ipc.open_stream(tmp_path / "x.arrows").read_all().schema.names == ["a"]
    assert pa.ipc.open_file(tmp_path / "x.arrow").read_all().schema.names == ["a"]
    assert (tmp_path / "x.csv").read_bytes() == b"a\r\n"
    assert (tmp_path / "x.json").read_text() == "[]\n"
    assert (tmp_path / "x.jsonl").read_text() == ""


def test_an_arrow_file_is_what_its_name_says(folder: Path, tmp_path: Path) -> None:
    for args in ([], ["-o", "arrow"]):
        path = tmp_path / "x.arrow"
        assert sql(folder, "FROM requests", "--output-file", str(path), *args).returncode == 0
        assert pa.ipc.open_file(path).read_all().num_rows == 3046


def test_a_name_that_tells_no_form_is_refused_where_no_form_is_said(folder: Path, tmp_path: Path) -> None:
    for name in ("x.csv.gz", "x.xlsx"):
        done = sql(folder, "SELECT 1 AS a", "--output-file", str(tmp_path / name))
        assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
        assert f"{name}: its name does not tell the form; say -o table|" in done.stderr
        assert sql(folder, "SELECT 1 AS a", "-o", "csv", "--output-file", str(tmp_path / name)).returncode == 0
        (tmp_path / name).unlink()
    assert sql(folder, "SELECT 1 AS a", "--output-file", str(tmp_path / "x")).returncode == 0
    assert (tmp_path / "x").read_text() == '{"a":1}\n'


def test_a_file_is_whole_or_not_there(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    failing = "SELECT a, CASE WHEN a = 50000 THEN error('no') ELSE 1 END AS b FROM range(100000) t(a)"
    done = sql(folder, failing, "--output-file", str(path))
    assert (done.returncode, path.read_text()) == (1, "old")
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]
    assert sql(folder, "SELECT 1 AS a", "--output-file", str(path)).returncode == 0
    assert path.read_bytes() == b"a\r\n1\r\n"
    assert process(folder, "SELECT 1 AS a", "-o", "json", "--output-file", "/dev/stdout").stdout == '[{"a":1}]\n'
    assert "No space left on device" in sql(folder, "FROM requests", "--output-file", "/dev/full").stderr


def test_what_a_killed_run_left_beside_a_file_is_in_nobodys_way(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    part = part_of(target)
    assert part != part_of(target), "no process number alone: the first process of each container has the same"
    part.write_text("half")
    assert sql(folder, "SELECT 1 AS a", "--output-file", str(target)).returncode == 0
    assert target.read_bytes() == b"a\r\n1\r\n"


def test_bytes_are_not_written_to_a_terminal(folder: Path) -> None:
    for form in ("parquet", "arrow"):
        master, slave = pty.openpty()
        done = subprocess.run(
            [WHOFROM, "sql", "-o", form, "SELECT 1"], cwd=folder, stdout=slave, stderr=subprocess.PIPE, check=False
        )
        os.close(slave)
        os.close(master)
        assert done.returncode == 2
        assert (
            f"{form} is bytes that no terminal shows; name a file with --output-file or > FILE" in done.stderr.decode()
        )


def test_a_table_ends_and_says_so(folder: Path) -> None:
    done = sql(folder, "SELECT a FROM range(5000) t(a)", "-o", "table")
    assert len(done.stdout.splitlines()) == MAX_TABLE_ROWS + 1
    assert done.stderr == "the first 1,000 rows; -o csv or ndjson writes all, LIMIT fewer\n"
    done = sql(folder, f"SELECT a FROM range({MAX_TABLE_ROWS}) t(a)", "-o", "table")
    assert (len(done.stdout.splitlines()), done.stderr) == (MAX_TABLE_ROWS + 1, "")


def test_a_plan_is_shown_as_it_is_drawn(folder: Path) -> None:
    lines = sql(folder, "EXPLAIN SELECT 1", "-o", "table").stdout.splitlines()
    assert len(lines) > 3
    assert lines[0].startswith("╭")


def test_strangers_text_is_guarded_in_every_form(engine_of: Build, lake: Lake, tmp_path: Path) -> None:
    engine_of([{"client_ip": "9.9.9.9", "target": "=cmd|' /C calc'!A0", "user_agent": "\x1b]0;owned\x07\u202e"}])
    assert Path(lake.path).is_dir()
    statement = (
        "SELECT target, user_agent, [user_agent] AS l, {'k': user_agent} AS s, MAP {user_agent: 1} AS m FROM requests"
    )
    for form in FORMS:
        done = sql(tmp_path, statement, "-o", form, "--lake", lake.path)
        assert done.returncode == 0, done.stderr
        assert all(char.isprintable() or char in "\r\n" for char in done.stdout), form
    (_, row) = csv.reader(io.StringIO(sql(tmp_path, statement, "-o", "csv", "--lake", lake.path).stdout))
    assert row[0] == "'=cmd|' /C calc'!A0"


def test_names_that_come_again_get_numbers() -> None:
    assert unique(["a", "b", "a", "a_2", "a"]) == ["a", "b", "a_3", "a_2", "a_4"]
    assert len(set(unique(["x"] * 2000))) == 2000


# sessions


def after(minutes: float) -> Any:
    return NOON + timedelta(minutes=minutes)


def test_a_session_ends_with_half_an_hour_of_silence(engine_of: Build) -> None:
    def visit(
        minutes: float, target: str, client: str | None = "9.9.9.9", agent: str | None = "x", **row: Any
    ) -> dict[str, Any]:
        return {"client_ip": client, "user_agent": agent, "ts": after(minutes), "target": target, **row}

    engine = engine_of([
        visit(29.9, "/b", status=404, response_bytes=7),
        visit(0, "/a", status=200, response_bytes=5, country="DE"),
        visit(59.89, "/c", status=200),
        visit(89.89, "/d", status=200),  # half an hour to the second: another session
        visit(0, "/e", agent="y"),
        visit(0, "/f", agent=None),
        visit(1, "/g", agent=None),
        visit(0, "/h", client=None),
        visit(0, "/i", client="9.9.9.8"),
    ])  # fmt: skip
    rows = engine.query("FROM sessions ORDER BY client_ip DESC, user_agent NULLS LAST, nth").to_pylist()
    shown = [
        (one["client_ip"], one["user_agent"], one["nth"], one["requests"], one["first_target"], one["last_target"])
        for one in rows
    ]
    assert shown == [
        ("9.9.9.9", "x", 1, 3, "/a", "/c"),
        ("9.9.9.9", "x", 2, 1, "/d", "/d"),
        ("9.9.9.9", "y", 1, 1, "/e", "/e"),
        ("9.9.9.9", None, 1, 2, "/f", "/g"),
        ("9.9.9.8", "x", 1, 1, "/i", "/i"),
    ]
    first = rows[0]
    assert (first["started"], first["ended"]) == (after(0), after(59.89))
    assert first["seconds"] == pytest.approx(59.89 * 60)
    assert (first["targets"], first["errors"], first["bytes"], first["country"]) == (3, 1, 12, "DE")
    assert first["client_class"] == "public"


def test_sessions_hold_each_request_of_a_known_client_once(engine: Engine) -> None:
    (row,) = engine.query(
        "SELECT (SELECT sum(requests) FROM sessions) AS inside, (SELECT count(client_ip) FROM requests) AS all_of_them"
    ).to_pylist()
    assert row["inside"] == Decimal(row["all_of_them"])


def test_the_header_of_a_view_has_its_columns(engine: Engine) -> None:
    kinds = {"VARCHAR": "text", "TIMESTAMP WITH TIME ZONE": "timestamp"}
    for view in views.views():
        found = [(name, kinds.get(kind, kind.lower())) for name, kind in engine.tables()[view.name]]
        assert [(name, kind) for name, kind, _ in view.columns] == found
    with pytest.raises(ValueError, match="is no header line"):
        views.parse("x", "-- maening: x\nSELECT 1")


def test_one_client_is_asked_for_without_making_every_session(engine: Engine) -> None:
    plan = engine.query("EXPLAIN FROM sessions WHERE client_ip = '141.20.1.1'")["explain_value"][0].as_py()
    assert "client_ip = '141.20.1.1'" in plan.rpartition("READ_PARQUET")[2]
