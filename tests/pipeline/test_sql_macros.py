"""The macros: what their headers say is true, and they know addresses as echo.clientip and ipaddress do."""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from echo.clientip import NAMED_RANGES, Fault, parse_address
from echo.clientip.address import V4_PREFIX, Address, parse_any
from echo.clientip.ranges import Ranges, parse_range
from pipeline.engine import macros as subject
from pipeline.engine.macros import Macro, macros, named_in

MACROS = macros()
ROUNDS, ROWS = 15, 10  # of a property: to plan a statement takes a hundred times what a row of it takes
PRIVATE = Ranges(NAMED_RANGES["private"][0])


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"autoload_known_extensions": False, "autoinstall_known_extensions": False}) as made:
        for macro in MACROS:
            made.execute(macro.sql)
        yield made


def asked(connection: duckdb.DuckDBPyConnection, expression: str, *columns: Sequence[Any]) -> list[Any]:
    """The expression for each row of columns $1, $2 …; constants must say the same as columns do."""
    names = [f"v{n}" for n in range(1, len(columns) + 1)]
    marks = ", ".join(f"unnest(${n}) AS {name}" for n, name in enumerate(names, 1))
    inside = re.sub(r"\$(\d+)", r"v\1", expression)
    # materialized, so that nothing is folded; each row twice, so that one alone is no constant vector
    table = f"SELECT unnest(range({2 * len(columns[0])})) AS n, {marks}"
    sql = f"WITH t AS MATERIALIZED ({table}) SELECT {inside} FROM t ORDER BY n"
    found = [answer for (answer,) in connection.execute(sql, [[*column, *column] for column in columns]).fetchall()]
    rows = list(zip(*columns, strict=True))
    each = [
        re.sub(r"\$(\d+)", lambda mark: f"${number * len(columns) + int(mark[1])}", expression)  # noqa: B023
        for number in range(len(rows))
    ]
    constants = connection.execute(f"SELECT {', '.join(each)}", [value for row in rows for value in row]).fetchall()
    assert found == [*constants[0], *constants[0]]
    return found[: len(rows)]


def one(connection: duckdb.DuckDBPyConnection, expression: str, *values: Any) -> Any:
    """The expression for one row."""
    return asked(connection, expression, *([value] for value in values))[0]


packed = st.one_of(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=4, max_size=4).map(lambda tail: V4_PREFIX + tail),
    st.lists(st.sampled_from([b"\0\0", b"\0\0", b"\0\1", b"\x0d\xb8", b"\xff\xff"]), min_size=8, max_size=8).map(
        b"".join
    ),
)
addresses = packed.map(lambda data: str(Address(data)))
spellings = st.one_of(
    addresses,
    packed.map(lambda data: ipaddress.IPv6Address(data).exploded),
    packed.map(lambda data: str(ipaddress.IPv6Address(data)).upper()),
    packed.map(lambda data: "64:ff9b::" + str(ipaddress.IPv4Address(data[12:]))),
    st.tuples(addresses, st.sampled_from(["%eth0", "%", "%a b", ":80", " ", ".", ":", "/8", "\n", "\0"])).map("".join),
    st.text(alphabet="0123456789abcdefF:.%/x ", max_size=45),
    st.text(max_size=20),
)  # fmt: skip
cidrs = st.one_of(
    st.tuples(addresses, st.integers(0, 140)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(packed, st.integers(90, 130)).map(lambda pair: f"::ffff:{ipaddress.IPv4Address(pair[0][12:])}/{pair[1]}"),
    spellings.filter(lambda text: text == text.strip()),  # trim() knows the blank alone, strip() all of Unicode's
)

many = settings(max_examples=ROUNDS, deadline=None)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=ROWS, max_size=ROWS)


def range_of(text: str) -> tuple[bytes, bytes] | None:
    try:
        return parse_range(text)
    except Fault:
        return None


# what the headers say


@pytest.mark.parametrize(("name", "example"), [(macro.name, example) for macro in MACROS for example in macro.examples])
def test_the_examples_of_the_headers_are_true(name: str, example: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert name in example
    assert connection.execute(f"SELECT {example}").fetchall() == [(True,)]


@pytest.mark.parametrize("macro", MACROS, ids=lambda macro: macro.name)
def test_each_macro_says_what_it_takes_and_what_null_gives(macro: Macro) -> None:
    assert macro.meaning
    assert macro.returns
    assert macro.parameters
    assert any("NULL" in example for example in macro.examples)
    signature = re.search(rf"CREATE MACRO {macro.name}\((.*?)\) AS", macro.sql)
    assert signature is not None
    assert re.findall(r"[a-z]+[0-9]?(?=,|$| )", signature[1]) == [name for name, _, _ in macro.parameters]


def test_every_file_is_a_macro() -> None:
    from importlib.resources import files

    assert {file.name for file in files("pipeline").joinpath("macros").iterdir()} == {
        f"{name}.sql" for name in subject.NAMES
    }


def test_a_header_line_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="is no header line"):
        subject.parse("x", "-- meanign: x\n-- returns: y\nSELECT 1")


