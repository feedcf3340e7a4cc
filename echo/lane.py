"""
The fast lane: a simple GET, from its bytes to its answer and its record, by templates.

Most requests are a GET without a body whose header is plain text. One anchored regular expression admits those, and
nothing else: what it does not match, or what a check below turns away, is read by `echo.wire` as if this file were not
there. Both give the same answer and the same record (tests/echo/server/test_lane.py), and whatever is admitted here
aiohttp's parser reads the same way (tests/fuzz/lane.py): no message means one thing here and another elsewhere.

What is admitted:

1. `GET PATH HTTP/1.1` with CRLF line ends, a path that needs no escape, header lines `Name: value` with one blank,
   names of letters, digits, `-` and `_`, values of printable ASCII that neither begin nor end with a blank.
2. No header that says something about the message itself (TURNING_AWAY); a Connection of keep-alive alone.
3. Exactly one Host. No query parameter that changes how the answer is made (?wait=, ?env=, ?header=, escapes).

What is remembered: shapes. A shape is the names of a request's header fields, in their order. Clients have few, and
for each a template is made of the text that whoami would print and of the JSON that the record holds; a request then
costs one look-up and two formats. No value is remembered, and at most MAX_SHAPES shapes are: then all are forgotten.
"""

import re
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from operator import itemgetter
from typing import NamedTuple

import orjson

from echo.answer import render
from echo.clientip import Resolution
from echo.counters import Counters, observe
from echo.explain import Finding
from echo.explain.judge import Peer
from echo.metrics import FOUND, LATENCY, LATENCY_BOUNDS, REQUESTS, RESOLUTIONS, STATUS_CLASSES
from echo.record import REDACTED, REDACTED_HEADERS, SCHEMA_VERSION
from echo.recorder import Place, second_text, trace_id
from echo.request import Connection, Request, canonical
from echo.routes import ROUTE_NAMES, ROUTES, WHOAMI, App, Route, route_at

MAX_SHAPES = 1024
REQUEST_LINE_BYTES = len(b"GET  HTTP/1.1\r\n")  # beside path and query
MAX_NAMES, MAX_NAME_BYTES = 64, 1024  # of a shape, names and bytes of them: more is no common client's

_HEAD = re.compile(
    rb"GET (/[A-Za-z0-9\-_.~$&+,/:;=@]*+)(\?[!#-\[\]-~]*+)? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9\-_]++: [!-~][ -~]*+(?<! )\r\n)++)\r\n"
)
_FIELDS = re.compile(rb"([^:]++): ([^\r]++)\r\n")
_HOST = re.compile(rb"[0-9A-Za-z.\-:_\[\]]++")
TURNING_AWAY = frozenset(
    {b"content-length", b"transfer-encoding", b"trailer", b"expect", b"upgrade", b"pragma", b"proxy-connection"}
)
_KEEP_ALIVE = (b"keep-alive", b"Keep-Alive")
_BENCH = ROUTES[b"/bench"]

Values = tuple[bytes, ...]
Pick = Callable[[Values], Values]
Asked = tuple[bytes, bytes, int, float, int]  # path, query, number on the connection, wall clock, monotonic ns


class Ends(NamedTuple):
    """
    What is the same for all requests of one connection, written out.

    lines  whoami's lines about the other end
    head, tail, last  pieces of the record: the addresses, the connection's id, and what stands behind the number
    client  the client's address as JSON where the peer is it, whatever the headers say
    """

    connection: Connection
    peer: Peer
    lines: bytes
    head: bytes
    tail: bytes
    last: bytes
    client: bytes


class Shape(NamedTuple):
    """
    Names of header fields, and what follows from them.

    text, text_values      whoami's print of the header, and which values it takes
    record, record_values  the record, and which values it takes; those of `id_values` at its end
    host, connection, trace  where these values are, -1 without
    forwarded              (name, where its values are) of each header that the policy reads
    fields                 names as Go spells them
    """

    text: bytes
    text_values: "Pick"
    record: bytes
    record_values: "Pick"
    id_values: "Pick"
    host: int
    connection: int
    trace: int
    forwarded: tuple[tuple[str, tuple[int, ...]], ...]
    fields: tuple[bytes, ...]


class Verdict(NamedTuple):
    """What a record says of the client, as JSON, and where reason and finding are counted."""

    json: bytes
    reason: int
    finding: int


class Taken(NamedTuple):
    """What became of a request: the answer's bytes, the record, and where the next request begins."""

    answer: bytes
    record: bytes
    end: int


