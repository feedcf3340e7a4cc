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
for each two templates are made, of the text that whoami would print and of the JSON that the record holds, and an
expression that takes the values out of such a request in one match. A connection tries the shape of its last request
first; then a request costs a match and two formats. No value is remembered. At most MAX_SHAPES shapes are, beside
those that connections hold: when there are more, all are forgotten.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from itertools import chain
from operator import itemgetter
from time import perf_counter_ns, time
from typing import NamedTuple

import orjson

from echo import whoami
from echo.answer import render
from echo.counters import Counters, observe
from echo.explain.choose import INTERNAL, choose
from echo.explain.facts import Facts
from echo.explain.headers import TELLING
from echo.explain.judge import ASKED, Peer
from echo.metrics import FOUND, LATENCY, LATENCY_BOUNDS, REQUESTS, RESOLUTIONS, request_offset
from echo.record import REDACTED, REDACTED_HEADERS, SCHEMA_VERSION
from echo.recorder import Place, second_text, trace_id
from echo.request import Connection, Request, canonical
from echo.routes import ROUTES, WHOAMI, App, Route, route_at
from echo.wire import parse_head

MAX_SHAPES = 512
MAX_VERDICTS = 4096  # facts combine: 14 reasons, 30 classes twice, a dozen signs; a deployment has some dozens of them
MAX_NAMES, MAX_NAME_BYTES = 48, 1024  # of a shape, names and bytes of them: more is no common client's
COMPILED_AFTER = 16  # requests of a shape, before it gets an expression: compiling one costs as much as some of them

_PATH = rb"(/[A-Za-z0-9\-_.~$&+,/:;=@]*+)"
_QUERY = rb"((?:\?[!#-\[\]-~]*+)?)"
_VALUE = rb"([!-~][ -~]*+)(?<! )"
_VERBATIM = rb"([!#-\[\]-~][ !#-\[\]-~]*+)(?<! )"  # nothing that JSON would escape
_AUTHORITY = rb"([0-9A-Za-z.\-:_\[\]]++)"
_KEEP_ALIVE = rb"([Kk]eep-[Aa]live)"
_HEAD = re.compile(
    rb"GET %b%b HTTP/1\.1\r\n((?:[A-Za-z0-9\-_]++: %b\r\n)++)\r\n" % (_PATH, _QUERY, _VALUE.replace(b"(", b"(?:", 1))
)
_FIELDS = re.compile(rb"([^:]++): ([^\r]++)\r\n")
_IS_AUTHORITY = re.compile(_AUTHORITY)
_IS_KEEP_ALIVE = re.compile(_KEEP_ALIVE)
# lower-case names of fields that say something about the message itself
TURNING_AWAY = frozenset(
    {b"content-length", b"transfer-encoding", b"trailer", b"expect", b"upgrade", b"pragma", b"proxy-connection"}
)
_FILLER = b"User-Agent: Go-http-client/1.1\r\n"  # whoami's, where the client sent none
_MARKUP = re.compile(rb"[<>&]")  # which Go's JSON escapes
_API, _BENCH = ROUTES[b"/api"], ROUTES[b"/bench"]
_FAST_US = LATENCY_BOUNDS[0]

Values = tuple[bytes, ...]
Pick = Callable[[tuple[object, ...]], tuple[object, ...]]
Asked = tuple[bytes, bytes, int, float, int]  # path, query, number on the connection, wall clock, monotonic ns
Taken = tuple[bytes, bytes, int]  # the answer, the record, and where the next request begins
_PATH_AT, _QUERY_AT, _FIRST_FIELD = 0, 1, 2  # in the values of a request


