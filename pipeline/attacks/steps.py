"""
A long period in steps of whole days: what is judged day by day needs the memory of a step, however long the period is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from pipeline.engine import Engine

Period = tuple[datetime | None, datetime | None]

# Of a step, unless one day alone has more: the rows of interest among so many take some hundred MiB, and more steps
# than need be cost a third of a second each
STEP_ROWS = 4_000_000
DAY = timedelta(days=1)
COUNTED = """
SELECT date AS day, count(*) AS requests
FROM requests
WHERE (date >= CAST($since AS DATE) OR $since IS NULL) AND (date <= CAST($until AS DATE) OR $until IS NULL)
GROUP BY date
ORDER BY date
"""


def steps(engine: Engine, since: datetime | None, until: datetime | None) -> list[tuple[datetime, datetime]]:
    """Return periods of whole days that make up that from since to until, where there are rows. Raises QueryFault."""
    found: list[tuple[date, date, int]] = []
    for row in engine.query(COUNTED, {"since": since, "until": until}).to_pylist():
        day, requests = row["day"], row["requests"]
        if day is None:
            continue
        if found and found[-1][2] + requests <= STEP_ROWS:
            found[-1] = (found[-1][0], day, found[-1][2] + requests)
        else:
            found.append((day, day, requests))
    periods = [(_midnight(first), _midnight(last + DAY)) for first, last, _ in found]
    within = [(max(start, since or start), min(end, until or end)) for start, end in periods]
    return [(start, end) for start, end in within if start < end]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
