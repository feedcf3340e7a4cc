"""What to block, and whom a block would hit."""

from __future__ import annotations

import pytest

from echo.clientip import Hop, Ranges, parse_address
from pipeline.trace.blocking import ACTIONS, Facts, Seen, advise, is_narrow, touches
from pipeline.trace.forged import Own
from pipeline.trace.hops import Way

NONE = Own(Ranges(), Ranges())
OURS = Own(Ranges(["203.0.113.0/28"]), Ranges(["198.51.100.1"]))
ATTACKER, PERSON = "203.0.113.9", "203.0.113.77"
LONE = Seen(ATTACKER, 40, 40, 40, 0, 0)
GOOD = Seen(PERSON, 30, 0, 0, 30, 0)
HOSTS = [Seen(f"203.0.113.{n}", 10, 10, 10, 0, 0) for n in range(20, 25)]
NETWORK = "203.0.113.0/24"


def way(client: str, *claims: str, header: bool = True) -> Way:
    hops = tuple(Hop(text, parse_address(text), "x-forwarded-for", False, "claim") for text in claims)
    return Way(1, client, hops, client, "peer", "peer", client, "row", {"x-forwarded-for": claims} if header else {})


LYING = way(ATTACKER, *(f"9.9.9.{n}" for n in range(30)))

# what is known -> (action, target, ordinary requests and users that a block would have hit)
TABLE = {
    "one address, nothing good": (Facts([LONE]), [("block", ATTACKER, 0, 0)]),
    "one address among good neighbours": (Facts([LONE], [LONE, GOOD], NETWORK), [("block", ATTACKER, 0, 0)]),
    "few ordinary requests beside": (
        Facts([LONE._replace(requests=50, good=10)]), [("block", ATTACKER, 10, 0)],
    ),
    "an address that many share": (
        Facts([Seen(ATTACKER, 500, 20, 20, 480, 12)]), [("limit", ATTACKER, 480, 12)],
    ),
    "one user beside is enough": (Facts([LONE._replace(users=1)]), [("limit", ATTACKER, 0, 1)]),
    "a hostile network": (Facts([HOSTS[0]], HOSTS, NETWORK), [("block", NETWORK, 0, 0)]),
    "a hostile network is told once": (Facts(HOSTS, HOSTS, NETWORK), [("block", NETWORK, 0, 0)]),
    "a hostile network with one good neighbour": (
        Facts([HOSTS[0]], [*HOSTS, GOOD], NETWORK), [("block", HOSTS[0].client, 0, 0)],
    ),
    "two hostile addresses are no network": (
        Facts([HOSTS[0]], HOSTS[:2], NETWORK), [("block", HOSTS[0].client, 0, 0)],
    ),
    "most of a network is neither": (
        Facts([HOSTS[0]], [*HOSTS, *(Seen(f"203.0.113.{n}", 1, 0, 0, 0, 0) for n in range(100, 110))], NETWORK),
        [("block", HOSTS[0].client, 0, 0)],
    ),
    "a wide network is none to block": (
        Facts([HOSTS[0]], HOSTS, "203.0.112.0/23"), [("block", HOSTS[0].client, 0, 0)],
    ),
    "IPv6: the subscriber": (
        Facts([Seen("2001:db8:1:2::9", 5, 5, 5, 0, 0)]), [("block", "2001:db8:1:2::/64", 0, 0)],
    ),
    "IPv6 that others use, too": (
        Facts([Seen("2001:db8:1:2::9", 9, 5, 5, 4, 0)]), [("block", "2001:db8:1:2::9", 4, 0)],
    ),
    "a private address that names others": (
        Facts([Seen("10.0.0.1", 40, 40, 40, 0, 0)], ways=[way("10.0.0.1", "9.9.9.9")]), [("fix", "10.0.0.1", 0, 0)],
    ),
    "a private address that names nobody": (
        Facts([Seen("10.0.0.1", 40, 40, 40, 0, 0)], ways=[way("10.0.0.1", header=False)]),
        [("inside", "10.0.0.1", 0, 0)],
    ),
    "an edge of a CDN": (Facts([Seen("173.245.48.1", 40, 1, 1, 39, 2)]), [("fix", "173.245.48.1", 39, 2)]),
    "who speaks for others": (Facts([LONE], for_others=100), [("keep", ATTACKER, 0, 0)]),
    "a proxy that nobody knew": (
        Facts([Seen(ATTACKER, 900, 9, 9, 800, 0)], programs=40, ways=[LYING]),
        [("fix", ATTACKER, 800, 0)],
    ),
    "one that forges as many": (
        Facts([Seen(ATTACKER, 900, 890, 890, 10, 0)], programs=40, ways=[LYING]),
        [("block", ATTACKER, 10, 0)],
    ),
    "a few looks around": (Facts([LONE._replace(hostile=9, serious=0)]), [("watch", "", 0, 0)]),
    "many of them": (Facts([LONE._replace(hostile=10, serious=0)]), [("block", ATTACKER, 0, 0)]),
    "a verified crawler": (
        Facts([Seen(ATTACKER, 900, 20, 2, 880, 0)], crawlers={ATTACKER: "is Google's"}), [("keep", ATTACKER, 880, 0)],
    ),
    "nothing hostile": (Facts([GOOD]), [("watch", "", 0, 0)]),
    "nobody": (Facts([]), [("watch", "", 0, 0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_advice(name: str) -> None:
    facts, expected = TABLE[name]
    found = advise(facts, NONE)
    assert [(one.action, one.target, one.requests, one.users) for one in found] == expected
    assert all(one.action in ACTIONS and one.why for one in found)


@pytest.mark.parametrize(
    ("client", "action"), [("203.0.113.9", "inside"), ("198.51.100.1", "fix"), ("203.0.113.77", "block")]
)
def test_own_addresses_are_never_blocked(client: str, action: str) -> None:
    (found,) = advise(Facts([Seen(client, 9, 9, 9, 0, 0)]), OURS)
    assert (found.action, found.target) == (action, client)


def test_a_network_that_holds_own_addresses_is_not_blocked() -> None:
    found = advise(Facts(HOSTS, HOSTS, NETWORK), OURS)
    assert {one.target for one in found} == {one.client for one in HOSTS}


def test_the_fix_is_a_line_to_write() -> None:
    (found,) = advise(Facts([Seen("173.245.48.1", 9, 9, 9, 0, 0)]), NONE)
    assert found.toml.splitlines()[:2] == ["[trust]", 'ranges = ["cloudflare"]  # beside those that are there']


@pytest.mark.parametrize(
    ("network", "narrow", "ours"),
    [
        ("203.0.113.0/24", True, True),
        ("203.0.114.0/24", True, False),
        ("203.0.112.0/23", False, True),
        ("2001:db8::/48", True, False),
        ("2001:db8::/47", False, False),
        ("10.0.0.0/24", True, True),
        ("173.245.48.0/24", True, True),
    ],
)
def test_networks(network: str, narrow: bool, ours: bool) -> None:
    assert is_narrow(network) is narrow
    assert touches(network, OURS) is ours
