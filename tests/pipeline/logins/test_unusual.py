"""Unusual places: what is found, what is left alone, and why."""

from __future__ import annotations

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.logins import Settings, find
from tests.pipeline.conftest import NOON
from tests.pipeline.logins.conftest import (
    BERLIN,
    PARIS,
    POTSDAM,
    TOKYO,
    Found,
    Row,
    after,
    history,
    login,
    requests_are,
)

HOSTED = {**TOKYO, "asn": 14061, "as_org": "DIGITALOCEAN-ASN"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([login(BERLIN, NOON), login(TOKYO, after(minutes=40))], ["impossible_travel"]),
        ([login(TOKYO, NOON)], ["new_country"]),
        ([login(POTSDAM, NOON)], ["new_region"]),
        ([login({**BERLIN, "client_ip": "2.125.164.1", "city": "Spandau", "asn": 6805}, NOON)], []),
        ([login(TOKYO, NOON), login({**TOKYO, "client_ip": "2.125.165.1"}, after(hours=1))], ["new_country"]),
        ([login(TOKYO, NOON), login(BERLIN, after(minutes=5))], ["impossible_travel"]),
        ([login({**TOKYO, "city": None}, NOON)], ["new_country"]),
        ([login({**TOKYO, "region": None, "city": None}, NOON)], ["new_country"]),
        ([login({**BERLIN, "client_ip": "2.125.166.1", "region": None, "city": None}, NOON)], []),
    ],
)
def test_a_place_that_is_new_for_a_learned_user(rows: list[Row], expected: list[str], found: Found) -> None:
    assert found([*history(BERLIN), *rows]) == [(rule, "alice") for rule in expected]


def test_a_network_that_is_new_where_networks_are_known(found: Found) -> None:
    telekom, telefonica = {**BERLIN, "asn": 3320}, {**BERLIN, "client_ip": "2.125.164.1", "city": None, "asn": 6805}
    assert found([*history(telekom), login(telefonica, NOON)]) == [("new_asn", "alice")]
    assert found([*history(telekom), login({**telefonica, "asn": None}, NOON)]) == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([login(BERLIN, NOON), login(POTSDAM, after(minutes=5))], "learned, and places a radius apart"),
        ([*history(BERLIN), login(TOKYO, after(days=3))][11:], "a journey that a plane makes, by a user still learned"),
        ([*history(BERLIN), login(TOKYO, NOON, outcome="failure")], "nobody got in"),
        ([*history(BERLIN), login(TOKYO, NOON, user="bob")], "another user"),
        ([*history(BERLIN), login({**TOKYO, "client_ip": "10.0.0.1"}, NOON)], "an address from inside"),
        ([*history(BERLIN), login({**TOKYO, "client_ip": None}, NOON)], "a client that is not known"),
        ([*history(BERLIN), login({**TOKYO, "country": None}, NOON)], "no country"),
        ([*history(BERLIN), login({**TOKYO, "client_ip": "2.125.160.1"}, NOON)], "the same /24, wherever it is"),
        ([*history(BERLIN, 9), login(TOKYO, NOON)], "nine logins in nine days"),
    ],
)  # fmt: skip
def test_what_is_no_finding(rows: list[Row], reason: str, found: Found) -> None:
    assert found(rows) == [], reason


def test_learning_ends_with_ten_logins_or_fourteen_days(found: Found) -> None:
    abroad = [login(TOKYO, NOON)]
    assert found([*history(BERLIN, 10), *abroad]) == [("new_country", "alice")]
    assert found([login(BERLIN, after(days=-14)), *abroad]) == [("new_country", "alice")]
    assert found([login(BERLIN, after(days=-13.9)), *abroad], silent=True) == [("new_country: learning", "alice")]


@pytest.mark.parametrize(
    ("place", "minutes", "expected"),
    [
        ({**TOKYO, "accuracy_km": 9000.0}, 5, "new_country"),  # a wide radius
        ({**TOKYO, "latitude": 0.0, "longitude": 0.0}, 5, "new_country"),  # in the sea
        ({**PARIS, "accuracy_km": 350.0}, 5, "impossible_travel"),  # 871 km less 370
        ({**PARIS, "accuracy_km": 351.0}, 5, "new_country"),
        (PARIS, 55, "impossible_travel"),  # 831 km net
        (PARIS, 56, "new_country"),
        (TOKYO, 0, "impossible_travel"),
    ],
)
def test_travel_is_impossible_net_of_both_radii(place: Row, minutes: float, expected: str, found: Found) -> None:
    rows = [*history(BERLIN), login(BERLIN, NOON), login(place, after(minutes=minutes))]
    if minutes == 0:
        rows[-1]["client_ip"] = "2.125.199.1"  # logins of one time are in the order of their addresses
    assert found(rows) == [(expected, "alice")]


