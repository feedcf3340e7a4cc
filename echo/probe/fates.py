"""
What the path did with a forged header: what was sent is compared with what arrived. Pure.

1. A list header is compared entry by entry, since proxies rewrite blanks, and join fields.
2. A canary's address in another header was copied there. Where the header holds one address, a proxy took it for the
   client's; where it keeps a record of what came (RECORD), not.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from echo.clientip import Address
from echo.probe.answers import NONCE_HEADER, WHOFROM, Answer
from echo.probe.canaries import Canary
from echo.probe.seen import addresses_in, entries, entry_address, same

# code -> (how the report says it, what it means)
FATES = {
    "unchanged": ("passed on", "It arrived as it was sent: nothing on the way looked at it."),
    "joined": ("passed on, joined", "It arrived, its fields joined to one."),
    "appended": ("appended to", "It arrived, and a proxy wrote what it sees behind it, into the same field."),
    "beside": ("field added", "It arrived, and a proxy wrote what it sees into a field of its own behind it."),
    "prepended": ("written before", "It arrived, and a proxy wrote something in front of it."),
    "replaced": ("replaced", "It did not arrive: a proxy wrote something else in its place."),
    "stripped": ("removed", "It did not arrive, and nothing stands in its place."),
    "altered": ("altered", "A part of it arrived."),
    "refused": ("no answer", "The request was not answered, or not by the server."),
}
# what the names of headers have in which proxies keep what came, believing nothing (X-Original-Forwarded-For)
RECORD = "original"
PROXY_HEADER = "the PROXY header"  # where a copy is that stands in no header field


class Fate(NamedTuple):
    """
    What became of a canary.

    code      of FATES
    by        what was added, or stands in its place
    copied    where else its address turned up
    taken     a proxy took the address for the client's: it wrote it where it writes the client
    believed  the server took the address for the client's
    hidden    it made the server name no client, where otherwise it does
    """

    canary: Canary
    code: str
    by: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    taken: bool = False
    believed: bool = False
    hidden: bool = False

    @property
    def fooled(self) -> tuple[str, ...]:
        """Return the headers in which a proxy wrote the address as its client's."""
        if not self.taken:
            return ()
        return tuple(name for name in self.copied if not is_record(name)) or (self.canary.header,)


def is_record(header: str) -> bool:
    """Return whether proxies keep in a header what came, believing nothing."""
    return RECORD in header.lower()


def fate_of(canary: Canary, answer: Answer | None, base: Sequence[Answer] = ()) -> Fate:
    """
    Return what became of a canary.

    answer  to the request that held it; None where there was none
    base    answers to requests that forged nothing
    """
    if answer is None:
        return Fate(canary, "refused")
    code, by = _in_place(canary, answer)
    copied, taken = _elsewhere(canary, answer)
    added_again = code != "altered" and any(same(entry_address(canary.header, text), canary.marks) for text in by)
    reads = canary.header.lower() in (name.lower() for name in answer.reads)
    named = bool(base) and all(one.client is not None for one in base)
    return Fate(
        canary,
        code,
        by,
        copied,
        taken or added_again,
        same(answer.client, canary.marks),
        answer.kind == WHOFROM and answer.client is None and reads and named,
    )


def _in_place(canary: Canary, answer: Answer) -> tuple[str, tuple[str, ...]]:
    """Return what happened to the header itself, and what was added or stands there instead."""
    got = answer.values(canary.header)
    came, sent = entries(got), entries(canary.values)
    count = len(sent)
    if not came:
        return "stripped", ()
    if _alike(canary, came, sent):
        return "joined" if len(got) < len(canary.values) else "unchanged", ()
    if _alike(canary, came[:count], sent):
        own_field = len(got) > len(canary.values)
        return "beside" if own_field else "appended", tuple(came[count:])
    if _alike(canary, came[-count:], sent):
        return "prepended", tuple(came[:-count])
    has_part = any(same(found, canary.marks) for text in came for found in addresses_in(text))
    # a proxy that believes the header writes its address anew: replaced all the same, by what it believes
    return "altered" if has_part and not _is_one_of(canary, came) else "replaced", tuple(came)


def _is_one_of(canary: Canary, came: Sequence[str]) -> bool:
    return len(came) == 1 < len(entries(canary.values)) and same(entry_address(canary.header, came[0]), canary.marks)


def _alike(canary: Canary, one: Sequence[str], other: Sequence[str]) -> bool:
    return [_key(canary.header, text) for text in one] == [_key(canary.header, text) for text in other]


def _key(header: str, entry: str) -> Address | str:
    found = entry_address(header, entry)
    return found._replace(zone="") if found is not None else entry.lower()


def _elsewhere(canary: Canary, answer: Answer) -> tuple[tuple[str, ...], bool]:
    """Return where else the address turned up, and whether a proxy took it for the client's there."""
    copied: dict[str, None] = {}
    taken = False
    for name, value in answer.headers:
        if name.lower() in (canary.header.lower(), NONCE_HEADER.lower()):
            continue
        if any(same(found, canary.marks) for found in addresses_in(value)):
            copied[name] = None
            alone = len(entries([value])) == 1 and same(entry_address(name, value), canary.marks)
            taken |= alone and not is_record(name)
    if _any_end(answer, canary.marks):
        copied[PROXY_HEADER] = None
        taken = True
    return tuple(copied), taken


def _any_end(answer: Answer, marks: Iterable[Address]) -> bool:
    return any(same(end, marks) for end in (answer.proxied, answer.peer))
