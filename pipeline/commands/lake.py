"""`whofrom lake`: what is in the lake, and what keeps it small, young and right."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from echo.clientip import Policy, load_config, printable, quote
from pipeline.commands.ending import tidy_when_terminated
from pipeline.commands.options import config_option, geo_option, lake_option, output_option, period, period_options
from pipeline.commands.results import BINARY, part_of
from pipeline.counted import counted
from pipeline.errors import SourceFault, UsageFault
from pipeline.geo import open_geo
from pipeline.lake import Lake
from pipeline.lake.compact import RETENTION, Compacted, Returned, check_retention, compact, give_back
from pipeline.lake.expire import Expired, expire, kept_days
from pipeline.lake.export import EXPORTS, rows_between
from pipeline.lake.keeper import keeping
from pipeline.lake.kinds import NOBODY, Kinds, words_of
from pipeline.lake.reresolve import Report, Task, reresolve
from pipeline.lake.status import Status, status
from pipeline.output import default_form, write_rows
from pipeline.timespec import length_of

MAX_SHOWN = 10  # of policies, sources, changes for people; the other forms have them all
CLIENT, COUNTRY = "client", "country"
STDOUT = "-"

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
retain_option = click.option(
    "--retain", metavar="TIME", default=f"{RETENTION // timedelta(hours=1)}h", show_default=True,
    help="How long to keep files that were replaced, for queries and ingests that run meanwhile; 1h or more.",
)  # fmt: skip


@click.group()
def lake() -> None:
    """Look after the lake: what is in it, small files, old dates, corrected policies, copies."""


@lake.command("status", short_help="What is in the lake.")
@lake_option
@output_option
def status_command(lake_path: str, form: str | None) -> None:
    """Say what is in the lake: rows, dates, files; the policies and geo databases that made the rows; sources."""
    found = status(Lake(lake_path))
    if (form or default_form(sys.stdout)) == "table":
        rows = [
            {"what": what, "value": f"{value:,}" if isinstance(value, int | float) else value}
            for what, value in _facts(found)
        ]
        write_rows(rows, ("what", "value"), "table")
        return
    row = asdict(found)
    write_rows([row], list(row), form)


def _facts(found: Status) -> Iterable[tuple[str, Any]]:
    """Return a lake's state for people."""
    yield "rows", found.rows
    yield "rejects", found.rejects
    if found.first is not None:
        yield "from, to", f"{found.first:%Y-%m-%d %H:%M} – {found.last:%Y-%m-%d %H:%M} UTC"
    yield "dates", found.dates
    yield "files", found.files
    yield "  small ones", found.small_files
    yield "bytes", found.bytes
    yield "  a row", found.bytes_a_row
    yield "  unused, given back after the retention", found.unused_bytes
    groups = (
        ("policy", [(row["policy"], row["rows"]) for row in found.policies]),
        ("geo", [(row["geo_build"] or "none", row["rows"]) for row in found.geo_builds]),
        ("addresses", [(row["anonymized"] or "whole", row["rows"]) for row in found.anonymized]),
    )
    for what, group in groups:
        for name, rows in group[:MAX_SHOWN]:
            yield f"{what} {name}", counted(rows, "row")
    for row in found.sources[:MAX_SHOWN]:
        words = f"{counted(row['rows'], 'row')}, {counted(row['rejects'], 'reject')}"
        yield f"source {row['source']}", f"{words}, last line at byte {row['last_offset']:,}"
    if len(found.sources) > MAX_SHOWN:
        yield "sources", f"{len(found.sources) - MAX_SHOWN:,} more: -o ndjson"
    if found.last_commit is not None:
        yield "last commit", f"{found.last_commit:%Y-%m-%d %H:%M:%S} UTC, {found.last_operation}"


@lake.command("compact", short_help="Put small files together; give back the space of old ones.")
@lake_option
@retain_option
@dry_run_option
@output_option
def compact_command(lake_path: str, retain: str, dry_run: bool, form: str | None) -> None:
    """
    Put small files together, date by date, and delete files that are no longer needed.

    Ingests and queries may run meanwhile. What compact, expire and re-resolve replace is deleted by the first compact
    or expire after --retain.
    """
    rows = []
    returned = []
    for done in compact(Lake(lake_path), duration(retain), dry_run=dry_run):
        if isinstance(done, Compacted):
            rows.append(done._asdict())
            click.echo(
                f"{done.table} {done.date or ''}: {counted(done.files_before, 'file')}, {done.bytes_before:,} bytes → "
                f"{'about ' if dry_run else ''}{counted(done.files_after, 'file')}"
                + ("" if dry_run else f", {done.bytes_after:,} bytes"),
                err=True,
            )
        else:
            returned.append(done)
    write_rows(rows, Compacted._fields, form)
    _say_returned(returned, dry_run=dry_run)
    if not rows and not returned:
        click.echo("nothing to do: no date has small files, and no file is past its retention", err=True)
    elif rows and not dry_run:
        _say_when(duration(retain))


