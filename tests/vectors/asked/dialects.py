"""What other programs answer."""

from collections.abc import Mapping

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from tests.vectors.rows import Answer, Asked, Row, canonical


def dialect(row: Row, argument: str) -> Answer:
    one = DIALECTS[row["strategy"].partition(":")[0]]
    try:
        resolver = one.build(argument, row["trusted"])
    except ConfigFault:
        return {"client_ip": None, "error": True}
    source, reached = proxy_line(row)
    answer = resolver(Arrival(row["peer_addr"], [(name, value) for name, value in row["headers"]], source, reached))
    asked = row["expect"].get("backend_headers")
    sent = {} if asked is None else {"backend_headers": {name: dict(answer.sent).get(name) for name in asked}}
    port = {"client_port": answer.port} if "client_port" in row["expect"] else {}
    return {"client_ip": canonical(answer.client), "error": bool(answer.error), **sent, **port}


def proxy_line(row: Row) -> tuple[str | None, str | None]:
    """Return source and destination that the PROXY v1 line before the request names."""
    words = bytes.fromhex(row.get("bytes_hex", "")).decode().split()
    if len(words) != 6:
        return None, None
    source, reached = (f"[{words[at]}]" if ":" in words[at] else words[at] for at in (2, 3))
    return f"{source}:{words[4]}", f"{reached}:{words[5]}"


ANSWERS: Mapping[str, Asked] = dict.fromkeys(DIALECTS, dialect)
