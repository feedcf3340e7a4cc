"""
The rules of `whofrom attacks`: one row of RULES each.

1. A rule with kinds is a leaky bucket over stage `signals`, judged by `queries/attacks/buckets.sql` with all others of
   its sort: it holds `capacity` events, one leaks each `leak_seconds`, and it runs over at one more. With `distinct`, a
   value counts once as long as it may stand in the bucket. Adding a row adds a rule.
2. A rule with a query has its own file, whose rows have COLUMNS_OF_QUERY and whatever its sentence names.
3. Severity is what a person on call would say. What fails, or fails to be more than a probe, is no reason to get up:
   most of it is low. `lone` is the severity of a bucket that did not run over: none, if that is no finding.
4. Numbers are those of systems in use; `source` says of which. Times are the log's, never the clock's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Severity = Literal["high", "medium", "low", "info"]
# Stages of an intrusion, the furthest last: sources are ranked by the furthest that they came, never by volume
STAGES = ("load", "recon", "enumeration", "login", "attempt", "success")
# what a bucket's events are told apart by -> the expression of buckets.sql
DISTINCT = ("", "item", "path", "user", "client", "agent")
SUBJECTS = ("ip", "user", "prefix", "asn", "country")
# a query rule's columns; further ones may be named in its sentence and go to the alert's details
COLUMNS_OF_QUERY = ("subject_kind", "subject", "day", "began", "ended", "requests")
# columns of a query rule that are taken if they are there
MORE_COLUMNS_OF_QUERY = ("severity", "confidence", "key", "sources", "samples", "evidence", "country", "asn", "as_org")

NOT_YOURS = "if this is no scanner of your own, block the source for some hours: whofrom blocklist"
LOOK = "look at what was answered with 200, and patch or close what is asked for"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One rule.

    code             its name in outputs; never renamed, it is in fingerprints
    stage            of STAGES
    severity         of an alert
    confidence       how seldom somebody harmless does this
    techniques       ids of MITRE ATT&CK
    says             the sentence behind "ADDRESS"; {names} are columns of the query, {span} and {examples} are made
    remedy           what to do
    false_positives  who else does this
    source           whose numbers they are
    kinds            of signals, whose events go into the bucket; () for a rule with a query
    capacity         events that the bucket holds
    leak_seconds     seconds in which one event leaks
    distinct         of DISTINCT
    subject_kind     of SUBJECTS: whose bucket it is
    lone             severity where there are events and the bucket did not run over; "" for no alert
    query            the query that finds it
    found_by         the module of FINDERS (find.py) that makes the alerts, where a row of the query is not one already
    """

    code: str
    stage: str
    severity: Severity
    confidence: str
    techniques: tuple[str, ...]
    says: str
    remedy: str = NOT_YOURS
    false_positives: str = "your own security scanner"
    source: str = ""
    kinds: tuple[str, ...] = ()
    capacity: int = 0
    leak_seconds: float = 10.0
    distinct: str = ""
    subject_kind: str = "ip"
    lone: str = ""
    query: str = ""
    found_by: str = ""


