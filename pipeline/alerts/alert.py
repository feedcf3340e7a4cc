"""
The one type that questions answer with and everything behind them takes: terminal, webhook, Alertmanager, block list.

Rules:

1. An alert is about one rule, one subject and one day (UTC). The same rows give the same alert however often they are
   evaluated, and over whatever period that holds the whole day: that is what makes it deliverable once.
2. The fingerprint is of what the alert is about, not of what is known of it by now: counts, sentences and severity may
   change while the day goes on, the fingerprint does not.
3. Texts may hold what an attacker wrote. They are escaped where they are shown, never before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

SEVERITIES = ("high", "medium", "low", "info")  # the worst first
CONFIDENCES = ("high", "medium", "low")
# what an alert may be about -> what its subject is
SUBJECT_KINDS = {
    "ip": "A client address.",
    "prefix": "A network in CIDR form: a /24 of IPv4, a /48 or /64 of IPv6.",
    "asn": "An autonomous system, as AS64496.",
    "country": "An ISO 3166-1 alpha-2 code.",
    "fingerprint": "A program, by its user agent and the order of its headers.",
    "campaign": "Sources that belong together, by the name of the first of them.",
    "user": "An account.",
    "site": "All requests together.",
}
FINGERPRINT_CHARS = 16  # 64 bits: two of a billion alerts are alike with a chance of 3 %
_SEPARATOR = "\x1f"  # in no rule, kind or day, so that two alerts of different parts do not read alike


@dataclass(frozen=True, slots=True)
class Alert:
    """
    One finding.

    question      'attacks' or 'logins'
    rule          code of the rule: 'sqli', 'impossible_travel'
    severity      of SEVERITIES
    confidence    of CONFIDENCES
    subject_kind  of SUBJECT_KINDS
    subject       who it is about: '203.0.113.9', '203.0.113.0/24', 'AS64496', 'alice'
    day           UTC date that it counts for
    began, ended  first and last request that it rests on, UTC
    requests      how many requests it rests on
    title         one sentence for a person, which names the subject
    evidence      sentences, the strongest first
    techniques    ids of MITRE ATT&CK, as 'T1110.003'
    remedy        what to do next
    sources       client addresses that take part, where the subject is not one itself; bounded by who makes the alert
    key           what tells alerts of one rule, subject and day apart, such as a pair of places; "" for none
    details       the figures behind the sentences, in types of JSON and datetimes
    """

    question: str
    rule: str
    severity: str
    confidence: str
    subject_kind: str
    subject: str
    day: date
    began: datetime
    ended: datetime
    requests: int
    title: str
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    remedy: str = ""
    sources: tuple[str, ...] = ()
    key: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Return what is the same for the same alert: FINGERPRINT_CHARS hexadecimal digits."""
        parts = (self.question, self.rule, self.subject_kind, self.subject, self.day.isoformat(), self.key)
        text = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:FINGERPRINT_CHARS]


def worst_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Return alerts by severity, confidence and size, the worst first."""
    return sorted(
        alerts,
        key=lambda one: (
            SEVERITIES.index(one.severity),
            CONFIDENCES.index(one.confidence),
            -one.requests,
            one.subject,
            one.rule,
            one.day,
            one.key,
        ),
    )