class Lane:
    """The fast lane of one worker."""

    def __init__(self, app: App, counters: Counters, row: memoryview, place: Place) -> None:
        self._app = app
        self._row = row
        self._judge = app.explainer.judge
        self._shapes: dict[Values, Shape | None] = {}
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}
        self._second = 0
        self._now = self._stamp = self._host = self._whoami_head = self._bench_answer = b""
        self._latency = counters.start[LATENCY]
        self._reasons, self._findings = counters.slots(RESOLUTIONS), counters.slots(FOUND)
        self._requests = counters.start[REQUESTS]
        self._whoami = self._slot(WHOAMI.name, 200)
        self._bench = self._slot(_BENCH.name, 200)
        self._place = b"".join(
            b',"%b":%b' % (name.encode(), orjson.dumps(text))
            for name, text in (("node", place.node), ("pod", place.pod), ("namespace", place.namespace))
        )
        name = app.identity.name
        self._name = f"Name: {name}\n".encode("utf-8", "surrogateescape") if name else b""
        # a rule may want to see a GET, and --verbose wants to see all: then the slow way shows them
        self.open = not (app.settings.verbose or any("GET" in rule.methods for rule in app.logins)) and (
            self._name.isascii() and self._name.replace(b"\n", b"").decode().isprintable()
        )

    def ends(self, connection: Connection, peer: Peer) -> Ends:
        """Write out what is the same for all requests of a connection."""
        fixed = {
            "peer_ip": connection.peer_ip,
            "peer_port": connection.peer_port,
            "proxied_ip": connection.proxied_ip,
            "proxied_port": connection.proxied_port,
            "local_ip": connection.local_ip,
            "local_port": connection.local_port,
        }
        client = peer.resolution.client if peer.resolution else None
        return Ends(
            connection,
            peer,
            connection.lines,
            b'Z",%b,"method":"GET","target":"' % orjson.dumps(fixed)[1:-1],
            b',"connection_id":%b,"connection_request":' % orjson.dumps(connection.id),
            b',"tls_version":%b%b' % (orjson.dumps(connection.tls_version), self._place),
            orjson.dumps(str(client)) if client else b"null",
        )

    def take(self, ends: Ends, data: bytes, at: int, number: int) -> Taken | None:
        """Answer the request that begins at a byte of data; None if it is not one for the fast lane, or not whole."""
        found = _HEAD.match(data, at)
        if found is None:
            return None
        received, started = time.time(), time.perf_counter_ns()
        path, query, block = found.groups()
        names: Values
        values: Values
        names, values = zip(*_FIELDS.findall(block), strict=True)
        shapes = self._shapes
        shape = shapes[names] if names in shapes else self._learn(names)
        if shape is None:
            return None
        host = values[shape.host]
        if not _HOST.fullmatch(host) or (shape.connection >= 0 and values[shape.connection] not in _KEEP_ALIVE):
            return None
        if path == b"/":
            route = WHOAMI
        elif b"//" in path or b"/." in path:
            return None
        else:
            route = route_at(path)
        if query is None:
            query = b""
        elif b"%" in query or b"header" in query or b"env" in query or b"wait" in query:
            return None
        second = int(received)
        if second != self._second:
            self._tick(second)
        if route is WHOAMI:
            printed = shape.text % shape.text_values(values)
            slot, status = self._whoami, 200
            size = len(self._host) + len(ends.lines) + len(path) + len(query) + len(printed) + REQUEST_LINE_BYTES
            answer = b"%b%d\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%b%bGET %b%b HTTP/1.1\r\n%b" % (
                self._whoami_head,
                size,
                self._host,
                ends.lines,
                path,
                query,
                printed,
            )
        elif route is _BENCH:
            slot, size, status, answer = self._bench, 1, 200, self._bench_answer
        elif route.slow or route.wait is not None:
            return None
        else:
            made = self._other(ends, route, shape, names, values, (path, query, number, received, started))
            if made is None:
                return None
            slot, size, status, answer = made
        peer = ends.peer
        forwarded = {name: [values[index].decode() for index in indexes] for name, indexes in shape.forwarded}
        resolution, finding = self._judge(peer, forwarded)
        if peer.resolution is not None:
            client = ends.client
        else:
            client = b'"%b"' % str(resolution.client).encode() if resolution.client else b"null"
        verdict = self._verdicts.get((resolution.reason.code, resolution.source, finding.code)) or self._verdict(
            resolution, finding
        )
        if b'"' in block or b"\\" in block:
            values = tuple([value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for value in values])
        microseconds = (time.perf_counter_ns() - started) // 1000
        record = shape.record % (
            self._stamp,
            (received - second) * 1e6,
            ends.head,
            path,
            query,
            *shape.record_values(values),
            client,
            verdict.json,
            status,
            size,
            microseconds,
            ends.tail,
            number,
            ends.last,
            *shape.id_values(values),
            b"null" if shape.trace < 0 else orjson.dumps(trace_id(values[shape.trace].decode())),
        )
        row = self._row
        row[slot] += 1
        row[verdict.reason] += 1
        row[verdict.finding] += 1
        observe(row, self._latency, LATENCY_BOUNDS, microseconds)
        return Taken(answer, record, found.end())

    def _other(
        self, ends: Ends, route: Route, shape: Shape, names: Values, values: Values, asked: Asked
    ) -> tuple[int, int, int, bytes] | None:
        """Return (slot, body's size, status, answer) of a route without a template; None if it needs the slow way."""
        path, query, number, received, started = asked
        pairs = [pair for pair in zip(shape.fields, values, strict=True) if pair[0] != b"Host"]
        request = Request(
            ends.connection,
            number,
            b"GET",
            path + query,
            (1, 1),
            path + query,
            path,
            query[1:],
            list(zip(names, values, strict=True)),
            pairs,
            dict(reversed(pairs)),
            values[shape.host],
            0,
            close=False,
            keep_alive_10=False,
            declared_trailers=(),
            received=received,
            started=started,
        )
        answer = route.answer(self._app, request)
        if answer.pieces is not None or answer.close or answer.interim:
            return None
        head, body, keep, _ = render(answer, request, self._now, draining=False)
        return (self._slot(route.name, answer.status), len(body), answer.status, head + body) if keep else None

    def _tick(self, second: int) -> None:
        """Make what is the same for all requests of a second: the date, and what is known of the host."""
        self._second = second
        self._stamp = second_text(second).encode()
        self._now = formatdate(second, usegmt=True).encode()
        self._whoami_head = b"HTTP/1.1 200 OK\r\nDate: %b\r\nContent-Length: " % self._now
        self._bench_answer = (
            b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\n"
            b"Date: %b\r\nContent-Length: 1\r\n\r\n1" % self._now
        )
        self._host = self._name + self._app.host.lines()

    def _slot(self, route: str, status: int) -> int:
        return self._requests + ROUTE_NAMES.index(route) * len(STATUS_CLASSES) + status_class(status)

    def _verdict(self, resolution: Resolution, finding: Finding) -> Verdict:
        told = {
            "client_source": resolution.source or None,
            "client_reason": resolution.reason.code,
            "finding": finding.code,
        }
        verdict = Verdict(
            b"," + orjson.dumps(told)[1:-1],
            self._reasons[resolution.reason.code],
            self._findings[finding.code],
        )
        self._verdicts[resolution.reason.code, resolution.source, finding.code] = verdict
        return verdict

    def _learn(self, names: Values) -> Shape | None:
        """Work out a shape and remember it; None for one that is not for the fast lane, which is remembered too."""
        if len(names) > MAX_NAMES or sum(map(len, names)) > MAX_NAME_BYTES:
            return None
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        shape = self._shapes[names] = shape_of(names, self._app.explainer.headers)
        return shape


