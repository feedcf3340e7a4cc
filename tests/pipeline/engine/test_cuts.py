"""What Spark is to make once: parts of WITH that are small and read more than once."""

from __future__ import annotations

import sqlglot

from pipeline.engine.cuts import PREFIX, cut

DAYS = "SELECT client_ip, date AS day, count(*) AS n FROM requests GROUP BY 1, 2"
BUSY = "SELECT client_ip FROM days WHERE n > 9"
NAMED = "SELECT client_ip, user FROM requests WHERE user IS NOT NULL"  # as many rows as requests may have


def steps(sql: str) -> dict[str, str]:
    """Return name -> text of what is made once, and "" -> what is left; `~0` stands for the first part of WITH."""
    kept, left = cut(sqlglot.parse_one(sql, read="duckdb"))
    return {name.replace(PREFIX, "~"): tree.sql("duckdb").replace(PREFIX, "~") for name, tree in (*kept, ("", left))}


def test_what_is_read_twice_is_made_once_and_known_by_its_name() -> None:
    assert steps(f"WITH days AS ({DAYS}) SELECT a.n FROM days AS a JOIN days ON a.n = days.n WHERE days.n > 1") == {
        "~0": "SELECT client_ip, date AS day, COUNT(*) AS n FROM requests GROUP BY 1, 2",
        "": "SELECT a.n FROM ~0 AS a JOIN ~0 AS days ON a.n = days.n WHERE days.n > 1",
    }


def test_a_name_may_be_any() -> None:
    odd = '"of `a`, ""b"" é"'
    found = steps(f"WITH {odd} AS ({DAYS}) SELECT * FROM {odd} JOIN {odd} AS y USING (day) WHERE {odd}.n > 1")
    assert list(found) == ["~0", ""]
    assert found[""] == f"SELECT * FROM ~0 AS {odd} JOIN ~0 AS y USING (day) WHERE {odd}.n > 1"


def test_what_is_read_once_stays_where_it_is() -> None:
    sql = f"WITH days AS ({DAYS}), busy AS ({BUSY}) SELECT * FROM busy"
    assert list(steps(sql)) == [""]
    assert steps(sql)[""] == sqlglot.parse_one(sql, read="duckdb").sql("duckdb")


def test_what_is_read_by_what_is_made_twice_is_read_twice() -> None:
    named = "SELECT r.name FROM requests AS r JOIN days ON r.client_ip = days.client_ip"
    sql = f"WITH days AS ({DAYS}), named AS ({named}) SELECT 1 FROM named AS a JOIN named AS b ON a.name = b.name"
    found = steps(sql)
    assert list(found) == ["~0", ""]  # named is as large as requests may be
    assert "WITH named AS (SELECT r.name FROM requests AS r JOIN ~0 AS days ON" in found[""]


def test_what_reads_what_was_made_is_made_after_it_and_takes_along_what_it_needs() -> None:
    sql = f"""
        WITH named AS ({NAMED}), days AS ({DAYS}), users AS (
            SELECT n.user, max(d.n) AS most FROM named AS n JOIN DAYS AS d ON n.client_ip = d.client_ip GROUP BY 1
        )
        SELECT * FROM users WHERE most = (SELECT max(most) FROM users) OR most IN (SELECT n FROM days)
    """
    found = steps(sql)
    assert list(found) == ["~1", "~2", ""]
    assert found["~2"].startswith("WITH named AS (")
    assert "JOIN ~1 AS d ON" in found["~2"]
    assert "WITH" not in found[""]


def test_relations_of_ours_are_small_and_tables_of_the_lake_are_not() -> None:
    for relation, kept in (
        ("hostile", ["~0", ""]),
        ("requests", [""]),
        ("Sessions", [""]),
        ("(SELECT 1) AS y", ["~0", ""]),
    ):
        sql = f"WITH x AS (SELECT * FROM {relation}) SELECT * FROM x UNION ALL SELECT * FROM x"
        assert list(steps(sql)) == kept, relation
    both = "SELECT a FROM hostile UNION ALL SELECT user FROM requests"
    assert list(steps(f"WITH x AS ({both}) SELECT * FROM x JOIN x AS y USING (a)")) == [""]


def test_names_that_mean_two_things_are_left_alone() -> None:
    for sql in (
        "WITH x AS (SELECT 1 AS a) SELECT * FROM x JOIN (WITH x AS (SELECT 2 AS a) SELECT * FROM x) AS y ON x.a = y.a",
        "WITH x(b) AS (SELECT 1 AS a) SELECT * FROM x JOIN x AS y USING (b)",
        "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) SELECT * FROM x JOIN x AS y USING (a)",
        "WITH x AS (SELECT DISTINCT a FROM x) SELECT * FROM x JOIN x AS y USING (a)",
        "WITH z AS (SELECT DISTINCT a FROM x), x AS (SELECT 1 AS a) SELECT * FROM z JOIN z AS y USING (a) JOIN x ON a",
        "SELECT 1",
    ):
        assert steps(sql) == {"": sqlglot.parse_one(sql, read="duckdb").sql("duckdb")}
    catalog = "WITH x AS (SELECT DISTINCT a FROM y) SELECT * FROM other.x JOIN x USING (a)"  # one of them is another's
    assert list(steps(catalog)) == [""]
