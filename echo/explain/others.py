"""
What other programs would make of the same request, beside our own answer; and which of them an outsider could steer.

An outsider is whoever no trusted range contains. What it can write is found from the request itself: where the peer is
no trusted proxy, every header; where it is, whatever stands left of the boundary in a list that proxies append to, and
any header of one address, since nothing shows that a proxy overwrites it. The dialect is asked again with a marked
address written into each of those places. If the marked address comes out, an outsider could have chosen the answer.
It is a test of the dialect on this request, not a guess from its name.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from echo.clientip import Address, ConfigFault, Policy, Resolution, parse_hop, printable
from echo.clientip.dialects import Answer, Arrival, Resolver
from echo.clientip.dialects.names import Spoken
from echo.clientip.strategies import FORWARDED, LIST_HEADERS, XFF

# The marked address: public, of the kind that every dialect takes for a client; the first that nobody trusts or sent.
MARKS = ("5.5.5.5", "6.6.6.6", "7.7.7.7")
MAX_MARKED_ENTRIES = 8  # marked entries in a row: a dialect that counts proxies from the right meets one of them
HEADER_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+")  # in a dialect's argument
# headers of one address that dialects read
SINGLE_HEADERS = ("X-Real-IP", "Client-IP", "True-Client-IP", "CF-Connecting-IP")


class Other(NamedTuple):
    """
    One dialect's answer.

    name      as it is asked for, the argument filled in
    meaning   the configuration that it stands for
    client    what it prints for the client; None where it names none
    refused   why it would refuse the request, or its configuration; "" where it does not
    sends     (name, value) of the headers it tells the next hop, where it decides nothing itself; None where it does
    agrees    it names our client (or, as we do, none), or decides nothing
    steered   how an outsider could have chosen the answer; "" where none of the ways tried did
    """

    name: str
    meaning: str
    client: str | None
    refused: str
    sends: tuple[tuple[str, str], ...] | None
    agrees: bool
    steered: str


class Variant(NamedTuple):
    """The request as an outsider could have sent it: what was written, and the headers that then arrive."""

    words: str
    headers: tuple[tuple[str, str], ...]


def ask(spoken: Sequence[Spoken], arrival: Arrival, policy: Policy, resolution: Resolution, header: str) -> list[Other]:
    """
    Ask the dialects.

    arrival     the request
    policy      ours, whose trusted ranges they are given
    resolution  ours, whose boundary says what an outsider wrote
    header      the header that our policy reads, as people write it
    """
    mark = _mark(arrival, policy)
    names = dict.fromkeys([*SINGLE_HEADERS, *(name for one in spoken for name in HEADER_NAME.findall(one.argument))])
    variants = tuple(_variants(arrival, policy, resolution, mark, tuple(names))) if mark and spoken else ()
    return [_other(one, arrival, policy, resolution.client, header, mark, variants) for one in spoken]


def _other(
    spoken: Spoken,
    arrival: Arrival,
    policy: Policy,
    ours: Address | None,
    header: str,
    mark: str,
    variants: Sequence[Variant],
) -> Other:
    dialect = spoken.dialect
    argument = spoken.argument.replace("{header}", header)
    name = printable(f"{dialect.name}:{argument}" if argument else dialect.name)
    try:
        resolver = dialect.build(argument, policy.trusted.texts)
    except ConfigFault as fault:
        refused = f"cannot be configured so: {fault.fault}"
        return Other(name, dialect.meaning, None, refused, None, agrees=False, steered="")
    answer = resolver(arrival)
    told = tuple((key, value) for key, value in answer.sent if value is not None and HEADER_NAME.fullmatch(key))
    same = _address(answer) == ours and (ours is not None or answer.client is None)
    return Other(
        name,
        dialect.meaning,
        answer.client,
        answer.error,
        None if dialect.decides else told,
        agrees=not answer.error and (same or not dialect.decides),
        steered=_steered(resolver, arrival, mark, variants),
    )


def _steered(resolver: Resolver, arrival: Arrival, mark: str, variants: Sequence[Variant]) -> str:
    for variant in variants:
        answer = resolver(arrival._replace(headers=variant.headers))
        if answer.client is not None and (answer.client == mark or str(_address(answer)) == mark):
            return variant.words
    return ""


def _address(answer: Answer) -> Address | None:
    return parse_hop(answer.client) if answer.client else None


def _mark(arrival: Arrival, policy: Policy) -> str:
    written = " ".join([arrival.peer or "", arrival.proxied or "", *(value for _, value in arrival.headers)])
    for mark in MARKS:
        address = parse_hop(mark)
        if address is not None and address.packed not in policy.trusted and mark not in written:
            return mark
    return ""


def _variants(
    arrival: Arrival, policy: Policy, resolution: Resolution, mark: str, single: Sequence[str]
) -> Iterator[Variant]:
    """Yield the request with the mark wherever an outsider could have written it."""
    peer = parse_hop(arrival.proxied or arrival.peer or "")
    peer_is_trusted = peer is None or peer.packed in policy.trusted
    headers = tuple(arrival.headers)
    for name in LIST_HEADERS:
        marked = f"for={mark}" if name == FORWARDED else mark
        fields = [value for key, value in headers if key.lower() == name]
        if not fields:
            # no proxy wrote this one, so nothing shows that one would take it away
            yield Variant(f"{_article(name)} {_spelled(name)} of its own", (*headers, (_spelled(name), marked)))
            continue
        rest = tuple((key, value) for key, value in headers if key.lower() != name)
        kept = _proxies_part(fields, resolution.depth) if peer_is_trusted else []
        for count in (1, MAX_MARKED_ENTRIES):
            entries = [*[marked] * count, *kept]
            yield Variant(f"an entry of its own in {_spelled(name)}", (*rest, (_spelled(name), ", ".join(entries))))
        if kept:
            own, appended = (_spelled(name), marked), (_spelled(name), ", ".join(kept))
            yield Variant(
                f"{_article(name)} {_spelled(name)} field of its own before the proxies'", (*rest, own, appended)
            )
    for name in single:
        if name.lower() in LIST_HEADERS:
            continue
        rest = tuple((key, value) for key, value in headers if key.lower() != name.lower())
        yield Variant(f"{_article(name)} {name} of its own", ((name, mark), *rest))


def _proxies_part(fields: Sequence[str], depth: int) -> list[str]:
    """Return the entries that trusted proxies wrote: the boundary, which names the outsider, and those right of it."""
    entries = [entry.strip(" \t") for value in fields for entry in value.split(",")]
    return entries[-depth:] if depth else entries[-1:]


def _article(name: str) -> str:
    return "an" if name[0] in "Xx" else "a"


def _spelled(name: str) -> str:
    return "X-Forwarded-For" if name == XFF else "Forwarded"
