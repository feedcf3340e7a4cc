"""`whofrom blocklist`: alerts to a list that a server or a firewall reads."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import click

from echo.clientip import Config, load_config, printable, quote
from pipeline.alerts import SEVERITIES, Alert
from pipeline.alerts.find import find
from pipeline.alerts.reading import read_alerts
from pipeline.alerts.settings import parse_silencing
from pipeline.commands.options import config_option, engine_options, lake_option, output_option
from pipeline.counted import counted
from pipeline.engine import Choice, open_engine
from pipeline.errors import UsageFault
from pipeline.exports import files
from pipeline.exports.difference import CHANGES, COLUMNS, SAME, difference
from pipeline.exports.entries import LIFETIMES, MAX_ENTRIES, V6_PREFIX, Gathered, gather, worst
from pipeline.exports.formats import DEFAULT_NAME, FORMATS, check_name
from pipeline.exports.guard import make_guard
from pipeline.exports.merging import absorbed, merged
from pipeline.lake import Lake
from pipeline.lake.promise import promised
from pipeline.output import default_form, write_rows
from pipeline.timespec import HELP, length_of, parse_moment

MAX_LIFETIME = timedelta(days=365)
MAX_SHOWN = 10  # of what is refused; there is a line with the number of the others
NARROWEST, WIDEST = 128, 32


@click.command()
@click.argument("kind", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@lake_option
@config_option
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="Alerts as whofrom alerts -o ndjson prints them, - for standard input, in place of those of the lake.",
)
@click.option(
    "--since",
    metavar="TIME",
    help=f"Of alerts that ended at this time or after: {HELP}. Default: as long as an entry may last.",
)
@click.option(
    "--at", metavar="TIME", help="What the time is: entries that are over by then are left out. Default: now."
)
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="high",
    show_default=True,
    help="Of alerts of this severity or a worse one.",
)
@click.option(
    "--lifetime",
    metavar="TIME",
    help="How long an entry lasts behind its last request, as 12h. Default: "
    + ", ".join(f"{name} {int(one.total_seconds() // 3600)}h" for name, one in LIFETIMES.items())
    + ".",
)
@click.option(
    "--v6-prefix",
    type=click.IntRange(WIDEST, NARROWEST),
    default=V6_PREFIX,
    show_default=True,
    help="What is blocked around an address of IPv6.",
)
@click.option("--merge", is_flag=True, help="Join the two halves of a network to one entry.")
@click.option(
    "--allow-file",
    "allowed",
    multiple=True,
    metavar="FILE",
    help="A list of ranges, one a line, that are never blocked, beside [attacks] never_block. Repeatable.",
)
@click.option("--name", default=DEFAULT_NAME, show_default=True, help="Of the table, the set, the variable.")
@click.option("--out", metavar="FILE", help="Replace this file, whole or not at all, in place of printing.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what --out, or --against, would gain and lose.")
@click.option("--against", metavar="FILE", help="Of --dry-run: another list, as nft list set or ipset save print it.")
@output_option
@engine_options
def blocklist(
    kind: str,
    lake_path: str,
    config_path: str | None,
    source: str | None,
    since: str | None,
    at: str | None,
    severity: str,
    lifetime: str | None,
    v6_prefix: int,
    merge: bool,
    allowed: tuple[str, ...],
    name: str,
    out: str | None,
    dry_run: bool,
    against: str | None,
    form: str | None,
    choice: Choice,
) -> None:
    """
    Whom to block? Attackers as a list for nginx, nftables, ipset, CrowdSec, or as STIX.

    Each entry has its reason, how many requests it rests on, and when it ends. Never in it: what [network] and [trust]
    name, private addresses, edges of CDNs, verified crawlers, [attacks] never_block; standard error says so.
    """
    if not dry_run and (against is not None or form is not None):
        raise UsageFault("goes with --dry-run", "--against" if against is not None else "-o", "add --dry-run")
    if dry_run and out is None and against is None:
        raise UsageFault("compares with a list, and none is named", "--dry-run", "add --out FILE or --against FILE")
    check_name(name)
    now = datetime.now(UTC)
    moment = now if at is None else parse_moment(at, now, "--at")
    lasts = None if lifetime is None else _span(lifetime)
    config = load_config(config_path)
    guard = make_guard(config, allowed)
    span = ""
    if source is not None:
        alerts = read_alerts(source)
    else:
        begin = moment - (lasts or max(LIFETIMES.values())) if since is None else parse_moment(since, now, "--since")
        alerts = _of_lake(Lake(lake_path), begin, config, choice)
        span = f" since {begin:%Y-%m-%d %H:%M} UTC (earlier: --at TIME)"
    silencing = replace(parse_silencing(config.tables, config.path), minimum=SEVERITIES[-1])  # --severity says that
    judged = silencing.judge(alerts, now)
    silenced = sum(bool(one.silenced) for one in judged)
    if silenced:
        click.echo(f"{counted(silenced, 'alert')} silenced by [alerts]; whofrom alerts --all shows them", err=True)
    found = gather((one.alert for one in judged if not one.silenced), guard, moment, severity, lasts, v6_prefix)
    _say(found)
    entries = (merged if merge else absorbed)(found.entries)
    if len(entries) > MAX_ENTRIES:
        click.echo(f"{len(entries):,} entries, of which the worst {MAX_ENTRIES:,} are taken", err=True)
        entries = worst(entries)
    if not entries:
        least = f" of severity {severity} or worse" if severity != SEVERITIES[-1] else ""
        why = "" if found.refused or found.expired else f": no alert{least} is about an address{span}"
        click.echo(f"nothing to block{why}", err=True)
    if dry_run:
        _show(difference(files.read(against if against is not None else out or ""), entries), form)
        return
    text = FORMATS[kind].write(entries, name, moment)
    if out is None:
        sys.stdout.write(text)
    else:
        files.replace(out, text)
        click.echo(f"{printable(out)}: {counted_entries(len(entries))}", err=True)


def _of_lake(lake: Lake, begin: datetime, config: Config, choice: Choice) -> list[Alert]:
    """Return the attacks of whole days: an alert is about one. Raises UsageFault where addresses are not whole."""
    mark = promised(lake)
    if mark is not None:
        raise UsageFault(
            f"its addresses are anonymized ({printable(mark)}): a list would block others",
            printable(lake.path),
            "make lists of a lake with whole ones",
        )
    since = datetime.combine(begin.date(), time(), UTC)
    return find(open_engine(lake, choice), since, None, config, ("attacks",))


def _span(text: str) -> timedelta:
    length = length_of(text)
    if not length:
        raise UsageFault(f"{quote(text)} is no length of time", "--lifetime", "write 12h, 30m or 7d")
    return min(length, MAX_LIFETIME)


def _say(found: Gathered) -> None:
    """Say what is not in the list, and why."""
    for one in found.refused[:MAX_SHOWN]:
        click.echo(f"{one.subject}: not blocked: {one.why}", err=True)
    more = len(found.refused) - MAX_SHOWN
    if more > 0:
        click.echo(f"{more:,} more are not blocked", err=True)
    if found.expired:
        click.echo(f"{counted_entries(found.expired)} left out: their time is over", err=True)
    if found.others:
        click.echo(f"{counted(found.others, 'alert')} about nobody who could be blocked: an ASN, a user, …", err=True)


def counted_entries(number: int) -> str:
    """Return `1 entry` or `2,000 entries`."""
    return f"{number:,} {'entry' if number == 1 else 'entries'}"


def _show(rows: list[dict[str, Any]], form: str | None) -> None:
    """Show what changes: for people without what stays, and in other forms with it."""
    form = form or default_form(sys.stdout)
    changes = [row for row in rows if row["change"] != SAME]
    if changes or form != "table":
        write_rows(changes if form == "table" else rows, COLUMNS, form)
    counts = Counter(row["change"] for row in rows)
    click.echo(", ".join(f"{counts[change]:,} {change}" for change in CHANGES), err=True)
