"""
Path → answer. Pure: a request and what the server knows go in, an answer comes out.

| path       | answer                                                                                         |
|------------|------------------------------------------------------------------------------------------------|
| `/api`     | whoami's JSON                                                                                  |
| `/bench`   | `1`                                                                                            |
| `/data`    | a text of `?size=`, whole or in ranges                                                         |
| `/health`  | the status that POST last set, 200 at first                                                    |
| `/explain` | who the client is and why, and with `?as=` what other programs would say; whoami has none      |
| `*`        | OPTIONS: empty; else 400, as Go's mux answers                                                  |
| else       | whoami's text, after a redirect to the clean path where it has `//`, `/./` or `/../`           |

Paths match percent-decoded (`/%61pi` is `/api`) and whole (`/api/` is not). Every method is taken everywhere.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from echo import data, whoami
from echo.clientip import Config, ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain import Explainer, asked_names, explain_json, explain_text, wants_json
from echo.gojson import decode_int
from echo.host import Host
from echo.record import LoginRule, header_text
from echo.request import Request, spelled_endpoint
from echo.whoami import Identity

# Go's words where they differ from Python's (or from those of a later Python)
PHRASES = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}
TEXT = (b"Content-Type", data.TEXT)
MAX_JOINED_BYTES = 64 << 10  # a longer text is sent piece by piece
NOSNIFF = (b"X-Content-Type-Options", b"nosniff")


class Answer(NamedTuple):
    """
    headers  those the handler sets, in Go's order (sorted); Date, length, sniffed type and connection are added later
    interim  a status of 1xx to send before
    close    end the connection whatever the client asked
    pieces   the body where it is made while it is sent, `length` bytes of text; `body` is empty then
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    interim: int = 0
    close: bool = False
    pieces: Iterator[bytes] | None = None
    length: int = 0


@dataclass(slots=True)
class App:
    """What all requests share: the configuration, compiled, and the health status that POST /health sets."""

    config: Config
    identity: Identity = field(default_factory=Identity)
    logins: tuple[LoginRule, ...] = ()
    host: Host = field(default_factory=Host)
    health: int = 200
    explainer: Explainer = field(init=False)

    def __post_init__(self) -> None:
        self.explainer = Explainer(self.config)


class Route(NamedTuple):
    """
    answer  (app, request) -> Answer
    reads   methods whose body is read before; None: all; the body of others is drained as Go drains it
    waits   honours `?wait=`
    early   the head goes out before the body is read: no 100 Continue is sent
    pieces  its answers may be made while they are sent
    """

    answer: Callable[[App, Request], Answer]
    reads: frozenset[bytes] | None = frozenset()
    waits: bool = False
    early: bool = False
    pieces: bool = False


def route_of(request: Request) -> Route:
    """Return the route of a request."""
    path = request.path
    if request.target == b"*":
        return OPTIONS_ALL if request.method == b"OPTIONS" else BAD_STAR
    if request.method == b"CONNECT":
        if not path:
            return NOT_FOUND
    elif path != clean_path(path):
        return REDIRECT
    if b"%" in path:
        path = b"/" + unquote_to_bytes(path[1:]) if b"%2F" not in path.upper() else path
    return ROUTES.get(path, WHOAMI)


def clean_path(path: bytes) -> bytes:
    """Return the path as Go's mux would have it, escapes untouched."""
    if b"//" not in path and b"/." not in path and path.startswith(b"/"):
        return path
    clean = b"/" + normpath(b"/" + path).lstrip(b"/")
    return clean + b"/" if path.endswith(b"/") and clean != b"/" else clean


@lru_cache(1024)
def phrase(status: int) -> str:
    """Return a status's words as Go has them."""
    if status in PHRASES:
        return PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status code {status}"


def _whoami(app: App, request: Request) -> Answer:
    return Answer(200, (), whoami.text(request, app.identity, app.host), close=bool(request.body_error))