class Shape:
    """
    Names of header fields, and what follows from them. `values` are a request's path, query and values of fields.

    match     takes them out of a request of this shape; None until the shape came COMPILED_AFTER times
    text, text_values      whoami's answer, and which it takes of the values and what `take` adds
    api, api_values        whoami's JSON, likewise
    extra     how much longer whoami's print of the request is than the request
    record, record_values  the record, likewise
    trace     where the traceparent is, 0 without
    at        lower-case name -> where its values are
    telling   the same of the headers that each verdict rests on; `is_forwarded`: one that the policy reads is there
    names, fields          as they came, and as Go spells them
    """

    __slots__ = (
        *(
            "api",
            "api_values",
            "extra",
            "fields",
            "is_forwarded",
            "match",
            "names",
            "record",
            "record_values",
        ),
        *("seen", "text", "text_values", "at", "telling", "trace", "host", "connection"),
    )

    def __init__(self, names: Values, at: Mapping[bytes, list[int]], forwarded: Sequence[str]) -> None:
        """`at` says where the values of a lower-case name are; `forwarded` are the headers that the policy reads."""
        self.names = names
        self.fields = fields = tuple(map(canonical, names))
        self.match: Callable[[bytes, int], re.Match[bytes] | None] | None = None
        self.seen = 0
        agents, self.host = at.get(b"user-agent", []), at[b"host"][0]
        self.connection = at.get(b"connection", [0])[0]
        self.trace = at.get(b"traceparent", [0])[0]
        self.is_forwarded = any(name.encode() in at for name in forwarded)
        self.at = {name.decode(): indexes for name, indexes in at.items()}
        self.telling = tuple((name, self.at[name]) for name in {*forwarded, *TELLING} if name in self.at)
        others = sorted(
            (index for name, indexes in at.items() if name not in (b"host", b"user-agent") for index in indexes),
            key=lambda index: (fields[index - _FIRST_FIELD], index),
        )
        self.extra = 0 if agents else len(_FILLER)
        self.text = b"%b%d\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%b%bGET %b%b HTTP/1.1\r\nHost: %b\r\n"
        self.text += b"User-Agent: %b\r\n" if agents else _FILLER
        self.text += b"".join(fields[index - _FIRST_FIELD] + b": %b\r\n" for index in others) + b"\r\n"
        more = _FIRST_FIELD + len(names)  # where the values end, and what `take` adds to them begins
        asked = (_PATH_AT, _QUERY_AT, self.host, *agents)
        printed = [*range(more, more + 4), *asked, *others]
        self.text_values = itemgetter(*printed)
        grouped: dict[bytes, list[int]] = {}
        for index in sorted((*agents, *others), key=lambda index: (fields[index - _FIRST_FIELD], index)):
            grouped.setdefault(fields[index - _FIRST_FIELD], []).append(index)
        listed = b",".join(
            b'"%b":[%b]' % (name, b",".join([b'"%b"'] * len(indexes))) for name, indexes in grouped.items()
        )
        self.api = b'%%b%b"url":"%%b%%b","host":"%%b","method":"GET"%%b%%b}\n' % (
            b'"headers":{%b},' % listed if listed else b""
        )
        in_order = [more, *chain.from_iterable(grouped.values()), *asked[:3], more + 1, more + 2]
        self.api_values = itemgetter(*in_order)
        redacted = {name.encode() for name in REDACTED_HEADERS}
        headers = b",".join(
            b'"%b":[%b]'
            % (name, b",".join([b'"%b"' % (REDACTED.encode() if name in redacted else b"%b")] * len(places)))
            for name, places in at.items()
        )
        ids = at.get(b"x-request-id", [])[:1]
        self.record = (
            b'{"v":%d,"ts":"%%b.%%06d%%b%%b%%b","host":"%%b","protocol":"HTTP/1.1","user_agent":%b,"headers":{%b},'
            b'"client_ip":%%b%%b,"user":null,"login":null,"status":%%d,"response_bytes":%%d,"request_bytes":0,'
            b'"duration_us":%%d%%b%%d%%b,"request_id":%b,"trace_id":%%b,"error":null}\n'
            % (SCHEMA_VERSION, b'"%b"' if agents else b"null", headers, b'"%b"' if ids else b"null")
        )
        shown = (index for name, indexes in at.items() if name not in redacted for index in indexes)
        before, after, last = range(more, more + 3), range(more + 3, more + 11), more + 11
        told = [*before, *asked, *shown, *after, *ids, last]
        self.record_values = itemgetter(*told)

    def headers(self, values: Values) -> dict[str, list[str]]:
        """Return all headers of a request of this shape by lower-case name."""
        return {name: [values[index].decode() for index in indexes] for name, indexes in self.at.items()}

    def compile(self) -> None:
        """Make the expression."""
        special = {self.host: _AUTHORITY, self.connection: _KEEP_ALIVE}
        fields = b"".join(
            b"%b: %b\r\n" % (re.escape(name), special.get(index, _VERBATIM))
            for index, name in enumerate(self.names, _FIRST_FIELD)
        )
        self.match = re.compile(rb"GET %b%b HTTP/1\.1\r\n%b\r\n" % (_PATH, _QUERY, fields)).match