def test_private_is_what_client_class_calls_so() -> None:
    (sql,) = (macro.sql for macro in MACROS if macro.name == "is_private")
    assert all(end.hex() in sql for span in PRIVATE.spans() for end in span)
    assert sql.count("unhex(") == 2 * len(PRIVATE.spans())


# beside echo.clientip and ipaddress


@many
@given(texts=several(spellings))
def test_an_address_is_what_echo_clientip_takes_for_one(
    texts: list[str], connection: duckdb.DuckDBPyConnection
) -> None:
    wanted = [None if address is None else address.packed for address in map(parse_any, texts)]
    assert asked(connection, "ip_num($1)", texts) == wanted
    private = [None if data is None else data in PRIVATE for data in wanted]
    assert asked(connection, "is_private($1)", texts) == private


@many
@given(data=several(packed))
def test_text_and_bytes_are_one_address(data: list[bytes], connection: duckdb.DuckDBPyConnection) -> None:
    texts = [str(Address(one)) for one in data]
    assert asked(connection, "ip_text($1::BLOB)", data) == texts
    assert asked(connection, "ip_num($1::BLOB)", data) == data
    assert asked(connection, "ip_num($1)", texts) == data
    assert asked(connection, "is_private($1::BLOB)", data) == [one in PRIVATE for one in data]


@many
@given(texts=several(cidrs))
def test_a_range_is_what_echo_clientip_takes_for_one(texts: list[str], connection: duckdb.DuckDBPyConnection) -> None:
    found = asked(connection, "cidr_range($1)", texts)
    ends = [None if one is None else (one["lowest"], one["highest"]) for one in found]
    assert ends == [range_of(text) for text in texts]


MAPPED = V4_PREFIX + b"\x0a\1\2\3"


@many
@given(rows=several(st.tuples(packed, st.integers(0, 128), packed, cidrs, st.booleans())))
@example(
    rows=[
        (MAPPED, 0, b"\0" * 16, "::/80", False),  # ends with IPv4's block
        (MAPPED, 0, b"\0" * 16, "::/79", False),
        (MAPPED, 0, b"\0" * 16, "::ffff:0:0/96", False),
    ]
)
def test_an_address_is_in_a_range_by_text_and_by_bytes(
    rows: list[tuple[bytes, int, bytes, str, bool]], connection: duckdb.DuckDBPyConnection
) -> None:
    data = [one for one, *_ in rows]
    ranges = [_near(one, bits, other) if near else cidr for one, bits, other, cidr, near in rows]
    wanted = [None if range_of(cidr) is None else one in Ranges([cidr]) for one, cidr in zip(data, ranges, strict=True)]
    assert asked(connection, "ip_in($1, $2)", [str(Address(one)) for one in data], ranges) == wanted
    assert asked(connection, "ip_in($1::BLOB, $2)", data, ranges) == wanted
    for one, cidr, inside in zip(data, ranges, wanted, strict=True):
        if inside is not None and ":" not in cidr and "%" not in cidr and one.startswith(V4_PREFIX):
            assert inside == (ipaddress.IPv4Address(one[12:]) in ipaddress.IPv4Network(cidr, strict=False))


def _near(data: bytes, bits: int, other: bytes) -> str:
    """Return a range of the address's own neighbourhood: else next to nothing would be inside."""
    number = int.from_bytes(data) ^ (int.from_bytes(other) & ((1 << (128 - bits)) - 1))
    base = number.to_bytes(16)
    shown = bits - 96 if base.startswith(V4_PREFIX) else bits
    return f"{Address(base)}/{max(shown, 0)}"


@many
@given(rows=several(st.tuples(packed, st.integers(-2, 130), st.one_of(st.none(), st.integers(-2, 130)))))
def test_a_prefix_is_ipaddress_network(
    rows: list[tuple[bytes, int, int | None]], connection: duckdb.DuckDBPyConnection
) -> None:
    data, bits, bits6 = (list(column) for column in zip(*rows, strict=True))
    texts = [str(Address(one)) for one in data]
    wanted = [_prefix(*row) for row in rows]
    assert asked(connection, "ip_prefix($1, $2, $3)", texts, bits, bits6) == wanted
    assert asked(connection, "ip_prefix($1::BLOB, $2, $3)", data, bits, bits6) == wanted
    assert asked(connection, "ip_prefix($1, $2)", texts, bits) == [_prefix(one, two, None) for one, two, _ in rows]


