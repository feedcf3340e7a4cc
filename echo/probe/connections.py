"""
Which connections of the server's our requests arrived on: whether another program stands in between, and whether it
shares connections among its clients. Pure.

A balancer that passes packets or bytes on (L4) makes one connection at the server of each of ours. A proxy that speaks
HTTP (L7) has connections of its own: one for each request, or a pool of them, older than ours and shared.
"""

from collections.abc import Sequence
from itertools import pairwise

from echo.probe.answers import Answer

# code -> what it means
CONNECTIONS = {
    "end-to-end": "Each of your connections arrives as one of the server's own, with all its requests. Either nothing "
    "between you and the server speaks HTTP, or it keeps a connection of its own for each of yours.",
    "per-request": "Requests that you send on one connection arrive on a new one each: a proxy that speaks HTTP stands "
    "in between and opens a connection for each request. Whom the server is connected to is that proxy.",
    "pooled": "Connections that are new here arrive on older ones at the server: a proxy that speaks HTTP stands in "
    "between and keeps a pool of them. Where its clients share it, nothing that belongs to a connection (the address "
    "at its other end, a PROXY header, a login) belongs to one client.",
    "closed": "Connections are closed after each answer, so there was nothing to compare.",
    "unknown": "The server does not tell its connections apart.",
}
HAS_PROXY = frozenset({"per-request", "pooled"})  # codes that prove a program in between that speaks HTTP


def connections(fresh: Sequence[Answer], kept: Sequence[Answer]) -> str:
    """
    Return a code of CONNECTIONS.

    fresh  answers on connections that were new here, one each
    kept   answers on one connection, in order
    """
    if any(not one.connection or not one.number for one in (*fresh, *kept)) or not (fresh or kept):
        return "unknown"
    firsts = [*fresh, *kept[:1]]
    used = {one.connection for one in firsts}
    if len(used) < len(firsts) or any(one.number > 1 for one in firsts):
        return "pooled"
    if len(kept) < 2:
        return "closed"
    steps = [_step(before, after) for before, after in pairwise(kept)]
    if all(step == 1 for step in steps):
        return "end-to-end"
    if any(step is None and after.connection in used for step, after in zip(steps, kept[1:], strict=True)):
        return "pooled"
    return "per-request" if all(one.number == 1 for one in kept) else "pooled"


def _step(before: Answer, after: Answer) -> int | None:
    return after.number - before.number if after.connection == before.connection else None
