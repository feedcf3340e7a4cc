"""
CrowdSec's labelled cases: lines of a log, and which sources did what; read by the real ingest, judged by `find`.

SCENARIOS says which of our rules tells the same as a scenario; where there is None, why it is out.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.attacks import RULES, find
from pipeline.engine.duckdb import Engine
from pipeline.errors import SourceFault
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings

DATA = Path(__file__).parents[2] / "data" / "attacks" / "crowdsec_cases.jsonl"
ALARMING = ("high", "medium")
PER_SOURCE = [rule for rule in RULES if rule.kinds or rule.daily]  # the others need weeks, or many sources
NO_ACCESS_LOG = "no access log: "
FORMAT = "an access log of a form that is not read: "

KNOWN_HOLE = frozenset({"known_hole", "rce", "log4shell", "injection", "traversal", "guessing", "webshell"})
# pattern of a scenario's name without its author -> the rules that tell the same, or why it is out
SCENARIOS: tuple[tuple[str, frozenset[str] | str], ...] = (
    (r"http-probing", frozenset({"probing"})),
    (r"http-crawl-non_statics", frozenset({"crawling"})),
    (r"http-sensitive-files", frozenset({"sensitive"})),
    (r"http-path-traversal-probing", frozenset({"traversal"})),
    (r"http-sqli-probbing.*", frozenset({"sqli"})),
    (r"http-xss-probbing", frozenset({"xss"})),
    (r"http-bad-user-agent", frozenset({"bad_agent"})),
    (r"http-backdoors-attempts", frozenset({"webshell"})),
    (r"http-admin-interface-probing", frozenset({"admin"})),
    (r"http-open-proxy", frozenset({"open_proxy"})),
    (r"http-w00tw00t|http-generic-test", frozenset({"scanner"})),
    (r"http-generic-bf|http-bf-40[13]|http-generic-40[13]-bf", frozenset({"bruteforce", "unauthorised"})),
    (r".*wordpress_bf_xmlrpc", frozenset({"xmlrpc_bruteforce"})),
    (r".*wordpress_bf", frozenset({"wordpress_bruteforce"})),
    (r"http-wordpress_user-enum", frozenset({"user_enumeration"})),
    (r"http-wordpress_wpconfig", frozenset({"wordpress_config", "sensitive"})),
    (r"http-wordpress-scan", frozenset({"wordpress_scan"})),
    (r"http-dos-swithcing-ua", frozenset({"switching_agents"})),
    (r"http-dos-random-uri", frozenset({"random_uri"})),
    (r"http-dos-bypass-cache", frozenset({"bypass_cache"})),
    (r"http-dos-invalid-http-versions", frozenset({"invalid_version"})),
    (r"http-cve-probing|.*cve[-_]?.*\d+(-cmd|-bf)?|.*vmsa-.*|netgear_rce|spring4shell.*|apache_log4j2.*", KNOWN_HOLE),
    (r"nginx-req-limit-exceeded", NO_ACCESS_LOG + "nginx's error log"),
    (r"couchdb-.*|kasm-.*|navidrome-.*|cpanel-.*|tcpudp.*", NO_ACCESS_LOG + "a program's own log"),
    (r"http-magento-ccs.*", NO_ACCESS_LOG + "payments that failed"),
    (r"modsecurity|crs-anomaly-score", NO_ACCESS_LOG + "a firewall's log"),
    (r"impossible-travel.*", NO_ACCESS_LOG + "logins, which `whofrom logins` judges"),
)  # fmt: skip


class Pair(NamedTuple):
    """A source of a case that CrowdSec names, and whether it was found. `out` says why it does not count."""

    case: str
    scenario: str
    source: str
    found: bool
    out: str


class Judged(NamedTuple):
    """What a case gave: its pairs, and (source, rule) of alarming alerts about sources that it does not name."""

    case: str
    pairs: list[Pair]
    extra: list[tuple[str, str]]
    read: bool


def cases(path: Path = DATA) -> list[dict[str, Any]]:
    """Return the cases of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def meaning(scenario: str) -> frozenset[str] | str:
    """Return the rules that tell the same as a scenario, or why it is out."""
    name = scenario.partition("/")[2] or scenario
    for pattern, said in SCENARIOS:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return said
    return "no scenario that we know"


def judge(case: dict[str, Any]) -> Judged:
    """Read a case and compare."""
    labelled = [(str(one["scenario"]), source) for one in case["alerts"] for source in one["source_ips"] or ()]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        log.write_text("\n".join(case["lines"]) + "\n", encoding="utf-8")
        lake = Lake(f"{folder}/lake")
        try:
            ingest_source(str(log), lake, Settings())
        except SourceFault:
            pairs = [
                Pair(case["test"], scenario, source, False, _why(meaning(scenario), case["log_type"]))
                for scenario, source in sorted(set(labelled))
            ]
            return Judged(case["test"], pairs, [], False)
        alerts = find(Engine(lake), None, None, rules=PER_SOURCE)
    rules: dict[str, set[str]] = {}
    for one in alerts:
        rules.setdefault(one.subject, set()).add(one.rule)
    pairs = []
    for scenario, source in sorted(set(labelled)):
        said = meaning(scenario)
        known = said if isinstance(said, frozenset) else frozenset()
        pairs.append(
            Pair(case["test"], scenario, source, bool(known & rules.get(source, set())), "" if known else str(said))
        )
    named = {source for _, source in labelled}
    extra = [
        (one.subject, one.rule)
        for one in alerts
        if one.subject not in named and one.details.get("severity_if_client", one.severity) in ALARMING
    ]
    return Judged(case["test"], pairs, sorted(set(extra)), True)


def _why(said: frozenset[str] | str, log_type: str) -> str:
    return said if isinstance(said, str) else FORMAT + log_type
