"""Which clients of a subject say to be crawlers, and whether they are: by published ranges, never by name alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.attacks.crawlers import Known, Verdict, claim_of


class Claimed(NamedTuple):
    """A client, and what is to be said of what it says to be."""

    client: str
    verdict: Verdict


def claims(clients: Iterable[str], agents: Iterable[str], names: Iterable[str], known: Known) -> list[Claimed]:
    """
    Return the clients that a user agent makes crawlers, verified ones first.

    agents  user agents of the clients
    names   host names that the log has for them
    """
    claiming = [agent for agent in agents if claim_of(agent) is not None]
    named = [*names, None]
    found: dict[str, Claimed] = {}
    for client in clients:
        for agent in claiming:
            for name in named:
                verdict = known.verdict(client, agent, name)
                if verdict is not None and (client not in found or verdict.verified):
                    found[client] = Claimed(client, verdict)
    return sorted(found.values(), key=lambda one: not one.verdict.verified)
