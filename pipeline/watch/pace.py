"""
Minutes far louder than those before them: then the lake is asked at once, since only it can tell a flood from a crowd.

This is no finding, and a false alarm of it costs a question to the lake.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

TIMES = 3  # as many requests as in a usual minute
LOUD = 300  # requests a minute: five a second, below which `attacks` calls nothing a flood
COMPARED = 60  # minutes before
KNOWN = 3  # of these, at least


class Pace:
    """Requests by the minute, of the log's own time; from one thread."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._told: set[int] = set()

    def unusual(self, counts: Mapping[int, int]) -> bool:
        """
        Take requests that came, and return whether a minute has become loud that was not before.

        counts  minute since 1970 -> how many
        """
        for minute, count in counts.items():
            self._counts[minute] = self._counts.get(minute, 0) + count
        loud = {minute for minute in counts if minute not in self._told and self._loud(minute)}
        self._told |= loud
        found = [minute for minute in loud if minute - 1 not in self._told]
        if len(self._counts) > 2 * COMPARED:
            kept = sorted(self._counts)[-COMPARED:]
            self._counts = {minute: self._counts[minute] for minute in kept}
            self._told &= set(kept)
        return bool(found)

    def _loud(self, minute: int) -> bool:
        """Return whether a minute is loud beside those before it."""
        before = [self._counts.get(one, 0) for one in range(minute - COMPARED, minute) if one >= min(self._counts)]
        return len(before) >= KNOWN and self._counts[minute] >= max(LOUD, TIMES * median(before))
