"""Numbers and times as people read them. Nothing (None) is a dash; digits are grouped alike in English and Chinese."""

from __future__ import annotations

import math
from datetime import date, datetime

NOTHING = "–"
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
THOUSAND = 1000


def number(value: float | None) -> str:
    """Return a number in groups of three digits; two places behind the point at most."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def size(value: float | None) -> str:
    """Return a number of bytes with three digits: `1.42 GB`, powers of 1,000."""
    if value is None or not math.isfinite(value):
        return NOTHING
    at, left = 0, float(value)
    while abs(left) >= THOUSAND - 0.5 and at < len(UNITS) - 1:
        left /= THOUSAND
        at += 1
    return f"{left:.0f} {UNITS[at]}" if not at else f"{_three(left)} {UNITS[at]}"


def share(value: float | None) -> str:
    """Return a part of 1 as percent: `12.3 %`, `<0.1 %` for what is there and rounds to nothing."""
    if value is None or not math.isfinite(value):
        return NOTHING
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99.9 < percent < 100:
        return ">99.9 %"
    return f"{percent:.1f}".removesuffix(".0") + " %"


def change(value: float | None) -> str:
    """Return a relative change with its sign: `+25 %`, `−50 %`, `×12` from ten times on."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value >= 9:
        return f"×{_three(value + 1)}"
    text = f"{abs(value) * 100:.0f}" if abs(value) >= 0.1 else f"{abs(value) * 100:.1f}".removesuffix(".0")
    return f"{'+' if value > 0 else '−' if value < 0 else '±'}{text} %"


def signed(value: int | None) -> str:
    """Return a difference with its sign: `+895`, `−256`."""
    if value is None:
        return NOTHING
    return f"{value:+,}".replace("-", "−") if value else "0"


def milliseconds(value: float | None) -> str:
    """Return a time: `0.25 ms`, `37 ms`, `1.2 s`."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{_three(value)} ms" if value < THOUSAND else f"{_three(value / THOUSAND)} s"


def moment(value: date | None, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return a moment, which is UTC, or a date."""
    if value is None:
        return NOTHING
    return value.strftime(pattern if isinstance(value, datetime) else "%Y-%m-%d")


def _three(value: float) -> str:
    """Return a number with three digits that count."""
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text
