"""
What a signature is: the declaration from which the matcher, the docs and the tests are made.

Rules of a pattern:

1. It is RE2 (no look-around, no back-reference), so that no input makes it slow, and it sees text that `decode` has
   made plain: percent-escapes, entities and Unicode forms undone, lower case. It is written in lower case.
2. It is found anywhere in the text; what must stand at an edge says so. Prefer `.*` to `.{0,99}`: a bounded repeat
   costs the automaton a state for each step.
3. It names what only an attack writes. What a user may write in a search box has a low severity or is not here.
4. A request that matches by nothing but letters, digits and `/ . - _ ~ = & ? , : @ +` is only looked at if the
   signature says `plain`: ordinary requests are made of nothing else, and must be cheap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Area = Literal["line", "url", "path", "args", "agent", "referer", "header", "method", "protocol"]
Level = Literal["high", "medium", "low", "info"]

# What a signature can look at. A text of an area may have several readings, each matched by itself.
AREAS: dict[Area, str] = {
    "line": "the target as it was sent, in lower case",
    "url": "path and query, decoded, with `\\`, `//`, `/./` and `;parameters` of the path made plain",
    "path": "the path, decoded",
    "args": "the query, decoded; further readings undo comments, shell quoting, lookups and base64",
    "agent": "User-Agent, decoded",
    "referer": "Referer's query, decoded",
    "header": "any other header that a payload fits in, decoded",
    "method": "the method",
    "protocol": "the protocol",
}
ARGS: tuple[Area, ...] = ("args", "referer", "header")
PAYLOAD: tuple[Area, ...] = ("args", "path", "referer", "header", "agent")
LEVELS: tuple[Level, ...] = ("high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class Example:
    """
    A request that a signature matches, or does not; what is not said is ordinary.

    headers  name, value of headers beside User-Agent and Referer
    """

    target: str = "/"
    method: str = "GET"
    agent: str | None = None
    referer: str | None = None
    protocol: str | None = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """
    One thing that attackers ask for.

    id               family-what, never renamed: it is in the lake
    family           one of FAMILIES
    title            what was seen, in one line
    severity         high: an exploit; medium: an attempt to learn or read what is not public; low: a probe or what
                     ordinary clients do now and then; info: worth a count
    confidence       how seldom a request that is no attack looks like it
    techniques       ATT&CK ids
    where            areas it looks at
    pattern          RE2, see the rules above
    plain            it may match text of ordinary characters alone
    methods          methods of the request it is about; none: any
    false_positives  who else writes this
    references       advisories and descriptions
    positive         examples that match: targets, or whole requests
    negative         examples like them that do not
    """

    id: str
    family: str
    title: str
    severity: Level
    confidence: Level
    techniques: tuple[str, ...]
    where: tuple[Area, ...]
    pattern: str
    positive: tuple[str | Example, ...]
    negative: tuple[str | Example, ...] = ()
    plain: bool = False
    methods: frozenset[str] = field(default=frozenset())
    false_positives: str = "none known"
    references: tuple[str, ...] = ()


def example(given: str | Example) -> Example:
    """Return an example written as its target in full."""
    return Example(given) if isinstance(given, str) else given
