"""`whofrom health`: is the server of this machine, or container, able to take requests?"""

import sys

import click

from echo.clientip import Fault, classify, parse_hop
from echo.health.ask import Place, ask
from echo.health.servers import PATH, places
from echo.probe.target import parse_url
from echo.settings import duration

TIMEOUT = "2s"  # Docker gives a check 30 s, and Kubernetes 1 s; at loopback an answer takes a millisecond


def _seconds(value: str | float) -> float:
    """Return a time that is more than none. Raises click.BadParameter."""
    seconds = duration(value)
    if not seconds:
        raise click.BadParameter("no answer comes in no time; write 2s")
    return seconds


@click.command("health", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("url", required=False)
@click.option("--timeout", type=_seconds, default=TIMEOUT, show_default=True, metavar="TIME",
              help="For the whole of a server's answer.")  # fmt: skip
def health(url: str | None, timeout: float) -> None:
    """
    Is the server able to take requests? For a container's HEALTHCHECK.

    Without URL it asks the `whofrom serve` that runs in this container, or on this machine, where that was told to
    listen: by its flags, its environment and its TOML. It asks /readyz, which fails from the moment on that the server
    is told to stop. Where a certificate is not to be had for a name, as on loopback, any is taken.

    Exit codes: 0 able, 1 not, 2 wrong usage.
    """
    healthy = True
    for place in [_named(url)] if url else places():
        try:
            if isinstance(place, Fault):
                raise place
            click.echo(f"{place.url}: {ask(place, timeout)}")
        except Fault as fault:  # there may be other servers, to be told of too
            click.echo(f"whofrom: error: {fault}", err=True)
            healthy = False
    if not healthy:
        sys.exit(1)


def _named(url: str) -> Place:
    """Return the place that a URL names. Raises ConfigFault."""
    target = parse_url(url)
    tls = target.scheme == "https"
    path = f"{target.base.removesuffix(PATH + '/').removesuffix('/')}{PATH}"
    return Place(
        f"{target.scheme}://{target.authority}{path}",
        (target.host, target.port),
        target.authority,
        path,
        tls=tls,
        verified_as="" if _is_loopback(target.host) else target.host,
    )


def _is_loopback(host: str) -> bool:
    address = parse_hop(host)
    return host == "localhost" or (address is not None and classify(address.packed) == "loopback")
