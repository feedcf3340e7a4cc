"""The neutral strategies: the policies that whofrom itself applies."""

from collections.abc import Mapping, Sequence

from echo.clientip import STRATEGIES, ConfigFault, make_policy
from echo.clientip.headers import fields
from tests.vectors.rows import Answer, Asked, Row, text_or_none


def resolve(row: Row, _: str) -> Answer:
    try:
        policy = make_policy(row["strategy"], trusted=ranges(row))
    except ConfigFault:
        return {"client_ip": None, "error": True}
    resolution = policy.resolve(row["peer_addr"], {name: fields(row["headers"], name) for name in policy.headers})
    return {"client_ip": text_or_none(resolution.client), "error": False}


def ranges(row: Row) -> Sequence[str]:
    """Return the row's ranges if its strategy takes any: in the rows the others look at no peer."""
    return row["trusted"] if row["strategy"].startswith("rightmost-untrusted") else ()


ANSWERS: Mapping[str, Asked] = dict.fromkeys(STRATEGIES, resolve)
