"""
What to block, exactly, and whom a block would hit beside: sums of values in, advice out.

Rules:

1. Addresses inside (private, loopback, link-local, CGNAT), those of [network] and [trust], a CDN's edges and whoever
   speaks for others are never blocked: with a proxy everybody behind it is gone. Instead the advice says what to write
   into the TOML, so that the clients behind it are seen.
2. A network is blocked only if most of it that was seen is hostile, and nobody good was. Of IPv6 a lone client is
   blocked as its /64: a subscriber has one (CrowdSec acts on it, too).
3. Who has ordinary requests beside hostile ones shares an address with others, or is a person. Then the block says how
   many requests and users it hits, and should end soon.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from echo.clientip import Address, Ranges, classify, parse_address, parse_hop, parse_range
from echo.clientip.lists import PROVIDERS, provider_list
from pipeline.resolve import INSIDE
from pipeline.trace.forged import Own
from pipeline.trace.hops import LISTS, Way

MIN_LOOKS = 10  # requests that look around before that alone is worth a block: many a crawler asks for what is gone
MIN_HOSTILE = 3  # clients of a network before it is more than its worst one
HOSTILE_SHARE = 0.5  # of the clients seen in a network
WIDEST_V4, WIDEST_V6 = 24, 48  # bits: what is wider holds too many that were not seen
SUBSCRIBER_V6 = 64
MAX_ADVICE = 50  # addresses named; a longer list is a block list: whofrom blocklist
PROXY_CLAIMS, PROXY_PROGRAMS = (
    20,
    5,
)  # different claimed clients, and user agents: an office, a VPN, a CDN not in the lists
# action -> what is to be done
ACTIONS = {
    "block": "Deny the address or network.",
    "limit": "Limit its rate, or challenge it: a block would hit others.",
    "fix": "It is a proxy: write the line into the TOML, re-resolve, and trace the clients behind it.",
    "inside": "It is one of your own addresses: find the machine.",
    "check": "Ask the user whether it was them, by another way than the account.",
    "lock": "End the user's sessions and have the password changed.",
    "keep": "Do not block it: a proxy that is known, or a verified crawler.",
    "watch": "Nothing to block.",
    "trace": "Trace this next.",
}


class Seen(NamedTuple):
    """
    A client as it was seen.

    hostile  requests that are of a stage of the kill chain
    serious  those of them that are more than a look around
    good     requests that look ordinary: answered, by programs that did nothing hostile
    users    who signed in with such programs
    """

    client: str
    requests: int
    hostile: int
    serious: int
    good: int
    users: int


class Advice(NamedTuple):
    """
    What to do about a target.

    action    a key of ACTIONS
    why       a sentence
    requests  ordinary requests that a block would have hit
    users     and users
    toml      lines for the configuration, "" for none
    """

    action: str
    target: str
    why: str
    requests: int = 0
    users: int = 0
    toml: str = ""


class Facts(NamedTuple):
    """
    What is known of a subject.

    seen        its clients
    neighbours  clients of the network around it, its own among them
    network     that network, "" for none
    for_others  requests whose peer it was, and whose client is another
    programs    different user agents
    ways        how its requests came
    crawlers    clients that are verified crawlers -> why they are
    account     the user that the subject is, or that signed in after attacks; "" for none
    """

    seen: Sequence[Seen]
    neighbours: Sequence[Seen] = ()
    network: str = ""
    for_others: int = 0
    programs: int = 0
    ways: Sequence[Way] = ()
    account: str = ""
    crawlers: Mapping[str, str] = {}


def advise(facts: Facts, own: Own) -> list[Advice]:
    """Return what to do about the clients of a subject, the most hostile first."""
    found = []
    blocked: set[str] = set()
    if facts.account:
        found.append(
            Advice("lock", facts.account, "signed in after an attack by the same client: it may not be the user")
        )
    for one in sorted(facts.seen, key=lambda seen: (-seen.hostile, seen.client)):
        proxy = proxy_advice(one, facts, own)
        if proxy is not None:
            found.append(proxy)
        elif one.hostile and len(found) < MAX_ADVICE:
            network = hostile_network(one.client, facts, own)
            if network is not None:
                if network.target not in blocked:
                    found.append(network)
                    blocked.add(network.target)
            elif one.serious or one.hostile >= MIN_LOOKS:
                found.append(_block(one))
    if not found:
        whole = sums(facts.seen)
        why = f"nothing hostile in {whole.requests:,} requests"
        if whole.hostile:
            why = f"{whole.hostile:,} of {whole.requests:,} requests look around: too few to block for"
        found.append(Advice("watch", "", why))
    return found[:MAX_ADVICE]


def _block(one: Seen) -> Advice:
    address = parse_address(one.client)
    target = one.client
    if address is not None and not address.is_ipv4 and not one.good:
        target = prefix_of(address, SUBSCRIBER_V6)
    hostile = f"{one.hostile:,} of {one.requests:,} requests are hostile"
    if one.users or one.good > one.hostile:
        return Advice(
            "limit", one.client,
            f"{hostile}, and {one.good:,} look ordinary, by {_users(one.users)}: an address that several share. "
            "Limit its rate or challenge it; if it must be blocked, for an hour",
            one.good, one.users,
        )  # fmt: skip
    if one.good:
        return Advice("block", target, f"{hostile}; {one.good:,} look ordinary, nobody signed in", one.good, 0)
    rest = "nothing else came from it" if one.hostile == one.requests else "the others are by the same program"
    return Advice("block", target, f"{hostile}, {rest}")


def _users(count: int) -> str:
    return "nobody who signed in" if not count else f"{count:,} user{'' if count == 1 else 's'} who signed in"


def hostile_network(client: str, facts: Facts, own: Own) -> Advice | None:
    """Return the advice to block the network around a client, None if it is not hostile enough, or not all of it."""
    address = parse_address(client)
    if address is None or not facts.network:
        return None
    members = [one for one in facts.neighbours if within(one.client, facts.network)]
    hostile = [one for one in members if one.hostile]
    good = [one for one in members if not one.hostile and (one.good or one.users)]
    shared = [one for one in hostile if one.users or one.good > one.hostile]
    if (
        not is_narrow(facts.network)
        or touches(facts.network, own)
        or good
        or shared
        or len(hostile) < MIN_HOSTILE
        or len(hostile) < HOSTILE_SHARE * len(members)
    ):
        return None
    return Advice(
        "block", facts.network,
        f"{len(hostile):,} of the {len(members):,} addresses seen in it are hostile, with "
        f"{sum(one.hostile for one in hostile):,} requests, and nobody good was seen in it",
        sum(one.good for one in members), 0,
    )  # fmt: skip


def proxy_advice(one: Seen, facts: Facts, own: Own) -> Advice | None:
    """Return what to do about a client that is no client: a proxy, or one of our own; None for any other."""
    address = parse_address(one.client)
    if address is None:
        return None
    if one.client in facts.crawlers:
        return Advice("keep", one.client, f"{facts.crawlers[one.client]}: a verified crawler", one.good, one.users)
    kind = classify(address.packed)
    provider = next((name for name in PROVIDERS if address.packed in Ranges(provider_list(name).ranges)), "")
    listed = any(header in way.headers for way in facts.ways for header in LISTS.values())
    toml = f'[trust]\nranges = ["{provider or one.client}"]  # beside those that are there'
    if address.packed in own.trusted:
        return Advice(
            "fix", one.client,
            "is in [trust] ranges: the lake was made without them, so that a proxy stands where clients should. "
            "Run whofrom lake re-resolve with this configuration",
            one.good, one.users,
        )  # fmt: skip
    if provider:
        return Advice("fix", one.client, f"is an edge of {provider}: everybody behind it has this address here",
                      one.good, one.users, toml)  # fmt: skip
    if kind in INSIDE or address.packed in own.ranges:
        what = f"a {kind} address" if kind in INSIDE else "in [network]"
        if listed or facts.for_others:
            return Advice("fix", one.client, f"is {what}, and names others in X-Forwarded-For: a proxy of yours",
                          one.good, one.users, toml)  # fmt: skip
        return Advice(
            "inside", one.client,
            f"is {what}: a machine of yours, or a proxy whose X-Forwarded-For the log does not have. If a proxy, log "
            "that header, and trust it",
            one.good, one.users, toml,
        )  # fmt: skip
    if facts.for_others:
        return Advice("keep", one.client, f"speaks for other clients in {facts.for_others:,} requests: a proxy",
                      one.good, one.users)  # fmt: skip
    claims = {
        hop.text for way in facts.ways if way.client == one.client for hop in way.claims if hop.address is not None
    }
    if len(claims) > PROXY_CLAIMS and facts.programs > PROXY_PROGRAMS and one.good > one.hostile:
        return Advice(
            "fix", one.client,
            f"names {len(claims):,} other clients, with {facts.programs:,} programs, and most of it is ordinary: a "
            "proxy. Trust it only if you know whose it is",
            one.good, one.users, toml,
        )  # fmt: skip
    return None


def within(client: str, network: str) -> bool:
    """Return whether a client is in a network."""
    address = parse_hop(client) if client else None
    return address is not None and address.packed in Ranges([network])


def is_narrow(network: str) -> bool:
    """Return whether a network is one that a block may name as a whole."""
    base, _, bits = network.partition("/")
    return int(bits or 128) >= (WIDEST_V6 if ":" in base else WIDEST_V4)


def touches(network: str, own: Own) -> bool:
    """Return whether a network holds, or lies in, one that is never blocked."""
    first, last = parse_range(network)
    if classify(first) in INSIDE or classify(last) in INSIDE:
        return True
    spans = [*own.ranges.spans(), *own.trusted.spans()]
    spans += [span for name in PROVIDERS for span in Ranges(provider_list(name).ranges).spans()]
    return any(start <= last and first <= end for start, end in spans)


def prefix_of(address: Address, bits: int) -> str:
    """Return the network of an IPv6 address."""
    first, _ = parse_range(f"{Address(address.packed)}/{bits}")
    return f"{Address(first)}/{bits}"


def sums(clients: Iterable[Seen]) -> Seen:
    """Return clients taken together."""
    listed = list(clients)
    return Seen("", *(sum(getattr(one, name) for one in listed) for name in Seen._fields[1:]))
