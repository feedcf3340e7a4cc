"""
What may be part of an attack, of the last hour, and the leaky buckets over it.

The rows of a few seconds go through the SQL that makes `signals` of a lake (stages of `pipeline.attacks`), and what
comes of them is added to what is there. Buckets are looked at for the networks that something came of just now: no
other's can have run over since. What cannot be seen in a few seconds, such as a client that asks for two pages in each
of them all day, is left to the lake.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline import query
from pipeline.alerts import Alert, worst_first
from pipeline.attacks.crawlers import Known, spared
from pipeline.attacks.find import BUCKETS, alert_of, alerts_of_buckets
from pipeline.attacks.inside import Inside
from pipeline.attacks.rules import BY_CODE
from pipeline.attacks.stages import EARLIER, in_order, prepare, register_tables
from pipeline.engine import LOCAL, Engine, Limits, open_engine
from pipeline.lake import REQUESTS, TABLES, Lake
from pipeline.rows import ROW_SCHEMA

SIGNALS = "signals"
# asked early, too, and the rules of it whose severity does not depend on what else comes that day
EARLY_QUERY, EARLY_RULES = "attacks/answered", ("answered",)
CLAIMS = "attacks/crawler_claims"  # which tells verified crawlers from those that are not


def _columns() -> tuple[str, ...]:
    """Return what the SQL over new rows reads of them: columns whose names stand in it."""
    names = [*(query.makers()[name] for name in in_order([SIGNALS])), CLAIMS]
    text = " ".join(query.load(name).sql for name in names)
    return tuple(name for name in ROW_SCHEMA.names if name == "ts" or re.search(rf"\b{name}\b", text))


COLUMNS = _columns()
SCHEMA = pa.schema([ROW_SCHEMA.field(name) for name in COLUMNS])
KEPT_SECONDS = EARLIER.total_seconds()  # no bucket of the rules takes longer to leak
# Of one client, kind and look: no bucket of a client holds more than 40, and the number told is "so far". A flood of
# refused requests would fill the memory with what is known already.
MAX_OF_A_CLIENT = 60
MAX_SIGNALS = 500_000  # some 200 MB; above, the oldest go
MAX_ALERTS = 1000  # of a look, the worst; where more sources than that attack at once, the lake has the others
MAX_TOLD = 200_000  # of what was found, so that it is not made an alert of at each look; then all is forgotten
MEMORY_BYTES, THREADS = 1 << 30, 1  # of DuckDB: the other core reads

NEW = f"""
    SELECT found.*, $look AS look
    FROM (
        SELECT *, row_number() OVER (PARTITION BY client_ip, kind ORDER BY ts DESC) AS nth FROM (
{{sql}}
        ) AS made
    ) AS found
    WHERE nth <= {MAX_OF_A_CLIENT}
"""  # noqa: S608  # ours
NOW = """
    SELECT memory.* EXCLUDE (nth, look)
    FROM memory
    WHERE prefix IN (SELECT prefix FROM fresh) OR "user" IN (SELECT "user" FROM fresh)
