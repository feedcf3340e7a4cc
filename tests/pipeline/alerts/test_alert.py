"""Alerts: what makes two of them the same, and which comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from pipeline.alerts import Alert, worst_first
from tests.pipeline.conftest import NOON

ALERT = Alert(
    question="attacks", rule="sqli", severity="high", confidence="high", subject_kind="ip", subject="203.0.113.9",
    day=NOON.date(), began=NOON, ended=NOON, requests=12, title="203.0.113.9 tried SQL injection",
)  # fmt: skip


@pytest.mark.parametrize(
    "known", [{"requests": 99}, {"ended": NOON + timedelta(hours=1)}, {"severity": "low"}, {"title": "other words"}]
)
def test_an_alert_stays_the_same_while_more_is_known_of_it(known: dict[str, Any]) -> None:
    assert replace(ALERT, **known).fingerprint == ALERT.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        {"question": "logins"},
        {"rule": "xss"},
        {"subject": "203.0.113.10"},
        {"subject_kind": "prefix"},
        {"day": date(2026, 1, 2)},
        {"key": "DE FR"},
    ],
)
def test_another_rule_subject_day_or_key_is_another_alert(other: dict[str, Any]) -> None:
    assert replace(ALERT, **other).fingerprint != ALERT.fingerprint


def test_parts_do_not_run_together() -> None:
    assert (
        replace(ALERT, rule="a", subject_kind="bc").fingerprint
        != replace(ALERT, rule="ab", subject_kind="c").fingerprint
    )


def test_the_fingerprint_is_the_one_that_was_delivered_before() -> None:
    """A change of it would deliver every alert of the day again."""
    assert ALERT.fingerprint == "a24b342a9ee16209"


def test_a_lone_surrogate_in_a_subject_is_no_error() -> None:
    assert len(replace(ALERT, subject="\ud800").fingerprint) == 16


def test_the_worst_comes_first_whatever_its_volume() -> None:
    loud = replace(ALERT, severity="low", requests=10**6)
    unsure = replace(ALERT, confidence="low", requests=10**6)
    assert worst_first([loud, unsure, ALERT]) == [ALERT, unsure, loud]