RULES: tuple[Rule, ...] = (
    Rule(
        "flood", "load", "medium", "high", ("T1499.002",),
        "a flood: {requests:,} requests, {peak:,} in the loudest minute",
        remedy="limit the rate of this client (nginx limit_req), or block it for some hours: whofrom blocklist",
        false_positives="a load test; a backup or a mirror; a proxy that was not resolved",
        source="Cloudflare's adaptive rules: the daily maxima of seven days, and a floor",
        query="attacks/floods", found_by="floods",
    ),
    Rule(
        "distributed_flood", "load", "medium", "high", ("T1498", "T1499.002"),
        "a flood: {requests:,} requests by {sources:,} sources, {peak:,} in the loudest minute",
        remedy="limit the rate by what the sources have in common, answer the path from a cache, or ask the provider's "
        "protection for help; blocking them one by one will not keep up",
        false_positives="a crowd whose programs send no referrer, as of an app that was advertised",
        source="as flood, for a /24 or /48, an AS, a country, a program, a path, a host and the site",
        query="attacks/floods", found_by="floods",
    ),
    Rule(
        "flash_crowd", "load", "info", "medium", (),
        "a crowd came, as from a link: {requests:,} requests by {sources:,} sources, {peak:,} in the loudest minute",
        remedy="see where the visitors come from; add capacity, or cache what they ask for",
        false_positives="a flood that loads whole pages with many programs",
        source="shape: referrers, statics, programs, pages",
        query="attacks/floods", found_by="floods",
    ),
    Rule(
        "low_and_slow", "recon", "medium", "medium", ("T1595",),
        "{requests:,} requests on {active_days:,} of {of_days:,} days, {a_day:.1f} a day: {signed:,} as attacks ask, "
        "{missing:,} refused, {examples}",
        remedy="block it for as long as it comes: what counts requests never will",
        false_positives="a research scanner; an old program of your own that asks for what is gone",
        source="a honeypot, where 1 % of the sources come on 30 days or more with at most ten requests a day",
        query="attacks/slow",
    ),
    Rule(
        "low_and_slow_set", "recon", "medium", "medium", ("T1595.001",),
        "{requests:,} requests by {source_count:,} addresses on {active_days:,} of 60 days, {a_day:.1f} a day: "
        "{signed:,} as attacks ask, {missing:,} refused, {examples}",
        remedy="block the network, or refuse the user agent; single addresses change",
        false_positives="a research scanner, which says so in its user agent and can be asked to stop",
        source="as low_and_slow, for a /24 or /48, an AS and a user agent",
        query="attacks/slow_sets",
    ),
    Rule(
        "campaign", "attempt", "medium", "medium", ("T1595", "T1583"),
        "{source_count:,} sources that belong together, {requests:,} requests",
        remedy="block its sources together: whofrom blocklist; what one of them found, all of them know",
        false_positives="a scanning service, which is one operator indeed; tenants of one hoster who run one tool",
        source="paths (Jaccard), programs, networks and days in common; see pipeline/attacks/campaigns.py",
        query="attacks/campaign_sources", found_by="campaigns",
    ),
    Rule(
        "bruteforce", "login", "medium", "high", ("T1110.001",),
        "{requests:,} failed logins in {span}, {examples}",
        remedy="limit logins by address and account, ask for a second factor",
        false_positives="a client with an old password that tries again and again; an office behind one address",
        source="CrowdSec http-generic-bf, http-bf-401, http-bf-403; fail2ban (5 in 10 minutes)",
        kinds=("denied",), capacity=5, leak_seconds=10,
    ),
    Rule(
        "spraying", "login", "medium", "high", ("T1110.003",),
        "failed logins of {values:,} accounts in {span}, {examples}",
        remedy="look for one of the accounts that let it in; limit logins by address, ask for a second factor",
        false_positives="an office or carrier behind one address whose login is down",
        source="Splunk ESCU (30 distinct users in 5 minutes), a third of it",
        kinds=("denied",), capacity=10, leak_seconds=30, distinct="user",
    ),
    Rule(
        "bruteforce_user", "login", "medium", "medium", ("T1110.001",),
        "{requests:,} failed logins from {clients:,} addresses in {span}",
        remedy="lock the account for a while, ask for a second factor",
        false_positives="somebody who forgot the password, on several devices",
        source="Auth0 (10 for an identifier); here of several addresses together",
        kinds=("denied",), capacity=10, leak_seconds=60, distinct="", subject_kind="user",
    ),
    Rule(
        "probing", "recon", "low", "medium", ("T1595.003",),
        "{values:,} paths refused in {span}, {examples}",
        false_positives="a crawler after a site moved; a monitoring tool with old addresses",
        source="CrowdSec http-probing",
        kinds=("missing",), capacity=10, leak_seconds=10, distinct="path",
    ),
    Rule(
        "crawling", "recon", "low", "low", ("T1595",),
        "{values:,} pages asked for in {span}, {examples}",
        remedy="if it is not wanted, limit its rate",
        false_positives="a search engine; a load test; an office behind one address; a proxy that was not resolved",
        source="CrowdSec http-crawl-non_statics",
        kinds=("page",), capacity=40, leak_seconds=0.5, distinct="path",
    ),
    Rule(
        "sensitive", "recon", "medium", "medium", ("T1595.003", "T1083"),
        "{values:,} files that no page links to in {span}, {examples}",
        remedy=LOOK, source="CrowdSec http-sensitive-files",
        kinds=("sensitive",), capacity=4, leak_seconds=5, distinct="item", lone="info",
    ),
)  # fmt: skip
BY_CODE = {rule.code: rule for rule in RULES}


def rules_table() -> pa.Table:
    """Return the bucket rules as queries read them: a row a rule and kind."""
    rows = [
        {
            "kind": kind,
            "rule": rule.code,
            "subject_kind": rule.subject_kind,
            "capacity": rule.capacity,
            "leak_micros": round(rule.leak_seconds * 1_000_000),
            "distinct_by": rule.distinct,
            "least": 0 if rule.lone else rule.capacity,
        }
        for rule in RULES
        for kind in rule.kinds
    ]
    return pa.Table.from_pylist(rows)