"""


class _Nothing(Lake):
    """A lake without a file."""

    def __init__(self) -> None:
        super().__init__(".")

    def files(self) -> dict[str, list[str]]:
        return {name: [] for name in TABLES}


class Memory:
    """Signals of the last hour; from one thread."""

    def __init__(
        self,
        judge: Callable[[str], Inside | None],
        known: Known | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Begin empty.

        judge  what an address is that is no attacker's, from `attacks.judge_of`
        known  the crawlers that are spared
        """
        self._known = known or Known()
        self._before: Engine | None = None  # of the lake that is remembered
        self._engine = open_engine(_Nothing(), LOCAL, Limits(MEMORY_BYTES, THREADS))
        self._judge, self._now = judge, now
        self._looks: deque[tuple[int, float, int]] = deque()  # number, time and signals of each look that is kept
        self._look = 0
        self._told: set[tuple[Any, ...]] = set()
        register_tables(self._engine)
        self._stages = list(in_order([SIGNALS]))
        self._take(SCHEMA.empty_table())

    @property
    def size(self) -> int:
        """Return how many signals are kept."""
        return sum(count for _, _, count in self._looks)

    def interrupt(self) -> None:
        """End what another thread has this do, with a QueryFault there."""
        self._engine.interrupt()
        if self._before is not None:
            self._before.interrupt()

    def remember(self, lake: Lake) -> None:
        """Take the signals of a lake's last hour, of before a restart. Raises QueryFault."""
        engine = self._before = open_engine(lake, LOCAL, Limits(MEMORY_BYTES, THREADS))
        try:
            self._remember(engine)
        finally:
            self._before = None

    def _remember(self, engine: Engine) -> None:
        last = engine.query("SELECT max(ts) AS ts FROM requests").to_pylist()[0]["ts"]
        if last is None:
            return
        last = min(last, datetime.now(UTC) + timedelta(days=1))  # a clock may be wrong; the hour before comes with it
        prepare(engine, last, None, [SIGNALS])
        kept = f"SELECT * FROM {SIGNALS} ORDER BY ts DESC LIMIT {MAX_SIGNALS}"  # noqa: S608  # ours
        self._engine.register("before", engine.query(kept))
        self._look += 1
        self._add(NEW.format(sql="SELECT * FROM before"))

    def look(self, rows: Sequence[pa.Table]) -> list[Alert]:
        """Take rows of COLUMNS that were just committed, and return what they make of it. Raises QueryFault."""
        self._forget()
        if not self._take(pa.concat_tables(rows) if rows else SCHEMA.empty_table()):
            return []
        self._engine.materialise(SIGNALS, NOW)
        found = self._new(query.load(BUCKETS).run(self._engine, since=None, until=None), "over")
        rows = self._new(query.load(EARLY_QUERY).run(self._engine, since=None, until=None), "severity")
        answered = [alert_of(BY_CODE[row["rule"]], row, self._judge) for row in rows if row["rule"] in EARLY_RULES]
        alerts = worst_first(alerts_of_buckets(found, self._judge) + answered)[:MAX_ALERTS]
        return spared(alerts, self._engine, self._known)

    def _new(self, table: pa.Table, state: str) -> list[dict[str, Any]]:
        """Return the rows of a query that were not found before, in that state."""
        keys = list(zip(*(table[name].to_pylist() for name in ("rule", "subject", "day", state)), strict=True))
        new = [number for number, key in enumerate(keys) if key not in self._told]
        if len(self._told) + len(new) > MAX_TOLD:
            self._told.clear()
        self._told.update(keys[number] for number in new)
        rows: list[dict[str, Any]] = table.take(pa.array(new, pa.int64())).to_pylist()
        return rows

    def _take(self, rows: pa.Table) -> int:
        """Make signals of rows, and return how many."""
        self._engine.register(REQUESTS, rows)
        for name in self._stages[:-1]:
            loaded = query.load(query.makers()[name])
            self._engine.materialise(name, loaded.sql, loaded.bound())
        loaded = query.load(query.makers()[SIGNALS])
        self._look += 1
        return self._add(NEW.format(sql=loaded.sql), loaded.bound())

    def _add(self, sql: str, parameters: dict[str, object] | None = None) -> int:
        self._engine.materialise("fresh", sql, {**(parameters or {}), "look": self._look})
        count = int(self._engine.query("SELECT count(*) AS n FROM fresh").to_pylist()[0]["n"])
        if not self._looks and self._look <= 1:
            self._engine.materialise("memory", "SELECT * FROM fresh")
        else:
            self._engine.append("memory", "SELECT * FROM fresh")
        self._looks.append((self._look, self._now(), count))
        return count

    def _forget(self) -> None:
        """Forget what is older than any bucket remembers, and the oldest of too much."""
        gone, size, now = 0, self.size, self._now()
        while self._looks and (now - self._looks[0][1] > KEPT_SECONDS or size > MAX_SIGNALS):
            gone, _, count = self._looks.popleft()
            size -= count
        if gone:
            self._engine.remove("memory", "look <= $gone", {"gone": gone})
