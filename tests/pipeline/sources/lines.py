"""What the tests of log formats share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pipeline.sources import Format, Parsed, sniff

CROWDSEC = Path(__file__).parents[2] / "data" / "logs" / "crowdsec_text.jsonl"
TIME = "[17/May/2015:10:05:03 +0000]"


def one(form: Format, line: str | bytes) -> dict[str, Any]:
    """The fields that are not null of the one row that line makes."""
    parsed = form.parse([line.encode() if isinstance(line, str) else line])
    assert parsed.rejects == []
    assert parsed.lines.to_pylist() == [0]
    row = parsed.batch.to_pylist()[0]
    return {name: value for name, value in row.items() if value is not None and value != []}


def has(form: Format, line: str | bytes, expected: dict[str, Any]) -> None:
    """The row of line has the values expected; None for what it must not have."""
    row = one(form, line)
    assert {key: row.get(key) for key in expected} == expected


def refused(form: Format, line: str) -> str:
    """Why line is no row."""
    parsed = form.parse([line.encode()])
    assert parsed.batch.num_rows == 0
    [(index, reason)] = parsed.rejects
    assert index == 0
    return reason


def sniffed(*lines: str) -> str:
    """The name of the format that lines are taken for."""
    form = sniff([line.encode() for line in lines])
    return form.name if form is not None else ""


def crowdsec(name: str) -> list[dict[str, Any]]:
    """The cases of CROWDSEC of one format."""
    return [case for case in map(json.loads, CROWDSEC.read_text("utf-8").splitlines()) if case["format"] == name]


def damaged(data: st.DataObject, lines: Sequence[bytes], pieces: Sequence[bytes], most: int) -> list[bytes]:
    """Lines with a part of each, `most` bytes at most, taken out, doubled, or one of the pieces put in its place."""
    made = []
    for line in lines:
        start = data.draw(st.integers(0, len(line)))
        end = data.draw(st.integers(start, min(len(line), start + most)))
        new = data.draw(st.sampled_from([b"", *pieces, line[start:end] * 2]))
        made.append(line[:start] + new + line[end:])
    return made


def rows(parsed: Parsed) -> list[tuple[int, dict[str, object]]]:
    """Each row behind the number of its line."""
    return sorted(zip(parsed.lines.to_pylist(), parsed.batch.to_pylist(), strict=True), key=lambda one: one[0])
