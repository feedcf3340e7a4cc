"""
Version 2: a binary header (proxy-protocol.txt §2.2).

    12 bytes signature · version and command · family and transport · length of what follows, big-endian
    addresses: 12 bytes for IPv4, 36 for IPv6, 216 for UNIX, none for UNSPEC · TLVs

`Rules` holds what receivers do differently; its defaults are the standard's, read strictly: an unknown version,
command, family or transport is dropped, TLVs must end where the header ends, a CRC32c that is present must be right. A
LOCAL header's block is skipped whatever is in it; PROXY with UNSPEC is the sender's own connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from echo.clientip.address import V4_PREFIX, Address
from echo.proxyproto.crc32c import crc32c
from echo.proxyproto.header import Command, Family, Header, ProxyError, Transport
from echo.proxyproto.tlv import CRC32C, TlvOverrun, Tlvs, cut

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
FIXED_BYTES = 16  # signature, two bytes of nibbles, length
# The whole header. Addresses take 216 bytes at most; TLVs of balancers some hundreds, a client certificate 2 KiB.
# nginx and go-proxyproto stop at 4,096 as well; the length field could say 65,535.
MAX_BYTES = 4096
ADDRESS_BYTES = {Family.UNSPEC: 0, Family.INET: 12, Family.INET6: 36, Family.UNIX: 216}
UNIX_PATH_BYTES = 108


class Otherwise(Enum):
    """What becomes of a header that a receiver does not support."""

    DROP = "the connection is dropped"
    OWN = "the connection is taken for the sender's own"


# family and transport as the byte that spells them; all that the standard knows
KINDS: Mapping[int, tuple[Family, Transport]] = {
    0x00: (Family.UNSPEC, Transport.UNSPEC),
    0x11: (Family.INET, Transport.STREAM),
    0x12: (Family.INET, Transport.DGRAM),
    0x21: (Family.INET6, Transport.STREAM),
    0x22: (Family.INET6, Transport.DGRAM),
    0x31: (Family.UNIX, Transport.STREAM),
    0x32: (Family.UNIX, Transport.DGRAM),
}
STANDARD = frozenset(KINDS)
STREAMS = frozenset({0x11, 0x21})


@dataclass(frozen=True)
class Rules:
    """
    How a receiver reads version 2.

    max_bytes      of the whole header
    kinds          bytes of family and transport whose addresses it takes; a part of STANDARD
    otherwise      what becomes of other kinds
    any_transport  the transport is not looked at
    commands       what becomes of commands that are neither LOCAL nor PROXY
    tlvs           TLVs must end where the header ends; False: nobody looks
    crc            a CRC32c that is present must be right
    crc_local      in a LOCAL header as well
    """

    max_bytes: int = MAX_BYTES
    kinds: frozenset[int] = STANDARD
    otherwise: Otherwise = Otherwise.DROP
    any_transport: bool = False
    commands: Otherwise = Otherwise.DROP
    tlvs: bool = True
    crc: bool = True
    crc_local: bool = False


STRICT = Rules()


def block_length(head: bytes, rules: Rules = STRICT) -> int:
    """Return how many bytes follow the first FIXED_BYTES. Raises ProxyError for what no block can mend."""
    if head[12] >> 4 != 2:
        raise ProxyError(f"version {head[12] >> 4}, not 2", 12)
    length = int.from_bytes(head[14:16])
    if FIXED_BYTES + length > rules.max_bytes:
        raise ProxyError(f"{FIXED_BYTES + length} bytes, more than {rules.max_bytes}", 14)
    return length


def parse_header(data: bytes, rules: Rules = STRICT) -> Header:
    """Parse a whole header: FIXED_BYTES and the block. Raises ProxyError."""
    own = Header(2, len(data), Command.PROXY, Family.UNSPEC, Transport.UNSPEC)
    command = data[12] & 0xF
    if command > 1:
        if rules.commands is Otherwise.OWN:
            return own
        raise ProxyError(f"unknown command {command}", 12)
    if command == Command.LOCAL.value:
        if rules.crc_local:
            _check_crc(data, _tlvs(data, ADDRESS_BYTES.get(_family(data), 0), rules))
        return own._replace(command=Command.LOCAL)
    kind = data[13] & 0xF0 | Transport.STREAM.value if rules.any_transport and data[13] else data[13]
    if kind not in rules.kinds:
        if rules.otherwise is Otherwise.OWN:
            return own
        raise ProxyError(f"family and transport 0x{kind:02x} are not supported", 13)
    family, transport = KINDS[kind]
    size = ADDRESS_BYTES[family]
    if len(data) < FIXED_BYTES + size:
        raise ProxyError(f"a block of {len(data) - FIXED_BYTES} bytes, where addresses take {size}", 14)
    tlvs = _tlvs(data, size, rules)
    if rules.crc:
        _check_crc(data, tlvs)
    header = own._replace(family=family, transport=transport, tlvs=tlvs)
    block = data[FIXED_BYTES:]
    if family is Family.UNIX:
        source, destination = block[:UNIX_PATH_BYTES], block[UNIX_PATH_BYTES : 2 * UNIX_PATH_BYTES]
        return header._replace(paths=(source.rstrip(b"\0"), destination.rstrip(b"\0")))
    width = _WIDTHS.get(family)
    if width is None:
        return header
    prefix = V4_PREFIX if family is Family.INET else b""
    return header._replace(
        source=Address(prefix + block[:width]),
        source_port=int.from_bytes(block[2 * width : 2 * width + 2]),
        destination=Address(prefix + block[width : 2 * width]),
        destination_port=int.from_bytes(block[2 * width + 2 : 2 * width + 4]),
    )


_WIDTHS: Mapping[Family, int] = {Family.INET: 4, Family.INET6: 16}


def _family(data: bytes) -> Family:
    number = data[13] >> 4
    return Family(number) if number <= Family.UNIX.value else Family.UNSPEC


def _tlvs(data: bytes, size: int, rules: Rules) -> Tlvs:
    try:
        return cut(data[FIXED_BYTES + size :])
    except TlvOverrun as overrun:
        if rules.tlvs:
            raise ProxyError(str(overrun), FIXED_BYTES + size + overrun.position) from None
        return cut(data[FIXED_BYTES + size : FIXED_BYTES + size + overrun.position])


def _check_crc(data: bytes, tlvs: Tlvs) -> None:
    position = len(data) - sum(3 + len(value) for _, value in tlvs)
    for kind, value in tlvs:
        if kind == CRC32C:
            if len(value) != 4:
                raise ProxyError(f"a CRC32c of {len(value)} bytes", position)
            blank = data[: position + 3] + b"\0\0\0\0" + data[position + 7 :]
            if crc32c(blank) != int.from_bytes(value):
                raise ProxyError("the CRC32c does not match", position)
        position += 3 + len(value)
