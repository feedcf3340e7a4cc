"""What holds for every format that is a pattern over lines."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import FORMATS, TEXT_FORMATS, Format
from pipeline.sources.ingress_nginx import LOG_FORMATS
from pipeline.sources.nginx import compiled
from tests.pipeline.sources import (
    test_alb,
    test_envoy,
    test_haproxy,
    test_ingress_nginx,
    test_tencent_clb,
    test_traefik,
)
from tests.pipeline.sources.lines import crowdsec, one

TIMES = ("%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S.%f%z")
SAMPLES = [
    line
    for table in (
        test_alb.LINES, test_envoy.ENVOYS, test_envoy.ISTIOS, test_haproxy.LINES, test_ingress_nginx.LINES,
        test_tencent_clb.LINES, test_traefik.LINES,
    )
    for line, _ in table.values()
]  # fmt: skip
EACH: list[Format] = [
    *TEXT_FORMATS,
    compiled(LOG_FORMATS[0]),
    compiled("$msec|$http_a|$proxy_add_x_forwarded_for|$uri"),
]


def read_time(text: str) -> datetime:
    """A time that a log wrote; one without a zone is UTC."""
    for form in TIMES:
        for zone in ("", "+0000"):
            try:
                return datetime.strptime(text + zone, form).astimezone(UTC)
            except ValueError:
                continue
    raise AssertionError(text)


@pytest.mark.parametrize("name", ["combined", "traefik", "haproxy", "alb"])
def test_crowdsecs_assertions_hold(name: str) -> None:
    cases = crowdsec(name)
    assert len(cases) >= 4
    for case in cases:
        row = one(FORMATS[name], case["line"])
        expected: dict[str, Any] = {key: None if value == "-" else value for key, value in case["expected"].items()}
        if "ts" in expected:
            expected["ts"] = read_time(expected["ts"])
        if expected.get("status") is not None:
            expected["status"] = int(expected["status"])
        # for what is no request crowdsec has none; we keep what was sent
        if row.get("method") is None:
            expected.pop("target", None)
        assert {key: row.get(key) for key in expected} == expected


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(EACH),
    st.lists(st.binary(max_size=60) | st.sampled_from([line.encode() for line in SAMPLES]), max_size=8),
)
def test_every_line_is_a_row_or_a_reject(form: Format, lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    parsed = form.parse(lines)
    assert parsed.batch.num_rows == len(parsed.lines)
    assert sorted([*parsed.lines.to_pylist(), *(index for index, _ in parsed.rejects)]) == list(range(len(lines)))
    assert all(reason for _, reason in parsed.rejects)
    assert parsed.batch["ts"].null_count == 0
    assert form.takes(lines) <= len(lines)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_line_is_a_row_or_a_reject_of_every_format(line: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line)))
        put = data.draw(
            st.sampled_from(["", '"', " ", "\\", "-", "[", "]", "1", "a", ", ", '" "', "\t", "é", "\0", "{"])
        )
        line = line[:at] + put + line[at + data.draw(st.integers(0, 3)) :]
    form = data.draw(st.sampled_from(EACH))
    parsed = form.parse([line.encode()])
    assert parsed.batch.num_rows + len(parsed.rejects) == 1


def said(row: dict[str, Any]) -> dict[str, Any]:
    """A row; no headers are none, whether or not another row of its batch has some."""
    return {**row, "headers": row["headers"] or None}


@pytest.mark.parametrize("form", EACH, ids=lambda form: form.name)
def test_a_block_gives_what_its_lines_give(form: Format) -> None:
    """Blocks end where the reader ends them: a row must not depend on its neighbours."""
    lines = [line.encode() for line in SAMPLES] + [b"", b"junk", b"\xff\x00"]
    random.Random(1).shuffle(lines)
    whole = form.parse(lines)
    rows = dict(zip(whole.lines.to_pylist(), whole.batch.to_pylist(), strict=True))
    rejects = dict(whole.rejects)
    for index, line in enumerate(lines):
        alone = form.parse([line])
        assert [said(row) for row in alone.batch.to_pylist()] == ([said(rows[index])] if index in rows else [])
        assert [reason for _, reason in alone.rejects] == ([rejects[index]] if index in rejects else [])


def test_no_lines_are_no_rows() -> None:
    for form in EACH:
        assert (form.parse([]).batch.num_rows, form.parse([]).rejects, form.takes([])) == (0, [], 0)
