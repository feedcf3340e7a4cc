"""Alerts to entries: who is in a list, for how long, and who never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.clientip import parse_config
from echo.clientip.faults import ConfigFault
from pipeline.exports.entries import LIFETIMES, V6_PREFIX, Network, network_of, worst
from pipeline.exports.guard import make_guard
from pipeline.exports.merging import absorbed, merged
from tests.pipeline.exports.made import ALERT, AT, alert, entries_of, gathered

CONFIG = """
[network]
pods = ["172.18.0.0/16"]
node_external = ["193.0.2.10"]
[[network.service]]
name = "shop/web"
policy = "Local"
endpoints = ["192.0.2.77"]
[trust]
ranges = ["8.8.4.0/24", "2a00:1450:4001:1::5"]
[attacks]
never_block = ["9.9.9.0/24", "pods", "fastly"]
"""


@pytest.mark.parametrize(
    ("subject", "network"),
    [
        ("203.0.113.9", "203.0.113.9/32"),
        ("198.51.100.0/24", "198.51.100.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9/32"),
        ("2a00:1450:4001::5", "2a00:1450:4001::/64"),
        ("2a00:1450:4001::/48", "2a00:1450:4001::/48"),
    ],
)
def test_an_alert_gives_an_entry(subject: str, network: str) -> None:
    (entry,) = entries_of(subject)
    assert entry.network == ip_network(network)
    assert (entry.rules, entry.requests, entry.severity) == (("sqli",), 120, "high")
    assert entry.expires == ALERT.ended + LIFETIMES["high"]


def test_entries_are_in_the_order_of_their_numbers_ipv4_first() -> None:
    found = entries_of("2a00::1", "203.0.113.10", "203.0.113.9", "198.51.100.0/24")
    assert [str(one.network) for one in found] == ["198.51.100.0/24", "203.0.113.9/32", "203.0.113.10/32", "2a00::/64"]


def test_what_several_alerts_say_of_one_is_one_entry() -> None:
    longer = replace(ALERT, rule="xss", severity="medium", requests=500, ended=AT)
    (entry,) = gathered(ALERT, longer, severity="medium").entries
    assert (entry.severity, entry.rules, entry.requests) == ("high", ("sqli", "xss"), 500)
    assert entry.expires == ALERT.ended + LIFETIMES["high"]  # a day from the high one is later than four hours from now
    assert len(entry.ids) == 2


@pytest.mark.parametrize(
    ("severity", "least", "found"),
    [("high", "high", 1), ("medium", "high", 0), ("medium", "medium", 1), ("info", "low", 0)],
)
def test_what_is_less_severe_is_not_blocked(severity: str, least: str, found: int) -> None:
    assert len(gathered(replace(ALERT, severity=severity), severity=least).entries) == found


@pytest.mark.parametrize("kind", ["asn", "country", "user", "fingerprint", "site"])
def test_nobody_is_blocked_for_an_alert_about_many(kind: str) -> None:
    found = gathered(replace(ALERT, subject_kind=kind, subject="AS64496", sources=("203.0.113.9",)))
    assert (found.entries, found.others) == ([], 1)


def test_of_a_campaign_its_sources_are() -> None:
    found = gathered(replace(ALERT, subject_kind="campaign", subject="c", sources=("203.0.113.9", "198.51.100.7")))
    assert [str(one.network.network_address) for one in found.entries] == ["198.51.100.7", "203.0.113.9"]


def test_an_entry_ends_with_its_time() -> None:
    old = alert("203.0.113.9", began=AT - timedelta(days=2), ended=AT - timedelta(hours=24))
    assert (gathered(old).entries, gathered(old).expired) == ([], 1)
    (entry,) = gathered(old, lifetime=timedelta(hours=25)).entries
    assert entry.left(AT) == 3600


def test_a_log_of_the_future_blocks_nobody_for_ever() -> None:
    (entry,) = gathered(alert("203.0.113.9", ended=AT + timedelta(days=999))).entries
    assert entry.expires == AT + LIFETIMES["high"]


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("10.0.0.1", "is a private address"),
        ("127.0.0.1", "is a loopback address"),
        ("169.254.169.254", "is a cloud-metadata address"),
        ("100.64.0.1", "is a cgnat address"),
        ("fd00::1", "is a private address"),
        ("224.0.0.1", "is multicast"),
        ("0.1.2.3", "is reserved"),
        ("100::1", "is reserved"),  # a pseudonym
        ("172.18.4.4", "is in never_block"),
        ("193.0.2.10", "is in [network] node_external"),
        ("192.0.2.77", "is an address of the Service 'shop/web'"),
        ("8.8.4.4", "is in [trust] ranges"),
        ("8.8.4.0/25", "is in [trust] ranges"),
        ("8.8.0.0/16", "is in [trust] ranges"),  # holds one that is
        ("9.9.9.9", "is in never_block"),
        ("151.101.1.1", "is in never_block"),
        ("173.245.48.9", "is an edge of cloudflare"),
        ("2a00:1450:4001:1::9", "is in [trust] ranges"),  # its /64 holds one that is
        ("44.0.0.0/8", "is wider than a /16"),
        ("2a00::/16", "is wider than a /32"),
        ("fe80::1%eth0", "is no address"),
        ("evil\n0.0.0.0/0", "is no address"),
        ("", "is no address"),
    ],
)
def test_who_is_never_blocked_and_why(subject: str, words: str) -> None:
    found = gathered(alert(subject), refuse=make_guard(parse_config(CONFIG, "")))
    assert found.entries == []
    (refusal,) = found.refused
    assert refusal.why.startswith(words)
    assert refusal.subject.isprintable()


@pytest.mark.parametrize(
    ("details", "words"), [({"inside": "private"}, "is a proxy"), ({"crawler": "Googlebot"}, "is a verified crawler")]
)
def test_what_the_alert_says_against_it_counts(details: dict[str, Any], words: str) -> None:
    (refusal,) = gathered(alert("203.0.113.9", details=details)).refused
    assert refusal.why.startswith(words)


def test_an_unresolved_proxy_is_said_though_its_alert_is_information() -> None:
    proxy = alert("203.0.113.9", severity="info", details={"inside": "trusted", "severity_if_client": "high"})
    assert [one.subject for one in gathered(proxy).refused] == ["203.0.113.9"]


def test_an_allow_file_is_a_list_of_ranges(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("# the office\n203.0.113.0/28  # Berlin\n")
    guard = make_guard(parse_config("", ""), [str(tmp_path / "ours")])
    assert guard(ip_network("203.0.113.9/32")) == "is in never_block or --allow-file"
    assert guard(ip_network("203.0.113.0/24"))
    assert guard(ip_network("203.0.113.16/32")) is None


def test_a_range_that_is_none_is_said_with_its_place() -> None:
    with pytest.raises(ConfigFault, match=r"w.toml \[attacks\] never_block"):
        make_guard(parse_config('[attacks]\nnever_block = ["10.0.0.0/99"]', "w.toml"))


def test_what_is_within_another_is_no_entry_of_its_own() -> None:
    inner = alert("198.51.100.7", rule="xss", ended=AT)
    (entry,) = absorbed(gathered(alert("198.51.100.0/24"), inner).entries)
    assert str(entry.network) == "198.51.100.0/24"
    assert entry.rules == ("sqli", "xss")
    assert entry.expires == ALERT.ended + LIFETIMES["high"], "the prefix is blocked no longer than it deserves"


def test_halves_are_joined_where_asked_and_end_with_the_first() -> None:
    later = alert("203.0.113.9", ended=AT)
    entries = gathered(alert("203.0.113.8"), later, alert("203.0.113.11")).entries
    assert len(absorbed(entries)) == 3
    joined = merged(entries)
    assert [str(one.network) for one in joined] == ["203.0.113.8/31", "203.0.113.11/32"]
    assert joined[0].expires == ALERT.ended + LIFETIMES["high"]


BLOCKS = st.one_of(
    st.tuples(st.integers(0, 255), st.integers(24, 32)).map(lambda one: f"203.0.113.{one[0]}/{one[1]}"),
    st.tuples(st.integers(0, 255), st.integers(120, 128)).map(lambda one: f"2a00::{one[0]:x}/{one[1]}"),
)


@given(st.lists(BLOCKS, max_size=40), st.booleans())
@settings(max_examples=50, deadline=None)
def test_joining_adds_no_address_and_loses_none(blocks: list[str], merge: bool) -> None:
    entries = gathered(*(alert(block) for block in blocks)).entries
    joined = (merged if merge else absorbed)(entries)
    assert _addresses([one.network for one in joined]) == _addresses([one.network for one in entries])
    assert sum(one.network.num_addresses for one in joined) == len(_addresses([one.network for one in joined]))


def _addresses(networks: list[Network]) -> set[Any]:
    return {address for network in networks for address in network}


@given(st.ip_addresses())
@settings(deadline=None)
def test_every_address_is_in_its_network(address: Any) -> None:
    network = network_of(str(address), V6_PREFIX)
    if int(address) == 0:
        assert network is None
        return
    assert network is not None
    mapped = getattr(address, "ipv4_mapped", None)
    assert ip_address(mapped or address) in network


def test_of_too_many_the_worst_are_kept() -> None:
    entries = [*entries_of("203.0.113.1", "203.0.113.2"), *entries_of("203.0.113.3", requests=500)]
    assert [str(one.network.network_address) for one in worst(entries, 2)] == ["203.0.113.1", "203.0.113.3"]
