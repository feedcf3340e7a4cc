"""What holds for any logins: their order, repeats, and the pace of asking change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.alerts.document import as_row
from pipeline.engine.duckdb import Engine
from pipeline.logins import Settings, find, judge
from tests.pipeline.conftest import NOON
from tests.pipeline.logins.conftest import BERLIN, PARIS, POTSDAM, TOKYO, Row, after, login, requests_are

PLACES = [
    {**BERLIN, "asn": 3320}, {**POTSDAM, "asn": 3320}, {**PARIS, "asn": 3215}, {**TOKYO, "asn": 2516},
    {**TOKYO, "client_ip": "2.125.190.1", "asn": 9009}, {**BERLIN, "client_ip": "10.0.0.1"},
    {**PARIS, "client_ip": "2.125.191.1", "city": None, "region": None, "asn": None},
    {**BERLIN, "client_ip": "2001:db8::1"},
]  # fmt: skip
few = hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def years(draw: st.DrawFn) -> list[Row]:
    """Some weeks of logins of a few users, hours or days apart, some of them failing."""
    random = Random(draw(st.integers(0, 10_000)))
    rows = []
    for user in ("alice", "bob", "carol", "dave"):
        moment = NOON
        for _ in range(random.randint(0, 25)):
            moment += timedelta(minutes=random.choice([1, 7, 50, 300, 2000]))
            place = PLACES[0] if random.random() < 0.6 else random.choice(PLACES)
            rows.append(login(place, moment, user, random.choice(["success"] * 4 + ["failure"])))
    return rows


def told(engine: Engine, rows: list[Row], **period: datetime) -> list[dict[str, Any]]:
    """All that is found, kept back included, without what counts the repeats."""
    found = judge(requests_are(engine, rows), Settings(), period.get("since"), period.get("until"))
    return [as_row(one.alert) | {"silent": one.silent} for one in found]


@few
@given(years(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_repeats_change_nothing(engine: Engine, rows: list[Row], random: Any) -> None:
    shuffled = [*rows, *rows[::3]]
    random.shuffle(shuffled)
    assert told(engine, shuffled) == told(engine, rows)


@few
@given(years())
def test_some_days_after_the_other_are_all_at_once(engine: Engine, rows: list[Row]) -> None:
    """As watch and cron ask; logins of later days are not there yet when some days are asked about."""
    begin = datetime.combine(NOON, time(), UTC)
    cuts = [begin + timedelta(days=days) for days in (0, 1, 3, 60)]
    found = []
    for since, until in pairwise(cuts):
        found += told(engine, [row for row in rows if row["ts"] < until], since=since, until=until)
    assert found == told(engine, rows)


@few
@given(years())
def test_a_login_from_the_place_before_adds_nothing(engine: Engine, rows: list[Row]) -> None:
    """A minute after each login the same user signs in from the same address."""
    ours = [row for row in rows if row["login"] == "success"]
    again = [{**row, "ts": row["ts"] + timedelta(seconds=30)} for row in ours]
    before = {one.fingerprint for one in find(requests_are(engine, ours), Settings())}
    more = {one.fingerprint for one in find(requests_are(engine, [*ours, *again]), Settings(NUMBERS))}
    assert more <= before


# twice as many logins are twice as soon learned, and push places out of a history of logins: days alone count here
NUMBERS = {**Settings().numbers, "learning_logins": 20, "history_logins": 40}


def test_every_finding_says_why(engine: Engine) -> None:
    places = [PLACES[0]] * 12 + PLACES
    rows = [login(place, after(hours=7 * number)) for number, place in enumerate(places)]
    for one in judge(requests_are(engine, rows), Settings()):
        assert one.alert.subject in one.alert.title
        assert one.alert.evidence
        assert one.alert.began.date() == one.alert.day


def test_ids_do_not_depend_on_what_is_known_later(engine: Engine) -> None:
    rows = [login(PLACES[0], after(days=-20 + n)) for n in range(20)] + [login(PLACES[3], NOON)]
    later = [login(PLACES[3], after(minutes=n)) for n in range(1, 9)]
    (first,) = find(requests_are(engine, rows), Settings())
    (second,) = find(requests_are(engine, [*rows, *later]), Settings())
    assert first.fingerprint == second.fingerprint
