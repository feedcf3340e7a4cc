r"""
Logs of a busy site, as many lines as asked for, the same for the same seed: combined, or our own records.

    python -m benchmarks.ingest.generator --lines 10000000 --format combined|ndjson [--days 7] [--seed 1] > access.log

What is in them, of all lines if nothing else is said:

- Clients: Zipf (rank + 2)^-1 over 150,000 a day, drawn for visits of 6 lines on average, which lie among about 3,000
  lines; the first 2,000 come every day, of the others each day brings some new ones. 10 % of addresses are IPv6; the
  heaviest client has 3.6 %. In 10 million lines of 7 days there are 255,000 clients.
- Requests: Zipf (rank + 5)^-1 over 30,000 lines of method, path and protocol; 26 % of them assets, the others pages,
  searches and an API; 37 % have a query, 7 % percent-escapes of UTF-8. 0.5 % are what scanners ask for (22 paths,
  answered by 404 or 403).
- User agents: 3,000, of which a client has one; 2 % of lines have another, as behind NAT. In 0.3 % of lines
  it has quotes, a backslash and a letter that is no ASCII.
- Referers: none for 65 %, Zipf over 8,000 else, four of five of them pages of the site.
- Statuses: 200 80 %, 304 8 %, 404 5 %, 301 2.5 %, 302 1.5 %, 206, 204, 400, 403, 499, 500, 502 and 503 the rest.
- Sizes: log-normal, median 6 KB, the same for the same request in two of three; none for 304, 204 and 301.
- Times: in order but for 2 % that are up to 3 s behind; a daily curve with its peak at 20 h, six times its trough;
  Saturday and Sunday have 0.7 of a weekday. Users: 0.4 % of clients are signed in (basic authentication).
- Odd lines, 0.1 %: TLS hellos and other binary to the plain port, and requests that never came (`-`), status 400, 408.

Records are what `whofrom serve` writes behind two proxies that it trusts: X-Forwarded-For has the client and the first
proxy, for 8 % also a claim of the client's in front of them. Request ids never repeat. Their odd lines are TLS hellos.
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.ingest import pools

CHUNK = 1 << 15  # lines at once; what a line is depends on its place in its chunk
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio
FIRST = datetime(2026, 10, 5, tzinfo=UTC)  # a Monday
# requests of each hour of the day, to one another
HOURS = (26, 18, 14, 12, 11, 13, 18, 28, 40, 50, 56, 59, 60, 58, 57, 58, 60, 63, 66, 69, 71, 66, 53, 37)
WEEKEND = 0.7
LATE_SHARE, LATEST_SECONDS = 0.02, 3.0
DAILY_CLIENTS, REGULARS, NEW_A_DAY = 150_000, 2_000, 40_000
VISIT_LINES, VISITS_SPAN = 6, 3_000
OTHER_AGENT, NO_REFERER, ATTACK, ODD, CLAIM, SIGNED_IN = 0.02, 0.65, 0.005, 0.001, 0.08, 0.004
VARYING = 1 / 3  # answers whose size is not that of the last one to the same request
MEDIAN_BYTES, SIGMA, SIZES = 6_000, 1.6, 20_000
EMPTY = frozenset({"304", "204", "301"})  # answered without a body
STATUSES = (
    ("200", 800), ("304", 80), ("404", 50), ("301", 25), ("302", 15), ("206", 8), ("499", 6), ("403", 5), ("500", 3),
    ("204", 3), ("400", 2), ("502", 2), ("503", 1),
)  # of 1,000  # fmt: skip
ODD_REQUESTS = (
    (r"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\xA1\xB2\x8F\x1D", "400", "150"),
    (r"\x16\x03\x01\x00\xEE\x01\x00\x00\xEA\x03\x03", "400", "150"),
    (r"\x03\x00\x00/*\xE0\x00\x00\x00\x00\x00Cookie: mstshash=Administr", "400", "150"),
    (r"SSH-2.0-Go", "400", "150"),
    ("-", "408", "0"),
    ("", "400", "0"),
)
FORMATS = ("combined", "ndjson")


class Pools(NamedTuple):
    """What is drawn from, each a string array; `agent_of` has the number of each client's agent."""

    clients: pa.Array
    agent_of: pa.Array
    requests: list[pools.Request]
    referers: list[str]
    agents: list[str]
    sizes: pa.Array


class Draw(NamedTuple):
    """
    What the lines of a chunk are, by number in the pools or as text; int32, text, or bool.

    request  PATHS and above are attacks
    referer  0 is none
    second   since FIRST, int64
    """

    client: pa.Array
    request: pa.Array
    referer: pa.Array
    agent: pa.Array
    status: pa.Array
    size: pa.Array
    second: pa.Array
    odd: pa.Array


