"""Our own records: what the server writes is read; anything else is a reject that names the field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.record import FIELDS
from pipeline.sources.ndjson import parse

RECORD: dict[str, Any] = {
    "v": 1,
    "ts": "2026-11-22T20:32:25.123456Z",
    "peer_ip": "10.0.0.1",
    "peer_port": 4711,
    "method": "GET",
    "target": "/",
    "headers": {"accept": ["*/*"], "x-forwarded-for": ["203.0.113.7", "10.0.0.2"]},
    "client_ip": "203.0.113.7",
    "client_reason": "rightmost-untrusted",
    "status": 200,
    "response_bytes": 1,
    "request_bytes": 0,
    "duration_us": 250,
    "connection_id": "a1",
    "connection_request": 1,
}


def line(**changes: Any) -> bytes:
    return orjson.dumps({**RECORD, **changes})


def test_a_record_becomes_a_row() -> None:
    row = parse([line()]).batch.to_pylist()[0]
    assert row["ts"] == datetime(2026, 11, 22, 20, 32, 25, 123456, tzinfo=UTC)
    assert row["headers"] == [("accept", ["*/*"]), ("x-forwarded-for", ["203.0.113.7", "10.0.0.2"])]
    assert (row["peer_port"], row["client_ip"], row["duration_us"]) == (4711, "203.0.113.7", 250)


def test_fields_of_a_later_minor_version_are_passed_over() -> None:
    assert parse([line(shoe_size=43)]).batch.num_rows == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON, but no whofrom record: field v is missing"),
        (b"{}", "JSON, but no whofrom record: field v is missing"),
        (line(v=True), "JSON, but no whofrom record: field v is missing"),
        (line(v=2), "schema version 2 is newer than 1: upgrade whofrom"),
        (line(status="ok"), "field status is no int: 'ok'"),
        (line(status=None), "field status is missing"),
        (line(status=2**63 - 1, peer_port=2**63), "field peer_port is no int"),
        (line(ts="9999-12-31T23:59:59-14:00"), "field ts is no timestamp"),
        (line(response_bytes=-1), "field response_bytes is no int: '-1'"),
        (line(ts="yesterday"), "field ts is no timestamp: 'yesterday'"),
        (line(headers=["x"]), "field headers is no headers"),
        (line(headers={"x": "y"}), "field headers is no headers"),
        (line(target={"a": 1}), "field target is no text"),
    ],
)
def test_what_is_no_record_says_which_field(text: bytes, reason: str) -> None:
    parsed = parse([line(), text, line()])
    assert parsed.batch.num_rows == 2
    assert parsed.lines.to_pylist() == [0, 2]
    assert [index for index, _ in parsed.rejects] == [1]
    assert parsed.rejects[0][1].startswith(reason)


json_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.lists(st.text(max_size=3), max_size=2)
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from([field.name for field in FIELDS]), json_values, max_size=4), max_size=5)
)
def test_every_line_is_a_row_or_a_reject(changes: list[dict[str, Any]]) -> None:
    import json

    lines = [json.dumps({**RECORD, **change}).encode() for change in changes]
    parsed = parse(lines)
    assert sorted([*parsed.lines.to_pylist(), *(index for index, _ in parsed.rejects)]) == list(range(len(lines)))
