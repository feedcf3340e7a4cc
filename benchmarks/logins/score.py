"""
How good findings are: what was planted and found, and what was found and not planted, by what explains it.

    attack     a planted anomaly on that day, of that account or source
    true       not planted, but what the finding says is so: the user was there (travel, an account back from leave)
    mistaken   the user was not there: his VPN, his phone's carrier, roaming, or the geo database made it so
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from benchmarks.logins.anomalies import Planted
from benchmarks.logins.people import Login
from pipeline.alerts import Alert

DOUBTED = (
    "impossible_travel",
    "new_country",
    "new_region",
)  # rules that say of some findings that a database may be wrong
TRUE = {"travel": "travel", "leave": "leave"}
MISTAKEN = {"vpn": "VPN", "carrier": "carrier", "roaming": "roaming"}


class Score(NamedTuple):
    """
    Counts of a run.

    by_rule  (rule, severity, what it is) -> findings
    found    (kind, 'any' or 'right') -> planted that some finding, or one of the right rule, is about
    hidden   kind -> planted from silent networks
    """

    by_rule: Counter[tuple[str, str, str]]
    found: Counter[tuple[str, str]]
    planted: Counter[str]
    hidden: Counter[str]


def score(alerts: Iterable[Alert], planted: Sequence[Planted], logins: Mapping[str, Sequence[Login]]) -> Score:
    """Compare findings with what was planted."""
    attacks: dict[tuple[str, date], list[int]] = {}
    for number, one in enumerate(planted):
        for subject in one.subject:
            for day in one.days:
                attacks.setdefault((subject, day), []).append(number)
    why = {(one.user, one.ts.date(), one.net.address(one.host)): one for each in logins.values() for one in each}
    by_rule: Counter[tuple[str, str, str]] = Counter()
    seen: set[int] = set()
    right: set[int] = set()
    for alert in alerts:
        hit = attacks.get((alert.subject, alert.day), [])
        by_rule[alert.rule, alert.severity, "attack" if hit else _explained(alert, why)] += 1
        seen |= set(hit)
        right |= {number for number in hit if alert.rule in planted[number].rules}
    found: Counter[tuple[str, str]] = Counter()
    for number in seen:
        found[planted[number].kind, "any"] += 1
    for number in right:
        found[planted[number].kind, "right"] += 1
    hidden = Counter(one.kind for one in planted if one.hidden)
    return Score(by_rule, found, Counter(one.kind for one in planted), hidden)


def _explained(alert: Alert, why: Mapping[tuple[str, date, str], Login]) -> str:
    """Return what explains a finding that is about no attack."""
    here = [why.get((alert.subject, alert.day, source)) for source in alert.sources[:1]]
    login = next((one for one in here if one is not None), None)
    if login is None:
        return "mistaken: other"
    if login.why in MISTAKEN:
        return f"mistaken: {MISTAKEN[login.why]}"
    wrong = login.net.shown != login.net.city
    if wrong and alert.rule != "dormant_return":
        return "mistaken: geo"
    if alert.rule == "impossible_travel":
        return "mistaken: the place before"
    return f"true: {TRUE.get(login.why, 'moved or changed network')}"
