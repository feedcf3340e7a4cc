"""`whofrom trace`: what one source did, from its first request to its last."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TextIO

import click

from echo.clientip import Config, load_config, printable, quote
from pipeline.alerts import Alert
from pipeline.alerts.find import find
from pipeline.attacks.crawlers import Known
from pipeline.commands.options import config_option, engine_options, lake_option, open_engine, period, period_options
from pipeline.commands.results import destination
from pipeline.engine import LOCAL, Choice
from pipeline.errors import UsageFault
from pipeline.output import json_text
from pipeline.trace.crawling import Claimed, claims
from pipeline.trace.findings import about, campaign_of, sources_of, subject_of
from pipeline.trace.folding import fold
from pipeline.trace.page import page
from pipeline.trace.render_text import write_story
from pipeline.trace.scan import Lookup, Scan, catalogue, network_of, whole_days
from pipeline.trace.story import Background, tell
from pipeline.trace.subject import ALERT, CAMPAIGN, IP, KINDS, Subject, is_id, recognise

MAX_NAMES = 20  # of hosts, that are asked whether they are a crawler's
STDOUT = "-"
LINES = 40  # of the timeline, unless --full
FULL_LINES = 10_000  # of the timeline with --full: a person reads no more, and whofrom sql has every row


@click.command()
@click.argument("text", metavar="IP|CIDR|AS|REQUEST-ID|USER|ALERT-ID")
@lake_option
@config_option
@period_options
@click.option("--as", "kind", type=click.Choice(list(KINDS)), help="What it is, where its form does not say.")
@click.option("--full", is_flag=True, help=f"A timeline of up to {FULL_LINES:,} lines instead of {LINES}.")
@click.option("--alerts/--no-alerts", default=True, help="Whether to look for alerts about it.")
@click.option(
    "--html",
    metavar="FILE",
    help="Write a page: one file without a script, for a browser or a printer; - is standard output.",
)
@click.option(
    "-o", "--output", "form", type=click.Choice(("table", "json")), help="Default: table on a terminal, json in a pipe."
)
@engine_options
def trace(
    text: str,
    lake_path: str,
    config_path: str | None,
    since: str | None,
    until: str | None,
    kind: str | None,
    full: bool,
    alerts: bool,
    html: str | None,
    form: str | None,
    choice: Choice,
) -> None:
    """
    What did one source, network, user or request do, how far did it get, and what is to be blocked?

    With --config the hops are judged by its policy, and its networks are never advised to be blocked.
    """
    moments = period(since, until)
    config = load_config(config_path) if config_path else None
    story = told(
        text, kind, lake_path, config, moments, lines=FULL_LINES if full else LINES, alerts=alerts, choice=choice
    )
    if html is not None:
        text = page(story)
        with destination(None if html == STDOUT else html) as out:
            out.write(text)
        if html != STDOUT:
            click.echo(f"{printable(html)}: a page of {len(text.encode()) // 1000 + 1:,} kB", err=True)
        if form is None:
            return
    form = form or ("table" if sys.stdout.isatty() else "json")
    WRITERS[form](story, sys.stdout)


def told(
    text: str,
    kind: str | None,
    lake_path: str,
    config: Config | None,
    moments: Mapping[str, datetime | None],
    *,
    lines: int,
    alerts: bool,
    choice: Choice = LOCAL,
) -> dict[str, Any]:
    """Return the story of what a text names. Raises Fault."""
    subjects = recognise(text, kind)
    engine = open_engine(lake_path, choice)
    lookup = Lookup(engine, **moments)
    found: list[Alert] | None = None
    subject = _known(lookup, subjects)
    if subject.kind in (ALERT, CAMPAIGN):
        found = find(engine, moments["since"], moments["until"], config)
        if subject.kind == ALERT:
            _, subject = subject_of(found, subject.text)
        if subject.kind == CAMPAIGN:
            lookup.count_sources(sources_of(found, subject.text))
        else:
            lookup.count(subject)
    scan = lookup.scan()
    background = Background(config, known=catalogue(), near=None if scan.overview else lookup.near(subject))
    runs = fold(lookup.runs(scan), lines) if scan.overview else []
    if scan.overview:
        background = background._replace(crawlers=_crawlers(scan, config))
        if subject.kind == IP:
            background = background._replace(**_around(lookup, subject))
        if found is None and alerts:
            found = find(engine, *whole_days(scan.overview["first_ts"], scan.overview["last_ts"]), config)
        clients = [row["value"] for row in scan.values if row["dimension"] == "client"]
        named = about(found or (), subject, clients)
        background = background._replace(alerts=named, campaign=campaign_of(named, subject))
    return tell(subject, scan, runs, moments, background)


def _known(lookup: Lookup, subjects: tuple[Subject, ...]) -> Subject:
    """Return the one of several subjects that the lake knows, its rows found. Raises UsageFault where it knows more."""
    asked = [one for one in subjects if one.kind not in (ALERT, CAMPAIGN)]
    known = []
    for one in asked:
        if lookup.count(one):
            known.append(one)
            if not is_id(one.text):
                return one
    if len(known) > 1:
        raise UsageFault(
            f"{quote(known[0].text)} is a {' and a '.join(one.kind for one in known)}", "",
            " or ".join(f"--as {one.kind}" for one in known),
        )  # fmt: skip
    chosen = known[0] if known else subjects[0]
    if chosen in asked and chosen != asked[-1]:  # the rows at hand are of the last one
        lookup.count(chosen)
    return chosen


def _crawlers(scan: Scan, config: Config | None) -> list[Claimed]:
    agents = [row["value"] for row in scan.values if row["dimension"] == "program"]
    names = {row["peer_name"] for row in scan.chains if row["peer_name"]}
    return claims([row["client_ip"] for row in scan.clients], agents, sorted(names)[:MAX_NAMES], Known(config))


def _around(lookup: Lookup, subject: Subject) -> dict[str, Any]:
    """Return what is known of the network around an address, and for whom it speaks."""
    network = network_of(subject.text)
    peer = next(iter(lookup.ask("as_peer", address=subject.text)), None)
    return {
        "network": network,
        "neighbours": lookup.neighbours(network),
        "for_others": peer["for_others"] if peer else 0,
    }


def _write_json(story: dict[str, Any], out: TextIO) -> None:
    out.write(json_text(story) + "\n")


WRITERS: dict[str, Callable[[dict[str, Any], TextIO], None]] = {"table": write_story, "json": _write_json}
