"""MaxMind DB files of a few networks, of any record size and version, made by the format's specification 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any

Network = IPv4Network | IPv6Network
MARK = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = 16  # bytes between tree and data
UINT16, UINT32, UINT64 = 5, 6, 9
EPOCH = 1_767_225_600  # 2026-01-01


def encoded(value: Any) -> bytes:
    """A value of the data section: a map, a list, a text, or a kind of number and the number."""
    if isinstance(value, dict):
        return _head(7, len(value)) + b"".join(encoded(key) + encoded(one) for key, one in value.items())
    if isinstance(value, str):
        return _head(2, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(encoded, value))
    kind, number = value
    data = number.to_bytes((number.bit_length() + 7) // 8)
    return _head(kind, len(data)) + data


def _head(kind: int, size: int) -> bytes:
    if kind > 7:  # an extended one
        return bytes([size, kind - 7])
    if size < 29:
        return bytes([kind << 5 | size])
    assert size < 29 + 256
    return bytes([kind << 5 | 29, size - 29])


def mmdb(networks: Mapping[Network, dict[str, Any]], record_bits: int = 24, version: int = 6) -> bytes:
    """A database that knows these networks; of two that hold an address the narrower one counts."""
    nodes: list[list[int | bytes | None]] = [[None, None]]  # a record is a node, data, or nothing
    for network in sorted(networks, key=lambda one: one.prefixlen):
        number, length = int(network.network_address), network.prefixlen
        width = network.max_prefixlen
        if version == 6 and network.version == 4:
            length, width = length + 96, 128
        node = 0
        for place in range(width - 1, width - 1 - length, -1):
            bit = number >> place & 1
            if place == width - length:
                nodes[node][bit] = encoded(networks[network])
                break
            below = nodes[node][bit]
            if not isinstance(below, int):
                nodes.append([below, below])  # what a wider network said of both halves
                below = nodes[node][bit] = len(nodes) - 1
            node = below
    data, at = b"", {}
    for record in (one for node in nodes for one in node if isinstance(one, bytes)):
        if record not in at:
            at[record] = len(data)
            data += record
    tree = b""
    for node in nodes:
        left, right = (
            len(nodes) if one is None else one if isinstance(one, int) else len(nodes) + SEPARATOR + at[one]
            for one in node
        )
        tree += _node(left, right, record_bits)
    metadata = {
        "binary_format_major_version": (UINT16, 2),
        "binary_format_minor_version": (UINT16, 0),
        "build_epoch": (UINT64, EPOCH),
        "database_type": "Test-City",
        "description": {"en": "a test"},
        "languages": ["en"],
        "ip_version": (UINT16, version),
        "node_count": (UINT32, len(nodes)),
        "record_size": (UINT16, record_bits),
    }
    return tree + bytes(SEPARATOR) + data + MARK + encoded(metadata)


def _node(left: int, right: int, bits: int) -> bytes:
    if bits == 28:
        shared = left >> 24 << 4 | right >> 24
        return (left & 0xFFFFFF).to_bytes(3) + bytes([shared]) + (right & 0xFFFFFF).to_bytes(3)
    return left.to_bytes(bits // 8) + right.to_bytes(bits // 8)
