"""
What another program would answer to the same request: the shape of a dialect.

Rules of this package:

1. A dialect tells what a program does, right or wrong, and decides nothing for whofrom: `resolve` never reads it.
2. Built once with its argument and its trust list, which may fail as the program's own configuration would; applied to
   any request without failing. Time is linear in the text read.
3. Every rule names the source file or the document it was read from, and the version it was confirmed on.
4. Text is parsed as the program parses it. Where that is the strict grammar, `echo.clientip.address` does it; where it
   is not, the difference stands in the dialect's own file.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Arrival(NamedTuple):
    """
    What a program is given of one request.

    peer     the other end of the socket as `ip:port` or `[v6]:port`; `@` or `unix:…` for a UNIX socket; None if unknown
    headers  (name, value) in order of arrival, duplicates kept, values as the program's code receives them
    proxied  source address that a PROXY header gave, `ip:port` or `[v6]:port`; None without one
    reached  destination that it gave, as `proxied`
    """

    peer: str | None
    headers: Sequence[tuple[str, str]]
    proxied: str | None = None
    reached: str | None = None


class Answer(NamedTuple):
    """
    What the program concludes.

    client  the address as the program prints it, or the text it takes for one; None where it yields none
    error   why it refuses the request (400, connection dropped); "" where it does not
    port    the client's port where the program reports it
    sent    headers it sets on the request to the next hop, None for one it removes
    """

    client: str | None
    error: str = ""
    port: int | None = None
    sent: tuple[tuple[str, str | None], ...] = ()


Resolver = Callable[[Arrival], Answer]


class Dialect(NamedTuple):
    """
    One program under one kind of configuration.

    name      as in `--as NAME[:ARGUMENT]`
    program   the program, one word; `--as PROGRAM` takes all its dialects
    version   what it was confirmed on
    meaning   the configuration in the program's own words, and whom it believes
    argument  the argument where none is given; `{header}` stands for the header that our own policy reads
    build     (argument, trusted ranges as the program takes them) -> resolver; raises ConfigFault
    decides   it names a client; one that does not only tells the next hop
    """

    name: str
    program: str
    version: str
    meaning: str
    argument: str
    build: Callable[[str, Sequence[str]], Resolver]
    decides: bool = True
