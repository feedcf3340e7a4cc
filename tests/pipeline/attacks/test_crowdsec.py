"""CrowdSec's own cases: the right source, the right class, and hardly anybody else."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from pipeline.attacks import RULES
from tests.pipeline.attacks.crowdsec import SCENARIOS, Judged, cases, judge

LEAST_FOUND, MOST_EXTRA = 0.9, 0.05
CASES = cases()


@cache
def judged() -> list[Judged]:
    return [judge(case) for case in CASES]


def test_sources_are_found_with_the_class_that_crowdsec_says() -> None:
    pairs = [pair for one in judged() for pair in one.pairs if not pair.out]
    missed = [pair for pair in pairs if not pair.found]
    assert len(pairs) >= 60
    assert len(missed) <= (1 - LEAST_FOUND) * len(pairs), missed


def test_hardly_anybody_else_is_called_an_attacker() -> None:
    pairs = [pair for one in judged() for pair in one.pairs if not pair.out]
    extra = {(one.case, source) for one in judged() for source, _ in one.extra}
    assert len(extra) <= MOST_EXTRA * len(pairs), extra


def test_every_case_is_read() -> None:
    assert [one.case for one in judged() if not one.read] == []


@pytest.mark.parametrize(
    "said", [pytest.param(said, id=str(scenario)) for scenario, said in SCENARIOS if isinstance(said, frozenset)]
)
def test_a_scenario_is_told_by_rules_that_there_are(said: frozenset[str]) -> None:
    assert said <= {rule.code for rule in RULES}


@pytest.mark.parametrize("case", [one for one in CASES if not one["alerts"]], ids=lambda one: one["test"])
def test_nobody_is_alarmed_by_ordinary_lines(case: dict[str, Any]) -> None:
    """Some of these lines are attacks, by the way: they are shown, and wake nobody."""
    assert next(one for one in judged() if one.case == case["test"]).extra == []
