"""Numbers and times as people read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipeline.report.figures import change, milliseconds, moment, number, share, signed, size


@pytest.mark.parametrize(
    ("shown", "value", "text"),
    [
        (number, 1234567, "1,234,567"),
        (number, 0, "0"),
        (number, 1234.5, "1,234.5"),
        (number, None, "–"),
        (number, float("nan"), "–"),
        (size, 0, "0 bytes"),
        (size, 999, "999 bytes"),
        (size, 1000, "1 kB"),
        (size, 1_420_000_000, "1.42 GB"),
        (size, 999_999, "1 MB"),
        (size, 9_223_372_036_854_775_807, "9.22 EB"),
        (share, 0, "0 %"),
        (share, 0.0004, "<0.1 %"),
        (share, 0.1234, "12.3 %"),
        (share, 0.9999, ">99.9 %"),
        (share, 1, "100 %"),
        (change, 0.25, "+25 %"),
        (change, -0.5, "−50 %"),
        (change, 0.004, "+0.4 %"),
        (change, 0, "±0 %"),
        (change, 11, "×12"),
        (change, None, "–"),
        (signed, 895, "+895"),
        (signed, -1256, "−1,256"),
        (signed, 0, "0"),
        (signed, None, "–"),
        (milliseconds, 0.25, "0.25 ms"),
        (milliseconds, 37.0, "37 ms"),
        (milliseconds, 1234, "1.23 s"),
        (moment, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02 03:04:05"),
        (moment, date(2026, 1, 2), "2026-01-02"),
        (moment, None, "–"),
    ],
)
def test_figures(shown: Callable[[Any], str], value: Any, text: str) -> None:
    assert shown(value) == text
