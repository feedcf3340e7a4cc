"""
Path → answer, by a table. Pure: a request and what the server knows go in, an answer comes out.

whoami's paths, the first of the table, answer as whoami's do; the others are ours. Paths match percent-decoded
(`/%61pi` is `/api`) and whole (`/api/` is not); what is in no table is whoami's text, after a redirect to the clean
path where it has `//`, `/./` or `/../`. `*` is answered as Go's mux answers it. Every method is taken everywhere.
"""

import mmap
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from echo import data, extras, websocket, whoami
from echo.answer import JSON, MAX_DRAINED_BYTES, TEXT, Answer, Rest, plain
from echo.clientip import Config, ConfigFault, Resolution
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain import (
    Explainer,
    Surroundings,
    asked_names,
    explain_html,
    explain_json,
    explain_text,
    form_of,
)
from echo.explain.page import PAGE_HEADERS
from echo.explain.topology import NOWHERE
from echo.gojson import decode_int, is_decided
from echo.host import Host
from echo.record import LoginRule, header_text
from echo.request import Request, spelled_endpoint
from echo.settings import Settings
from echo.units import spell_size
from echo.whoami import Identity

MAX_ASKED_BYTES = 32 << 10  # of headers with ?as=: all dialects take 50 ms for them; nginx takes no more by default
MAX_JOINED_BYTES = 64 << 10  # a longer text is sent piece by piece
MAX_OPTIONS_BYTES = 4 << 10  # of a body of OPTIONS * Go reads no more, and goes on behind no more
COPIED_BYTES = 512  # Go's io.Copy into an answer sends the head once it has seen so many
NO_STORE = (b"Cache-Control", b"no-store")  # an explanation holds one client's headers
# form of /explain -> its headers, and what tells it
FORMS = {
    "text": ((TEXT, NO_STORE), explain_text),
    "json": ((JSON, NO_STORE), explain_json),
    "html": ((*PAGE_HEADERS, NO_STORE), explain_html),
}


class Health:
    """The status that POST /health sets: one for all workers that are forked with it."""

    def __init__(self) -> None:
        self._shared = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self.status = 200

    @property
    def status(self) -> int:
        """Return the status."""
        return self._shared[0]

    @status.setter
    def status(self, status: int) -> None:
        self._shared[0] = status


def _no_metrics(_accept: str) -> tuple[str, bytes]:
    return TEXT[1].decode(), b""


@dataclass(slots=True)
class App:
    """
    What all requests share.

    around   where the process runs, as far as it knows
    health   set by POST /health, in all workers
    ready    False once the server is told to stop: /readyz and /health fail, so that balancers look elsewhere
    metrics  Accept header -> (Content-Type, text) of /metrics
    """

    config: Config
    identity: Identity = field(default_factory=Identity)
    logins: tuple[LoginRule, ...] = ()
    settings: Settings = field(default_factory=Settings)
    host: Host = field(default_factory=Host)
    around: Surroundings = NOWHERE
    health: Health = field(default_factory=Health)
    ready: bool = True
    metrics: Callable[[str], tuple[str, bytes]] = _no_metrics
    explainer: Explainer = field(init=False)

    def __post_init__(self) -> None:
        self.explainer = Explainer(self.config, self.around)

    def resolve(self, request: Request) -> Resolution:
        """Return who the client of a request is."""
        wire = request.connection
        headers: dict[str, list[str]] = {name: [] for name in self.config.policy.headers}
        for name, value in request.headers:
            key = header_text(name).lower()
            if key in headers:
                headers[key].append(header_text(value))
        return self.config.policy.resolve(wire.proxied_ip or wire.peer_ip, headers, proxied=wire.proxied_ip is not None)


class Route(NamedTuple):
    """
    name    of the route in metrics and docs
    answer  (app, request) -> Answer
    help    what it answers
    reads   methods whose body is read before; None: all; the body of others is drained as Go drains it
    wait    request -> the seconds to wait before the answer, None for a path that waits never
    enough  of a body that is read: whether more of it would change nothing; None: all of it is needed
    early   the head goes out before the body is read: no 100 Continue is sent
    slow    its answers may take their time: never made where the bytes arrive
    socket  a handshake turns the connection into a WebSocket
    """

    name: str
    answer: Callable[[App, Request], Answer]
    help: str
    reads: frozenset[bytes] | None = frozenset()
    wait: Callable[[Request], float] | None = None
    enough: Callable[[bytes], bool] | None = None
    early: bool = False
    slow: bool = False
    socket: bool = False


def route_of(request: Request) -> Route:
    """Return the route of a request."""
    path = request.path
    if request.target == b"*":
        return OPTIONS_ALL if request.method == b"OPTIONS" else BAD_STAR
    if path != clean_path(path) and (request.method != b"CONNECT" or not path):
        return REDIRECT
    return route_at(decoded(path))


