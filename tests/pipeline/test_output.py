"""Attacker-written values reach people and programs without doing anything to them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output import FORMS, write_rows

ROW: dict[str, Any] = {
    "ts": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "day": date(2026, 1, 2),
    "count": 1234567,
    "share": 0.125,
    "name": "=HYPERLINK(1)\x1b[31m\u202e",
    "list": ["a", "b"],
    "raw": b"\x00\xff",
    "none": None,
    "nan": float("nan"),
}


def written(form: str, rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    write_rows(
        rows, list(ROW) if rows and rows[0].keys() == ROW.keys() else list(rows[0]) if rows else ["a"], form, out
    )
    return out.getvalue()


def test_json_and_ndjson_hold_the_values() -> None:
    expected = {**ROW, "ts": "2026-01-02T03:04:05Z", "day": "2026-01-02", "raw": "00ff", "nan": None}
    assert json.loads(written("ndjson", [ROW])) == expected
    assert json.loads(written("json", [ROW, ROW])) == [expected, expected]
    assert json.loads(written("json", [])) == []


def test_csv_guards_formulas_and_quotes() -> None:
    header, cells = csv.reader(io.StringIO(written("csv", [ROW])))
    assert header == list(ROW)
    assert dict(zip(header, cells, strict=True))["name"].startswith("'=HYPERLINK")


def test_a_table_is_for_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = written("table", [ROW])
    assert "1,234,567" in text
    assert "0.125" in text
    assert r"\x1b[31m" in text
    assert written("table", []) == "(no rows)\n"


def test_a_table_shows_large_numbers_and_what_is_nested_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    rows = [{"large": 1e300, "map": {"a": ["b", None]}, "nested": [[1], [2]], "list": [1, 2]}]
    (_, line) = written("table", rows).splitlines()
    assert line.split("  ") == ["1e+300", '{"a":["b",null]}', "[[1],[2]]", "1, 2"]


def test_years_and_ports_are_not_grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (_, line) = written(
        "table", [{"year": 2026, "port": 8080, "rows": 10000, "mean": 9999.5, "less": -1234}]
    ).splitlines()
    assert line.split() == ["2026", "8080", "10,000", "9999.5", "-1234"]


def test_a_long_text_that_has_no_room_beside_the_others_stands_below_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "4 requests for known holes in less than a second, for example /actuator/env and /vendor/eval-stdin.php"
    rows = [
        {"source": "2001:db8:85a3:8d3:1319:8a2e:370:7348", "n": 4, "why": said},
        {"source": "a", "n": 5, "why": "b"},
    ]
    monkeypatch.setenv("COLUMNS", "60")
    assert written("table", rows) == (
        "source                                n\n"
        "2001:db8:85a3:8d3:1319:8a2e:370:7348  4\n"
        "    4 requests for known holes in less than a second, for\n"
        "    example /actuator/env and /vendor/eval-stdin.php\n"
        "a                                     5\n"
        "    b\n"
    )
    monkeypatch.setenv("COLUMNS", "66")
    assert written("table", rows).splitlines()[0].split() == ["source", "n", "why"]


def test_columns_that_have_no_room_beside_each_other_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    row = {f"column_{number}": number * 11111 for number in range(6)}
    assert written("table", [row]).splitlines()[1].split() == ["0", "11,111", "22,222", "33,333", "44,444", "55,555"]
    wide = row | {"target\x1b[31m": "x" * 70, "none": None}
    lines = written("table", [wide, wide]).splitlines()
    assert lines[:3] == ["row 1", "column_0        0", "column_1        11,111"]
    assert lines[7:11] == [
        r"target\x1b[31m  " + "x" * 44, " " * 16 + "x" * 26, "none            –", "",
    ]  # fmt: skip
    assert lines[11] == "row 2"
    assert all(len(line) <= 60 for line in lines)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
@pytest.mark.parametrize("form", FORMS)
def test_no_form_lets_a_character_through_that_a_terminal_obeys(form: str, text: str) -> None:
    out = written(form, [{"a": text, "b": [text]}])
    assert all(char.isprintable() or char in "\r\n" for char in out)
    if form == "ndjson":
        assert json.loads(out) == {"a": text, "b": [text]}
