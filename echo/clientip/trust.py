"""
Trust policies: a strategy and trusted ranges, built once and validated there, applied to any request without failing.

Rules:

1. The peer is judged before any header is read: one outside the trusted ranges is the client, and its headers decide
   nothing. rightmost-untrusted always asks so; the other strategies do where ranges are given.
2. A peer that is no address (a UNIX socket, a log without one) cannot be judged; the strategy reads on.
3. A policy without a strategy trusts nobody, or, with ranges, walks X-Forwarded-For by them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from echo.clientip.ranges import Ranges
from echo.clientip.resolve import PARSERS, Resolver, first_of, resolver
from echo.clientip.strategies import CHAIN, REMOTE_ADDR, RIGHTMOST_UNTRUSTED, XFF, Step, parse_strategy

__all__ = ["DEFAULT_HEADER", "PARSERS", "Policy", "make_policy"]

DEFAULT_HEADER = XFF


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """
    A validated policy.

    steps     the strategies in the order they are tried; one unless `is_chain`
    trusted   the trusted ranges
    strategy  the strategy as it is written, headers named
    headers   lower-case names of the headers that are read, each once, in the order they are tried
    header    the header that people are told of: the first that is read, or where a proxy would write
    resolve   resolves one request: (peer, headers, proxied) -> Resolution; see `Resolver`
    id        12 hex digits that name this policy in every row it resolved; equal policies have equal ids
    """

    steps: tuple[Step, ...]
    trusted: Ranges
    is_chain: bool = False
    strategy: str = field(init=False)
    headers: tuple[str, ...] = field(init=False)
    header: str = field(init=False)
    id: str = field(init=False)
    resolve: Resolver = field(init=False, repr=False)  # an attribute, not a method: the hot path is spared one call

    def __post_init__(self) -> None:
        """Derive the rest from steps and ranges."""
        steps, trusted = self.steps, self.trusted
        strategy = f"{CHAIN}({','.join(map(str, steps))})" if self.is_chain else str(steps[0])
        headers = tuple(dict.fromkeys(step.header for step in steps if step.header))
        spans = b"".join(first + last for first, last in trusted.spans())
        resolvers = [resolver(step, trusted) for step in steps]
        for name, value in {
            "strategy": strategy,
            "headers": headers,
            "header": headers[0] if headers else DEFAULT_HEADER,
            "id": hashlib.sha256(f"{strategy}\n".encode() + spans).hexdigest()[:12],
            "resolve": first_of(resolvers) if self.is_chain else resolvers[0],
        }.items():
            object.__setattr__(self, name, value)


def make_policy(strategy: str | None = None, header: str = DEFAULT_HEADER, trusted: Sequence[str] = ()) -> Policy:
    """
    Build a policy; without a strategy: remote-addr if nothing is trusted, else rightmost-untrusted.

    header  the header of a strategy that names none

    Raises ConfigFault for an unknown strategy, a header that it cannot read, or a text that is no range.
    """
    chosen = strategy if strategy is not None else (RIGHTMOST_UNTRUSTED if trusted else REMOTE_ADDR)
    return Policy(parse_strategy(chosen, header), Ranges(trusted), is_chain=chosen.startswith(f"{CHAIN}("))