def decoded(path: bytes) -> bytes:
    """Return a path with its escapes decoded, an escaped slash excepted."""
    if b"%" in path and b"%2F" not in path.upper():
        return b"/" + unquote_to_bytes(path[1:])
    return path


def route_at(path: bytes) -> Route:
    """Return the route at a clean, decoded path."""
    route = ROUTES.get(path)
    if route is None:
        start, slash, rest = path[1:].partition(b"/")
        route = PREFIXES.get(start) if slash and rest else None
    return route or WHOAMI


def clean_path(path: bytes) -> bytes:
    """Return the path as Go's mux would have it, escapes untouched."""
    if b"//" not in path and b"/." not in path and path.startswith(b"/"):
        return path
    clean = b"/" + normpath(b"/" + path).lstrip(b"/")
    return clean + b"/" if path.endswith(b"/") and clean != b"/" else clean


def _whoami(app: App, request: Request) -> Answer:
    text = whoami.text(request, app.identity, app.host)
    if request.body_bytes < COPIED_BYTES:
        return Answer(200, (), text)
    # Go sends the head in the midst of the body that it copies, and then judges what is left to read
    rest = Rest.BROKEN if request.expects_continue and request.length > COPIED_BYTES else Rest.NONE
    if request.length - COPIED_BYTES >= MAX_DRAINED_BYTES:
        rest = Rest.LARGE
    return Answer(200, (), text, rest=rest, buffer=0)


def _api(app: App, request: Request) -> Answer:
    return Answer(200, (JSON,), whoami.api(request, app.identity, app.host))


def _bench(_app: App, _request: Request) -> Answer:
    return Answer(200, ((b"Connection", b"keep-alive"), (b"Content-Type", b"text/plain")), b"1")


def _data(app: App, request: Request) -> Answer:
    made = data.answer(request, request.received, app.settings.max_data_bytes)
    if made.length <= MAX_JOINED_BYTES:
        return Answer(made.status, made.headers, b"".join(made.pieces()), buffer=COPIED_BYTES - 1)
    return Answer(made.status, made.headers, pieces=made.pieces(), length=made.length, buffer=COPIED_BYTES - 1)


def _echo(_app: App, request: Request) -> Answer:
    """Answer what is no handshake; the connection has taken those that are."""
    shaken = websocket.handshake(request)
    return Answer(shaken.status, shaken.headers, shaken.body)


def _explain(app: App, request: Request) -> Answer:
    wire = request.connection
    try:
        names = asked_names(request)
        spoken = parse_names(names, DIALECTS) if names else ()
    except ConfigFault as fault:
        return plain(str(fault), 400)
    if spoken and sum(len(name) + len(value) for name, value in request.headers) > MAX_ASKED_BYTES:
        return plain(f"other programs are not asked about headers of more than {spell_size(MAX_ASKED_BYTES)}", 400)
    arrival = Arrival(
        spelled_endpoint(wire.peer_ip, wire.peer_port) if wire.peer_ip else None,
        [(header_text(name), header_text(value)) for name, value in request.headers],
        spelled_endpoint(wire.proxied_ip, wire.proxied_port) if wire.proxied_ip else None,
    )
    asked = f"{header_text(request.method)} {header_text(request.target)}"
    app.host.refresh()
    explanation = app.explainer.explain(
        asked,
        arrival,
        spoken,
        handshake=wire.handshake,
        origin=wire.origin,
        connection=(wire.id, request.number),
        server=app.host.hostname,
    )
    headers, tell = FORMS[form_of(request)]
    return Answer(200, headers, tell(explanation))


def _health(app: App, request: Request) -> Answer:
    if request.method != b"POST":
        status = app.health.status if app.ready else HTTPStatus.SERVICE_UNAVAILABLE
        if 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS:
            return Answer(200, interim=status)
        return Answer(status)
    try:
        status = decode_int(b"".join(request.body), request.body_error)
    except ValueError as error:
        return plain(str(error), 400)
    if not 100 <= status <= 999:
        return plain(f"status code {status} is not between 100 and 999", 400)
    app.health.status = status
    # whoami says so on stdout, which is the log's here
    sys.stderr.write(f"Update health check status code [{status}]\n")
    return Answer(200)


def _ip(app: App, request: Request) -> Answer:
    return extras.resolved(request, app.resolve(request))


def _clientip(_app: App, request: Request) -> Answer:
    return extras.socket_peer(request)


def _hostname(app: App, _request: Request) -> Answer:
    app.host.refresh()
    return plain(app.host.hostname)


def _headers(_app: App, request: Request) -> Answer:
    return extras.headers(request)


def _status(_app: App, request: Request) -> Answer:
    return extras.status(_rest(request))


