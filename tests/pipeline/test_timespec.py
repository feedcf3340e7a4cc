"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import UsageFault
from pipeline.timespec import parse_moment

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("90s", NOW - timedelta(seconds=90)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:30", datetime(2026, 11, 1, 10, 30, tzinfo=UTC)),
        ("2026-11-01 10:30:00+02:00", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
        ("2026-11-01T10:30:00Z", datetime(2026, 11, 1, 10, 30, tzinfo=UTC)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    assert parse_moment(text, NOW, "--since") == expected


@pytest.mark.parametrize(
    "text", ["yesterdayish", "", "24", "-1h", "2026-13-01", "999999999w", "9" * 400, "24h\x1b[31m"]
)
def test_what_is_no_time_is_one_line_with_the_forms(text: str) -> None:
    with pytest.raises(UsageFault) as caught:
        parse_moment(text, NOW, "--since")
    line = str(caught.value)
    assert line.startswith("--since: '")
    assert "is no time; write 30m, 24h" in line
    assert "\x1b" not in line
    assert len(line) < 300
