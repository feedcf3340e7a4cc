"""What a policy reads out of the headers of a batch."""

import pyarrow as pa
import pytest

from echo.clientip import make_policy
from pipeline.headers import read_headers
from pipeline.rows import HEADERS_TYPE

POLICY = make_policy("chain(single-header:X-Real-IP,rightmost-untrusted)", trusted=["10.0.0.0/8"])


def read(*rows: object) -> dict[str, list[str | None]]:
    columns = read_headers(pa.array(rows, HEADERS_TYPE), POLICY)
    return {name: column.to_pylist() for name, column in columns.items()}


def test_the_fields_of_a_list_are_one_list() -> None:
    rows = [[("x-forwarded-for", ["1.1.1.1", "2.2.2.2, 3.3.3.3"])], [("x-forwarded-for", ["4.4.4.4"])]]
    assert read(*rows)["x-forwarded-for"] == ["1.1.1.1,2.2.2.2, 3.3.3.3", "4.4.4.4"]


def test_the_last_field_of_a_header_of_one_address_counts() -> None:
    rows = [[("x-real-ip", values)] for values in (["1.1.1.1", "2.2.2.2"], ["3.3.3.3"])]
    assert read(*rows)["x-real-ip"] == ["2.2.2.2", "3.3.3.3"]


@pytest.mark.parametrize("row", [None, [], [("x-forwarded-for", [])], [("x-forwarded-for", None)]])
def test_a_header_without_fields_did_not_arrive(row: object) -> None:
    assert read(row, row) == {"x-forwarded-for": [None, None], "x-real-ip": [None, None]}
    assert read([("x-forwarded-for", ["1.1.1.1"])], row)["x-forwarded-for"] == ["1.1.1.1", None]


def test_an_empty_field_arrived() -> None:
    assert read([("x-forwarded-for", [""])])["x-forwarded-for"] == [""]


def test_no_rows() -> None:
    assert read() == {"x-forwarded-for": [], "x-real-ip": []}


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_header_that_one_row_has_twice_is_not_its_neighbours(rows: int) -> None:
    """No reader of ours writes a name twice; a lake that others write to may."""
    found = read([("x-real-ip", ["1.1.1.1"]), ("x-real-ip", ["2.2.2.2"])], *[[]] * (rows - 1))["x-real-ip"]
    assert found[0] in {"1.1.1.1", "2.2.2.2"}
    assert found[1:] == [None] * (rows - 1)


def test_a_slice_has_its_own_rows() -> None:
    headers = pa.array([[("accept", ["*/*"]), ("x-forwarded-for", [f"203.0.113.{n}"])] for n in range(4)], HEADERS_TYPE)
    assert read_headers(headers.slice(1, 2), POLICY)["x-forwarded-for"].to_pylist() == ["203.0.113.1", "203.0.113.2"]