@pytest.mark.parametrize(
    ("settings", "place", "reason"),
    [
        (Settings(), HOSTED, "hosting"),
        (Settings(), {**TOKYO, "asn": 9009}, "vpn"),
        (Settings(), {**TOKYO, "asn": 36183}, "relay"),
    ],
)
def test_networks_where_nobody_is_are_kept_back(settings: Settings, place: Row, reason: str, found: Found) -> None:
    rows = [*history(BERLIN), login(place, NOON)]
    assert found(rows, settings) == []
    assert found(rows, settings, silent=True) == [(f"new_country: {reason}", "alice")]


def test_what_is_kept_back_is_not_remembered(found: Found) -> None:
    """A VPN in Tokyo makes nobody at home there, and the next login at home is no journey back."""
    rows = [*history(BERLIN), login(HOSTED, NOON), login(BERLIN, after(minutes=5)), login(TOKYO, after(days=1))]
    assert found(rows) == [("new_country", "alice")]


def test_a_network_that_five_others_use_is_shared(found: Found) -> None:
    def rows(others: int, days: float = 3) -> list[Row]:
        visits = [login(TOKYO, after(days=-days), f"user{n}") for n in range(others)]
        return [*history(BERLIN), *visits, login(TOKYO, NOON)]

    assert found(rows(4)) == [("new_country", "alice")]
    assert found(rows(5)) == []
    assert found(rows(5), silent=True) == [("new_country: shared_network", "alice")]
    assert found(rows(5, days=31)) == [("new_country", "alice")]


def test_thieves_do_not_vouch_for_each_other(found: Found) -> None:
    """Who enters many accounts from one address is found at the last as at the first."""
    users = [f"user{n}" for n in range(9)]
    homes = [row for n, user in enumerate(users) for row in history({**BERLIN, "client_ip": f"2.{n}.1.1"}, user=user)]
    thefts = [login({**TOKYO, "city": None}, after(hours=n), user) for n, user in enumerate(users)]
    assert found([*homes, *thefts]) == [("new_country", user) for user in users]


def test_an_office_is_shared_by_those_who_have_been_elsewhere_in_its_country(found: Found) -> None:
    office = {**TOKYO, "client_ip": "2.125.200.1"}
    users = [f"user{n}" for n in range(5)]
    locals_ = [row for n, user in enumerate(users) for row in history({**TOKYO, "client_ip": f"2.{n}.1.1"}, user=user)]
    visits = [login(office, after(days=-1), user) for user in users]
    assert found([*history(BERLIN), *locals_, *visits, login(office, NOON)], since=NOON) == []


def test_a_commuter_between_two_known_places_is_silent(found: Found) -> None:
    rows = [
        login(place, after(days=-20 + day, hours=hour))
        for day in range(20)
        for hour, place in ((0, BERLIN), (12, TOKYO))
    ]
    rows += [login(BERLIN, after(days=1)), login(TOKYO, after(days=1, minutes=5))]
    assert found(rows) == []
    assert found(rows, silent=True, since=NOON) == [("impossible_travel: both_known", "alice")]


def test_one_finding_a_pair_of_places_and_day(found: Found) -> None:
    back_and_forth = [login(place, after(minutes=5 * n)) for n, place in enumerate([BERLIN, TOKYO] * 5)]
    assert found([*history(BERLIN), *back_and_forth]) == [("impossible_travel", "alice")]


def test_a_place_is_forgotten_after_thirty_days_and_twenty_logins(found: Found) -> None:
    once = login(TOKYO, after(days=-40))
    since = [login({**BERLIN, "client_ip": f"2.125.{n % 2}.1"}, after(days=-39 + n / 8)) for n in range(21)]
    old = history(BERLIN, before=after(days=-50))
    assert ("new_country", "alice") in found([*old, once, *since, login(TOKYO, NOON)], since=NOON)
    assert found([*old, once, *since[:19], login(TOKYO, NOON)], since=NOON) == []


def test_the_history_before_since_is_read(found: Found) -> None:
    rows = [*history(BERLIN), login(TOKYO, after(minutes=40))]
    assert found(rows, since=NOON) == [("new_country", "alice")]
    assert found(rows, until=NOON) == []


def test_a_finding_explains_itself(engine: Engine) -> None:
    (alert,) = find(
        requests_are(engine, [*history(BERLIN), login(BERLIN, NOON), login(TOKYO, after(minutes=40))]), Settings()
    )
    assert alert.title == "alice signed in from Tokyo (JP) 40 minutes after Berlin (DE)"
    said = "8,877 km and 13,316 km/h even if both places are as wrong as they may be (20 and 20 km)"
    assert alert.evidence[0] == f"8,917 km in 40 minutes: {said}"
    assert "history: 13 logins in 12 days; Berlin (DE) 13 × since 2025-12-20" in alert.evidence
    assert alert.key == "DE/Berlin – JP/Tokyo"