def _delay(app: App, request: Request) -> Answer:
    if extras.delay_seconds(_rest(request)) is None:
        return extras.bad_delay(_rest(request))
    return _whoami(app, request)


def _sse(app: App, request: Request) -> Answer:
    return extras.events(request, app.settings.max_wait)


def _livez(_app: App, _request: Request) -> Answer:
    return plain("ok")


def _readyz(app: App, _request: Request) -> Answer:
    return plain("ok") if app.ready else plain("stopping: send requests elsewhere", 503)


def _metrics(app: App, request: Request) -> Answer:
    kind, text = app.metrics(header_text(request.first(b"Accept") or b""))
    return Answer(200, ((b"Content-Type", kind.encode()),), text)


def _rest(request: Request) -> bytes:
    """Return what follows the first part of a path."""
    return decoded(request.path).split(b"/", 2)[2]


def _delay_seconds(request: Request) -> float:
    return extras.delay_seconds(_rest(request)) or 0.0


def _redirect(_app: App, request: Request) -> Answer:
    path = re.sub(rb"[^A-Za-z0-9\-_.~$&+,/:;=@%]", lambda found: b"%%%02X" % found[0][0], clean_path(request.path))
    link = path + b"?" + request.query if request.query else path
    location = re.sub(rb"[\x80-\xff]", lambda found: b"%%%02x" % found[0][0], link)
    if request.method not in (b"GET", b"HEAD"):
        return Answer(301, ((b"Location", location),))
    for char, entity in ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b'"', b"&#34;"), (b"'", b"&#39;")):
        link = link.replace(char, entity)
    body = b'<a href="%b">Moved Permanently</a>.\n\n' % link if request.method == b"GET" else b""
    return Answer(301, ((b"Content-Type", b"text/html; charset=utf-8"), (b"Location", location)), body)


def _options_all(_app: App, request: Request) -> Answer:
    if request.body_bytes > MAX_OPTIONS_BYTES:
        return Answer(200, ((b"Connection", b"close"), (b"Content-Length", b"0")), close=True)
    return Answer(200, ((b"Content-Length", b"0"),))


def _bad_star(_app: App, request: Request) -> Answer:
    if request.version < (1, 1):
        return Answer(400)
    return Answer(400, ((b"Connection", b"close"),), close=True)


WHOAMI = Route(
    "/", _whoami, "whoami's text: host, addresses, peer, the request", reads=None, wait=whoami.wait_seconds, early=True
)
REDIRECT = Route("redirect", _redirect, "to the clean path")
OPTIONS_ALL = Route("*", _options_all, "OPTIONS of the server", reads=None)
BAD_STAR = Route("*", _bad_star, "any other method of the server: refused")
# path -> route
ROUTES: Mapping[bytes, Route] = {
    route.name.encode(): route
    for route in (
        Route("/api", _api, "whoami's JSON"),
        Route("/bench", _bench, "`1`"),
        Route("/data", _data, "a text of `?size=`, in `?unit=`, whole or in ranges", slow=True),
        Route("/echo", _echo, "a WebSocket that echoes", slow=True, socket=True),
        Route(
            "/health",
            _health,
            "the status that POST last set, 200 at first",
            reads=frozenset({b"POST"}),
            enough=is_decided,
        ),
        Route(
            "/explain",
            _explain,
            "who the client is and why: text, JSON or a page; `?as=` what other programs would say",
        ),
        Route("/ip", _ip, "the resolved client, a line; `?expect=IP` answers 200 or 412"),
        Route("/clientip", _clientip, "the socket's peer, a line; `?expect=IP` answers 200 or 412"),
        Route("/hostname", _hostname, "the host's name, a line"),
        Route("/headers", _headers, "the request's headers, JSON"),
        Route("/sse", _sse, "`?n=` server-sent events, `?interval=` apart", slow=True),
        Route("/livez", _livez, "200 while the server runs"),
        Route("/readyz", _readyz, "200, or 503 once the server is told to stop"),
        Route("/metrics", _metrics, "numbers for Prometheus, of all workers"),
    )
}
# first part of a path with one more behind it -> route
PREFIXES: Mapping[bytes, Route] = {
    route.name.encode().strip(b"/").partition(b"/")[0]: route
    for route in (
        Route("/status/CODE", _status, "that status, 200 to 999"),
        Route("/delay/TIME", _delay, "whoami's text, after seconds or a time as 250ms", wait=_delay_seconds),
    )
}
MALFORMED_ROUTE = "malformed"  # in metrics: requests that are none
ROUTE_NAMES = (
    WHOAMI.name,
    *(route.name for route in (*ROUTES.values(), *PREFIXES.values())),
    REDIRECT.name,
    OPTIONS_ALL.name,
    MALFORMED_ROUTE,
)
