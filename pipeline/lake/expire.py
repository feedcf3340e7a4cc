"""
Old dates out of the lake. Whole dates only: the newest that goes is the last one that ended before the period to keep.

A row's date is when the request was; a rejected line has no such date that could be read, so it goes by when it was
ingested. How far each source was read stays known: logs that are ingested again do not bring back what has expired.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from echo.clientip import quote
from pipeline.engine import open_engine
from pipeline.errors import UsageFault
from pipeline.lake import log
from pipeline.lake.files import files_of
from pipeline.lake.keeper import keeping
from pipeline.lake.table import REJECTS, REQUESTS, TABLES, WRITER, Lake

KEEP = re.compile(r"([0-9]{1,6})([dw])")
DAYS = {"d": 1, "w": 7}
MAX_KEPT_DAYS = 36_500  # a century: more is a slip of the finger


class Expired(NamedTuple):
    """What went, or is to go: rows, rejects and whole files, and the dates it was."""

    first: date | None
    last: date | None
    rows: int
    rejects: int
    files: int
    bytes: int


def kept_days(text: str) -> int:
    """Return the days that `--keep` means. Raises UsageFault."""
    found = KEEP.fullmatch(text.strip())
    days = int(found[1]) * DAYS[found[2]] if found else 0
    if not 1 <= days <= MAX_KEPT_DAYS:
        raise UsageFault(f"{quote(text)} is no period to keep", "--keep", "write days or weeks: 90d, 26w; at least 1d")
    return days


def expire(lake: Lake, days: int, today: date, *, dry_run: bool) -> Expired:
    """
    Delete the dates before the last `days` days, and the rejects ingested before them.

    A lake whose rows are all older is empty then: what was promised to be kept for so long is not to be kept because
    nothing newer came. Raises LakeFault.
    """
    first_kept = today - timedelta(days=days)
    with keeping(lake, "expire"):
        table = lake.table(REQUESTS)
        files = [] if table is None else files_of(lake, REQUESTS, table)
        old = [file for file in files if file.day is not None and file.day < first_kept]
        moment = datetime.combine(first_kept, datetime.min.time(), UTC)
        rejects = _old_rejects(lake, moment)
        if not dry_run:
            if old:
                lake.committed(partial(_delete, lake, REQUESTS, f"date < '{first_kept}'"))
            if rejects:
                lake.committed(partial(_delete, lake, REJECTS, f"ingested_at < '{moment:%Y-%m-%dT%H:%M:%SZ}'"))
            for name in TABLES:
                log.tidy(lake, name)
    dates = [file.day for file in old if file.day is not None]
    return Expired(
        min(dates, default=None),
        max(dates, default=None),
        sum(file.rows for file in old),
        rejects,
        len(old),
        sum(file.bytes for file in old),
    )


def _old_rejects(lake: Lake, before: datetime) -> int:
    sql = "SELECT count(*) AS n FROM rejects WHERE ingested_at < $before"
    return int(open_engine(lake).query(sql, {"before": before}).to_pylist()[0]["n"])


def _delete(lake: Lake, name: str, predicate: str) -> None:
    table = lake.table(name)
    if table is not None:
        table.delete(predicate, writer_properties=WRITER)
