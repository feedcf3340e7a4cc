"""Accounts that are tried, guessed, shared or asleep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.logins import Settings, find
from tests.pipeline.conftest import NOON
from tests.pipeline.logins.conftest import BERLIN, PARIS, TOKYO, Found, Row, after, history, login, requests_are

RIO = {**TOKYO, "client_ip": "2.125.180.1", "country": "BR", "region": "RJ", "city": "Rio"}


def tries(
    count: int, place: Row = TOKYO, *, spread: int = 1, users: int | None = None, every: float = 5
) -> Iterator[Row]:
    """Failures, each of another account, from so many addresses of a /24 in turns."""
    network = place["client_ip"].rpartition(".")[0]
    for n in range(count):
        here = {**place, "client_ip": f"{network}.{1 + n % spread}"}
        yield login(here, after(seconds=5 * n), f"user{n % (users or count)}", "failure")


# --- spraying --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (tries(10), [("spraying", "2.125.161.1")]),
        (tries(9), []),
        (tries(100, users=9), []),
        (tries(12, spread=6), [("spraying", "2.125.161.0/24")]),
        (tries(10, {**TOKYO, "client_ip": "10.0.0.1"}), []),  # a proxy that is not resolved
        (tries(10, {**TOKYO, "country": None}), [("spraying", "2.125.161.1")]),  # no geo database
        ([*tries(10), *(login({**TOKYO, "client_ip": "2.125.161.1"}, after(hours=1), f"user{n}") for n in range(5))],
         []),  # half of them got in: an office's first day
        ([*tries(10), *(login({**TOKYO, "client_ip": "2.125.161.1"}, after(hours=1), f"other{n}") for n in range(11))],
         []),  # most who sign in there get in
    ],
)  # fmt: skip
def test_many_accounts_from_one_place(rows: list[Row], expected: list[tuple[str, str]], found: Found) -> None:
    assert [one for one in found(rows) if one[0] == "spraying"] == expected


def test_many_accounts_from_one_operator(found: Found) -> None:
    rows = [
        login({**TOKYO, "client_ip": f"2.{n}.161.1", "asn": 64500}, after(seconds=n), f"user{n}", "failure")
        for n in range(30)
    ]
    assert found(rows) == [("spraying", "AS64500")]
    assert found(rows[:29]) == []


def test_spraying_that_got_in_is_worse(engine: Engine) -> None:
    entered = login({**TOKYO, "client_ip": "2.125.161.1"}, after(minutes=2), "user3")
    (alert,) = find(requests_are(engine, [*tries(12), entered]), Settings())
    assert (alert.severity, alert.subject_kind, alert.requests) == ("high", "ip", 12)
    assert alert.evidence[0] == "1 account entered, such as user3"
    (quiet,) = find(requests_are(engine, tries(12)), Settings())
    assert quiet.severity == "medium"
    assert quiet.fingerprint == alert.fingerprint, "the same spraying, of which more is known"


# --- guessing --------------------------------------------------------------------------------------------------------


def burst(count: int, place: Row = TOKYO, user: str = "alice", every: float = 10) -> list[Row]:
    return [login(place, after(seconds=every * n), user, "failure") for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*burst(5), login(TOKYO, after(minutes=5))], ["guessed"]),
        ([*burst(4), login(TOKYO, after(minutes=5))], []),
        ([*burst(5), login(TOKYO, after(minutes=62))], []),  # the first is more than an hour ago
        ([*burst(5), login(TOKYO, after(minutes=5), "bob")], []),
        ([*burst(9), login(PARIS, after(minutes=5))], []),
        ([*burst(10), login(PARIS, after(minutes=5))], ["guessed"]),  # twice as many from elsewhere
        ([*burst(5), login(TOKYO, after(minutes=5)), login(TOKYO, after(minutes=6))], ["guessed"]),
        ([*burst(6, every=2000)], []),
    ],
)
def test_a_login_after_a_burst_of_failures(rows: list[Row], expected: list[str], found: Found) -> None:
    assert [rule for rule, _ in found(rows)] == expected


def test_a_burst_over_midnight_counts(found: Found) -> None:
    rows = [{**row, "ts": row["ts"].replace(hour=23, minute=58)} for row in burst(3, every=1)]
    rows += [{**row, "ts": after(hours=12, minutes=1, seconds=n)} for n, row in enumerate(burst(3, every=1))]
    assert found([*rows, login(TOKYO, after(hours=12, minutes=5))]) == [("guessed", "alice")]


def test_a_password_remembered_at_home_is_low(engine: Engine) -> None:
    rows = [*history(BERLIN, 3), *burst(6, BERLIN), login(BERLIN, after(minutes=5))]
    (alert,) = find(requests_are(engine, rows), Settings())
    assert (alert.rule, alert.severity) == ("guessed", "low")
    (strange,) = find(requests_are(engine, [*burst(6), login(TOKYO, after(minutes=5))]), Settings())
    assert (strange.rule, strange.severity) == ("guessed", "high")


def test_an_account_tried_from_many_networks(found: Found) -> None:
    rows = [login({**TOKYO, "client_ip": f"2.{n}.1.1"}, after(minutes=n), "alice", "failure") for n in range(10)]
    assert found(rows) == [("guessing", "alice")]
    assert found(rows[:9]) == []


# --- many places -----------------------------------------------------------------------------------------------------


def test_one_account_in_three_countries_in_a_day(found: Found) -> None:
    rows = [login(place, after(hours=3 * n)) for n, place in enumerate((BERLIN, TOKYO, RIO))]
    assert found(rows) == [("many_places", "alice")]
    assert found(rows[:2]) == []
    assert found([*rows[:2], login({**RIO, "asn": 9009}, NOON)]) == [], "a VPN's exit is no place"
    one_operator = [{**row, "asn": 64500} for row in rows]
    assert found(one_operator) == [], "a carrier that a database misplaces"


# --- dormant ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "days", "expected"),
    [(BERLIN, 90, "low"), (BERLIN, 89, None), (TOKYO, 90, "medium"), ({**TOKYO, "asn": 9009}, 90, "low")],
)
def test_an_account_that_comes_back(place: Row, days: float, expected: str | None, engine: Engine) -> None:
    rows = [*history(BERLIN, 12, before=after(days=1 - days)), login(place, NOON)]
    severities = [one.severity for one in find(requests_are(engine, rows), Settings()) if one.rule == "dormant_return"]
    assert severities == ([expected] if expected else [])