class Dice:
    """Random columns of a length, each another, by a seed and the number of the chunk."""

    def __init__(self, seed: int, chunk: int) -> None:
        self._next = (seed << 32) + (chunk + 2 << 8)

    def unit(self, count: int) -> pa.Array:
        """Return numbers from 0 up to 1."""
        self._next += 1
        return pc.random(count, initializer=self._next * GOLDEN % (1 << 63))  # seeds side by side give like columns

    def below(self, count: int, limit: int) -> pa.Array:
        """Return numbers from 0 up to a limit."""
        return whole(pc.multiply(self.unit(count), float(limit)))

    def zipf(self, count: int, ranks: int, shift: float) -> pa.Array:
        """Return ranks, a rank's share proportional to 1 / (rank + shift)."""
        power = pc.power(pa.scalar((ranks + shift) / shift), self.unit(count))
        return whole(pc.subtract(pc.multiply(power, shift), shift))

    def hit(self, count: int, share: float) -> pa.Array:
        """Return whether, for a share of the rows."""
        return pc.less(self.unit(count), share)


def generate(lines: int, form: str, days: int = 7, seed: int = 1) -> Iterator[pa.Buffer]:
    """Yield a log in pieces of CHUNK lines, in the format `combined` or `ndjson`."""
    known = _pools(days, seed)
    write = Combined(known, seed).lines if form == "combined" else Records(known, seed).lines
    bounds = _bounds(lines, days)
    for chunk, start in enumerate(range(0, lines, CHUNK)):
        count = min(CHUNK, lines - start)
        dice = Dice(seed, chunk)
        text = write(_draw(dice, known, _seconds(dice, bounds, start, count), count), dice, start)
        yield text.buffers()[2].slice(0, _end(text))


def _end(text: pa.Array) -> int:
    """Return where a string array's bytes end."""
    offsets = text.buffers()[1]
    return int.from_bytes(memoryview(offsets)[4 * len(text) : 4 * len(text) + 4], sys.byteorder)


def _pools(days: int, seed: int) -> Pools:
    count = DAILY_CLIENTS + NEW_A_DAY * days
    dice = Dice(seed, -1)
    asked = pools.requests(seed)
    normal = pc.multiply(
        pc.sqrt(pc.multiply(pc.ln(pc.subtract(1.0, dice.unit(SIZES))), -2.0)),
        pc.cos(pc.multiply(dice.unit(SIZES), 6.2831853)),
    )
    sizes = whole(pc.multiply(pc.exp(pc.multiply(normal, SIGMA)), float(MEDIAN_BYTES)))
    return Pools(
        pools.clients(count, seed),
        dice.zipf(count, pools.AGENTS, 3.0),
        [*asked, *pools.attacks()],
        ["", *pools.referers(asked, seed)],
        pools.agents(seed),
        pc.cast(sizes, pa.string()),
    )


def _bounds(lines: int, days: int) -> list[int]:
    """Return the number of the first line of each hour, and of one behind the last."""
    weights = [weight * (WEEKEND if day % 7 > 4 else 1.0) for day in range(days) for weight in HOURS]
    total = sum(weights)
    return [round(lines * part / total) for part in accumulate(weights, initial=0.0)]


def _seconds(dice: Dice, bounds: Sequence[int], start: int, count: int) -> pa.Array:
    """Return when the lines from start on are, seconds since FIRST, evenly over each hour's part of them."""
    pieces, at = [], start
    while at < start + count:
        hour = bisect_right(bounds, at) - 1
        end = min(bounds[hour + 1], start + count)
        step = 3600 / (bounds[hour + 1] - bounds[hour])
        first = hour * 3600 + (at - bounds[hour]) * step
        pieces.append(pc.add(pc.multiply(pc.cast(pa.arange(0, end - at), pa.float64()), step), first))
        at = end
    late = pc.multiply(dice.unit(count), LATEST_SECONDS / LATE_SHARE)
    times = pc.subtract(pa.concat_arrays(pieces), pc.if_else(pc.less(late, LATEST_SECONDS), late, 0.0))
    return pc.cast(pc.floor(pc.max_element_wise(times, 0.0)), pa.int64())


