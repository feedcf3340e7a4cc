"""Settings that have travelled are the settings that they were."""

from __future__ import annotations

import pickle

import pytest

from echo.clientip import make_policy
from echo.record import parse_login_rules
from pipeline.anonymize import Anonymizer
from pipeline.geo import Geo
from pipeline.settings import Settings
from pipeline.spread.recipe import Recipe

RULES = parse_login_rules([{"preset": "wordpress"}, {"path": "/in", "user": "query:u", "success": ["2xx"]}])
POLICIES = {
    "none": None,
    "a walk": make_policy(trusted=["10.0.0.0/8", "2001:db8::/32"]),
    "a count": make_policy("rightmost-count:2", "Forwarded"),
    "a chain": make_policy("chain(single-header:X-Real-IP,remote-addr)"),
}


def travelled(settings: Settings, moved: dict[str, str]) -> Settings:
    recipe: Recipe = pickle.loads(pickle.dumps(Recipe.of(settings)))  # our own
    return recipe.settings(moved)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_the_same_policy(name: str) -> None:
    policy = POLICIES[name]
    found = travelled(Settings(policy, RULES, strict=True), {})
    assert (found.policy and found.policy.id) == (policy and policy.id)
    assert (found.rules, found.strict, found.geo, found.anonymizer) == (RULES, True, None, None)


def test_a_database_is_opened_where_it_is_now(city_mmdb: str) -> None:
    geo = Geo(city_mmdb)
    found = travelled(Settings(geo=geo), {city_mmdb: city_mmdb})
    assert found.geo is not None
    assert found.geo.build == geo.build
    assert travelled(Settings(geo=geo), {city_mmdb: city_mmdb}).geo is found.geo  # once a process
    with pytest.raises(KeyError):
        travelled(Settings(geo=geo), {})


@pytest.mark.parametrize("mode", ["truncate", "pseudonym"])
def test_pseudonyms_are_the_same_ones_and_the_key_is_not_shown(mode: str) -> None:
    key = b"k" * 32
    before = Anonymizer(mode, key)
    found = travelled(Settings(anonymizer=before), {}).anonymizer
    assert found is not None
    assert (found.mark, found.text("from 203.0.113.7")) == (before.mark, before.text("from 203.0.113.7"))
    assert key.decode() not in repr(Recipe.of(Settings(anonymizer=before)))
