"""What the path does, and what may mislead, picked from the tables of `outcomes`. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from echo.clientip import Address, ConfigFault, Ranges
from echo.probe.answers import NONCE_HEADER, WHOAMI, Answer
from echo.probe.arrival import Bearer, Sent
from echo.probe.fates import Fate
from echo.probe.outcomes import NOTES, PRACTICES
from echo.probe.seen import Seen

PRACTICE_OF = {
    "appended": "appends",
    "beside": "adds-field",
    "replaced": "replaces",
    "stripped": "strips",
    "unchanged": "passes",
}


class Note(NamedTuple):
    """A remark: code, and words filled in."""

    code: str
    words: str


def practices(fates: Sequence[Fate]) -> tuple[Note, ...]:
    """Return what the path does."""
    found = []
    # two entries: of one alone, a proxy that believes it and writes it anew leaves what was sent
    xff = next((fate for fate in fates if fate.canary.code == "xff-two"), None)
    if xff is not None and xff.code in PRACTICE_OF:
        found.append(note(PRACTICES, PRACTICE_OF[xff.code]))
    names = dict.fromkeys(name for fate in fates for name in fate.fooled)
    if names:
        found.append(note(PRACTICES, "over-trusting", headers=", ".join(names)))
    kept = dict.fromkeys(name for fate in fates for name in fate.copied if name not in names)
    if kept:
        found.append(note(PRACTICES, "keeps-original", headers=", ".join(kept)))
    return tuple(found)


def notes(
    sent: Sent,
    base: Sequence[Seen],
    forged: Sequence[Seen],
    answers: Sequence[Answer],
    mine: Sequence[Address],
    bearers: Sequence[Bearer],
    rounds: int,
    other: Address | None,
    *,
    is_preserved: bool,
) -> tuple[Note, ...]:
    """
    Return what may mislead.

    bearers       headers that hold our address
    rounds        how often each canary was sent
    other         another address of this machine, that the server names
    is_preserved  the verdict is
    """
    found = []
    if any(answer.kind == WHOAMI for answer in answers):
        found.append(note(NOTES, "whoami"))
    if any(_trusts(answer, mine) for answer in answers):
        found.append(note(NOTES, "mine-trusted"))
    # what the server believes already is judged by what it then named
    unread = [one for one in bearers if one.header.lower() not in {answer.source.lower() for answer in answers}]
    for code, wanted in (("bearer-steady", True), ("bearer-forged", False)):
        names = [one.header for one in unread if one.is_steady is wanted]
        if names and forged and not (wanted and is_preserved):
            found.append(note(NOTES, code, headers=", ".join(names), peer=str(answers[0].peer or "the proxy")))
    if other is not None:
        found.append(note(NOTES, "other-address", client=str(other), mine=", ".join(map(str, mine))))
    failed = [one.fault for one in base if one.answer is None]
    if failed:
        found.append(note(NOTES, "unanswered", count=str(len(failed)), total=str(len(base)), why=failed[0]))
    refused = sum(one.answer is None for one in forged)
    if refused:
        found.append(note(NOTES, "canaries-unanswered", count=str(refused)))
    if rounds > 1:
        found.append(note(NOTES, "paths-many", count=str(rounds)))
    target = next((one.target for one in answers if sent.path and not one.target.startswith(sent.path)), None)
    if target is not None:
        found.append(note(NOTES, "target-changed", target=target.partition("?")[0]))
    if any(not answer.values(NONCE_HEADER) for answer in answers):
        found.append(note(NOTES, "fields-dropped"))
    host = next((got for one in answers for got in one.values("Host") if sent.host and got != sent.host), None)
    if host is not None:
        found.append(note(NOTES, "host-changed", host=host))
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


def note(table: Mapping[str, str], code: str, **words: str) -> Note:
    """Return a remark of a table, filled in."""
    return Note(code, table[code].format_map(words))
