"""
Travel as the tests and rules of other products have it: what they say, what we say, and why where that is not the same.

Facts (places, times, verdicts) are from panther-labs/panther-analysis (impossible_travel_login.yml), crowdsecurity/hub
(teleport-impossible-travel; MIT), and the numbers of Elastic's, Okta's, Splunk's and Microsoft's rules. None of these
learns before it speaks, so learning is off here.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.logins import NUMBERS, Settings
from tests.pipeline.conftest import NOON
from tests.pipeline.logins.conftest import Found, Row, login

AT_ONCE = Settings({**{name: one.default for name, one in NUMBERS.items()}, "learning_logins": 0})


def place(country: str, region: str | None, city: str | None, latitude: float | None, longitude: float | None) -> Row:
    return {"country": country, "region": region, "city": city, "latitude": latitude, "longitude": longitude}


NEW_YORK = place("US", "New York", "New York City", 40.71427, -74.00597)
LOS_ANGELES = place("US", "California", "Los Angeles", 34.05223, -118.24368)
AUCKLAND = place("NZ", "Auckland", "Auckland", -36.84853, 174.76349)
NEWARK = place("US", "New Jersey", "Newark", 40.7357, -74.1724)
BERLIN = place("DE", "Berlin", "Berlin", 52.52, 13.40)
PARIS = place("FR", "Île-de-France", "Paris", 48.86, 2.35)
NOWHERE = place("US", "New York", "New York City", 0.0, 0.0)
RELAY, VPN, SATELLITE, HOME = {"asn": 36183}, {"asn": 46562}, {"asn": 22351}, {"asn": 64500}
TRAVEL, COUNTRY, REGION, NOTHING = "impossible_travel", "new_country", "new_region", ""

# product and case, last place, this place, hours between, this network, their verdict, ours
CASES = [
    ("Panther: New York, two hours later Auckland", NEW_YORK, AUCKLAND, 2.0, {}, True, TRAVEL),
    ("Panther: the same by Okta, 2:04 hours", NEW_YORK, AUCKLAND, 2 + 4 / 60, {}, True, TRAVEL),
    ("Panther: coast to coast in 2:04 h, a VPN without a name", NEW_YORK, LOS_ANGELES, 2 + 4 / 60, {}, True, TRAVEL),
    # they say INFO, and do not remember it; we keep it back, and do not either
    ("Panther: by Apple Private Relay", NEW_YORK, LOS_ANGELES, 2 + 4 / 60, RELAY, True, "impossible_travel: relay"),
    ("Panther: by a VPN with a name", NEW_YORK, LOS_ANGELES, 2 + 4 / 60, VPN, True, "impossible_travel: vpn"),
    ("Panther: by satellite", NEW_YORK, AUCKLAND, 2.0, SATELLITE, False, "impossible_travel: satellite"),
    # they say LOW, "GEOIP inaccuracy"; so do we, in other words
    ("Panther: 14 km in five minutes", NEW_YORK, NEWARK, 5 / 60, {}, True, REGION),
    ("Panther: no time between", NEW_YORK, AUCKLAND, 0.0, {}, True, TRAVEL),
    ("CrowdSec: Australia and, a second later, the United States", place("AU", None, None, None, None),
     place("US", None, None, None, None), 1 / 3600, {}, True, TRAVEL),
    # over 1,000 km within three hours, at any speed: a plane makes that
    ("CrowdSec: 1,200 km in two hours", place("DE", "Bremen", "Bremen", 53.08, 8.81),
     place("GB", "Scotland", "Wick", 58.44, -3.09), 2.0, {}, False, COUNTRY),
    ("CrowdSec: (0, 0) is nowhere", AUCKLAND, NOWHERE, 1.0, {}, False, COUNTRY),
    # 800 and 805 km/h: what a jet with the wind behind makes, both radii aside
    ("Elastic: 878 km in 65 minutes", BERLIN, PARIS, 65 / 60, {}, True, COUNTRY),
    ("Okta: 3,936 km in 4:30 hours", NEW_YORK, LOS_ANGELES, 4.5, {}, True, REGION),
    # two cities a day are a commute
    ("Splunk: two cities in 24 hours", NEW_YORK, NEWARK, 20.0, {}, True, REGION),
    ("Sentinel: a country without success in 14 days", BERLIN, PARIS, 24.0, {}, True, COUNTRY),
    ("Elastic: two countries in half an hour", BERLIN, PARIS, 0.5, {}, True, TRAVEL),
]  # fmt: skip


@pytest.mark.parametrize(("name", "last", "here", "hours", "network", "theirs", "ours"), CASES)
def test_a_case_of_another_product(
    name: str, last: Row, here: Row, hours: float, network: Row, theirs: bool, ours: str, found: Found
) -> None:
    assert name.partition(":")[0] in {"Panther", "CrowdSec", "Elastic", "Okta", "Splunk", "Sentinel"}
    assert isinstance(theirs, bool)
    rows = [
        login({**last, **HOME, "client_ip": "12.12.11.12"}, NOON, "homer"),
        login({**here, "asn": 64501, **network, "client_ip": "12.12.12.12"}, NOON + timedelta(hours=hours), "homer"),
    ]
    assert found(rows, AT_ONCE, silent=True) == ([(ours, "homer")] if ours else [])


def test_most_verdicts_are_theirs() -> None:
    """A finding, of whatever rule, where they have one; kept back counts as their INFO."""
    differ = [case[0] for case in CASES if case[5] != bool(case[6])]
    assert differ == ["Panther: by satellite", "CrowdSec: 1,200 km in two hours", "CrowdSec: (0, 0) is nowhere"]


def test_without_a_login_before_there_is_nothing_to_compare(found: Found) -> None:
    assert found([login({**AUCKLAND, "client_ip": "12.12.12.12"}, NOON, "tester")], AT_ONCE, silent=True) == []


def test_the_same_address_is_no_journey(found: Found) -> None:
    """Panther: the database has moved the address meanwhile."""
    rows = [
        login({**where, "client_ip": "12.12.12.12"}, NOON + timedelta(hours=n), "homer")
        for n, where in enumerate((NEW_YORK, AUCKLAND))
    ]
    assert found(rows, AT_ONCE, silent=True) == []
