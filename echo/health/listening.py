"""
Where a process listens, as the kernel tells it: for a server that was told `--port 0` or was given its socket (--fd).

A descriptor's link is `socket:[inode]`; the tables of sockets in /proc/PID/net say what each inode is (proc(5)). The
former may be read by the process's own user and root alone.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

_LISTENS_TCP = "0A"  # TCP_LISTEN
_LISTENS_UNIX = 0x10000  # __SO_ACCEPTCON


def listening(process: Path) -> list[tuple[str, int] | str]:
    """Return the (host, port) or the paths of UNIX sockets that a process (its folder in /proc) listens at."""
    inodes = set(_inodes(process))
    found = [
        _address(row[1])
        for name in ("tcp", "tcp6")
        for row in _rows(process / "net" / name)
        if len(row) > 9 and row[3] == _LISTENS_TCP and row[9] in inodes
    ]
    paths = [
        "\0" + row[7][1:] if row[7].startswith("@") else row[7]
        for row in _rows(process / "net" / "unix")
        if len(row) > 7 and int(row[3], 16) & _LISTENS_UNIX and row[6] in inodes
    ]
    return list(dict.fromkeys([*found, *paths]))


def _inodes(process: Path) -> Iterator[str]:
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]
    except OSError:
        return  # it is another's, or has ended


def _rows(table: Path) -> list[list[str]]:
    try:
        return [line.split() for line in table.read_text("utf-8", "surrogateescape").splitlines()[1:]]
    except OSError:
        return []


def _address(text: str) -> tuple[str, int]:
    """Return an address of /proc/net/tcp or tcp6: words of 32 bits in the machine's order, the port in hex."""
    host, _, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(host[at : at + 8], 16)) for at in range(0, len(host), 8))
    name = socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
    return name, int(port, 16)
