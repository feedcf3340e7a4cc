"""The hops of a way, and who was believed; and signs that headers were forged."""

from __future__ import annotations

from typing import Any

import pytest

from echo.clientip import Ranges, make_policy
from pipeline.trace.forged import MEANINGS, Own, signs_of
from pipeline.trace.hops import COLUMNS, Way, alike, way_of

BEHIND = make_policy(trusted=["10.0.0.0/8"])
OURS = Own(Ranges(["198.51.100.0/24"]), Ranges(["10.0.0.0/8"]))
NAMES = {header: column for column, header in COLUMNS.items()}


def row(peer: str | None, client: str | None = None, source: str = "peer", requests: int = 1, **headers: str) -> Any:
    found: dict[str, Any] = dict.fromkeys(COLUMNS)
    found |= {NAMES[name.replace("_", "-")]: [value] for name, value in headers.items()}
    return found | {
        "requests": requests, "peer_ip": peer, "peer_name": None, "proxied_ip": None, "client_ip": client,
        "client_source": source, "client_reason": "peer", "policy": "abc",
    }  # fmt: skip


def hops(way: Way) -> list[tuple[str, str, str]]:
    return [(hop.text, hop.source, hop.role) for hop in way.hops]


def test_a_policy_is_asked_again() -> None:
    way = way_of(row("10.0.0.1", "10.0.0.1", x_forwarded_for="1.2.3.4, 203.0.113.9, 10.0.0.7"), BEHIND)
    assert hops(way) == [
        ("1.2.3.4", "x-forwarded-for", "claim"),
        ("203.0.113.9", "x-forwarded-for", "client"),
        ("10.0.0.7", "x-forwarded-for", "trusted"),
        ("10.0.0.1", "peer", "trusted"),
    ]
    assert (way.client, way.recorded, way.judged) == ("203.0.113.9", "10.0.0.1", BEHIND.id)
    assert [hop.text for hop in way.claims] == ["1.2.3.4"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # the row says that a header named the client: right of it is believed, left of it claimed
        (
            row("10.0.0.1", "203.0.113.9", "X-Forwarded-For", x_forwarded_for="1.2.3.4, 203.0.113.9"),
            [("1.2.3.4", "x-forwarded-for", "claim"), ("203.0.113.9", "x-forwarded-for", "client"),
             ("10.0.0.1", "peer", "trusted")],
        ),
        # it says that the peer is the client: the header is a claim
        (
            row("203.0.113.9", "203.0.113.9", x_forwarded_for="1.2.3.4"),
            [("1.2.3.4", "x-forwarded-for", "claim"), ("203.0.113.9", "peer", "client")],
        ),
        # an address that stands in the header twice is the client where it stands last
        (
            row("10.0.0.1", "1.2.3.4", "x-forwarded-for", x_forwarded_for="1.2.3.4, 1.2.3.4"),
            [("1.2.3.4", "x-forwarded-for", "claim"), ("1.2.3.4", "x-forwarded-for", "client"),
             ("10.0.0.1", "peer", "trusted")],
        ),
        (row("203.0.113.9", "203.0.113.9"), [("203.0.113.9", "peer", "client")]),
        (row(None, None), [("", "peer", "stop")]),
    ],
)  # fmt: skip
def test_without_a_policy_the_row_says_who_was_believed(given: Any, expected: list[tuple[str, str, str]]) -> None:
    assert hops(way_of(given, None)) == expected


def test_a_proxied_peer_is_named_as_such() -> None:
    way = way_of({**row("10.0.0.1", "203.0.113.9", "proxied-peer"), "proxied_ip": "203.0.113.9"}, None)
    assert hops(way) == [("203.0.113.9", "proxied-peer", "client")]


