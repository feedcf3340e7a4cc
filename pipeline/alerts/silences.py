"""
What is not to be told: rules that are off, alerts that are too small, and silences, which have a reason and an end.

What is silenced is counted and can be shown; a silence that is over says so, so that it is not forgotten in the TOML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import ip_network
from typing import NamedTuple

from pipeline.alerts.alert import SEVERITIES, Alert

# key of [[alerts.silence]] -> what it says
SILENCE_KEYS = {
    "reason": "Why, for people. Required.",
    "rule": "Of this rule: its code.",
    "severity": "Of this severity, before `severities` changes it.",
    "subject": "About this subject: its text, or a CIDR that holds the address or prefix; of a campaign: all sources.",
    "user": "About this account.",
    "country": "About this country or from it, as the alert's details say: an ISO 3166-1 alpha-2 code.",
    "until": "When it ends, a date or a time (UTC unless it has a zone). Without it: never, and each run counts it.",
}
MATCHERS = ("rule", "severity", "subject", "user", "country")


class Silence(NamedTuple):
    """One silence; a matcher that is None matches all."""

    reason: str
    rule: str | None = None
    severity: str | None = None
    subject: str | None = None
    user: str | None = None
    country: str | None = None
    until: datetime | None = None

    def covers(self, alert: Alert) -> bool:
        """Return whether all of its matchers fit an alert, whatever the time."""
        return (
            self.rule in (None, alert.rule)
            and self.severity in (None, alert.severity)
            and (self.subject is None or _about(self.subject, alert))
            and (self.user is None or self.user in _said(alert, "user"))
            and (self.country is None or self.country.upper() in (one.upper() for one in _said(alert, "country")))
        )


class Judged(NamedTuple):
    """An alert, with the severity that the TOML gives it; `silenced` says why it is not told, "" if it is."""

    alert: Alert
    silenced: str


@dataclass(frozen=True, slots=True)
class Silencing:
    """
    off         codes of rules that tell nothing
    minimum     the least severity that is told
    severities  rule -> the severity that its alerts get
    silences    in their order
    """

    off: frozenset[str] = frozenset()
    minimum: str = SEVERITIES[-1]
    severities: Mapping[str, str] = field(default_factory=dict)
    silences: Sequence[Silence] = ()

    def judge(self, alerts: Iterable[Alert], now: datetime) -> list[Judged]:
        """Return each alert with what becomes of it."""
        alive = [one for one in self.silences if one.until is None or one.until > now]
        return [self._judged(alert, alive) for alert in alerts]

    def over(self, now: datetime) -> list[Silence]:
        """Return the silences that have ended."""
        return [one for one in self.silences if one.until is not None and one.until <= now]

    def _judged(self, alert: Alert, alive: Sequence[Silence]) -> Judged:
        found = next((one for one in alive if one.covers(alert)), None)
        changed = self.severities.get(alert.rule)
        # what comes through a proxy is information, whatever the rule's alerts are worth where the client is known
        if changed is not None and "inside" not in alert.details:
            alert = replace(alert, severity=changed)
        if alert.rule in self.off:
            return Judged(alert, "its rule is off")
        if found is not None:
            return Judged(alert, found.reason)
        if SEVERITIES.index(alert.severity) > SEVERITIES.index(self.minimum):
            return Judged(alert, f"below {self.minimum}")
        return Judged(alert, "")


def _about(subject: str, alert: Alert) -> bool:
    if subject == alert.subject:
        return True
    names = alert.sources if alert.subject_kind == "campaign" else (alert.subject,)
    return bool(names) and all(_within(name, subject) for name in names)


def _within(name: str, cidr: str) -> bool:
    """Return whether a name is an address or a network within a CIDR."""
    try:
        inner, outer = ip_network(name), ip_network(cidr, strict=False)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version


def _said(alert: Alert, what: str) -> tuple[str, ...]:
    """Return what an alert says of a user or a country: as its subject, or among its details."""
    if alert.subject_kind == what:
        return (alert.subject,)
    value = alert.details.get(what)
    return (value,) if isinstance(value, str) else ()