def shape_of(names: Values, forwarded: Sequence[str]) -> Shape | None:
    """Return the shape of these names, None if they are not for the fast lane; forwarded are those the policy reads."""
    lower = [name.lower() for name in names]
    at: dict[bytes, list[int]] = {}
    for index, name in enumerate(lower):
        at.setdefault(name, []).append(index)
    if len(at.get(b"host", ())) != 1 or len(at.get(b"connection", ())) > 1 or not TURNING_AWAY.isdisjoint(at):
        return None
    fields = tuple(map(canonical, names))
    agents, host = at.get(b"user-agent", []), at[b"host"][0]
    others = sorted(
        (index for index in range(len(names)) if lower[index] not in (b"host", b"user-agent")), key=fields.__getitem__
    )
    agent = b"User-Agent: %b\r\n" if agents else b"User-Agent: Go-http-client/1.1\r\n"
    text = b"Host: %b\r\n" + agent + b"".join(b"%b: %%b\r\n" % fields[index] for index in others) + b"\r\n"
    redacted = {name.encode() for name in REDACTED_HEADERS}
    headers = b",".join(
        b'"%b":[%b]' % (name, b",".join([b'"%b"' % (REDACTED.encode() if name in redacted else b"%b")] * len(indexes)))
        for name, indexes in at.items()
    )
    ids = at.get(b"x-request-id", [])[:1]
    record = (
        b'{"v":%d,"ts":"%%b.%%06d%%b%%b%%b","host":"%%b","protocol":"HTTP/1.1","user_agent":%b,"headers":{%b},'
        b'"client_ip":%%b%%b,"user":null,"login":null,"status":%%d,"response_bytes":%%d,"request_bytes":0,'
        b'"duration_us":%%d%%b%%d%%b,"request_id":%b,"trace_id":%%b,"error":null}\n'
        % (SCHEMA_VERSION, b'"%b"' if agents else b"null", headers, b'"%b"' if ids else b"null")
    )
    return Shape(
        text,
        _picking([host, *agents[:1], *others]),
        record,
        _picking(
            [host, *agents[:1], *(index for name, indexes in at.items() if name not in redacted for index in indexes)]
        ),
        _picking(ids),
        host,
        at.get(b"connection", [-1])[0],
        at.get(b"traceparent", [-1])[0],
        tuple((name, tuple(at.get(name.encode(), ()))) for name in forwarded),
        fields,
    )


def _picking(indexes: Sequence[int]) -> Pick:
    """Return what picks the values at these indexes."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return (lambda values: (values[indexes[0]],)) if indexes else (lambda _values: ())


def status_class(status: int) -> int:
    """Return the index of a status in STATUS_CLASSES."""
    return status // 100 - 1 if status < 600 else len(STATUS_CLASSES) - 1
