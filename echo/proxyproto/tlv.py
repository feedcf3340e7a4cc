"""
TLVs of version 2 (proxy-protocol.txt §2.2): cut into pairs, and read for people.

What is in a TLV was written by the sender, some of it copied from the client (the authority is its SNI): text is
evidence, and decides nothing. A TLV of the wrong form is shown as bytes; nothing here raises.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

CRC32C = 0x03
SSL = 0x20

Tlvs = tuple[tuple[int, bytes], ...]


class TlvOverrun(ValueError):
    """A TLV reaches over the end of the header, or its length is cut off; `position` is its first byte."""

    def __init__(self, position: int) -> None:
        super().__init__("a TLV over the end of the header")
        self.position = position


def cut(data: bytes) -> Tlvs:
    """Cut the bytes behind the addresses into (type, value). Raises TlvOverrun."""
    return tuple(_cut(data))


def _cut(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        end = position + 3 + int.from_bytes(data[position + 1 : position + 3])
        if position + 3 > len(data) or end > len(data):
            raise TlvOverrun(position)
        yield data[position], data[position + 3 : end]
        position = end


class Ssl(NamedTuple):
    """
    The SSL TLV (§2.2.6).

    client    bits: 1 the client connected over TLS, 2 it gave a certificate on this connection, 4 in this session
    verified  it gave one and it was verified
    parts     name -> value of the sub-TLVs
    """

    client: int
    verified: bool
    verify: int
    parts: dict[str, str]


def text(value: bytes) -> str:
    """Return a value as text where it is printable ASCII, else as hexadecimal digits."""
    shown = value.decode("latin-1")
    return shown if value.isascii() and shown.isprintable() else value.hex()


def _aws(value: bytes) -> str:
    """AWS: one byte of subtype, 1 for a VPC endpoint id."""
    return text(value[1:]) if value[:1] == b"\x01" else value.hex()


def _azure(value: bytes) -> str:
    """Azure: one byte of subtype, 1 for a private endpoint's LINKID of four bytes, little-endian."""
    return str(int.from_bytes(value[1:], "little")) if value[:1] == b"\x01" and len(value) == 5 else value.hex()


def _gcp(value: bytes) -> str:
    """GCP: a PSC connection id of eight bytes, network order."""
    return str(int.from_bytes(value)) if len(value) == 8 else value.hex()


# type -> name, and how its value is read
NAMES: Mapping[int, tuple[str, Callable[[bytes], str]]] = {
    0x01: ("alpn", text),
    0x02: ("authority", text),
    CRC32C: ("crc32c", text),
    0x05: ("unique_id", text),
    0x30: ("netns", text),
    0xE0: ("gcp_psc_connection_id", _gcp),
    0xEA: ("aws_vpc_endpoint_id", _aws),
    0xEE: ("azure_private_endpoint_link_id", _azure),
}
NOOP = 0x04
SSL_NAMES: Mapping[int, str] = {
    0x21: "version",
    0x22: "cn",
    0x23: "cipher",
    0x24: "sig_alg",
    0x25: "key_alg",
    0x26: "group",
    0x27: "sig_scheme",
    0x28: "client_cert",
}


def named(tlvs: Tlvs) -> dict[str, str]:
    """Return name -> value for people; a type without a name as `0x..`, padding left out, the last of two wins."""
    found = {}
    for kind, value in tlvs:
        if kind in (NOOP, SSL):
            continue
        name, read = NAMES.get(kind, (f"0x{kind:02x}", text))
        found[name] = read(value)
    return found


def ssl(tlvs: Tlvs) -> Ssl | None:
    """Return what the SSL TLV says; None without one, or where it is malformed."""
    for kind, value in tlvs:
        if kind == SSL and len(value) >= 5:
            try:
                parts = {SSL_NAMES.get(sub, f"0x{sub:02x}"): text(inner) for sub, inner in cut(value[5:])}
            except TlvOverrun:
                return None
            verify = int.from_bytes(value[1:5])
            return Ssl(value[0], bool(value[0] & 6) and verify == 0, verify, parts)
    return None
