"""`whofrom alerts`: everything in a lake that somebody should act on, each told once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

import click

from echo.clientip import load_config, printable, quote
from pipeline.alerts import SEVERITIES, Alert
from pipeline.alerts.deliver import Delivery
from pipeline.alerts.document import ALERT_KEYS, TABLE_KEYS, as_row
from pipeline.alerts.find import QUESTIONS, find
from pipeline.alerts.journal import Journal, told
from pipeline.alerts.settings import PRINTED, STDOUT, Sink, parse_alerts
from pipeline.alerts.silences import Judged, Silencing
from pipeline.commands.options import (
    config_option,
    engine_options,
    lake_option,
    output_option,
    period,
    period_options,
    say_if_empty,
)
from pipeline.counted import counted
from pipeline.engine import Choice, open_engine
from pipeline.lake import Lake
from pipeline.output import write_rows

EXIT_FAILED, EXIT_FOUND = 1, 4
WHAT = "whofrom alerts"
DEFAULT_WAIT = 60  # seconds: cron's next run is minutes away, and what was not told waits for it
# of --all, beside ALERT_KEYS: key -> what it is
ALL_KEYS = {
    "silenced": "Why it is not told; empty if it is.",
    "told": "The sinks that know it.",
}

to_option = click.option(
    "--to", multiple=True, metavar="KIND=URL", help="Tell there too: ndjson=FILE, webhook=URL, alertmanager=URL."
    " Repeatable.",
)  # fmt: skip


@click.command()
@lake_option
@config_option
@period_options
@to_option
@click.option("--question", type=click.Choice(list(QUESTIONS)), help="Ask one question alone.")
@click.option(
    "--severity", "minimum", type=click.Choice(SEVERITIES), help="The least severity told, in place of the TOML's."
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Show all alerts, with those that were told before or are silenced. Tells nobody.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be told; tell nobody.")
@click.option("--again", is_flag=True, help="Try again what a sink refused, or what was given up, before.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES[:3]),
    help="End with 4 if there is an alert of this severity or a worse one, silenced ones aside.",
)
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=DEFAULT_WAIT,
    show_default=True,
    metavar="SECONDS",
    help="How long to try sinks that do not answer; what they were not told waits for the next run.",
)
@output_option
@engine_options
def alerts(
    lake_path: str,
    config_path: str | None,
    since: str | None,
    until: str | None,
    to: tuple[str, ...],
    question: str | None,
    minimum: str | None,
    every: bool,
    dry_run: bool,
    again: bool,
    fail_on: str | None,
    wait: int,
    form: str | None,
    choice: Choice,
) -> None:
    """
    What should somebody act on? Attacks and logins, each told once.

    Alerts go where [[alerts.to]] and --to say; without any they are printed. What was told is remembered in the lake's
    folder, so the next run tells what is new. Whole days are looked at: --since is moved to the beginning of its day.
    """
    config = load_config(config_path)
    settings = parse_alerts(config.tables, config.path, to)
    silencing = settings.silencing
    if minimum is not None:
        silencing = Silencing(silencing.off, minimum, silencing.severities, silencing.silences)
    moments = period(since, until)
    begin = moments["since"]
    if begin is not None:
        begin = datetime.combine(begin.date(), time(), UTC)
    lake = Lake(lake_path)
    asked = (question,) if question is not None else tuple(QUESTIONS)
    engine = open_engine(lake, choice)
    found = find(engine, begin, moments["until"], config, asked)
    now = datetime.now(UTC)
    judged = silencing.judge(found, now)
    due = [one.alert for one in judged if not one.silenced]
    sinks = settings.sinks or (PRINTED,)
    failed = False
    if every or dry_run:
        _show(judged, sinks, lake_path, form, every=every)
    else:
        failed = _tell(due, sinks, lake_path, form, wait, again=again)
    _say(judged, silencing, now)
    say_if_empty(engine, judged, moments)
    if failed:
        sys.exit(EXIT_FAILED)
    if fail_on is not None and any(SEVERITIES.index(one.severity) <= SEVERITIES.index(fail_on) for one in due):
        sys.exit(EXIT_FOUND)


def _show(judged: Sequence[Judged], sinks: Sequence[Sink], lake_path: str, form: str | None, *, every: bool) -> None:
    """Show alerts and what becomes of them."""
    known = {sink.name: told(lake_path, sink.name) for sink in sinks}
    rows = []
    for one in judged:
        where = [name for name, ids in known.items() if one.alert.fingerprint in ids]
        new = any(sink.wants(one.alert.severity) and sink.name not in where for sink in sinks)
        if every or (new and not one.silenced):
            rows.append(as_row(one.alert) | {"silenced": one.silenced, "told": where})
    more = tuple(ALL_KEYS) if every else ()
    write_rows(rows, (*ALERT_KEYS, *more), form, table_columns=(*TABLE_KEYS, *more))


def _tell(
    due: Sequence[Alert], sinks: Sequence[Sink], lake_path: str, form: str | None, wait: int, *, again: bool
) -> bool:
    """Tell what is new, and say so; return whether a sink was not told something."""
    printed = [sink for sink in sinks if sink.kind == STDOUT]
    others = [sink for sink in sinks if sink.kind != STDOUT]
    delivery = Delivery(others, lake_path, WHAT, _complain)
    try:
        if again:
            click.echo(f"{counted(delivery.again(), 'alert')} to be tried again", err=True)
        new = delivery.put(due)
        for sink in printed:
            _print([one for one in due if sink.wants(one.severity)], lake_path, form)
        if form is not None and not printed:
            _write(new, form)
        delivery.drain(wait)
        counts = delivery.counts()
    finally:
        delivery.close()
    for name, count in counts.items():
        parts = [f"{count.sent:,} told"]
        parts += [f"{count.refused:,} refused"] if count.refused else []
        parts += [f"{count.waiting:,} wait for the next run"] if count.waiting else []
        click.echo(f"{name}: {', '.join(parts)}", err=True)
    return any(count.refused or count.waiting for count in counts.values())


def _print(alerts_: Sequence[Alert], lake_path: str, form: str | None) -> None:
    """Print what was not printed before, and note that when it is out."""
    journal = Journal(lake_path, STDOUT, WHAT)
    try:
        new = [one for one in alerts_ if journal.ended(one.fingerprint) is None]
        _write(new, form)
        sys.stdout.flush()
        journal.end([one.fingerprint for one in new], "sent")
    finally:
        journal.close()
    before = len(alerts_) - len(new)
    if before:
        click.echo(f"{counted(before, 'alert')} printed before; --all shows all", err=True)


def _write(alerts_: Sequence[Alert], form: str | None) -> None:
    write_rows([as_row(one) for one in alerts_], tuple(ALERT_KEYS), form, table_columns=TABLE_KEYS)


def _say(judged: Sequence[Judged], silencing: Silencing, now: datetime) -> None:
    """Say what was not told, and which silences are over."""
    reasons = Counter(one.silenced for one in judged if one.silenced)
    for reason, count in reasons.most_common():
        click.echo(f"{counted(count, 'alert')} silenced: {printable(reason)[:80]}; --all shows them", err=True)
    for one in silencing.over(now):
        click.echo(f"the silence {quote(one.reason)} ended {one.until:%Y-%m-%d %H:%M} UTC: take it out", err=True)


def _complain(words: str) -> Any:
    click.echo(printable(words), err=True)
