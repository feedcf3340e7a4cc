"""DuckDB's SQL as Spark's: the macros, and what sqlglot leaves as it stands, say the same on both."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from pipeline.engine import Engine
from pipeline.engine.macros import macros
from tests.spark.close import close
from tests.spark.cluster import SPARK

TEXTS = [
    None, "", " ", "unknown", "10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203", "64:ff9b::192.0.2.33", "010.0.0.1",
    "10.1.2.3.", "10.1.2.3\n", "10.0.0.1:8080", "1.2.3", "256.1.1.1", "2001:DB8::1", "2001:db8:0:0:1:0:0:1", "::",
    "::1", "1::2::3", ":1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "fe80::1%",
    "fe80::1%a b", "::1.2.3.4.", "::1.2.3", "fd00::1", "192.168.0.1", "172.31.255.255", "172.32.0.0", "100.64.0.1",
    "0.0.0.0", "é::1",
    "1" * 5000, "10.0.0.1/8", "İstanbul ΑΣ", "a\u0085.php\n", "x.PHP", "\u2003 wide \u3000", "$1 \\1", "a'b",
]  # fmt: skip
RANGES = [
    None, "", "10.0.0.0/8", "10.1.2.3", " 10.1.2.0/23 ", "10.0.0.0/33", "::/0", "::/80", "::/79", "0.0.0.0/0",
    "::ffff:0:0/96", "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/8", "2001:db8::/33", "2001:db8::/127", "2001:db8::/128",
    "10.*", "10.0.0.0/+8",
]  # fmt: skip
OF_TEXT = (
    "ip_num(v)", "ip_text(ip_num(v))", "is_private(v)", "is_private(ip_num(v))", "ip_prefix(v, 24)",
    "ip_prefix(v, 24, 48)", "IP_PREFIX(ip_num(v), 23, bits6 := 61)", "ip_in(v, '10.0.0.0/8')",
    "ip_in(ip_num(v), '2001:db8::/33')",
    "ip_in(v, '::/79')",
    "cidr_range(v)", "ip_in('10.1.2.3', v)", "lower(v)", "trim(v)", "length(v)", "regexp_matches(v, '[.]php$')",
    "regexp_matches(v, 'php', 'i')", "regexp_full_match(v, '.*')", "regexp_extract(v, '^(.)(.)', 2)",
    "regexp_replace(v, '([0-9])', '<\\1>$', 'g')", "concat(v, 1, NULL)", "string_split(v, '.')[2]",
    "string_split(v, '.')[9]",
)  # fmt: skip
PLACES = [0.0, 52.52, -90.0, 91.0, 13.405, 720.5, math.nan, math.inf, None]


pytestmark = SPARK


@pytest.fixture
def engines(engines_of: Callable[[list[dict[str, Any]]], tuple[Engine, Engine]]) -> tuple[Engine, Engine]:
    return engines_of([])


def asked(engine: Engine, expressions: tuple[str, ...], values: pa.Table) -> list[dict[str, Any]]:
    """What each expression says of each row, whose values are columns and no constants."""
    engine.register("given", values)
    named = ", ".join(f"{one} AS e{number}" for number, one in enumerate(expressions))
    return engine.query(f"SELECT {named} FROM given ORDER BY n").to_pylist()


def alike(engines: tuple[Engine, Engine], expressions: tuple[str, ...], values: pa.Table) -> None:
    wanted, found = (asked(engine, expressions, values) for engine in engines)
    for row, here, there in zip(values.to_pylist(), wanted, found, strict=True):
        for name, expression in zip(here, expressions, strict=True):
            assert there[name] == close(here[name]), (row, expression)


def test_the_examples_of_macros_are_true(engines: tuple[Engine, Engine]) -> None:
    examples = [one for macro in macros() for one in macro.examples]
    listed = ", ".join(f"({one}) AS e{number}" for number, one in enumerate(examples))
    (found,) = engines[1].query(f"SELECT {listed}").to_pylist()
    assert {one: found[f"e{number}"] for number, one in enumerate(examples)} == dict.fromkeys(examples, True)


def test_macros_and_functions_of_texts_say_the_same(engines: tuple[Engine, Engine]) -> None:
    texts = [*TEXTS, *RANGES]
    alike(engines, OF_TEXT, pa.table({"n": range(len(texts)), "v": pa.array(texts, pa.string())}))


def test_prefixes_and_ranges_of_every_length_are_the_same(engines: tuple[Engine, Engine]) -> None:
    lengths = [None, -1, *range(130)]
    expressions = tuple(
        f"ip_prefix('{one}', bits)" for one in ("255.170.85.204", "abcd:ef01:2345:6789:9876:5432:10fe:dcba")
    ) + ("cidr_range('abcd:ef01:2345:6789:9876:5432:10fe:dcba/' || bits)",)
    alike(engines, expressions, pa.table({"n": range(len(lengths)), "bits": pa.array(lengths, pa.int64())}))


def test_distances_and_times_are_the_same(engines: tuple[Engine, Engine]) -> None:
    pairs = [(one, other) for one in PLACES for other in PLACES]
    values = pa.table(
        {
            "n": range(len(pairs)),
            "a": pa.array([one for one, _ in pairs], pa.float64()),
            "b": pa.array([other for _, other in pairs], pa.float64()),
        }
    )
    expressions = ("haversine_km(a, b, b, a)", "unix_micros(timestamp_micros(n * 123456789012345)) - n", "isfinite(a)")
    alike(engines, expressions, values)


def test_percentiles_are_the_same(engines: tuple[Engine, Engine]) -> None:
    values = pa.table({"n": [1, 1, 1, 2, 2, 3], "v": pa.array([1, None, 7, 3, 10**12, None], pa.int64())})
    sql = "SELECT n, percentile(v, 0.5) AS one, percentile(v, [0.25, 0.95]) AS two FROM given GROUP BY n ORDER BY n"
    found = []
    for engine in engines:
        engine.register("given", values)
        found.append(engine.query(sql).to_pylist())
    assert found[1] == close(found[0])


def test_a_macro_takes_no_column_for_its_own_variable(engines: tuple[Engine, Engine]) -> None:
    values = pa.table({"n": [24, 16], "num": pa.array([24, 16], pa.int64()), "base": ["10.1.2.3", "10.2.3.4"]})
    alike(engines, ("ip_prefix(base, num)", "ip_prefix(base, num, num)", "ip_in(base, base || '/' || num)"), values)