@lake.command("expire", short_help="Delete old dates.")
@lake_option
@click.option("--keep", required=True, metavar="PERIOD", help="Days or weeks to keep: 90d, 26w.")
@retain_option
@dry_run_option
@output_option
def expire_command(lake_path: str, keep: str, retain: str, dry_run: bool, form: str | None) -> None:
    """
    Delete the dates before the period to keep, and the rejects ingested before it.

    They are gone for queries at once; their space is given back by the first compact or expire after --retain. Logs
    that hold such rows and were ingested do not bring them back.
    """
    days, retention = kept_days(keep), duration(retain)
    check_retention(retention)
    place = Lake(lake_path)
    found = expire(place, days, datetime.now(UTC).date(), dry_run=dry_run)
    with keeping(place, "expire"):
        returned = list(give_back(place, retention, dry_run=dry_run))
    write_rows([found._asdict()], Expired._fields, form)
    if not found.rows and not found.rejects:
        click.echo(f"nothing is older than {days:,} days", err=True)
    else:
        would = "would go" if dry_run else "are gone"
        dates = f", of {found.first} to {found.last}" if found.first is not None else ""
        click.echo(f"{counted(found.rows, 'row')}{dates}, and {counted(found.rejects, 'reject')} {would}", err=True)
    _say_returned(returned, dry_run=dry_run)
    if (found.rows or found.rejects) and not dry_run:
        _say_when(retention)


@lake.command("re-resolve", short_help="Work out client, place and signatures of all rows again.")
@lake_option
@config_option
@click.option(
    "--trust", multiple=True, metavar="CIDR", help="Believe the hops of this range, or of a named one. Repeatable."
)
@geo_option
@click.option("--no-geo", is_flag=True, help="Take the places away.")
@click.option(
    "--keep-verdicts", is_flag=True,
    help="Leave rows their client whose verdict came with the record (policy 'record'); renew their place.",
)  # fmt: skip
@click.option(
    "--signatures", is_flag=True,
    help="Judge all rows by the attack signatures of this whofrom; else only rows that were not judged.",
)  # fmt: skip
@dry_run_option
@output_option
def reresolve_command(
    lake_path: str,
    config_path: str | None,
    trust: tuple[str, ...],
    geo_paths: tuple[str, ...],
    no_geo: bool,
    keep_verdicts: bool,
    signatures: bool,
    dry_run: bool,
    form: str | None,
) -> None:
    """
    Work out client, place and signatures of all rows again, from the peers and headers that they hold.

    With --config or --trust each row's client is found by that policy; with --geo alone only places are renewed, with
    --signatures alone only signatures. Each date is replaced in one step. A run that was stopped goes on where it was;
    rows that are right already are passed over. Rows that an ingest adds meanwhile are resolved by that ingest's
    policy: run again for those. User and login stay as they are, and so do rows whose addresses are anonymized.
    """
    config = load_config(config_path, trust)
    said = config_path is not None or bool(trust)
    places = said or bool(geo_paths) or no_geo
    if not places and not signatures:
        raise UsageFault("nothing to work out again", "re-resolve", "name --config, --trust, --geo or --signatures")
    place = Lake(lake_path)
    geo = None if no_geo or not places else open_geo(geo_paths, config)
    if geo is None and places and not no_geo:
        _refuse_to_forget(place)
    task = Task(config.policy if said else None, geo, Kinds(config), keep_verdicts, signatures, places)
    total = Report()
    for day, report in reresolve(place, task, dry_run=dry_run):
        total.add(report)
        if report.renewed:
            changed = sum(report.clients.values())
            click.echo(
                f"{day}: {report.renewed:,} of {counted(report.rows, 'row')} {'to renew' if dry_run else 'renewed'}, "
                f"{changed:,} with another client",
                err=True,
            )
    rows = _changes(total)
    write_rows(rows, ("change", "before", "after", "rows"), form)
    _say_changes(total, task.policy, dry_run=dry_run)


