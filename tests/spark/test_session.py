"""Each way to a session: a JVM of one's own, spark-submit's, a server of Spark Connect; and each way to none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import Choice, Engine, collecting, spark
from pipeline.engine.session import open_session
from pipeline.errors import QueryFault
from pipeline.lake import Lake
from tests.command import whofrom
from tests.spark.cluster import ROOT, SPARK

pytestmark = SPARK
SUBMIT = ROOT / "pipeline" / "submit" / "whofrom.py"
ROWS = [{"client_ip": f"192.0.2.{number}", "country": ("DE", "FR", None)[number % 3]} for number in range(9)]
SQL = "SELECT country, count(*) AS n, max(ts) AS last FROM requests GROUP BY 1 ORDER BY 1"
# many tasks, which are short: one that runs is over before it sees that nobody wants it any more
LONG = " UNION ALL ".join(f"SELECT max(client_ip) AS x, {number} AS n FROM requests" for number in range(400))
LONG = f"SELECT max(x || n) AS x FROM ({LONG})"
SECONDS = 300

Rows = Callable[[list[dict[str, Any]]], Any]


def run(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a user does."""
    full = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, **env}
    return subprocess.run(
        [*map(str, words)], env=full, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip


def told_by_duckdb(lake: Lake) -> str:
    return whofrom("sql", "--lake", lake.path, SQL, cwd=ROOT).stdout


def test_what_spark_submit_starts_asks_its_spark_and_data_are_alone_on_standard_output(lake_of: Rows) -> None:
    lake = lake_of(ROWS)
    submit = Path(sys.executable).with_name("spark-submit")
    done = run(submit, "--master", "local[1]", "--name", "theirs", SUBMIT, "sql", "--lake", lake.path, SQL)
    assert done.returncode == 0, done.stderr
    assert done.stdout == told_by_duckdb(lake)
    assert "Submitted application: theirs" in done.stderr
    done = run(submit, "--master", "local[1]", SUBMIT, "sql", "--lake", lake.path, "SELECT nope FROM requests")
    assert (done.returncode, done.stdout) == (1, "")
    assert "whofrom: error: SQL: Binder Error" in done.stderr


def test_a_client_of_spark_connect_asks_its_server(lake_of: Rows) -> None:
    lake = lake_of(ROWS)
    command = [sys.executable, "-m", "pipeline.cli", "sql", "--lake", lake.path]
    done = run(*command, SQL, SPARK_REMOTE="local[1]")
    assert (done.stdout, done.stderr) == (told_by_duckdb(lake), "")
    done = run(*command, "SELECT CAST(country AS INT) FROM requests", SPARK_REMOTE="local[1]")
    assert done.stderr.startswith("whofrom: error: SQL: The value 'DE' of the type")
    assert done.stderr.count("\n") == 1


def test_what_is_not_there_is_told_with_what_to_do(lake_of: Rows, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "sql", "--lake", lake_of(ROWS).path, "--engine", "spark", SQL]
    for env, more, words in (
        ({"PATH": str(tmp_path)}, [], "PATH: Spark needs a Java, and there is none"),
        ({}, ["--master", "spark://127.0.0.1:1"], "spark://127.0.0.1:1: cannot be reached (127.0.0.1 port 1: "),
        ({}, ["--master", "sc://127.0.0.1:1"], "sc://127.0.0.1:1: cannot be reached (127.0.0.1 port 1: "),
        ({}, ["--memory", "1G"], "--memory: is DuckDB's, and Spark runs"),
    ):
        done = run(*command, *more, **{"JAVA_HOME": "", **env})
        assert done.returncode in {1, 2}
        assert done.stdout == ""
        assert done.stderr.startswith(f"whofrom: error: {words}"), done.stderr
        assert done.stderr.count("\n") == 1


def test_another_thread_ends_a_statement_and_the_session_goes_on(engines_of: Rows) -> None:
    engine: Engine = engines_of(ROWS)[1]
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(1):  # what has not begun yet is not ended
            engine.interrupt()

    threading.Thread(target=interrupt).start()
    with pytest.raises(QueryFault, match="interrupted"):
        engine.query(LONG)
    over.set()
    assert engine.query("SELECT count(*) AS n FROM requests").to_pylist() == [{"n": len(ROWS)}]


def test_ctrl_c_ends_a_statement_and_the_session_goes_on(engines_of: Rows) -> None:
    engine: Engine = engines_of(ROWS)[1]
    threading.Timer(3, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        engine.query(LONG)
    assert engine.query("SELECT count(*) AS n FROM requests").to_pylist() == [{"n": len(ROWS)}]


def test_over_little_what_costs_more_than_rows_is_left_away_where_the_user_has_not_set_it(
    engines_of: Rows, cluster: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(engine: Engine) -> str:
        return str(engine.query("EXPLAIN SELECT country, count(*) AS n FROM requests GROUP BY country").to_pylist())

    little = plan(engines_of(ROWS)[1])
    assert "Coalesce" in little
    assert "Exchange" not in little
    monkeypatch.setattr(spark, "LITTLE_BYTES", 1)
    assert "AdaptiveSparkPlan" in plan(engines_of(ROWS)[1])
    session = open_session(cluster)
    session.spark.conf.set("spark.sql.shuffle.partitions", "7")
    session.expect(little=True)
    assert session.spark.conf.get("spark.sql.shuffle.partitions") == "7"
    assert session.spark.conf.get("spark.sql.adaptive.enabled") == "false"


def test_over_more_what_is_sent_to_everyone_was_measured(engines_of: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "LITTLE_BYTES", 1)
    engine: Engine = engines_of(ROWS)[1]
    engine.materialise("few", "SELECT country, count(*) AS n FROM requests GROUP BY country")
    joins = {
        name: f"EXPLAIN SELECT * FROM requests AS r JOIN {name} AS f ON r.country = f.country"
        for name in ("requests", "few")
    }
    plans = {name: str(engine.query(sql).to_pylist()) for name, sql in joins.items()}
    assert "SortMergeJoin" in plans["requests"]  # of nine rows, which Spark would not know of a file of millions
    assert "BroadcastHashJoin" in plans["few"]
    assert "BuildRight" in plans["few"]


def test_what_is_never_told_of_an_answer_is_not_waited_for_without_end(
    engines_of: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: Any) -> None:
        raise EOFError

    monkeypatch.setattr("pyspark.util._load_from_socket", end)
    monkeypatch.setattr(collecting, "TOLD_SECONDS", 0)
    engine: Engine = engines_of(ROWS)[1]
    with pytest.raises(QueryFault, match="Spark does not say what became of it"):
        engine.query("SELECT count(*) AS n FROM requests")
