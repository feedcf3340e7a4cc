"""The ways that requests took. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from echo.probe.answers import WHOFROM
from echo.probe.arrival import Known, Sent, arrival
from echo.probe.seen import Seen


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


def paths_of(sent: Sent, base: Sequence[Seen], known: Known) -> tuple[Path, ...]:
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
                arrival(sent, one, answer, known),
                "",
                0,
            )
        ] += 1
    return tuple(path._replace(times=count) for path, count in counted.most_common())
