"""`whofrom explain`: what `/explain` would say of a request, without a server."""

import re
import sys

import click

from echo.clientip import ConfigFault, load_config, parse_hop, quote
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain.judge import Explainer
from echo.explain.report import explain_json, explain_text
from echo.request import spelled_endpoint

UNIX = "@"
_PORT = re.compile(r"(?:\]|\.[0-9]+):([0-9]{1,5})$")
FORMS = {"text": explain_text, "json": explain_json}


def parse_field(text: str) -> tuple[str, str]:
    """Return name and value of `Name: value`. Raises ConfigFault."""
    name, colon, value = text.partition(":")
    if not colon or not name or name != name.strip() or not text.replace("\t", " ").isprintable():
        raise ConfigFault(f"{quote(text)} is no header field", "--header", "write 'X-Forwarded-For: 203.0.113.7'")
    return name, value.strip(" \t")


def parse_end(text: str, flag: str) -> str:
    """Return an end of a connection with a port, as programs are told it. Raises ConfigFault."""
    if text == UNIX:
        return text
    address = parse_hop(text)
    if address is None:
        raise ConfigFault(
            f"{quote(text)} is no address", flag, f"write 10.0.0.1, [2001:db8::1]:443, or {UNIX} for a UNIX socket"
        )
    port = _PORT.search(text)
    return spelled_endpoint(str(address), int(port[1]) if port else 0)


@click.command("explain")
@click.option("--peer", required=True, metavar="ADDRESS", help="The other end of the connection; a port may follow.")
@click.option("-H", "--header", "fields", multiple=True, metavar="FIELD", help="'Name: value', in order. Repeatable.")
@click.option("--proxied", metavar="ADDRESS", help="Source that a PROXY header gave.")
@click.option("--as", "names", metavar="NAMES", help="Also what other programs say: all, nginx,envoy, a dialect.")
@click.option("--config", "config_path", metavar="TOML", envvar="WHOFROM_CONFIG", show_envvar=True,
              help="File with [network] and [trust].")  # fmt: skip
@click.option("--trust", multiple=True, metavar="RANGE", help="Believe hops in this CIDR or named range. Repeatable.")
@click.option("-o", "--output", "form", type=click.Choice(list(FORMS)), default="text", show_default=True)
def explain(
    peer: str,
    fields: tuple[str, ...],
    proxied: str | None,
    names: str | None,
    config_path: str | None,
    trust: tuple[str, ...],
    form: str,
) -> None:
    """Say who the client of a request is, and why, as a server would at /explain."""
    fields_read = [parse_field(text) for text in fields]
    arrival = Arrival(parse_end(peer, "--peer"), fields_read, parse_end(proxied, "--proxied") if proxied else None)
    try:
        spoken = parse_names(names, DIALECTS) if names else ()
    except ConfigFault as fault:
        raise ConfigFault(fault.fault, "--as", fault.next_step) from None
    explanation = Explainer(load_config(config_path, trust)).explain("", arrival, spoken)
    sys.stdout.write(FORMS[form](explanation).decode())
