"""docs/how-to/privacy.md says of every column what it tells of a person, and what it says of other parts is theirs."""

from __future__ import annotations

import re

from echo.record import FIELDS, REDACTED_HEADERS
from pipeline.alerts.journal import KEPT
from pipeline.rows import REJECT_SCHEMA, ROW_SCHEMA
from tests.docs.page import read

PAGE = read("docs/how-to/privacy.md")


def test_each_column_is_said_once() -> None:
    (table,) = re.findall(r"^\| columns \|.*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    said = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(said) == sorted(ROW_SCHEMA.names)
    assert {field.name for field in FIELDS} - {"v"} <= set(said)
    assert "raw" in REJECT_SCHEMA.names


def test_headers_and_periods_are_those_of_the_code() -> None:
    assert f"of these headers: {', '.join(sorted(REDACTED_HEADERS))}." in " ".join(PAGE.split())
    assert f"| {KEPT.days} days ([journal]" in PAGE
