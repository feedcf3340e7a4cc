"""
Crawlers that can be verified, and those that only say so.

1. A name in a user agent proves nothing: anybody writes it. A crawler is verified by its address, which is in the
   ranges that its operator publishes, or by the host name in the log, if the log's writer looked that up in both
   directions ([attacks] crawler_hostnames = "double"). One that was looked up in one direction is its owner's choice.
2. What is shipped (`crawler_ranges/NAME.txt`, with source and date) ages: operators change ranges. Of a log that is
   much older or newer than the list (STALE_DAYS) nobody is said to lie, but where the ranges are `settled`.
3. Verified crawlers are not called fast, probing or slow (EXEMPT). What matches a signature is told of them as of all
   others: attacks have been sent through crawlers.
4. Who says to be a crawler and comes from elsewhere is told by a rule of its own, but not where people's programs write
   that name too (`imitated`): phones fetch previews as facebookexternalhit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from importlib.resources import files
from typing import Any, NamedTuple

from echo.clientip import Config, Ranges, parse_address
from echo.clientip.lists import RangeList, parse_list
from pipeline import query
from pipeline.alerts import Alert
from pipeline.attacks.inside import Inside
from pipeline.attacks.rules import BY_CODE
from pipeline.attacks.sentences import shown
from pipeline.attacks.settings import crawler_ranges, hostnames_checked
from pipeline.engine import Engine

CODE = "fake_crawler"
STALE_DAYS = 400  # between a list and the day of a request; operators change some ranges a year
# rules that a verified crawler does not break: of speed and number, none that a signature is in
EXEMPT = frozenset({"crawling", "flood", "beaconing", "probing"})
MAX_AGENT_CHARS = 1_000  # of a user agent that is looked at; names stand in the first hundred


class Crawler(NamedTuple):
    """
    One crawler.

    name      of its list in crawler_ranges/, "" for what has none
    operator  who runs it
    claim     regular expression of the name in a user agent, in lower case
    domains   what its host names end with, by its operator's word
    imitated  people's programs write the name too
    settled   its ranges have been the same for more than ten years
    """

    name: str
    operator: str
    claim: str
    domains: tuple[str, ...] = ()
    imitated: bool = False
    settled: bool = False


# The first whose claim is found is meant; "like Googlebot" is written by others to be served as it is
CRAWLERS = (
    Crawler("googlebot", "Google", r"(?<!like )googlebot", ("googlebot.com", "google.com"), settled=True),
    Crawler("bingbot", "Microsoft", r"\bbingbot\b|\bmsnbot\b|\badidxbot\b", ("search.msn.com",)),
    Crawler("applebot", "Apple", r"\bapplebot/", ("applebot.apple.com",)),
    Crawler("duckduckbot", "DuckDuckGo", r"\bduckduckbot\b|\bduckassistbot\b"),
    Crawler("yandex", "Yandex", r"\byandex(?:bot|images|mobilebot|accessibilitybot|metrika)\b",
            ("yandex.ru", "yandex.net", "yandex.com")),
    Crawler("baidu", "Baidu", r"\bbaiduspider", ("baidu.com", "baidu.jp")),
    Crawler("openai", "OpenAI", r"\bgptbot\b|\boai-searchbot\b|\bchatgpt-user\b"),
    Crawler("anthropic", "Anthropic", r"\bclaudebot\b|\bclaude-searchbot\b|\bclaude-user\b"),
    Crawler("perplexity", "Perplexity", r"\bperplexitybot\b|\bperplexity-user\b"),
    Crawler("commoncrawl", "Common Crawl", r"\bccbot/", ("crawl.commoncrawl.org",)),
    Crawler("facebook", "Meta", r"\bfacebookexternalhit\b|\bmeta-externalagent\b|\bfacebot\b", ("fbsv.net",), True),
    Crawler("twitter", "X", r"(?<!like )\btwitterbot\b", ("twttr.com",), True),
)  # fmt: skip
NAMES = {one.name: one for one in CRAWLERS}
# what finds all claims in RE2, which has no look-behind
ANY_CLAIM = "|".join(one.claim.replace("(?<!like )", "").replace(r"\b", "") for one in CRAWLERS)


class Verdict(NamedTuple):
    """
    What an address and a user agent together say.

    crawler   whom it says to be, by its user agent, or is, by its address
    verified  whether it is
    why       a sentence behind the address
    """

    crawler: Crawler
    verified: bool
    why: str


class Known:
    """The crawlers' ranges: those shipped, and those of the TOML."""

    def __init__(self, config: Config | None = None) -> None:
        """Raises ConfigFault."""
        added = crawler_ranges(config, NAMES)
        self._double = hostnames_checked(config)
        lists = {one.name: shipped(one.name) for one in CRAWLERS}
        self._ranges = {
            name: Ranges([*(found.ranges if found else ()), *added.get(name, ())]) for name, found in lists.items()
        }
        self._added = frozenset(added)
        self._dates = {
            name: date.fromisoformat(found.about["date"]) for name, found in lists.items() if found is not None
        }

    def verdict(self, ip: str, agent: str | None, peer_name: str | None = None) -> Verdict | None:
        """Return what is to be said of a client; None if it is no crawler and does not say so."""
        claimed = claim_of(agent)
        address = parse_address(ip)
        if claimed is None or address is None:
            return None
        if address.packed in self._ranges[claimed.name]:
            return Verdict(claimed, True, f"is in the ranges that {claimed.operator} publishes for its crawlers")
        named = _named(claimed, peer_name)
        if named and self._double:
            return Verdict(claimed, True, f"is {shown(peer_name or '')}, looked up in both directions")
        if named:
            why = f"is called {shown(peer_name or '')}, which its owner may have written: looked up in one direction"
            return Verdict(claimed, False, why)
        if not self._ranges[claimed.name]:
            return Verdict(claimed, False, f"cannot be verified: {claimed.operator} publishes no ranges")
        return Verdict(claimed, False, f"is not in the ranges that {claimed.operator} publishes")

    def can_tell(self, crawler: Crawler) -> bool:
        """Return whether an address outside proves anything."""
        return bool(self._ranges[crawler.name]) or self._double

    def stale(self, crawler: Crawler, day: date) -> bool:
        """Return whether the list is too far from a day; ranges of the TOML are their owner's to keep."""
        listed = self._dates.get(crawler.name)
        return (
            not crawler.settled
            and listed is not None
            and crawler.name not in self._added
            and abs((day - listed).days) > STALE_DAYS
        )


