"""
What SQL may be, so that it says the same on Spark: TRAPS, beside what `pipeline.engine.dialect` translates or refuses.

sqlglot translates DuckDB's SQL to Spark's word by word. What Spark lacks it often leaves as it stands, and what is
there under the same name may mean another thing; each trap below was seen on Spark 4.3, which is asked nothing that
walks into one. A test holds all queries to this table, too; the functions that are left must be Spark's.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Trap(NamedTuple):
    """
    What is not to be written.

    pattern  finds it in SQL without its comments, of any case
    written  how it is shown
    why      what happens on Spark
    instead  what to write
    """

    pattern: str
    written: str
    why: str
    instead: str


TRAPS = (
    Trap(r"\bepoch\(", "epoch(ts)", "whole seconds", "unix_micros(ts) / 1e6, a macro here"),
    Trap(r"\bepoch_(us|ms|ns)\(", "epoch_us(ts)", "is not there, or makes a time of a number", "unix_micros(ts)"),
    Trap(
        r"\bdate_(diff|sub|part)\('(?!day')",
        "date_diff('second', a, b)", "counts otherwise; slow in DuckDB", "unix_micros(b) - unix_micros(a)"
    ),
    Trap(
        r"\b(make_timestamp|to_timestamp|make_timestamptz)\(",
        "to_timestamp(x)", "loses fractions", "timestamp_micros(micros), a macro here"
    ),
    Trap(r"\btime_bucket\(", "time_bucket(…)", "is not there", "unix_micros(ts) // 60000000"),
    Trap(
        r"\b(to_seconds|to_minutes|to_hours|to_days|to_microseconds)\(",
        "to_days(x)", "is not there", "numbers of microseconds or days"
    ),
    Trap(
        r"\b(isodow|dayofweek|weekday)\(",
        "isodow(day)", "weeks begin on another day", "date_diff('day', DATE '1970-01-05', day) % 7"
    ),
    Trap(
        r"\b(quantile|quantile_cont|quantile_disc|percentile_cont|percentile_disc|approx_quantile)\(",
        "quantile_cont(x, 0.5)", "is not there, or is an estimate", "percentile(x, [0.5, 0.95]), a macro here"
    ),
    Trap(
        r"\b(list|array_agg)\([^()]*\bORDER\s+BY\b",
        "list(x ORDER BY y)", "in any order", "array_sort(list(x)), string_agg(x, ',' ORDER BY y)"
    ),
    Trap(
        r"\b(list_slice)\(|\[\s*\d*\s*:\s*\d*\s*\]",
        "list_slice(l, 2, 3)", "is not there", "array_slice(l, 1, n), from the first one"
    ),
    Trap(
        r"\b(list_has_any|list_has_all|array_has_any)\(|=\s*(ANY|ALL)\s*\(",
        "x = ANY (l)", "compares x with itself", "list_contains(l, x)"
    ),
    Trap(r"\blen\(", "len(list)", "length of a text", "array_length(list), length(text)"),
    Trap(
        r"\b(list_aggregate|list_sum|list_avg|list_max|list_min|list_reduce|list_unique|list_zip)\(",
        "list_sum(l)", "is not there", "an aggregate before the list is made"
    ),
    Trap(
        r"\bregexp_replace\((?!(?:[^()]|\([^()]*\))*'g'\s*\))",
        "regexp_replace(x, p, y)", "replaces all of them", "the flag 'g'"
    ),
    Trap(
        r"\b(prefix|suffix|strlen|printf|format|formatReadableSize)\(",
        "prefix(x, y), format(…)", "is not there, or another", "starts_with, ends_with, length, ||"
    ),
    Trap(r"\bchr\(", "chr(n)", "of n % 256", "the character"),
    Trap(
        r"\bround\([^()]*(\([^()]*\)[^()]*)*,",
        "round(x, 2)", "rounds the text of x: 1.005 up", "floor(x * 100 + 0.5e0) / 100"
    ),
    Trap(
        r"\bCROSS\s+JOIN\s+unnest\b(?:(?!\bSELECT\b).)*\bJOIN\b",
        "CROSS JOIN unnest(l) AS t (x) JOIN u", "comes after u", "a subquery that selects unnest(l)"
    ),
    Trap(r"\blog\(", "log(x)", "to another base", "ln(x), log10(x)"),
    Trap(r"\bhash\(", "hash(x)", "another number", "md5(x)"),
    Trap(r"\b(U?HUGEINT|U(TINY|SMALL|BIG)?INT(EGER)?)\b", "HUGEINT", "is not there", "DECIMAL(38, 0)"),
    Trap(
        r"\bsum\((response_bytes|request_bytes|duration_us)\)",
        "sum(response_bytes)", "fails beyond 64 bits", "sum(CAST(response_bytes AS DECIMAL(38, 0)))"
    ),
    Trap(r"\bsum\((?!\s*CASE\b)[^()]*[<>=][^()]*\)", "sum(x > 1)", "fails", "count_if(x > 1)"),
    Trap(r"\bQUALIFY\b", "QUALIFY", "what ORDER BY says is lost", "a WITH, and WHERE"),
    Trap(
        r"\bASOF\b|\bBY\s+NAME\b|\bPOSITIONAL\b|\bPIVOT\b|\bSAMPLE\b",
        "ASOF JOIN, BY NAME, PIVOT", "is not there, or another", "what it stands for"
    ),
    Trap(r"^\s*FROM\b", "FROM t", "is not there", "SELECT * FROM t"),
)  # fmt: skip
# what no pattern finds
BESIDE = (
    ("x / y where y is 0", "fails", "x / nullif(y, 0)"),
    ("1.0 / 3, avg of decimals", "six digits: numbers with a point are decimals", "1e0, CAST(x AS DOUBLE)"),
    ("CAST(0.7e0 AS BIGINT)", "cuts, where DuckDB rounds", "floor(x) or round(x) first"),
    ("l[5], beyond the list's end", "fails", "a test of array_length(l) before"),
    (
        "date_trunc('day', ts), CAST(ts AS DATE)",
        "nothing; ten times as slow in DuckDB",
        "the column date; micros divided",
    ),
    ("first(x), any_value(x)", "another one", "min(x)"),
    ("max_by(x, y)", "NULL counts as an x; of a tie another one", "max({'y': y, 'x': x}).x, where x is not NULL"),
    (
        "list(x)",
        "without NULLs; of no rows an empty one",
        "CASE WHEN count(x) > 0 THEN list(x) FILTER (x IS NOT NULL) END",
    ),
    ("concat('AS', asn)", "fails where a number is NULL", "'AS' || CAST(asn AS VARCHAR)"),
    ("GROUP BY x … ORDER BY sum(y) LIMIT n", "y is not found", "a subquery that selects sum(y) AS y"),
    ("stddev_pop(x) <= y, percentile(x, 0.95) <= y", "other last bits", "whole numbers, or floor(x * 1000000 + 0.5e0)"),
    ("concat(text, day)", "fails: what is no text has no ''", "text || CAST(day AS VARCHAR)"),
    ("RANGE BETWEEN $x PRECEDING", "fails: a frame is a constant", "x / $width in the window's order, and 1"),
    ("mode(x) of a tie", "another one", "row_number() over an order that is whole"),
)
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def traps(text: str) -> list[Trap]:
    """Return the traps that a text of SQL walks into."""
    bare = COMMENT.sub(" ", text)
    return [trap for trap in TRAPS if re.search(trap.pattern, bare, re.IGNORECASE)]
