"""Which alerts are about a subject."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.alerts import Alert
from pipeline.errors import UsageFault
from pipeline.trace.findings import about, campaign_of, sources_of, subject_of
from pipeline.trace.subject import Subject

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def alert(kind: str, subject: str, *sources: str, severity: str = "high") -> Alert:
    return Alert("attacks", "sqli", severity, "high", kind, subject, NOON.date(), NOON, NOON, 1, "…", sources=sources)


ALERTS = {
    "ip": alert("ip", "203.0.113.9"),
    "other ip": alert("ip", "203.0.113.99"),
    "prefix": alert("prefix", "203.0.113.0/24", severity="low"),
    "other prefix": alert("prefix", "198.51.100.0/24"),
    "v6": alert("prefix", "2001:db8::/48"),
    "asn": alert("asn", "AS64496"),
    "user": alert("user", "alice"),
    "user by name of an address": alert("user", "203.0.113.9"),
    "campaign": alert("campaign", "pale-otter", "203.0.113.9", "203.0.113.10", severity="medium"),
    "guessing": alert("user", "bob", "203.0.113.9"),
}


@pytest.mark.parametrize(
    ("subject", "clients", "found"),
    [
        (Subject("ip", "203.0.113.9"), ["203.0.113.9"], ["ip", "guessing", "campaign", "prefix"]),
        (Subject("ip", "2001:db8::7"), ["2001:db8::7"], ["v6"]),
        (Subject("cidr", "203.0.113.0/29"), ["203.0.113.1"], ["prefix"]),
        (Subject("cidr", "203.0.0.0/16"), ["203.0.113.9"], ["ip", "other ip", "guessing", "campaign", "prefix"]),
        (Subject("asn", "AS64496", 64496), ["203.0.113.9"], ["asn", "ip", "guessing", "campaign"]),
        (Subject("user", "alice"), ["203.0.113.9"], ["user"]),
        (Subject("user", "carol"), ["203.0.113.9"], []),
        (Subject("campaign", "pale-otter"), ["203.0.113.10"], ["campaign"]),
    ],
)
def test_who_is_named(subject: Subject, clients: list[str], found: list[str]) -> None:
    named = about(ALERTS.values(), subject, clients)
    names = {one.fingerprint: name for name, one in ALERTS.items()}
    assert sorted(names[one.fingerprint] for one in named) == sorted(found)
    assert [one.severity for one in named] == sorted(
        (one.severity for one in named), key=["high", "medium", "low"].index
    )


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("ip", Subject("ip", "203.0.113.9")),
        ("prefix", Subject("cidr", "203.0.113.0/24")),
        ("asn", Subject("asn", "AS64496", 64496)),
        ("user", Subject("user", "alice")),
        ("campaign", Subject("campaign", "pale-otter")),
    ],
)
def test_an_alert_is_traced_by_what_it_is_about(name: str, subject: Subject) -> None:
    found: tuple[Alert, Any] = subject_of(ALERTS.values(), ALERTS[name].fingerprint)
    assert found == (ALERTS[name], subject)


def test_the_campaign_of_a_source_is_told_without_it() -> None:
    subject = Subject("ip", "203.0.113.9")
    found = campaign_of(about(ALERTS.values(), subject, ["203.0.113.9"]), subject)
    assert found == {"name": "pale-otter", "sources": ["203.0.113.10"], "why": ""}
    assert campaign_of([ALERTS["ip"]], subject) is None


def test_an_alert_or_a_campaign_that_there_is_not() -> None:
    with pytest.raises(UsageFault, match="no alert of the lake"):
        subject_of(ALERTS.values(), "0" * 16)
    with pytest.raises(UsageFault, match="no alert names sources"):
        sources_of(ALERTS.values(), "alice")
    assert sources_of(ALERTS.values(), "pale-otter") == ["203.0.113.9", "203.0.113.10"]
