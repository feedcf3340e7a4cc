"""The neutral strategies: the policies that whofrom itself applies."""

from collections.abc import Mapping

from echo.clientip import ConfigFault, make_policy
from echo.clientip.headers import fields
from echo.clientip.trust import HEADERS
from tests.vectors.rows import Answer, Asked, Row, Skip, text_or_none


def resolve(row: Row, header: str) -> Answer | Skip:
    if header.lower() == "forwarded" and "forwarded" not in HEADERS:
        return Skip("Forwarded is not read")
    strategy = row["strategy"].partition(":")[0]
    try:
        policy = make_policy(strategy, header if strategy != "remote-addr" else HEADERS[0], row["trusted"])
    except ConfigFault:
        return {"client_ip": None, "error": True}
    resolution = policy.resolve(row["peer_addr"], fields(row["headers"], policy.header))
    return {"client_ip": text_or_none(resolution.client), "error": False}


ANSWERS: Mapping[str, Asked] = {
    "remote-addr": resolve,
    "rightmost-untrusted": resolve,
}
