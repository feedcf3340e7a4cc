"""Which alerts are about a subject: those that name it, its network, its system, or it among their sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from echo.clientip import ConfigFault, parse_address, parse_range, quote
from pipeline.alerts import Alert, worst_first
from pipeline.errors import UsageFault
from pipeline.trace.subject import ASN, CAMPAIGN, CIDR, IP, USER, Subject

# kind of an alert's subject -> the kind of a trace's; those of others are traced by their sources
MOST_REASONS = 4
TRACED = {"ip": IP, "prefix": CIDR, "asn": ASN, "user": USER}


def about(alerts: Iterable[Alert], subject: Subject, clients: Sequence[str]) -> list[Alert]:
    """
    Return the alerts that are about a subject, the worst first.

    clients  the subject's, of a network or a user
    """
    known = frozenset(clients)
    own = [subject.text] if subject.kind in (IP, CIDR) else []
    spans = [parse_range(text) for text in own]
    found = []
    for alert in alerts:
        named = alert.subject == subject.text and TRACED.get(alert.subject_kind, alert.subject_kind) == subject.kind
        # a user's addresses are others' as well: an alert about one of them is not about the user
        if subject.kind != USER:
            named = named or (alert.subject_kind == "ip" and alert.subject in known)
            named = named or not known.isdisjoint(alert.sources)
        if alert.subject_kind in ("ip", "prefix") and not named:
            named = any(_overlap(alert.subject, span) for span in spans)
        if named:
            found.append(alert)
    return worst_first(found)


def _overlap(text: str, span: tuple[bytes, bytes]) -> bool:
    try:
        first, last = parse_range(text)
    except ConfigFault:
        return False
    return first <= span[1] and span[0] <= last


def subject_of(alerts: Iterable[Alert], fingerprint: str) -> tuple[Alert, Subject]:
    """Return an alert by its id, and what it is about. Raises UsageFault."""
    for alert in alerts:
        if alert.fingerprint == fingerprint:
            kind = TRACED.get(alert.subject_kind, CAMPAIGN)
            number = int(alert.subject.removeprefix("AS")) if kind == ASN else 0
            return alert, Subject(kind, alert.subject, number)
    raise UsageFault(
        f"no alert of the lake has the id {quote(fingerprint)}", "", "whofrom alerts --all lists them; or say --as"
    )


def campaign_of(alerts: Sequence[Alert], subject: Subject) -> dict[str, Any] | None:
    """Return the campaign that alerts about a subject name, the other sources of it; None if there is none."""
    for alert in alerts:
        if alert.subject_kind == "campaign":
            others = [source for source in alert.sources if source != subject.text]
            return {"name": alert.subject, "sources": others, "why": "; ".join(alert.evidence[:MOST_REASONS])}
    return None


def sources_of(alerts: Iterable[Alert], name: str) -> list[str]:
    """Return the sources of what alerts call by a name that is no address: a campaign, a program. Raises UsageFault."""
    found = dict.fromkeys(
        source
        for alert in alerts
        if alert.subject == name and alert.subject_kind not in TRACED
        for source in alert.sources
        if parse_address(source) is not None
    )
    if not found:
        raise UsageFault(
            f"no alert names sources of {quote(name)}", "", "whofrom alerts --all lists them; trace one of its sources"
        )
    return list(found)
