"""
From what was seen to a verdict. Pure.

1. Does our address arrive (`Arrival`)? A server's own idea is not enough: it is compared with ours.
2. A machine has several addresses, and its kernel may choose another than the one that a connection begins with (a
   node's, towards a pod behind its own bridge). Since others elsewhere may have the same (172.17.0.1 is Docker's bridge
   on many machines), such an address is ours only where the server is sure of what it names.
3. An address that is ours at the server's socket may yet be that of a program beside us: at loopback, or where a proxy
   is proven in between, it counts only if the port is ours too.
4. Where our own address is of an inner network and the server's is not, ours is unknown. Then the server's verdict
   counts, but for what a probe knows better: a header that we did not send was written by a proxy, and with a proxy in
   between, who connects to the server is not us.
5. A forged address that the server believed outweighs all else. A way that loses the address outweighs those that keep
   it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from echo.clientip import Address, ConfigFault, Ranges
from echo.probe.answers import NONCE_HEADER, WHOAMI, WHOFROM, Answer
from echo.probe.connections import HAS_PROXY, connections
from echo.probe.fates import Fate, fate_of
from echo.probe.outcomes import NOTES, OUTCOMES, PRACTICES, Outcome
from echo.probe.seen import Seen, entries, entry_address, is_inside, is_loopback, same

# what happened to our address with one request -> the outcome, if it happened with all
ARRIVED, BEHIND_NAT, IN_HEADER = "preserved", "preserved-behind-nat", "preserved-in-header"
GOOD = frozenset({ARRIVED, BEHIND_NAT, IN_HEADER})
PRESERVED = "preserved-"  # verdicts of the server's begin with it
PRACTICE_OF = {
    "appended": "appends",
    "beside": "adds-field",
    "replaced": "replaces",
    "stripped": "strips",
    "unchanged": "passes",
}
# of several fates of one canary, the first of these is told
WORST = ("unchanged", "joined", "prepended", "altered", "beside", "appended", "stripped", "replaced", "refused")
# headers that proxies write, lower-case; whoever did not send one has a proxy before the server
WRITTEN_BY_PROXIES = frozenset(
    {
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "forwarded",
        "true-client-ip",
        "via",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-original-forwarded-for",
        "x-real-ip",
    }
)


class Bearer(NamedTuple):
    """A header that holds our address: at which place from the right, and whether no canary could change that."""

    header: str
    place: int
    is_steady: bool = True


class Path(NamedTuple):
    """A way that requests took: where they were sent, who connected to the server, whom it named, which server."""

    to: str
    peer: str
    client: str
    finding: str
    server: str
    arrival: str
    fault: str
    times: int


class Note(NamedTuple):
    """A remark: code, and words filled in."""

    code: str
    words: str


class Sent(NamedTuple):
    """
    What is known of the requests before they are answered.

    mine     addresses given as ours; empty: those of our ends of the connections are
    local    other addresses of this machine
    names    lower-case names of the fields that all requests have
    host     of the Host header
    path     of the target, with the query, as far as it is the same in all
    """

    mine: tuple[Address, ...] = ()
    local: tuple[Address, ...] = ()
    names: frozenset[str] = frozenset()
    host: str = ""
    path: str = ""


class Judgement(NamedTuple):
    """
    Everything that a report tells.

    says, todo   of the outcome, filled in
    also         other verdicts that are true as well: code and words
    mine         our addresses
    base         answers to requests that forged nothing
    told         the answer whose explanation is told
    added        names of the headers that were added on the way
    rounds       how often each canary was sent
    """

    outcome: Outcome
    says: str
    todo: str
    also: tuple[Note, ...]
    mine: tuple[Address, ...]
    told: Answer
    paths: tuple[Path, ...]
    fates: tuple[Fate, ...]
    bearers: tuple[Bearer, ...]
    connection: str
    practices: tuple[Note, ...]
    notes: tuple[Note, ...]
    added: tuple[str, ...]
    requests: int


def judge(sent: Sent, base: Sequence[Seen], forged: Sequence[Seen], kept: Sequence[Seen]) -> Judgement:
    """
    Return the verdict.

    base    requests that forged nothing, each on a connection of its own, at least one of them answered
    forged  requests with a canary each, each on a connection of its own
    kept    requests on one connection
    """
    answered = [(one, one.answer) for one in base if one.answer is not None]
    answers = [answer for _, answer in answered]
    mine = _mine(sent, base)
    other = next((one.client for one in answers if not sent.mine and same(one.client, sent.local)), None)
    is_other = other is not None and not same(other, mine)
    connection = connections(
        [one.answer for one in (*base, *forged) if one.answer], [one.answer for one in kept if one.answer]
    )
    added = _added(sent, answers)
    has_proxy = connection in HAS_PROXY or any(name.lower() in WRITTEN_BY_PROXIES for name in added)
    arrivals = [arrival(sent, one, answer, has_proxy=has_proxy) for one, answer in answered]
    fates, rounds = _fates(forged, answers)
    bearers = _bearers(mine, answers, forged)
    paths = _paths(sent, base, has_proxy=has_proxy)
    code, *others = _outcomes(arrivals, fates, bearers, unanswered=len(base) - len(answers))
    told = next((answer for (_, answer), one in zip(answered, arrivals, strict=True) if one not in GOOD), answers[0])
    outcome = OUTCOMES[code]
    words = {
        "mine": ", ".join(map(str, mine)) or "unknown",
        "client": str(told.client or (told.peer if told.kind == WHOAMI else None) or "nobody"),
        "peer": str(told.peer or "the proxy"),
        "total": str(len(base)),
        "why": told.why,
    }

    def filled(code: str, text: str) -> str:
        return text.format_map(
            words | {"headers": _named(code, fates, bearers), "count": str(_count(code, arrivals, base))}
        )

    return Judgement(
        outcome,
        filled(code, outcome.says),
        filled(code, outcome.todo),
        tuple(Note(other, filled(other, OUTCOMES[other].says)) for other in others),
        mine,
        told,
        paths,
        fates,
        bearers,
        connection,
        _practices(fates),
        _notes(sent, base, forged, answers, mine, rounds, other if is_other else None),
        added,
        len(base) + len(forged) + len(kept),
    )


def arrival(sent: Sent, seen: Seen, answer: Answer, *, has_proxy: bool) -> str:
    """Return what happened to our address with one request: a code of OUTCOMES."""
    mine = _own(sent, seen)
    socket = answer.proxied or answer.peer
    named = answer.client if answer.kind == WHOFROM else socket
    held = _held(mine, answer)
    if named is None:
        return "unbelieved" if held else "nobody"
    if same(named, mine):
        at_socket = answer.proxied is None and same(answer.peer, mine) and not held
        doubtful = has_proxy or any(map(is_loopback, mine))
        return "unclear" if at_socket and doubtful and not _same_port(seen, answer) else ARRIVED
    if not sent.mine and same(named, sent.local):
        return ARRIVED if answer.verdict.startswith(PRESERVED) else "unclear-other"
    if held:
        return IN_HEADER if answer.kind == WHOAMI else "unbelieved"
    if same(socket, mine):
        return "passed-over"
    if sent.mine or not mine or not all(map(is_inside, mine)) or is_inside(named):
        return "lost"
    at_socket = same(named, [socket] if socket else []) and answer.proxied is None
    if at_socket and has_proxy and not _held([named], answer):
        return "lost-behind-proxy"
    if answer.kind == WHOAMI or answer.verdict.startswith(PRESERVED):
        return BEHIND_NAT
    return "unclear-behind-nat"


def _outcomes(
    arrivals: Sequence[str], fates: Sequence[Fate], bearers: Sequence[Bearer], *, unanswered: int
) -> list[str]:
    """Return the codes of all verdicts that are true, the gravest first."""
    found = []
    bad = [one for one in arrivals if one not in GOOD]
    if any(fate.believed for fate in fates):
        found.append("forgeable")
    if bad:
        found.append("several-paths" if len(bad) < len(arrivals) else Counter(bad).most_common(1)[0][0])
    if any(fate.hidden for fate in fates):
        found.append("hideable")
    if IN_HEADER in arrivals and not any(one.is_steady for one in bearers):
        found.append("forgeable-header")
    if not found and unanswered:
        found.append("unsteady")
    return found or [Counter(arrivals).most_common(1)[0][0]]


def _count(code: str, arrivals: Sequence[str], base: Sequence[Seen]) -> int:
    if code == "unsteady":
        return sum(one.answer is None for one in base)
    return sum(one in GOOD for one in arrivals)


def _named(code: str, fates: Sequence[Fate], bearers: Sequence[Bearer]) -> str:
    """Return the names of the headers that an outcome is about."""
    if code == "forgeable":
        names: Iterable[str] = (fate.canary.header for fate in fates if fate.believed)
    elif code == "hideable":
        names = (fate.canary.header for fate in fates if fate.hidden)
    elif code == IN_HEADER:
        names = (one.header for one in bearers if one.is_steady)
    else:
        names = (one.header for one in bearers)
    return ", ".join(dict.fromkeys(names)) or "a header"


def _mine(sent: Sent, base: Sequence[Seen]) -> tuple[Address, ...]:
    """Return all addresses that are ours."""
    return sent.mine or tuple(dict.fromkeys(one.mine for one in base if one.mine is not None))


def _own(sent: Sent, seen: Seen) -> tuple[Address, ...]:
    """Return the addresses that are ours with one request."""
    return sent.mine or ((seen.mine,) if seen.mine is not None else ())


def _same_port(seen: Seen, answer: Answer) -> bool:
    return bool(answer.port) and seen.port == answer.port


def _places(header: str, values: Sequence[str], mine: Sequence[Address]) -> list[int]:
    """Return at which places from the right, from 1, our address stands in a header."""
    from_right = reversed(entries(values))
    return [place for place, text in enumerate(from_right, 1) if same(entry_address(header, text), mine)]


def _held(mine: Sequence[Address], answer: Answer) -> dict[str, int]:
    """Return the headers that hold our address: name -> place from the right."""
    found: dict[str, int] = {}
    for name in dict.fromkeys(name.lower() for name, _ in answer.headers):
        if name == NONCE_HEADER.lower() or name == "host":
            continue
        places = _places(name, answer.values(name), mine)
        if places:
            found[name] = places[0]
    return found


def _bearers(mine: Sequence[Address], answers: Sequence[Answer], forged: Sequence[Seen]) -> tuple[Bearer, ...]:
    """Return the headers that hold our address in all answers to base requests."""
    held = [_held(mine, answer) for answer in answers]
    spelling = {name.lower(): name for answer in answers for name, _ in answer.headers}
    found = []
    for name, place in held[0].items():
        if all(one.get(name) == place for one in held):
            steady = all(
                place in _places(name, one.answer.values(name), mine) for one in forged if one.answer is not None
            )
            found.append(Bearer(spelling[name], place, steady))
    return tuple(found)


def _added(sent: Sent, answers: Sequence[Answer]) -> tuple[str, ...]:
    """Return the names of the headers that stand in an answer, and that we did not send."""
    names = {name.lower(): name for answer in answers for name, _ in answer.headers}
    return tuple(name for lower, name in names.items() if lower not in sent.names)


def _fates(forged: Sequence[Seen], base: Sequence[Answer]) -> tuple[tuple[Fate, ...], int]:
    """Return the fate of each canary, the worst where there are several, and how often each was sent."""
    found: dict[str, list[Fate]] = {}
    for one in forged:
        assert one.canary is not None
        found.setdefault(one.canary.code, []).append(fate_of(one.canary, one.answer, base))
    worst = tuple(min(fates, key=_badness) for fates in found.values())
    return worst, max(map(len, found.values()), default=0)


def _badness(fate: Fate) -> tuple[bool, bool, bool, int]:
    return not fate.believed, not fate.hidden, not fate.taken, WORST.index(fate.code)


def _paths(sent: Sent, base: Sequence[Seen], *, has_proxy: bool) -> tuple[Path, ...]:
    """Return the ways that the base requests took, the one taken most first."""
    counted: Counter[Path] = Counter()
    several = len({one.to for one in base}) > 1
    for one in base:
        to = one.to if several else ""
        answer = one.answer
        if answer is None:
            counted[Path(to, "", "", "", "", "", one.fault, 0)] += 1
            continue
        counted[
            Path(
                to,
                str(answer.peer or "no address") + (f", PROXY header {answer.proxied}" if answer.proxied else ""),
                str(answer.client or "nobody") if answer.kind == WHOFROM else "",
                answer.finding,
                answer.server,
                arrival(sent, one, answer, has_proxy=has_proxy),
                "",
                0,
            )
        ] += 1
    return tuple(path._replace(times=count) for path, count in counted.most_common())


def _practices(fates: Sequence[Fate]) -> tuple[Note, ...]:
    """Return what the path does."""
    found = []
    # two entries: of one alone, a proxy that believes it and writes it anew leaves what was sent
    xff = next((fate for fate in fates if fate.canary.code == "xff-two"), None)
    if xff is not None and xff.code in PRACTICE_OF:
        found.append(_note(PRACTICES, PRACTICE_OF[xff.code]))
    taken = [fate for fate in fates if fate.taken]
    if taken:
        names = dict.fromkeys(name for fate in taken for name in fate.copied or (fate.canary.header,))
        found.append(_note(PRACTICES, "over-trusting", headers=", ".join(names)))
    kept = dict.fromkeys(name for fate in fates if not fate.taken for name in fate.copied)
    if kept:
        found.append(_note(PRACTICES, "keeps-original", headers=", ".join(kept)))
    return tuple(found)


def _notes(
    sent: Sent,
    base: Sequence[Seen],
    forged: Sequence[Seen],
    answers: Sequence[Answer],
    mine: Sequence[Address],
    rounds: int,
    other: Address | None,
) -> tuple[Note, ...]:
    """Return what may mislead."""
    found = []
    if any(answer.kind == WHOAMI for answer in answers):
        found.append(_note(NOTES, "whoami"))
    if any(_trusts(answer, mine) for answer in answers):
        found.append(_note(NOTES, "mine-trusted"))
    if other is not None:
        found.append(_note(NOTES, "other-address", client=str(other), mine=", ".join(map(str, mine))))
    failed = [one.fault for one in base if one.answer is None]
    if failed:
        found.append(_note(NOTES, "unanswered", count=str(len(failed)), total=str(len(base)), why=failed[0]))
    refused = sum(one.answer is None for one in forged)
    if refused:
        found.append(_note(NOTES, "canaries-unanswered", count=str(refused)))
    if rounds > 1:
        found.append(_note(NOTES, "paths-many", count=str(rounds)))
    target = next((one.target for one in answers if sent.path and not one.target.startswith(sent.path)), None)
    if target is not None:
        found.append(_note(NOTES, "target-changed", target=target.partition("?")[0]))
    if any(not answer.values(NONCE_HEADER) for answer in answers):
        found.append(_note(NOTES, "fields-dropped"))
    host = next((got for one in answers for got in one.values("Host") if sent.host and got != sent.host), None)
    if host is not None:
        found.append(_note(NOTES, "host-changed", host=host))
    return tuple(found)


def _trusts(answer: Answer, mine: Sequence[Address]) -> bool:
    """Return whether the server trusts our address; what it calls a range and is none is passed over."""
    for text in answer.trusted:
        try:
            trusted = Ranges([text])
        except ConfigFault:
            continue
        if any(one.packed in trusted for one in mine):
            return True
    return False


def _note(table: Mapping[str, str], code: str, **words: str) -> Note:
    return Note(code, table[code].format_map(words))
