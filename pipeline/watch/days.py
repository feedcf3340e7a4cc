"""
Dates with rows that the lake was not asked about yet: `alerts/watch.json` in the lake's folder.

A date is on the disk before its rows are in the lake, and stays until all questions were asked about it with no row
having come meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

from echo.clientip import printable
from pipeline.alerts.files import put, sync_folder
from pipeline.alerts.journal import FOLDER
from pipeline.errors import LakeFault

NAME = "watch.json"
# A clock that is wrong gives any date: what is beyond is asked about once, and not remembered
MAX_DAYS = 1000
# and what no web server was there for, or will be for long, is not asked about at all
FIRST, AHEAD = date(1990, 1, 1), timedelta(days=3650)


class Span(NamedTuple):
    """Dates one after the other, the last one included."""

    first: date
    last: date


class Days:
    """The dates of a lake that are to be asked about; from any thread."""

    def __init__(self, lake_path: str) -> None:
        """Read what is left from before. Raises LakeFault."""
        self._path = Path(lake_path) / FOLDER / NAME
        self._lock = threading.Lock()
        self._counts: dict[date, int] = {}  # date -> how often rows came for it
        self._flying: list[date] = []  # of rows that are noted, and may be in the lake or not
        with suppress(OSError, ValueError, TypeError, KeyError):
            self._counts = {date.fromisoformat(one): 0 for one in orjson.loads(self._path.read_bytes())["days"]}

    def coming(self, days: Iterable[date]) -> None:
        """Note dates whose rows are about to be committed. Raises LakeFault."""
        last = datetime.now(UTC).date() + AHEAD
        days = [day for day in days if FIRST <= day <= last]
        with self._lock:
            new = [day for day in days if day not in self._counts]
            if new and len(self._counts) < MAX_DAYS:
                self._write([*self._counts, *new])
            for day in days:
                self._counts.setdefault(day, 0)
            self._flying = days

    def landed(self) -> None:
        """Note that the rows that were coming are in the lake: whoever asked before that did not see them."""
        with self._lock:
            for day in self._flying:
                self._counts[day] = self._counts.get(day, 0) + 1
            self._flying = []

    def open(self) -> dict[date, int]:
        """Return the dates, each with a number that changes when more rows come for it."""
        with self._lock:
            return dict(self._counts)

    def asked(self, about: dict[date, int]) -> None:
        """Strike out dates that nothing came for since `open` gave them. Raises LakeFault."""
        with self._lock:
            done = [day for day, count in about.items() if self._counts.get(day) == count and day not in self._flying]
            for day in done:
                del self._counts[day]
            if done:
                self._write(list(self._counts))

    def _write(self, days: list[date]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            put(self._path, orjson.dumps({"days": sorted(days)[-MAX_DAYS:]}))
            sync_folder(self._path.parent)
        except OSError as error:
            raise LakeFault(
                f"cannot write: {error.strerror or error}", printable(str(self._path)), "free space or mend the folder"
            ) from None


def spans(days: Iterable[date]) -> list[Span]:
    """Return dates as runs of dates one after the other, the newest first: what is new is to be told first."""
    found: list[Span] = []
    for day in sorted(days):
        if found and day - found[-1].last == timedelta(days=1):
            found[-1] = Span(found[-1].first, day)
        else:
            found.append(Span(day, day))
    return found[::-1]
