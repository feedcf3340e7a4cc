"""Is every line in the lake once, at its place and in its date?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault
from pipeline.lake import Lake
from tests.pipeline.kills.log import Written, day_of, is_reject

ROWS = "SELECT CAST(target[2:] AS BIGINT) AS serial, source_offset, date, CAST(ts AS DATE) AS day FROM requests"
REJECTS = (
    r"SELECT TRY_CAST(regexp_extract(raw, '^junk (\d+)', 1) AS BIGINT) AS serial, source_offset, line, raw FROM rejects"
)


def wrongs(lake: Lake, where: Mapping[int, Written], *, ended: bool, places: bool = True) -> list[str]:
    """
    Return what is wrong with the lake, given the lines that were written.

    ended   whether all of them have to be there
    places  whether offsets and numbers are those of `where`
    """
    try:
        engine = Engine(lake)
    except LakeFault as fault:
        return [str(fault)] if ended else []
    rows, rejects = engine.query(ROWS).to_pylist(), engine.query(REJECTS).to_pylist()
    found = [f"refused: {row['raw'][:200]!r}" for row in rejects if row["serial"] is None]
    rejects = [row for row in rejects if row["serial"] is not None]
    times = Counter(row["serial"] for row in (*rows, *rejects))
    twice = sorted(serial for serial, count in times.items() if count > 1)
    lost = sorted(where.keys() - times.keys()) if ended else []
    strange = sorted(times.keys() - where.keys())
    moved = [
        row
        for row in (*rows, *rejects)
        if places and row["serial"] in where and row["source_offset"] != where[row["serial"]].offset
    ]
    misnumbered = [
        row for row in rejects if places and row["serial"] in where and row["line"] != where[row["serial"]].number
    ]
    wrong_kind = [row["serial"] for row in rows if is_reject(row["serial"])]
    wrong_kind += [row["serial"] for row in rejects if not is_reject(row["serial"])]
    misdated = [row for row in rows if not row["date"] == row["day"] == day_of(row["serial"])]
    for what, which in (
        ("twice", twice),
        ("lost", lost),
        ("never written", strange),
        ("at another offset", moved),
        ("of another number", misnumbered),
        ("a row and no reject, or the other way round", wrong_kind),
        ("of another date", misdated),
    ):
        if which:
            found.append(f"{len(which)} lines {what}: {which[:5]} … {which[-1]}")
    return found
