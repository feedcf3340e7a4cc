"""Which addresses are no attacker's: those from inside, those of [network] and [trust], those of CDNs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from echo.clientip import Config, Ranges, classify, parse_address
from echo.clientip.lists import PROVIDERS, provider_list
from pipeline.resolve import INSIDE


class Inside(NamedTuple):
    """kind: a class, `trusted`, a key of [network] or a provider; `says` goes behind the address."""

    kind: str
    says: str
    remedy: str


BY_CLASS = "is a {kind} address: a proxy of yours, or a client inside"
BY_NAME = "is one of your own: {kind}"
BY_PROVIDER = "is a proxy of {kind}: the client is behind it"
RESOLVE = (
    "if it is a proxy, name it in [trust] ranges, ingest into a new --lake or re-resolve this one, and the rows are of "
    "the clients behind it"
)


def judge_of(config: Config | None) -> Callable[[str], Inside | None]:
    """Return what says of an address what it is if it is no attacker's, None if it may be one."""
    named = dict(config.network) if config is not None else {}
    if config is not None and config.policy.trusted:
        named["trusted"] = config.policy.trusted

    def judge(text: str) -> Inside | None:
        address = parse_address(text)
        if address is None:
            return None
        for kind, ranges in named.items():
            if address.packed in ranges:
                return Inside(kind, BY_NAME.format(kind=kind), RESOLVE)
        kind = classify(address.packed)
        if kind in INSIDE:
            return Inside(kind, BY_CLASS.format(kind=kind), RESOLVE)
        for name, ranges in providers().items():
            if address.packed in ranges:
                return Inside(name, BY_PROVIDER.format(kind=name), RESOLVE)
        return None

    return judge


@cache
def providers() -> dict[str, Ranges]:
    """Return the ranges of the CDNs whose lists are shipped."""
    return {name: Ranges(provider_list(name).ranges) for name in PROVIDERS}