def _draw(dice: Dice, known: Pools, second: pa.Array, count: int) -> Draw:
    visits = count // VISIT_LINES + VISITS_SPAN // VISIT_LINES + 1
    rank = dice.zipf(visits, DAILY_CLIENTS, 2.0)
    place = pc.add(pc.cast(pa.arange(0, count), pa.float64()), pc.multiply(dice.unit(count), float(VISITS_SPAN)))
    visit = whole(pc.divide(place, float(VISIT_LINES)))
    day = second[0].as_py() // 86_400
    client = pc.if_else(pc.less(rank, REGULARS), rank, pc.add(rank, day * NEW_A_DAY)).take(visit)
    agent = known.agent_of.take(client)
    agent = pc.if_else(dice.hit(count, OTHER_AGENT), dice.zipf(count, pools.AGENTS, 3.0), agent)
    request = dice.zipf(count, pools.PATHS, 5.0)
    attack = pc.add(dice.below(count, len(pools.ATTACKS)), pools.PATHS)
    request = pc.if_else(dice.hit(count, ATTACK), attack, request)
    referer = pc.add(dice.zipf(count, pools.REFERERS, 0.3), 1)
    referer = pc.if_else(dice.hit(count, NO_REFERER), 0, referer)
    drawn = pa.array([status for status, share in STATUSES for _ in range(share)])
    forced = pa.array([request.status or None for request in known.requests], pa.string())
    status = pc.coalesce(forced.take(request), drawn.take(dice.below(count, len(drawn))))
    varying = pc.less(dice.unit(count), VARYING)
    number = pc.if_else(varying, dice.below(count, SIZES), pc.if_else(pc.less(request, SIZES), request, 0))
    size = pc.if_else(pc.is_in(status, pa.array(sorted(EMPTY))), "0", known.sizes.take(number))
    return Draw(client, request, referer, agent, status, size, second, dice.hit(count, ODD))


class Combined:
    """Writes what is drawn as nginx does."""

    def __init__(self, known: Pools, seed: int) -> None:
        count = len(known.clients)
        dice = Dice(seed, -2)
        users = pa.array(
            [f"{word}.{other}" for word in ("anna", "ben", "eva", "jan", "li") for other in pools.WORDS[:40]]
        )
        user = pc.if_else(dice.hit(count, SIGNED_IN), users.take(dice.below(count, len(users))), "-")
        self._clients = pc.binary_join_element_wise(known.clients, " - ", user, " [", "")
        self._requests = pa.array([f'"{pools.logged(_line(one))}" ' for one in known.requests])
        self._referers = pa.array([f' "{pools.logged(text) or "-"}" "' for text in known.referers])
        self._agents = pa.array([f'{pools.logged(text)}"\n' for text in known.agents])
        self._odd = pa.array([f'"{request}" {status} {size} "-" "-"\n' for request, status, size in ODD_REQUESTS])

    def lines(self, draw: Draw, dice: Dice, start: int) -> pa.Array:
        """Return the lines, with their line ends."""
        times = _texts(draw.second, "%d/%b/%Y:%H:%M:%S +0000] ")
        heads = self._clients.take(draw.client)
        text = pc.binary_join_element_wise(
            heads, times, self._requests.take(draw.request), draw.status, " ", draw.size,
            self._referers.take(draw.referer), self._agents.take(draw.agent), "",
        )  # fmt: skip
        which = self._odd.take(dice.below(len(draw.odd), len(self._odd)))
        return _replaced(text, draw.odd, [heads, times, which])


