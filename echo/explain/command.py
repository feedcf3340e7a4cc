"""`whofrom explain`: what `/explain` would say of a request, without a server."""

import re
import sys
from collections.abc import Callable

import click

from echo.clientip import ConfigFault, load_config, parse_hop, quote
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain.explanation import Explainer, Explanation
from echo.explain.page import explain_html
from echo.explain.pasted import AUTO, Desk, Ends
from echo.explain.pasted import FORMS as PASTED_FORMS
from echo.explain.pasted.run import STDIN, explain_pasted
from echo.explain.report import explain_json, explain_text
from echo.request import spelled_endpoint

UNIX = "@"
EXIT_FAILED = 1
_PORT = re.compile(r"(?:\]|\.[0-9]+):([0-9]{1,5})$")
FORMS: dict[str, Callable[[Explanation], bytes]] = {
    "text": explain_text,
    "json": explain_json,
    "html": explain_html,
}


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


@click.command("explain", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False)
@click.option("--peer", metavar="ADDRESS",
              help="The other end of the connection, where FILE does not hold it; a port may follow.")  # fmt: skip
@click.option("-H", "--header", "fields", multiple=True, metavar="FIELD",
              help="'Name: value', in order, of a request without FILE. Repeatable.")  # fmt: skip
@click.option("--proxied", metavar="ADDRESS", help="Source that a PROXY header gave.")
@click.option("--format", "format_name", type=click.Choice([AUTO, *PASTED_FORMS]), default=AUTO, show_default=True,
              help="What FILE holds.")  # fmt: skip
@click.option("--as", "names", metavar="NAMES", help="Also what other programs say: all, nginx,envoy, a dialect.")
@click.option("--config", "config_path", metavar="TOML", envvar="WHOFROM_CONFIG", show_envvar=True,
              help="File with [network] and [trust].")  # fmt: skip
@click.option("--trust", multiple=True, metavar="RANGE", help="Believe hops in this CIDR or named range. Repeatable.")
@click.option("-o", "--output", "form", type=click.Choice(list(FORMS)), default="text", show_default=True)
def explain(
    file: str | None,
    peer: str | None,
    fields: tuple[str, ...],
    proxied: str | None,
    format_name: str,
    names: str | None,
    config_path: str | None,
    trust: tuple[str, ...],
    form: str,
) -> None:
    """
    Say who the client of a request is, and why, as a server would at /explain.

    FILE, or - for standard input, holds what you have of it: the request as curl -v or tcpdump -A print it, the answer
    of whoami or of /explain?format=json, a record, lines of an access log. One request is explained in full, several in
    a line each. Without FILE, --peer and -H describe the request; without those, standard input is read.
    """
    if peer is None and (proxied or (fields and file is None)):
        raise click.UsageError("who sent the request? add --peer ADDRESS, the other end of the connection")
    if file is None and peer is None:
        if sys.stdin.isatty():
            raise click.UsageError(
                "nothing to explain: name a FILE, - to paste here, or describe a request with --peer and -H"
            )
        file = STDIN
    if file is not None and fields:
        raise click.UsageError(
            f"-H describes a request by hand, but FILE {quote(file)} holds its headers: leave one out"
        )
    ends = Ends(parse_end(peer, "--peer") if peer else None, parse_end(proxied, "--proxied") if proxied else None)
    try:
        spoken = parse_names(names, DIALECTS) if names else ()
    except ConfigFault as fault:
        raise ConfigFault(fault.fault, "--as", fault.next_step) from None
    headers = [parse_field(text) for text in fields]
    config = load_config(config_path, trust)
    if file is not None:
        if not explain_pasted(file, format_name, Desk(config, spoken, ends), form, FORMS[form]):
            click.get_current_context().exit(EXIT_FAILED)
        return
    explanation = Explainer(config).explain("", Arrival(ends.peer, headers, ends.proxied), spoken)
    sys.stdout.write(FORMS[form](explanation).decode())
