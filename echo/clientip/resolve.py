"""
What a strategy answers: the resolution, its reasons, and for each strategy a resolver made from its step.

The walks go from the right, because each proxy appends the address that it saw: the last entry was written by the
peer, the one before by whoever the peer names, and so on. rightmost-untrusted stops at the first hop that is not
trusted, the boundary. Everything left of the boundary is a claim of that hop's, and decides nothing.

A list is read from its end, the last few entries first, so that a walk which stops early has not split the rest; one
that goes on splits it once. Either way each character is touched a fixed number of times.

Speed. Proxies are few and speak often: the texts of trusted peers, and of trusted right ends of a list, are remembered
by the resolver, at most MAX_KNOWN of them, and recognised whole. Only who speaks from a trusted range can add to them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from echo.clientip.address import Address, parse_hop
from echo.clientip.forwarded import parse_element
from echo.clientip.ranges import PUBLIC, Ranges, classify
from echo.clientip.strategies import (
    FORWARDED,
    LEFTMOST_NONPRIVATE,
    REMOTE_ADDR,
    RIGHTMOST_COUNT,
    RIGHTMOST_NONPRIVATE,
    RIGHTMOST_UNTRUSTED,
    SINGLE_HEADER,
    XFF,
    Step,
)


class Reason(NamedTuple):
    """Why a resolution came out as it did; `code` is what records and lakes carry."""

    code: str
    meaning: str


PEER = Reason("peer", "The strategy takes the other end of the connection, whatever the headers say.")
PEER_UNTRUSTED = Reason(
    "peer-untrusted", "The peer is in no trusted range, so it is the client and its headers are claims."
)
PEER_INVALID = Reason("peer-invalid", "The peer has no IP address (a UNIX socket, or none was logged).")
BY_RIGHTMOST_UNTRUSTED = Reason(
    RIGHTMOST_UNTRUSTED, "The rightmost hop outside the trusted ranges; all hops after it are trusted."
)
BY_RIGHTMOST_COUNT = Reason(RIGHTMOST_COUNT, "The entry that the strategy's number counts to from the right.")
BY_RIGHTMOST_NONPRIVATE = Reason(RIGHTMOST_NONPRIVATE, "The rightmost entry that is a public address.")
BY_LEFTMOST_NONPRIVATE = Reason(
    LEFTMOST_NONPRIVATE, "The leftmost entry that is a public address: anybody can have written it."
)
BY_SINGLE_HEADER = Reason(SINGLE_HEADER, "The address in the header that the strategy names.")
NO_HEADER = Reason("no-header", "The header did not arrive, so nobody says who the client is.")
ALL_TRUSTED = Reason("all-trusted", "Every hop is in a trusted range; none of them can be told to be the client.")
HOP_INVALID = Reason("hop-invalid", "The hop that would be the client is not an address.")
TOO_FEW_HOPS = Reason("too-few-hops", "The header has fewer entries than the strategy counts proxies.")
NONE_PUBLIC = Reason("none-public", "No entry of the header is a public address.")
CHAIN_EXHAUSTED = Reason("chain-exhausted", "No strategy of the chain finds a client.")

REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        PEER,
        PEER_UNTRUSTED,
        PEER_INVALID,
        BY_RIGHTMOST_UNTRUSTED,
        BY_RIGHTMOST_COUNT,
        BY_RIGHTMOST_NONPRIVATE,
        BY_LEFTMOST_NONPRIVATE,
        BY_SINGLE_HEADER,
        NO_HEADER,
        ALL_TRUSTED,
        HOP_INVALID,
        TOO_FEW_HOPS,
        NONE_PUBLIC,
        CHAIN_EXHAUSTED,
    )
}

SOURCE_PEER = "peer"
SOURCE_PROXIED = "proxied-peer"
FEW_ENTRIES = 8  # read first, from a list's end: more proxies than most chains have; a walk past them splits the rest
MAX_KNOWN = 4096  # texts of trusted peers, and of trusted right ends, that a resolver remembers
MAX_KNOWN_CHARS = 256  # of such a text: more hops than most chains have; a longer one is walked each time
BLANKS = " \t"

Parse = Callable[[str], Address | None]
# list header -> the grammar of its entries
PARSERS: Mapping[str, Parse] = {XFF: parse_hop, FORWARDED: parse_element}


class Resolution(NamedTuple):
    """
    The effective client and how it was found.

    client    the address, or None where there is none to give
    source    where it was read: "peer", "proxied-peer" or a header's lower-case name; "" without a client
    reason    why
    depth     hops from the right of the boundary: 0 is the peer, 1 the last header entry, …
    rejected  text of the hop that stopped the walk without being an address; "" otherwise
    """

    client: Address | None
    source: str
    reason: Reason
    depth: int
    rejected: str = ""


Headers = Mapping[str, Sequence[str]]  # lower-case name -> fields in order of arrival


class Resolver(Protocol):
    """What resolves one request."""

    def __call__(self, peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        """
        Resolve one request.

        peer     the other end of the socket as text, port and brackets allowed; None or "" if it has no address
        headers  at least those that the policy reads
        proxied  the peer came from a PROXY header
        """


_new = tuple.__new__  # what a NamedTuple's own constructor calls; half the time of calling that


def resolver(step: Step, trusted: Ranges) -> Resolver:
    """Return the resolver of one strategy; where ranges are trusted, a peer outside them is the client."""
    make = _MAKERS[step.name]
    if step.name in (REMOTE_ADDR, RIGHTMOST_UNTRUSTED) or not trusted:
        return make(step, trusted)
    return _guarded(make(step, trusted), trusted)


def first_of(resolvers: Sequence[Resolver]) -> Resolver:
    """Return the resolver of a chain: the first that finds a client decides."""

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        for one in resolvers:
            resolution = one(peer, headers, proxied)
            if resolution.client is not None:
                return resolution
        return Resolution(None, "", CHAIN_EXHAUSTED, 0)

    return resolve


def from_right(values: Sequence[str]) -> Iterator[str]:
    """Yield the entries of all fields of a list, the last first, untrimmed."""
    for value in reversed(values):
        entries = value.rsplit(",", FEW_ENTRIES)
        if len(entries) <= FEW_ENTRIES:
            yield from entries[::-1]
        else:
            yield from entries[:0:-1]
            yield from entries[0].split(",")[::-1]


def _remote_addr(step: Step, trusted: Ranges) -> Resolver:
    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        address = parse_hop(peer) if peer else None
        if address is None:
            return Resolution(None, "", PEER_INVALID, 0, peer or "")
        return _new(Resolution, (address, SOURCE_PROXIED if proxied else SOURCE_PEER, PEER, 0, ""))

    return resolve


def _stranger(peer: str, trusted: Ranges, known: set[str], proxied: bool) -> Resolution | None:
    """Return the resolution to a peer outside the trusted ranges; None for one inside, or one that is no address."""
    address = parse_hop(peer)
    if address is None:
        return None
    if address.packed not in trusted:
        return _new(Resolution, (address, SOURCE_PROXIED if proxied else SOURCE_PEER, PEER_UNTRUSTED, 0, ""))
    if len(known) < MAX_KNOWN and len(peer) <= MAX_KNOWN_CHARS:
        known.add(peer)
    return None


def _guarded(inner: Resolver, trusted: Ranges) -> Resolver:
    known: set[str] = set()

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        if peer and peer not in known and (stranger := _stranger(peer, trusted, known, proxied)):
            return stranger
        return inner(peer, headers, proxied)

    return resolve


def _rightmost_untrusted(step: Step, trusted: Ranges) -> Resolver:
    header, parse = step.header, PARSERS[step.header]
    firsts, lasts = trusted.firsts, trusted.lasts
    known: set[str] = set()  # peers
    tails: dict[str, int] = {}  # right end of a list, all of it trusted -> how many hops
    reason, new = BY_RIGHTMOST_UNTRUSTED, _new

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        if peer and peer not in known and (stranger := _stranger(peer, trusted, known, proxied)):
            return stranger
        values = headers.get(header, ())
        # the way of nearly every request: one entry, then proxies that were seen before
        if len(values) == 1 and len(values[0]) <= MAX_KNOWN_CHARS:
            entry, comma, tail = values[0].partition(",")
            passed = tails.get(tail) if comma else 0
            if passed is not None:
                address = parse(entry)
                if address is not None:
                    packed = address[0]
                    index = bisect_right(firsts, packed)
                    if not index or packed > lasts[index - 1]:
                        return new(Resolution, (address, header, reason, passed + 1, ""))
        return walk(values)

    def walk(values: Sequence[str]) -> Resolution:
        depth = 0
        entries = values[0].rsplit(",", FEW_ENTRIES) if len(values) == 1 else ()
        few = 0 < len(entries) <= FEW_ENTRIES
        for entry in reversed(entries) if few else from_right(values):
            depth += 1
            address = parse(entry)
            if address is None:
                return Resolution(None, "", HOP_INVALID, depth, entry.strip(BLANKS))
            packed = address[0]
            index = bisect_right(firsts, packed)
            if not index or packed > lasts[index - 1]:
                if few and depth > 1 and len(tails) < MAX_KNOWN:
                    tail = ",".join(entries[1 - depth :])
                    if len(tail) <= MAX_KNOWN_CHARS:
                        tails[tail] = depth - 1
                return new(Resolution, (address, header, reason, depth, ""))
        return Resolution(None, "", ALL_TRUSTED if depth else NO_HEADER, depth)

    return resolve


def _rightmost_count(step: Step, trusted: Ranges) -> Resolver:
    header, parse, nth = step.header, PARSERS[step.header], step.nth

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        depth = 0
        for entry in from_right(headers.get(header, ())):
            depth += 1
            if depth == nth:
                address = parse(entry)
                if address is None:
                    return Resolution(None, "", HOP_INVALID, depth, entry.strip(BLANKS))
                return Resolution(address, header, BY_RIGHTMOST_COUNT, depth)
        return Resolution(None, "", TOO_FEW_HOPS if depth else NO_HEADER, depth)

    return resolve


def _rightmost_nonprivate(step: Step, trusted: Ranges) -> Resolver:
    header, parse = step.header, PARSERS[step.header]

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        depth = 0
        for entry in from_right(headers.get(header, ())):
            depth += 1
            address = parse(entry)
            if address is not None and classify(address.packed) == PUBLIC:
                return Resolution(address, header, BY_RIGHTMOST_NONPRIVATE, depth)
        return Resolution(None, "", NONE_PUBLIC if depth else NO_HEADER, depth)

    return resolve


def _leftmost_nonprivate(step: Step, trusted: Ranges) -> Resolver:
    header, parse = step.header, PARSERS[step.header]

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        entries = [entry for value in headers.get(header, ()) for entry in value.split(",")]
        for index, entry in enumerate(entries):
            address = parse(entry)
            if address is not None and classify(address.packed) == PUBLIC:
                return Resolution(address, header, BY_LEFTMOST_NONPRIVATE, len(entries) - index)
        return Resolution(None, "", NONE_PUBLIC if entries else NO_HEADER, len(entries))

    return resolve


def _single_header(step: Step, trusted: Ranges) -> Resolver:
    header = step.header

    def resolve(peer: str | None, headers: Headers, proxied: bool = False) -> Resolution:
        values = headers.get(header, ())
        if not values:
            return Resolution(None, "", NO_HEADER, 0)
        address = parse_hop(values[-1])
        if address is None:
            return Resolution(None, "", HOP_INVALID, 1, values[-1].strip(BLANKS))
        return Resolution(address, header, BY_SINGLE_HEADER, 1)

    return resolve


_MAKERS: Mapping[str, Callable[[Step, Ranges], Resolver]] = {
    REMOTE_ADDR: _remote_addr,
    RIGHTMOST_UNTRUSTED: _rightmost_untrusted,
    RIGHTMOST_COUNT: _rightmost_count,
    RIGHTMOST_NONPRIVATE: _rightmost_nonprivate,
    LEFTMOST_NONPRIVATE: _leftmost_nonprivate,
    SINGLE_HEADER: _single_header,
}
