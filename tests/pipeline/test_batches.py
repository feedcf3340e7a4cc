"""Batches, written a column at a time, are what the same rows are, written one by one."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.batches import BATCH_FORMS
from pipeline.output import FORMS

TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="ab,\"'\\\n\r\t=+-@ \x00\x1b\x7f\x9b\u202e\u00e9\U0001f600", max_size=6),
)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001  # of no zone, as SQL has them
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXTS),
    "whole": (pa.int64(), st.integers(-(1 << 63), (1 << 63) - 1)),
    "small": (pa.uint8(), st.integers(0, 255)),
    "large": (pa.uint64(), st.integers(0, (1 << 64) - 1)),
    "real": (pa.float64(), st.floats()),
    "float": (pa.float32(), st.floats(width=32)),
    "truth": (pa.bool_(), st.booleans()),
    "moment": (pa.timestamp("us", "UTC"), MOMENTS.map(lambda one: one.replace(tzinfo=UTC))),
    "there": (pa.timestamp("us"), MOMENTS),
    "second": (pa.timestamp("s"), MOMENTS.map(lambda one: one.replace(microsecond=0))),
    "day": (pa.date32(), st.dates(date(1, 1, 1))),
    "clock": (pa.time64("us"), st.times()),
    "exact": (pa.decimal128(38, 3), st.decimals(-(10**30), 10**30, places=3)),
    "bytes": (pa.binary(), st.binary(max_size=4)),
    "list": (pa.list_(pa.string()), st.lists(TEXTS, max_size=2)),
    "map": (pa.map_(pa.string(), pa.list_(pa.string())),
            st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2).map(lambda one: list(one.items()))),
    "struct": (pa.struct([('a,"b', pa.float64()), ("t", pa.timestamp("us", "UTC"))]),
               st.fixed_dictionaries({'a,"b': st.floats()})),
    "word": (pa.dictionary(pa.int8(), pa.string()), TEXTS),
    "nothing": (pa.null(), st.none()),
}  # fmt: skip


def both(form: str, batches: list[pa.RecordBatch], names: list[str]) -> tuple[str, str]:
    rows = [
        dict(zip(names, values, strict=True))
        for batch in batches
        for values in zip(*[one.to_pylist(maps_as_pydicts="lossy") for one in batch.columns], strict=True)
    ]
    by_row, by_batch = io.StringIO(newline=""), io.StringIO(newline="")
    FORMS[form](rows, names, by_row)
    assert BATCH_FORMS[form](batches, names, by_batch) == len(rows)
    return by_row.getvalue(), by_batch.getvalue()


def numbers(text: str) -> list[list[str]]:
    """The rows of a CSV, each number of the first column as Python writes it."""
    head, *rows = csv.reader(io.StringIO(text))
    return [head, *([repr(float(first)) if first else "", *rest] for first, *rest in rows)]


@pytest.mark.parametrize("form", BATCH_FORMS)
@pytest.mark.parametrize("name", COLUMNS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_batch_is_written_as_its_rows_are(form: str, name: str, data: st.DataObject) -> None:
    kind, values = COLUMNS[name]
    columns = [data.draw(st.lists(st.none() | values, max_size=6)) for _ in range(2)]
    batches = [
        pa.RecordBatch.from_arrays([pa.array(one, kind), pa.array(range(len(one)))], names=["v", "n"])
        for one in columns
    ]
    by_row, by_batch = both(form, batches, ['=a,"b\x1b', "n"])
    if form == "csv" and name == "real":  # the same number, as 1e16 or 1e+16, 1e-05 or 0.00001
        assert numbers(by_batch) == numbers(by_row)
    else:
        assert by_batch == by_row
    assert all(char.isprintable() or char in "\r\n" for char in by_batch)


def test_a_slice_of_a_batch_is_itself_alone() -> None:
    whole = pa.RecordBatch.from_pydict({"a": ["x", None, "y,", "z"], "b": [1, 2, None, 4]})
    for form in BATCH_FORMS:
        for start in range(4):
            by_row, by_batch = both(form, [whole.slice(start, 2), whole.slice(0, 0)], ["a", "b"])
            assert by_batch == by_row


@pytest.mark.parametrize("values", [[None, "", "x"], ["é"], [None]])
def test_a_line_of_one_empty_field_is_a_row(values: list[str | None]) -> None:
    by_row, by_batch = both("csv", [pa.RecordBatch.from_pydict({"a": pa.array(values, pa.string())})], ["a"])
    assert by_batch == by_row
    assert len(list(csv.reader(io.StringIO(by_batch)))) == 1 + len(values)


def test_what_no_value_of_python_is_raises_as_it_does_there() -> None:
    far = pa.array([10_000_000], pa.date32())
    for form in BATCH_FORMS:
        with pytest.raises((OverflowError, ValueError)):
            BATCH_FORMS[form]([pa.RecordBatch.from_arrays([far], names=["d"])], ["d"], io.StringIO())


def test_large_sums_keep_their_digits() -> None:
    batch = pa.RecordBatch.from_pydict({"n": pa.array([Decimal(2**70), Decimal(7)], pa.decimal128(38, 0))})
    out = io.StringIO()
    BATCH_FORMS["ndjson"]([batch], ["n"], out)
    assert [json.loads(line)["n"] for line in out.getvalue().splitlines()] == [str(2**70), 7]


def test_a_number_is_the_same_number_in_whatever_form() -> None:
    batch = pa.RecordBatch.from_pydict({"v": [1e-05, 1e16, None, -0.0, 5e-324, 0.1, float("inf"), float("nan")]})
    by_row, by_batch = both("csv", [batch], ["v"])
    assert numbers(by_batch) == numbers(by_row)