class Records:
    """Writes what is drawn as the server does, behind an edge and an ingress."""

    def __init__(self, known: Pools, seed: int) -> None:
        self._clients = known.clients
        self._requests = pa.array(
            [
                f'"method":{_json(one.method)},"target":{_json(one.target)},"host":"www.example.com","protocol":"HTTP/1.1",'
                for one in known.requests
            ]
        )
        self._agents = pa.array([_json(text) for text in known.agents])
        self._referers = pa.array([f',"referer":[{_json(text)}]' if text else "" for text in known.referers])
        self._hex = pa.array([f"{number:04x}" for number in range(1 << 16)])
        self._edges = pa.array([f"10.0.0.{number}" for number in range(1, 9)])
        self._peers = pa.array([f"10.1.{node}.{number}" for node in range(6) for number in (5, 9)])
        self._durations = pc.cast(pc.add(pc.divide(pc.cast(known.sizes, pa.int64()), 40), 60), pa.string())

    def lines(self, draw: Draw, dice: Dice, start: int) -> pa.Array:
        """Return the lines, with their line ends."""
        count = len(draw.odd)
        number = pa.arange(start, start + count)
        client = self._clients.take(draw.client)
        agent = self._agents.take(draw.agent)
        micros = pc.utf8_lpad(pc.cast(dice.below(count, 1_000_000), pa.string()), 6, "0")
        times = pc.binary_join_element_wise(
            '{"v":1,"ts":"', _texts(draw.second, "%Y-%m-%dT%H:%M:%S."), micros, 'Z","peer_ip":"',
            self._peers.take(dice.below(count, len(self._peers))), '","peer_port":',
            pc.cast(pc.add(dice.below(count, 28_000), 32_768), pa.string()),
            ',"proxied_ip":null,"proxied_port":null,"local_ip":"10.1.3.17","local_port":80,', "",
        )  # fmt: skip
        claimed = self._clients.take(dice.below(count, len(self._clients)))
        claim = pc.if_else(dice.hit(count, CLAIM), pc.binary_join_element_wise(claimed, ", ", ""), "")
        name = pc.binary_join_element_wise(*(self._hex.take(dice.below(count, len(self._hex))) for _ in range(8)), "")
        opened = dice.below(count, 64)
        connection = pc.add(pc.multiply(pc.divide(number, 6_400), 64), opened)
        turn = pc.add(pc.divide(pc.subtract(number, pc.multiply(pc.divide(number, 6_400), 6_400)), 64), 1)
        ends = pc.binary_join_element_wise(
            ',"request_bytes":0,"duration_us":', self._durations.take(dice.below(count, SIZES)),
            ',"connection_id":"8ac2d6b4779b-', pc.cast(connection, pa.string()), '","connection_request":',
            pc.cast(turn, pa.string()),
            ',"tls_version":null,"node":"node-3","pod":"whofrom-7d4b9c6f5-x2kqz","namespace":"web","request_id":', "",
        )  # fmt: skip
        text = pc.binary_join_element_wise(
            times, self._requests.take(draw.request), '"user_agent":', agent,
            ',"headers":{"host":["www.example.com"],"x-request-id":["', name, '"],"x-forwarded-for":["', claim, client,
            ", ", self._edges.take(dice.below(count, len(self._edges))),
            '"],"x-forwarded-proto":["https"],"user-agent":[', agent,
            '],"accept":["*/*"],"accept-encoding":["gzip, deflate, br"]', self._referers.take(draw.referer),
            '},"client_ip":"', client,
            '","client_source":"x-forwarded-for","client_reason":"rightmost-untrusted","finding":"header-trusted",'
            '"user":null,"login":null,"status":', draw.status, ',"response_bytes":', draw.size, ends, '"', name,
            '","trace_id":null,"error":null}\n', "",
        )  # fmt: skip
        odd = [
            times,
            (
                '"method":null,"target":null,"host":null,"protocol":null,"user_agent":null,"headers":{},"client_ip":null,'
                '"client_source":null,"client_reason":"no-header","finding":"tls-on-plain-port","user":null,"login":null,'
                '"status":400,"response_bytes":106'
            ),
            ends,
            'null,"trace_id":null,"error":"a TLS hello on a plain HTTP port"}\n',
        ]
        return _replaced(text, draw.odd, odd)


def whole(column: pa.Array) -> pa.Array:
    """Return numbers without their fractions, int32."""
    return pc.cast(column, pa.int32(), safe=False)


def _texts(second: pa.Array, form: str) -> pa.Array:
    """Return times as text; each second is written once."""
    encoded = second.dictionary_encode()
    moments = pc.cast(pc.add(encoded.dictionary, int(FIRST.timestamp())), pa.timestamp("s", "UTC"))
    return pc.strftime(moments, form).take(encoded.indices)


def _replaced(text: pa.Array, where: pa.Array, parts: Sequence[pa.Array | str]) -> pa.Array:
    """Return the lines, with those at some places put together of other parts."""
    some = [part if isinstance(part, str) else part.filter(where) for part in parts]
    return pc.replace_with_mask(text, where, pc.binary_join_element_wise(*some, ""))


def _line(one: pools.Request) -> str:
    return f"{one.method} {one.target} {one.protocol}"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Write a log to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest.generator", description="Write a log of a busy site."
    )
    parser.add_argument("--lines", type=int, default=10_000_000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--format", choices=FORMATS, default="combined", help="(default: %(default)s)")
    parser.add_argument(
        "--days", type=int, default=7, metavar="N", help="over which they spread (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another log (default: %(default)s)")
    options = parser.parse_args()
    pa.set_cpu_count(1)
    try:
        for piece in generate(options.lines, options.format, options.days, options.seed):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # its reader has enough
        sys.stderr.close()


if __name__ == "__main__":
    main()
