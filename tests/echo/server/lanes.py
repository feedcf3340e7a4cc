"""Both ways of a request, without sockets: what the fast lane makes of bytes, and what the slow way would."""

import json
import re
import time
from typing import NamedTuple

from echo.answer import render
from echo.clientip import parse_config
from echo.counters import Counters
from echo.extras import with_added_headers
from echo.lane import COMPILED_AFTER, Lane
from echo.malformed import Malformed
from echo.metrics import METRICS
from echo.record import parse_login_rules
from echo.recorder import Exchange, Place, headers_of, record_line
from echo.request import Connection
from echo.routes import App, route_of
from echo.settings import Settings
from echo.whoami import Identity
from echo.wire import find_head, parse_head

WIRE = Connection("c-1", "127.0.0.1", 40000, "127.0.0.1", 80, b"127.0.0.1:40000")
PLACE = Place("node-1", 'pod "1"', None)


class Outcome(NamedTuple):
    """An answer and its record, what depends on the clock taken out, and how many bytes the request was."""

    answer: bytes
    record: dict
    end: int


class Ways:
    """A server's two ways under one configuration, for one connection."""

    def __init__(self, toml: str = "", wire: Connection = WIRE, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        config = parse_config(toml, "")
        self.app = App(
            config, Identity(settings.name), parse_login_rules(config.tables.get("login")), settings=settings
        )
        self.wire = wire
        self.counters = Counters(METRICS, 1)
        self.lane = Lane(self.app, self.counters, self.counters.row(0), PLACE)
        self.peer = self.app.explainer.peer(wire.proxied_ip or wire.peer_ip, proxied=wire.proxied_ip is not None)
        self.ends = self.lane.ends(wire, self.peer)

    def fast(self, data: bytes, at: int = 0, number: int = 1) -> Outcome | None:
        """Return what the fast lane makes of a request, None if it turns it away."""
        taken = self.lane.take(self.ends, data, at, number)
        return None if taken is None else Outcome(masked(taken[0]), record_of(taken[1]), taken[2] - at)

    def compiled(self, data: bytes) -> Outcome | None:
        """Return the same once the shape of the request has its expression."""
        for _ in range(COMPILED_AFTER):
            self.lane.take(self.ends, data, 0, 1)
        return self.fast(data)

    def slow(self, data: bytes, number: int = 1) -> Outcome | None:
        """Return what the slow way makes of a request without a body; None if it is malformed or not whole."""
        try:
            end = find_head(data, 0)
            if not end:
                return None
            request = parse_head(data[:end], self.wire, number)
        except Malformed:
            return None
        request.received, request.started = time.time(), time.perf_counter_ns()
        route = route_of(request)
        answer = with_added_headers(request, route.answer(self.app, request))
        rendered = render(answer, request, b"", draining=False)
        headers = headers_of(request)
        resolution, finding = self.app.explainer.judge(self.peer, headers)
        exchange = Exchange(
            self.wire,
            number,
            request,
            resolution,
            finding.code,
            answer.status,
            len(rendered.body),
            0,
            request.received,
            headers=headers,
        )
        return Outcome(masked(rendered.head + rendered.body), record_of(record_line(exchange, PLACE)), end)


def masked(answer: bytes) -> bytes:
    """Return an answer without its date."""
    return re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: ", answer, count=1)


def record_of(line: bytes) -> dict:
    """Return a record without its times; it must be one line of JSON."""
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    record = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["ts"])
    assert record["duration_us"] >= 0
    return record | {"ts": "", "duration_us": 0}
