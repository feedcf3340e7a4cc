r"""
The log of a busy site with people who sign in, robots, scanners and a flood: the same for the same seed.

    python -m benchmarks.queries.generator --lines 10000000 [--days 30] [--seed 1] | \
        whofrom ingest --format "$(python -m benchmarks.queries.generator --log-format)" -

Clients, pages, agents, statuses and times are those of `benchmarks.ingest.generator`, without its attacks by everyone;
`$request_time` (log-normal, median 40 ms) is added. Of all lines:

- Robots: 3 %, from 40 addresses, a fifth of them under the name of Googlebot.
- Logins: 0.5 %. 40,000 users, Zipf, each from the one or two of its addresses; 3 % fail; 0.2 % are from anywhere.
- Scans: in each piece of 32,768 lines one run of 160 lines by three of 5,000 sources, on its list of 400 paths.
- Slow sources: 0.05 %, 300 of them, a few requests a day on what scanners ask for.
- Guessing: in each twentieth piece a run of 300 refused logins by one source for one user after another.
- Spraying: in each fiftieth piece 200 refused logins, each from another of 600 sources, for as many users.
- A flood: in one piece of 400, 60 % of its lines are of 3,000 sources for one search.
- One proxy, if asked for: so much of all that came from anywhere is its.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.ingest import generator as base
from benchmarks.ingest import pools
from benchmarks.ingest.generator import CHUNK, Dice

LOG_FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    "$request_time"
)
# beside it, the login rule that the lines are made for
TOML = """[[login]]
name = "site"
path = "/account/login"
user = "auth"
success = ["302"]
failure = ["401"]
"""
LOGIN = pools.Request("POST", "/account/login", "HTTP/2.0")
FLOODED = pools.Request("GET", "/search?q=a", "HTTP/1.1", "200")
ROBOTS, USERS, SCANNERS, SLOW, SPRAYERS, FLOODERS = 40, 40_000, 5_000, 300, 600, 3_000
SCAN_PATHS = 400
ROBOT_SHARE, LOGIN_SHARE, SLOW_SHARE, FAILED, ELSEWHERE = 0.03, 0.005, 0.0005, 0.03, 0.002
SCAN_LINES, GUESSES, SPRAYS = 160, 300, 200
GUESSED_EVERY, SPRAYED_EVERY, FLOODED_EVERY, FLOOD_SHARE = 20, 50, 400, 0.6
MEDIAN_SECONDS, SECONDS_SIGMA, SECONDS = 0.04, 1.2, 4_096
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PROXY = "198.18.0.7"  # of the range for benchmarks: nobody else's
SCANNER_AGENTS = ("python-requests/2.31.0", "Go-http-client/1.1", "curl/8.4.0", "Mozilla/5.0 zgrab/0.x", "-")
FOLDERS = ("", "/old", "/backup", "/test", "/dev", "/blog", "/shop", "/wp", "/cms", "/api", "/v1", "/new", "/site")


class Scene:
    """What lines are drawn from, and what they are written with; `proxied` is the share of the one proxy."""

    def __init__(self, days: int, seed: int, proxied: float = 0.0) -> None:
        known = base._pools(days, seed)
        self.known, self._proxied = known, proxied
        self._ordinary = len(known.clients)
        counts = (ROBOTS, SCANNERS, SLOW, SPRAYERS, FLOODERS)
        others = pools.clients(sum(counts), seed + 77)
        self.clients = pa.concat_arrays([known.clients, others, pa.array([PROXY])])
        starts = [self._ordinary + sum(counts[:place]) for place in range(len(counts))]
        self._robots, self._scanners, self._slow, self._sprayers, self._flooders = starts
        asked = known.requests[: pools.PATHS]
        scanned = [one._replace(target=f"{folder}{one.target}") for folder in FOLDERS for one in pools.attacks()] + [
            pools.Request("GET", f"/{word}.{end}", "HTTP/1.1", "404") for word in pools.WORDS for end in ("php", "bak")
        ]
        requests = [*asked, *scanned[:SCAN_PATHS], LOGIN, FLOODED]
        self._requests = pa.array([f'] "{pools.logged(base._line(one))}" ' for one in requests])
        self._forced = pa.array([one.status or None for one in requests], pa.string())
        self._login, self._flooded = len(requests) - 2, len(requests) - 1
        agents = [*known.agents, GOOGLEBOT, *SCANNER_AGENTS]
        self._agents = pa.array([f'{pools.logged(text)}" ' for text in agents])
        self._referers = pa.array([f' "{pools.logged(text) or "-"}" "' for text in known.referers])
        self._users = pa.array(
            [" - - [", *(f" - {pools.WORDS[n % 150]}.{pools.WORDS[n // 150 % 150]}{n} [" for n in range(USERS))]
        )
        dice = Dice(seed, -3)
        self._homes = [dice.below(USERS, self._ordinary) for _ in range(2)]
        normal = pc.multiply(
            pc.sqrt(pc.multiply(pc.ln(pc.subtract(1.0, dice.unit(SECONDS))), -2.0)),
            pc.cos(pc.multiply(dice.unit(SECONDS), 6.2831853)),
        )
        seconds = pc.multiply(pc.exp(pc.multiply(normal, SECONDS_SIGMA)), MEDIAN_SECONDS)
        self._seconds = pc.binary_join_element_wise(pc.cast(pc.round(seconds, 3), pa.string()), "\n", "")

    def lines(self, dice: Dice, chunk: int, second: pa.Array, count: int) -> pa.Array:
        """Return the lines of a piece, with their line ends."""
        draw = base._draw(dice, self.known, second, count)
        place = pc.cast(pa.arange(0, count), pa.int32())
        client, request, agent = draw.client, draw.request, draw.agent
        request = pc.if_else(pc.greater_equal(request, pools.PATHS), 0, request)
        status, user = draw.status, pa.array([0] * count, pa.int32())
        no_browser = len(self.known.agents) + 1

        def some(mask: pa.Array, **columns: pa.Array) -> None:
            nonlocal client, request, agent, status, user
            client = pc.if_else(mask, columns.get("client", client), client)
            request = pc.if_else(mask, columns.get("request", request), request)
            agent = pc.if_else(mask, columns.get("agent", agent), agent)
            status = pc.if_else(mask, columns.get("status", status), status)
            user = pc.if_else(mask, columns.get("user", user), user)

        robot = dice.below(count, ROBOTS)
        some(
            dice.hit(count, ROBOT_SHARE),
            client=pc.add(robot, self._robots),
            agent=pc.if_else(pc.less(robot, ROBOTS // 5), no_browser - 1, pc.add(pc.multiply(robot, 7), 90)),
        )
        who = dice.zipf(count, USERS, 400.0)
        home = pc.if_else(dice.hit(count, 0.3), self._homes[1].take(who), self._homes[0].take(who))
        home = pc.if_else(dice.hit(count, ELSEWHERE), dice.below(count, self._ordinary), home)
        some(
            dice.hit(count, LOGIN_SHARE), client=home, request=pa.scalar(self._login, pa.int32()),
            agent=self.known.agent_of.take(home), user=pc.add(who, 1),
            status=pc.if_else(dice.hit(count, FAILED), "401", "302"),
        )  # fmt: skip
        path = pc.add(dice.below(count, SCAN_PATHS), pools.PATHS)
        some(
            dice.hit(count, SLOW_SHARE), client=pc.add(dice.below(count, SLOW), self._slow), request=path,
            agent=pa.scalar(no_browser, pa.int32()),
        )  # fmt: skip
        start = (chunk * 7919) % max(1, count - SCAN_LINES - GUESSES - SPRAYS)
        scanner = pc.add(pc.add(dice.below(count, 3), chunk * 3 % (SCANNERS - 3)), self._scanners)
        kind = pa.scalar(no_browser + chunk % len(SCANNER_AGENTS), pa.int32())
        some(_run(place, start, SCAN_LINES), client=scanner, request=path, agent=kind)
        login = pa.scalar(self._login, pa.int32())
        if chunk % GUESSED_EVERY == 3:
            mask = _run(place, start + SCAN_LINES, GUESSES)
            one = pa.scalar(self._scanners + chunk % SCANNERS, pa.int32())
            some(mask, client=one, request=login, agent=kind, user=pc.add(who, 1), status=pa.scalar("401"))
        if chunk % SPRAYED_EVERY == 5:
            mask = _run(place, start + SCAN_LINES + GUESSES, SPRAYS)
            each = pc.add(dice.below(count, SPRAYERS), self._sprayers)
            some(mask, client=each, request=login, agent=kind, user=pc.add(who, 1), status=pa.scalar("401"))
        if chunk % FLOODED_EVERY == FLOODED_EVERY // 2:
            each = pc.add(dice.below(count, FLOODERS), self._flooders)
            flooded = pa.scalar(self._flooded, pa.int32())
            some(dice.hit(count, FLOOD_SHARE), client=each, request=flooded, agent=kind)
        status = pc.coalesce(self._forced.take(request), status)
        times = base._texts(draw.second, "%d/%b/%Y:%H:%M:%S +0000")
        seconds = self._seconds.take(dice.below(count, SECONDS))
        if self._proxied:  # drawn last: all else is as it is without
            some(dice.hit(count, self._proxied), client=pa.scalar(len(self.clients) - 1, pa.int32()))
        return pc.binary_join_element_wise(
            self.clients.take(client), self._users.take(user), times, self._requests.take(request), status, " ",
            draw.size, self._referers.take(draw.referer), self._agents.take(agent),
            seconds, "",
        )  # fmt: skip


def generate(
    lines: int, days: int, seed: int, proxied: float = 0.0, part: int = 0, parts: int = 1
) -> Iterator[pa.Buffer]:
    """Yield a log in pieces; of several parts, as servers behind one balancer write them, one."""
    scene = Scene(days, seed, proxied)
    bounds = base._bounds(lines, days)
    for chunk, start in enumerate(range(0, lines, CHUNK)):
        if chunk % parts != part:
            continue
        count = min(CHUNK, lines - start)
        dice = Dice(seed, chunk)
        text = scene.lines(dice, chunk, base._seconds(dice, bounds, start, count), count)
        yield text.buffers()[2].slice(0, base._end(text))


def _run(place: pa.Array, start: int, lines: int) -> pa.Array:
    """Return whether a place is among so many from a start on."""
    return pc.and_(pc.greater_equal(place, start), pc.less(place, start + lines))


def main() -> None:
    """Write a log to standard output, or how it is to be read."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.queries.generator", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--lines", type=int, default=10_000_000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--days", type=int, default=30, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another log (default: %(default)s)")
    parser.add_argument("--log-format", action="store_true", help="print the log_format instead")
    parser.add_argument("--toml", action="store_true", help="print the TOML to ingest it with instead")
    options = parser.parse_args()
    if options.log_format or options.toml:
        print(LOG_FORMAT if options.log_format else TOML)
        return
    pa.set_cpu_count(1)
    try:
        for piece in generate(options.lines, options.days, options.seed):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # its reader has enough
        sys.stderr.close()


if __name__ == "__main__":
    main()
