"""Each query finds in its examples what they say, and has an example of what it does not find."""

from __future__ import annotations

import pytest

from pipeline import query
from pipeline.rows import ROW_SCHEMA
from tests.pipeline.queries.cases import NOTES, Case, approximately, cases, repeated

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_query_finds_what_its_example_says(case: Case) -> None:
    assert case.found(case.rows) == approximately(case.expected), "python -m tests.pipeline.queries shows what is found"


@pytest.mark.parametrize("case", [case for case in CASES if any("miss" in row for row in case.rows)], ids=str)
def test_near_misses_are_not_found(case: Case) -> None:
    """Alone, too: not because of what stands beside them."""
    assert case.found([row for row in case.rows if "miss" in row]) == []


@pytest.mark.parametrize("name", query.names())
def test_every_query_has_an_example_of_what_it_finds_and_of_what_it_does_not(name: str) -> None:
    own = [case for case in CASES if case.query == name]
    assert any(case.expected for case in own), f"tests/pipeline/queries/{name}/CASE/ has rows that are found"
    assert any("miss" in row for case in own for row in case.rows), f"a row of {name} says why it is a near miss"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_example_is_of_a_query_and_of_columns_that_there_are(case: Case) -> None:
    parameters = {one.name for one in query.load(case.query).parameters}
    assert case.parameters.keys() <= parameters
    for row in case.rows:
        assert row.keys() - NOTES <= set(ROW_SCHEMA.names)


def test_a_line_may_stand_for_many_rows() -> None:
    line = {"ts": "2026-01-01T00:00:00Z", "target": "/{n}", "status": 200, "times": 3, "every": 0.5, "miss": "few"}
    rows = list(repeated(line))
    assert [row["target"] for row in rows] == ["/0", "/1", "/2"]
    assert [(row["ts"] - rows[0]["ts"]).total_seconds() for row in rows] == [0.0, 0.5, 1.0]
    assert "miss" not in rows[0]
