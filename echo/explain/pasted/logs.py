"""
Lines of access logs that are no JSON to what was pasted: all are nginx's combined with something behind it.

What stands in the first column differs: `echo.record.combined` says how lines are cut.
"""

import re

from echo.clientip import parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.explain.pasted.pasted import Form, Pasted, Unlike, endpoint
from echo.explain.pasted.split import LINE, Piece
from echo.record.combined import Line, Unread, scan

# behind the user agent: $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] …
_INGRESS_NGINX = re.compile(r"\s*\d+ [\d.]+ \[[^\]]*\] \[[^\]]*\]", re.ASCII)
# request count, "router", "service URL", milliseconds
_TRAEFIK = re.compile(r'\s*\d+ "[^"]*" "[^"]*" \d+ms$', re.ASCII)


def read_ingress_nginx(piece: Piece) -> Pasted:
    """Read ingress-nginx's upstreaminfo."""
    line = _scan(piece)
    if not _INGRESS_NGINX.match(line.rest):
        raise Unlike("no [upstream name] behind the user agent")
    return _pasted("ingress-nginx", line, ("of-a-proxy", "ingress-derived", "no-forwarded-logged"))


def read_traefik(piece: Piece) -> Pasted:
    """Read Traefik's common log format, whose first column is X-Forwarded-For where one came."""
    line = _scan(piece)
    if not _TRAEFIK.match(line.rest):
        raise Unlike('no "router" "service" …ms behind the user agent')
    pasted = _pasted("traefik-clf", line, ("of-a-proxy", "traefik-column", "traefik-headers"))
    front = f"{line.host} {line.peer}" if line.host else line.front  # blanks in it look like a virtual host
    return _listed(pasted, front) if front else pasted


def read_combined(piece: Piece) -> Pasted:
    """Read combined, common, vhost_combined, nginx's main with X-Forwarded-For behind, and further fields."""
    line = _scan(piece)
    forwarded = line.forwarded
    notes = ["column-derived"]
    if forwarded:
        peer = parse_hop(line.peer)
        if peer is not None and peer in [parse_hop(entry) for entry in forwarded.split(",")]:
            notes = ["column-in-header"]
    elif not line.rest:
        notes.append("no-forwarded-logged")
    pasted = _pasted("combined", line, tuple(notes))
    return pasted if line.peer or not line.front else _listed(pasted, line.front)


def _listed(pasted: Pasted, front: str) -> Pasted:
    """Return what was pasted, X-Forwarded-For being in the peer's place."""
    headers = [(name, value) for name, value in pasted.arrival.headers if name not in ("Host", "X-Forwarded-For")]
    return pasted._replace(
        arrival=Arrival(None, [*headers, ("X-Forwarded-For", front)]),
        lacks="its first column is X-Forwarded-For, and nothing else names it",
    )


def _scan(piece: Piece) -> Line:
    try:
        return scan(piece.lines[0])
    except Unread as why:
        raise Unlike(str(why)) from None


def _pasted(form: str, line: Line, notes: tuple[str, ...]) -> Pasted:
    peer = endpoint(line.peer)
    told = {"Host": line.host, "User-Agent": line.agent, "Referer": line.referer, "X-Forwarded-For": line.forwarded}
    headers = [(name, value) for name, value in told.items() if value]
    asked = f"{line.method} {line.target}" if line.method else line.request
    lacks = "" if peer else f"its first column is {quote(line.peer)}, no address"
    return Pasted(form, asked, Arrival(peer, headers), sure=False, lacks=lacks, notes=notes, time=line.time)


LINE_FORMS = (
    Form("ingress-nginx", LINE, "ingress-nginx's upstreaminfo", read_ingress_nginx),
    Form("traefik-clf", LINE, "Traefik's common log format", read_traefik),
    Form(
        "combined", LINE, "nginx's and Apache's combined and common logs, X-Forwarded-For behind or not", read_combined
    ),
)
