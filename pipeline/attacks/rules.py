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

from pipeline.signatures import SIGNATURES

Severity = Literal["high", "medium", "low", "info"]
# Stages of an intrusion, the furthest last: sources are ranked by the furthest that they came, never by volume
STAGES = ("load", "recon", "enumeration", "login", "attempt", "success")
# what a bucket's events are told apart by -> the expression of buckets.sql
DISTINCT = ("", "request", "item", "path", "target", "user", "client", "agent")
SUBJECTS = ("ip", "user", "prefix", "asn", "country")
# a query rule's columns; further ones may be named in its sentence and go to the alert's details
COLUMNS_OF_QUERY = ("subject_kind", "subject", "day", "began", "ended", "requests")
# kind of signal -> ids of signatures that make it, beside each family and each id that is a rule's kind by itself
GROUPS = {
    "bad_agent": (
        "agent-exploit", "agent-scanner", "agent-bruteforcer", "agent-portscan", "agent-flooder", "agent-harvester",
    ),
    "users": ("wordpress-users", "sensitive-user-list"),
    "wordpress_config": ("wordpress-config", "cve-wordpress-config"),
    "wordpress_part": ("wordpress-part", "cve-wordpress-plugin", "cve-wordpress-enumerate"),
    # of what two requests are enough for
    "rce_sure": tuple(one.id for one in SIGNATURES if one.family == "rce" and one.severity == "high"),
    "rce_unsure": tuple(one.id for one in SIGNATURES if one.family == "rce" and one.severity != "high"),
    # what ordinary users of a product ask for, too, is counted, and no alert
    "known_hole": tuple(
        one.id
        for one in SIGNATURES
        if one.family == "cve" and one.severity in {"high", "medium"} and not one.id.startswith("cve-wordpress-")
    ),
}  # fmt: skip
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
    says             the sentence behind "ADDRESS"; {names} are columns of the query, numbers of them `sentences.Count`;
                     {span}, {within} (" in SPAN" of more than one request) and {examples} are made
    remedy           what to do
    false_positives  who else does this
    source           whose numbers they are
    kinds            of signals, whose events go into the bucket; () for a rule with a query
    capacity         events that the bucket holds
    leak_seconds     seconds in which one event leaks
    distinct         of DISTINCT
    subject_kind     of SUBJECTS: whose bucket it is
    lone             severity where there are events and the bucket did not run over; "" for no alert
    refused          whether requests count only if they were answered with an error
    clients          addresses that must take part, where the bucket is no address's own
    query            the query that finds it; of several rules, its column `rule` says of which
    daily            whether the query is asked some days at a time, beside the buckets
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
    refused: bool = False
    clients: int = 1
    query: str = ""
    daily: bool = False
    found_by: str = ""


