"""
Delivery: each alert to each sink that wants it, once, in the order in which they were found.

Rules:

1. A sink has its own queue, its own journal and its own tries: one that fails holds up no other.
2. Within a sink order is kept: while an alert is tried again, those behind it wait.
3. Tries are as far apart as they were many, at random within that, and no earlier than the receiver asked for. After
   GIVE_UP an alert is given up, and that is said; until then it waits in the journal, for the next run if need be.
4. What a receiver refuses (4xx) is said and not tried again: it would be refused again.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.alerts.alert import Alert
from pipeline.alerts.journal import GAVE_UP, Journal, Pending
from pipeline.alerts.journal import REFUSED as NOTED_REFUSED
from pipeline.alerts.journal import SENT as NOTED_SENT
from pipeline.alerts.sending import AGAIN, MAKERS, SENT, attempt, session
from pipeline.alerts.settings import Sink

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds, doubled from try to try
GIVE_UP = timedelta(days=3)  # Standard Webhooks' own example of a schedule ends then
MAX_WAITING = 10_000  # alerts of a sink that does not answer; beyond, the oldest are given up
SAY_EVERY = 60.0  # seconds between two complaints about one sink
POLL = 0.05

Say = Callable[[str], None]


@dataclass
class Count:
    """How many alerts of a run a sink was told, refused, and was not told yet."""

    sent: int = 0
    refused: int = 0
    waiting: int = 0


class Delivery:
    """Delivers in a thread of its own; open it, `put` what was found, `drain`, and `close`."""

    def __init__(self, sinks: Sequence[Sink], lake_path: str, what: str, say: Say, pace: float = 1.0) -> None:
        """
        Open the journals, and begin to tell what is left from before.

        what  the command, for whoever finds a journal locked
        pace  shortens the waits, for tests

        Raises LakeFault.
        """
        self._say, self._pace = say, pace
        self._lanes: list[_Lane] = []
        try:
            for sink in sinks:
                self._lanes.append(_Lane(sink, Journal(lake_path, sink.name, what)))
        except BaseException:
            for lane in self._lanes:
                lane.journal.close()
            raise
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="alerts", daemon=True)
        self._thread.start()
        for lane in self._lanes:
            waiting = lane.journal.pending()
            self._call(self._start(lane, waiting))

    def put(self, alerts: Iterable[Alert]) -> list[Alert]:
        """
        Take alerts that were found; those that a sink was not told yet are on the disk when this returns.

        Returns those that are new to a sink. Raises LakeFault.
        """
        self._check()
        found = list(alerts)
        new: dict[str, Alert] = {}
        for lane in self._lanes:
            fresh = self._call(self._add(lane, [one for one in found if lane.sink.wants(one.severity)]))
            new |= {one.alert.fingerprint: one.alert for one in fresh}
        return list(new.values())

    def drain(self, seconds: float, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Wait until all is told, or for so long; return whether it is. Raises LakeFault."""
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        while not all(lane.idle for lane in self._lanes) and not stopped():
            self._check()
            if datetime.now(UTC) >= end:
                return False
            threading.Event().wait(POLL)
        self._check()
        return all(lane.idle for lane in self._lanes)

    def counts(self) -> dict[str, Count]:
        """Return name of sink -> counts."""
        return {
            lane.sink.name: Count(lane.count.sent, lane.count.refused, lane.journal.waiting) for lane in self._lanes
        }

    @property
    def failed(self) -> bool:
        """Return whether a sink's lane has ended with an error, which the next call raises."""
        return any(lane.task is not None and lane.task.done() for lane in self._lanes)

    def again(self) -> int:
        """Have what was refused or given up told again when it is found again; return how many."""
        return sum(lane.journal.again() for lane in self._lanes)

    def close(self) -> None:
        """End: what was not told yet waits in the journal."""
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for lane in self._lanes:
            lane.journal.close()

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _check(self) -> None:
        """Raise what ended a lane: a journal that cannot be written."""
        for lane in self._lanes:
            if lane.task is not None and lane.task.done() and not lane.task.cancelled():
                error = lane.task.exception()
                if error is not None:
                    raise error

    async def _start(self, lane: _Lane, waiting: Sequence[Pending]) -> None:
        lane.queue = asyncio.Queue()
        for one in waiting:
            lane.queue.put_nowait(one)
        lane.task = asyncio.create_task(self._run(lane))

    async def _add(self, lane: _Lane, alerts: Sequence[Alert]) -> list[Pending]:
        fresh = lane.journal.add(alerts)
        for one in fresh:
            lane.queue.put_nowait(one)
        return fresh

    async def _stop(self) -> None:
        for lane in self._lanes:
            if lane.task is not None:
                lane.task.cancel()
        await asyncio.gather(*(lane.task for lane in self._lanes if lane.task is not None), return_exceptions=True)

    async def _run(self, lane: _Lane) -> None:
        """Tell one after the other."""
        client = session(lane.sink) if lane.sink.kind in MAKERS else None
        try:
            while True:
                lane.working = False
                one = await lane.queue.get()
                lane.working = True
                await self._tell(lane, one, client)
        finally:
            if client is not None:
                await client.close()

    async def _tell(self, lane: _Lane, one: Pending, client: Any) -> None:
        """Try until it is told, refused or given up."""
        identity = one.alert.fingerprint
        tries = 0
        while True:
            if lane.queue.qsize() >= MAX_WAITING or datetime.now(UTC) - one.since > GIVE_UP:
                lane.journal.end([identity], GAVE_UP)
                lane.count.refused += 1
                self._complain(lane, f"an alert was given up: {identity}")
                return
            tried = await attempt(one.alert, lane.sink, client)
            if tried.what == SENT:
                lane.journal.end([identity], NOTED_SENT)
                lane.count.sent += 1
                if lane.failing:
                    lane.failing, lane.said = False, 0.0
                    self._say(f"{lane.sink.name}: answers again")
                return
            if tried.what != AGAIN:
                lane.journal.end([identity], NOTED_REFUSED, tried.words)
                lane.count.refused += 1
                self._complain(lane, f"refused: {tried.words}; not tried again: {identity}", always=True)
                return
            lane.failing = True
            self._complain(lane, f"{tried.words}; tried again")
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**tries) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
            tries = min(tries + 1, 20)
            await asyncio.sleep(max(wait * self._pace, tried.after))

    def _complain(self, lane: _Lane, words: str, *, always: bool = False) -> None:
        now = self._loop.time()
        if always or not lane.said or now - lane.said > SAY_EVERY:
            lane.said = now
            self._say(f"{lane.sink.name} ({lane.sink.shown}): {words}")


class _Lane:
    """A sink and what waits for it; but for `idle`, the loop's alone."""

    def __init__(self, sink: Sink, journal: Journal) -> None:
        self.sink, self.journal = sink, journal
        self.queue: asyncio.Queue[Pending]
        self.task: asyncio.Task[None] | None = None
        self.working = False
        self.failing = False
        self.said = 0.0
        self.count = Count()

    @property
    def idle(self) -> bool:
        """Return whether nothing waits."""
        return not self.journal.waiting