class Verdict(NamedTuple):
    """What a record says of the client beside its address, as JSON, and where reason and finding are counted."""

    json: bytes
    reason: int
    finding: int


class Ends:
    """
    What is the same for all requests of one connection, written out; and the shape of its last one.

    lines, remote  whoami's lines about the other end, and what its JSON says of it
    head, tail, last  pieces of the record: the addresses, the connection's id, and what stands behind the number
    client  the client's address as JSON, where it is the peer whatever the headers say
    without, with_header  verdicts, where they depend on nothing but whether a forwarding header came; else None
    """

    __slots__ = (
        *("client", "connection", "head", "last", "lines", "lines_size", "peer", "remote", "shape", "tail"),
        *("with_header", "without"),
    )

    def __init__(self, connection: Connection, peer: Peer, place: bytes) -> None:
        fixed = {
            "peer_ip": connection.peer_ip,
            "peer_port": connection.peer_port,
            "proxied_ip": connection.proxied_ip,
            "proxied_port": connection.proxied_port,
            "local_ip": connection.local_ip,
            "local_port": connection.local_port,
        }
        client = peer.resolution.client if peer.resolution else None
        self.connection = connection
        self.peer = peer
        self.lines = connection.lines
        self.lines_size = len(self.lines)
        self.head = b'Z",%b,"method":"GET","target":"' % orjson.dumps(fixed)[1:-1]
        self.tail = b',"connection_id":%b,"connection_request":' % orjson.dumps(connection.id)
        self.last = b',"tls_version":%b%b' % (orjson.dumps(connection.tls_version), place)
        self.remote = b',"remoteAddr":%b' % orjson.dumps(remote) if (remote := connection.remote_addr.decode()) else b""
        self.client = orjson.dumps(str(client)) if client else b"null"
        self.without: Verdict | None = None
        self.with_header: Verdict | None = None
        self.shape: Shape | None = None


