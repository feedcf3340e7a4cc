"""
Headers that somebody wrote to be taken for somebody else: a table of signs, each a function of one way.

None of them proves a forgery by itself: company proxies and VPNs write X-Forwarded-For in good faith. What they claim
changes nothing, as long as the boundary is right; a sign says who has tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from echo.clientip import PUBLIC, Ranges, classify, parse_hop
from echo.clientip.lists import provider_list
from pipeline.resolve import INSIDE
from pipeline.trace.hops import OTHER_LISTS, SINGLES, Way

MANY_CLAIMS = 5  # different addresses of one peer: more than the proxies of one client have
MAX_SAMPLES = 5
# header -> whose edges alone write it; a name of echo.clientip.lists.PROVIDERS where there is a list of their addresses
CDN_HEADERS = {
    "cf-connecting-ip": "cloudflare",
    "fastly-client-ip": "fastly",
    "true-client-ip": "cloudflare",  # and Akamai, which publishes no list
    "fly-client-ip": "",
    "x-azure-clientip": "",
    "x-appengine-user-ip": "",
}
CONFIDENT = frozenset({"inside", "own", "garbage", "cdn", "rotating"})  # what no honest proxy writes


class Sign(NamedTuple):
    """
    A sign of forgery, in all ways that show it.

    code      a key of SIGNS
    requests  how many show it
    samples   what was written, the most frequent first
    strong    no honest proxy writes so
    """

    code: str
    requests: int
    samples: tuple[str, ...]
    strong: bool


class Own(NamedTuple):
    """Addresses that are ours: `ranges` of [network], `trusted` of [trust]."""

    ranges: Ranges
    trusted: Ranges


def _left(way: Way, own: Own) -> Iterable[str]:
    """X-Forwarded-For (or Forwarded) names addresses left of the boundary: claims of whoever sent the request."""
    return [hop.text for hop in way.claims if hop.address is not None and classify(hop.address.packed) == PUBLIC]


def _inside(way: Way, own: Own) -> Iterable[str]:
    """A client from outside claims to be inside: a private, loopback, link-local or metadata address."""
    if not _from_outside(way):
        return ()
    return [hop.text for hop in way.claims if hop.address is not None and classify(hop.address.packed) in INSIDE] + [
        f"{name}: {value}"
        for name, value in _others(way)
        if (address := parse_hop(value)) is not None and classify(address.packed) in INSIDE
    ]


def _own(way: Way, own: Own) -> Iterable[str]:
    """It claims one of your own addresses, those of [network] and [trust]."""
    claimed = [(hop.text, hop.address) for hop in way.claims]
    claimed += [(f"{name}: {value}", parse_hop(value)) for name, value in _others(way)]
    return [
        text
        for text, address in claimed
        if address is not None and (address.packed in own.ranges or address.packed in own.trusted)
    ] if _from_outside(way) else ()  # fmt: skip


def _garbage(way: Way, own: Own) -> Iterable[str]:
    """What should be an address is none: a payload, or a name."""
    found = [hop.text for hop in way.hops[:-1] if hop.address is None and hop.text not in ("", "unknown", "-")]
    return found + [f"{name}: {value}" for name, value in _others(way) if value.strip() and parse_hop(value) is None]


def _disagree(way: Way, own: Own) -> Iterable[str]:
    """Headers of one client address name others than the one that was found."""
    named = [(name, value, parse_hop(value)) for name, value in _others(way)]
    client = parse_hop(way.client) if way.client else None
    return [
        f"{name}: {value}"
        for name, value, address in named
        if address is not None and (client is None or address.packed != client.packed)
    ]


def _cdn(way: Way, own: Own) -> Iterable[str]:
    """A header that only a CDN's edges write came from an address that is none of theirs."""
    speakers = [hop.address for hop in way.hops if hop.role in ("client", "trusted") and hop.address is not None]
    found = []
    for name, provider in CDN_HEADERS.items():
        if name in way.headers and provider:
            edges = Ranges(provider_list(provider).ranges)
            # our own proxies pass it on: an edge may be any hop that was believed
            if not any(one.packed in edges for one in speakers) and way.source != name:
                found += [f"{name}: {value}" for value in way.headers[name]]
    return found


# code -> who shows it; the meaning is the function's own
SIGNS: dict[str, Callable[[Way, Own], Iterable[str]]] = {
    "inside": _inside,
    "own": _own,
    "garbage": _garbage,
    "cdn": _cdn,
    "disagree": _disagree,
    "left": _left,
}
ROTATING = "rotating"
MEANINGS = {code: (test.__doc__ or "").strip() for code, test in SIGNS.items()} | {
    ROTATING: f"One peer claims more than {MANY_CLAIMS} different addresses: it changes them to get round a limit."
}


def _from_outside(way: Way) -> bool:
    client = parse_hop(way.client) if way.client else None
    return client is not None and classify(client.packed) not in INSIDE


def _others(way: Way) -> list[tuple[str, str]]:
    """Return (header, value) of the headers that name one client, and did not decide."""
    names = (*SINGLES.values(), *OTHER_LISTS.values())
    return [(name, value) for name in names if name != way.source for value in way.headers.get(name, ())]


def signs_of(ways: Sequence[Way], own: Own) -> list[Sign]:
    """Return the signs of forgery in ways, in the order of SIGNS."""
    found = []
    for code, test in SIGNS.items():
        texts: Counter[str] = Counter()
        requests = 0
        for way in ways:
            shown = list(test(way, own))
            requests += way.requests if shown else 0
            texts.update(dict.fromkeys(shown, way.requests))
        if requests:
            found.append(Sign(code, requests, _most(texts), code in CONFIDENT))
    claims: dict[str, Counter[str]] = {}
    for way in ways:
        for text in _left(way, own):
            claims.setdefault(way.client or way.peer, Counter())[text] += way.requests
    return found + [
        Sign(ROTATING, texts.total(), _most(texts), strong=True)
        for texts in claims.values()
        if len(texts) > MANY_CLAIMS
    ]


def _most(texts: Counter[str]) -> tuple[str, ...]:
    return tuple(text for text, _ in texts.most_common(MAX_SAMPLES))
