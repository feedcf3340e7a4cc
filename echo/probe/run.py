"""
The order of a probe: base requests, then a request for each canary, then several on one connection.

1. GET alone, to the target alone, one after the other, no faster than the pace.
2. The first answer says whether it is a whofrom or a whoami. Before there is one, a few attempts may fail; afterwards
   a failure is an observation.
3. Where the base requests took several ways, each canary is sent a few times, so that it meets more than one.
"""

import secrets
from collections.abc import Callable, Sequence
from importlib.metadata import version

from echo.clientip import Address, ConfigFault, parse_hop, quote
from echo.probe.answers import (
    NONCE_HEADER,
    WHOAMI,
    WHOFROM,
    Answer,
    NotOurs,
    check_status,
    is_echo_of,
    read_whoami,
    read_whofrom,
)
from echo.probe.arrival import Sent
from echo.probe.canaries import CANARIES, NEVER_SENT, Canary, canaries, extra_canaries
from echo.probe.client import NOT_OURS, Connection, Dialer, Fields, Pace
from echo.probe.errors import ProbeFault, Unanswered
from echo.probe.judge import Judgement, judge
from echo.probe.seen import Seen, addresses_in

MAX_REQUESTS = 1000  # of -n: at the fastest pace, a minute
MAX_FAILURES = 3  # in a row, before the first answer: a balancer with one machine of two gone answers by then
KEPT_REQUESTS = 4  # on one connection: enough to see one used again
CANARY_ROUNDS = 3  # where there are several ways
QUERY = "whofrom-probe"  # the nonce's name in the query
# kind of server -> path behind the base, with a query, and what reads the answer
QUESTIONS: dict[str, tuple[str, Callable[[bytes], Answer]]] = {
    WHOFROM: ("explain?format=json", read_whofrom),
    WHOAMI: ("api?", read_whoami),
}
# what -H may set although a canary may not
SETTABLE = frozenset({"authorization", "cache-control", "cookie", "host", "proxy-authorization", "user-agent"})


def check_fields(extra: Fields) -> None:
    """Raise ConfigFault for a field that the probe sends itself, or that frames a message."""
    forged = {row.header.lower() for row in CANARIES}
    for name, value in extra:
        lower = name.lower()
        if lower in forged or (lower in NEVER_SENT and lower not in SETTABLE):
            raise ConfigFault(f"{quote(name)} is what the probe sends itself", "--header", "leave it out")
        if not name.isascii() or any(char in name for char in ' \t"(),/:;<=>?@[\\]{}'):
            raise ConfigFault(f"{quote(name)} is no header name", "--header", "write 'Name: value'")
        if not value.isprintable():
            raise ConfigFault(f"{quote(value)} is no value of a header", "--header", "leave out what is not printable")


