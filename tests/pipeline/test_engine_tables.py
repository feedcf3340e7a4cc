"""Tables that several queries of one run read: registered, made, added to, thinned out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pytest

from pipeline.engine.duckdb import Engine
from pipeline.errors import QueryFault
from pipeline.lake import Lake

Build = Callable[[Iterable[dict[str, Any]]], Engine]
ROWS = [{"client_ip": "203.0.113.9", "status": 404}, {"client_ip": "203.0.113.7", "status": 200}]


def rows(engine: Engine, sql: str) -> list[dict[str, Any]]:
    return engine.query(sql).to_pylist()


def test_what_was_registered_is_a_relation(engine_of: Build) -> None:
    engine = engine_of(ROWS)
    engine.register("rules", pa.table({"status": [404], "kind": ["missing"]}))
    assert rows(engine, "SELECT client_ip, kind FROM requests JOIN rules USING (status)") == [
        {"client_ip": "203.0.113.9", "kind": "missing"}
    ]
    engine.register("rules", pa.table({"status": [200]}))
    assert rows(engine, "SELECT * FROM rules") == [{"status": 200}]


def test_a_made_table_takes_parameters_and_is_made_anew(engine_of: Build) -> None:
    engine = engine_of(ROWS)
    sql = "SELECT client_ip FROM requests WHERE status = $status"
    engine.materialise("seen", sql, {"status": 404, "not_in_it": 1})
    assert rows(engine, "SELECT * FROM seen") == [{"client_ip": "203.0.113.9"}]
    engine.materialise("seen", sql, {"status": 200})
    assert rows(engine, "SELECT * FROM seen") == [{"client_ip": "203.0.113.7"}]


def test_a_made_table_is_added_to_and_thinned_out(engine_of: Build) -> None:
    engine = engine_of(ROWS)
    engine.materialise("seen", "SELECT status FROM requests WHERE status = 404")
    engine.append("seen", "SELECT status FROM requests WHERE status = 200")
    engine.remove("seen", "status < $least", {"least": 300})
    assert rows(engine, "SELECT * FROM seen") == [{"status": 404}]


@pytest.mark.parametrize("sql", ["DELETE FROM requests", "COPY requests TO '/tmp/x'", "SELECT 1; SELECT 2"])
def test_a_table_is_made_of_what_reads_alone(engine_of: Build, sql: str) -> None:
    with pytest.raises((QueryFault, ValueError)):
        engine_of(ROWS).materialise("seen", sql)


def test_a_text_is_read_once_and_what_is_refused_each_time(
    engine_of: Build, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, removing = "SELECT ip_text(client_ip_num) AS ip FROM requests WHERE status = $s", "DELETE FROM requests"
    given = {"s": 404, "not_in_it": 1}
    first = engine_of(ROWS).query(reading, given)
    engine, asked = Engine(lake), []
    parse = engine._parse

    def parsing(text: str, place: str) -> Any:
        asked.append(text)
        return parse(text, place)

    monkeypatch.setattr(engine, "_parse", parsing)
    assert engine.query(reading, given) == first  # it has made the macro, too
    assert asked == []
    for _ in range(2):
        with pytest.raises(QueryFault, match="DELETE is refused"):
            engine.query(removing)
    assert asked == [removing, removing]
