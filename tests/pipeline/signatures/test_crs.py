"""Requests of the OWASP CRS's regression tests, of which patterns were written by one half."""

from __future__ import annotations

import pytest

from benchmarks.signatures.cases import FAMILIES, HALVES, Case, Count, cases, counts, judged
from pipeline.signatures import BY_ID

ROWS = cases()
# Found of the attacks of a family, of both halves; benchmarks/results has the numbers of the day.
FLOORS = {"sqli": 0.9, "xss": 0.95, "lfi": 0.95, "rfi": 0.75, "php": 0.95, "rce": 0.85, "generic": 0.9}


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, bool, str], Count]:
    return counts(ROWS, judged(ROWS))


@pytest.mark.parametrize("family", FAMILIES)
def test_attacks_are_found_as_of_their_family(family: str, found: dict[tuple[str, bool, str], Count]) -> None:
    halves = [found[family, True, half] for half in HALVES]
    every = sum(half.all for half in halves)
    assert sum(half.found for half in halves) >= FLOORS[family] * every


def test_innocent_requests_are_no_severe_attack() -> None:
    """Of what a rule of the CRS must not find, these are what people write."""
    innocent = [
        "/get?email=user%40example.com",
        "/get?foo=the%20system%20is%20down()",
        "/get?foo=time+warner",
        "/get?test=Times%20%26%20Schedule",
        "/get?last_name=Perlak",
        "/get?url_slug=my--slugified-url",
        "/get?text=Don't%20quit",
        "/get?css=div%5Bdata-value%3D%22test%22%5D",
        "/get?q=we+select+the+best+from+our+shop",
        "/get?gift_message=%20I%20Love%20you%20%3C3",
    ]
    rows = [
        Case("", "rce", False, "", "GET", target, {"user-agent": "Mozilla/5.0 (X11; Linux)"}) for target in innocent
    ]
    for target, ids in zip(innocent, judged(rows), strict=True):
        assert not [one for one in ids if BY_ID[one].severity == "high"], target
