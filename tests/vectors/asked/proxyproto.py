"""PROXY headers: `bytes_hex` read as the standard says, and as other receivers read it."""

from collections.abc import Mapping

from echo.clientip import parse_hop
from echo.proxyproto import ProxyError, tlv
from echo.proxyproto.receivers import PYTHON, RECEIVERS, Reading, Receiver, receive
from tests.vectors.rows import Answer, Asked, Row, Skip, canonical

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"  # what comes behind the bytes of a row


def receiver_of(row: Row) -> Receiver | None:
    """Return the receiver whose fact the row is."""
    return PYTHON[row["strategy"]] if row["peer"] == "python-proxy-protocol" else RECEIVERS.get(row["peer"])


def proxy(row: Row, _: str) -> Answer | Skip:
    receiver = receiver_of(row)
    if receiver is None:
        return Skip("a receiver that whofrom does not know")
    header = bytes.fromhex(row["bytes_hex"])
    try:
        reading = receive(receiver, header + REQUEST)
    except ProxyError:
        return {"client_ip": None, "error": True}
    if reading.size > len(header) or (header and not reading.size):
        return {"client_ip": None, "error": True}  # it took from the request, or took garbage for one
    return {"client_ip": client_of(row, reading), "error": False, **stated(row, reading)}


def client_of(row: Row, reading: Reading) -> str | None:
    """Return the source, or the peer's own address where the header gives none."""
    if reading.path:
        return None
    if reading.client is None:
        return str(parse_hop(row["peer_addr"]))
    return canonical(reading.client)


def stated(row: Row, reading: Reading) -> Answer:
    """Return what the row states beside."""
    ssl = tlv.ssl(reading.tlvs)
    parts = {f"ssl_{name}": text for name, text in ssl.parts.items()} if ssl else {}
    bits = {"ssl_client": ssl.client, "ssl_verify": ssl.verify} if ssl else {}
    raw = {f"0x{kind:02x}": tlv.text(value) for kind, value in reading.tlvs}
    known = {"client_port": reading.port, "unix": reading.path, "tlvs": {}}
    named = {**tlv.named(reading.tlvs), **raw, **bits, **parts}
    known["tlvs"] = {name: named.get(name) for name in row["expect"].get("tlvs", ())}
    return {name: value for name, value in known.items() if name in row["expect"]}


ANSWERS: Mapping[str, Asked] = {"proxy-v1": proxy, "proxy-v2": proxy}
