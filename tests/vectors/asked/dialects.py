"""What other programs answer."""

from collections.abc import Mapping

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from tests.vectors.rows import Answer, Asked, Row


def dialect(row: Row, argument: str) -> Answer:
    one = DIALECTS[row["strategy"].partition(":")[0]]
    try:
        resolver = one.build(argument, row["trusted"])
    except ConfigFault:
        return {"client_ip": None, "error": True}
    answer = resolver(Arrival(row["peer_addr"], [(name, value) for name, value in row["headers"]], proxied(row)))
    asked = row["expect"].get("backend_headers")
    sent = {} if asked is None else {"backend_headers": {name: dict(answer.sent).get(name) for name in asked}}
    port = {"client_port": answer.port} if "client_port" in row["expect"] else {}
    return {"client_ip": answer.client, "error": bool(answer.error), **sent, **port}


def proxied(row: Row) -> str | None:
    """Return the source that the PROXY v1 line before the request names."""
    words = bytes.fromhex(row.get("bytes_hex", "")).decode().split()
    if len(words) != 6:
        return None
    address, port = words[2], words[4]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


ANSWERS: Mapping[str, Asked] = dict.fromkeys(DIALECTS, dialect)