def _refuse_to_forget(place: Lake) -> None:
    """Raise UsageFault if rows have places, and no database is there to place them again."""
    builds = [row for row in status(place).geo_builds if row["geo_build"] is not None]
    if builds:
        raise UsageFault(
            f"no geo database, and {sum(row['rows'] for row in builds):,} rows have places",
            "re-resolve",
            "name one with --geo, or take the places away with --no-geo",
        )


def _changes(total: Report) -> list[dict[str, Any]]:
    """Return what has changed, the most frequent first."""
    found: list[tuple[str, Counter[Any]]] = [(CLIENT, total.clients), (COUNTRY, total.countries)]
    return [
        {"change": change, "before": before, "after": after, "rows": rows}
        for change, counts in found
        for (before, after), rows in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    ]


def _say_changes(total: Report, policy: Policy | None, *, dry_run: bool) -> None:
    for (before, after), rows in total.clients.most_common(MAX_SHOWN):
        now = f"another {words_of(after).partition(' ')[2]}" if before == after != NOBODY else words_of(after)
        click.echo(f"{counted(rows, 'row')}: client was {words_of(before)}, now {now}", err=True)
    moved = sum(total.countries.values())
    if moved:
        most = ", ".join(
            f"{before or 'unknown'} → {after or 'unknown'} {rows:,}"
            for (before, after), rows in total.countries.most_common(MAX_SHOWN)
        )
        click.echo(f"{counted(moved, 'row')}: another country ({most})", err=True)
    if total.judged:
        click.echo(f"{counted(total.judged, 'row')}: other signatures", err=True)
    parts = [f"{total.renewed:,} {'to renew' if dry_run else 'renewed'}"]
    if total.done:
        parts.append(f"{total.done:,} were right already")
    if total.left:
        parts.append(f"{total.left:,} left as they are: their addresses are anonymized")
    by = f" by policy {policy.id}" if policy is not None and total.renewed else ""
    click.echo(f"{counted(total.rows, 'row')}: {', '.join(parts)}{by}", err=True)


@lake.command("export", short_help="Write the rows of a period to a file.")
@click.argument("file")
@lake_option
@period_options
@click.option("-o", "--output", "form", type=click.Choice(list(EXPORTS)), help="Default: by the file's name.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export_command(
    file: str, lake_path: str, since: str | None, until: str | None, form: str | None, force: bool
) -> None:
    """
    Write the rows of a period to FILE, - for standard output.

    Rows come date by date, within one about as they were ingested. The file appears when it is whole.
    """
    tidy_when_terminated()
    chosen = form or _form_of(file)
    batches = rows_between(Lake(lake_path), **period(since, until))
    if file == STDOUT and chosen in BINARY and sys.stdout.isatty():
        raise UsageFault(f"{chosen} is bytes that no terminal shows", "-o", "name a file, or > FILE")
    if file == STDOUT:
        rows = EXPORTS[chosen](batches, sys.stdout.buffer)
    else:
        rows = _export_to(Path(file), chosen, batches, force=force)
    click.echo(counted(rows, "row"), err=True)


def _form_of(file: str) -> str:
    form = Path(file).suffix.removeprefix(".")
    if form not in EXPORTS:
        raise UsageFault("its name does not tell the form", printable(file), f"say -o {'|'.join(EXPORTS)}")
    return form


def _export_to(path: Path, form: str, batches: Any, *, force: bool) -> int:
    shown = printable(str(path))
    if path.exists() and not force:
        raise UsageFault("is there already", shown, "name another file, or say --force")
    part = part_of(path)
    try:
        with part.open("xb") as out:
            rows = EXPORTS[form](batches, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as error:
        raise SourceFault(f"cannot write it: {error.strerror or error}", shown, "free space, or name another") from None
    finally:
        part.unlink(missing_ok=True)
    return rows


def duration(text: str) -> timedelta:
    """Return the time of `--retain`. Raises UsageFault."""
    length = length_of(text.strip())
    if length is None:
        raise UsageFault(f"{quote(text)} is no time", "--retain", "write hours, days or weeks: 24h, 7d, 2w")
    return length


def _say_returned(returned: list[Returned], *, dry_run: bool) -> None:
    for done in returned:
        would = "would be deleted" if dry_run else "deleted"
        click.echo(
            f"{done.table}: {counted(done.files, 'file')} that nobody needs {would}, {done.bytes:,} bytes", err=True
        )


def _say_when(retention: timedelta) -> None:
    moment = datetime.now(UTC) + retention
    click.echo(
        f"the space of what was replaced is given back by the first compact or expire after {moment:%F %H:%M} UTC",
        err=True,
    )