def shipped(name: str) -> RangeList | None:
    """Return the list of a crawler, None where its operator publishes none."""
    file = files("pipeline.attacks").joinpath("crawler_ranges", f"{name}.txt")
    return parse_list(file.read_text("utf-8"), file.name) if file.is_file() else None


def claim_of(agent: str | None) -> Crawler | None:
    """Return the crawler that a user agent says to be."""
    text = (agent or "")[:MAX_AGENT_CHARS].lower()
    return next((one for one in CRAWLERS if re.search(one.claim, text)), None)


def find(
    engine: Engine,
    since: datetime | None,
    until: datetime | None,
    judge: Callable[[str], Inside | None],
    known: Known | None = None,
) -> list[Alert]:
    """Return an alert a client and day that says to be a crawler that it is not. Raises QueryFault."""
    known = known or Known()
    found: dict[str, Alert] = {}
    for row in claims(engine, since, until):
        verdict = known.verdict(row["client_ip"], row["user_agent"], row["peer_name"])
        if verdict is None or verdict.verified or verdict.crawler.imitated or not known.can_tell(verdict.crawler):
            continue
        if judge(row["client_ip"]) is None and not known.stale(verdict.crawler, row["day"]):
            alert = alert_of(row, verdict)
            found.setdefault(alert.fingerprint, alert)
    return list(found.values())


def claims(engine: Engine, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """Return the rows of crawler_claims.sql. Raises QueryFault."""
    table = query.load("attacks/crawler_claims").run(engine, since=since, until=until, names=ANY_CLAIM)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def spared(alerts: Iterable[Alert], engine: Engine, known: Known | None = None) -> list[Alert]:
    """
    Return alerts without those of EXEMPT rules about verified crawlers; others about them say so, in details `crawler`.

    Raises QueryFault.
    """
    alerts = list(alerts)
    asked = [one for one in alerts if one.subject_kind == "ip" and one.rule != CODE]
    if not asked:
        return alerts
    known = known or Known()
    verified: dict[str, Verdict] = {}
    for row in claims(engine, min(one.began for one in asked), None):
        verdict = known.verdict(row["client_ip"], row["user_agent"], row["peer_name"])
        if verdict is not None and verdict.verified:
            verified[row["client_ip"]] = verdict
    kept = []
    for one in alerts:
        found = verified.get(one.subject) if one.subject_kind == "ip" else None
        if found is None:
            kept.append(one)
        elif one.rule not in EXEMPT:
            evidence = (*one.evidence, f"{one.subject} {found.why}: somebody may have sent it here")
            kept.append(replace(one, evidence=evidence, details={**one.details, "crawler": found.crawler.name}))
    return kept


def alert_of(row: Mapping[str, Any], verdict: Verdict) -> Alert:
    """Return the alert of a client that says to be a crawler that it is not."""
    rule, crawler = BY_CODE[CODE], verdict.crawler
    severity = "medium" if row["signed"] else rule.severity
    evidence = [f"{row['client_ip']} {verdict.why}", f"it says: {shown(row['user_agent'])}"]
    if row["signed"]:
        evidence.append(f"{row['signed']:,} of its requests match signatures of attacks")
    details = {name: row[name] for name in ("country", "asn", "as_org", "prefix", "network") if row[name] is not None}
    return Alert(
        question="attacks", rule=CODE, severity=severity, confidence=rule.confidence,
        subject_kind="ip", subject=row["client_ip"], day=row["day"], key=crawler.name, began=row["began"],
        ended=row["ended"], requests=row["requests"],
        title=f"{row['client_ip']}: says to be {crawler.operator}'s crawler and is not: {row['requests']:,} requests",
        evidence=tuple(evidence), techniques=rule.techniques, remedy=rule.remedy,
        details={
            **details, "stage": rule.stage, "claimed": crawler.name, "signed": row["signed"], "refused": row["refused"],
            "fingerprint": row["user_agent"], "samples": [row["first_path"], row["last_path"]],
        },
    )  # fmt: skip


def _named(crawler: Crawler, peer_name: str | None) -> bool:
    """Return whether a host name is below one of the crawler's domains."""
    name = (peer_name or "").lower().rstrip(".")
    return any(name.endswith(f".{domain}") for domain in crawler.domains)