RULES: tuple[Rule, ...] = (
    # passwords
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
        "distributed_bruteforce", "login", "medium", "medium", ("T1110.003", "T1110.004"),
        "{requests:,} failed logins by {source_count:,} addresses, {each_source:.1f} each, of {users:,} accounts in "
        "{span}, {examples}",
        remedy="limit logins by account and ask for a second factor: no address is busy enough to be limited",
        false_positives="an office or school whose single sign-on is down; an app with an old password in it",
        source="CrowdSec magento-ccs by AS and by country, for a /24 or /48, a user agent, an AS and a country",
        query="attacks/distributed", daily=True,
    ),
    Rule(
        "distributed_probing", "recon", "low", "medium", ("T1595.003",),
        "{paths:,} paths refused to {source_count:,} addresses, {each_source:.1f} each, in {span}, {examples}",
        remedy="block what they have in common, if nobody else has it",
        false_positives="a site that moved, and a search engine that does not know yet",
        source="as distributed_bruteforce",
        query="attacks/distributed", daily=True,
    ),
    Rule(
        "distributed_attack", "attempt", "medium", "medium", ("T1595.002", "T1190"),
        "{requests:,} requests as attacks ask by {source_count:,} addresses, {each_source:.1f} each, in {span}, "
        "{examples}",
        remedy="block what they have in common; look at what was answered with 200",
        false_positives="a scanning service of your own",
        source="as distributed_bruteforce",
        query="attacks/distributed", daily=True,
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
        "{requests:,} requests as attacks ask by {source_count:,} addresses on {active_days:,} of 60 days, "
        "{a_day:.1f} a day, {examples}",
        remedy="block the network, or refuse the user agent; single addresses change",
        false_positives="a research scanner, which says so in its user agent and can be asked to stop",
        source="as low_and_slow, for a /24 or /48, an AS and a user agent",
        query="attacks/slow_sets",
    ),
    Rule(
        "beaconing", "attempt", "low", "low", ("T1071.001", "T1505.003"),
        "{requests:,} requests each {every_seconds:,.0f} seconds, within {jitter_seconds:,.0f}, {examples}",
        remedy="look at what answers there: a web shell that is polled and data that is carried out look like this; so "
        "do an app and a monitoring service",
        false_positives="a monitoring service or an app that polls; name your own in [network]",
        source="RITA's beacon score",
        query="attacks/beaconing",
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
        "fake_crawler", "recon", "low", "medium", ("T1595",),
        "says to be a crawler and is not: {requests:,} requests",
        remedy="refuse it: who hides behind the name of a crawler wants what is meant for crawlers alone",
        false_positives="a crawler's new range (see the date of the list); a tool that looks at what crawlers see",
        source="the ranges that operators publish; see pipeline/attacks/crawlers.py",
        query="attacks/crawler_claims", found_by="crawlers",
    ),
    Rule(
        "bruteforce", "login", "medium", "high", ("T1110.001",),
        "{requests:failed login} in {span}, {examples}",
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
        source="Auth0 (10 for an identifier), here of three addresses or more",
        kinds=("denied",), capacity=10, leak_seconds=60, subject_kind="user", clients=3,
    ),
    Rule(
        "guessing", "login", "low", "low", ("T1110", "T1589"),
        "{requests:POST} refused in {span}, {examples}",
        remedy="see what is asked for: a login that answers 400, 404 or 422 to a wrong name is guessed at this way",
        false_positives="a form or an application that sends the same mistake again",
        source="CrowdSec CVE-2022-41697 and its kin (bucket of http-generic-bf)",
        kinds=("post_refused",), capacity=5, leak_seconds=10,
    ),
    Rule(
        "unauthorised", "login", "low", "low", ("T1110",),
        "{requests:request} refused for want of a login in {span}, {examples}",
        remedy="see what is asked for: the log does not say whether a password came with it",
        false_positives="an application whose token ran out, and that asks again and again",
        source="CrowdSec http-generic-bf (Caddy's 401)",
        kinds=("unauthorised",), capacity=5, leak_seconds=10,
    ),
    Rule(
        "wordpress_bruteforce", "login", "medium", "high", ("T1110.001",),
        "{requests:,} passwords refused by WordPress in {span}",
        remedy="limit wp-login.php by address, ask for a second factor",
        false_positives="an author who forgot the password",
        source="CrowdSec http-bf-wordpress_bf",
        kinds=("wp_denied",), capacity=5, leak_seconds=10,
    ),
    Rule(
        "xmlrpc_bruteforce", "login", "medium", "medium", ("T1110.001",),
        "{requests:,} POSTs to xmlrpc.php in {span}, each of which may try many passwords",
        remedy="close xmlrpc.php if no app needs it",
        false_positives="pingbacks, Jetpack, mobile apps",
        source="CrowdSec http-bf-wordpress_bf_xmlrpc",
        kinds=("xmlrpc",), capacity=5, leak_seconds=120,
    ),
    # looking around
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
        "sensitive", "recon", "medium", "high", ("T1595.003", "T1083"),
        "{values:file} that no page links to{within}, {examples}",
        remedy=LOOK, source="CrowdSec http-sensitive-files",
        kinds=("sensitive",), capacity=4, leak_seconds=5, distinct="request", lone="info",
    ),
    Rule(
        "admin", "recon", "low", "medium", ("T1595.003",),
        "{values:console} of administrators refused{within}, {examples}",
        remedy="let consoles answer to your own networks alone",
        false_positives="an administrator with an old bookmark",
        source="CrowdSec http-admin-interface-probing",
        kinds=("admin",), capacity=2, leak_seconds=10, distinct="path", refused=True, lone="info",
    ),
    Rule(
        "bad_agent", "recon", "low", "high", ("T1595.002",),
        "{requests:request} of a tool that names itself{within}, {agents}",
        false_positives="a test of your own; a monitor that uses such a tool",
        source="CrowdSec http-bad-user-agent; fail2ban apache-badbots",
        kinds=("bad_agent",), capacity=1, leak_seconds=60, distinct="request", lone="info",
    ),
    Rule(
        "scanner", "recon", "low", "high", ("T1595.002",),
        "{requests:request} with the mark of a scanner{within}, {examples}",
        source="ltsich/http-w00tw00t; CRS 913100",
        kinds=("protocol-scan",), capacity=0, leak_seconds=60,
    ),
    Rule(
        "wordpress_scan", "recon", "low", "medium", ("T1595.002",),
        "{values:,} parts of WordPress that are not there in {span}, {examples}",
        false_positives="a site that left plugins behind",
        source="CrowdSec http-wordpress-scan",
        kinds=("wordpress_part",), capacity=3, leak_seconds=10, distinct="request", refused=True,
    ),
    Rule(
        "wordpress_config", "recon", "medium", "high", ("T1595.003", "T1552.001"),
        "{values:name} of WordPress's configuration{within}, {examples}",
        remedy=LOOK, source="CrowdSec http-wordpress_wpconfig",
        kinds=("wordpress_config",), capacity=5, leak_seconds=10, distinct="path", lone="info",
    ),
    Rule(
        "user_enumeration", "enumeration", "low", "high", ("T1589", "T1087"),
        "{values:request} for the names of users{within}, {examples}",
        remedy="close lists of users to strangers",
        source="CrowdSec http-wordpress_user-enum",
        kinds=("users",), capacity=5, leak_seconds=10, distinct="item", lone="info",
    ),
    Rule(
        "open_proxy", "recon", "low", "high", ("T1090.002",),
        "{requests:request} to be let through to another server{within}, {examples}",
        remedy="see that the server is no proxy for strangers: answers of 2xx may be its own page or the other's",
        false_positives="a format whose log has whole URLs",
        source="CrowdSec http-open-proxy",
        kinds=("openproxy",), capacity=0, leak_seconds=60,
    ),
    # attacks by what they say
    Rule(
        "sqli", "attempt", "medium", "high", ("T1190",),
        "{values:request} with SQL{within}, {examples}",
        remedy="see that what was asked binds its parameters; look for odd sizes and times of answers",
        false_positives="a tool that sends SQL in its own API",
        source="CrowdSec http-sqli-probbing-detection; Wazuh 31103 and 31152 (8 in 120 s)",
        kinds=("sqli",), capacity=7, leak_seconds=1, distinct="item", lone="low",
    ),
    Rule(
        "xss", "attempt", "medium", "high", ("T1190", "T1595.002"),
        "{values:request} with script{within}, {examples}",
        remedy="see that what was asked escapes what it shows",
        false_positives="an editor of web pages that sends them in the query",
        source="CrowdSec http-xss-probbing",
        kinds=("xss",), capacity=5, leak_seconds=1, distinct="item", lone="low",
    ),
    Rule(
        "traversal", "attempt", "medium", "high", ("T1190", "T1083"),
        "{values:request} for files outside of the site{within}, {examples}",
        remedy=LOOK, source="CrowdSec http-path-traversal-probing",
        kinds=("traversal",), capacity=3, leak_seconds=10, distinct="request", lone="low",
    ),
    Rule(
        "rce", "attempt", "medium", "high", ("T1190", "T1059"),
        "{requests:request} with commands or code to be run{within}, {examples}",
        remedy="look at what the server did then: new processes, connections out, new files",
        source="CrowdSec's scenarios of one request each; CRS 932, 933, 934",
        kinds=("rce_sure",), capacity=1, leak_seconds=60, distinct="request", lone="low",
    ),
    Rule(
        "log4shell", "attempt", "medium", "high", ("T1190",),
        "{requests:request} with a JNDI lookup{within}, {examples}",
        remedy="see that no log4j before 2.17.1 reads what clients send; the answer's status tells nothing",
        source="CrowdSec apache_log4j2_cve-2021-44228",
        kinds=("log4shell",), capacity=1, leak_seconds=60, distinct="request", lone="low",
    ),
    Rule(
        "known_hole", "attempt", "medium", "high", ("T1190",),
        "{requests:request for a known hole|requests for known holes}{within}, {examples}",
        remedy="if you run the product, see that it is patched: the signature's id is the CVE",
        source="CrowdSec http-cve-probing and its scenarios of one CVE each",
        kinds=("known_hole",), capacity=1, leak_seconds=60, distinct="target", lone="low",
    ),
    Rule(
        "injection", "attempt", "medium", "medium", ("T1190",),
        "{values:request that injects|requests that inject}{within}, {examples}",
        remedy="see that what was asked takes nothing for granted",
        source="Wazuh 31153 (web attack, 10 in 120 s)",
        kinds=(
            "rce_unsure", "nosql", "ldap", "rfi", "prototype", "deserialization", "xxe", "ssrf-metadata", "crlf-header",
            "session",
        ), capacity=3, leak_seconds=12, distinct="request", lone="low",
    ),
    Rule(
        "ssrf", "attempt", "low", "low", ("T1190",),
        "{values:request that names|requests that name} an address of the inside{within}, {examples}",
        remedy="see that what was asked fetches nothing from there",
        false_positives="links of a test system that lead to localhost",
        source="CRS 934110; a bucket as for traversal",
        kinds=("ssrf-internal",), capacity=3, leak_seconds=10, distinct="request",
    ),
    Rule(
        "webshell", "attempt", "medium", "medium", ("T1505.003", "T1595.003"),
        "{values:name of a web shell|names of web shells}{within}, {examples}",
        remedy="look for files in the site that you did not put there",
        source="CrowdSec http-backdoors-attempts",
        kinds=("backdoor",), capacity=1, leak_seconds=5, distinct="path", lone="low",
    ),
    # load
    Rule(
        "switching_agents", "load", "low", "medium", ("T1499.002",),
        "{values:,} user agents in {span}, as programs do that hide",
        remedy="limit the rate of the address",
        false_positives="an office or carrier behind one address; a proxy that was not resolved",
        source="CrowdSec http-dos-swithcing-ua",
        kinds=("agents",), capacity=10, leak_seconds=8, distinct="agent",
    ),
    Rule(
        "random_uri", "load", "medium", "high", ("T1499.002",),
        "{requests:,} requests for random names of six letters in {span}, {examples}",
        remedy="limit the rate of the address",
        source="CrowdSec http-dos-random-uri (LOIC)",
        kinds=("random",), capacity=30, leak_seconds=1,
    ),
    Rule(
        "bypass_cache", "load", "medium", "high", ("T1499.002",),
        "{values:,} requests with a number for a query, which no cache has, in {span}, {examples}",
        remedy="have the cache leave such queries out of its key, limit the rate of the address",
        source="CrowdSec http-dos-bypass-cache (cc-attack)",
        kinds=("numeric",), capacity=30, leak_seconds=1, distinct="item",
    ),
    Rule(
        "invalid_version", "load", "low", "high", ("T1499.002", "T1595.002"),
        "{requests:request} of an HTTP version that there is not{within}, {examples}",
        source="CrowdSec http-dos-invalid-http-versions",
        kinds=("protocol-version",), capacity=0, leak_seconds=60,
    ),
    Rule(
        "limited", "load", "low", "medium", ("T1499.002",),
        "{requests:,} requests beyond the limit of its rate in {span}",
        remedy="the limit works; block the source if it goes on",
        false_positives="a limit that is too low for an application",
        source="CrowdSec nginx-req-limit-exceeded",
        kinds=("limited",), capacity=5, leak_seconds=60,
    ),
    Rule(
        "breaking", "attempt", "low", "low", ("T1190", "T1499.003"),
        "{requests:,} requests that ended with 500, 501 or 502 in {span}, {examples}",
        remedy="look at the error log: input that breaks an application may do more than that",
        false_positives="an application that is down",
        source="Wazuh 31161 (14 in 120 s)",
        kinds=("broken",), capacity=13, leak_seconds=8.5,
    ),
    # what came of it
    Rule(
        "exposed", "success", "high", "medium", ("T1190", "T1552.001"),
        "{values:file that gives away secrets was|files that give away secrets were} answered with 200, {examples}",
        remedy="ask for them yourself; if they are what they seem, close them and change all secrets in them",
        false_positives="a site that answers 200 to everything, which the sentence says where the log shows it",
        source="Wazuh 31106 (an attack returned 200)",
        query="attacks/answered", daily=True,
    ),
    Rule(
        "webshell_answered", "success", "high", "medium", ("T1505.003",),
        "{values:name of a web shell was|names of web shells were} answered with 200, {examples}",
        remedy="take the machine off the network, and look for the file and for what it was used for",
        false_positives="a site that answers 200 to everything; a page of your own of that name",
        source="Wazuh 31106 (an attack returned 200)",
        query="attacks/answered", daily=True,
    ),
    Rule(
        "answered", "attempt", "low", "low", ("T1190",),
        "{values:attack was|attacks were} answered with 200, {examples}",
        remedy="compare the answer with one to a harmless request: its size tells whether it says more",
        false_positives="most: a page that ignores what it does not know answers 200",
        source="Wazuh 31106 (an attack returned 200)",
        query="attacks/answered", daily=True,
    ),
    Rule(
        "entered", "success", "high", "medium", ("T1110", "T1078"),
        "a login succeeded after {failures:,} that failed from there, {examples}",
        remedy="end the account's sessions, change its password, and look at what was done since",
        false_positives="somebody who remembered the password in the end",
        source="Wazuh 40112 (multiple authentication failures followed by a success)",
        query="attacks/entered", daily=True,
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
            "refused": rule.refused,
        }
        for rule in RULES
        for kind in rule.kinds
    ]
    return pa.Table.from_pylist(rows)


def signature_kinds() -> pa.Table:
    """Return which signature makes which kind of signal: a row an id and kind."""
    wanted = {kind for rule in RULES for kind in rule.kinds}
    rows = [(one.id, one.family) for one in SIGNATURES]
    rows += [(one.id, one.id) for one in SIGNATURES if one.id in wanted]
    rows += [(id_, kind) for kind, ids in GROUPS.items() for id_ in ids]
    return pa.table({"id": [id_ for id_, _ in rows], "kind": [kind for _, kind in rows]})
