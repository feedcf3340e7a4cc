"""
The story of a subject: what the lake says (`scan`), judged, as one object whose keys stay.

KEYS declares them; `-o json` prints the object, text and page are drawn from it. Within VERSION keys are only added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from echo.clientip import Config, Policy, Ranges, classify, parse_address
from pipeline.alerts.alert import SEVERITIES, Alert
from pipeline.alerts.document import as_row
from pipeline.trace.blocking import Advice, Facts, Seen, advise, is_narrow
from pipeline.trace.crawling import Claimed
from pipeline.trace.folding import Run, shortened
from pipeline.trace.forged import MEANINGS, Own, Sign, signs_of
from pipeline.trace.hops import ROLES, Way, alike, class_of, ways_of, why
from pipeline.trace.scan import Row, Scan
from pipeline.trace.stages import (
    GUESSED_LOGINS,
    LOGIN,
    PROBED_SHARE,
    RANKS,
    RECON,
    STAGES,
    SUCCESS,
    WEBSHELL,
    Matched,
    is_of,
    stage_of,
)
from pipeline.trace.subject import CIDR, IP, REQUEST, USER, Subject

VERSION = 1
UNSURE = "low"  # severity of a success on a site that may answer anything
MIN_PROBES = 3  # refused paths of a neighbour that did little else
MAX_WAYS_SHOWN = 10
MAX_CHECKS = 5  # users to be asked whether it was them
MAX_RULES = 4  # of alerts, named in the verdict
MAX_TECHNIQUES = 6  # of a stage
QUIET = "none"  # severity of a subject that did nothing hostile
# key -> what it holds
KEYS = {
    "v": "Version of this object.",
    "subject": "`kind`, of those of --as, and `text`, canonical; `class` of an address: public, private, …",
    "period": "`since` and `until` that were asked for; null for all of the lake.",
    "verdict": (
        "`severity`: high, medium, low, or none; `stage`: the highest that was reached, null for none; "
        "`text`: a sentence."
    ),
    "seen": (
        "`first`, `last`, `active_days`, `requests`, `hostile` (those that are of a stage), `clients`, "
        "`paths`, `hosts`, `programs`, `users`, `errors` (status 400 and above), `response_bytes`. Null if "
        "there are no requests."
    ),
    "near": (
        "Where a subject without requests turns up: `outside` of the period, `network` and `neighbours` in it, "
        "`as_peer`, `claimed` in headers of others, `also` as what else it is known. Null if there are requests."
    ),
    "crawler": (
        "Whether a client that says to be a crawler is one: `client`, `operator`, `verified`, `why`; null if none does."
    ),
    "stages": (
        "Of each stage that was reached, in order of time: `stage`, `title`, `severity`, `first`, `last`, "
        "`requests`, `paths`, `clients`, `answered` (2xx), `techniques`, `signatures` (id → requests), "
        "`samples` (`ts`, `client`, `method`, `target`, `status`, `bytes`, `signatures`), `note` (what makes it "
        "doubtful)."
    ),
    "timeline": (
        "Runs of like requests: `began`, `ended`, `requests`, `client` (`*` for several), `stage`, `method`, "
        "`pattern`, `paths` (at least so many), `statuses`, `users`. Their requests add up to "
        "`seen.requests`."
    ),
    "hours": ('Requests over time: `began`, `seconds` of a slot, `stages`: stage (`""` for none) → requests by slot.'),
    "values": (
        "Of `client`, `host`, `status`, `method`, `program`, `user`, `place` and `network`, the most "
        "frequent: `value`, `detail` (of a program the order of its headers, of a user the outcome), "
        "`requests`, `hostile`, `first`, `last`; and in `distinct` how many there are of each."
    ),
    "ways": (
        "How the requests came, like ways told once: `requests`, `clients` (how many different), `peer` and "
        "`client` (of the most frequent), `source`, `reason`, `why`, `recorded` (the "
        "client that the lake has), `judged` (policy that was asked, or `row`), `hops` (`text`, `source`, "
        "`class`, `role`, `trusted`)."
    ),
    "forged": (
        "Signs of headers that were forged: `sign`, `meaning`, `requests`, `samples`, `strong` (no honest "
        "proxy writes so)."
    ),
    "campaign": "Other sources that belong to it: `name`, `sources`, `why`; null for none.",
    "alerts": "Alerts that name the subject, the worst first; keys as in [alert](alert.md).",
    "advice": ("What to do: `action`, `target`, `why`, `requests` and `users` that a block would have hit, `toml`."),
}


class Background(NamedTuple):
    """
    What is known beside the rows.

    config      of --config, None if none was given
    neighbours  clients of the network around an address
    network     that network
    for_others  requests in which the subject is the peer of another client
    alerts      that name the subject
    campaign    keys as in KEYS, None for none
    crawlers    clients that say to be crawlers
    near        where a subject without requests turns up
    known       id of a signature -> what is known of it
    """

    config: Config | None = None
    neighbours: Sequence[Row] = ()
    network: str = ""
    for_others: int = 0
    alerts: Sequence[Alert] = ()
    campaign: Mapping[str, Any] | None = None
    crawlers: Sequence[Claimed] = ()
    near: Mapping[str, Any] | None = None
    known: Mapping[str, Matched] = {}


def tell(
    subject: Subject, scan: Scan, runs: Iterable[Run], period: Mapping[str, datetime | None], background: Background
) -> dict[str, Any]:
    """Return the object of KEYS. runs are folded already."""
    own = own_of(background.config)
    policy = policy_of(background.config)
    ways = ways_of(scan.chains, policy)
    stages = _stages(scan, background.known)
    return {
        "v": VERSION,
        "subject": {"kind": subject.kind, "text": subject.text, "class": _class(subject)},
        "period": dict(period),
        "verdict": _verdict(scan, stages, background.alerts),
        "seen": None if scan.overview is None else _seen(scan.overview),
        "near": background.near,
        "crawler": _crawler(background.crawlers),
        "stages": stages,
        "timeline": [_run(shortened(run)) for run in runs],
        "hours": _hours(scan),
        "values": _values(scan.values),
        "ways": [_way(way, clients) for way, clients in alike(ways)[:MAX_WAYS_SHOWN]],
        "forged": [_sign(sign) for sign in signs_of(ways, own)],
        "campaign": background.campaign,
        "alerts": [as_row(alert) for alert in background.alerts],
        "advice": [one._asdict() for one in _advice(subject, scan, stages, ways, own, background)] if ways else [],
    }


def own_of(config: Config | None) -> Own:
    """Return the addresses that are never blocked by a configuration."""
    if config is None:
        return Own(Ranges(), Ranges())
    return Own(Ranges(text for ranges in config.network.values() for text in ranges.texts), config.policy.trusted)


def policy_of(config: Config | None) -> Policy | None:
    """Return the policy to ask again: that of a configuration which says one."""
    return None if config is None or not config.path else config.policy


def _crawler(crawlers: Sequence[Claimed]) -> dict[str, Any] | None:
    if not crawlers:
        return None
    client, verdict = crawlers[0]
    return {
        "client": client,
        "operator": verdict.crawler.operator,
        "verified": verdict.verified,
        "why": verdict.why,
    }


def _class(subject: Subject) -> str | None:
    address = parse_address(subject.text) if subject.kind == IP else None
    return None if address is None else classify(address.packed)


def _seen(row: Row) -> dict[str, Any]:
    return {
        "first": row["first_ts"],
        "last": row["last_ts"],
        "programs": row["user_agents"],
        **{
            name: row[name]
            for name in ("active_days", "requests", "hostile", "clients", "paths", "hosts", "users", "errors",
                         "response_bytes")
        },
    }  # fmt: skip


def _verdict(scan: Scan, stages: Sequence[Mapping[str, Any]], alerts: Sequence[Alert]) -> dict[str, Any]:
    if scan.overview is None:
        return {"severity": QUIET, "stage": None, "text": "no requests"}
    rules = list(dict.fromkeys(one.rule for one in alerts if one.severity == alerts[0].severity))[:MAX_RULES]
    told = f"; alerts: {', '.join(rules)}" if rules else ""
    if not stages:
        severity = alerts[0].severity if alerts else QUIET
        return {"severity": severity, "stage": None, "text": f"no stage of the kill chain{told}"}
    highest = max(stages, key=lambda one: RANKS[one["stage"]])
    stage = STAGES[highest["stage"]]
    doubt = ", if the site does not answer anything" if highest["severity"] != stage.severity else ""
    severity = min([*(one["severity"] for one in stages), *(one.severity for one in alerts)], key=SEVERITIES.index)
    return {"severity": severity, "stage": stage.code, "text": f"reached: {stage.title}{doubt}{told}"}


def _stages(scan: Scan, known: Mapping[str, Matched]) -> list[dict[str, Any]]:
    matched: dict[str, Counter[str]] = {}
    for row in scan.stage_signs:
        for sign in row["signs"].split(","):
            matched.setdefault(row["stage"], Counter())[sign] += row["requests"]
    found = []
    for row in scan.stages:
        stage = STAGES[row["stage"]]
        counted = matched.get(stage.code, Counter()).most_common()
        signs = {sign: count for sign, count in counted if telling(sign, known)}
        own = [known[sign] for sign in signs if sign in known and is_of(known[sign], stage.code)]
        named = dict.fromkeys(one for sign in own for one in sign.techniques)
        found.append(
            {
                "stage": stage.code,
                "title": stage.title,
                "severity": UNSURE if scan.anything and stage.code in (SUCCESS, WEBSHELL) else stage.severity,
                "first": row["first_ts"],
                "last": row["last_ts"],
                **{name: row[name] for name in ("requests", "paths", "clients", "answered")},
                "techniques": list(dict.fromkeys([*stage.techniques, *named]))[:MAX_TECHNIQUES],
                "signatures": signs,
                "samples": [_sample(one, known) for one in scan.samples if one["stage"] == stage.code],
                "note": _note(row, anything=scan.anything),
            }
        )
    return found


def telling(sign: str, known: Mapping[str, Matched]) -> bool:
    """Return whether a signature says more than what half of all programs do."""
    return sign in known and known[sign].severity != "info"


def _sample(row: Row, known: Mapping[str, Matched]) -> dict[str, Any]:
    return {
        "ts": row["ts"],
        "client": row["client_ip"],
        "method": row["method"],
        "target": row["target"],
        "status": row["status"],
        "bytes": row["response_bytes"],
        "signatures": [sign for sign in row["signs"].split(",") if telling(sign, known)],
    }


def _note(row: Row, *, anything: bool) -> str:
    """Return what makes a stage doubtful, "" for nothing."""
    if anything and row["stage"] in (SUCCESS, WEBSHELL):
        return "the site may answer anything: nothing was 404 on those days. Compare the answers with ordinary ones"
    if row["stage"] == WEBSHELL:
        return "scripts that nobody else got, called with a query or a body: look at the files and their times"
    if row["stage"] == "success" and row["sizes"] == 1 and row["requests"] > 1 and row["size"] is not None:
        return f"all {row['requests']:,} answers have {row['size']:,} bytes: it may be one page that answers everything"
    if row["stage"] == "success":
        return "answered with 2xx, which is no proof: compare the answers with those of ordinary requests"
    return ""


def _run(run: Run) -> dict[str, Any]:
    return {
        "began": run.began,
        "ended": run.ended,
        "requests": run.requests,
        "client": run.client,
        "stage": run.stage or None,
        "method": run.method,
        "pattern": run.pattern,
        "paths": run.paths,
        "statuses": list(run.statuses),
        "users": list(run.users),
    }


def _hours(scan: Scan) -> dict[str, Any] | None:
    if scan.began is None:
        return None
    slots = max(row["slot"] for row in scan.hours) + 1
    stages: dict[str, list[int]] = {}
    for row in scan.hours:
        stages.setdefault(row["stage"], [0] * slots)[row["slot"]] += row["requests"]
    order = sorted(stages, key=lambda stage: RANKS.get(stage, 0))
    return {"began": scan.began, "seconds": scan.slot, "stages": {stage: stages[stage] for stage in order}}


def _values(rows: Sequence[Row]) -> dict[str, Any]:
    found: dict[str, Any] = {"distinct": {}}
    for row in rows:
        found["distinct"][row["dimension"]] = row["distinct_values"]
        found.setdefault(row["dimension"], []).append(
            {
                "value": row["value"],
                "detail": row["detail"],
                "requests": row["requests"],
                "hostile": row["hostile"],
                "first": row["first_ts"],
                "last": row["last_ts"],
            }
        )
    return found


def _way(way: Way, clients: int) -> dict[str, Any]:
    return {
        "requests": way.requests,
        "clients": clients,
        "peer": way.peer,
        "client": way.client,
        "source": way.source,
        "reason": way.reason,
        "why": why(way.reason),
        "recorded": way.recorded,
        "judged": way.judged,
        "hops": [
            {"text": hop.text, "source": hop.source, "class": class_of(hop), "role": hop.role, "trusted": hop.trusted}
            for hop in way.hops
        ],
    }


def _sign(sign: Sign) -> dict[str, Any]:
    return {
        "sign": sign.code,
        "meaning": MEANINGS[sign.code],
        "requests": sign.requests,
        "samples": list(sign.samples),
        "strong": sign.strong,
    }


def clients_of(rows: Sequence[Row]) -> list[Seen]:
    """Return the clients of rows of trace/clients."""
    return [
        Seen(row["client_ip"], *(row[name] for name in ("requests", "hostile", "serious", "good", "users")))
        for row in rows
    ]


def neighbours_of(rows: Sequence[Row], known: Mapping[str, Matched]) -> list[Seen]:
    """Return the clients of rows of trace/neighbours, judged by their sums as `judged` judges requests."""
    clients: dict[str, list[Row]] = {}
    for row in rows:
        clients.setdefault(row["client_ip"], []).append(row)
    return [_neighbour(client, parts, known) for client, parts in clients.items()]


def _neighbour(client: str, parts: Sequence[Row], known: Mapping[str, Matched]) -> Seen:
    def stage(row: Row) -> str:
        return stage_of([known[sign] for sign in row["signs"].split(",") if sign in known])

    whole = {name: sum(row[name] for row in parts) for name in ("requests", "refused", "refused_paths", "denied")}
    users = max(row["users"] for row in parts)
    probes = whole["refused_paths"] >= MIN_PROBES and whole["refused"] >= PROBED_SHARE * whole["requests"]
    hostile = max(
        sum(row["requests"] for row in parts if stage(row)),
        whole["refused"] if probes else 0,
        whole["denied"] if whole["denied"] > GUESSED_LOGINS else 0,
    )
    serious = sum(row["requests"] for row in parts if stage(row) not in ("", RECON))
    answered = sum(row["answered"] for row in parts if not stage(row))
    good = answered if users or hostile < PROBED_SHARE * whole["requests"] else 0
    return Seen(client, whole["requests"], hostile, serious, good, users)


def _advice(
    subject: Subject,
    scan: Scan,
    stages: Sequence[Mapping[str, Any]],
    ways: Sequence[Way],
    own: Own,
    background: Background,
) -> list[Advice]:
    seen = clients_of(scan.clients)
    neighbours = neighbours_of(background.neighbours, background.known)
    network = background.network
    if subject.kind == CIDR:
        network, neighbours = (subject.text if is_narrow(subject.text) else ""), seen
    else:  # what is known better of the subject's own
        ours = {one.client: one for one in seen}
        neighbours = [ours.get(one.client, one) for one in neighbours]
    programs = scan.overview["user_agents"] if scan.overview else 0
    entered = subject.kind == USER and any(one["stage"] == LOGIN for one in stages)
    account = subject.text if entered else ""
    crawlers = {one.client: one.verdict.why for one in background.crawlers if one.verdict.verified}
    found = advise(Facts(seen, neighbours, network, background.for_others, programs, ways, account, crawlers), own)
    asked = [
        Advice("check", alert.subject, f"{alert.title}. {alert.remedy}".rstrip(". ") + ".")
        for alert in background.alerts
        if alert.subject_kind == "user" and alert.severity in ("high", "medium")
    ]
    if subject.kind == REQUEST:  # one request says little; what its client did beside says more
        asked += [Advice("trace", one.client, f"its client: whofrom trace {one.client}") for one in seen]
    return [*asked[:MAX_CHECKS], *(one for one in found if one.action != "watch" or not asked)]


__all__ = ["KEYS", "ROLES", "VERSION", "Background", "clients_of", "neighbours_of", "own_of", "tell"]