class Lane:
    """The fast lane of one worker."""

    def __init__(self, app: App, counters: Counters, row: memoryview, place: Place, *, logs: bool = True) -> None:
        """Without `logs` no record is made: the one returned is empty."""
        self._app = app
        self._logs = logs
        self._most = app.settings.max_header_bytes
        self._row = row
        self._explainer = app.explainer
        self._resolve = app.config.policy.resolve
        self._shapes: dict[Values, Shape] = {}
        self._verdicts: dict[Facts, Verdict] = {}
        self._second = 0
        self._now = self._stamp = self._host = self._whoami_head = self._bench_answer = b""
        self._api_head = self._api_start = self._api_name = b""
        self._host_size = 0
        self._latency = counters.start[LATENCY]
        self._latency_sum = self._latency + len(LATENCY_BOUNDS) + 1
        self._reasons, self._findings = counters.slots(RESOLUTIONS), counters.slots(FOUND)
        self._requests = counters.start[REQUESTS]
        self._whoami = self._slot(WHOAMI.name, 200)
        self._bench = self._slot(_BENCH.name, 200)
        self._api = self._slot(_API.name, 200)
        self._place = b"".join(
            b',"%b":%b' % (name.encode(), orjson.dumps(text))
            for name, text in (("node", place.node), ("pod", place.pod), ("namespace", place.namespace))
        )
        name = app.identity.name
        self._name = f"Name: {name}\n".encode("utf-8", "surrogateescape") if name else b""
        # a rule may want to see a GET, and --verbose wants to see all: then the slow way shows them
        self.open = not (
            app.settings.verbose or any(rule.takes("GET") and not rule.of_logs for rule in app.logins)
        ) and (self._name.isascii() and self._name.replace(b"\n", b"").decode().isprintable())

    def ends(self, connection: Connection, peer: Peer) -> Ends:
        """Write out what is the same for all requests of a connection."""
        ends = Ends(connection, peer, self._place)
        if peer.resolution is not None and peer.meaning in INTERNAL - ASKED:
            header = self._explainer.headers[0]
            ends.without = self._verdict(self._explainer.facts(peer, {}, peer.resolution))
            ends.with_header = self._verdict(self._explainer.facts(peer, {header: ("",)}, peer.resolution))
        return ends

    def take(self, ends: Ends, data: bytes, at: int, number: int) -> Taken | None:
        """Answer the request that begins at a byte of data; None if it is not one for the fast lane, or not whole."""
        received, started = time(), perf_counter_ns()
        shape = ends.shape
        if shape is None or shape.match is None or (found := shape.match(data, at)) is None:
            met = self._meet(data, at)
            if met is None:
                return None
            shape, values, escaped, end = met
            ends.shape = shape
        else:
            values = escaped = found.groups()
            end = found.end()
        if end - at > self._most:
            return None
        path, query = values[_PATH_AT], values[_QUERY_AT]
        if query and (b"%" in query or b"header" in query or b"env" in query or b"wait" in query):
            return None
        second = int(received)
        if second != self._second:
            self._tick(second)
        if path == b"/" or (route := self._route(path)) is WHOAMI:
            slot, status = self._whoami, 200
            size = self._host_size + ends.lines_size + end - at + shape.extra
            answer = shape.text % shape.text_values(values + (self._whoami_head, size, self._host, ends.lines))
        elif route is None:
            return None
        elif route is _BENCH:
            slot, size, status, answer = self._bench, 1, 200, self._bench_answer
        elif route is _API and _MARKUP.search(data, at, end) is None:
            body = shape.api % shape.api_values(escaped + (self._api_start, self._api_name, ends.remote))
            slot, size, status, answer = self._api, len(body), 200, self._api_head % (len(body), body)
        else:
            made = self._other(ends, route, shape, values, (path, query, number, received, started))
            if made is None:
                return None
            slot, size, status, answer = made
        client = ends.client
        verdict = ends.with_header if shape.is_forwarded else ends.without
        if verdict is None:
            client, verdict = self._judge(ends, shape, values)
        row = self._row
        row[slot] += 1
        row[verdict.reason] += 1
        row[verdict.finding] += 1
        microseconds = (perf_counter_ns() - started) // 1000
        if microseconds <= _FAST_US:
            row[self._latency] += 1
            row[self._latency_sum] += microseconds
        else:
            observe(row, self._latency, LATENCY_BOUNDS, microseconds)
        if not self._logs:
            return answer, b"", end
        return (
            answer,
            shape.record
            % shape.record_values(
                escaped
                + (
                    self._stamp,
                    (received - second) * 1e6,
                    ends.head,
                    client,
                    verdict.json,
                    status,
                    size,
                    microseconds,
                    ends.tail,
                    number,
                    ends.last,
                    b"null" if not shape.trace else orjson.dumps(trace_id(values[shape.trace].decode())),
                )
            ),
            end,
        )

    def _meet(self, data: bytes, at: int) -> tuple[Shape, Values, Values, int] | None:
        """Return (shape, values, the same as JSON has them, end) of a request whose shape is not its connection's."""
        found = _HEAD.match(data, at)
        if found is None:
            return None
        path, query, block = found.groups()
        names, fields = zip(*_FIELDS.findall(block), strict=True)
        shape = self._shapes.get(names) or self._learn(names)
        if shape is None:
            return None
        values = (path, query, *fields)
        if not _IS_AUTHORITY.fullmatch(values[shape.host]):
            return None
        if shape.connection and not _IS_KEEP_ALIVE.fullmatch(values[shape.connection]):
            return None
        shape.seen += 1
        if shape.seen == COMPILED_AFTER:
            shape.compile()
        escaped = values
        if b'"' in block or b"\\" in block:
            escaped = tuple([value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for value in values])
        return shape, values, escaped, found.end()

    def _route(self, path: bytes) -> Route | None:
        """Return the route at a path; None if it is not for the fast lane."""
        if b"//" in path or b"/." in path:
            return None
        route: Route = route_at(path)
        return None if route.slow or (route.wait is not None and route is not WHOAMI) else route

    def _judge(self, ends: Ends, shape: Shape, values: Values) -> tuple[bytes, Verdict]:
        """Return who the client of a request is, as JSON, and the verdict."""
        peer = ends.peer
        headers = {name: [values[index].decode() for index in indexes] for name, indexes in shape.telling}
        resolution = peer.resolution or self._resolve(peer.text, headers, peer.proxied)
        facts = self._explainer.facts(peer, headers, resolution, lambda: shape.headers(values))
        verdict = self._verdicts.get(facts) or self._verdict(facts)
        client = resolution.client
        return (b'"%b"' % str(client).encode() if client is not None else b"null"), verdict

    def _verdict(self, facts: Facts) -> Verdict:
        """Return the verdict on all requests of like facts, and remember it; a client can make many kinds, not all."""
        reason, source = facts.reason, facts.source
        finding = choose(facts).code
        told = {"client_source": source or None, "client_reason": reason, "finding": finding}
        verdict = Verdict(b"," + orjson.dumps(told)[1:-1], self._reasons[reason], self._findings[finding])
        if len(self._verdicts) >= MAX_VERDICTS:
            self._verdicts.clear()
        self._verdicts[facts] = verdict
        return verdict

    def _other(
        self, ends: Ends, route: Route, shape: Shape, values: Values, asked: Asked
    ) -> tuple[int, int, int, bytes] | None:
        """Return (slot, body's size, status, answer) of a route without a template; None if it needs the slow way."""
        path, query, number, received, started = asked
        pairs = [pair for pair in zip(shape.fields, values[_FIRST_FIELD:], strict=True) if pair[0] != b"Host"]
        request = Request(
            ends.connection,
            number,
            b"GET",
            path + query,
            (1, 1),
            path + query,
            path,
            query[1:],
            list(zip(shape.names, values[_FIRST_FIELD:], strict=True)),
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
        try:
            answer = route.answer(self._app, request)
        except Exception:  # a fault of ours: the slow way meets it again, says so, answers 500 and logs it
            return None
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
        self._host_size = len(self._host)
        self._api_head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: %b\r\nContent-Length: %%d\r\n\r\n%%b"
            % self._now
        )
        # whoami's JSON of a request without headers and an end: what stands before and behind them
        nobody = parse_head(b"GET / HTTP/1.0\r\n\r\n", Connection("", None, None, None, None, b""), 1)
        self._api_start, _, rest = whoami.api(nobody, self._app.identity, self._app.host).partition(b'"url"')
        self._api_name = rest.partition(b'"method":"GET"')[2].removesuffix(b"}\n")

    def _slot(self, route: str, status: int) -> int:
        return self._requests + request_offset(route, status)

    def _learn(self, names: Values) -> Shape | None:
        """Work out a shape and remember it; None for names that are not for the fast lane."""
        if len(names) > MAX_NAMES or sum(map(len, names)) > MAX_NAME_BYTES:
            return None
        at: dict[bytes, list[int]] = {}
        for index, name in enumerate(names, _FIRST_FIELD):
            at.setdefault(name.lower(), []).append(index)
        once = len(at.get(b"host", ())) == 1 and all(
            len(at.get(name, ())) < 2 for name in (b"connection", b"user-agent")
        )
        if not once or not TURNING_AWAY.isdisjoint(at):
            return None
        if len(self._shapes) >= MAX_SHAPES:
            for known in self._shapes.values():
                known.match = None  # connections hold the shape of their last request: not its expression, too
            self._shapes.clear()
        shape = self._shapes[names] = Shape(names, at, self._explainer.headers)
        return shape
