"""`whofrom probe`: ask a server from here what the way to it does to the client's address."""

import math
import sys

import click

from echo.clientip import Address, ConfigFault, parse_hop, quote
from echo.explain.command import parse_field
from echo.host import interface_addresses
from echo.probe.client import MAX_RATE, MIN_INTERVAL, Dialer, Pace, tls_context
from echo.probe.errors import ProbeFault
from echo.probe.report import failure_json, report_json, report_text
from echo.probe.run import MAX_REQUESTS, Prober, check_fields
from echo.probe.seen import is_loopback
from echo.probe.target import parse_url
from echo.units import parse_duration

DEFAULT_REQUESTS = 5
DEFAULT_TIMEOUT = "5s"
MAX_TIMEOUT = 600.0  # seconds: who waits longer has other questions
MAX_INTERVAL = 60.0


def parse_mine(texts: tuple[str, ...], flag: str) -> tuple[Address, ...]:
    """Return addresses. Raises ConfigFault."""
    found = []
    for text in texts:
        address = parse_hop(text)
        if address is None:
            raise ConfigFault(f"{quote(text)} is no address", flag, "write 203.0.113.7 or 2001:db8::7")
        found.append(address)
    return tuple(found)


def parse_seconds(text: str, flag: str, most: float) -> float:
    """Return the seconds of `5s`, `250ms` or `1.5`. Raises ConfigFault."""
    try:
        seconds: float | None = float(text)
    except ValueError:
        seconds = parse_duration(text)
    if seconds is None or not math.isfinite(seconds) or not 0 < seconds <= most:
        raise ConfigFault(f"{quote(text)} is no time up to {most:g}s", flag, "write 5s, 250ms or 1.5")
    return seconds


@click.command("probe", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url")
@click.option("-n", "--requests", "count", type=click.IntRange(1, MAX_REQUESTS), default=DEFAULT_REQUESTS,
              show_default=True, metavar="N", help="Requests that forge nothing: many find several ways.")  # fmt: skip
@click.option("--my-address", "mine", multiple=True, metavar="ADDRESS",
              help="Yours as the server should see it, if this end has another (NAT). Repeatable.")  # fmt: skip
@click.option("--bind", metavar="ADDRESS", help="Connect from this address of this machine.")
@click.option("-H", "--header", "fields", multiple=True, metavar="FIELD", help="'Name: value', sent too. Repeatable.")
@click.option("--insecure", is_flag=True, help="Believe any certificate.")
@click.option("--cacert", metavar="PEM", help="File of the CAs to believe.")
@click.option("--timeout", default=DEFAULT_TIMEOUT, show_default=True, metavar="TIME", help="For one request.")
@click.option("--interval", default=f"{MIN_INTERVAL * 1000:g}ms", show_default=True, metavar="TIME",
              help=f"Between requests; never more than {MAX_RATE} a second are sent.")  # fmt: skip
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def probe(
    url: str,
    count: int,
    mine: tuple[str, ...],
    bind: str | None,
    fields: tuple[str, ...],
    insecure: bool,
    cacert: str | None,
    timeout: str,
    interval: str,
    form: str,
) -> None:
    """
    Does my address arrive? Ask the whofrom at URL, from here.

    Sends GET requests, most with one forged header, and says what the way there does with each, whether the server
    believes it, and whether your address arrives. A whoami can be asked as well, and says less.

    Exit codes: 0 it arrives and cannot be forged, 4 it is lost or can be forged, 1 no answer, 2 usage.
    """
    target = parse_url(url)
    own = parse_mine(mine, "--my-address")
    source = str(parse_mine((bind,), "--bind")[0]) if bind else None
    extra = [parse_field(text) for text in fields]
    check_fields(extra)
    seconds = parse_seconds(timeout, "--timeout", MAX_TIMEOUT)
    pace = Pace(parse_seconds(interval, "--interval", MAX_INTERVAL))
    context = tls_context(cacert, insecure=insecure) if target.scheme == "https" else None
    try:
        dialer = Dialer(target, timeout=seconds, bind=source, context=context)
        local = [address for text in interface_addresses() if (address := parse_hop(text)) and not is_loopback(address)]
        judgement = Prober(dialer, pace, extra=extra, mine=own, local=local, told=tell).run(count)
    except ProbeFault as fault:
        tell("")
        if form == "json":
            sys.stdout.write(failure_json(fault, target.url))
        raise
    tell("")
    sys.stdout.write(report_json(judgement, target.url) if form == "json" else report_text(judgement))
    sys.exit(judgement.outcome.exit)


def tell(words: str) -> None:
    """Say on a terminal what is being done, over what was said before."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{words}")
        sys.stderr.flush()