class Prober:
    """Asks one server."""

    def __init__(
        self,
        dialer: Dialer,
        pace: Pace,
        *,
        extra: Fields = (),
        mine: Sequence[Address] = (),
        local: Sequence[Address] = (),
        told: Callable[[str], None] = lambda words: None,
    ) -> None:
        """
        Take a server.

        extra  fields that all requests have, in place of ours of the same name
        mine   addresses that are ours; none: those of our ends of the connections
        local  other addresses of this machine
        told   is told what is being done
        """
        own = [
            ("Host", dialer.target.authority),
            ("User-Agent", f"whofrom-probe/{version('whofrom')}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Cache-Control", "no-store"),
        ]
        replaced = {name.lower() for name, _ in extra}
        self._dialer = dialer
        self._pace = pace
        self._fields = [pair for pair in own if pair[0].lower() not in replaced] + list(extra)
        self._mine = tuple(mine)
        self._local = tuple(local)
        self._told = told
        self._kind = ""

    def run(self, count: int) -> Judgement:
        """Probe, with `count` base requests. Raises ProbeFault."""
        base = self._base(count)
        answers = [one.answer for one in base if one.answer is not None]
        rounds = CANARY_ROUNDS if len({_way(one) for one in answers}) > 1 else 1
        forged = self._forged(self._canaries(base), rounds)
        kept = self._kept()
        names = {name.lower() for name, _ in self._fields} | {NONCE_HEADER.lower(), "connection"}
        host = next(value for name, value in self._fields if name.lower() == "host")
        path = self._dialer.target.base + QUESTIONS[self._kind][0].removesuffix("?")
        return judge(Sent(self._mine, self._local, frozenset(names), host, path), base, forged, kept)

    def _base(self, count: int) -> list[Seen]:
        found: list[Seen] = []
        first: Unanswered | None = None
        for number in range(1, count + 1):
            self._told(f"request {number} of {count}")
            try:
                found.append(self._fresh())
            except Unanswered as fault:
                first = first or fault
                found.append(Seen(None, 0, "", fault=str(fault)))
                if not self._kind and number >= min(MAX_FAILURES, count):
                    raise first from None
            except ProbeFault as fault:
                if not self._kind:
                    raise
                found.append(Seen(None, 0, "", fault=str(fault)))
        return found

    def _canaries(self, base: Sequence[Seen]) -> tuple[Canary, ...]:
        answers = [one.answer for one in base if one.answer is not None]
        met = [found for answer in answers for _, value in answer.headers for found in addresses_in(value)]
        ends = [end for answer in answers for end in (answer.peer, answer.proxied, answer.client)]
        ends += [one.mine for one in base] + [parse_hop(one.to) for one in base]
        trusted = [text for answer in answers for text in answer.trusted]
        table = canaries([*met, *self._mine, *(end for end in ends if end is not None)], list(dict.fromkeys(trusted)))
        reads = [name for answer in answers for name in answer.reads]
        return (*table, *extra_canaries(reads, table))

    def _forged(self, table: Sequence[Canary], rounds: int) -> list[Seen]:
        found = []
        for number in range(1, rounds + 1):
            for canary in table:
                self._told(f"forged {canary.header}" + (f", round {number} of {rounds}" if rounds > 1 else ""))
                try:
                    found.append(self._fresh(canary))
                except ProbeFault as fault:
                    found.append(Seen(None, 0, "", canary, fault=str(fault)))
        return found

    def _kept(self) -> list[Seen]:
        """Return what came of several requests on one connection, as far as it stayed open."""
        found: list[Seen] = []
        self._told("several requests on one connection")
        try:
            self._pace.wait()
            with self._dialer.open() as connection:
                while len(found) < KEPT_REQUESTS and connection.is_open:
                    if found:
                        self._pace.wait()
                    found.append(self._asked(connection, None, keep=True))
        except (ProbeFault, NotOurs):
            pass  # closed, or another server's: what came until then is what there is
        return found

    def _fresh(self, canary: Canary | None = None) -> Seen:
        """Ask on a connection of its own. Raises ProbeFault."""
        self._pace.wait()
        with self._dialer.open() as connection:
            try:
                return self._asked(connection, canary)
            except NotOurs:
                if self._kind:
                    raise self._strange() from None
        self._pace.wait()
        with self._dialer.open() as connection:
            try:
                return self._asked(connection, canary, kind=WHOAMI)
            except NotOurs:
                raise self._strange() from None

    def _asked(self, connection: Connection, canary: Canary | None, *, kind: str = "", keep: bool = False) -> Seen:
        """Ask on a connection. Raises ProbeFault, NotOurs where it is neither, or not of that kind."""
        url, base = self._dialer.target.url, self._dialer.target.base
        kind = self._kind or kind or WHOFROM
        question, read = QUESTIONS[kind]
        nonce = secrets.token_hex(16)
        fields = [*self._fields, (NONCE_HEADER, nonce)]
        fields += [(canary.header, value) for value in canary.values] if canary else []
        fields += [] if keep else [("Connection", "close")]
        separator = "" if question.endswith("?") else "&"
        reply = connection.ask(f"{base}{question}{separator}{QUERY}={nonce}", fields)
        if reply.status == 404 and kind == WHOFROM and not self._kind:
            raise NotOurs
        check_status(reply, url)
        answer = read(reply.body)
        is_echo_of(answer, nonce, url)
        self._kind = kind
        address, port = connection.local
        return Seen(parse_hop(address), port, connection.remote, canary, answer)

    def _strange(self) -> ProbeFault:
        return ProbeFault("neither a whofrom nor a whoami answers there", self._dialer.target.url, NOT_OURS)


def _way(answer: Answer) -> tuple[object, ...]:
    return answer.peer, answer.client, answer.finding, answer.server
