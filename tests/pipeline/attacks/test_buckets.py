"""The bucket in SQL is a leaky bucket: it runs over when one that is filled event by event does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import query
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.conftest import table_of

DAY = datetime(2026, 1, 1, tzinfo=UTC)
MIDNIGHT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)
TEXTS = (
    "client_ip", "prefix", "network", "client_class", "as_org", "country", "kind", "item", "signature", "target",
    "path", "method", "user", "user_agent", "fingerprint", "source",
)  # fmt: skip
SIGNALS = pa.schema(
    [("ts", pa.timestamp("us", "UTC")), ("day", pa.date32()), ("asn", pa.int64()), ("status", pa.int64())]
    + [("source_offset", pa.int64()), *((name, pa.string()) for name in TEXTS)]
)
TIMES = (-34_800, -5400, -5400, 600, 2400)  # of events: long before midnight, within the hour before it, and after it
Event = tuple[int, str]  # half seconds after 23:50, what was asked for


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    lake = Lake(str(tmp_path_factory.mktemp("buckets") / "lake"))
    nothing = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of([{"target": "/"}])), nothing, "test", Mark(1, 0), None)
    return Engine(lake)


def signals(events: Sequence[Event]) -> pa.Table:
    rows = []
    for number, (at, item) in enumerate(events):
        moment = MIDNIGHT - timedelta(minutes=10) + timedelta(seconds=at / 2)
        rows.append({
            "ts": moment, "day": moment.date(), "client_ip": "192.0.2.1", "kind": "asked", "item": item, "target": item,
            "path": item, "source": "log", "source_offset": number,
        })  # fmt: skip
    return pa.Table.from_pylist(rows, SIGNALS)


def found(
    engine: Engine, events: Sequence[Event], capacity: int, leak: float, distinct: bool, **period: datetime
) -> dict[date, tuple[int, bool]]:
    """Day -> (requests, whether the bucket ran over), by the query."""
    rule = {
        "kind": "asked", "rule": "rule", "subject_kind": "ip", "capacity": capacity, "leak_micros": int(leak * 1e6),
        "distinct_by": "item" if distinct else "", "least": 0, "refused": False,
    }  # fmt: skip
    engine.register("rules", pa.Table.from_pylist([rule]))
    engine.register("signals", signals(events))
    rows = query.load("attacks/buckets").run(engine, **period).to_pylist()
    return {row["day"]: (row["requests"], row["over"]) for row in rows}


def model(events: Sequence[Event], capacity: int, leak: float, distinct: bool) -> dict[date, tuple[int, bool]]:
    """The same by a bucket that is filled event by event, a day's with those of the hour before."""
    table = sorted((MIDNIGHT - timedelta(minutes=10) + timedelta(seconds=at / 2), item) for at, item in events)
    answers = {}
    for day in {moment.date() for moment, _ in table}:
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        level, requests, over = Fraction(0), 0, False
        last: datetime | None = None
        shown: dict[str, datetime] = {}
        for moment, item in table:
            if not begin - HOUR <= moment < begin + timedelta(days=1):
                continue
            own = moment >= begin
            requests += own
            before = shown.get(item)
            shown[item] = moment
            if distinct and before is not None and (moment - before).total_seconds() < capacity * leak:
                continue
            if last is not None:
                level = max(Fraction(0), level - Fraction((moment - last).total_seconds()) / Fraction(leak))
            level, last = level + 1, moment
            over |= own and level > capacity
        answers[day] = (requests, over)
    return answers


EVENTS = st.lists(st.tuples(st.integers(0, 2400), st.sampled_from("abcdef")), min_size=1, max_size=40)
RULE = (st.integers(0, 6), st.sampled_from([0.5, 1.0, 8.0, 30.0]), st.booleans())
MANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(EVENTS, *RULE)
def test_it_runs_over_when_a_bucket_does(
    engine: Engine, events: list[Event], capacity: int, leak: float, distinct: bool
) -> None:
    assert found(engine, events, capacity, leak, distinct) == model(events, capacity, leak, distinct)


@MANY
@given(EVENTS, st.randoms(use_true_random=False), *RULE)
def test_the_order_of_rows_is_nothing_to_it(
    engine: Engine, events: list[Event], random: Any, capacity: int, leak: float, distinct: bool
) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert found(engine, events, capacity, leak, distinct) == found(engine, shuffled, capacity, leak, distinct)


@MANY
@given(EVENTS, *RULE)
def test_a_day_by_itself_is_judged_as_within_a_week(
    engine: Engine, events: list[Event], capacity: int, leak: float, distinct: bool
) -> None:
    whole = found(engine, events, capacity, leak, distinct)
    alone = found(engine, events, capacity, leak, distinct, until=MIDNIGHT)
    alone |= found(engine, events, capacity, leak, distinct, since=MIDNIGHT)
    assert alone == whole


@pytest.mark.parametrize(
    ("gap", "over"), [(20, False), (19, True)], ids=["as fast as it leaks", "half a second faster"]
)
def test_what_leaks_in_time_does_not_fill_it(engine: Engine, gap: int, over: bool) -> None:
    events = [(number * gap, str(number)) for number in range(60)]
    assert any(one[1] for one in found(engine, events, 2, 10.0, False).values()) is over


def test_of_many_buckets_each_counts_events_of_one_moment(engine: Engine) -> None:
    """A sort leaves rows of one time in any order, and each sort in its own: seen with hundreds of buckets."""
    dice = Random(17)
    events = {
        f"192.0.2.{client}": [
            (dice.choice(TIMES) + 2 * dice.randrange(2), dice.choice("abcdefgh")) for _ in range(dice.randrange(1, 9))
        ]
        for client in range(300)
    }
    rows = [{**row, "client_ip": client} for client, some in events.items() for row in signals(some).to_pylist()]
    rule = {
        "kind": "asked", "rule": "rule", "subject_kind": "ip", "capacity": 1, "leak_micros": 60_000_000,
        "distinct_by": "item", "least": 0, "refused": False,
    }  # fmt: skip
    engine.register("rules", pa.Table.from_pylist([rule]))
    engine.register("signals", pa.Table.from_pylist(rows, SIGNALS))
    answers = {
        (row["subject"], row["day"]): row["over"] for row in query.load("attacks/buckets").run(engine).to_pylist()
    }
    assert answers == {
        (client, day): over
        for client, some in events.items()
        for day, (_, over) in model(some, 1, 60.0, distinct=True).items()
    }
