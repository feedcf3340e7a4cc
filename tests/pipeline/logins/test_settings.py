"""[logins] of the TOML: numbers, networks, classes; and the numbers of the queries."""

from __future__ import annotations

import re

import pytest

from echo.clientip import ConfigFault, parse_config
from pipeline import query
from pipeline.logins import LOGINS_KEYS, NUMBERS, RULES, SILENT, Settings, parse_settings
from pipeline.logins.networks import ASNS, CLASSES
from pipeline.resolve import INSIDE


def settings(text: str) -> Settings:
    return parse_settings(parse_config(text, "whofrom.toml"))


def test_without_a_table_the_numbers_are_the_recommended_ones() -> None:
    assert settings("") == Settings()
    assert settings("").numbers["least_kmh"] == 900


@pytest.mark.parametrize("name", [name for name in query.names() if name.startswith("logins/")])
def test_the_queries_have_the_same_numbers(name: str) -> None:
    """Who runs a query's text in `whofrom sql` gets what the command says."""
    for parameter in query.load(name).parameters:
        if parameter.name not in ("since", "until"):
            assert parameter.default == NUMBERS[parameter.name].default, parameter.name
            assert type(parameter.default) is type(NUMBERS[parameter.name].default), parameter.name


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_used_and_has_a_reason(name: str) -> None:
    assert NUMBERS[name].reason
    assert any(name == one.name for asked in query.names() for one in query.load(asked).parameters)


def test_addresses_from_inside_are_those_of_resolve() -> None:
    (listed,) = re.findall(r"NOT IN \(([^)]*)\)\s+AS outside", query.load("logins/events").sql)
    assert set(re.findall(r"'([a-z-]+)'", listed)) == INSIDE


def test_networks_are_names_of_network_of_our_own_and_ranges() -> None:
    text = """
[network]
nodes = ["192.0.2.0/28"]
[logins]
networks = ["nodes", "office", "203.0.113.9", "private"]
named = { office = ["198.51.100.0/24", "2001:db8::/32"] }
"""
    assert [(name, ranges.texts) for name, ranges in settings(text).networks] == [
        ("nodes", ("192.0.2.0/28",)),
        ("office", ("198.51.100.0/24", "2001:db8::/32")),
        ("203.0.113.9", ("203.0.113.9",)),
        ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
    ]


def test_classes_are_chosen_and_lists_added_to() -> None:
    asns = settings(
        '[logins]\nsilent = ["vpn"]\nvpn_asns = [64496]\nhosting_asns = [64497]\nordinary_asns = [9009]'
    ).asns
    assert asns[64496].kind == "vpn"
    assert 62371 in asns  # Proton
    assert not {9009, 64497, 14061} & asns.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("least_km = 0", "[logins] least_km: must be a number from 1 to 20,038; for example 500"),
        ("least_km = true", "[logins] least_km: must be a number"),
        ("history_logins = 2.5", "[logins] history_logins: must be a whole number"),
        ("least_kn = 500", "'least_kn' is unknown; did you mean least_km?"),
        ('networks = ["10.0.0.0/33"]', "[logins] networks"),
        ('networks = ["nodes"]', "'nodes' is not set in [network]"),
        ('networks = ["office"]', "is no address or CIDR"),
        ('named = ["office"]', "[logins] named: must be a table"),
        ('silent = ["vnp"]', "'vnp' is no class; classes are vpn"),
        ("vpn_asns = [0]", "[logins] vpn_asns: must be a list of AS numbers"),
        ('vpn_asns = "AS9009"', "[logins] vpn_asns: must be a list of AS numbers"),
        ("vpn_asns = [4294967296]", "[logins] vpn_asns: must be a list of AS numbers"),
    ],
)
def test_a_wrong_key_is_named_with_the_right_one(text: str, said: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        settings(f"[logins]\n{text}")
    assert said in str(caught.value)
    assert "whofrom.toml" in str(caught.value)


def test_logins_that_is_no_table() -> None:
    with pytest.raises(ConfigFault, match="logins must be a table"):
        settings("logins = 5")


def test_every_key_has_a_meaning_and_every_class_asns() -> None:
    assert all(LOGINS_KEYS.values())
    assert {one.kind for one in ASNS.values()} == set(CLASSES)
    assert set(CLASSES) <= set(SILENT)
    assert all(rule.query in query.names() for rule in RULES.values())
