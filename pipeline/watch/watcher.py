"""
The three threads of a watch: one reads and commits, one looks at what was committed, one asks the lake.

A question that fails is said, and asked again the next time: rows are read on. What is wrong with the lake itself, or
with a journal, ends all three.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import Config
from pipeline.alerts import Alert
from pipeline.alerts.deliver import Delivery
from pipeline.alerts.find import SHARED, find
from pipeline.alerts.settings import AlertSettings
from pipeline.attacks import Known, judge_of
from pipeline.engine import LOCAL, Engine, Limits, open_engine
from pipeline.errors import QueryFault
from pipeline.lake import REQUESTS, Lake
from pipeline.progress import Watch
from pipeline.watch.days import Days, spans
from pipeline.watch.memory import COLUMNS, Memory
from pipeline.watch.pace import Pace

MAX_WAITING_ROWS = 500_000  # some 200 MB; reading waits while so many are to be looked at
MIN_LOOK_ROWS = 100_000  # so many are looked at before their time, which keeps the queue short
POLL = 0.05
ASK_SHARE = 0.25  # of the time, at most, that asking the lake may take
HURRY_SECONDS = 10.0  # after a minute that is unusual: the flood it may be is to be seen for some time
ASK_BYTES, ASK_THREADS = 2 << 30, 1
# What is told early is told while it goes on, and an alert is told once: information alone waits for the lake's answer,
# which may be that it is more than that
EARLY = ("high", "medium", "low")
# At the end what was committed is looked at for so long; the rest is asked about by the next run. Kubernetes kills what
# takes longer than 30 seconds, and sinks are to be told, too.
END_SECONDS = 5.0
TRIES = 3  # a query may meet a compaction that deletes what it reads


class Figures(NamedTuple):
    """rows and alerts since the start; `waiting` rows to be looked at; `newest` time of a row."""

    rows: int
    waiting: int
    alerts: int
    newest: datetime | None
    asking: bool


class Watcher(Watch):
    """Is shown rows as they are committed, and tells what is in them; `start`, and `close` at the end."""

    wants_rows = True

    def __init__(
        self, lake: Lake, config: Config, settings: AlertSettings, delivery: Delivery, say: Callable[[str], None]
    ) -> None:
        """Raises LakeFault."""
        self._say = say
        self._lake, self._config, self._settings = lake, config, settings
        self._delivery = delivery
        self._days = Days(lake.path)
        self._left = bool(self._days.open())  # from before
        self._shown: pa.Table | None = None  # about to be committed
        self._queue: deque[pa.Table] = deque()
        self._condition = threading.Condition()
        self._waiting = self._rows = self._told = 0
        self._newest: datetime | None = None
        self._asking = self._stopping = False
        self._due = 0.0  # when the lake is to be asked
        self._not_before = 0.0
        self._asked: Engine | None = None
        self._memory: Memory | None = None
        self._ending = False  # whether there is no time any more to look
        self._pace = Pace()
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(run,), name=name, daemon=True)
            for name, run in (("look", self._look_on), ("ask", self._ask_on))
        ]

    @property
    def failed(self) -> bool:
        """Return whether a thread has ended with an error, which `close` raises."""
        return self._failure is not None

    def figures(self) -> Figures:
        """Return how far it is."""
        return Figures(self._rows, self._waiting, self._told, self._newest, self._asking)

    def start(self) -> None:
        """Begin to look and to ask."""
        for thread in self._threads:
            thread.start()

    def coming(self, rows: pa.Table) -> None:
        """Note the dates of rows, before these are in the lake."""
        with self._condition:
            while self._waiting > MAX_WAITING_ROWS and not self._stopping and self._failure is None:
                self._condition.wait(POLL)
        self._days.coming(day for day in rows["date"].unique().to_pylist() if day is not None)
        self._shown = rows.select(COLUMNS)

    def added(self, rows: int) -> None:
        """Have the rows looked at, since they are in the lake."""
        self._days.landed()
        shown, self._shown = self._shown, None
        self._rows += rows
        if shown is not None and shown.num_rows:
            with self._condition:
                self._queue.append(shown)
                self._waiting += shown.num_rows
                self._condition.notify_all()

    def close(self) -> None:
        """Look at what was committed, and end. Raises what a thread has raised."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        end = time.monotonic() + END_SECONDS
        for thread in self._threads:
            while thread.is_alive():
                asked, memory = self._asked, self._memory
                if asked is not None:  # what it is asked may take minutes, and is asked again by the next run
                    asked.interrupt()
                if memory is not None and time.monotonic() > end:
                    self._ending = True
                    memory.interrupt()
                thread.join(POLL)
        if self._failure is not None:
            raise self._failure

    def _guarded(self, run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:
            self._failure = self._failure or error
            with self._condition:
                self._condition.notify_all()

    def _look_on(self) -> None:
        """Look at what has come, every few seconds, until the end."""
        memory = self._memory = Memory(judge_of(self._config), Known(self._config))
        if self._lake.table(REQUESTS) is not None:
            try:
                memory.remember(self._lake)
            except QueryFault as fault:
                if not self._stopping:
                    self._say(f"the lake's last hour is not remembered: {fault}")
        due = time.monotonic() + self._settings.fast
        while True:
            with self._condition:
                while not self._stopping and self._waiting < MIN_LOOK_ROWS and time.monotonic() < due:
                    self._condition.wait(max(POLL, min(self._settings.fast, due - time.monotonic())))
                if self._failure is not None or self._ending:
                    return
                rows = list(self._queue)
                self._queue.clear()
            if rows:
                try:
                    found = memory.look(rows)
                except QueryFault as fault:
                    if self._ending:
                        return
                    self._say(f"what is new was not looked at: {fault}; the lake will be asked")
                    found = []
                self._tell(one for one in found if one.severity in EARLY and one.rule not in SHARED)
                last = max(_latest(table) for table in rows)
                self._newest = last if self._newest is None else max(self._newest, last)
                if self._pace.unusual(_minutes(rows)):
                    self._due = min(self._due, max(self._not_before, time.monotonic() + HURRY_SECONDS))
                with self._condition:
                    self._waiting -= sum(table.num_rows for table in rows)
                    self._condition.notify_all()
            elif self._stopping:
                return
            due = time.monotonic() + self._settings.fast

    def _ask_on(self) -> None:
        """
        Ask the lake about dates with new rows, every few minutes.

        At once if some are left from before, and soon after a minute that was unusual.
        """
        self._due = time.monotonic() + (0 if self._left else self._settings.slow)
        while not self._stopping and self._failure is None:
            if time.monotonic() < self._due:
                with self._condition:
                    self._condition.wait(min(1.0, max(POLL, self._due - time.monotonic())))
                continue
            begun = time.monotonic()
            self._asking = True
            try:
                self._ask()
            except QueryFault as fault:
                if self._stopping:  # interrupted
                    return
                self._say(f"the lake did not answer: {fault}; it is asked again")
            finally:
                self._asking, self._asked = False, None
            now = time.monotonic()
            self._not_before = now + (now - begun) / ASK_SHARE
            self._due = max(now + self._settings.slow, self._not_before)

    def _ask(self) -> None:
        """Ask both questions about the dates that rows came for."""
        about = self._days.open()
        if about and self._lake.table(REQUESTS) is None:  # the first rows are about to be committed
            return
        for span in spans(about):
            if self._stopping:
                return
            self._tell(self._found(span.first, span.last))
            self._days.asked({day: about[day] for day in about if span.first <= day <= span.last})

    def _found(self, first: date, last: date) -> list[Alert]:
        since = datetime(first.year, first.month, first.day, tzinfo=UTC)
        until = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
        for number in range(1, TRIES + 1):
            self._asked = open_engine(self._lake, LOCAL, Limits(ASK_BYTES, ASK_THREADS))
            try:
                return find(self._asked, since, until, self._config)
            except QueryFault:
                if number == TRIES or self._stopping:
                    raise
        raise AssertionError

    def _tell(self, alerts: Iterable[Alert]) -> None:
        """Hand over what is not silenced; it is on the disk when this returns."""
        judged = self._settings.silencing.judge(alerts, datetime.now(UTC))
        new = self._delivery.put([one.alert for one in judged if not one.silenced])
        self._told += len(new)


def _latest(rows: pa.Table) -> datetime:
    latest: datetime | None = pc.max(rows["ts"]).as_py()
    return latest or datetime(1970, 1, 1, tzinfo=UTC)


def _minutes(rows: Iterable[pa.Table]) -> Counter[int]:
    """Return minute since 1970 -> how many rows are of it."""
    found: Counter[int] = Counter()
    for table in rows:
        for one in pc.value_counts(pc.floor_temporal(table["ts"], unit="minute")).to_pylist():
            if one["values"] is not None:
                found[int(one["values"].timestamp()) // 60] += one["counts"]
    return found