def _api(app: App, request: Request) -> Answer:
    return Answer(200, ((b"Content-Type", b"application/json"),), whoami.api(request, app.identity, app.host))


def _bench(_app: App, _request: Request) -> Answer:
    return Answer(200, ((b"Connection", b"keep-alive"), (b"Content-Type", b"text/plain")), b"1")


def _data(_app: App, request: Request) -> Answer:
    made = data.answer(request, request.received)
    if made.length <= MAX_JOINED_BYTES:
        return Answer(made.status, made.headers, b"".join(made.pieces()))
    return Answer(made.status, made.headers, pieces=made.pieces(), length=made.length)


def _explain(app: App, request: Request) -> Answer:
    wire = request.connection
    try:
        names = asked_names(request)
        spoken = parse_names(names, DIALECTS) if names else ()
    except ConfigFault as fault:
        return _error(400, str(fault))
    arrival = Arrival(
        spelled_endpoint(wire.peer_ip, wire.peer_port) if wire.peer_ip else None,
        [(header_text(name), header_text(value)) for name, value in request.headers],
        spelled_endpoint(wire.proxied_ip, wire.proxied_port) if wire.proxied_ip else None,
    )
    asked = f"{header_text(request.method)} {header_text(request.target)}"
    explanation = app.explainer.explain(asked, arrival, spoken)
    if wants_json(request):
        return Answer(200, ((b"Content-Type", b"application/json"),), explain_json(explanation))
    return Answer(200, (TEXT,), explain_text(explanation))


def _health(app: App, request: Request) -> Answer:
    if request.method != b"POST":
        status = app.health
        if 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS:
            return Answer(200, interim=status)
        return Answer(status, close=status == HTTPStatus.SWITCHING_PROTOCOLS)
    try:
        status = decode_int(b"".join(request.body), request.body_error)
    except ValueError as error:
        return _error(400, str(error))
    if not 100 <= status <= 999:
        return _error(400, f"status code {status} is not between 100 and 999")
    app.health = status
    # whoami says so on stdout, which is the log's here
    sys.stderr.write(f"Update health check status code [{status}]\n")
    return Answer(200)


def _error(status: int, words: str) -> Answer:
    return Answer(status, (TEXT, NOSNIFF), words.encode() + b"\n")


def _redirect(_app: App, request: Request) -> Answer:
    path = re.sub(rb"[^A-Za-z0-9\-_.~$&+,/:;=@%]", lambda found: b"%%%02X" % found[0][0], clean_path(request.path))
    query = (
        b"?" + re.sub(rb"[\x80-\xff]", lambda found: b"%%%02x" % found[0][0], request.query) if request.query else b""
    )
    location = path + query
    if request.method not in (b"GET", b"HEAD"):
        return Answer(301, ((b"Location", location),))
    link = location
    for char, entity in ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b'"', b"&#34;"), (b"'", b"&#39;")):
        link = link.replace(char, entity)
    body = b'<a href="%b">Moved Permanently</a>.\n\n' % link
    return Answer(301, ((b"Content-Type", b"text/html; charset=utf-8"), (b"Location", location)), body)


def _options_all(_app: App, _request: Request) -> Answer:
    return Answer(200, ((b"Content-Length", b"0"),))


def _bad_star(_app: App, request: Request) -> Answer:
    headers = ((b"Connection", b"close"),) if request.version >= (1, 1) else ()
    return Answer(400, headers, close=True)


def _not_found(_app: App, _request: Request) -> Answer:
    return _error(404, "404 page not found")


WHOAMI = Route(_whoami, reads=None, waits=True, early=True)
REDIRECT = Route(_redirect)
OPTIONS_ALL = Route(_options_all)
BAD_STAR = Route(_bad_star)
NOT_FOUND = Route(_not_found)
ROUTES: Mapping[bytes, Route] = {
    b"/api": Route(_api),
    b"/bench": Route(_bench),
    b"/data": Route(_data, pieces=True),
    b"/explain": Route(_explain),
    b"/health": Route(_health, reads=frozenset({b"POST"})),
}
