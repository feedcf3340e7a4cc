"""The chain: every hop with the part it played, for people."""

import pytest

from echo.clientip import chain_of, make_policy
from echo.clientip.chain import MAX_HOPS_SHOWN

PROXIES = make_policy(trusted=["10.0.0.0/8"])
NOBODY = make_policy()
COUNTED = make_policy("rightmost-count:2")
FORWARDED = make_policy("rightmost-untrusted:Forwarded", trusted=["10.0.0.0/8"])

# policy, peer, fields -> the hops as text and role
CHAINS = [
    # realistic
    (PROXIES, "10.0.0.1", ["203.0.113.7"], "203.0.113.7 client, 10.0.0.1 trusted"),
    (
        PROXIES,
        "10.0.0.1:40000",
        ["1.2.3.4, 203.0.113.7:51234", "10.0.0.2"],
        "1.2.3.4 claim, 203.0.113.7:51234 client, 10.0.0.2 trusted, 10.0.0.1:40000 trusted",
    ),
    (PROXIES, "198.51.100.9", ["203.0.113.7"], "203.0.113.7 claim, 198.51.100.9 client"),
    (PROXIES, "10.0.0.1", [], "10.0.0.1 trusted"),
    (PROXIES, "10.0.0.1", ["10.0.0.2"], "10.0.0.2 trusted, 10.0.0.1 trusted"),
    (
        PROXIES,
        "10.0.0.1",
        ["1.2.3.4, unknown, 10.0.0.2"],
        "1.2.3.4 claim, unknown stop, 10.0.0.2 trusted, 10.0.0.1 trusted",
    ),
    (PROXIES, "@", ["203.0.113.7"], "203.0.113.7 client, @ passed"),
    (NOBODY, "198.51.100.9", ["203.0.113.7, 10.0.0.2"], "203.0.113.7 claim, 10.0.0.2 claim, 198.51.100.9 client"),
    (NOBODY, "@", ["203.0.113.7"], "203.0.113.7 claim, @ stop"),
    (
        COUNTED,
        "10.0.0.1",
        ["1.2.3.4, 8.8.8.8, 9.9.9.9"],
        "1.2.3.4 claim, 8.8.8.8 client, 9.9.9.9 passed, 10.0.0.1 passed",
    ),
    (
        FORWARDED,
        "10.0.0.1",
        ["for=1.2.3.4, for=203.0.113.7;proto=https, for=10.0.0.2"],
        "for=1.2.3.4 claim, for=203.0.113.7;proto=https client, for=10.0.0.2 trusted, 10.0.0.1 trusted",
    ),
    # synthetic
    (PROXIES, "10.0.0.1", ["203.0.113.7,"], "203.0.113.7 claim,  stop, 10.0.0.1 trusted"),
    (PROXIES, "10.0.0.1", [""], " stop, 10.0.0.1 trusted"),
    (PROXIES, "10.0.0.1", ["10.0.0.9, 203.0.113.7"], "10.0.0.9 claim, 203.0.113.7 client, 10.0.0.1 trusted"),
]


def hops(policy, peer, values, **options):
    resolution = policy.resolve(peer, {policy.header: values})
    return chain_of(policy, peer, policy.header, values, resolution, **options)


@pytest.mark.parametrize(("policy", "peer", "values", "expected"), CHAINS)
def test_chain(policy, peer, values, expected):
    assert ", ".join(f"{hop.text} {hop.role}" for hop in hops(policy, peer, values)) == expected


@pytest.mark.parametrize(("policy", "peer", "values"), [row[:3] for row in CHAINS])
def test_the_client_of_the_chain_is_the_resolutions(policy, peer, values):
    resolution = policy.resolve(peer, {policy.header: values})
    clients = [hop.address for hop in hops(policy, peer, values) if hop.role == "client"]
    assert clients == ([resolution.client] if resolution.client else [])


def test_each_hop_says_where_it_was_read_and_whether_it_is_trusted():
    forged, client, peer = hops(PROXIES, "10.0.0.1", [" 10.9.9.9 , 203.0.113.7"])
    assert [hop.source for hop in (forged, client, peer)] == ["x-forwarded-for", "x-forwarded-for", "peer"]
    assert [hop.trusted for hop in (forged, client, peer)] == [True, False, True]
    assert forged.text == "10.9.9.9"
    assert str(client.address) == "203.0.113.7"


def test_a_peer_from_a_proxy_header_says_so():
    assert hops(PROXIES, "203.0.113.7", [], proxied=True)[-1].source == "proxied-peer"


@pytest.mark.parametrize(
    "values",
    [
        ["1.2.3.4," * 100_000 + "203.0.113.7"],
        ["1.2.3.4"] * 100_000 + ["203.0.113.7"],
        ["1.2.3.4, 1.2.3.5"] * 1_000 + ["203.0.113.7"],
    ],
)
def test_a_long_chain_is_shown_by_its_right_end(values):
    shown = hops(PROXIES, "10.0.0.1", values)
    assert len(shown) == MAX_HOPS_SHOWN + 1
    assert [hop.role for hop in shown[-3:]] == ["claim", "client", "trusted"]


def test_no_more_fields_are_read_than_are_shown():
    class Fields(list):
        def __reversed__(self):
            for number, value in enumerate(super().__reversed__()):
                assert number < MAX_HOPS_SHOWN, "the rest is not shown"
                yield value

    assert hops(PROXIES, "10.0.0.1", Fields(["1.2.3.4"] * 100_000))


def test_a_client_further_left_than_is_shown_leaves_only_trusted_hops():
    shown = hops(PROXIES, "10.0.0.1", ["203.0.113.7" + ",10.0.0.2" * (MAX_HOPS_SHOWN + 1)])
    assert {hop.role for hop in shown} == {"trusted"}