def test_ways_that_differ_in_the_client_or_in_claims_alone_are_told_once() -> None:
    given = [
        row("10.0.0.1", requests=5, x_forwarded_for="203.0.113.9"),
        row("10.0.0.1", requests=2, x_forwarded_for="203.0.113.10"),
        row("10.0.0.2", requests=9, x_forwarded_for="203.0.113.9"),
        row("10.0.0.1", requests=1, x_forwarded_for="9.9.9.9, 203.0.113.9"),
        row("10.0.0.1", requests=1, x_forwarded_for="9.9.9.8, 203.0.113.9"),
        row("10.0.0.1", requests=1, x_forwarded_for="127.0.0.1, 203.0.113.9"),
    ]
    found = alike([way_of(one, BEHIND) for one in given])
    assert [(way.requests, clients, way.client, way.peer) for way, clients in found] == [
        (9, 1, "203.0.113.9", "10.0.0.2"),
        (7, 2, "203.0.113.9", "10.0.0.1"),
        (2, 1, "203.0.113.9", "10.0.0.1"),
        (1, 1, "203.0.113.9", "10.0.0.1"),
    ]


# name -> (the way, its signs: code -> a sample)
FORGERIES = {
    "an honest chain": (row("10.0.0.1", x_forwarded_for="203.0.113.9"), {}),
    "an honest proxy before the client": (
        row("10.0.0.1", x_forwarded_for="9.9.9.9, 203.0.113.9"), {"left": "9.9.9.9"},
    ),
    "claims to be localhost": (
        row("10.0.0.1", x_forwarded_for="127.0.0.1, 203.0.113.9"), {"inside": "127.0.0.1"},
    ),
    "claims to be inside, with another header": (
        row("10.0.0.1", x_forwarded_for="203.0.113.9", x_real_ip="10.1.1.1"),
        {"inside": "x-real-ip: 10.1.1.1", "own": "x-real-ip: 10.1.1.1", "disagree": "x-real-ip: 10.1.1.1"},
    ),
    "claims to be one of ours": (
        row("10.0.0.1", x_forwarded_for="198.51.100.7, 203.0.113.9"), {"own": "198.51.100.7"},
    ),
    "a payload for an address": (
        row("10.0.0.1", x_forwarded_for="${jndi:ldap://x}, 203.0.113.9"), {"garbage": "${jndi:ldap://x}"},
    ),
    "headers that disagree": (
        row("10.0.0.1", x_forwarded_for="203.0.113.9", true_client_ip="9.9.9.9"),
        {"cdn": "true-client-ip: 9.9.9.9", "disagree": "true-client-ip: 9.9.9.9"},
    ),
    "headers that agree": (row("10.0.0.1", x_forwarded_for="203.0.113.9", x_real_ip="203.0.113.9"), {}),
    "a CDN's header past the CDN": (
        row("203.0.113.9", cf_connecting_ip="203.0.113.9"), {"cdn": "cf-connecting-ip: 203.0.113.9"},
    ),
    "a CDN's header from its edge": (
        row("10.0.0.1", x_forwarded_for="173.245.48.1", cf_connecting_ip="173.245.48.1"), {},
    ),
    "an edge that is no proxy of ours, and says whom it speaks for": (
        row("173.245.48.1", cf_connecting_ip="203.0.113.9"), {"disagree": "cf-connecting-ip: 203.0.113.9"},
    ),
    "unknown is honest": (row("10.0.0.1", x_forwarded_for="unknown, 203.0.113.9"), {}),
    "a client inside that names another": (row("10.0.0.1", x_forwarded_for="192.168.1.1, 172.16.0.9"), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_signs_of_forgery(name: str) -> None:
    given, expected = FORGERIES[name]
    signs = signs_of([way_of(given, BEHIND)], OURS)
    assert {sign.code: sign.samples[0] for sign in signs if sign.samples} == expected
    assert all(sign.code in MEANINGS for sign in signs)


def test_addresses_that_change_are_a_sign() -> None:
    ways = [way_of(row("203.0.113.9", x_forwarded_for=f"9.9.9.{n}", requests=2), BEHIND) for n in range(6)]
    found = {sign.code: sign.requests for sign in signs_of(ways, OURS)}
    assert found == {"left": 12, "rotating": 12}
    assert "rotating" not in {sign.code for sign in signs_of(ways[:5], OURS)}
