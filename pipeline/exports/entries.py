"""
Alerts to entries of a block list.

An alert about an address or a prefix gives one entry, one about a campaign an entry for each of its sources. Entries of
one network are one: the worst severity, all rules, the latest end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import NamedTuple

from echo.clientip import parse_address, parse_range, quote
from echo.clientip.address import V4_PREFIX
from echo.clientip.faults import ConfigFault
from pipeline.alerts import SEVERITIES, Alert

Network = IPv4Network | IPv6Network

# severity -> how long an entry lasts behind the last request. Addresses change hands: fail2ban's own default is ten
# minutes, CrowdSec's four hours. A day for what is certain has the nightly scanner still blocked when it returns.
LIFETIMES = {
    "high": timedelta(hours=24),
    "medium": timedelta(hours=4),
    "low": timedelta(hours=1),
    "info": timedelta(hours=1),
}
BLOCKED_KINDS = ("ip", "prefix", "campaign")  # others name nobody who could be blocked without many more
V6_PREFIX = 64  # a host of IPv6 has its /64 to choose addresses from; CrowdSec blocks by it as well
# What attacks from a network is a /24 or a /48; wider ones are a mistake, whoever made it
WIDEST_V4, WIDEST_V6 = 16, 32
MAX_ENTRIES = 100_000  # what firewalls take without being slow; a larger botnet wants another remedy
MAX_IDS = 20  # of the alerts behind an entry


class Entry(NamedTuple):
    """
    network     what is blocked
    severity    the worst of its alerts
    confidence  of that one
    rules       of its alerts, sorted
    requests    of the largest of its alerts
    began, ended  first and last request of any
    expires     when it is to be blocked no more
    ids         fingerprints of its alerts, sorted, MAX_IDS at most
    titles      their sentences: text that an attacker may have had a part in
    techniques  ids of MITRE ATT&CK, sorted
    """

    network: Network
    severity: str
    confidence: str
    rules: tuple[str, ...]
    requests: int
    began: datetime
    ended: datetime
    expires: datetime
    ids: tuple[str, ...]
    titles: tuple[str, ...]
    techniques: tuple[str, ...]

    def left(self, at: datetime) -> int:
        """Return for how many more seconds it lasts, at least one."""
        return max(1, int((self.expires - at).total_seconds()))


class Refusal(NamedTuple):
    """What is not blocked, and why."""

    subject: str
    why: str


class Gathered(NamedTuple):
    """
    entries  sorted by network
    refused  what the guard, or reason, would not have; each subject once
    expired  how many networks were due, and their time is over
    others   how many alerts are about nobody who could be blocked, such as a user
    """

    entries: list[Entry]
    refused: list[Refusal]
    expired: int
    others: int


def gather(
    alerts: Iterable[Alert],
    refuse: Callable[[Network], str | None],
    at: datetime,
    severity: str = "high",
    lifetime: timedelta | None = None,
    v6_prefix: int = V6_PREFIX,
) -> Gathered:
    """
    Return what alerts of a severity or a worse one give.

    refuse    says why a network is not to be blocked, None if it may be
    at        the time now
    lifetime  in place of LIFETIMES
    """
    found: dict[Network, Entry] = {}
    refused: dict[str, Refusal] = {}
    others = 0
    for alert in alerts:
        if SEVERITIES.index(_severity(alert)) > SEVERITIES.index(severity):
            continue
        if alert.subject_kind not in BLOCKED_KINDS:
            others += 1
            continue
        for subject in _subjects(alert):
            network = network_of(subject, v6_prefix)
            why = "is no address" if network is None else _beyond(network) or _told(alert) or refuse(network)
            if network is None or why:
                refused.setdefault(subject, Refusal(quote(subject)[1:-1], why or ""))
                continue
            entry = _entry(alert, network, at, lifetime or LIFETIMES[alert.severity])
            found[network] = joined(found[network], entry) if network in found else entry
    alive = [entry for entry in found.values() if entry.expires > at]
    return Gathered(sorted(alive, key=order), list(refused.values()), len(found) - len(alive), others)


def order(entry: Entry) -> tuple[int, int, int]:
    """Return what entries are sorted by: IPv4 first, by number."""
    return entry.network.version, int(entry.network.network_address), entry.network.prefixlen


def worst(entries: Iterable[Entry], limit: int = MAX_ENTRIES) -> list[Entry]:
    """Return the worst entries, in the order of all."""
    ranked = sorted(entries, key=lambda one: (SEVERITIES.index(one.severity), -one.requests, order(one)))
    return sorted(ranked[:limit], key=order)


def joined(one: Entry, other: Entry, network: Network | None = None, expires: datetime | None = None) -> Entry:
    """Return the entry that two are together; of one's network and the later end, unless others are given."""
    first = min(one, other, key=lambda entry: (SEVERITIES.index(entry.severity), entry.ids))
    return Entry(
        network=network or one.network,
        severity=first.severity,
        confidence=first.confidence,
        rules=_union(one.rules, other.rules),
        requests=max(one.requests, other.requests),
        began=min(one.began, other.began),
        ended=max(one.ended, other.ended),
        expires=expires or max(one.expires, other.expires),
        ids=_union(one.ids, other.ids)[:MAX_IDS],
        titles=_union(one.titles, other.titles)[:MAX_IDS],
        techniques=_union(one.techniques, other.techniques),
    )


def network_of(subject: str, v6_prefix: int = 128) -> Network | None:
    """Return the network that a subject names; a single address of IPv6 with those that a host may have beside it."""
    if "/" not in subject:
        address = parse_address(subject)
        if address is None or address.zone:
            return None
        if address.is_ipv4:
            return IPv4Network(IPv4Address(address.packed[12:]))
        return IPv6Network((address.packed, v6_prefix), strict=False)
    try:
        first, last = parse_range(subject)
    except ConfigFault:
        return None
    bits = 128 - (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
    if first.startswith(V4_PREFIX) and bits >= 96:
        return IPv4Network((first[12:], bits - 96))
    return IPv6Network((first, bits))


def host_text(network: Network) -> str:
    """Return a network as text, a single address without its length."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _severity(alert: Alert) -> str:
    """Return what an alert counts as: one about an unresolved proxy as it would about a client, so that it is said."""
    told = alert.details.get("severity_if_client")
    return told if told in SEVERITIES else alert.severity


def _subjects(alert: Alert) -> Iterator[str]:
    if alert.subject_kind == "campaign":
        yield from alert.sources
    else:
        yield alert.subject


def _beyond(network: Network) -> str | None:
    widest = WIDEST_V4 if network.version == 4 else WIDEST_V6
    return f"is wider than a /{widest}" if network.prefixlen < widest else None


def _told(alert: Alert) -> str | None:
    """Return what the alert itself says against blocking its subject."""
    if alert.details.get("inside"):
        return "is a proxy, or a client inside: the client behind it was not resolved"
    if alert.details.get("crawler"):
        return "is a verified crawler"
    return None


def _entry(alert: Alert, network: Network, at: datetime, lifetime: timedelta) -> Entry:
    return Entry(
        network, alert.severity, alert.confidence, (alert.rule,), alert.requests, alert.began, alert.ended,
        min(alert.ended, at) + lifetime,  # a log's clock may be ahead
        (alert.fingerprint,), (alert.title,), tuple(sorted(set(alert.techniques))),
    )  # fmt: skip


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
