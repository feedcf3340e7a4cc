"""
The strategies by name: whom each takes for the client, how it fails, and who can forge it.

A strategy is written `NAME`, `NAME:HEADER`, `rightmost-count:N:HEADER` or `chain(a,b,…)`; a header left out is the one
of `[trust] headers`. The names are realclientip-go's, in the words of the trust that each one takes: the unsafe one
sounds unsafe. Semantics are that library's too (revision 0718295), where no line here says otherwise.

Trusted ranges are what rightmost-untrusted walks by. Given to another strategy they guard it: the header of a peer
outside them changes nothing. Without them those strategies believe whoever connects.
"""

import re
from typing import NamedTuple

from echo.clientip.faults import ConfigFault, quote

REMOTE_ADDR = "remote-addr"
SINGLE_HEADER = "single-header"
RIGHTMOST_UNTRUSTED = "rightmost-untrusted"
RIGHTMOST_COUNT = "rightmost-count"
RIGHTMOST_NONPRIVATE = "rightmost-nonprivate"
LEFTMOST_NONPRIVATE = "leftmost-nonprivate"
CHAIN = "chain"


class Strategy(NamedTuple):
    """
    One strategy.

    name    as it is written
    form    how it is written with its argument
    client  whom it takes for the client
    fails   how it goes wrong
    forger  who can choose its answer
    """

    name: str
    form: str
    client: str
    fails: str
    forger: str


_TABLE = (
    Strategy(
        REMOTE_ADDR,
        REMOTE_ADDR,
        "The peer, whatever the headers say.",
        "Behind a proxy or a source NAT it names that.",
        "Nobody.",
    ),
    Strategy(
        RIGHTMOST_UNTRUSTED,
        f"{RIGHTMOST_UNTRUSTED}[:HEADER]",
        "The rightmost hop that is in no trusted range, the peer included.",
        "A range too narrow names your own proxy as the client. Where every hop is trusted, or the hop that would be "
        "the client is no address, there is none.",
        "Whoever speaks from a trusted range: keep the ranges to proxies that append the address of their own peer.",
    ),
    Strategy(
        RIGHTMOST_COUNT,
        f"{RIGHTMOST_COUNT}:N[:HEADER]",
        "The N-th entry of the list from the right, N being the number of proxies that append to it.",
        "When a proxy is taken out or put in the number is wrong: too small names a proxy, too big an entry that the "
        "client wrote.",
        "Whoever reaches the server past some of the N proxies; with N too big, everybody.",
    ),
    Strategy(
        RIGHTMOST_NONPRIVATE,
        f"{RIGHTMOST_NONPRIVATE}[:HEADER]",
        "The rightmost entry of the list that is a public address; others and garbage are skipped.",
        "A proxy with a public address (a CDN) is named as the client; a client with a private address never is, and "
        "an entry further left, which it wrote itself, is taken in its place.",
        "Whoever reaches the server directly, and every client with a private address.",
    ),
    Strategy(
        LEFTMOST_NONPRIVATE,
        f"{LEFTMOST_NONPRIVATE}[:HEADER]",
        "UNSAFE: the leftmost entry of the list that is a public address; the client itself writes that one.",
        "Good for guessing where honest people are, for nothing that denies, limits, bills or accuses.",
        "Everybody, with one header.",
    ),
    Strategy(
        SINGLE_HEADER,
        f"{SINGLE_HEADER}[:HEADER]",
        "The address in the last field of a header that holds one, as X-Real-IP or CF-Connecting-IP.",
        "A proxy that does not overwrite the header passes on what the client wrote into it.",
        "Whoever reaches the server past the proxy that overwrites the header; where it does not, everybody.",
    ),
    Strategy(
        CHAIN,
        f"{CHAIN}(a,b,…)",
        "What the first strategy of the chain says that finds a client.",
        "A later strategy answers whenever an earlier one finds nothing, and a client can see to it that it does.",
        "Whoever can forge any of them: the header that your proxy does not overwrite is the one that gets sent.",
    ),
)
STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in _TABLE}

XFF, FORWARDED = "x-forwarded-for", "forwarded"
LIST_HEADERS = (XFF, FORWARDED)  # each has its own grammar; any other header holds one address
MAX_COUNT = 100  # proxies in a row; a loop, not a topology, has more
MAX_STEPS = 16  # of a chain; more is a guess at every header there is
MAX_STRATEGY_CHARS = 1024  # room for MAX_STEPS names with headers of some 50 characters
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # field-name of RFC 9110 §5.1, its length our choice
_COUNT = re.compile(r"[1-9][0-9]{0,2}")


class Step(NamedTuple):
    """One strategy with its argument: `header` lower-case, "" where none is read; `nth` of rightmost-count, else 0."""

    name: str
    header: str = ""
    nth: int = 0

    def __str__(self) -> str:
        """Return it as it is written, the header always named."""
        return ":".join(str(part) for part in (self.name, self.nth or "", self.header) if part)


def parse_strategy(text: str, header: str = XFF) -> tuple[Step, ...]:
    """
    Parse a strategy's text to its steps, one unless it is a chain.

    header  the header of a strategy that names none

    Raises ConfigFault, without a place, naming what is wrong.
    """
    if len(text) > MAX_STRATEGY_CHARS:
        raise ConfigFault(f"a strategy of more than {MAX_STRATEGY_CHARS} characters", next_step="shorten it")
    if not text.startswith(f"{CHAIN}("):
        return (_step(text, header),)
    if not text.endswith(")"):
        raise ConfigFault(f"{quote(text)} has no closing bracket", next_step="write chain(a,b)")
    inside = text[len(CHAIN) + 1 : -1]
    parts = inside.split(",") if inside.strip() else []
    if len(parts) > MAX_STEPS:
        raise ConfigFault(f"a chain of more than {MAX_STEPS} strategies", next_step="leave out what cannot apply")
    return tuple(_step(part.strip(), header) for part in parts)


def _step(text: str, default: str) -> Step:
    name, colon, argument = text.partition(":")
    if name == CHAIN or name not in STRATEGIES:
        raise ConfigFault(f"strategy {quote(name)} is unknown", next_step=f"use one of {', '.join(STRATEGIES)}")
    if name == REMOTE_ADDR:
        if colon:
            raise ConfigFault(f"{name} takes no argument", next_step=f"write {name}")
        return Step(name)
    count = 0
    if name == RIGHTMOST_COUNT:
        number, colon, argument = argument.partition(":")
        if not _COUNT.fullmatch(number) or int(number) > MAX_COUNT:
            raise ConfigFault(
                f"{name} needs a number of proxies from 1 to {MAX_COUNT}, not {quote(number)}",
                next_step=f"write {name}:1",
            )
        count = int(number)
    header = (argument if colon else default).lower()
    if not _TOKEN.fullmatch(header):
        raise ConfigFault(f"{quote(header)} is no header name", next_step=f"write {STRATEGIES[name].form}")
    if name == SINGLE_HEADER and header in LIST_HEADERS:
        raise ConfigFault(
            f"{name} reads a header of one address, and {quote(header)} holds a list",
            next_step="name a header such as X-Real-IP, or use rightmost-untrusted",
        )
    if name != SINGLE_HEADER and header not in LIST_HEADERS:
        raise ConfigFault(
            f"header {quote(header)} is not a list of hops that whofrom reads",
            next_step=f"use X-Forwarded-For or Forwarded, or {SINGLE_HEADER}:{header}",
        )
    return Step(name, header, count)
