"""Every file of SQL is Spark's, too: sqlglot translates it, Spark has its functions, and none of the traps is in it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
import sqlglot
from sqlglot.tokens import Tokenizer, TokenType

from pipeline import query
from pipeline.engine.dialect import translated
from pipeline.engine.views import views
from pipeline.errors import QueryFault
from pipeline.portable import TRAPS, Trap, traps

TEXTS = {**{name: query.load(name).sql for name in query.names()}, **{view.name: view.sql for view in views()}}
LISTED = Path(__file__).with_name("spark_functions.txt")
# which stand before a parenthesis, and are no functions
WORDS = frozenset(
    """all and any array as between by case cast cube decimal distinct else except exists explode filter from group
having if in intersect interval is join lateral left like not on or order over partition recursive right rlike rollup
row select sets struct then transform try_cast union using values view when where window with within""".split()  # noqa: SIM905
)


@cache
def functions() -> frozenset[str]:
    return frozenset(LISTED.read_text("utf-8").split("\n", 1)[1].split())


def called(text: str) -> set[str]:
    """Names that stand before a parenthesis."""
    tokens = Tokenizer(dialect="spark").tokenize(text)
    pairs = pairwise(tokens)
    return {
        one.text.lower()
        for one, after in pairs
        if after.token_type == TokenType.L_PAREN and one.token_type != TokenType.STRING and one.text[:1].isalpha()
    }


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_sql_is_sparks_too(name: str) -> None:
    text = translated(TEXTS[name])
    own = {table.alias.lower() for table in sqlglot.parse_one(text, read="spark").find_all(sqlglot.exp.CTE)}
    assert called(text) - functions() - WORDS - {"grouping sets"} - own == set(), "Spark has no such function"
    assert "$" not in re.sub(r"'(?:\\.|[^'\\])*'", "''", text), "a parameter is :name there"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_sql_says_the_same_there(name: str) -> None:
    found = [f"{trap.written}: {trap.why}; write {trap.instead}" for trap in traps(TEXTS[name])]
    assert found == [], "pipeline/portable.py"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT epoch(ts) FROM t", "epoch(ts)"),
        ("SELECT list(x ORDER BY y) FROM t", "list(x ORDER BY y)"),
        ("SELECT regexp_replace(lower(x), 'a', 'b')", "regexp_replace(x, p, y)"),
        ("SELECT sum(status >= 400) FROM t", "sum(x > 1)"),
        ("SELECT x[1:3] FROM t", "list_slice(l, 2, 3)"),
        ("SELECT 1 FROM t WHERE x = ANY (l)", "x = ANY (l)"),
        ("SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1", "QUALIFY"),
    ],
)
def test_a_trap_is_found(text: str, written: str) -> None:
    assert [trap.written for trap in traps(text)] == [written]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT unix_micros(ts) / 1e6, percentile(x, [0.5, 0.95]), string_agg(x, ',' ORDER BY x) FROM t",
        "SELECT regexp_replace(lower(x), 'a', 'b', 'g'), regexp_matches(x, '(?i)a'), regexp_extract(x, 'a(b)', 1)",
        "-- epoch(ts) is a trap\nSELECT sum(CASE WHEN x THEN 1 END), date_diff('day', a, b)",
    ],
)
def test_what_is_said_instead_is_no_trap(text: str) -> None:
    assert traps(text) == []
    translated(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT epoch(ts) FROM requests", r"epoch\(ts\) is not the same on Spark: whole seconds"),
        ("SELECT regexp_matches(target, 'a(?=b)') FROM requests", "cannot be said on Spark"),
        ("SELECT regexp_replace(target, client_ip, 'x', 'g'), try(1 / status) FROM requests", "TRY"),
        ("SELECT regexp_replace(target, 'x', client_ip, 'g') FROM requests", "by what is no constant"),
        ("SELECT FROM WHERE", "cannot be said on Spark"),
    ],
)
def test_what_spark_would_say_otherwise_is_refused(text: str, words: str) -> None:
    with pytest.raises(QueryFault, match=words):
        translated(text)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.written)
def test_a_trap_says_why_and_what_instead(trap: Trap) -> None:
    assert trap.why
    assert trap.instead


def test_no_file_of_sql_is_forgotten() -> None:
    found = {path.name for path in Path(str(files("pipeline"))).rglob("*.sql") if path.parent.name != "macros"}
    assert found == {f"{name.rpartition('/')[2]}.sql" for name in TEXTS}
