"""
Koa: `app.proxy = true` with `app.maxIpsCount = N` (lib/request.js: ips, ip), confirmed on koa 3.3.0.

* X-Forwarded-For is split at commas and trimmed, empty entries kept; with N above 0 the last N of them. The client is
  the first of what is left, whatever text it is and whoever the peer is: with N = 0 what the client itself has written.
* The peer is the client where there is no such entry, or an empty one.
"""

from collections.abc import Sequence

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.node import WHITE_SPACE, forwarded_for, socket_address
from echo.clientip.faults import ConfigFault, quote

MAX_COUNT_CHARS = 6


def _build(argument: str, trusted: Sequence[str]) -> Resolver:  # asks nobody who the peer is
    if not (argument.isascii() and argument.isdigit() and len(argument) <= MAX_COUNT_CHARS):
        raise ConfigFault(f"maxIpsCount is {quote(argument)}", next_step="write a whole number from 0 on")
    count = int(argument)

    def resolve(arrival: Arrival) -> Answer:
        kept = forwarded_for(arrival).split(",")[-count:]  # [-0:] is all of them, as Koa has it for 0
        return Answer(kept[0].strip(WHITE_SPACE) or socket_address(arrival))

    return resolve


DIALECTS = (
    Dialect(
        name="koa",
        program="koa",
        version="koa 3.3.0",
        meaning="proxy = true, maxIpsCount = N: believes the N-th entry from the right, the leftmost where there are "
        "fewer or N is 0, whoever the peer is.",
        argument="0",
        build=_build,
    ),
)