def _prefix(data: bytes, bits: int, bits6: int | None) -> str | None:
    """Return the network of so many bits by `ipaddress`, None if there is none."""
    address = ipaddress.ip_address(data[12:] if data.startswith(V4_PREFIX) else data)
    length = bits if address.version == 4 or bits6 is None else bits6
    if not 0 <= length <= address.max_prefixlen:
        return None
    network = ipaddress.ip_network((address, length), strict=False)
    return f"{parse_any(str(network.network_address))}/{length}"


@many
@given(rows=several(st.tuples(*[st.floats(-90, 90), st.floats(-720, 720)] * 2)))
def test_a_distance_is_that_of_the_vectors(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[float, float, float, float]]
) -> None:
    def vector(latitude: float, longitude: float) -> tuple[float, float, float]:
        a, b = math.radians(latitude), math.radians(longitude)
        return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)

    found = asked(connection, "haversine_km($1, $2, $3, $4)", *zip(*rows, strict=True))
    for places, distance in zip(rows, found, strict=True):
        chord = math.dist(vector(*places[:2]), vector(*places[2:]))
        assert distance == pytest.approx(2 * 6371.0088 * math.asin(min(1.0, chord / 2)), abs=1.0)


# what comes from logs never ends a query


GARBAGE = [
    "",
    " ",
    "unknown",
    "10.0.0.1, 10.0.0.2",
    "::" * 40,
    "1" * 5000,
    "%",
    "\0",
    "10.0.0.1/8",
    "é",
    "[::1]:80",
    "-",
]


def test_garbage_in_a_column_is_null_and_no_error(connection: duckdb.DuckDBPyConnection) -> None:
    for expression in (
        "ip_num(v)",
        "ip_in(v, '10.0.0.0/8')",
        "ip_in('10.0.0.1', v)",
        "is_private(v)",
        "ip_prefix(v, 24)",
        "ip_text(ip_num(v))",
        "cidr_range(v)",
    ):
        rows = connection.execute(
            f"SELECT v, {expression} FROM (SELECT unnest($1) AS v)", [[*GARBAGE, None]]
        ).fetchall()
        found = {value for value, answer in rows if answer is not None}
        assert found <= {"10.0.0.1/8"}, expression
        assert bool(found) == (expression in ("ip_in('10.0.0.1', v)", "cidr_range(v)"))


def test_numbers_beyond_what_makes_sense_are_null_and_no_error(connection: duckdb.DuckDBPyConnection) -> None:
    for bits in (-1, 33, 2**40, None):
        assert one(connection, "ip_prefix('10.0.0.1', $1)", bits) is None
    for value in (math.nan, math.inf, -math.inf, 1e308, None):
        assert one(connection, "haversine_km($1, 0, 0, 0)", value) is None
    for value in (math.nan, math.inf, None):
        assert one(connection, "haversine_km(0, $1, 0, 0)", value) is None
    assert one(connection, "ip_text($1::BLOB)", b"123") is None
    assert one(connection, "ip_prefix($1::BLOB, 24)", b"123") is None
    assert parse_address("0.0.0.0") is None  # nobody as a client, but an address to ip_num
    assert one(connection, "ip_text(ip_num($1))", "0.0.0.0") == "0.0.0.0"


def test_an_unused_range_costs_a_comparison_of_bytes(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE OR REPLACE TABLE nums AS SELECT ip_num('10.0.0.1') AS num")
    plan = connection.execute("EXPLAIN SELECT * FROM nums WHERE ip_in(num, '10.0.0.0/8')").fetchall()[0][1]
    assert "regexp" not in plan
    assert "num >=" in plan.replace("\n", " ")


def test_ipv6_as_text_costs_a_few_times_what_ipv4_does(connection: duckdb.DuckDBPyConnection) -> None:
    made = connection.cursor()
    made.execute("SET threads = 1")
    made.execute(
        "CREATE OR REPLACE TABLE fours AS SELECT '10.' || n // 65536 || '.5.' || n % 256 AS ip FROM range(60000) r(n)"
    )
    made.execute(
        "CREATE OR REPLACE TABLE sixes AS SELECT format('2001:db8:{:x}::{:x}', n, n + 1) AS ip FROM range(60000) r(n)"
    )

    def seconds(table: str) -> float:
        """The best of three."""
        taken = []
        for _ in range(3):
            began = time.process_time()
            assert made.execute(f"SELECT count(ip_num(ip)) FROM {table}").fetchall() == [(60000,)]
            taken.append(time.process_time() - began)
        return min(taken)

    assert seconds("sixes") < 8 * seconds("fours")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("SELECT 1", []),
        ("SELECT ip_num('10.0.0.1')", ["ip_num"]),
        ("SELECT IP_IN(client_ip_num, '10.0.0.0/8') FROM requests", ["ip_num", "cidr_range", "ip_in"]),
        ("SELECT ip_in_office FROM requests", []),
    ],
)
def test_a_statement_has_the_macros_that_it_names_and_those_that_these_use(text: str, made: list[str]) -> None:
    assert [macro.name for macro in named_in(text)] == made
