"""`whofrom trace`."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import click

from echo.clientip import load_config, quote
from pipeline.commands.options import config_option, lake_option, open_engine, period, period_options
from pipeline.errors import UsageFault
from pipeline.output import json_text
from pipeline.trace.folding import fold
from pipeline.trace.render_text import write_story
from pipeline.trace.scan import Lookup, catalogue, network_of
from pipeline.trace.story import Background, tell
from pipeline.trace.subject import ALERT, CAMPAIGN, IP, KINDS, Subject, recognise

LINES = 40  # of the timeline, unless --full
FULL_LINES = 100_000  # of the timeline with --full: a person reads no more, and a page does not show more


@click.command()
@click.argument("text", metavar="IP|CIDR|AS|REQUEST-ID|USER")
@lake_option
@config_option
@period_options
@click.option("--as", "kind", type=click.Choice(list(KINDS)), help="What it is, where its form does not say.")
@click.option("--full", is_flag=True, help=f"The timeline run by run, not folded to {LINES} lines.")
@click.option(
    "-o", "--output", "form", type=click.Choice(("text", "json")), help="Default: text on a terminal, json in a pipe."
)
def trace(
    text: str,
    lake_path: str,
    config_path: str | None,
    since: str | None,
    until: str | None,
    kind: str | None,
    full: bool,
    form: str | None,
) -> None:
    """What did one source, network, user or request do, how far did it get, and what is to be blocked?"""
    moments = period(since, until)
    config = load_config(config_path) if config_path else None
    engine = open_engine(lake_path)
    lookup = Lookup(engine, **moments)
    subject = _chosen(lookup, recognise(text, kind))
    scan = lookup.scan()
    background = Background(config, known=catalogue(), near=None if scan.overview else lookup.near(subject))
    if scan.overview and subject.kind == IP:
        background = background._replace(**_around(lookup, subject))
    runs = fold(lookup.runs(scan), FULL_LINES if full else LINES) if scan.overview else []
    story = tell(subject, scan, runs, moments, background)
    form = form or ("text" if sys.stdout.isatty() else "json")
    WRITERS[form](story, sys.stdout)


def _chosen(lookup: Lookup, subjects: tuple[Subject, ...]) -> Subject:
    """Return the one of several subjects that the lake knows, its rows found. Raises UsageFault where it knows more."""
    known = [one for one in subjects if one.kind not in (ALERT, CAMPAIGN) and lookup.count(one)]
    if len(known) > 1:
        raise UsageFault(
            f"{quote(known[0].text)} is a {' and a '.join(one.kind for one in known)}", "",
            " or ".join(f"--as {one.kind}" for one in known),
        )  # fmt: skip
    chosen = known[0] if known else subjects[-1]
    lookup.count(chosen)
    return chosen


def _around(lookup: Lookup, subject: Subject) -> dict[str, Any]:
    network = network_of(subject.text)
    peer = next(iter(lookup.ask("as_peer", address=subject.text)), None)
    return {
        "network": network,
        "neighbours": lookup.neighbours(network),
        "for_others": peer["for_others"] if peer else 0,
    }


def _write_json(story: dict[str, Any], out: TextIO) -> None:
    out.write(json_text(story) + "\n")


WRITERS = {"text": write_story, "json": _write_json}
