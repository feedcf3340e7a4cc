"""
From what was seen to a verdict. Pure.

A forged address that the server believed outweighs all else. A way that loses the address outweighs those that keep it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from echo.clientip import Address
from echo.probe.answers import WHOAMI, Answer
from echo.probe.arrival import GOOD, IN_HEADER, Bearer, Known, Sent, arrival, bearers_of, sure_of
from echo.probe.connections import HAS_PROXY, connections
from echo.probe.fates import Fate, fate_of
from echo.probe.notes import Note, notes, practices
from echo.probe.outcomes import OUTCOMES, Outcome
from echo.probe.paths import Path, paths_of
from echo.probe.seen import Seen, same

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


class Judgement(NamedTuple):
    """
    Everything that a report tells.

    says, todo   of the outcome, filled in
    also         other verdicts that are true as well: code and words
    mine         our addresses
    told         the answer whose explanation is told: of a request that lost the address, if one did
    connection   a code of CONNECTIONS
    added        names of the headers that were added on the way
    requests     how many were sent
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
    fresh, again = ([one.answer for one in seen if one.answer] for seen in ((*base, *forged), kept))
    connection = connections(fresh, again)
    added = _added(sent, answers)
    has_proxy = connection in HAS_PROXY or any(name.lower() in WRITTEN_BY_PROXIES for name in added)
    known = Known(has_proxy, sure_of([*answers, *again]))
    arrivals = [arrival(sent, one, answer, known) for one, answer in answered]
    fates, rounds = _fates(forged, answers)
    bearers = bearers_of(mine, answers, forged)
    paths = paths_of(sent, base, known)
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
        practices(fates),
        notes(
            sent,
            base,
            forged,
            answers,
            mine,
            bearers,
            rounds,
            other if is_other else None,
            is_preserved=code in GOOD,
        ),
        added,
        len(base) + len(forged) + len(kept),
    )


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
    if "forgeable" not in found and any(fate.taken for fate in fates):
        found.append("forgeable-at-proxy")
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
    elif code == "forgeable-at-proxy":
        names = (name for fate in fates for name in fate.fooled)
    elif code == IN_HEADER:
        names = (one.header for one in bearers if one.is_steady)
    else:
        names = (one.header for one in bearers)
    return ", ".join(dict.fromkeys(names)) or "a header"


def _mine(sent: Sent, base: Sequence[Seen]) -> tuple[Address, ...]:
    """Return all addresses that are ours."""
    return sent.mine or tuple(dict.fromkeys(one.mine for one in base if one.mine is not None))


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
