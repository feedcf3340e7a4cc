"""
The period that is asked about, and the earlier one beside it.

1. `--versus 7d` compares with what was that long before: the same hours, the same day of the week. Without `--since`
   the period is the last 7 days themselves, and the earlier one the 7 before.
2. `--versus previous` compares with a period of equal length that ends where this one begins.
3. Where no end is said, the lake's last request is the end: a lake of old logs is not compared with an empty now.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.errors import UsageFault
from pipeline.timespec import AGO, length_of

PREVIOUS = "previous"
MOMENT = timedelta(microseconds=1)  # a period ends before its end
HOURLY, DAILY = timedelta(days=3), timedelta(days=150)  # up to which hours, or days, are drawn


class Span(NamedTuple):
    """The times of the first and the last request of a lake, None if it has none."""

    first: datetime | None
    last: datetime | None


class Period(NamedTuple):
    """A period from `since` to before `until`, None without end, and the earlier one that it is compared with."""

    since: datetime | None = None
    until: datetime | None = None
    before_since: datetime | None = None
    before_until: datetime | None = None


def compared(since: datetime | None, until: datetime | None, versus: str, span: Span) -> Period:
    """Return both periods. Raises UsageFault if it cannot be told which they are."""
    end = until if until is not None else None if span.last is None else span.last + MOMENT
    if end is None:
        return Period(since, until)
    if versus == PREVIOUS:
        if since is None:
            raise UsageFault("needs a period", "--versus previous", "name one with --since")
        shift = end - since
    else:
        shift = duration(versus)
    begin = since if since is not None else end - shift
    if begin >= end:
        raise UsageFault("the period begins after the lake's last request", "--versus", "name an earlier --since")
    return Period(begin, end, begin - shift, end - shift)


def duration(text: str) -> timedelta:
    """Return the time that `7d` or `24h` stands for. Raises UsageFault."""
    length = length_of(text)
    if length is None and AGO.fullmatch(text):
        raise UsageFault("is too long", f"--versus {text[:20]}", "for example 7d, 24h")
    if not length:
        raise UsageFault("is no time", f"--versus {text[:20]}", f"for example 7d, 24h, or {PREVIOUS}")
    return length


def step_of(since: datetime | None, until: datetime | None, span: Span) -> str:
    """Return how finely a period is drawn over time."""
    first = since if since is not None else span.first
    last = until if until is not None else span.last
    if first is None or last is None:
        return "day"
    length = last - first
    return "hour" if length <= HOURLY else "day" if length <= DAILY else "week"
